package bridge

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

const patience = 10 * time.Second

// start serves a fake network and returns the address.
func start(t *testing.T, n *fakeNetwork, cfg Config, tlsConfig *tls.Config) (*Server, string) {
	t.Helper()
	cfg.Network, cfg.ServerName = n, "bridge"
	s := New(cfg)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln, tlsConfig) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Shutdown(ctx, "Test ends"); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return s, ln.Addr().String()
}

type client struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func dial(t *testing.T, addr string) *client {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return &client{t, c, bufio.NewReader(c)}
}

func (c *client) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) expect(want ...string) {
	c.t.Helper()
	for _, w := range want {
		got, err := c.r.ReadString('\n')
		if got != w+"\r\n" {
			c.t.Fatalf("got %q (%v), want %q", got, err, w)
		}
	}
}

func (c *client) expectEOF() {
	c.t.Helper()
	if got, err := c.r.ReadString('\n'); err != io.EOF {
		c.t.Fatalf("got %q, %v, want the end", got, err)
	}
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("timed out waiting until " + what)
		}
	}
}

func TestLinesGoThroughAndQuitEnds(t *testing.T) {
	n := &fakeNetwork{}
	_, addr := start(t, n, Config{}, nil)
	c := dial(t, addr)
	c.send("NICK a\r\n\r\nUSER a 0 * :A\nPRIVMSG #x :caf\xe9\r\n")
	c.expect(":srv ECHO NICK a", ":srv ECHO USER a 0 * :A", ":srv ECHO PRIVMSG #x :caf\xe9")
	c.send("quit :x\r\nQUIT :bye\r\nafter\r\n") // the fake knows only the second spelling; nothing after a QUIT is posted
	c.expect(":srv ECHO quit :x")
	s := n.session(0)
	if s.client != (Client{Remote: "127.0.0.1"}) {
		t.Errorf("client is %+v", s.client)
	}
	s.mu.Lock()
	s.endLocked("Quit: x")
	s.mu.Unlock()
	c.expect("ERROR :Closing Link: x (Quit: x)")
	c.expectEOF()
	lines, _ := s.lines()
	if len(lines) != 4 {
		t.Errorf("posted %q", lines)
	}
}

func TestPipelinedLinesArePostedAsBatches(t *testing.T) {
	n := &fakeNetwork{hold: make(chan struct{})}
	_, addr := start(t, n, Config{}, nil)
	c := dial(t, addr)
	c.send(strings.Repeat("PING x\r\n", 1+3*MaxBatch))
	until(t, "all lines were read", func() bool { return n.session(0) != nil })
	close(n.hold)
	for range 1 + 3*MaxBatch {
		c.expect(":srv ECHO PING x")
	}
	if _, batches := n.session(0).lines(); batches > 8 {
		t.Errorf("97 lines took %d batches", batches)
	}
}

func TestBadLinesAreAnsweredAndDropped(t *testing.T) {
	n := &fakeNetwork{}
	_, addr := start(t, n, Config{}, nil)
	c := dial(t, addr)
	tooLong := ":bridge 417 * :Input line was too long"
	c.send(strings.Repeat("x", 511) + "\r\n")
	c.expect(tooLong)
	c.send(strings.Repeat("x", 1<<20) + "\r\n")
	c.expect(tooLong)
	c.send("@" + strings.Repeat("t", 4095) + " PING\r\n")
	c.expect(tooLong)
	c.send("A\x00B\r\n")
	c.expect(":bridge NOTICE * :*** A line with NUL or CR in it was not passed on")
	if n.session(0) != nil {
		t.Error("garbage created a session")
	}
	c.send("@" + strings.Repeat("t", 4094) + " " + strings.Repeat("y", 510) + "\r\n")
	c.expect(":srv ECHO @" + strings.Repeat("t", 4094) + " " + strings.Repeat("y", 510))
}

func TestLostConnectionDeletesTheSessionAfterItsLines(t *testing.T) {
	n := &fakeNetwork{}
	_, addr := start(t, n, Config{}, nil)
	c := dial(t, addr)
	c.send("NICK a\r\nUSER a\r\nhalf a li")
	c.Close()
	until(t, "the session was deleted", func() bool { s := n.session(0); return s != nil && s.quitMessage() != "" })
	if q := n.session(0).quitMessage(); q != "Connection closed" && !strings.HasPrefix(q, "Read error") {
		t.Errorf("quit message %q", q)
	}
	if lines, _ := n.session(0).lines(); len(lines) != 2 {
		t.Errorf("posted %q", lines)
	}
}

func TestFloodIsClosedOnlyWhereThrottled(t *testing.T) {
	for _, throttles := range []bool{true, false} {
		n := &fakeNetwork{hold: make(chan struct{})}
		s, addr := start(t, n, Config{Throttled: func() bool { return throttles }}, nil)
		c := dial(t, addr)
		go io.WriteString(c, strings.Repeat("PING x\r\n", 3*MaxQueuedLines))
		if throttles {
			c.expect("ERROR :Closing Link: x (Excess Flood)")
			c.expectEOF()
			if s.Stats().Closed != 1 {
				t.Error("the flood was not counted")
			}
			continue
		}
		until(t, "the reader stopped", func() bool { return s.Stats().LinesIn >= MaxQueuedLines })
		close(n.hold)
		for range 3 * MaxQueuedLines {
			c.expect(":srv ECHO PING x")
		}
	}
}

