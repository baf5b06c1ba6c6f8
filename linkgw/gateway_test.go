package linkgw

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"robustirc/canary/trace"
	"robustirc/linkgw/egress"
	"robustirc/linkgw/spool"
	"robustirc/linkgw/translate"
	"robustirc/s2s"
	"robustirc/s2s/fakenet"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// await waits until something holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never came that %s", what)
		}
	}
}

// sayable is all that may ever go to the network: written without a look at package egress.
var sayable = map[egress.Protocol]*regexp.Regexp{
	egress.TS6: regexp.MustCompile(`^(PASS out( TS 6 :9GW)?|CAPAB :[A-Z ]+|SERVER gw\.example\.net 1 (9GW \+ )?:A test|(:9GW )?SVINFO 6 6 0 :\d{10}|` +
		`PING :9GW|:9GW EOB|:9GW PING gw\.example\.net :?[a-zA-Z0-9.]+|:9GW PONG gw\.example\.net :[^ ,]+|:9GW SQUIT (00A|hub\.example\.net) :[^\x00\r\n]*|` +
		`:9GW [234]\d\d [A-Za-z0-9][^ ,]* .*|` +
		`:9GW EUID [^ ]+ 1 \d{10} \+i watch gw\.example\.net 0 9GWAAAAAA \* \* :It reads|:9GW UID [^ ]+ 1 \d{10} \+i watch gw\.example\.net gw\.example\.net 0 9GWAAAAAA \* :It reads|` +
		`:9GW SJOIN [1-9]\d* #[^ ,]+ 0 :9GWAAAAAA|:9GWAAAAAA (PART #[^ ,]+ :.*|QUIT :.*|NICK [^ ]+ :[1-9]\d*))$`),
	egress.Unreal: regexp.MustCompile(`^(PASS :out|PROTOCTL [^\x00-\x1f]+|SERVER gw\.example\.net 1 :U6100-h-9GW A test|NETINFO \d+ \d+ 6100 \* 0 0 0 :[^ ]+|` +
		`:9GW EOS|:9GW PING gw\.example\.net :?[a-zA-Z0-9.]+|:9GW PONG gw\.example\.net :[^ ,]+|:9GW SQUIT (00A|hub\.example\.net) :[A-Za-z ]+|` +
		`:9GW [234]\d\d [A-Za-z0-9][^ ,]* .*|` +
		`:9GW UID [^ ]+ 1 \d{10} watch gw\.example\.net 9GWAAAAAA 0 \+i \* \* \* :It reads|:9GW SJOIN [1-9]\d* #[^ ,]+ :9GWAAAAAA ?|:9GWAAAAAA (PART #[^ ,]+ :.*|QUIT :.*|NICK [^ ]+ :?[1-9]\d*))$`),
}

// tapped is a connection whose every sent byte is held against sayable.
type tapped struct {
	net.Conn
	t  *tap
	mu sync.Mutex
	b  bytes.Buffer
}

// tap is what all connections of a test have sent.
type tap struct {
	protocol egress.Protocol
	mu       sync.Mutex
	lines    []string
	bad      []string
}

func (c *tapped) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.b.Write(p)
	for {
		line, err := c.b.ReadString('\n')
		if err != nil {
			c.b.WriteString(line)
			break
		}
		c.t.see(strings.TrimSuffix(line, "\r\n"))
	}
	return c.Conn.Write(p)
}

func (t *tap) see(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, line)
	if !sayable[t.protocol].MatchString(line) {
		t.bad = append(t.bad, line)
	}
}

func (t *tap) count(part string) (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, line := range t.lines {
		if strings.Contains(line, part) {
			n++
		}
	}
	return n
}

// tcp dials a test's hub.
type tcp struct {
	address string
	tap     *tap
	mu      sync.Mutex
	conns   []net.Conn
	fail    error
}

func (d *tcp) Dial(ctx context.Context) (net.Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		return nil, d.fail
	}
	c, err := new(net.Dialer).DialContext(ctx, "tcp", d.address)
	if err != nil {
		return nil, err
	}
	d.conns = append(d.conns, c)
	return &tapped{Conn: c, t: d.tap}, nil
}

