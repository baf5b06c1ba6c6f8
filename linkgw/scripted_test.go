package linkgw

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"robustirc/linkgw/egress"
	"robustirc/linkgw/spool"
	"robustirc/linkgw/translate"
	"robustirc/s2s"
)

// peer is a solanum that says what a test wants.
type peer struct {
	t    *testing.T
	ln   net.Listener
	conn net.Conn
	tap  *tap

	mu    sync.Mutex
	heard []string
	more  chan struct{}
	work  sync.WaitGroup
}

func newPeer(t *testing.T) *peer {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{t: t, ln: ln, tap: &tap{protocol: egress.TS6}, more: make(chan struct{}, 1)}
	t.Cleanup(func() {
		ln.Close()
		if p.conn != nil {
			p.conn.Close()
		}
		p.work.Wait()
		if len(p.tap.bad) > 0 {
			t.Errorf("sent and not on the list: %q", p.tap.bad)
		}
	})
	return p
}

func (p *peer) Dial(ctx context.Context) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", p.ln.Addr().String())
	if err != nil {
		return nil, err
	}
	return &tapped{Conn: c, t: p.tap}, nil
}

func (p *peer) config(target Target) Config {
	return Config{
		Identity: Identity{Protocol: egress.TS6, Identity: s2s.Identity{Server: "gw.example.net", SID: "9GW", Description: "A test", SendPassword: "out", AcceptPassword: "in"}},
		Dialer:   p, Target: target, Log: slog.New(slog.NewTextHandler(testWriter{p.t}, nil)),
		Spool: spool.Options{Memory: 1 << 20, Disk: 1 << 28, Dir: p.t.TempDir()},
	}
}

// accept takes the next link and tells a burst of some users and a channel.
func (p *peer) accept(users int) {
	p.t.Helper()
	conn, err := p.ln.Accept()
	if err != nil {
		p.t.Fatal(err)
	}
	p.conn = conn
	p.work.Go(func() { p.read(conn) })
	p.await("SERVER gw.example.net")
	p.say("PASS in TS 6 :00A", "CAPAB :QS EX IE ENCAP EUID TB EBMASK CHW SAVE", "SERVER hub.example.net 1 :A hub", fmt.Sprintf("SVINFO 6 6 0 :%d", time.Now().Unix()))
	var members []string
	for i := range users {
		p.say(fmt.Sprintf(":00A EUID user%d 1 1790000000 +i u host%d.example 192.0.2.1 %s * * :A user", i, i, uid(i)))
		members = append(members, uid(i))
	}
	p.say(":00A SJOIN 1780000000 #chan +nt :@"+strings.Join(members, " "), "PING :00A")
	p.await(":9GW PONG gw.example.net :00A")
}

func uid(i int) string { return fmt.Sprintf("00AAAAA%02d", i) }

func (p *peer) say(lines ...string) {
	p.t.Helper()
	if _, err := p.conn.Write([]byte(strings.Join(lines, "\r\n") + "\r\n")); err != nil {
		p.t.Error(err)
	}
}

func (p *peer) read(conn net.Conn) {
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		p.mu.Lock()
		p.heard = append(p.heard, lines.Text())
		p.mu.Unlock()
		select {
		case p.more <- struct{}{}:
		default:
		}
	}
}

// await waits for a line that contains something, takes it and all before it away, and returns it.
func (p *peer) await(part string) string {
	p.t.Helper()
	timeout := time.After(patience)
	for {
		p.mu.Lock()
		for i, line := range p.heard {
			if strings.Contains(line, part) {
				p.heard = p.heard[i+1:]
				p.mu.Unlock()
				return line
			}
		}
		p.mu.Unlock()
		select {
		case <-p.more:
		case <-timeout:
			p.t.Fatalf("%q never came; %q", part, p.heard)
		}
	}
}

// start runs a gateway until the test ends.
func start(t *testing.T, cfg Config) *Gateway {
	t.Helper()
	g, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- g.Run(context.Background()) }()
	t.Cleanup(func() {
		g.Stop()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Error("the gateway does not stop")
		}
	})
	return g
}

