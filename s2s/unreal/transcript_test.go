package unreal

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"robustirc/core/irc"
	"robustirc/s2s"
)

// recording is one transcript.
type recording struct {
	name  string
	text  string
	lines []s2s.Recorded
}

// recordings returns all transcripts in testdata, or those of which the name begins so.
func recordings(t testing.TB, prefix string) []recording {
	t.Helper()
	files, err := filepath.Glob("testdata/transcripts/*.txt")
	if err != nil || len(files) < 22 {
		t.Fatalf("%d transcripts: %v", len(files), err)
	}
	var all []recording
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		r := recording{name: strings.TrimSuffix(filepath.Base(f), ".txt"), text: string(data)}
		r.lines = s2s.ParseTranscript(r.text)
		if strings.HasPrefix(r.name, prefix) {
			all = append(all, r)
		}
	}
	return all
}

// codecs are those of the two directions of a recording, set up by the PROTOCTL lines as they come.
type codecs struct{ toUs, fromUs Codec }

// forLine returns the codec for a line, and learns from it.
func (c *codecs) forLine(l s2s.Recorded) *Codec {
	reading, sender := &c.fromUs, &c.toUs
	if l.Received {
		reading, sender = sender, reading
	}
	var m irc.Message
	if m.Parse(l.Line) != nil {
		return reading
	}
	if !l.Received && m.Command == "PASS" {
		*c = codecs{}
		return reading
	}
	if m.Command == "PROTOCTL" {
		link := NewLink(s2s.Identity{SID: "ZZZ"}, Options{})
		link.codec.features = sender.features
		for _, token := range m.Params() {
			if key, value, _ := strings.Cut(token, "="); key != "TS" {
				link.token(&s2s.Step{}, key, value)
			}
		}
		sender.features = link.codec.features
	}
	return reading
}

// oddities are the lines of ours that were wrong on purpose, to see what the hub does; each has the error it must be, or
// "" for an unknown command.
var oddities = map[string]s2s.Reason{
	"NICK foo":                       s2s.ReasonSource, // a client's line
	"USER a 0 * :b":                  "",               // a client's line
	"SERVER gateway.example.net":     s2s.ReasonParams,
	":00G UID okn8 1 ":               s2s.ReasonParams,
	":00G UID okn4 1 ":               s2s.ReasonMalformed, // no address
	":00G SJOIN 1795486548 #equal":   s2s.ReasonParams,
	":00G SJOIN 1795486557 badchan ": s2s.ReasonMalformed, // no channel
}

func oddity(line string) (s2s.Reason, bool) {
	for prefix, reason := range oddities {
		if line == prefix || strings.HasSuffix(prefix, " ") && strings.HasPrefix(line, prefix) {
			return reason, true
		}
	}
	return "", false
}

func TestTranscriptsDecode(t *testing.T) {
	lines, c := 0, NewCodec(Features{})
	for _, rec := range recordings(t, "") {
		for _, l := range rec.lines {
			lines++
			e, err := c.Decode(l.Line)
			_, unknown := e.Body.(s2s.Unknown)
			if want, odd := oddity(l.Line); odd && !l.Received {
				checkOddity(t, l.Line, want, unknown, err)
			} else if err != nil {
				t.Errorf("%s:%d: %v: %s", rec.name, l.Number, err, l.Line)
			} else if unknown {
				t.Errorf("%s:%d: unknown: %s", rec.name, l.Number, l.Line)
			}
		}
	}
	if lines < 3500 {
		t.Errorf("%d lines", lines)
	}
}

func checkOddity(t *testing.T, line string, want s2s.Reason, unknown bool, err error) {
	t.Helper()
	if want == "" && unknown {
		return
	}
	if p, ok := err.(*s2s.ParseError); !ok || p.Reason != want {
		t.Errorf("%s: %v, not %s", line, err, want)
	}
}

// quirk is a way in which a line that was said differs from the canonical one.
type quirk struct {
	reason string
	holds  func(l s2s.Recorded, canonical string) bool
}