func TestSilentClientsArePingedAndClosed(t *testing.T) {
	n := &fakeNetwork{}
	_, addr := start(t, n, Config{PingInterval: 500 * time.Millisecond}, nil)
	c := dial(t, addr)
	c.send("NICK a\r\n")
	c.expect(":srv ECHO NICK a")
	for range 2 {
		c.expect("PING :robustirc.bridge")
		c.send("PONG :robustirc.bridge\r\n") // it goes to the network, as a sign of life there too
		c.expect(":srv ECHO PONG :robustirc.bridge")
	}
	c.expect("PING :robustirc.bridge", "ERROR :Closing Link: x (Ping timeout: 1 seconds)")
	c.expectEOF()
}

func TestPendingConnectionsAreBounded(t *testing.T) {
	n := &fakeNetwork{}
	s, addr := start(t, n, Config{MaxPending: 2, RegistrationTimeout: time.Hour}, nil)
	first := dial(t, addr)
	until(t, "the first waits", func() bool { return s.Stats().Pending == 1 })
	talking := dial(t, addr)
	talking.send("NICK a\r\n")
	talking.expect(":srv ECHO NICK a")
	dial(t, addr)
	dial(t, addr)
	first.expect("ERROR :Closing link: Registration timeout")
	first.expectEOF()
	talking.send("PING\r\n")
	talking.expect(":srv ECHO PING")
}

func TestConnectionsAreCapped(t *testing.T) {
	n := &fakeNetwork{}
	s, addr := start(t, n, Config{MaxConns: 1, RegistrationTimeout: time.Second}, nil)
	first := dial(t, addr)
	until(t, "the first is there", func() bool { return s.Stats().Conns == 1 })
	second := dial(t, addr)
	second.expect("ERROR :Closing link: Too many connections")
	first.expect("ERROR :Closing link: Registration timeout")
	first.expectEOF()
}

func TestSlowReaderIsClosed(t *testing.T) {
	n := &fakeNetwork{}
	_, addr := start(t, n, Config{WriteTimeout: 100 * time.Millisecond}, nil)
	c := dial(t, addr)
	c.send("NICK a\r\n")
	c.expect(":srv ECHO NICK a")
	lines := slices.Repeat([]string{strings.Repeat("z", 400)}, 200)
	until(t, "the slow reader was closed", func() bool {
		n.session(0).send(lines...)
		return n.session(0).quitMessage() != ""
	})
	if q := n.session(0).quitMessage(); q != "Write error: timed out" {
		t.Errorf("quit message %q", q)
	}
}

func TestBehindRetentionIsClosed(t *testing.T) {
	n := &fakeNetwork{}
	_, addr := start(t, n, Config{}, nil)
	c := dial(t, addr)
	c.send("NICK a\r\n")
	c.expect(":srv ECHO NICK a")
	s := n.session(0)
	s.mu.Lock()
	s.behind = true
	s.wakeLocked()
	s.mu.Unlock()
	c.expect("ERROR :Closing link: SendQ exceeded")
	c.expectEOF()
	if q := s.quitMessage(); q != "SendQ exceeded" {
		t.Errorf("quit message %q", q)
	}
}

func TestRefusalsAreTold(t *testing.T) {
	for err, want := range map[error]string{
		&Refusal{"You are banned"}:  "You are banned",
		fmt.Errorf("dial 10.0.0.1"): "The network cannot be reached at the moment",
	} {
		_, addr := start(t, &fakeNetwork{createErr: err}, Config{}, nil)
		c := dial(t, addr)
		c.send("NICK a\r\n")
		c.expect("ERROR :Closing link: " + want)
		c.expectEOF()
	}
}

func TestShutdownTellsEveryClient(t *testing.T) {
	n := &fakeNetwork{}
	s, addr := start(t, n, Config{}, nil)
	idle, talking := dial(t, addr), dial(t, addr)
	talking.send("NICK a\r\n")
	talking.expect(":srv ECHO NICK a")
	until(t, "both are there", func() bool { return s.Stats().Conns == 2 })
	done := make(chan error)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		done <- s.Shutdown(ctx, "Maintenance")
	}()
	idle.expect("ERROR :Closing link: Maintenance")
	talking.expect("ERROR :Closing Link: x (Maintenance)")
	idle.Close()
	talking.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if !n.session(0).closed {
		t.Error("the session was not closed")
	}
}

func TestShutdownDoesNotWaitForEver(t *testing.T) {
	n := &fakeNetwork{noDelete: true}
	s, addr := start(t, n, Config{}, nil)
	c := dial(t, addr)
	c.send("NICK a\r\n")
	c.expect(":srv ECHO NICK a")
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	done := make(chan error)
	go func() { done <- s.Shutdown(ctx, "Maintenance") }()
	c.expect("ERROR :Closing link: Maintenance") // from the bridge, as the network did not say it
	if err := <-done; err == nil {
		t.Error("no error although a session could not be ended")
	}
}

func TestTLS(t *testing.T) {
	n := &fakeNetwork{}
	cert := certificate(t)
	_, addr := start(t, n, Config{}, &tls.Config{Certificates: []tls.Certificate{cert}})
	plain := dial(t, addr)
	plain.send("NICK a\r\nUSER a\r\n")
	if b, _ := io.ReadAll(plain); strings.Contains(string(b), "ECHO") {
		t.Errorf("plain text on a TLS port was answered: %q", b)
	}
	tc := tls.Client(dial(t, addr).Conn, &tls.Config{InsecureSkipVerify: true})
	c := &client{t, tc, bufio.NewReader(tc)}
	c.send("NICK a\r\n")
	c.expect(":srv ECHO NICK a")
	if !n.session(0).client.TLS {
		t.Error("the session does not know that its client uses TLS")
	}
	c.send("QUIT :x\r\n")
	c.expect(":srv ECHO QUIT :x", "ERROR :Closing Link: x (Quit: x)")
	c.expectEOF()
}

func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
