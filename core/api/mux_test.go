package api_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"robustirc/core/api"
	"robustirc/core/ircserver"
	"robustirc/core/robustsession"
)

// cutter dials for a Mux and cuts its connection on demand.
type cutter struct {
	tls *tls.Config

	mu   sync.Mutex
	conn net.Conn
	n    int
}

func (c *cutter) dial(ctx context.Context, server string) (net.Conn, error) {
	d := tls.Dialer{Config: c.tls}
	nc, err := d.DialContext(ctx, "tcp", server)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn = nc
	c.n++
	return nc, err
}

// cut closes the current connection and reports how many there were.
func (c *cutter) cut() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil {
		c.conn.Close()
	}
	return c.n
}

func (n *network) mux(t *testing.T) (*robustsession.Mux, *cutter) {
	cfg := n.tls()
	cfg.NextProtos = []string{"http/1.1"}
	c := &cutter{tls: cfg}
	m := robustsession.NewMux(robustsession.MuxConfig{Servers: n.addrs(), Dial: c.dial, BridgeKey: api.BridgeKey(password)})
	t.Cleanup(m.Close)
	return m, c
}

func join(ctx context.Context, t *testing.T, m *robustsession.Mux, nick string) robustsession.Session {
	t.Helper()
	s, err := m.Create(ctx, robustsession.Options{Remote: "192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Post(ctx, "NICK "+nick, "USER u 0 * :r", "JOIN #x"); err != nil {
		t.Fatal(err)
	}
	receiveUntil(ctx, t, s, " 366 ")
	return s
}

// TestMuxHidesConnectionLosses cuts the connection again and again, while posts are under way, and moves the sessions
// between two servers: every line arrives once and in order.
func TestMuxHidesConnectionLosses(t *testing.T) {
	const lines = 300
	n := newNetwork(t, 2, func(c *ircserver.Config) { c.PostMessageCooloff = 0 })
	m, cut := n.mux(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	alice, bob := join(ctx, t, m, "alice"), join(ctx, t, m, "bob")
	posted := make(chan error, 1)
	go func() {
		for i := range lines {
			if err := alice.Post(ctx, fmt.Sprintf("PRIVMSG #x :%d.1", i), fmt.Sprintf("PRIVMSG #x :%d.2", i)); err != nil {
				posted <- err
				return
			}
		}
		posted <- nil
	}()
	var want []string
	for i := range lines {
		want = append(want, fmt.Sprintf("#x :%d.1", i), fmt.Sprintf("#x :%d.2", i))
	}
	for len(want) > 0 {
		got, err := bob.Receive(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range got {
			if !strings.HasSuffix(l.Text, want[0]) {
				t.Fatalf("got %q, want %q", l.Text, want[0])
			}
			want = want[1:]
			if len(want)%25 == 0 {
				cut.cut()
			}
		}
	}
	if err := <-posted; err != nil {
		t.Fatal(err)
	}
	if n := cut.cut(); n < 8 {
		t.Fatalf("there were only %d connections: nothing was tested", n)
	}
}

// TestMuxSessionEndsOverALaterConnection: the session's end is seen through a cut.
func TestMuxSessionEndsOverALaterConnection(t *testing.T) {
	n := newNetwork(t, 1, nil)
	m, cut := n.mux(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s := join(ctx, t, m, "alice")
	cut.cut()
	if err := s.Delete(ctx, "bye"); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := s.Receive(ctx); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestMuxCreateIsRefused(t *testing.T) {
	n := newNetwork(t, 1, func(c *ircserver.Config) {
		c.Banned = []ircserver.NamedValue{{Name: "192.0.2.66", Value: "spam"}}
	})
	m, _ := n.mux(t)
	_, err := m.Create(t.Context(), robustsession.Options{Remote: "192.0.2.66:1"})
	var refused *robustsession.Error
	if !errors.As(err, &refused) || refused.Status != robustsession.StatusForbidden {
		t.Errorf("banned: %v", err)
	}
}

// rawMux is a multiplexed connection driven by hand.
type rawMux struct {
	t *testing.T
	net.Conn
	r *robustsession.FrameReader
}

func (n *network) rawMux(t *testing.T) *rawMux {
	t.Helper()
	cfg := n.tls()
	cfg.NextProtos = []string{"http/1.1"}
	nc, err := tls.Dial("tcp", n.addrs()[0], cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(nc, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", robustsession.MuxPath, robustsession.MuxProtocol)
	br := bufio.NewReader(nc)
	if resp, err := http.ReadResponse(br, nil); err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("upgrade: %v, %v", resp, err)
	}
	return &rawMux{t, nc, robustsession.NewFrameReader(br)}
}

func (m *rawMux) send(frames ...robustsession.Frame) {
	m.t.Helper()
	var b []byte
	for _, f := range frames {
		b = robustsession.AppendFrame(b, f)
	}
	if _, err := m.Write(b); err != nil {
		m.t.Fatal(err)
	}
}

// next returns the next frame of the type that want has.
func next[F robustsession.Frame](m *rawMux) F {
	m.t.Helper()
	for {
		f, err := m.r.Next()
		if err != nil {
			m.t.Fatal(err)
		}
		if f, ok := f.(F); ok {
			return f
		}
	}
}

func hello(key string) *robustsession.Hello {
	return &robustsession.Hello{Version: robustsession.MuxVersion, Key: key}
}

// TestMuxWindow: a session that gives no credit is held back; the others and its own answers are not.
func TestMuxWindow(t *testing.T) {
	n := newNetwork(t, 1, func(c *ircserver.Config) { c.PostMessageCooloff = 0 })
	m := n.rawMux(t)
	m.send(hello(""), &robustsession.Create{Req: 1}, &robustsession.Create{Req: 2})
	a, b := next[*robustsession.Created](m), next[*robustsession.Created](m)
	post := func(s *robustsession.Created, seq uint64, lines ...string) {
		f := &robustsession.Post{Session: s.Session, Seq: seq}
		for i, l := range lines {
			f.Lines = append(f.Lines, robustsession.PostLine{ID: seq<<8 + uint64(i) + 1, Text: l})
		}
		m.send(f)
	}
	var received uint64
	ping := "PING " + strings.Repeat("x", 480)
	enough := uint64(2*robustsession.SessionWindow/480/16 + 1)
	answered := uint64(0)
	for seq := uint64(1); seq <= enough; seq++ {
		post(a, seq, strings.Split(strings.Repeat(ping+"\n", 15)+ping, "\n")...)
		for answered < seq {
			switch f := mustNext(m).(type) {
			case *robustsession.Lines:
				for _, l := range f.Lines {
					received += uint64(len(l.Text))
				}
			case *robustsession.Posted:
				answered = f.Seq
			}
		}
	}
	post(b, 1, "PING other")
	for {
		f := next[*robustsession.Lines](m)
		if f.Session == b.Session && strings.Contains(f.Lines[len(f.Lines)-1].Text, "other") {
			break
		}
		for _, l := range f.Lines {
			received += uint64(len(l.Text))
		}
	}
	const slack = 256 * 512 // outputstream.MaxItems lines may overshoot
	if received < robustsession.SessionWindow/2 || received > robustsession.SessionWindow+slack {
		t.Errorf("%d bytes were sent without credit, the window is %d", received, robustsession.SessionWindow)
	}
	m.send(&robustsession.Credit{Session: a.Session, Bytes: received})
	post(a, enough+1, "PING last")
	for {
		f := next[*robustsession.Lines](m)
		m.send(&robustsession.Credit{Session: f.Session, Bytes: robustsession.SessionWindow})
		if strings.Contains(f.Lines[len(f.Lines)-1].Text, "last") {
			return
		}
	}
}

// TestMuxLateLines: a Post that comes again long after, as from the buffers of a node that hung, changes nothing.
func TestMuxLateLines(t *testing.T) {
	n := newNetwork(t, 1, func(c *ircserver.Config) { c.PostMessageCooloff = 0 })
	m := n.rawMux(t)
	m.send(hello(""), &robustsession.Create{Req: 1})
	s := next[*robustsession.Created](m)
	post := func(seq, id uint64) {
		m.send(&robustsession.Post{Session: s.Session, Seq: seq, Lines: []robustsession.PostLine{{ID: id, Text: fmt.Sprintf("PING %d", id)}}})
		if p := next[*robustsession.Posted](m); p.Status != robustsession.StatusOK {
			t.Fatalf("post %d: %d %s", seq, p.Status, p.Text)
		}
	}
	const lines = 100
	for id := uint64(1); id <= lines; id++ {
		post(id, id)
	}
	for id := uint64(1); id <= lines; id++ {
		post(lines+id, id)
	}
	last := robustsession.PostLine{ID: lines + 1, Text: fmt.Sprintf("PING %d", lines+1)}
	m.send(&robustsession.Attach{Session: s.Session, Auth: s.Auth}, // everything again, which must not be read past
		&robustsession.Post{Session: s.Session, Seq: 2*lines + 1, Lines: []robustsession.PostLine{last}})
	answers := 0
	for done := false; !done; {
		for _, l := range next[*robustsession.Lines](m).Lines {
			answers++
			done = strings.HasSuffix(l.Text, fmt.Sprint(lines+1))
		}
	}
	if answers != lines+1 {
		t.Errorf("%d lines had %d effects", lines+1, answers)
	}
}

func mustNext(m *rawMux) robustsession.Frame {
	m.t.Helper()
	f, err := m.r.Next()
	if err != nil {
		m.t.Fatal(err)
	}
	return f
}

func TestMuxRefusals(t *testing.T) {
	n := newNetwork(t, 1, nil)
	m := n.rawMux(t)
	m.send(hello("wrong key"), &robustsession.Create{Req: 1, Remote: "192.0.2.1"})
	s := next[*robustsession.Created](m)
	if got := n.node.Sessions()[0].Remote; got != "127.0.0.1" {
		t.Errorf("a bridge that nobody trusts reported %s", got)
	}
	m.send(&robustsession.Attach{Session: 99, Auth: s.Auth})
	if f := next[*robustsession.End](m); f.Session != 99 || f.Status != robustsession.StatusNoSession {
		t.Errorf("unknown session: %+v", f)
	}
	m.send(&robustsession.Attach{Session: s.Session, Auth: "wrong"})
	if f := next[*robustsession.End](m); f.Status != robustsession.StatusNoSession {
		t.Errorf("wrong secret: %+v", f)
	}
	m.send(&robustsession.Post{Session: 99, Seq: 5, Lines: []robustsession.PostLine{{ID: 1, Text: "x"}}})
	if f := next[*robustsession.Posted](m); f.Seq != 5 || f.Status != robustsession.StatusNoSession {
		t.Errorf("post without session: %+v", f)
	}
	m.send(&robustsession.Post{Session: s.Session, Seq: 6, Lines: []robustsession.PostLine{{ID: 1, Text: "a\nb"}}})
	if f := next[*robustsession.Posted](m); f.Seq != 6 || f.Status != robustsession.StatusBadRequest {
		t.Errorf("post with LF: %+v", f)
	}
	m.send(&robustsession.Delete{Session: s.Session, Auth: "wrong"})
	if f := next[*robustsession.Deleted](m); f.Status != robustsession.StatusNoSession {
		t.Errorf("delete with wrong secret: %+v", f)
	}
	other := n.rawMux(t)
	other.send(hello(""), &robustsession.Attach{Session: s.Session, Auth: s.Auth})
	if f := next[*robustsession.End](m); f.Status != robustsession.StatusConflict {
		t.Errorf("superseded: %+v", f)
	}
}

func TestMuxBadFramesEndTheConnection(t *testing.T) {
	n := newNetwork(t, 1, nil)
	for name, frames := range map[string][]robustsession.Frame{
		"no Hello":        {&robustsession.Ping{}},
		"two Hellos":      {hello(""), hello("")},
		"other version":   {&robustsession.Hello{Version: 99}},
		"a server's":      {hello(""), &robustsession.Posted{}},
		"too many a post": {hello(""), &robustsession.Post{Session: 1, Lines: make([]robustsession.PostLine, robustsession.MaxPostLines+1)}},
	} {
		t.Run(name, func(t *testing.T) {
			m := n.rawMux(t)
			m.expectEnd(frames...)
		})
	}
}

// expectEnd sends frames and waits for the end of the connection.
func (m *rawMux) expectEnd(frames ...robustsession.Frame) {
	m.t.Helper()
	var b []byte
	for _, f := range frames {
		b = robustsession.AppendFrame(b, f)
	}
	go m.Write(b)
	for {
		if _, err := m.r.Next(); err != nil {
			if nerr := net.Error(nil); errors.As(err, &nerr) && nerr.Timeout() {
				m.t.Fatal("the connection stays open")
			}
			return
		}
	}
}

// TestMuxFloodEndsTheConnection: more posts of one session than the protocol allows are not queued without bound.
func TestMuxFloodEndsTheConnection(t *testing.T) {
	n := newNetwork(t, 1, nil)
	m := n.rawMux(t)
	m.send(hello(""), &robustsession.Create{Req: 1})
	s := next[*robustsession.Created](m)
	n.node.Elect(false)
	var posts []robustsession.Frame
	for i := range uint64(100) {
		posts = append(posts, &robustsession.Post{Session: s.Session, Seq: i, Lines: []robustsession.PostLine{{ID: i + 1, Text: "PING x"}}})
	}
	m.expectEnd(posts...)
}

// TestMuxChallenge: the session may not register before its client has returned the cookie.
func TestMuxChallenge(t *testing.T) {
	n := newNetwork(t, 1, nil)
	m, _ := n.mux(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s, err := m.Create(ctx, robustsession.Options{Remote: "192.0.2.1", Challenge: true})
	if err != nil {
		t.Fatal(err)
	}
	lines := receiveUntil(ctx, t, s, "PING")
	cookie := strings.TrimLeft(strings.TrimPrefix(lines[0].Text, "PING "), ":")
	if err := s.Post(ctx, "NICK a", "USER a 0 * :a", "PING barrier", "PONG :"+cookie); err != nil {
		t.Fatal(err)
	}
	all := receiveUntil(ctx, t, s, " 001 ")
	if !strings.Contains(all[0].Text, "barrier") {
		t.Errorf("before the barrier: %v", all)
	}
}

// TestEncryptionIsBelievedOfTrustedBridgesOnly: a session must not be shown as secure because somebody says so.
func TestEncryptionIsBelievedOfTrustedBridgesOnly(t *testing.T) {
	n := newNetwork(t, 1, nil)
	for _, c := range []struct {
		key       string
		says, tls bool
	}{{"", true, false}, {"wrong", true, false}, {api.BridgeKey(password), false, false}, {api.BridgeKey(password), true, true}} {
		m := n.rawMux(t)
		m.send(hello(c.key), &robustsession.Create{Req: 1, TLS: c.says})
		sid := ircserver.SessionID(next[*robustsession.Created](m).Session)
		for _, s := range n.node.Sessions() {
			if s.ID == sid && s.TLS != c.tls {
				t.Errorf("key %q, TLS %v: the session's is %v", c.key, c.says, s.TLS)
			}
		}
	}
	n.register(n.client(true), "alice")
	if all := n.node.Sessions(); all[len(all)-1].TLS {
		t.Error("a session over version 1 counts as encrypted")
	}
}
