package ts6

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"robustirc/s2s"
)

// end is one end of a link between two of ours.
type end struct {
	*Link
	heard []string
	err   *s2s.LinkError
	burst int // how many times the other's burst ended
}

// gatewayID and hubID are ends that fit together.
func gatewayID() s2s.Identity {
	return s2s.Identity{Server: "gateway.example.net", SID: "00G", Description: "Gateway", SendPassword: "in", AcceptPassword: "out", PeerName: "hub.example.net", MaxClockDelta: time.Minute}
}

func hubID() s2s.Identity {
	return s2s.Identity{Server: "hub.example.net", SID: "00A", Description: "Hub", SendPassword: "out", AcceptPassword: "in", PeerName: "gateway.example.net", MaxClockDelta: time.Minute}
}

// connect lets two ends talk until neither has anything to say. Each bursts when its end is established.
func connect(t *testing.T, dialler, hub *end, skew time.Duration) {
	t.Helper()
	now := time.Unix(1795485953, 0)
	toHub, toDialler := dialler.Start(now), []string(nil)
	bursts := map[*end]bool{}
	for round := 0; len(toHub)+len(toDialler) > 0; round++ {
		if round > 20 {
			t.Fatal("they never stop talking")
		}
		toDialler = append(toDialler, feed(t, hub, now, toHub, bursts)...)
		toHub = feed(t, dialler, now.Add(skew), toDialler, bursts)
		toDialler = nil
	}
}

func feed(t *testing.T, e *end, now time.Time, lines []string, bursts map[*end]bool) (out []string) {
	t.Helper()
	for _, l := range lines {
		if e.err != nil {
			return out
		}
		e.heard = append(e.heard, l)
		step, err := e.Line(now, l)
		if err != nil && !errors.As(err, &e.err) {
			t.Fatalf("%v is no LinkError", err)
		}
		if step.Parse != nil {
			t.Errorf("%q: %v", l, step.Parse)
		}
		if step.BurstEnded {
			e.burst++
		}
		out = append(out, step.Replies...)
		if e.Established() && !bursts[e] {
			bursts[e] = true
			out = append(out, e.EndBurst()...)
		}
	}
	return out
}

// TestLoopback links every kind of dialler to every kind of hub.
func TestLoopback(t *testing.T) {
	for _, c := range []struct {
		dialler, hub Dialect
		ok           bool
	}{
		{"", Solanum, true}, {"", Charybdis, true}, {"", Hybrid, true},
		{Solanum, Solanum, true}, {Charybdis, Charybdis, true}, {Hybrid, Hybrid, true},
		{Solanum, Hybrid, true}, // by its 461
		{Hybrid, Solanum, false},
	} {
		o := Options{Dialect: c.hub, Accept: true}
		if c.hub == Charybdis {
			o.Capabilities = without(Offer(Charybdis), []string{"EBMASK"})
		}
		dialler, hub := &end{Link: NewLink(gatewayID(), Options{Dialect: c.dialler})}, &end{Link: NewLink(hubID(), o)}
		connect(t, dialler, hub, 0)
		name := string(c.dialler) + " to " + string(c.hub)
		if !c.ok {
			if dialler.err == nil || dialler.err.Cause != s2s.CauseProtocol || !strings.Contains(dialler.err.Advice, "dialect") {
				t.Errorf("%s: %v", name, dialler.err)
			}
			continue
		}
		if !dialler.Established() || !hub.Established() || dialler.err != nil || hub.err != nil {
			t.Errorf("%s: %v, %v; heard %q and %q", name, dialler.err, hub.err, dialler.heard, hub.heard)
			continue
		}
		if dialler.Dialect() != string(c.hub) || dialler.burst != 1 || hub.burst != 1 {
			t.Errorf("%s: dialect %s, %d and %d bursts ended", name, dialler.Dialect(), dialler.burst, hub.burst)
		}
		if peer := hub.Peer(); peer.Name != "gateway.example.net" || peer.SID != "00G" || len(peer.Capabilities) == 0 {
			t.Errorf("%s: the hub knows %v", name, peer)
		}
		if pong := ":00A PONG hub.example.net :00G"; !slices.Contains(dialler.heard, pong) {
			t.Errorf("%s: no %q in %q", name, pong, dialler.heard)
		}
	}
}

