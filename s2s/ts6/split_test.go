package ts6

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"robustirc/s2s"
)

// TestLongListsAreSplit holds that bursts of any size become lines of at most 510 bytes that lose nothing and repeat
// what must be repeated.
func TestLongListsAreSplit(t *testing.T) {
	c := NewCodec(Solanum, everything...)
	for n := range 200 {
		burst := s2s.ChannelBurst{Channel: "#big", TS: 5, HasModes: true, Modes: "+ntlk", Params: []string{"10", "key"}}
		for i := range n {
			burst.Members = append(burst.Members, s2s.Member{User: s2s.UID(fmt.Sprintf("00AAAA%03d", i)), Status: []string{"", "o", "ov", "v"}[i%4]})
		}
		var members []s2s.Member
		for _, e := range throughLines(t, c, s2s.Event{Source: "00A", Body: burst}) {
			b := e.Body.(s2s.ChannelBurst)
			members = append(members, b.Members...)
			if b.Channel != "#big" || b.TS != 5 || b.Modes != "+ntlk" || !slices.Equal(b.Params, burst.Params) {
				t.Fatalf("%d members: %+v", n, b)
			}
		}
		if !slices.Equal(members, burst.Members) {
			t.Fatalf("%d members become %d", n, len(members))
		}
	}
}

func TestLongMaskListsAreSplit(t *testing.T) {
	for _, c := range []*Codec{NewCodec(Solanum, "EBMASK"), NewCodec(Hybrid)} {
		for n := 1; n < 100; n++ {
			burst := s2s.ListBurst{Channel: "#big", TS: 5}
			for i := range n {
				e := s2s.ListEntry{Letter: []string{"b", "e"}[2*i/n], Mask: fmt.Sprintf("*!*@%d.%s", i, strings.Repeat("x", i))}
				if c.Has("EBMASK") {
					e.SetBy, e.SetAt = "n!u@h", int64(i)
				}
				burst.Entries = append(burst.Entries, e)
			}
			var entries []s2s.ListEntry
			for _, e := range throughLines(t, c, s2s.Event{Source: "00A", Body: burst}) {
				entries = append(entries, e.Body.(s2s.ListBurst).Entries...)
			}
			if !slices.Equal(entries, burst.Entries) {
				t.Fatalf("%d entries become %d", n, len(entries))
			}
		}
	}
}

// throughLines writes an event and reads the lines.
func throughLines(t *testing.T, c *Codec, e s2s.Event) []s2s.Event {
	t.Helper()
	lines, err := c.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	var events []s2s.Event
	for _, l := range lines {
		if len(l) > MaxLine {
			t.Fatalf("%d bytes: %s", len(l), l)
		}
		again, err := c.Decode(l)
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, again)
	}
	return events
}

// TestSplitsOnlyWhenFull holds the length of a full line to the byte.
func TestSplitsOnlyWhenFull(t *testing.T) {
	c := NewCodec(Solanum)
	head := len(":00A SJOIN 5 #c +nt :")
	for room, lines := range map[int]int{0: 1, 1: 2} {
		e := s2s.ChannelBurst{Channel: "#c" + strings.Repeat("x", (MaxLine-head-9)%10+room), TS: 5, HasModes: true, Modes: "+nt"}
		for range 1 + (MaxLine-head-9)/10 {
			e.Members = append(e.Members, s2s.Member{User: "00AAAAAAA"})
		}
		got, err := c.Encode(s2s.Event{Source: "00A", Body: e})
		if err != nil || len(got) != lines || room == 0 && len(got[0]) != MaxLine {
			t.Errorf("%d bytes over: %d lines of %d bytes, %v", room, len(got), len(got[0]), err)
		}
	}
}

// TestUsersWithoutEUID holds the lines that tell of a user where EUID is not known.
func TestUsersWithoutEUID(t *testing.T) {
	e := s2s.Event{Source: "00A", Body: s2s.UserIntroduced{
		UID: "00AAAAAAB", Nick: "al", TS: 5, Hops: 1, Ident: "u", Host: "v.example", RealHost: "r.example", IP: "::1", Account: "acct", Modes: "+i", Realname: "Al",
	}}
	want := []string{
		":00A UID al 1 5 +i u v.example 0::1 00AAAAAAB :Al",
		":00AAAAAAB ENCAP * REALHOST :r.example",
		":00AAAAAAB ENCAP * LOGIN :acct",
	}
	if got, err := NewCodec(Charybdis).Encode(e); err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
}

// TestTopicWithoutETB holds what says a forced topic to links that do not know ETB.
func TestTopicWithoutETB(t *testing.T) {
	e := s2s.Event{Source: "00S", Body: s2s.Topic{Channel: "#c", Text: "t", Setter: "x", SetAt: 6, Rule: s2s.TopicETB}}
	got, err := NewCodec(Charybdis).Encode(e)
	if want := ":00S TB #c 6 x :t"; err != nil || strings.Join(got, "|") != want {
		t.Errorf("%q, %v", got, err)
	}
}

// TestLongLinesAreCut holds that a text that is too long is cut where a rune ends.
func TestLongLinesAreCut(t *testing.T) {
	e := s2s.Event{Source: "00GAAAAAA", Body: s2s.Message{Kind: s2s.Privmsg, TargetKind: s2s.TargetChannel, Target: "#c", Text: strings.Repeat("é", 300)}}
	got, err := NewCodec(Solanum).Encode(e)
	if err != nil || len(got) != 1 || len(got[0]) > MaxLine || len(got[0]) < MaxLine-1 || !strings.HasSuffix(got[0], "é") {
		t.Errorf("%q, %v", got, err)
	}
}

// TestSecrets holds that no password and no SASL data is in any event of the recordings, and that they cannot be said.
func TestSecrets(t *testing.T) {
	sasl := 0
	for _, rec := range recordings(t, "") {
		c := rec.codec()
		for _, l := range rec.lines {
			e, err := c.Decode(l.Line)
			if err != nil {
				if strings.Contains(err.Error(), "gwpass") {
					t.Errorf("%s:%d: %v", rec.name, l.Number, err)
				}
				continue
			}
			data, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			if _, said := e.Body.(s2s.Message); !said && strings.Contains(string(data), "gwpass") {
				t.Errorf("%s:%d: %s", rec.name, l.Number, data)
			}
			if b, ok := e.Body.(s2s.SASL); ok && b.Step == "C" {
				sasl++
				words := strings.Fields(l.Line)
				secret := strings.TrimPrefix(words[len(words)-1], ":")
				if len(secret) > 1 && strings.Contains(string(data), secret) {
					t.Errorf("%s:%d: %s", rec.name, l.Number, data)
				}
				if lines, err := c.Encode(e); err == nil {
					t.Errorf("%s:%d: said again as %q", rec.name, l.Number, lines)
				}
			}
		}
	}
	if sasl < 5 {
		t.Errorf("%d lines of SASL data", sasl)
	}
}
