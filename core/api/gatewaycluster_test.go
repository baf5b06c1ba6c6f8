package api_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"robustirc/core/api"
	"robustirc/core/ircserver"
	"robustirc/core/node"
	"robustirc/core/node/nodetest"
	"robustirc/core/robustsession"
)

// gatewayCluster is three nodes with their APIs, in one process.
type gatewayCluster struct {
	*nodetest.Cluster
	t    testing.TB
	apis []func() // stop what serves a node
}

func startGatewayCluster(t testing.TB) *gatewayCluster {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte("canary"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	c := &gatewayCluster{t: t, apis: make([]func(), 3)}
	c.Cluster = nodetest.Start(t, 3, func(_ int, cfg *node.Config) {
		cfg.InitialConfig.Gateways = []ircserver.Gateway{{Name: "canary", PasswordHash: string(hash)}}
	})
	for i := range c.Nodes {
		c.serve(i)
	}
	t.Cleanup(func() {
		for _, stop := range c.apis {
			stop()
		}
	})
	return c
}

// serve starts the API of a running node.
func (c *gatewayCluster) serve(i int) {
	a := api.New(api.Options{Node: c.Nodes[i], Password: nodetest.Password, Logger: slog.New(slog.DiscardHandler)})
	s := api.Server(a, slog.New(slog.DiscardHandler))
	l, served := c.Nodes[i].HTTPListener(), make(chan struct{})
	go func() {
		defer close(served)
		_ = s.Serve(l) // until it is closed
	}()
	c.apis[i] = func() {
		s.Close()
		a.Close()
		<-served
	}
}

// replace kills a node and starts it again.
func (c *gatewayCluster) replace(i int) {
	c.t.Helper()
	c.Kill(i)
	c.apis[i]()
	c.Restart(i)
	c.serve(i)
}

func (c *gatewayCluster) mux() *robustsession.Mux {
	m := robustsession.NewMux(robustsession.MuxConfig{
		Servers: c.Any().Servers(), TLS: &tls.Config{InsecureSkipVerify: true}, Logger: slog.New(slog.DiscardHandler),
	})
	c.t.Cleanup(m.Close)
	return m
}

// TestGatewayOverLeaderKills streams while the leader is killed again and again, and posts whole entries: every line
// happens once and in order, and every output arrives once and in order, from whichever node.
func TestGatewayOverLeaderKills(t *testing.T) {
	const posts, perPost, kills = 60, 100, 2
	c := startGatewayCluster(t)
	ctx, cancel := context.WithTimeout(t.Context(), 6*patience)
	defer cancel()
	g := openGateway(ctx, t, c.mux(), robustsession.Firehose, nil)
	ids := g.users(3)
	posted := make(chan error, 1)
	go func() { posted <- postNumbers(ctx, g.Gateway, posts, perPost) }()
	var seen []robustsession.ID
	for next := 0; next < posts*perPost; {
		o := g.next()
		seen = append(seen, o.ID)
		number, ok := strings.CutPrefix(o.Line, ":user0!u@user.example PRIVMSG #x :number ")
		if !ok {
			continue
		}
		if number != fmt.Sprint(next) || o.Cause != uint64(1000+next) || !slices.Equal(slices.Collect(o.Recipients()), ids[1:]) {
			t.Fatalf("got %+v, want number %d", o, next)
		}
		if next++; next%(posts*perPost/(kills+1)) == 0 && next < posts*perPost {
			c.replace(c.Leader())
		}
	}
	if err := <-posted; err != nil {
		t.Fatal(err)
	}
	c.Settle()
	for _, n := range c.Nodes {
		checkSeen(t, n.Outputs(), g.Session(), seen)
	}
}

// postNumbers posts numbered lines of one user.
func postNumbers(ctx context.Context, g *robustsession.Gateway, posts, perPost int) error {
	for i := range posts {
		ids, lines := make([]uint64, perPost), make([]string, perPost)
		for j := range lines {
			number := i*perPost + j
			ids[j], lines[j] = uint64(1000+number), fmt.Sprintf(":1A PRIVMSG #x :number %d", number)
		}
		if err := g.Post(ctx, ids, lines); err != nil {
			return fmt.Errorf("post %d: %w", i, err)
		}
	}
	return nil
}

// BenchmarkGateway has a gateway's user talk to a channel of 1,000, on three nodes in this process, and receives what
// the members get: in one stream, or in one for each. An operation is a message.
func BenchmarkGateway(b *testing.B) {
	for _, style := range []robustsession.Style{robustsession.Firehose, robustsession.Sessions} {
		for _, members := range []int{10, 1000} {
			b.Run(fmt.Sprintf("%s/members=%d", style, members), func(b *testing.B) { benchmarkGateway(b, style, members) })
		}
	}
}

func benchmarkGateway(b *testing.B, style robustsession.Style, members int) {
	c := startGatewayCluster(b)
	g := openGateway(b.Context(), b, c.mux(), style, nil)
	ids := g.users(members)
	g.post("PING :joined")
	g.until("joined")
	receivers := []func(context.Context) ([]robustsession.Output, error){g.Receive}
	if style == robustsession.Sessions {
		receivers = nil
		for _, id := range ids[1:] {
			u, err := g.Attach(b.Context(), id, robustsession.ID{})
			if err != nil {
				b.Fatal(err)
			}
			receivers = append(receivers, u.Receive)
		}
	}
	b.ResetTimer()
	cpu := cpuTime()
	var receiving sync.WaitGroup
	for _, receive := range receivers {
		receiving.Go(func() { receiveMessages(b, receive, b.N) })
	}
	const perPost = 256
	line := ":1A PRIVMSG #x :a message of usual length, with nothing special in it, to be seen by all members"
	for left := b.N; left > 0; left -= perPost {
		g.post(slices.Repeat([]string{line}, min(left, perPost))...)
	}
	receiving.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
	b.ReportMetric(float64(b.N)*float64(members-1)/b.Elapsed().Seconds(), "deliveries/s")
	b.ReportMetric(float64((cpuTime()-cpu).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

// receiveMessages returns once n messages have come.
func receiveMessages(b *testing.B, receive func(context.Context) ([]robustsession.Output, error), n int) {
	for n > 0 {
		outs, err := receive(b.Context())
		if err != nil {
			b.Error(err)
			return
		}
		for i := range outs {
			if strings.Contains(outs[i].Line, " PRIVMSG ") {
				n--
			}
		}
	}
}

// cpuTime is what this process has used so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