// cut closes all connections.
func (d *tcp) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.conns {
		c.Close()
	}
	d.conns = nil
}

// world is a hub, a gateway and a new network.
type world struct {
	t       *testing.T
	hub     *fakenet.Hub
	stopHub func() fakenet.Summary
	dial    *tcp
	target  *InmemTarget
	capture *InmemCapture
	g       *Gateway
	cfg     Config
	done    chan error
	ended   bool
}

// hubConfig is a small network.
func hubConfig(p fakenet.Protocol) fakenet.HubConfig {
	return fakenet.HubConfig{SendPassword: "in", AcceptPassword: "out",
		Network: fakenet.Config{Protocol: p, Users: 200, Channels: 30, Seed: 7, Rate: 400, Start: time.Now()}}
}

func protocolOf(p fakenet.Protocol) egress.Protocol {
	if p == fakenet.Unreal {
		return egress.Unreal
	}
	return egress.TS6
}

// newWorld starts a hub; run starts the gateway.
func newWorld(t *testing.T, hc fakenet.HubConfig) *world {
	t.Helper()
	hub, err := fakenet.NewHub(hc)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := protocolOf(hc.Network.Protocol)
	w := &world{t: t, hub: hub, dial: &tcp{address: ln.Addr().String(), tap: &tap{protocol: p}}, target: NewInmemTarget(), capture: &InmemCapture{}, done: make(chan error, 1)}
	w.serve(ln)
	w.cfg = Config{
		Identity: Identity{Protocol: p, Services: []string{"services.example.net"}, Identity: s2s.Identity{Server: "gw.example.net", SID: "9GW", Description: "A test",
			SendPassword: "out", AcceptPassword: "in", PeerName: "hub.example.net"}},
		Translate: translate.Config{Services: []string{"services.example.net"}, Bans: true},
		Dialer:    w.dial, Target: w.target, Capture: w.capture, Log: slog.New(slog.NewTextHandler(testWriter{t}, nil)),
		Spool: spool.Options{Memory: 1 << 20, Disk: 1 << 28, Dir: t.TempDir()},
	}
	t.Cleanup(w.end)
	return w
}

func (w *world) serve(ln net.Listener) {
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- w.hub.Serve(ctx, ln) }()
	hub := w.hub
	w.stopHub = sync.OnceValue(func() fakenet.Summary {
		cancel()
		if err := <-served; err != nil {
			w.t.Error(err)
		}
		return hub.Summary()
	})
}

// testWriter logs to the test.
type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Logf("%s", bytes.TrimSpace(p))
	return len(p), nil
}

func (w *world) run() *world {
	w.t.Helper()
	g, err := New(w.cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	w.g = g
	go func() { w.done <- g.Run(context.Background()) }()
	return w
}

// stop ends the gateway and returns what Run returned.
func (w *world) stop() error {
	w.t.Helper()
	if w.ended {
		return nil
	}
	w.ended = true
	w.g.Stop()
	select {
	case err := <-w.done:
		return err
	case <-time.After(patience):
		w.t.Fatal("the gateway does not stop")
		return nil
	}
}

// end checks what holds of every test: nothing was said that must not, and the coverage adds up.
func (w *world) end() {
	if w.g != nil {
		if err := w.stop(); err != nil {
			w.t.Errorf("the gateway ended with %v", err)
		}
		s := w.g.Status()
		if s.CoverageBad != "" || len(s.Egress.Blocked) > 0 {
			w.t.Errorf("coverage %q, blocked %v", s.CoverageBad, s.Egress.Blocked)
		}
	}
	sum := w.stopHub()
	if len(sum.Violations) > 0 || sum.Unread > 0 {
		w.t.Errorf("the network says: %+v, %d lines unread", sum.Violations, sum.Unread)
	}
	w.dial.tap.mu.Lock()
	defer w.dial.tap.mu.Unlock()
	if len(w.dial.tap.bad) > 0 {
		w.t.Errorf("sent and not on the list: %q", w.dial.tap.bad)
	}
}

func (w *world) inStep() {
	w.t.Helper()
	await(w.t, "the new network is in step", func() bool { return w.g.Status().Target.Imports > 0 })
}

func eachProtocol(t *testing.T, test func(t *testing.T, p fakenet.Protocol)) {
	for _, p := range []fakenet.Protocol{fakenet.TS6, fakenet.Hybrid, fakenet.Unreal} {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			test(t, p)
		})
	}
}

