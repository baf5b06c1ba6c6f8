package main

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"robustirc/canary/trace"
	"robustirc/core/api"
	"robustirc/core/ircserver"
	"robustirc/core/node"
	"robustirc/core/node/nodetest"
	"robustirc/core/robustsession"
	"robustirc/linkgw"
	"robustirc/linkgw/egress"
	"robustirc/linkgw/spool"
	"robustirc/linkgw/translate"
	"robustirc/s2s"
	"robustirc/s2s/fakenet"
)

const linkPatience = time.Minute

// startNodes starts three nodes with their APIs, in this process.
func startNodes(t *testing.T) *nodetest.Cluster {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte("canary"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	c := nodetest.Start(t, 3, func(_ int, cfg *node.Config) {
		cfg.InitialConfig.Gateways = []ircserver.Gateway{{Name: "canary", PasswordHash: string(hash)}}
	})
	for _, n := range c.Nodes {
		a := api.New(api.Options{Node: n, Password: nodetest.Password, Logger: slog.New(slog.DiscardHandler)})
		s := api.Server(a, slog.New(slog.DiscardHandler))
		served := make(chan struct{})
		l := n.HTTPListener()
		go func() {
			defer close(served)
			_ = s.Serve(l) // until it is closed
		}()
		t.Cleanup(func() {
			s.Close()
			a.Close()
			<-served
		})
	}
	return c
}

// cutTarget is the nodes as a target whose link can be cut.
type cutTarget struct {
	linkgw.Target
	mu   sync.Mutex
	link *cutLink
}

type cutLink struct {
	linkgw.TargetLink
	cut chan struct{}
}

func (t *cutTarget) Open(ctx context.Context) (linkgw.TargetLink, error) {
	l, err := t.Target.Open(ctx)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.link = &cutLink{l, make(chan struct{})}
	return t.link, nil
}

func (t *cutTarget) Cut() {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.link.cut)
}

func (l *cutLink) Receive(ctx context.Context) ([]linkgw.Output, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		select {
		case <-l.cut:
			cancel()
		case <-stop:
		}
	}()
	list, err := l.TargetLink.Receive(ctx)
	select {
	case <-l.cut:
		return list, errors.New("cut by the test")
	default:
		return list, err
	}
}

// pausedDialer dials connections that can be kept from being read, so that there is a moment of which all is known.
type pausedDialer struct {
	address string
	mu      sync.Mutex
	paused  chan struct{} // not nil while nothing is read
}

type pausedConn struct {
	net.Conn
	d *pausedDialer
}

func (d *pausedDialer) Dial(ctx context.Context) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", d.address)
	return pausedConn{c, d}, err
}

func (d *pausedDialer) pause() (resume func()) {
	c := make(chan struct{})
	d.mu.Lock()
	d.paused = c
	d.mu.Unlock()
	return func() {
		d.mu.Lock()
		d.paused = nil
		d.mu.Unlock()
		close(c)
	}
}

func (c pausedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p[:min(len(p), 4096)])
	c.d.mu.Lock()
	paused := c.d.paused
	c.d.mu.Unlock()
	if paused != nil {
		<-paused
	}
	return n, err
}

// serveFakenet starts a simulated network until the test ends.
func serveFakenet(t *testing.T, p fakenet.Protocol, rate float64) string {
	t.Helper()
	hub, err := fakenet.NewHub(fakenet.HubConfig{SendPassword: "in", AcceptPassword: "out",
		Network: fakenet.Config{Protocol: p, Users: 300, Channels: 40, Seed: 11, Rate: rate, Start: time.Now(), Broadcast: fakenet.BroadcastAlways}})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- hub.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if s := hub.Summary(); len(s.Violations) > 0 || s.Unread > 0 {
			t.Errorf("the existing network says: %+v, %d lines unread", s.Violations, s.Unread)
		}
	})
	return ln.Addr().String()
}

func linkAwait(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(linkPatience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never came that %s", what)
		}
	}
}

// TestLinkToNodes runs the whole gateway between a simulated network and three nodes, in either style and each protocol. In a
// moment of standstill the network's own account of what it has must be what the gateway thinks, and what the model of
// the existing network wants: making everything equal then takes not one line.
func TestLinkToNodes(t *testing.T) {
	for _, c := range []struct {
		protocol fakenet.Protocol
		style    robustsession.Style
	}{{fakenet.TS6, robustsession.Firehose}, {fakenet.Hybrid, robustsession.Sessions}, {fakenet.Unreal, robustsession.Firehose}} {
		t.Run(string(c.protocol)+"-"+string(c.style), func(t *testing.T) {
			t.Parallel()
			linkToNodes(t, c.protocol, c.style)
		})
	}
}

