package fakenet

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"robustirc/s2s"
)

// patience is how long anything that must happen may take on a busy machine.
const patience = 20 * time.Second

// runHub serves a network until the test ends, and returns its address. The hub may be looked at after stop.
func runHub(t *testing.T, cfg HubConfig) (h *Hub, address string, stop func()) {
	t.Helper()
	cfg.SendPassword, cfg.AcceptPassword = "out", "in"
	if cfg.Network.Start.IsZero() {
		cfg.Network.Start = time.Now()
	}
	cfg.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	h, err := NewHub(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.Serve(ctx, ln)
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	t.Cleanup(stop)
	return h, ln.Addr().String(), stop
}

// observer is a leaf of the test: our own link, with a user.
type observer struct {
	t     *testing.T
	conn  net.Conn
	lines *bufio.Reader
	link  s2s.Link
	heard map[string]int
	ended bool // the hub's burst
	last  s2s.Event
	texts int
	err   error
}

func dialHub(t *testing.T, p Protocol, address string, spoil func(*s2s.Identity)) *observer {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	id := s2s.Identity{Server: "gateway.example.net", SID: "00G", Description: "Gateway", SendPassword: "in", AcceptPassword: "out", PeerName: "hub.example.net"}
	if spoil != nil {
		spoil(&id)
	}
	cfg := Config{Protocol: p, Start: time.Now()}
	o := &observer{t: t, conn: conn, lines: bufio.NewReaderSize(conn, 1<<17), link: newLink(cfg, id, false, "", nil, 1), heard: map[string]int{}}
	o.say(o.link.Start(time.Now())...)
	return o
}

func (o *observer) say(lines ...string) {
	if len(lines) > 0 {
		o.conn.Write([]byte(strings.Join(lines, "\r\n") + "\r\n")) // an error shows when reading
	}
}

func (o *observer) event(source s2s.Ref, b s2s.Body) {
	o.t.Helper()
	lines, err := o.link.Codec().Encode(s2s.Event{Source: source, Body: b})
	if err != nil {
		o.t.Fatal(err)
	}
	o.say(lines...)
}

// until reads until something holds, and fails on everything that is not understood.
func (o *observer) until(what string, holds func() bool) {
	o.t.Helper()
	o.conn.SetReadDeadline(time.Now().Add(patience))
	for !holds() {
		line, err := o.lines.ReadString('\n')
		if err != nil {
			o.t.Fatalf("it never came that %s: %v, %v", what, err, o.err)
		}
		step, err := o.link.Line(time.Now(), strings.TrimRight(line, "\r\n"))
		o.say(step.Replies...)
		if step.Parse != nil {
			o.t.Fatalf("%q cannot be read: %v", line, step.Parse)
		}
		o.ended, o.err = o.ended || step.BurstEnded, err
		for _, e := range step.Events {
			o.heard[e.Body.Name()]++
			o.last = e
			if _, unknown := e.Body.(s2s.Unknown); unknown {
				o.t.Fatalf("%q is not known", line)
			}
			if m, ok := e.Body.(s2s.Message); ok && m.TargetKind == s2s.TargetChannel {
				o.texts++
			}
		}
	}
}

// linkUp links, bursts a user and waits for the hub's burst.
func (o *observer) linkUp(p Protocol) {
	o.t.Helper()
	o.until("the link stands", func() bool { return o.link.Established() })
	modes, cloak := "+i", ""
	if p == Unreal {
		modes, cloak = "+ix", "c.example"
	}
	u := s2s.UserIntroduced{UID: "00GAAAAAA", Nick: "observer", TS: time.Now().Unix(), Hops: 1, Ident: "o", Host: "gw.example.net", RealHost: "gw.example.net", Cloak: cloak, IP: "192.0.2.1", Modes: modes, Realname: "o"}
	o.event("00G", u)
	o.say(o.link.EndBurst()...)
	o.until("the burst ends", func() bool { return o.ended })
}

// TestLink links our own end to the hub in each protocol, and follows bursts and traffic without a line that is not
// understood; the text of a channel comes only with a member in it.
func TestLink(t *testing.T) {
	for _, p := range protocols {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			h, address, stop := runHub(t, HubConfig{Network: Config{Protocol: p, Users: 500, Channels: 50, Seed: 1, Rate: 2000}})
			o := dialHub(t, p, address, nil)
			o.linkUp(p)
			if o.heard["user_introduced"] != 506 || o.heard["channel_burst"] < 50 || o.heard["server_introduced"] < 4 {
				t.Errorf("the burst was %v", o.heard)
			}
			o.until("there is traffic", func() bool { return o.heard["nick_changed"] > 10 })
			if o.texts > 0 && p != Unreal {
				t.Errorf("%d messages of channels without a member of ours", o.texts)
			}
			texts := o.texts
			c := h.net.names[0]
			o.event("00G", s2s.ChannelBurst{Channel: c, TS: time.Now().Unix(), Members: []s2s.Member{{User: "00GAAAAAA"}}})
			o.until("the text of a channel comes", func() bool { return o.texts > texts+10 })
			o.event("00GAAAAAA", s2s.Query{Command: "VERSION", Params: []string{"00A"}})
			o.until("the hub answers", func() bool { return o.heard["numeric"] > 0 })
			stop()
			s := h.Summary()
			if s.Unsayable != 0 || s.Unread != 0 || s.Stats.Violations != 0 || s.Stats.Happenings == 0 || s.LinesSent == 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestRefused holds that the hub refuses as the real servers do, so that our end knows why.
func TestRefused(t *testing.T) {
	for _, p := range protocols {
		_, address, _ := runHub(t, HubConfig{Network: Config{Protocol: p, Users: 10, Channels: 3, Seed: 1}})
		for i, c := range []struct {
			spoil func(*s2s.Identity)
			cause s2s.Cause
		}{
			{func(id *s2s.Identity) { id.SendPassword = "no" }, s2s.CausePassword},
			{func(id *s2s.Identity) { id.AcceptPassword = "no" }, s2s.CausePassword},
			{func(id *s2s.Identity) { id.PeerName = "other.example.net" }, s2s.CausePeerIdentity},
			{func(id *s2s.Identity) { id.SID = "00A" }, s2s.CauseSIDInUse},
			{func(id *s2s.Identity) { id.SID = "101" }, s2s.CauseSIDInUse}, // of a server behind the hub
			{func(id *s2s.Identity) { id.Server = "leaf1.example.net" }, s2s.CauseNameInUse},
		} {
			o := dialHub(t, p, address, func(id *s2s.Identity) {
				id.Server, id.SID = fmt.Sprintf("gateway%d.example.net", i), s2s.SID(fmt.Sprintf("0G%d", i)) // the hub may still know the one before
				c.spoil(id)
			})
			o.until("the link is refused", func() bool { return o.err != nil })
			var le *s2s.LinkError
			if !errors.As(o.err, &le) || le.Cause != c.cause {
				t.Errorf("%s: %v, want %s", p, o.err, c.cause)
			}
		}
	}
}

// TestSlowLeaf holds that a leaf that does not read is cut off when its SendQ is full, and the network knows.
func TestSlowLeaf(t *testing.T) {
	h, address, stop := runHub(t, HubConfig{Network: Config{Users: 3000, Channels: 300, Seed: 1}, SendQ: 100_000})
	o := dialHub(t, TS6, address, nil)
	o.conn.SetReadDeadline(time.Now().Add(patience))
	for {
		line, err := o.lines.ReadString('\n')
		if err != nil {
			break
		}
		o.link.Line(time.Now(), strings.TrimRight(line, "\r\n"))
	}
	stop()
	if s := h.Summary(); s.LinkError != "Max SendQ exceeded" || s.Stats.Servers != 5 {
		t.Errorf("%+v", s)
	}
}

// TestSilentLeaf holds that a leaf is asked for a sign, and cut off when it gives none.
func TestSilentLeaf(t *testing.T) {
	h, address, stop := runHub(t, HubConfig{Network: Config{Users: 10, Channels: 3, Seed: 1, Rate: 0.001}, PingEvery: 1500 * time.Millisecond})
	o := dialHub(t, TS6, address, nil)
	o.linkUp(TS6)
	pings := o.heard["ping"]
	o.until("the hub asks", func() bool { return o.heard["ping"] > pings })
	o.conn.SetReadDeadline(time.Now().Add(patience))
	for {
		if _, err := o.lines.ReadString('\n'); err != nil {
			break
		}
	}
	stop()
	if s := h.Summary(); s.LinkError != "Ping timeout" {
		t.Errorf("%+v", s)
	}
}

// TestSecondLink holds that UnrealIRCd's newer link takes the place of the older one, and TS6 refuses it.
func TestSecondLink(t *testing.T) {
	for _, p := range protocols {
		_, address, _ := runHub(t, HubConfig{Network: Config{Protocol: p, Users: 10, Channels: 3, Seed: 1, Rate: 0.001}})
		first := dialHub(t, p, address, nil)
		first.linkUp(p)
		second := dialHub(t, p, address, nil)
		var le *s2s.LinkError
		if p == Unreal {
			second.linkUp(p)
			first.until("the older link ends", func() bool { return errors.As(first.err, &le) })
			if le.Cause != s2s.CauseNameInUse {
				t.Errorf("%s: %v", p, first.err)
			}
			continue
		}
		second.until("the newer link is refused", func() bool { return errors.As(second.err, &le) })
		if le.Cause != s2s.CauseNameInUse {
			t.Errorf("%s: %v", p, second.err)
		}
	}
}

// TestDuration holds that the hub ends by itself, and that its truth is given away.
func TestDuration(t *testing.T) {
	var truth []Happening
	h, address, stop := runHub(t, HubConfig{Network: Config{Users: 50, Channels: 5, Seed: 1, Rate: 500, Truth: true}, Duration: 300 * time.Millisecond, OnHappening: func(x Happening) { truth = append(truth, x) }})
	o := dialHub(t, TS6, address, nil)
	o.linkUp(TS6)
	o.until("the hub ends", func() bool { return o.err != nil })
	stop()
	if h.Summary().Elapsed < 0.3 || len(truth) < 50 || !slices.ContainsFunc(truth, func(x Happening) bool { return len(slices.Collect(x.Seen())) > 0 }) {
		t.Errorf("%d happenings", len(truth))
	}
}

// TestLeafToHub links the one runner to the other: the hub takes what the leaf brings for violations only where an
// observer must not say it.
func TestLeafToHub(t *testing.T) {
	for _, p := range protocols {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			h, address, stop := runHub(t, HubConfig{Network: Config{Protocol: p, Users: 100, Channels: 10, Seed: 1, Rate: 200}})
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			l, err := NewLeaf(LeafConfig{Network: Config{Protocol: p, Server: "load.example.net", SID: "9LD", Users: 200, Channels: 20, Seed: 2, Rate: 200, Start: time.Now(), NickPrefix: "L", ChannelPrefix: "l-"},
				SendPassword: "in", AcceptPassword: "out", PeerName: "hub.example.net", Duration: 500 * time.Millisecond, Traffic: true})
			if err != nil {
				t.Fatal(err)
			}
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Run(ctx, conn); err != nil {
				t.Fatal(err)
			}
			s := l.Summary()
			if s.Unknown+s.Unread+s.Unsayable != 0 || s.Heard["user_introduced"] < 100 || s.Stats.Happenings == 0 || s.BurstAccepted == 0 {
				t.Errorf("%+v", s)
			}
			stop()
			if hs := h.Summary(); hs.Unread != 0 || hs.Unsayable != 0 || hs.Stats.Heard < 200 {
				t.Errorf("%+v", hs)
			}
		})
	}
}

// TestReplay plays a recording of solanum and one of UnrealIRCd to our own end.
func TestReplay(t *testing.T) {
	for _, c := range []struct {
		protocol Protocol
		file     string
		spoil    func(*s2s.Identity)
		users    int
	}{
		{TS6, "../ts6/testdata/transcripts/solanum/02-burst-50users-20chans.txt", func(id *s2s.Identity) { id.AcceptPassword = "gwpass-out" }, 50},
		{Unreal, "../unreal/testdata/transcripts/s04-burst-populated.txt", func(id *s2s.Identity) { id.AcceptPassword = "linkpass" }, 5},
	} {
		text, err := os.ReadFile(c.file)
		if err != nil {
			t.Fatal(err)
		}
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		done := make(chan Replayed, 1)
		go func() {
			conn, err := ln.Accept()
			if err != nil {
				close(done)
				return
			}
			r := Replay{Lines: s2s.ParseTranscript(string(text)), Now: time.Now}
			result, _ := r.Run(t.Context(), conn)
			done <- result
		}()
		o := dialHub(t, c.protocol, ln.Addr().String(), c.spoil)
		o.until("the burst ends", func() bool { return o.ended })
		if o.heard["user_introduced"] < c.users {
			t.Errorf("%s: %v", c.protocol, o.heard)
		}
		o.conn.Close()
		if r := <-done; r.Sent == 0 || r.Heard == 0 {
			t.Errorf("%s: %+v", c.protocol, r)
		}
	}
}