// TestFollows links to each kind of network, imports it, follows it, and leaves it.
func TestFollows(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, p fakenet.Protocol) {
		w := newWorld(t, hubConfig(p)).run()
		w.inStep()
		await(t, "live events come", func() bool {
			c := w.g.Status().Coverage
			done, _ := c.Eligible()
			return done > 200
		})
		s := w.g.Status()
		if s.State != StateLinked || s.Link == nil || s.Link.Peer != "hub.example.net" || !s.Target.Linked || s.Network.Users < 100 || s.Links != 1 {
			t.Errorf("%+v", s)
		}
		lines, links := w.target.Lines()
		if len(lines) < 300 || links != 1 {
			t.Errorf("%d lines on %d links", len(lines), links)
		}
		begin := time.Now()
		if err := w.stop(); err != nil || time.Since(begin) > time.Second {
			t.Errorf("stopped after %v with %v", time.Since(begin), err)
		}
		if n := w.dial.tap.count(" SQUIT "); n != 1 {
			t.Errorf("%d SQUIT", n)
		}
		kinds := map[trace.Kind]int{}
		for _, r := range w.capture.Records() {
			kinds[r.Kind]++
		}
		for _, k := range []trace.Kind{trace.KindLinkUp, trace.KindLinkDown, trace.KindLinkIn, trace.KindLinkOut, trace.KindOp, trace.KindAcked, trace.KindOutput} {
			if kinds[k] == 0 {
				t.Errorf("no record of %s", k)
			}
		}
	})
}

// TestObserver holds that the observer joins what it should, hears text, and never anything else.
func TestObserver(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, p fakenet.Protocol) {
		hc := hubConfig(p)
		hc.Network.Rate = 2000
		w := newWorld(t, hc)
		w.run()
		w.inStep()
		channels := w.channels(12)
		w.stop()

		o := newWorld(t, hc)
		o.cfg.Observing = &Observing{Channels: append(channels, "#nosuchchannel"), Ident: "watch", Host: "gw.example.net", Realname: "It reads"}
		o.cfg.Translate.Mode = translate.Observer
		o.run()
		o.inStep()
		await(t, "the observer is there", func() bool {
			s := o.g.Status().Observer
			return s != nil && s.Present && len(s.Channels) > 3
		})
		await(t, "text is heard", func() bool {
			for _, r := range o.g.Status().Coverage.Rows {
				if r.Command == "PRIVMSG" && r.Translated > 20 {
					return true
				}
			}
			return false
		})
		if s := o.g.Status().Observer; !strings.Contains(strings.Join(s.Missing, " "), "#nosuchchannel") || s.Returns != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// TestObserverByMask holds that a mask chooses channels that are open to all, and hears them.
func TestObserverByMask(t *testing.T) {
	t.Parallel()
	hc := hubConfig(fakenet.TS6)
	hc.Network.Rate = 2000
	o := newWorld(t, hc)
	o.cfg.Observing = &Observing{Channels: []string{"#*"}, Ident: "watch", Host: "gw.example.net", Realname: "It reads"}
	o.cfg.Translate.Mode = translate.Observer
	o.run()
	o.inStep()
	await(t, "the observer is on several channels", func() bool {
		s := o.g.Status().Observer
		return s != nil && s.Present && len(s.Channels) > 3
	})
	await(t, "text is heard", func() bool {
		for _, r := range o.g.Status().Coverage.Rows {
			if r.Command == "PRIVMSG" && r.Translated > 20 {
				return true
			}
		}
		return false
	})
}

// TestOverflow holds that a queue that is full is a gap with a beginning and an end, that the link stays, and that a new
// burst makes up for it.
func TestOverflow(t *testing.T) {
	t.Parallel()
	hc := hubConfig(fakenet.TS6)
	hc.Network.Rate = 4000
	w := newWorld(t, hc)
	w.cfg.Spool.Memory, w.cfg.Spool.Disk = 64<<10, 64<<10
	w.run()
	w.inStep()
	unblock := w.target.Block()
	await(t, "the queue overflows", func() bool { return w.g.Status().GapLines > 500 })
	if s := w.g.Status(); s.State != StateLinked || s.Links != 1 || len(s.Gaps) != 1 || s.Gaps[0].Reason != GapOverflow || !s.Gaps[0].To.IsZero() {
		t.Errorf("%+v", s.Gaps)
	}
	unblock()
	await(t, "a new burst was imported", func() bool { s := w.g.Status(); return s.Links == 2 && s.Target.Imports == 2 })
	await(t, "the gap has ended and is accounted for", func() bool {
		s := w.g.Status()
		dropped := int64(0)
		for _, r := range s.Coverage.Rows {
			dropped += r.Skipped[translate.QueueDrop]
		}
		return !s.Gaps[0].To.IsZero() && s.Gaps[0].To.After(s.Gaps[0].From) && dropped > 0 && uint64(dropped) == s.Gaps[0].Lines
	})
}

// TestTargetIsLost holds that a new link to the new network is made, and everything is made equal again.
func TestTargetIsLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubConfig(fakenet.TS6)).run()
	w.inStep()
	w.target.Cut(errors.New("no quorum for ever"))
	await(t, "it is in step again", func() bool { s := w.g.Status(); return s.Target.Opened == 2 && s.Target.Imports == 2 })
	if s := w.g.Status(); s.Links != 1 || s.GapCount != 1 || s.Gaps[0].Reason != GapTarget {
		t.Errorf("%d links, %+v", s.Links, s.Gaps)
	}
	w.target.Cut(&RefusedError{"taken over"})
	var refused *RefusedError
	select {
	case err := <-w.done:
		if w.ended = true; !errors.As(err, &refused) {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Error("it goes on although another has taken over")
	}
}

