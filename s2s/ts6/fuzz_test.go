package ts6

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"robustirc/s2s"
)

// everything is the capabilities of both dialects.
var everything = append([]string{"STAG", "KLN", "UNKLN", "CLUSTER"}, offerBoth...)

// seeds adds some lines of each command of the recordings.
func seeds(add func(line string)) func(testing.TB) {
	return func(t testing.TB) {
		seen := map[string]int{}
		for _, rec := range recordings(t, "") {
			c := rec.codec()
			for _, l := range rec.lines {
				e, err := c.Decode(l.Line)
				key := "error"
				if err == nil {
					key = string(rec.dialect) + e.Body.Name() + commandOf(c)
				}
				if seen[key]++; seen[key] <= 2 && len(l.Line) < 300 {
					add(l.Line)
				}
			}
		}
	}
}

// FuzzCodec holds for any line and both dialects that it is read without a panic, that what is written can be read and is
// canonical, and that it means the same when it is said by the same command (what only one dialect has is put into
// the other's words).
func FuzzCodec(f *testing.F) {
	seeds(func(line string) { f.Add(line, true); f.Add(line, false) })(f)
	f.Fuzz(func(t *testing.T, line string, hybrid bool) {
		c := NewCodec(Solanum, everything...)
		if hybrid {
			c = NewCodec(Hybrid, everything...)
		}
		e, err := c.Decode(line)
		if err != nil {
			if _, ok := err.(*s2s.ParseError); !ok {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		if len(line) > MaxLine-50 {
			return // may be cut, or be longer in its canonical form
		}
		command := commandOf(c)
		lines, err := c.Encode(e)
		if err != nil || len(lines) != 1 {
			return // some cannot be said again: SASL data, names that are no words, ENCAP of old forms
		}
		if strings.ContainsAny(lines[0], "\r\n\x00") {
			t.Fatalf("%q becomes several lines", lines[0])
		}
		again, err := c.Decode(lines[0])
		if err != nil {
			t.Fatalf("%q was written for %q, and cannot be read: %v", lines[0], line, err)
		}
		if commandOf(c) == command && !reflect.DeepEqual(again, e) {
			t.Fatalf("%q\nread    %#v\nwritten %q\nread    %#v", line, e, lines[0], again)
		}
		if stable, err := c.Encode(again); err != nil || strings.Join(stable, "|") != lines[0] {
			t.Fatalf("%q\nis written as %q\nand that as    %q, %v", line, lines[0], stable, err)
		}
	})
}

// commandOf is the command that the codec read last, with ENCAP.
func commandOf(c *Codec) string {
	switch cmd := c.in.cmd; {
	case cmd == nil:
		return ""
	case cmd.encap:
		return "ENCAP " + cmd.name
	default:
		return cmd.name
	}
}

// FuzzLink feeds lines to a link of each kind, which must neither panic nor answer with more than one line can hold.
func FuzzLink(f *testing.F) {
	for _, rec := range recordings(f, "") {
		if strings.Contains(rec.name, "/01") || strings.Contains(rec.name, "/13") {
			var b strings.Builder
			for _, l := range rec.lines {
				if l.Received {
					b.WriteString(l.Line + "\n")
				}
			}
			f.Add(b.String(), uint8(0))
			f.Add(b.String(), uint8(1))
		}
	}
	f.Fuzz(func(t *testing.T, text string, kind uint8) {
		id := s2s.Identity{Server: "gateway.example.net", SID: "00G", Description: "x", SendPassword: "a", AcceptPassword: "gwpass-out", MaxClockDelta: time.Hour}
		o := Options{Accept: kind&1 != 0, Dialect: []Dialect{"", Solanum, Charybdis, Hybrid}[kind>>1&3]}
		l := NewLink(id, o)
		now := time.Unix(1795485953, 0)
		l.Start(now)
		for line := range strings.SplitSeq(text, "\n") {
			step, err := l.Line(now, line)
			for _, r := range step.Replies {
				if strings.ContainsAny(r, "\r\n\x00") {
					t.Fatalf("%q answers %q", r, line)
				}
			}
			if err != nil {
				if l.Established() {
					t.Fatal("established after an error")
				}
				return
			}
		}
	})
}
