package api_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"robustirc/core/api"
	"robustirc/core/ircserver"
	"robustirc/core/robustsession"
)

// TestEverythingIsGivenBack: after clients of all kinds have come and gone, in good order or not, no goroutine of
// theirs is left, and the gauges are at zero.
func TestEverythingIsGivenBack(t *testing.T) {
	n := newNetwork(t, 1, func(c *ircserver.Config) { c.PostMessageCooloff = 0 })
	n.comeAndGo(t) // what is made once
	n.settle(t, 0)
	before := runtime.NumGoroutine()
	for range 3 {
		n.comeAndGo(t)
	}
	n.settle(t, before)
	if left := n.node.Status().Sessions; left == 0 {
		t.Error("no session was left behind by its client: nothing was tested")
	}
}

// comeAndGo runs ten sessions through each client; half are ended, the others are left behind.
func (n *network) comeAndGo(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	mux := robustsession.NewMux(robustsession.MuxConfig{Servers: n.addrs(), TLS: n.tls(), BridgeKey: api.BridgeKey(password)})
	h2 := robustsession.NewClient(robustsession.ClientConfig{Servers: n.addrs(), TLS: n.tls()})
	h1 := robustsession.NewClient(robustsession.ClientConfig{Servers: n.addrs(), TLS: n.tls(), HTTP1: true})
	defer mux.Close()
	defer h2.Close()
	defer h1.Close()
	for _, c := range []interface {
		Create(context.Context, robustsession.Options) (robustsession.Session, error)
	}{mux, h2, h1} {
		for i := range 10 {
			s, err := c.Create(ctx, robustsession.Options{Remote: "192.0.2.1"})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Post(ctx, fmt.Sprintf("PING %d", i)); err != nil {
				t.Fatal(err)
			}
			receiveUntil(ctx, t, s, "PONG")
			if i%2 == 0 {
				if err := s.Delete(ctx, "bye"); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// settle waits until no client is connected and there are no more goroutines than before.
func (n *network) settle(t *testing.T, goroutines int) {
	t.Helper()
	open := func() float64 {
		return n.gauge("robustirc_http_streams") + n.gauge("robustirc_mux_connections") + n.gauge("robustirc_mux_sessions")
	}
	for end := time.Now().Add(patience); open() != 0 || goroutines > 0 && runtime.NumGoroutine() > goroutines; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%v connections and %d goroutines are left, there were %d:\n%s", open(), runtime.NumGoroutine(), goroutines,
				stacks[:runtime.Stack(stacks, true)])
		}
	}
}
