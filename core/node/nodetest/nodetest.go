// Package nodetest runs clusters of nodes within a test.
package nodetest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"robustirc/core/ircserver"
	"robustirc/core/node"
)

// Password is the network password of test clusters.
const Password = "test network"

// Timeout is how long a test waits for a cluster to do something.
const Timeout = 20 * time.Second

// TLS makes a certificate authority and a certificate for the loopback addresses, in a directory of the test.
func TLS(t testing.TB) node.TLSFiles {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := node.TLSFiles{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem"), CA: filepath.Join(dir, "cert.pem")}
	write(t, files.Cert, "CERTIFICATE", der)
	write(t, files.Key, "PRIVATE KEY", keyDER)
	return files
}

func write(t testing.TB, path, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Cluster is a cluster of nodes in this process. A node that is stopped is nil.
type Cluster struct {
	t     testing.TB
	tls   node.TLSFiles
	cfgs  []node.Config
	links links
	Nodes []*node.Node
}

// Option changes the configuration of the i-th node before it starts.
type Option func(i int, cfg *node.Config)

// InitialConfig is the configuration that test networks begin with: no throttling.
func InitialConfig() ircserver.Config {
	cfg := ircserver.DefaultConfig()
	cfg.NetworkName = "test.net"
	cfg.PostMessageCooloff = 0
	return cfg
}

// Start starts a cluster of size nodes, waits until it has a leader and all nodes are ready, and stops it with the test.
func Start(t testing.TB, size int, opts ...Option) *Cluster {
	t.Helper()
	c := &Cluster{t: t, tls: TLS(t), Nodes: make([]*node.Node, size), cfgs: make([]node.Config, size)}
	var members []node.Peer
	for i := range c.cfgs {
		l := listen(t, "127.0.0.1:0")
		members = append(members, node.Peer{ID: fmt.Sprintf("node%d", i+1), Addr: l.Addr().String()})
		c.cfgs[i] = c.Config(members[i].ID, l)
	}
	for i := range c.cfgs {
		c.cfgs[i].Bootstrap = members
		for _, o := range opts {
			o(i, &c.cfgs[i])
		}
		c.open(i)
	}
	t.Cleanup(c.close)
	for i := range c.Nodes {
		c.Ready(i)
	}
	return c
}

// Config is the configuration of one more node of this cluster.
func (c *Cluster) Config(id string, l net.Listener) node.Config {
	level := slog.LevelError
	if testing.Verbose() {
		level = slog.LevelInfo
	}
	return node.Config{
		ID: id, Dir: filepath.Join(c.t.TempDir(), id), Listener: l, Advertise: l.Addr().String(), TLS: c.tls, Password: Password,
		InitialConfig: InitialConfig(), Version: "test", HeartbeatTimeout: 300 * time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(c.t.Output(), &slog.HandlerOptions{Level: level})),
		Dial:   c.links.dialer(l.Addr().String()),
		Fatal:  func(err error) { c.t.Errorf("%s: %v", id, err) },
	}
}

func listen(t testing.TB, addr string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (c *Cluster) open(i int) {
	c.t.Helper()
	n, err := node.Open(c.cfgs[i])
	if err != nil {
		c.t.Fatal(err)
	}
	c.Nodes[i] = n
}

// Add opens one more node of this cluster, which joins through its first running one, and returns its index.
func (c *Cluster) Add(id string) int {
	c.t.Helper()
	cfg := c.Config(id, listen(c.t, "127.0.0.1:0"))
	cfg.Join = c.Any().Status().Addr
	c.cfgs, c.Nodes = append(c.cfgs, cfg), append(c.Nodes, nil)
	c.open(len(c.Nodes) - 1)
	return len(c.Nodes) - 1
}

// close stops what runs. Nodes stop side by side, so that leadership is not handed round.
func (c *Cluster) close() {
	done := make(chan struct{}, len(c.Nodes))
	for i := range c.Nodes {
		go func() { c.Kill(i); done <- struct{}{} }()
	}
	for range c.Nodes {
		<-done
	}
}

// Kill stops a node abruptly.
func (c *Cluster) Kill(i int) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if n := c.Nodes[i]; n != nil {
		c.Nodes[i] = nil
		_ = n.Shutdown(ctx)
	}
}

// Stop stops a node cleanly.
func (c *Cluster) Stop(i int) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Timeout)
	defer cancel()
	n := c.Nodes[i]
	c.Nodes[i] = nil
	if err := n.Shutdown(ctx); err != nil {
		c.t.Error(err)
	}
}

// Restart starts a stopped node again, on its address and its data.
func (c *Cluster) Restart(i int) {
	c.t.Helper()
	if err := c.TryRestart(i); err != nil {
		c.t.Fatal(err)
	}
}

// TryRestart is Restart for a node that may refuse.
func (c *Cluster) TryRestart(i int) error {
	c.t.Helper()
	c.cfgs[i].Listener = listen(c.t, c.cfgs[i].Advertise)
	c.cfgs[i].Registerer = nil
	n, err := node.Open(c.cfgs[i])
	c.Nodes[i] = n
	return err
}

// Any is a running node.
func (c *Cluster) Any() *node.Node {
	c.t.Helper()
	for _, n := range c.Nodes {
		if n != nil {
			return n
		}
	}
	c.t.Fatal("no node is running")
	return nil
}

// Leader waits for a leader that all running nodes agree on and returns its index.
func (c *Cluster) Leader() int {
	c.t.Helper()
	leader := -1
	c.WaitFor("a leader", func() bool {
		leader = -1
		addr := c.Any().LeaderAddr()
		for i, n := range c.Nodes {
			if n == nil {
				continue
			}
			if n.LeaderAddr() != addr {
				return false
			}
			if n.IsLeader() {
				leader = i
			}
		}
		return leader >= 0
	})
	return leader
}

// Follower is the index of a running node that does not lead.
func (c *Cluster) Follower() int {
	c.t.Helper()
	leader := c.Leader()
	for i, n := range c.Nodes {
		if n != nil && i != leader {
			return i
		}
	}
	c.t.Fatal("no follower is running")
	return -1
}

// Ready waits until a node serves.
func (c *Cluster) Ready(i int) {
	c.t.Helper()
	c.WaitFor(fmt.Sprintf("node %d to be ready", i), func() bool { return c.Nodes[i].Ready() == nil })
}

// Settle waits until all running nodes have applied the same inputs.
func (c *Cluster) Settle() {
	c.t.Helper()
	c.WaitFor("all nodes to have applied the same", func() bool {
		want := c.Nodes[c.Leader()].Status()
		for _, n := range c.Nodes {
			if n != nil && (n.Status().Inputs != want.Inputs || n.Status().Applied != want.LastLog) {
				return false
			}
		}
		return true
	})
}

// WaitFor waits until a condition holds, and fails the test when it does not in time.
func (c *Cluster) WaitFor(what string, cond func() bool) {
	c.t.Helper()
	deadline := time.Now().Add(Timeout)
	for !cond() {
		if time.Now().After(deadline) {
			c.t.Fatalf("waited %v for %s in vain", Timeout, what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}
