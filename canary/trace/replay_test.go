package trace_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"robustirc/canary/trace"
	"robustirc/linkgw/network"
	"robustirc/linkgw/translate"
	"robustirc/s2s"
	"robustirc/s2s/ts6"
	"robustirc/s2s/unreal"
)

// transcript is a recorded link with real servers.
type transcript struct {
	name, dialect, protocol string
	lines                   []s2s.Recorded
}

func transcripts(t *testing.T) []transcript {
	t.Helper()
	var all []transcript
	for _, pattern := range []string{"../../s2s/ts6/testdata/transcripts/*/*.txt", "../../s2s/unreal/testdata/transcripts/*.txt"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d transcripts, %v", pattern, len(files), err)
		}
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			r := transcript{name: f, dialect: filepath.Base(filepath.Dir(f)), protocol: "ts6", lines: s2s.ParseTranscript(string(data))}
			if strings.Contains(f, "/unreal/") {
				r.dialect, r.protocol = "unreal6", "unreal"
			}
			all = append(all, r)
		}
	}
	return all
}

func (r transcript) codec() s2s.Codec {
	if r.protocol == "unreal" {
		return unreal.CodecOf(r.lines)
	}
	return ts6.CodecOf(r.lines)
}

// model is what the lines make of an empty network, without what redaction changes: texts and hosts as there or not.
func (r transcript) model(t *testing.T, redact func(string) string) string {
	t.Helper()
	rules, err := network.RulesOf(r.dialect)
	if err != nil {
		t.Fatal(err)
	}
	us := network.Us{Server: "gateway.example.net", SID: "00G", Services: []string{"services.example.net"}}
	if r.dialect == "hybrid" {
		us.SID = "1GW"
	}
	n, err := network.New(rules, us)
	if err != nil {
		t.Fatal(err)
	}
	tr, err := translate.New(translate.Config{Mode: translate.Observer, Services: us.Services, OperClass: "admin", Bans: true}, n)
	if err != nil {
		t.Fatal(err)
	}
	codec := r.codec()
	var b strings.Builder
	for _, l := range r.lines {
		redacted := redact(l.Line)
		if _, err := codec.Decode(l.Line); err != nil {
			continue
		}
		e, err := codec.Decode(redacted)
		if err != nil {
			fmt.Fprintf(&b, "line %d cannot be read\n", l.Number)
			continue
		}
		now := 1795486000 + l.Millis/1000
		fmt.Fprintf(&b, "line %d %s\n", l.Number, e.Body.Name())
		if l.Received {
			b.WriteString(shapes(tr.Translate(e.Body.Name(), e, n.Apply(now, e))))
		} else {
			b.WriteString(shapes(tr.Changed(e.Body.Name(), n.Say(now, e))))
		}
		if peer := n.Peer(); peer != nil && peer.Synced && !tr.Live() {
			b.WriteString(shapes(imported(tr)))
		}
		if l.Number%20 == 0 {
			b.WriteString(outline(n))
		}
	}
	return b.String() + outline(n)
}

// imported is all that an import posts.
func imported(tr *translate.Translator) (all []translate.Op) {
	i := tr.Reconcile()
	for ops := i.Next(100); len(ops) > 0; ops = i.Next(100) {
		all = append(all, ops...)
	}
	return all
}

// shapes are what operations do, without what redaction changes; their order may hang on masks.
func shapes(ops []translate.Op) string {
	var lines []string
	for _, op := range ops {
		if op.Rule.String() == "line_cut" { // a token is shorter than a long text
			op.Rule = translate.NoRule
		}
		lines = append(lines, fmt.Sprintf(" -> %s %s %s, %d texts\n", op.Verb, op.UID, op.Rule, min(1, strings.Count(op.Line, " :"))))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// quoted is a text in a dump.
var quoted = regexp.MustCompile(`="(?:[^"\\]|\\.)+"`)

func outline(n *network.Network) string {
	var lines []string
	for line := range strings.Lines(quoted.ReplaceAllString(n.Dump(), "=text")) {
		var b strings.Builder
		for i, field := range strings.Fields(line) {
			key, value, ok := strings.Cut(field, "=")
			switch {
			case !ok && i > 1 && strings.HasPrefix(line, "channel"):
				b.WriteString(" _") // a mode's parameter, which may be the key
			case !ok:
				b.WriteString(" " + word(field))
			case has(key, "host real cloak vhost ip realname away topic whois reason by topic_by description certificate mask"):
				fmt.Fprintf(&b, " %s=%t", key, strings.Trim(value, `"`) != "")
			default:
				b.WriteString(" " + field)
			}
		}
		lines = append(lines, b.String())
	}
	slices.Sort(lines) // masks are the order of some
	return strings.Join(lines, "\n")
}

// word hides what redaction changes: words of texts, and masks.
func word(s string) string {
	if strings.ContainsAny(s, "!@.:*\"") {
		return "…"
	}
	return s
}

func has(key, list string) bool { return strings.Contains(" "+list+" ", " "+key+" ") }

// TestRedactedLinksReplay puts the redacted lines of every recorded link through codec, model and translation: the
// same events come of them, the same users, servers, channels, members and modes, and the same operations.
func TestRedactedLinksReplay(t *testing.T) {
	lines, ops := 0, 0
	for _, r := range transcripts(t) {
		red, err := trace.NewRedactor(trace.RedactorOptions{Protocol: r.protocol})
		if err != nil {
			t.Fatal(err)
		}
		plain := r.model(t, func(s string) string { return s })
		redacted := r.model(t, red.Link)
		lines += len(r.lines)
		ops += strings.Count(plain, " -> ")
		if plain == redacted {
			continue
		}
		a, b := strings.Split(plain, "\n"), strings.Split(redacted, "\n")
		for i := range a {
			if i >= len(b) || a[i] != b[i] {
				t.Errorf("%s:\n plain    %s\n redacted %s", r.name, a[i], b[min(i, len(b)-1)])
				break
			}
		}
	}
	if lines < 7_000 || ops < 2_000 {
		t.Errorf("%d lines were replayed, %d operations came of them", lines, ops)
	}
}
