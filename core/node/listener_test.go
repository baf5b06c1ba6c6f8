package node_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"robustirc/core/node"
	"robustirc/core/node/nodetest"
)

func insecure(protos ...string) *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, NextProtos: protos}
}

func TestHTTPAndPeersShareTheListener(t *testing.T) {
	t.Parallel()
	c := nodetest.Start(t, 1)
	n := c.Nodes[0]
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) })}
	go server.Serve(n.HTTPListener())
	defer server.Close()
	for want, transport := range map[string]*http.Transport{
		"HTTP/1.1": {TLSClientConfig: insecure()},
		"HTTP/2.0": {TLSClientConfig: insecure(), ForceAttemptHTTP2: true},
	} {
		resp, err := (&http.Client{Transport: transport}).Get("https://" + n.Status().Addr)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		if err != nil || string(got) != want {
			t.Errorf("got %q (%v), want %q", got, err, want)
		}
		resp.Body.Close()
		transport.CloseIdleConnections()
	}
}

func TestPeersMustProveThePassword(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	c := nodetest.Start(t, 1, func(_ int, cfg *node.Config) { cfg.Registerer = registry })
	addr := c.Nodes[0].Status().Addr
	conn, err := tls.Dial("tcp", addr, insecure("robustirc-peer/1"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(append([]byte{'R', 1, 'x'}, make([]byte, 32)...)); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(nodetest.Timeout))
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("a wrong proof was answered: %d bytes, %v", n, err)
	}
	c.WaitFor("the refusal to be counted", func() bool {
		return value(t, registry, "robustirc_peers_refused_total") == 1
	})

	// The other way round: a node with another password does not take part.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := c.Config("stranger", l)
	cfg.Password, cfg.Join = "another password", addr
	stranger, err := node.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	c.WaitFor("the stranger to be refused", func() bool {
		return value(t, registry, "robustirc_peers_refused_total") > 1
	})
	if n := len(c.Nodes[0].Servers()); n != 1 {
		t.Errorf("%d members, want 1", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = stranger.Shutdown(ctx)
}

// A certificate that was replaced on disk is served after ReloadTLS, and a broken one is not.
func TestCertificatesAreReloaded(t *testing.T) {
	t.Parallel()
	var files node.TLSFiles
	c := nodetest.Start(t, 1, func(_ int, cfg *node.Config) { files = cfg.TLS })
	served := func() string {
		conn, err := tls.Dial("tcp", c.Nodes[0].Status().Addr, insecure("http/1.1"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return string(conn.ConnectionState().PeerCertificates[0].Raw)
	}
	before := served()
	other := nodetest.TLS(t)
	for from, to := range map[string]string{other.Cert: files.Cert, other.Key: files.Key} {
		b, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if served() != before {
		t.Error("the certificate changed before it was reloaded")
	}
	if err := c.Nodes[0].ReloadTLS(); err != nil {
		t.Fatal(err)
	}
	after := served()
	if after == before {
		t.Error("the old certificate is served after ReloadTLS")
	}
	if err := os.WriteFile(files.Cert, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.Nodes[0].ReloadTLS(); err == nil || served() != after {
		t.Errorf("a broken certificate: %v, or it replaced the one that was good", err)
	}
}

func value(t *testing.T, g prometheus.Gatherer, name string) float64 {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			m := f.GetMetric()[0]
			return m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

func TestHalfOpenConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	c := nodetest.Start(t, 1, func(_ int, cfg *node.Config) { cfg.MaxHalfOpen, cfg.Registerer = 16, registry })
	addr := c.Nodes[0].Status().Addr
	var conns []net.Conn
	defer func() {
		for _, conn := range conns {
			conn.Close()
		}
	}()
	for range 64 { // they say nothing
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	c.WaitFor("the oldest to be dropped", func() bool { return value(t, registry, "robustirc_half_open_dropped_total") >= 48 })
	_ = conns[0].SetReadDeadline(time.Now().Add(nodetest.Timeout))
	var timeout net.Error
	if _, err := conns[0].Read(make([]byte, 1)); errors.As(err, &timeout) && timeout.Timeout() {
		t.Error("the oldest connection is still open")
	}
	conn, err := tls.Dial("tcp", addr, insecure("http/1.1"))
	if err != nil {
		t.Fatalf("a client that shakes hands: %v", err)
	}
	conn.Close()
}

func TestMetricsFollowTheConventions(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	nodetest.Start(t, 1, func(_ int, cfg *node.Config) { cfg.Registerer = registry })
	problems, err := testutil.GatherAndLint(registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if !strings.HasPrefix(p.Metric, "applied_messages") && !strings.HasPrefix(p.Metric, "irc_") { // the original's names
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	if value(t, registry, "raft_isleader") != 1 || value(t, registry, "robustirc_ready") != 1 {
		t.Error("the only node is not shown as the leader, ready")
	}
}