// TestPongWhileTheTargetIsBlocked holds the promise to the existing network: with a new network that stands still, and a
// queue that goes to disk, PING is answered within a second, memory is bounded, and afterwards everything arrives in order.
func TestPongWhileTheTargetIsBlocked(t *testing.T) {
	t.Parallel()
	p, target := newPeer(t), NewInmemTarget()
	cfg := p.config(target)
	g := start(t, cfg)
	p.accept(3)
	await(t, "it is in step", func() bool { return g.Status().Target.Imports == 1 })
	imported, _ := target.Lines()
	unblock := target.Block()
	said := 0
	for round := range 40 {
		var lines []string
		for range 1500 {
			said++
			lines = append(lines, fmt.Sprintf(":%s PRIVMSG #chan :text number %d", uid(said%3), said))
		}
		ping := fmt.Sprintf("PING :round%d", round)
		p.say(append(lines, ping)...)
		begin := time.Now()
		p.await(fmt.Sprintf(":9GW PONG gw.example.net :round%d", round))
		if d := time.Since(begin); d > time.Second {
			t.Errorf("round %d: PONG after %v", round, d)
		}
	}
	s := g.Status()
	if s.State != StateLinked || s.Spool.DiskBytes < 256<<10 || s.Spool.MemoryBytes > 2*cfg.Spool.Memory || s.GapCount != 0 {
		t.Errorf("%+v", s)
	}
	await(t, "it is known to be behind", func() bool { return g.Status().Target.Behind > 0 })
	unblock()
	await(t, "all is delivered", func() bool { lines, _ := target.Lines(); return len(lines) == len(imported)+said })
	lines, links := target.Lines()
	for i, line := range lines[len(imported):] {
		if want := fmt.Sprintf(":%s PRIVMSG #chan :text number %d", uid((i+1)%3), i+1); line != want {
			t.Fatalf("line %d is %q, not %q", i, line, want)
		}
	}
	target.mu.Lock()
	defer target.mu.Unlock()
	for i, id := range target.ids {
		if id != uint64(16+i) {
			t.Fatalf("line %d has id %d", i, id)
		}
	}
	if links != 1 {
		t.Errorf("%d links", links)
	}
}

// TestAnswers holds what a server owes to those who ask, and that more than a few a second are not answered.
func TestAnswers(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	start(t, p.config(NewInmemTarget()))
	p.accept(1)
	for query, code := range map[string]string{
		"VERSION :9GW": "351", "TIME :9GW": "391", "ADMIN :9GW": "259", "MOTD :9GW": "422", "INFO :9GW": "374", "STATS u :9GW": "219", "LUSERS * :9GW": "255",
		"USERS :9GW": "265", "LINKS 9GW :*": "365", "TRACE :9GW": "262", "WHOIS 9GW :nobody": "401", "WHOWAS nobody 1 :9GW": "369",
	} {
		p.say(":" + uid(0) + " " + query)
		p.await(":9GW " + code + " " + uid(0) + " ")
	}
	for range 100 {
		p.say(":" + uid(0) + " VERSION :9GW")
	}
	p.say("PING :done")
	p.await("PONG gw.example.net :done")
	if n := p.tap.count(" 351 "); n < 5 || n > 40 {
		t.Errorf("%d of 101 questions were answered", n)
	}
}

// observing is a gateway with an observer on #chan.
func observing(t *testing.T, p *peer) *Gateway {
	cfg := p.config(NewInmemTarget())
	cfg.Observing = &Observing{Channels: []string{"#chan"}, Ident: "watch", Host: "gw.example.net", Realname: "It reads"}
	cfg.Translate.Mode = translate.Observer
	return start(t, cfg)
}

// TestObserverObeys holds what the observer does when it is killed, kicked, renamed, banned, or alone.
func TestObserverObeys(t *testing.T) {
	t.Parallel()
	const me = "9GWAAAAAA"
	p := newPeer(t)
	g := observing(t, p)
	p.accept(2)
	p.await(":9GW EUID 9GWAAAAAA 1 ")
	p.await(":9GW SJOIN 1780000000 #chan 0 :9GWAAAAAA")

	p.say(":00A ENCAP gw.example.net RSFNC 9GWAAAAAA Guest7 1790000009 0")
	p.await(":9GWAAAAAA NICK Guest7 :1790000009")
	p.say(":" + uid(0) + " WHOIS 9GW :Guest7")
	p.await(":9GW 311 " + uid(0) + " Guest7 watch gw.example.net * :It reads")

	p.say(":"+uid(0)+" PART #chan", ":"+uid(1)+" PART #chan")
	p.await(":9GWAAAAAA PART #chan :")
	p.say(":00A SJOIN 1785000000 #chan +nt :@" + uid(0))
	p.await(":9GW SJOIN 1785000000 #chan 0 :9GWAAAAAA")
	p.say(":" + uid(0) + " TMODE 1785000000 #chan +b *!*@gw.example.net")
	p.await(":9GWAAAAAA PART #chan :")
	p.say(":" + uid(0) + " TMODE 1785000000 #chan -b *!*@gw.example.net")
	p.await(":9GW SJOIN 1785000000 #chan 0 :9GWAAAAAA")
	p.say(":" + uid(0) + " KICK #chan " + me + " :away with you")
	p.say("PING :kicked")
	p.await("PONG gw.example.net :kicked")
	await(t, "it is kept out", func() bool { return len(g.Status().Observer.KeptOut) == 1 })

	for range maxIntroductions {
		p.say(":" + uid(0) + " KILL " + me + " :hub!host!user0 (no watching)")
	}
	p.say("PING :killed")
	p.await("PONG gw.example.net :killed")
	if n := p.tap.count(":9GW EUID "); n != maxIntroductions {
		t.Errorf("it was introduced %d times", n)
	}
	await(t, "it stays away", func() bool { return !g.Status().Observer.Present })
}