// TestRefusals lets a hub of each dialect refuse a link in each way, and holds that the dialler understands why.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name   string
		spoil  func(gateway, hub *s2s.Identity, dial, accept *Options)
		skew   time.Duration
		cause  s2s.Cause // of the dialler
		says   string    // in the dialler's advice
		hybrid bool      // in hybrid too
	}{
		{name: "our password is wrong", spoil: func(g, _ *s2s.Identity, _, _ *Options) { g.SendPassword = "no" }, cause: s2s.CausePassword, says: "accept_password in the connect block of gateway.example.net", hybrid: true},
		{name: "the hub's password is wrong", spoil: func(g, _ *s2s.Identity, _, _ *Options) { g.AcceptPassword = "no" }, cause: s2s.CausePassword, says: "send_password", hybrid: true},
		{name: "no connect block", spoil: func(_, h *s2s.Identity, _, _ *Options) { h.PeerName = "other.example.net" }, cause: s2s.CauseUnknown, says: `connect block with the name "gateway.example.net"`, hybrid: true},
		{name: "another server answers", spoil: func(g, _ *s2s.Identity, _, _ *Options) { g.PeerName = "other.example.net" }, cause: s2s.CausePeerIdentity, says: "the peer's name in our configuration", hybrid: true},
		{name: "the hub's SID", spoil: func(g, _ *s2s.Identity, _, _ *Options) { g.SID = "00A" }, cause: s2s.CauseSIDInUse, says: "00A is refused", hybrid: true},
		{name: "the hub's name", spoil: func(g, h *s2s.Identity, _, _ *Options) { g.Server, h.PeerName = "HUB.example.net", "" }, cause: s2s.CauseNameInUse, says: "already has a server HUB.example.net", hybrid: true},
		{name: "no SID", spoil: func(g, _ *s2s.Identity, _, _ *Options) { g.SID = "GW1" }, cause: s2s.CauseProtocol, says: "A-Z", hybrid: true},
		{name: "clocks", spoil: func(_, _ *s2s.Identity, _, _ *Options) {}, skew: 2 * time.Hour, cause: s2s.CauseClock, says: "NTP", hybrid: true},
		{name: "clocks, for the hub", spoil: func(g, _ *s2s.Identity, _, _ *Options) { g.MaxClockDelta = 24 * time.Hour }, skew: 2 * time.Hour, cause: s2s.CauseClock, says: "ts_max_delta", hybrid: true},
		{name: "capabilities", spoil: func(_, _ *s2s.Identity, d, _ *Options) { d.Capabilities = []string{"QS", "EX", "IE"} }, cause: s2s.CauseCapability, says: "QS EX IE ENCAP"},
		{name: "the hub's capabilities", spoil: func(_, _ *s2s.Identity, _, a *Options) { a.Capabilities = []string{"QS", "EX", "IE"} }, cause: s2s.CauseCapability, says: "too old"},
	} {
		for _, d := range []Dialect{Solanum, Hybrid} {
			if d == Hybrid && !c.hybrid {
				continue
			}
			g, h, dial, accept := gatewayID(), hubID(), Options{Dialect: d}, Options{Dialect: d, Accept: true}
			c.spoil(&g, &h, &dial, &accept)
			dialler, hub := &end{Link: NewLink(g, dial)}, &end{Link: NewLink(h, accept)}
			connect(t, dialler, hub, c.skew)
			if dialler.err == nil || dialler.err.Cause != c.cause || !strings.Contains(dialler.err.Advice, c.says) {
				t.Errorf("%s, %s: %v, want %s", d, c.name, dialler.err, c.cause)
			}
			if dialler.Established() {
				t.Errorf("%s, %s: established", d, c.name)
			}
		}
	}
}

