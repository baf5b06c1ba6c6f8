package ircserver

import (
	"fmt"
	"testing"
)

func TestUserHostMatches(t *testing.T) {
	for _, c := range []struct {
		mask, user, remote string
		want               bool
	}{
		{"*@192.0.2.1", "bob", "192.0.2.1", true},
		{"*@192.0.2.1", "bob", "192.0.2.10", false},
		{"192.0.2.1", "bob", "192.0.2.1", true},
		{"*@192.0.2.*", "bob", "192.0.2.10", true},
		{"al*@192.0.2.1", "bob", "192.0.2.1", false},
		{"BO?@192.0.2.1", "bob", "192.0.2.1", true},
		{"*@192.0.2.0/24", "bob", "192.0.2.200", true},
		{"*@192.0.2.99/24", "bob", "192.0.2.200", true},
		{"*@192.0.2.0/24", "bob", "192.0.3.1", false},
		{"*@192.0.2.0/24", "bob", "::ffff:192.0.2.200", true},
		{"*@::ffff:192.0.2.0/120", "bob", "192.0.2.200", true},
		{"*@2001:db8::/32", "bob", "2001:db8:1::1", true},
		{"*@2001:db8::/32", "bob", "2001:db9::1", false},
		{"*@2001:0DB8:0::1", "bob", "2001:db8::1", true},
		{"*@0.0.0.0/0", "bob", "2001:db8::1", false},
		{"*@robust/0x7", "bob", "192.0.2.1", true},
		{"*@ROBUST/*", "bob", "192.0.2.1", true},
		{"*@robust/0x8", "bob", "192.0.2.1", false},
		{"*@192.0.2.1", "bob", "", false},
		{"ob", "bob", "192.0.2.1", false},
	} {
		u := &session{id: 7, remote: c.remote}
		u.setIdentity("bob", c.user, u.cloak())
		if got := userHostMatches(c.mask, u); got != c.want {
			t.Errorf("%s covers %s@%s: %v, want %v", c.mask, c.user, c.remote, got, c.want)
		}
	}
}

func TestTooWide(t *testing.T) {
	for mask, want := range map[string]bool{
		"*@*": true, "*?@*": true, "*@*.*": true, "*@*.*.*.*": true, "*@?*:*": true, "*@0.0.0.0/0": true, "*@::/0": true, "*@10.0.0.0/7": true,
		"*@10.0.0.0/8": false, "*@*.example": false, "bob@*": false, "*@192.0.2.1": false, "*@2001:db8::/32": false,
	} {
		if got := tooWide(mask); got != want {
			t.Errorf("%s: %v", mask, got)
		}
	}
}

func TestBansAreBounded(t *testing.T) {
	s := New(DefaultConfig())
	for i := range maxBans {
		s.bans = append(s.bans, networkBan{mask: fmt.Sprintf("u%d@*", i)})
	}
	if s.addBan(networkBan{mask: "one@more"}) {
		t.Error("room for more than maxBans")
	}
	if !s.addBan(networkBan{mask: "U5@*", reason: "again"}) || len(s.bans) != maxBans || s.bans[5].reason != "again" {
		t.Error("a full list must still let bans be replaced")
	}
}

func TestHoldsAreBounded(t *testing.T) {
	s := New(DefaultConfig())
	for i := range maxHolds {
		s.holds = append(s.holds, nickHold{nick: nickKey(fmt.Sprint("n", i))})
	}
	if s.hold(nickHold{nick: "more"}) || !s.hold(nickHold{nick: "n7", reason: "again"}) || len(s.holds) != maxHolds {
		t.Error("holds have no bound, or a full list cannot be changed")
	}
}

func TestBannedAddress(t *testing.T) {
	s := New(DefaultConfig())
	s.now = 100
	s.cfg.Banned = []NamedValue{{"198.51.100.0/24", "configured"}}
	s.bans = []networkBan{
		{mask: "*@192.0.2.0/24", reason: "range"}, {mask: "bob@192.0.3.1", reason: "somebody"}, {mask: "*@192.0.4.1", reason: "old", expiry: 100},
	}
	for address, want := range map[string]string{
		"192.0.2.9": "range", "192.0.3.1": "", "192.0.4.1": "", "198.51.100.1": "configured", "203.0.113.1": "", "nonsense": "", "": "",
	} {
		if reason, banned := s.BannedAddress(address); reason != want || banned != (want != "") {
			t.Errorf("%q: %q %v, want %q", address, reason, banned, want)
		}
	}
}

func FuzzBanRequest(f *testing.F) {
	for _, s := range []string{"1d", "*@192.0.2.1", "-force", "reason", "*!*@host", "@", "10.0.0.0/8"} {
		f.Add(s, "*@192.0.2.1", "why")
	}
	f.Fuzz(func(t *testing.T, a, b, c string) {
		s := New(DefaultConfig())
		r, ok := parseBan([]string{a, b, c})
		if !ok {
			return
		}
		if r.target == "" || r.reason == "" || r.duration < 0 {
			t.Fatalf("%q %q %q: %+v", a, b, c, r)
		}
		mask, fl := s.banMask(r.target)
		if fl != nil {
			return
		}
		u := &session{id: 1, remote: "192.0.2.1"}
		u.setIdentity("n", "u", u.cloak())
		userHostMatches(mask, u)
		tooWide(mask)
		if len(mask) > maxBanMask {
			t.Fatalf("mask of %d bytes", len(mask))
		}
	})
}
