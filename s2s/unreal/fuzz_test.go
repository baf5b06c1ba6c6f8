package unreal

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"robustirc/s2s"
)

// FuzzDecode holds that every line ends as an event or an error with its reason, that an event can be shown, and that
// what is written of it is read as the same event again, whatever the peer understands.
func FuzzDecode(f *testing.F) {
	for _, rec := range recordings(f, "") {
		seen := map[string]bool{}
		for _, l := range rec.lines {
			if name := commandOf(l.Line); !seen[name] {
				seen[name] = true
				f.Add(l.Line, true)
			}
		}
	}
	f.Fuzz(func(t *testing.T, line string, all bool) {
		features := Features{}
		if all {
			features = full
		}
		c := NewCodec(features)
		e, err := c.Decode(line)
		if err != nil {
			checkParseError(t, err)
			return
		}
		if _, err := json.Marshal(e); err != nil {
			t.Fatal(err)
		}
		lines, err := c.Encode(e)
		if err != nil {
			return
		}
		for _, l := range lines {
			checkWritten(t, c, e, l, len(lines) == 1)
		}
		if all && len(lines) == 1 && len(lines[0]) < MaxLine && len(e.Tags) <= MaxOwnTags {
			checkSame(t, c, e, lines[0])
		}
	})
}

func checkParseError(t *testing.T, err error) {
	t.Helper()
	pe, ok := err.(*s2s.ParseError)
	if !ok || pe.Reason == "" || pe.Detail == "" {
		t.Fatalf("%#v", err)
	}
}

// checkSame holds that nothing of an event is lost in a line that is long enough for it.
func checkSame(t *testing.T, c *Codec, e s2s.Event, line string) {
	t.Helper()
	back, err := c.Decode(line)
	want, _ := json.Marshal(e)
	got, _ := json.Marshal(back)
	if err != nil || string(got) != string(want) {
		t.Fatalf("%s was written as %q, which is\n%s", want, line, got)
	}
}

// checkWritten holds that a line is one, and read as it was meant.
func checkWritten(t *testing.T, c *Codec, e s2s.Event, line string, whole bool) {
	t.Helper()
	if strings.ContainsAny(line, "\x00\r\n") || len(line) > MaxBigLine {
		t.Fatalf("written as %q", line)
	}
	back, err := c.Decode(line)
	if err != nil {
		t.Fatalf("%v in what was written: %q", err, line)
	}
	if back.Body.Name() != e.Body.Name() {
		t.Fatalf("%s was written as %s: %q", e.Body.Name(), back.Body.Name(), line)
	}
	again, err := c.Encode(back)
	if err != nil || whole && (len(again) != 1 || again[0] != line) {
		t.Fatalf("%q was written again as %q, %v", line, again, err)
	}
}

// FuzzLink holds that whatever a peer says, a link goes on or ends with a cause and an advice, and that nobody is let in
// without the password.
func FuzzLink(f *testing.F) {
	f.Add(strings.Join(hello, "\n")+"\n:001 EOS\nPING :hub.example.net", false)
	f.Add("PASS :theirs\nPROTOCTL EAUTH=hub.example.net,6100,,x SERVERS=002 SID=001 TS=1800000000\nSERVER hub.example.net 1 :x", true)
	f.Add("ERROR :Closing Link: [x] (Full class)", false)
	f.Fuzz(func(t *testing.T, text string, accept bool) {
		l := NewLink(testIdentity, Options{Accept: accept})
		l.Start(testNow)
		password := false
		for line := range strings.SplitSeq(text, "\n") {
			password = password || strings.Contains(line, testIdentity.AcceptPassword)
			step, err := l.Line(testNow.Add(time.Second), line)
			checkReplies(t, step.Replies)
			if l.Established() && !password {
				t.Fatal("established without the password")
			}
			if err == nil {
				continue
			}
			if le, ok := err.(*s2s.LinkError); !ok || le == nil || le.Cause == "" || le.Advice == "" {
				t.Fatalf("%#v", err)
			}
			return
		}
		checkReplies(t, l.EndBurst())
	})
}

func checkReplies(t *testing.T, lines []string) {
	t.Helper()
	for _, line := range lines {
		if line == "" || strings.ContainsAny(line, "\x00\r\n") || len(line) > MaxBigLine {
			t.Fatalf("said %q", line)
		}
	}
}