// records are a RecordReader of what a test has captured.
type records struct {
	list   []trace.Record
	header trace.Header
}

func (r *records) Header() trace.Header { return r.header }

func (r *records) Next(rec *trace.Record) error {
	if len(r.list) == 0 {
		return io.EOF
	}
	*rec, r.list = r.list[0], r.list[1:]
	return nil
}

// TestReplay holds that a record gives the same again: the events, what became of them, and nearly the lines that were posted
// (the new network of a replay takes no time).
func TestReplay(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, p fakenet.Protocol) {
		hc := hubConfig(p)
		hc.Network.Rate = 2000
		w := newWorld(t, hc).run()
		w.inStep()
		await(t, "live events come", func() bool { c := w.g.Status().Coverage; done, _ := c.Eligible(); return done > 800 })
		w.stop()
		s := w.g.Status()
		id := w.cfg.Identity
		header := trace.Header{RunID: "x", Started: s.Started, Protocol: s.Protocol, Us: s.Server, SID: s.SID}
		list := append([]trace.Record{{Kind: trace.KindHeader}}, w.capture.Records()...)
		sum, err := Replay(t.Context(), &records{list, header}, ReplayConfig{Translate: w.cfg.Translate, Identity: func(trace.Header) Identity { return id }}, 0, w.cfg.Log)
		if err != nil || sum.CoverageBad != "" || sum.Links != 1 || sum.Lines == 0 {
			t.Fatalf("%+v, %v", sum, err)
		}
		if sum.Coverage.Events < s.Coverage.Events || sum.Operations < sum.Recorded*9/10 || sum.Recorded == 0 {
			t.Errorf("%d events again, %d before; %d operations again, %d recorded", sum.Coverage.Events, s.Coverage.Events, sum.Operations, sum.Recorded)
		}
	})
}

