package ts6

import (
	"errors"
	"strings"
	"testing"
	"time"

	"robustirc/core/irc"
	"robustirc/s2s"
)

// hello is what a recording's script said of itself.
type hello struct {
	id   s2s.Identity
	caps []string
	now  time.Time
}

// identity reads from the lines that were sent who we were, and from those received the password to expect.
func (rec recording) identity(t testing.TB) hello {
	t.Helper()
	h := hello{id: s2s.Identity{AcceptPassword: "gwpass-out", MaxClockDelta: 5 * time.Minute}}
	var m irc.Message
	for _, l := range rec.lines {
		if m.Parse(l.Line) != nil {
			continue
		}
		p := m.Params()
		switch {
		case l.Received && m.Command == "SVINFO" && h.now.IsZero():
			at, _ := parseTS(p[3])
			h.now = time.Unix(at, 0)
		case l.Received:
		case m.Command == "PASS":
			h.id.SendPassword = p[0]
			if len(p) == 4 {
				h.id.SID = s2s.SID(p[3])
			}
		case m.Command == "CAPAB":
			h.caps = capabilities(p)
		case m.Command == "SERVER" && h.id.Server == "":
			h.id.Server, h.id.Description = p[0], m.Last()
			if len(p) > 3 {
				h.id.SID = s2s.SID(p[2])
			}
		}
	}
	return h
}

// outcome is what a replayed link came to.
type outcome struct {
	start, replies []string
	link           *Link
	burstEnded     string // the line that ended it
	err            *s2s.LinkError
	parseErrors    int
}

// replay feeds the lines that the network said to a link with these options.
func replay(t testing.TB, rec recording, h hello, o Options) outcome {
	t.Helper()
	out := outcome{link: NewLink(h.id, o)}
	out.start = out.link.Start(h.now)
	for _, l := range rec.lines {
		if !l.Received {
			continue
		}
		step, err := out.link.Line(h.now, l.Line)
		out.replies = append(out.replies, step.Replies...)
		if step.Parse != nil {
			out.parseErrors++
		}
		if step.BurstEnded {
			if out.burstEnded != "" {
				t.Errorf("%s:%d: the burst ends twice", rec.name, l.Number)
			}
			out.burstEnded = l.Line
		}
		if err != nil {
			if !errors.As(err, &out.err) {
				t.Fatalf("%s:%d: %v is no LinkError", rec.name, l.Number, err)
			}
			break
		}
	}
	return out
}

// endings are the recordings that end in an error, and which.
var endings = map[string]s2s.Cause{
	"solanum/07-oper-bans-squit":                s2s.CauseSplit,
	"solanum/09-gateway-originated":             s2s.CauseSplit,
	"solanum/13a-error-wrong-password":          s2s.CausePassword,
	"solanum/13b-error-unknown-server":          s2s.CauseUnknown,
	"solanum/13c-error-duplicate-sid":           s2s.CauseSIDInUse,
	"solanum/13d-error-duplicate-hub-sid":       s2s.CauseSIDInUse,
	"solanum/13e-error-duplicate-name":          s2s.CauseNameInUse,
	"solanum/13f-error-ts-delta":                s2s.CauseClock,
	"solanum/13h-error-missing-caps":            s2s.CauseCapability,
	"solanum/13i-error-no-ts6-pass":             s2s.CauseProtocol,
	"solanum/13j-error-bad-sid":                 s2s.CauseProtocol,
	"solanum/13l-error-lf-capab-twice":          s2s.CauseProtocol,
	"solanum/13m-error-insufficient-params":     s2s.CauseProtocol,
	"solanum/13o-error-bad-uid":                 s2s.CauseProtocol,
	"solanum/13p-error-euid-params":             s2s.CauseProtocol,
	"solanum/13q-error-bad-nick":                s2s.CauseProtocol,
	"solanum/13s-error-sid-dup":                 s2s.CauseSIDInUse,
	"solanum/13t-error-sid-name-dup":            s2s.CauseNameInUse,
	"solanum/13v-error-client-commands":         s2s.CauseProtocol,
	"solanum/13y-error-server-topic-two-params": s2s.CauseProtocol,
	"solanum/13z-error-ping-timeout":            s2s.CauseSplit,
	"hybrid/07-oper-bans-squit":                 s2s.CauseSplit,
	"hybrid/09-gateway-originated":              s2s.CauseSplit,
	"hybrid/13a-error-wrong-password":           s2s.CausePassword,
	"hybrid/13b-error-unknown-server":           s2s.CauseUnknown,
	"hybrid/13c-error-duplicate-sid":            s2s.CauseSIDInUse,
	"hybrid/13d-error-duplicate-hub-sid":        s2s.CauseSIDInUse,
	"hybrid/13e-error-duplicate-name":           s2s.CauseNameInUse,
	"hybrid/13f-error-ts-delta":                 s2s.CauseClock,
	"hybrid/13s-error-sid-dup":                  s2s.CauseSIDInUse,
	"hybrid/13t-error-sid-name-dup":             s2s.CauseNameInUse,
	"hybrid/13v-error-client-commands":          s2s.CauseProtocol,
	"hybrid/13z-error-ping-timeout":             s2s.CauseSplit,
}