// TestEndings holds that each refusal is reached by the words that servers say, and helps.
func TestEndings(t *testing.T) {
	for text, cause := range map[string]s2s.Cause{
		"Closing Link: 127.0.0.1 (Invalid fingerprint.)":                             s2s.CausePassword,
		"Closing Link: 127.0.0.1 (Invalid certificate fingerprint)":                  s2s.CausePassword,
		"Closing Link: 127.0.0.1 (Bad Password)":                                     s2s.CausePassword,
		"Closing Link: 127.0.0.1 (Access denied, requires SSL/TLS but is plaintext)": s2s.CausePlaintext,
		"by hub.example.net: Invalid servername introduced.":                         s2s.CauseProtocol,
		"Closing Link: 127.0.0.1 (Invalid host.)":                                    s2s.CauseUnknown,
		"Closing Link: 127.0.0.1 (Invalid host)":                                     s2s.CauseUnknown,
		"Closing Link: 127.0.0.1 (Lost connect{} block!)":                            s2s.CauseUnknown,
		"Closing Link: 127.0.0.1 (I'm a leaf not a hub)":                             s2s.CauseUnknown,
		"by hub.example.net: No matching hub_mask for x.example.net":                 s2s.CauseUnknown,
		"Leafed server.": s2s.CauseUnknown,
		"Closing Link: 127.0.0.1 (Server name mismatch)":               s2s.CausePeerIdentity,
		"Closing Link: 127.0.0.1 (Mismatching server name introduced)": s2s.CausePeerIdentity,
		"Server juped.": s2s.CauseBanned,
		"ID Collision":  s2s.CauseSIDInUse,
		"Nickname gateway.example.net already exists!": s2s.CauseNameInUse,
		"Invalid SID":                      s2s.CauseProtocol,
		"by hub.example.net: Bogus SID":    s2s.CauseProtocol,
		"Bogus server ID introduced":       s2s.CauseProtocol,
		"Bogus server name":                s2s.CauseProtocol,
		"Mismatching AOP/QOP capabilities": s2s.CauseCapability,
		"Non-TS server":                    s2s.CauseProtocol,
		"TS5 nickname introduced":          s2s.CauseProtocol,
		"Use a different port":             s2s.CauseProtocol,
		"Closing Link: 127.0.0.1 (Access denied, no more connections allowed in class)": s2s.CauseClass,
		"All connections in use":                                    s2s.CauseClass,
		"Sorry, server is full - try later":                         s2s.CauseClass,
		"You have been D-lined.":                                    s2s.CauseBanned,
		"*** Banned: go away":                                       s2s.CauseBanned,
		"Reconnecting too fast, throttled.":                         s2s.CauseBanned,
		"Your host is trying to (re)connect too fast -- throttled.": s2s.CauseBanned,
		"by hub.example.net: Max SendQ exceeded":                    s2s.CauseSplit,
		"Registration timed out":                                    s2s.CauseSplit,
		"Overridden":                                                s2s.CauseSplit,
		"something new":                                             s2s.CauseClosed,
	} {
		l := NewLink(gatewayID(), Options{})
		_, err := l.Line(time.Unix(0, 0), "ERROR :"+text)
		var le *s2s.LinkError
		if !errors.As(err, &le) || le.Cause != cause || le.Text != text || le.Advice == "" || strings.Contains(le.Error(), "$") {
			t.Errorf("%q: %v, want %s", text, err, cause)
		}
	}
}

// TestEveryRefusalIsReachable holds that no row is hidden by one above it.
func TestEveryRefusalIsReachable(t *testing.T) {
	l := NewLink(gatewayID(), Options{})
	for _, r := range refusals {
		if got := l.ended(r.words); got.Cause != r.cause {
			t.Errorf("%q gives %s, want %s", r.words, got.Cause, r.cause)
		}
	}
}
