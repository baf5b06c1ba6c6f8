package ts6

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"robustirc/s2s"
)

// recording is one transcript.
type recording struct {
	name    string // dialect/file
	dialect Dialect
	text    string
	lines   []s2s.Recorded
}

// recordings returns all transcripts in testdata, or those of which the name begins so.
func recordings(t testing.TB, prefix string) []recording {
	t.Helper()
	files, err := filepath.Glob("testdata/transcripts/*/*.txt")
	if err != nil || len(files) < 80 {
		t.Fatalf("%d transcripts: %v", len(files), err)
	}
	var all []recording
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		dir, base := filepath.Split(f)
		r := recording{dialect: Dialect(filepath.Base(dir)), text: string(data)}
		r.name = string(r.dialect) + "/" + strings.TrimSuffix(base, ".txt")
		r.lines = s2s.ParseTranscript(r.text)
		if strings.HasPrefix(r.name, prefix) {
			all = append(all, r)
		}
	}
	return all
}

// codec returns a codec as the link of the recording negotiated it.
func (r recording) codec() *Codec { return CodecOf(r.lines) }

// oddities are the lines that servers never say: our script said them to see what happens.
var oddities = map[string]string{
	"NICK foo":                  "a client's line, to see what a server's port does",
	"USER foo 0 * :foo":         "a client's line, to see what a server's port does",
	":00G FROBNICATE a b":       "an unknown command, to see whether the link survives",
	":1GW FROBNICATE a b":       "an unknown command, to see whether the link survives",
	":00GAAAAAA FROBNICATE a b": "an unknown command, to see whether the link survives",
	":1GWAAAAAA FROBNICATE a b": "an unknown command, to see whether the link survives",
	":00G ENCAP * FROBNICATE a": "an unknown command, to see whether the link survives",
	":1GW ENCAP * FROBNICATE a": "an unknown command, to see whether the link survives",
	":00G TMODE 1":              "too few parameters, to see whether the link survives",
	":1GW TMODE 1":              "too few parameters, to see whether the link survives",
	":PING":                     "a prefix without a command",
	":00G TOPIC #t :x":          "a server's topic with a user's parameters, which drops the link",
	":00G EUID gwx 1 1795486079 +i gwuser gw.example.net 0 00GAAAAAA *":             "too few parameters",
	":1GW UID gwx 1 1795486557 +i gwuser gw.example.net gw.example.net 0 1GWAAAAAA": "hybrid's UID cut short, which has as many as solanum's and is read as it",
}

func TestTranscriptsDecode(t *testing.T) {
	lines := 0
	for _, rec := range recordings(t, "") {
		c := rec.codec()
		for _, l := range rec.lines {
			lines++
			e, err := c.Decode(l.Line)
			if _, odd := oddities[l.Line]; odd && !l.Received {
				continue
			}
			if err != nil {
				t.Errorf("%s:%d: %v: %s", rec.name, l.Number, err, l.Line)
			} else if _, unknown := e.Body.(s2s.Unknown); unknown {
				t.Errorf("%s:%d: unknown: %s", rec.name, l.Number, l.Line)
			}
		}
	}
	if lines < 3000 {
		t.Errorf("%d lines", lines)
	}
}

// quirk is a way in which a line that was said differs from the canonical one.
type quirk struct {
	reason string
	holds  func(rec recording, l s2s.Recorded, canonical string) bool
}

var quirks = []quirk{
	{"passwords are not kept", func(_ recording, l s2s.Recorded, c string) bool {
		return strings.Contains(l.Line, "PASS ") && strings.Contains(c, "PASS *")
	}},
	{"our script leaves out colons that servers write", func(_ recording, l s2s.Recorded, c string) bool {
		return !l.Received && withoutColon(l.Line) == withoutColon(c)
	}},
	{"a line of more than 510 bytes is cut by whoever reads it", func(_ recording, l s2s.Recorded, c string) bool {
		return !l.Received && len(l.Line) > MaxLine && strings.HasPrefix(l.Line, c) && len(c) == MaxLine
	}},
	{"what the hub says itself has no colon in ENCAP, before another server re-sends it (m_encap.c:ms_encap)", func(_ recording, l s2s.Recorded, c string) bool {
		return l.Received && strings.Contains(l.Line, "ENCAP ") && l.Line == withoutColon(c)
	}},
	{"a PING or PONG that is passed on has no colon (m_pong.c:ms_pong)", func(_ recording, l s2s.Recorded, c string) bool {
		return (strings.Contains(l.Line, " PONG ") || strings.Contains(l.Line, " PING ")) && l.Line == withoutColon(c)
	}},
	{"RPL_MYINFO and RPL_TRACELINK end without free text", func(_ recording, l s2s.Recorded, c string) bool {
		return (strings.Contains(l.Line, " 004 ") || strings.Contains(l.Line, " 200 ")) && l.Line == withoutColon(c)
	}},
	{"hybrid's LOCOPS has a colon only where it is passed on (hyb:conf_cluster.c:cluster_distribute)", func(_ recording, l s2s.Recorded, c string) bool {
		return strings.HasPrefix(strings.Replace(l.Line, "LOCOPS * ", "LOCOPS * :", 1), c[:len(c)-1]) && strings.Contains(l.Line, "LOCOPS")
	}},
	{"atheme says KLINE as ENCAP whatever the link can", func(_ recording, l s2s.Recorded, c string) bool {
		return strings.Replace(l.Line, "ENCAP * KLINE ", "KLINE * ", 1) == c
	}},
	{"hybrid took us for a client, to which it says MODE", func(rec recording, l s2s.Recorded, c string) bool {
		return rec.name == "hybrid/13v-error-client-commands" && strings.Contains(c, "SVSMODE foo")
	}},
}

// withoutColon takes the colon off the last parameter.
func withoutColon(line string) string {
	if i := strings.LastIndex(line, " :"); i >= 0 {
		return line[:i+1] + line[i+2:]
	}
	return line
}

// TestTranscriptsRoundTrip holds that every recorded line is written as it was said, but for the quirks.
func TestTranscriptsRoundTrip(t *testing.T) {
	used := map[string]int{}
	exact := 0
	for _, rec := range recordings(t, "") {
		c := rec.codec()
		for _, l := range rec.lines {
			if _, odd := oddities[l.Line]; odd && !l.Received {
				continue
			}
			e, err := c.Decode(l.Line)
			if err != nil {
				t.Fatal(err) // another test's
			}
			if sasl, ok := e.Body.(s2s.SASL); ok && sasl.Step == "C" {
				continue // TestSecrets holds that it cannot be written
			}
			lines, err := c.Encode(e)
			if err != nil || len(lines) != 1 {
				t.Errorf("%s:%d: %d lines, %v: %s", rec.name, l.Number, len(lines), err, l.Line)
				continue
			}
			if lines[0] == l.Line {
				exact++
			} else if reason := reasonFor(rec, l, lines[0]); reason != "" {
				used[reason]++
			} else {
				t.Errorf("%s:%d: said    %s\ncanonical %s", rec.name, l.Number, l.Line, lines[0])
			}
		}
	}
	for _, q := range quirks {
		if used[q.reason] == 0 {
			t.Errorf("no line shows that %s", q.reason)
		}
		t.Logf("%3d lines: %s", used[q.reason], q.reason)
	}
	t.Logf("%d lines are exactly canonical", exact)
}

func reasonFor(rec recording, l s2s.Recorded, canonical string) string {
	for _, q := range quirks {
		if q.holds(rec, l, canonical) {
			return q.reason
		}
	}
	return ""
}