// TestObserverLeavesWhenBanned holds that we enforce the network's bans on our own user, as every server does.
func TestObserverLeavesWhenBanned(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	g := observing(t, p)
	p.accept(1)
	p.await("SJOIN")
	p.say(":" + uid(0) + " ENCAP * KLINE 3600 watch gw.* :no watching")
	p.await(":9GWAAAAAA QUIT :Banned")
	await(t, "it stays away", func() bool { s := g.Status().Observer; return !s.Present && s.Banned })
}

// TestErrorOfThePeer holds that the peer's word ends the link, and is told with advice.
func TestErrorOfThePeer(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	g := start(t, p.config(NewInmemTarget()))
	p.accept(1)
	p.say("ERROR :Closing Link: 127.0.0.1 (Server Exists)")
	await(t, "the link is over", func() bool { return strings.Contains(g.Status().LastError, "name_in_use") })
	p.accept(1)
	await(t, "it links again", func() bool { s := g.Status(); return s.Links == 2 && s.State == StateLinked })
}

// TestSilence holds by a clock of the test that a silent peer is asked, and then given up.
func TestSilence(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	cfg := p.config(NewInmemTarget())
	clock := NewManualClock(time.Now())
	cfg.Clock = clock
	g := start(t, cfg)
	p.accept(1)
	await(t, "it is linked", func() bool { return g.Status().State == StateLinked })
	pass := func(d time.Duration) {
		for range d / time.Second {
			clock.Advance(time.Second)
			await(t, "the second is noticed", func() bool { clock.mu.Lock(); defer clock.mu.Unlock(); return len(clock.timers) >= 3 })
		}
	}
	pass(46 * time.Second)
	p.await(":9GW PING gw.example.net :hub.example.net")
	pass(46 * time.Second)
	p.await(" SQUIT ")
}

// TestRelinkRule holds the rule of one link in five minutes, and the pauses between attempts that reach no server.
func TestRelinkRule(t *testing.T) {
	now := time.Now()
	var r relinks
	if w := r.wait(now, 1); w != 0 {
		t.Errorf("the first attempt waits %v", w)
	}
	var pauses []string
	for range 10 {
		r.unreached()
		pauses = append(pauses, r.wait(now, 0).String())
	}
	if got := strings.Join(pauses, " "); got != "1s 2s 4s 8s 16s 32s 1m0s 1m0s 1m0s 1m0s" {
		t.Error(got)
	}
	r.reached(now)
	if w := r.wait(now, 0); w != time.Second {
		t.Errorf("the first time it links again after %v", w)
	}
	r.reached(now)
	if w := r.wait(now.Add(time.Minute), 0); w != 4*time.Minute {
		t.Errorf("the second time it links again after %v", w)
	}
	r.ask()
	if w := r.wait(now, 0); w != 0 {
		t.Errorf("an operator waits %v", w)
	}
	r.reached(now)
	if w := r.wait(now.Add(6*time.Minute), 1); w != 1250*time.Millisecond {
		t.Errorf("after the five minutes it waits %v", w)
	}
}

// pipeDialer dials peers that never read.
type pipeDialer struct{ t *testing.T }

func (d pipeDialer) Dial(context.Context) (net.Conn, error) {
	ours, theirs := net.Pipe()
	d.t.Cleanup(func() { theirs.Close() })
	return ours, nil
}

// TestStopWithStuckPeer holds that stopping takes no more than a second, also when the peer reads nothing.
func TestStopWithStuckPeer(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	cfg := p.config(NewInmemTarget())
	cfg.Dialer = pipeDialer{t}
	g, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- g.Run(context.Background()) }()
	await(t, "it writes", func() bool { return g.Status().State == StateLinking })
	begin := time.Now()
	g.Stop()
	if err := <-done; err != nil || time.Since(begin) > time.Second {
		t.Errorf("stopped after %v with %v", time.Since(begin), err)
	}
}

// TestSpoolLoss holds that lines which the disk does not give back are a gap, and that a new link makes up for them.
func TestSpoolLoss(t *testing.T) {
	t.Parallel()
	p, target := newPeer(t), NewInmemTarget()
	g := start(t, p.config(target))
	p.accept(2)
	await(t, "it is in step", func() bool { return g.Status().Target.Imports == 1 })
	g.mirror.items <- fed{err: &spool.LostError{Items: 7, First: time.Now(), Last: time.Now(), Cause: errors.New("a bad disk")}}
	p.accept(2)
	await(t, "it is in step again", func() bool { s := g.Status(); return s.Links == 2 && s.Target.Imports == 2 })
	if s := g.Status(); len(s.Gaps) != 2 || s.Gaps[0].Reason != GapSpool || s.Gaps[0].Lines != 7 || s.Gaps[0].To.IsZero() {
		t.Errorf("%+v", s.Gaps)
	}
}
