package ts6

import (
	"slices"
	"testing"
	"time"

	"robustirc/s2s"
)

// TestFindingHybrid holds the exchange with a link that does not know the dialect as it was recorded from ircd-hybrid
// 8.2.43 (2026-11-24): after its 461, SERVER follows in its form on the same connection.
func TestFindingHybrid(t *testing.T) {
	id := gatewayID()
	id.PeerName = "hyhub.example.net"
	l := NewLink(id, Options{})
	now := time.Unix(1795561798, 0)
	start := []string{
		"PASS in TS 6 :00G",
		"CAPAB :QS EX IE ENCAP EUID TB EBMASK EOPMOD CHW MLOCK SAVE BAN SERVICES KNOCK RSFNC TBURST EOB HOP KLN UNKLN DLN UNDLN RHOST CLUSTER",
		"SERVER gateway.example.net 1 :Gateway",
	}
	if got := l.Start(now); !slices.Equal(got, start) {
		t.Errorf("opened with %q", got)
	}
	for _, c := range []struct{ line, reply, dialect string }{
		{":hyhub.example.net NOTICE * :*** Looking up your hostname", "", ""},
		{":hyhub.example.net NOTICE * :*** Couldn't look up your hostname", "", ""},
		{":hyhub.example.net 461 * SERVER :Not enough parameters", "SERVER gateway.example.net 1 00G + :Gateway", ""},
		{"PASS out", "", ""},
		{"CAPAB :MLOCK KNOCK KLN TBURST RESYNC ENCAP UNKLN DLN UNDLN RHOST CLUSTER EOB HOP", "", ""},
		{"SERVER hyhub.example.net 1 1HA + :Example hybrid hub", ":00G SVINFO 6 6 0 :1795561798", "hybrid"},
		{":1HA SVINFO 6 6 0 :1795561798", "", "hybrid"},
		{"PING :1HA", ":00G PONG gateway.example.net :1HA", "hybrid"},
	} {
		step, err := l.Line(now, c.line)
		if err != nil || step.Parse != nil || step.BurstEnded {
			t.Fatalf("%q: %v, %v, %v", c.line, err, step.Parse, step.BurstEnded)
		}
		if got := append(step.Replies, "")[0]; got != c.reply || l.Dialect() != c.dialect {
			t.Errorf("%q: answered %q, dialect %q", c.line, got, l.Dialect())
		}
	}
	if step, err := l.Line(now, ":1HA EOB"); err != nil || !step.BurstEnded {
		t.Errorf("EOB: %v, %v", step, err)
	}
	if got := l.EndBurst(); !slices.Equal(got, []string{":00G EOB", "PING :00G"}) {
		t.Errorf("the end of our burst is %q", got)
	}
}

// TestSecondRefusal holds that a peer that refuses hybrid's form too is no server port.
func TestSecondRefusal(t *testing.T) {
	l := NewLink(gatewayID(), Options{})
	const line = ":x.example.net 461 * SERVER :Not enough parameters"
	if _, err := l.Line(time.Time{}, line); err != nil {
		t.Fatal(err)
	}
	_, err := l.Line(time.Time{}, line)
	if le, ok := err.(*s2s.LinkError); !ok || le.Cause != s2s.CauseProtocol {
		t.Errorf("%v", err)
	}
	if _, err := l.Line(time.Time{}, "PING :x"); err == nil {
		t.Error("a link goes on after its end")
	}
}

// TestWhoSpeaksWhat holds the rules of dialectOf.
func TestWhoSpeaksWhat(t *testing.T) {
	for _, rec := range recordings(t, "") {
		if l := rec.lines; len(l) > 10 && CodecOf(l).Dialect() != rec.dialect {
			t.Errorf("%s: %s", rec.name, CodecOf(l).Dialect())
		}
	}
	if got := dialectOf([]string{"hub.example.net", "1", "x"}, []string{"QS", "ENCAP", "EUID"}); got != Charybdis {
		t.Error(got)
	}
}