var quirks = []quirk{
	{"passwords are not kept", func(l s2s.Recorded, c string) bool {
		return strings.HasPrefix(l.Line, "PASS :") && c == "PASS :*"
	}},
	{"UnrealIRCd writes two spaces where a mode change has no parameters, and one behind modes that have (mode.c:_do_mode)", func(l s2s.Recorded, c string) bool {
		return l.Received && strings.Contains(l.Line, " MODE ") && singleSpaced(l.Line) == c
	}},
	{"the lists of SJOIN end with a space (server.c:send_channel_modes_sjoin3)", func(l s2s.Recorded, c string) bool {
		return l.Received && strings.Contains(l.Line, " SJOIN ") && strings.TrimSuffix(l.Line, " ") == c
	}},
	{"our script says what UnrealIRCd says in another way: " + strings.Join(loose, "; "), func(l s2s.Recorded, c string) bool {
		return !l.Received && slices.ContainsFunc(loose, func(s string) bool { return l.Line+" => "+c == s })
	}},
	{"our script says 512 bytes of text, which the receiver cuts (parse.c:parse2)", func(l s2s.Recorded, c string) bool {
		return !l.Received && len(l.Line) > MaxLine && strings.HasPrefix(l.Line, c)
	}},
	{"a PROTOCTL line may have 14 tokens, and our script had 16 to see what happens", func(l s2s.Recorded, c string) bool {
		return !l.Received && commandOf(l.Line) == "PROTOCTL" && l.Line == strings.Replace(c, "\nPROTOCTL", "", 1)
	}},
	{"all servers act on SVSLOGIN, whatever its mask", func(l s2s.Recorded, c string) bool {
		before, after, _ := strings.Cut(c, "SVSLOGIN * ")
		return strings.HasPrefix(l.Line, before+"SVSLOGIN ") && strings.HasSuffix(l.Line, " "+after)
	}},
	{"prefixes of nobody are passed over", func(l s2s.Recorded, c string) bool {
		return !l.Received && l.Line == c+" @"
	}},
	{"a PONG that is passed on has no colon (pingpong.c:cmd_pong)", func(l s2s.Recorded, c string) bool {
		return l.Received && commandOf(c) == "PONG" && l.Line == withoutColon(c)
	}},
	{"a PART without a reason may have an empty one", func(l s2s.Recorded, c string) bool {
		return l.Received && commandOf(c) == "PART" && l.Line == c+" :"
	}},
	{"a virtual host that comes with becoming operator has a colon, unlike that of SETHOST (oper.c, sethost.c)", func(l s2s.Recorded, c string) bool {
		return l.Received && commandOf(c) == "SETHOST" && withoutColon(l.Line) == c
	}},
	{"a nick that services changed has a colon before its timestamp (svsnick.c:cmd_svsnick)", func(l s2s.Recorded, c string) bool {
		return l.Received && commandOf(c) == "NICK" && withoutColon(l.Line) == c
	}},
	{"a SASL step that is passed on has an empty fifth parameter (sasl.c:cmd_sasl)", func(l s2s.Recorded, c string) bool {
		return l.Received && commandOf(c) == "SASL" && l.Line == c+" "
	}},
	{"an account that is a number is none, which is 0", func(l s2s.Recorded, c string) bool {
		return strings.HasSuffix(l.Line, " +rd 1795486591") && strings.HasSuffix(c, " +rd 0")
	}},
	{"a numeric may end with a space instead of empty text", func(l s2s.Recorded, c string) bool {
		return l.Received && isNumeric(commandOf(c)) && l.Line == c+" "
	}},
	{"numerics may end without free text", func(l s2s.Recorded, c string) bool {
		return l.Received && isNumeric(commandOf(l.Line)) && l.Line == withoutColon(c)
	}},
}

// loose are lines of ours and how they are written canonically.
var loose = []string{
	":00G UID gw3 1 1795486527 gw gw.example.org 00GAAAAAD 1234567890 +io * * * :Gateway user => :00G UID gw3 1 1795486527 gw gw.example.org 00GAAAAAD 0 +io * * * :Gateway user",
	":00G SJOIN 1795486528 #gwnew2 +ntk key :~@00GAAAAAB &@00GAAAAAC %00GAAAAAD +00GAAAAAE &*!*@ban.example \"*!*@ex.example '*!*@inv.example => :00G SJOIN 1795486528 #gwnew2 +ntk key :~@00GAAAAAB %00GAAAAAD +00GAAAAAE &@00GAAAAAC &*!*@ban.example \"*!*@ex.example '*!*@inv.example",
	":00G MODE #g +i => :00G MODE #g +i 0",
	":00GAAAAAB MODE gw1new -w => :00GAAAAAB UMODE2 -w",
	":00GAAAAAB INVITE nosuch #i => :00GAAAAAB INVITE nosuch #i 0",
	":00GAAAAAJ NICK heidi => :00GAAAAAJ NICK heidi 0",
}

func commandOf(line string) string {
	var m irc.Message
	_ = m.Parse(line)
	return m.Command
}

func singleSpaced(line string) string {
	return strings.TrimRight(strings.ReplaceAll(line, "  ", " "), " ")
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
		var both codecs
		for _, l := range rec.lines {
			c := both.forLine(l)
			if _, odd := oddity(l.Line); odd && !l.Received {
				continue
			}
			e, err := c.Decode(l.Line)
			if err != nil {
				t.Fatal(rec.name, err) // another test's
			}
			if sasl, ok := e.Body.(s2s.SASL); ok && sasl.Step == "C" {
				continue // TestSecrets holds that it cannot be written
			}
			lines, err := c.Encode(e)
			canonical := strings.Join(lines, "\n")
			if err != nil {
				t.Errorf("%s:%d: %v: %s", rec.name, l.Number, err, l.Line)
			} else if canonical == l.Line {
				exact++
			} else if reason := reasonFor(l, canonical); reason != "" {
				used[reason]++
			} else {
				t.Errorf("%s:%d: said    %s\ncanonical %s", rec.name, l.Number, l.Line, canonical)
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

func reasonFor(l s2s.Recorded, canonical string) string {
	for _, q := range quirks {
		if q.holds(l, canonical) {
			return q.reason
		}
	}
	return ""
}
