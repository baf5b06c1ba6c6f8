package ircserver

import (
	"fmt"
	"strings"
	"testing"

	"robustirc/core/irc"
)

// someone is a user with everything that bans look at.
func someone() *session {
	u := &session{id: 0x2a, remote: "2001:db8::7", account: "Acc[1]", realname: "Some One", registered: true}
	u.modes.set('x')
	u.setIdentity("Nick[a]", "user", u.visibleHost())
	ch := newChannel("#Open", 0)
	ch.add(u, 0, 0)
	hidden := newChannel("#hidden", 0)
	hidden.modes.set('s')
	hidden.add(u, 0, 0)
	return u
}

func TestBanMatches(t *testing.T) {
	for mask, want := range map[string]bool{
		"nick[a]":                true,
		"NICK{A}!*@*":            true,
		"nick":                   false,
		"ick[a]":                 false,
		"n?ck{?}":                true,
		"*!user@*":               true,
		"*!use@*":                false,
		"*!*@robust/0x2a":        true,
		"*!*@robust/0x2":         false,
		"robust/0x2a":            true,
		"*!*@2001:db8::7":        true,
		"*!*@2001:db8::/32":      true,
		"2001:db8::/32":          true,
		"other!*@2001:db8::/32":  false,
		"nick?a?!*@2001:db8::/9": true,
		"*!*@2001:db9::/32":      false,
		"*!*@192.0.2.0/0":        false, // the other family
		"*!*@::/0":               true,
		"$a":                     true,
		"$a:acc{1}":              true,
		"$a:acc":                 false,
		"$~a":                    false,
		"$~a:other":              true,
		"~account:ACC*":          true,
		"~account:0":             false,
		"~account:*":             true,
		"$r:some?one":            true,
		"~r:some_one":            true,
		"~realname:some":         false,
		"$c:#OPEN":               true,
		"~channel:#hidden":       false,
		"$~c:#other":             true,
		"~quiet:nick[a]":         true,
		"~q:$~a":                 false,
		`ni\ck`:                  false,
	} {
		b, _, ok := parseMask(mask)
		if !ok {
			t.Errorf("%q is no mask", mask)
		} else if got := b.matches(someone().suspect()); got != want {
			t.Errorf("%q matches: %v, want %v", mask, got, want)
		}
	}
}

func TestBanSpelling(t *testing.T) {
	for raw, want := range map[string]string{
		"nick": "nick!*@*", "u@h": "*!u@h", "$A:x": "$a:x", "$~A": "$~a", "~ACCOUNT:X": "~account:X", "~c:#A": "~channel:#A",
		"~q:nick": "~quiet:nick!*@*", "~Quiet:~A:x": "~quiet:~account:x", "~nick": "~nick!*@*", "a!b@c@d": "a!b@c@d",
	} {
		_, spelled, ok := parseMask(raw)
		if !ok || spelled != want {
			t.Errorf("%q is spelled %q (%v), want %q", raw, spelled, ok, want)
		}
	}
	long := strings.Repeat("a", maxMask)
	for _, raw := range []string{"", ":x", "a b", "a,b", "$", "$a:", "$ab", "$z:x", "~z:x", "~account:", "$c:open", "$r", "~q:", "~q:~q:x", "~q:$", long} {
		if _, spelled, ok := parseMask(raw); ok {
			t.Errorf("%q is a mask: %q", raw, spelled)
		}
	}
}

// FuzzMask holds that a canonical spelling stays what it is and means the same, and that matching ends.
func FuzzMask(f *testing.F) {
	for _, seed := range []string{"nick!u@h", "$~a:x", "~quiet:~c:#x", "*!*@10.0.0.0/8", "$r:a_b", "~q:$a", "a!b!c@d@e", `\*!\?@\`} {
		f.Add(seed)
	}
	v := someone().suspect()
	f.Fuzz(func(t *testing.T, raw string) {
		b, spelled, ok := parseMask(raw)
		if !ok {
			return
		}
		if len(spelled) > maxMask+len(quietPrefix) || strings.ContainsAny(spelled, " \r\n\x00") || spelled[0] == ':' {
			t.Fatalf("%q is spelled %q, which is no parameter", raw, spelled)
		}
		again, same, ok := parseMask(spelled)
		if !ok || same != spelled || again.banKey != b.banKey {
			t.Fatalf("%q becomes %q becomes %q (%v)", raw, spelled, same, ok)
		}
		if b.matches(v) != again.matches(v) {
			t.Fatalf("%q and %q match differently", raw, spelled)
		}
	})
}

// banned is a channel with n bans, and a member that none of them fits.
func banned(n int) (*Server, *session, *channel) {
	s := New(DefaultConfig())
	u := someone()
	ch := newChannel("#a", 0)
	ch.add(u, 0, 0)
	for i := range n {
		ch.lists['b'] = append(ch.lists['b'], listEntry{mask: fmt.Sprintf("*!*%d@*.host%d.example", i, i)})
	}
	return s, u, ch
}

func BenchmarkBans100(b *testing.B) {
	s, u, ch := banned(100)
	for b.Loop() {
		if s.onList(u, ch, 'b') {
			b.Fatal("banned")
		}
	}
}

func BenchmarkSpeakPast100Bans(b *testing.B) {
	s, u, ch := banned(100)
	for b.Loop() {
		if _, f := s.speakGate(u, ch, "hello", false); f != nil {
			b.Fatal("refused")
		}
	}
}

func BenchmarkChannelMessage(b *testing.B) {
	s, u, ch := banned(0)
	s.channels[foldChan(ch.name)] = ch
	for i := range 100 {
		v := &session{id: SessionID(100 + i), registered: true}
		v.setIdentity(fmt.Sprint("n", i), "u", "h")
		ch.add(v, 0, 0)
	}
	var m irc.Message
	if err := m.Parse("PRIVMSG #a :hello, everybody"); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s.out = s.out[:0]
		s.cmdPrivmsg(u, &call{Message: &m})
	}
	if len(s.out) != 1 || s.out[0].To.Len() != 100 {
		b.Fatal("not delivered")
	}
}
