package translate_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"robustirc/core/irc"
	"robustirc/linkgw/network"
	"robustirc/linkgw/translate"
	"robustirc/s2s"
	"robustirc/s2s/ts6"
	"robustirc/s2s/unreal"
)

var update = flag.Bool("update", false, "rewrite testdata/golden")

// recording is one recorded link.
type recording struct {
	name, dialect string
	lines         []s2s.Recorded
	codec         s2s.Codec
	start         int64
}

func recordings(t testing.TB) (all []recording) {
	t.Helper()
	for _, source := range [][2]string{{"../../s2s/ts6/testdata/transcripts/*/*.txt", ""}, {"../../s2s/unreal/testdata/transcripts/*.txt", "unreal6"}} {
		pattern, dialect := source[0], source[1]
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d transcripts, %v", pattern, len(files), err)
		}
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			r := recording{dialect: dialect, lines: s2s.ParseTranscript(string(data)), start: startOf(string(data))}
			if dialect == "" {
				r.dialect, r.codec = filepath.Base(filepath.Dir(f)), ts6.CodecOf(r.lines)
			} else {
				r.codec = unreal.CodecOf(r.lines)
			}
			r.name = r.dialect + "/" + strings.TrimSuffix(filepath.Base(f), ".txt")
			all = append(all, r)
		}
	}
	return all
}

// startOf reads when the recording began, from its "# start" line.
func startOf(text string) int64 {
	if _, rest, ok := strings.Cut(text, "# start "); ok && len(rest) > 20 {
		if at, err := time.Parse(time.RFC3339, rest[:20]); err == nil {
			return at.Unix()
		}
	}
	return 1795486000
}

// network returns an empty model for the recording.
func (r *recording) network(t testing.TB) *network.Network {
	t.Helper()
	rules, err := network.RulesOf(r.dialect)
	if err != nil {
		t.Fatal(err)
	}
	us := network.Us{Server: "gateway.example.net", SID: "00G", Services: []string{"services.example.net"}}
	if r.dialect == "hybrid" {
		us.SID = "1GW"
	}
	for _, l := range r.lines {
		if f := strings.Fields(l.Line); !l.Received && len(f) > 1 && f[0] == "SERVER" {
			us.Server = f[1]
			break
		}
	}
	if c, ok := r.codec.(*ts6.Codec); ok {
		rules.Saves, rules.Resyncs = rules.Saves && c.Has("SAVE"), rules.Resyncs && c.Has("RESYNC")
	}
	n, err := network.New(rules, us)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestRecordings holds what comes of each recorded link of real servers against testdata/golden, and that nothing is left
// to do on the way. A peer that never says that it has told all is imported at the end.
func TestRecordings(t *testing.T) {
	for _, r := range recordings(t) {
		var b strings.Builder
		d := newDouble()
		p := newPipeline(t, r.network(t), testConfig(), d)
		p.posted = func(op translate.Op) {
			fmt.Fprintf(&b, "  %-7s %s\n", op.Kind, op.Line)
		}
		for _, l := range r.lines {
			e, err := r.codec.Decode(l.Line)
			if err != nil {
				continue
			}
			p.now = r.start + l.Millis/1000
			if !l.Received {
				p.post(p.tr.Changed("say", p.net.Say(p.now, e)))
				continue
			}
			fmt.Fprintf(&b, "%d %s\n", l.Number, wireCommand(l.Line))
			p.apply(wireCommand(l.Line), e)
		}
		if p.net.Peer() != nil {
			fmt.Fprintf(&b, "at the end\n")
			p.checkSettledBut(r.name)
		}
		c := p.tr.Coverage()
		if err := c.Check(); err != nil {
			t.Errorf("%s: %v", r.name, err)
		}
		for _, row := range c.Rows {
			fmt.Fprintf(&b, "coverage %s seen=%d translated=%d effect_only=%d skipped=%v\n", row.Command, row.Seen, row.Translated, row.EffectOnly, row.Skipped)
		}
		for _, rule := range p.tr.Rules() {
			if rule.Count > 0 {
				fmt.Fprintf(&b, "rule %s %d\n", rule.Rule, rule.Count)
			}
		}
		if len(d.wrong) > 0 {
			t.Errorf("%s: lines made no sense:\n%s", r.name, strings.Join(d.wrong, "\n"))
		}
		compareGolden(t, r.name+".txt", withoutEmpty(b.String()))
	}
}

// checkSettledBut imports what is left, and then holds that nothing is.
func (p *pipeline) checkSettledBut(name string) {
	p.post(p.tr.Flush())
	p.post(p.tr.Changed("expire", p.net.Expire(p.now)))
	if !p.tr.Live() {
		p.reconcile()
	}
	if drift := p.load(); len(drift) > 0 {
		p.t.Errorf("%s: the network has (+), we thought (-):\n%s", name, strings.Join(drift, "\n"))
	}
	for _, op := range p.tr.Reconcile().Next(20) {
		p.t.Errorf("%s: left to do: %s", name, op.Line)
	}
}

func wireCommand(line string) string {
	var m irc.Message
	if err := m.Parse(line); err != nil {
		return "?"
	}
	if m.Command == "ENCAP" && m.NumParams() > 1 {
		return "ENCAP_" + m.Param(1)
	}
	return irc.UpperCommand(m.Command)
}

// withoutEmpty leaves out the events of which nothing came.
func withoutEmpty(s string) string {
	var b strings.Builder
	lines := strings.SplitAfter(s, "\n")
	for i, line := range lines {
		isEvent := line != "" && line[0] >= '0' && line[0] <= '9'
		if isEvent && (i+1 >= len(lines) || !strings.HasPrefix(lines[i+1], "  ")) {
			continue
		}
		b.WriteString(line)
	}
	return b.String()
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata/golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s differs\n%s", path, got)
	}
}
