package irc

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestISupportSet(t *testing.T) {
	var s ISupport
	s.Set("NICKLEN", "30")
	s.Set("KNOCK", "")
	s.Set("NETWORK", `My Net=\o/`)
	s.Set("NICKLEN", "31")
	s.Remove("KNOCK")
	s.Remove("NOTHING")
	if got := s.Lines(400); len(got) != 1 || !slices.Equal(got[0], []string{"NICKLEN=31", `NETWORK=My\x20Net\x3D\x5Co/`}) {
		t.Errorf("%q", got)
	}
	if v, ok := s.Get("NETWORK"); v != `My Net=\o/` || !ok {
		t.Errorf("%q, %v", v, ok)
	}
	if _, ok := s.Get("KNOCK"); ok || len(s.Tokens()) != 2 {
		t.Errorf("%v", s.Tokens())
	}
	if (&ISupport{}).Lines(100) != nil {
		t.Error("lines of nothing")
	}
}

func TestISupportLines(t *testing.T) {
	var s, back ISupport
	for i := range 40 {
		s.Set(fmt.Sprintf("TOKEN%d", i), strings.Repeat("x y", i))
	}
	count := 0
	for _, tokens := range s.Lines(300) {
		count += len(tokens)
		if len(tokens) > 13 || len(strings.Join(tokens, " ")) > 300 {
			t.Errorf("%d tokens, %d bytes", len(tokens), len(strings.Join(tokens, " ")))
		}
		m := NewMessage("irc.example", RPL_ISUPPORT.Code(), append(append([]string{"nick"}, tokens...), RPL_ISUPPORT.Text())...)
		var parsed Message
		if err := parsed.Parse(m.String()); err != nil {
			t.Fatal(err)
		}
		if err := back.AddLine(&parsed); err != nil {
			t.Error(err)
		}
	}
	if count != 40 || !slices.Equal(back.Tokens(), s.Tokens()) {
		t.Errorf("%d tokens, back %v", count, back.Tokens())
	}
	if got := s.Lines(1); len(got) != 40 {
		t.Errorf("%d lines", len(got))
	}
}

func TestISupportAddLine(t *testing.T) {
	for _, v := range []struct {
		line, want string
		bad        bool
	}{
		{"005 me A=1 B C= :are supported", "A=1 B C", false},
		{"005 me A=1 -A A=2 B -B :x", "A=2", false},
		{"005 me A -NOTHING", "A", false},
		{`005 me N=a\x20b\x3d\x5C\x4 E==b :x`, `N=a\x20b\x3D\x5C\x5Cx4 E=\x3Db`, false},
		{"005 me =x A - :x", "A", true},
		{"005", "", true},
		{"005 :me", "", true},
		{"005 me :x", "", false},
	} {
		var m Message
		var s ISupport
		if err := m.Parse(v.line); err != nil {
			t.Fatal(err)
		}
		if err := s.AddLine(&m); (err != nil) != v.bad {
			t.Errorf("%q: %v", v.line, err)
		}
		if got := strings.Join(slices.Concat(s.Lines(400)...), " "); got != v.want {
			t.Errorf("%q: got %q, want %q", v.line, got, v.want)
		}
	}
}