// TestReplay feeds every recording to a link that is told the dialect, and to one that finds out.
func TestReplay(t *testing.T) {
	for _, rec := range recordings(t, "") {
		h := rec.identity(t)
		out := replay(t, rec, h, Options{Dialect: rec.dialect, Capabilities: h.caps})
		checkEnding(t, rec, out)
		checkStart(t, rec, out)
		checkPongs(t, rec, h, out)
		checkBurst(t, rec, out)
		if out.parseErrors > 0 {
			t.Errorf("%s: %d lines cannot be read", rec.name, out.parseErrors)
		}
		unknown := replay(t, rec, h, Options{Capabilities: h.caps})
		if got, want := unknown.link.Dialect(), string(rec.dialect); unknown.link.Established() && got != want {
			t.Errorf("%s: dialect %q found, want %q", rec.name, got, want)
		}
		if unknown.burstEnded != out.burstEnded || (unknown.err == nil) != (out.err == nil) {
			t.Errorf("%s: finding out the dialect changes the outcome: %v", rec.name, unknown.err)
		}
	}
}

func checkEnding(t *testing.T, rec recording, out outcome) {
	t.Helper()
	want, ends := endings[rec.name]
	switch {
	case !ends && out.err != nil:
		t.Errorf("%s: %v", rec.name, out.err)
	case ends && out.err == nil:
		t.Errorf("%s: no error, want %s", rec.name, want)
	case ends && out.err.Cause != want:
		t.Errorf("%s: %v, want %s", rec.name, out.err, want)
	case ends && (out.err.Advice == "" || out.err.Text == "" || strings.Contains(out.err.Advice, "$")):
		t.Errorf("%s: no help in %v", rec.name, out.err)
	}
}

// checkStart holds that we open a link as the recording's script did, which the real server accepted.
func checkStart(t *testing.T, rec recording, out outcome) {
	t.Helper()
	var sent []string
	for _, l := range rec.lines {
		if !l.Received && len(sent) < 3 {
			sent = append(sent, l.Line)
		}
	}
	odd := strings.Contains(rec.name, "13i") || strings.Contains(rec.name, "13l") || strings.Contains(rec.name, "13v")
	if strings.Join(out.start, "\n") != strings.Join(sent, "\n") && !odd { // those open wrongly on purpose
		t.Errorf("%s: opened with %q, want %q", rec.name, out.start, sent)
	}
}

// checkPongs holds that every PONG and SVINFO of the script is one of ours too, in the same order.
func checkPongs(t *testing.T, rec recording, h hello, out outcome) {
	t.Helper()
	var want []string
	for _, l := range rec.lines {
		if !l.Received && strings.Contains(l.Line, " PONG ") {
			want = append(want, strings.Replace(l.Line, "downstream.example.net", h.id.Server, 1)) // the name is not looked at
		}
	}
	var got []string
	for _, r := range out.replies {
		if strings.Contains(r, " PONG ") {
			got = append(got, r)
		}
	}
	if strings.Contains(rec.name, "13z") {
		got = got[:min(len(got), len(want))] // the script fell silent there
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") && out.err == nil {
		t.Errorf("%s: answered\n%s\nwant\n%s", rec.name, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// checkBurst holds that a link that was established knows where the burst ended: at EOB where both know it, else at the
// first PING without a source.
func checkBurst(t *testing.T, rec recording, out outcome) {
	t.Helper()
	want := ""
	for _, l := range rec.lines {
		_, l.Line, _ = cutTags(l.Line)
		if l.Received && (out.link.codec.Has("EOB") && strings.HasSuffix(l.Line, " EOB") || !out.link.codec.Has("EOB") && strings.HasPrefix(l.Line, "PING ")) {
			want = l.Line
			break
		}
	}
	_, got, _ := cutTags(out.burstEnded)
	if out.err != nil && out.burstEnded == "" {
		return
	}
	if got != want {
		t.Errorf("%s: the burst ended at %q, want %q", rec.name, got, want)
	}
}

func cutTags(line string) (tags, rest string, ok bool) {
	if strings.HasPrefix(line, "@") {
		return strings.Cut(line, " ")
	}
	return "", line, false
}