func linkToNodes(t *testing.T, p fakenet.Protocol, style robustsession.Style) {
	nodes := startNodes(t)
	log := slog.New(slog.NewTextHandler(linkLog{t}, nil))
	real := makeLinkTarget(nodes.Any().Servers(), &tls.Config{InsecureSkipVerify: true}, robustsession.GatewayConfig{Name: "canary", Password: "canary", Style: style}, log)
	defer real.Close()
	target := &cutTarget{Target: real}
	dialer := &pausedDialer{address: serveFakenet(t, p, 300)}
	protocol, mode := egress.TS6, translate.StrictReadonly
	if p == fakenet.Unreal {
		protocol, mode = egress.Unreal, translate.Broadcast
	}
	seen := &linkgw.InmemCapture{}
	record, err := trace.NewWriter(trace.Options{Dir: filepath.Join(t.TempDir(), "record"), Header: trace.Header{RunID: "test", Protocol: string(protocol)}})
	if err != nil {
		t.Fatal(err)
	}
	g, err := linkgw.New(linkgw.Config{
		Identity: linkgw.Identity{Protocol: protocol, Services: []string{"services.example.net"},
			Identity: s2s.Identity{Server: "gw.example.net", SID: "9GW", Description: "A test", SendPassword: "out", AcceptPassword: "in"}},
		Translate: translate.Config{Mode: mode, Services: []string{"services.example.net"}, Bans: true, LeaveOutServices: true},
		Dialer:    dialer, Target: target, Capture: bothCaptures{record, seen}, Log: log, Spool: spool.Options{Disk: 1 << 28, Dir: t.TempDir()},
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- g.Run(context.Background()) }()
	linkAwait(t, "the nodes are in step", func() bool { return g.Status().Target.Imports == 1 })
	linkAwait(t, "there was traffic", func() bool { c := g.Status().Coverage; done, _ := c.Eligible(); return done > 700 })

	resume := dialer.pause()
	quiet := func() bool {
		s := g.Status()
		return s.Spool.Items < 3 && s.Target.Pending == 0 && s.Target.Acked+1 >= 16+uint64(s.Target.Posted)
	}
	linkAwait(t, "all is handed over", quiet)
	time.Sleep(1200 * time.Millisecond) // the status is of the last second
	linkAwait(t, "all is handed over", quiet)
	before := g.Status()
	target.Cut()
	linkAwait(t, "the nodes have told what they have", func() bool { return g.Status().Target.Imports == before.Target.Imports+1 })
	after := g.Status()
	skewed := int64(0)
	for _, d := range after.Divergences {
		t.Logf("divergence: %+v", d)
		if d.Code == "DRIFT" && isSecond(d.Examples[0]) {
			skewed = maxSkewed
		} else if d.Code == "DRIFT" {
			t.Errorf("the nodes have another state than we think: %v", d.Examples)
			explainDrift(t, seen, d.Examples[0])
		}
	}
	if n := after.Target.Posted - before.Target.Posted; n > skewed {
		t.Errorf("%d lines were needed to make the nodes equal", n)
	}
	if after.Network.Users < 200 || after.CoverageBad != "" {
		t.Errorf("%+v", after)
	}
	resume()
	linkAwait(t, "it goes on", func() bool { return g.Status().Target.Posted > after.Target.Posted+20 })
	g.Stop()
	if err := errors.Join(<-done, record.Close()); err != nil {
		t.Error(err)
	}
	if s := record.Stats(); s.Lost > 0 || s.Records < 1000 {
		t.Errorf("%+v", s)
	}
}

// maxSkewed is how many list entries and topics may have a time one second off: who sets them gives none, and both networks
// look at their clocks, between which a second can begin.
const maxSkewed = 3

// isSecond reports whether a line of a drift is of something that has a time.
func isSecond(drift string) bool {
	return strings.HasPrefix(drift[1:], "  list ") || strings.HasPrefix(drift[1:], "  topic ")
}

// bothCaptures keeps records twice: one that a failing test can look at.
type bothCaptures struct {
	record *trace.Writer
	seen   *linkgw.InmemCapture
}

func (b bothCaptures) Append(r *trace.Record) uint64 {
	b.seen.Append(r)
	return b.record.Append(r)
}

// explainDrift shows what was said about the things that a line of a drift names.
func explainDrift(t *testing.T, seen *linkgw.InmemCapture, drift string) {
	for _, word := range strings.Fields(drift) {
		if len(word) < 9 || strings.ContainsAny(word, "=\"") {
			continue
		}
		for _, r := range seen.Records() {
			if strings.Contains(r.Line, word) && len(r.Line) < 400 {
				t.Logf("%s: %d %s %d: %s", word, r.Seq, r.Kind, r.ID, r.Line)
			}
		}
		return
	}
}

type linkLog struct{ t *testing.T }

func (l linkLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}
