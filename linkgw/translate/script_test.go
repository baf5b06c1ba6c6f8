package translate_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"robustirc/linkgw/translate"
	"robustirc/s2s"
)

// script is a run of testdata/scripts: prose, what the peer says and what comes of it.
//
//	# prose
//	= dialect solanum                   the first directive; then leave-out-hidden, leave-out-services, no-operators,
//	                                    leave-out-user MASK, leave-out-channel MASK, limits KEY=VALUE…
//	= synced 00B                        a server has told all it knows; of the peer (00A) it begins the import
//	= hear :robust.net REPAIRED …       the new network says something on the link
//	= end                               the link is cut, and the peer is there again
//	= flush, = rules, = divergences     shows what these have
//	< :00A …                            the peer says something
//	  command :00AAAAAAA JOIN #a        what is posted, made anew by -update
type script struct {
	*pipeline
	codec s2s.Codec
	out   strings.Builder
	cfg   translate.Config
	d     *double
}

// TestScripts runs testdata/scripts.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/scripts/*.txt")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d scripts, %v", len(files), err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) { runScript(t, f) })
	}
}

func runScript(t *testing.T, path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := &script{cfg: testConfig(), d: newDouble()}
	for n, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		if strings.HasPrefix(line, "  ") {
			continue
		}
		s.out.WriteString(line + "\n")
		switch {
		case strings.HasPrefix(line, "= "):
			s.directive(t, strings.Fields(line)[1:], strings.TrimPrefix(line, "= "))
		case strings.HasPrefix(line, "< "):
			s.say(n+1, strings.TrimPrefix(line, "< "))
		}
	}
	s.checkScript()
	if *update {
		if err := os.WriteFile(path, []byte(s.out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if s.out.String() != string(data) {
		t.Errorf("%s differs:\n%s", path, s.out.String())
	}
}

// checkScript holds that the network has what we think it has, and that nothing is left to do.
func (s *script) checkScript() {
	s.posted = nil
	s.post(s.tr.Flush())
	if drift := s.load(); len(drift) > 0 {
		s.t.Errorf("the network has (+), we thought (-):\n%s", strings.Join(drift, "\n"))
	}
	for _, op := range s.tr.Reconcile().Next(20) {
		s.t.Errorf("left to do: %s", op.Line)
	}
	c := s.tr.Coverage()
	if err := c.Check(); err != nil {
		s.t.Error(err)
	}
	for _, wrong := range s.d.wrong {
		s.t.Error(wrong)
	}
}

func (s *script) directive(t *testing.T, words []string, text string) {
	switch words[0] {
	case "leave-out-hidden":
		s.cfg.LeaveOutHidden = true
	case "leave-out-services":
		s.cfg.LeaveOutServices = true
	case "leave-out-user":
		s.cfg.LeaveOutUsers = append(s.cfg.LeaveOutUsers, words[1])
	case "leave-out-channel":
		s.cfg.LeaveOutChannels = append(s.cfg.LeaveOutChannels, words[1])
	case "no-operators":
		s.cfg.OperClass = ""
	case "limits":
		s.d.limits = defaultGateway + " " + strings.Join(words[1:], " ")
	case "dialect":
		s.begin(t, words[1])
	case "synced":
		s.apply("EOB", s2s.Event{Source: s2s.Ref(words[1]), Body: s2s.EndOfBurst{}})
	case "hear":
		_, ops, err := s.tr.Hear(strings.TrimPrefix(text, "hear "))
		if err != nil {
			t.Fatal(err)
		}
		s.post(ops)
	case "end":
		s.post(s.tr.Changed("end", s.net.End(s.now, "cut")))
		s.peer()
	case "flush":
		s.post(s.tr.Flush())
	case "lag":
		lag, _ := strconv.ParseInt(words[1], 10, 64)
		s.tr.SetLag(lag)
	case "rules":
		for _, r := range s.tr.Rules() {
			if r.Count > 0 {
				s.out.WriteString("  " + r.Rule + " " + strconv.FormatInt(r.Count, 10) + "\n")
			}
		}
	case "divergences":
		for _, d := range s.tr.Divergences() {
			s.out.WriteString("  " + d.Command + " " + d.Code + " " + strconv.FormatInt(d.Count, 10) + ": " + strings.Join(d.Examples, "; ") + "\n")
		}
	default:
		t.Fatalf("no such directive: %s", text)
	}
}

func (s *script) begin(t *testing.T, dialect string) {
	s.codec = codecFor(dialect)
	s.pipeline = newPipeline(t, newNetwork(t, dialect), s.cfg, s.d)
	s.now = 1800000000
	s.posted = func(op translate.Op) {
		s.out.WriteString("  " + op.Kind.String() + " " + op.Line)
		if op.Rule != translate.NoRule {
			s.out.WriteString("   (" + op.Rule.String() + ")")
		}
		s.out.WriteString("\n")
	}
	s.peer()
}

func (s *script) peer() {
	s.net.SetPeer(s2s.ServerIntroduced{Server: "hub.example.net", SID: "00A", Hops: 1, Description: "Hub"})
}

// say lets the peer say a line, a second after the last.
func (s *script) say(number int, line string) {
	s.now++
	e, err := s.codec.Decode(line)
	if err != nil {
		s.t.Fatalf("line %d: %v", number, err)
	}
	before, count := s.tr.Coverage(), s.count
	s.apply(wireCommand(line), e)
	if s.count == count {
		s.out.WriteString("  " + outcome(before, s.tr.Coverage()) + "\n")
	}
}

// outcome says what became of an event of which nothing was posted.
func outcome(before, after translate.Coverage) string {
	counts := map[string]int64{}
	add := func(c translate.Coverage, sign int64) {
		for _, r := range c.Rows {
			counts["covered"] += sign * (r.EffectOnly + r.Translated)
			for why, n := range r.Skipped {
				counts["skipped: "+string(why)] += sign * n
			}
		}
	}
	add(after, 1)
	add(before, -1)
	for what, n := range counts {
		if n > 0 {
			return what
		}
	}
	return "?"
}