// TestRestart holds that the time between two processes is a gap with a beginning and an end.
func TestRestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubConfig(fakenet.TS6)).run()
	w.inStep()
	if s := w.g.Status(); s.GapCount != 0 {
		t.Errorf("%+v", s.Gaps)
	}
	w.stop()
	w.ended = false
	between := time.Now()
	w.run()
	w.inStep()
	if s := w.g.Status(); s.GapCount != 1 || s.Gaps[0].Reason != GapRestart || s.Gaps[0].From.After(between) || s.Gaps[0].To.Before(between) {
		t.Errorf("%+v", s.Gaps)
	}
}

// TestLinkIsCut holds that the link is made again by itself, once at once, and that only what changed is done.
func TestLinkIsCut(t *testing.T) {
	t.Parallel()
	hc := hubConfig(fakenet.TS6)
	hc.Network.Rate = 1
	w := newWorld(t, hc).run()
	w.inStep()
	lines, _ := w.target.Lines()
	w.dial.cut()
	await(t, "it is in step again", func() bool { s := w.g.Status(); return s.Links == 2 && s.Target.Imports == 2 })
	again, _ := w.target.Lines()
	if len(again) > len(lines)+len(lines)/10 {
		t.Errorf("%d lines for the import, %d more after the cut", len(lines), len(again)-len(lines))
	}
	if s := w.g.Status(); s.GapCount != 1 || s.Gaps[0].Reason != GapUnlinked || s.Gaps[0].To.IsZero() {
		t.Errorf("%+v", s.Gaps)
	}
	w.dial.cut()
	await(t, "it waits for the five minutes", func() bool {
		s := w.g.Status()
		return s.State == StateWaiting && time.Until(s.NextLink) > 4*time.Minute
	})
	w.g.Relink()
	await(t, "the operator gets a link at once", func() bool { s := w.g.Status(); return s.Links == 3 && s.Target.Imports == 3 })
}

// TestPanics holds that a fault of ours ends the link in a clean way, and the gateway.
func TestPanics(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubConfig(fakenet.TS6))
	w.cfg.Dialer = panickingDialer{w.dial}
	w.run()
	select {
	case err := <-w.done:
		if w.ended = true; !errors.Is(err, errPanic) {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("it goes on")
	}
	if n := w.dial.tap.count(" SQUIT "); n != 1 {
		t.Errorf("%d SQUIT", n)
	}
}

// panickingDialer makes connections that panic in the leaf goroutine when the burst is over.
type panickingDialer struct{ *tcp }

func (d panickingDialer) Dial(ctx context.Context) (net.Conn, error) {
	c, err := d.tcp.Dial(ctx)
	return &panickingConn{Conn: c}, err
}

type panickingConn struct {
	net.Conn
	said bool
}

func (c *panickingConn) Write(p []byte) (int, error) {
	if !c.said && bytes.Contains(p, []byte(" PONG ")) {
		c.said = true
		panic("a fault")
	}
	return c.Conn.Write(p)
}

// TestMemoryLimit holds that a process that needs too much leaves.
func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubConfig(fakenet.TS6))
	w.cfg.MaxMemory = 1
	w.run()
	select {
	case err := <-w.done:
		if w.ended = true; !errors.Is(err, errMemory) {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("it goes on")
	}
}

// TestRefusal holds that the peer's refusal is told, and not tried again at once.
func TestRefusal(t *testing.T) {
	t.Parallel()
	hc := hubConfig(fakenet.TS6)
	hc.AcceptPassword = "another"
	w := newWorld(t, hc).run()
	await(t, "it was refused", func() bool { s := w.g.Status(); return strings.Contains(s.LastError, "password") })
	await(t, "it waits", func() bool { return w.g.Status().State == StateWaiting && w.g.Status().Links == 2 })
	if s := w.g.Status(); time.Until(s.NextLink) < 4*time.Minute {
		t.Errorf("the next attempt comes after %v", time.Until(s.NextLink))
	}
}

// channels are some that the new network was told of.
func (w *world) channels(n int) (names []string) {
	lines, _ := w.target.Lines()
	for _, line := range lines {
		if word := strings.Fields(line); word[0] == "MEMBERS" && len(names) < n && !slices.Contains(names, word[1]) {
			names = append(names, word[1])
		}
	}
	return names
}
