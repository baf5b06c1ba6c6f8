package bridge

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Server serves plain IRC on any number of listeners in front of one Network.
type Server struct {
	cfg Config

	mu      sync.Mutex
	closing string // why the server is shutting down; empty while it serves
	lns     map[net.Listener]struct{}
	conns   map[*conn]struct{}
	perIP   map[netip.Addr]int
	pending pendingQueue

	wg    sync.WaitGroup
	stats counters
}

// Stats are counters for metrics. Conns and Pending are current, the rest only grow.
type Stats struct {
	Conns, Pending                                 int64
	Accepted, Refused, LinesIn, LinesOut, BytesOut uint64
	// Closed counts connections the bridge itself ended: flood, ping timeout, slow reader.
	Closed uint64
}

type counters struct {
	accepted, refused, linesIn, linesOut, bytesOut, closed atomic.Uint64
}

// New returns a Server. It must be shut down.
func New(cfg Config) *Server {
	return &Server{
		cfg:   cfg.withDefaults(),
		lns:   make(map[net.Listener]struct{}),
		conns: make(map[*conn]struct{}),
		perIP: make(map[netip.Addr]int),
	}
}

// Stats returns the counters as they are now.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	conns, pending := len(s.conns), s.pending.len()
	s.mu.Unlock()
	return Stats{
		Conns: int64(conns), Pending: int64(pending),
		Accepted: s.stats.accepted.Load(), Refused: s.stats.refused.Load(),
		LinesIn: s.stats.linesIn.Load(), LinesOut: s.stats.linesOut.Load(), BytesOut: s.stats.bytesOut.Load(),
		Closed: s.stats.closed.Load(),
	}
}

// Serve accepts connections until the listener fails or Shutdown is called, when it returns nil. With a TLS
// configuration the connections are encrypted.
func (s *Server) Serve(ln net.Listener, tlsConfig *tls.Config) error {
	if !s.track(ln) {
		return ln.Close()
	}
	for {
		nc, err := ln.Accept()
		if err == nil {
			s.accept(nc, tlsConfig)
			continue
		}
		if s.reason() != "" {
			return nil
		}
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("accepting IRC clients on %s: %w", ln.Addr(), err)
		}
		s.cfg.Log.Warn("cannot accept an IRC client; is the limit of open files too low?", "address", ln.Addr().String(), "error", err)
		time.Sleep(50 * time.Millisecond) // out of file descriptors: let some connections end
	}
}

func (s *Server) track(ln net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing != "" {
		return false
	}
	s.lns[ln] = struct{}{}
	return true
}

func (s *Server) reason() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

// accept admits a connection and serves it, or tells it why not.
func (s *Server) accept(nc net.Conn, tlsConfig *tls.Config) {
	addr := remoteAddr(nc)
	c := newConn(s, nc, addr)
	evicted, refusal := s.admit(c)
	if evicted != nil {
		evicted.kick("Registration timeout")
	}
	if refusal != "" {
		s.stats.refused.Add(1)
		refuse(nc, refusal, tlsConfig != nil)
		return
	}
	s.stats.accepted.Add(1)
	go func() {
		defer s.wg.Done()
		defer s.dismiss(c)
		c.serve(tlsConfig)
	}()
}

// admit counts a connection, or says why there is no room for it. It may name a pending connection that must go.
func (s *Server) admit(c *conn) (evicted *conn, refusal string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := ipKey(c.addr)
	switch {
	case s.closing != "":
		return nil, s.closing
	case s.cfg.MaxConns > 0 && len(s.conns) >= s.cfg.MaxConns:
		return nil, "Too many connections"
	case s.cfg.MaxPerIP > 0 && !c.addr.IsLoopback() && s.perIP[key] >= s.cfg.MaxPerIP:
		return nil, "Too many connections from your address"
	}
	s.conns[c] = struct{}{}
	s.perIP[key]++
	s.wg.Add(1)
	s.pending.push(c)
	if s.cfg.MaxPending > 0 && s.pending.len() > s.cfg.MaxPending {
		evicted = s.pending.pop()
	}
	return evicted, ""
}

// established takes a connection out of the pending ones.
func (s *Server) established(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending.remove(c)
}

func (s *Server) dismiss(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	s.pending.remove(c)
	key := ipKey(c.addr)
	if s.perIP[key]--; s.perIP[key] == 0 {
		delete(s.perIP, key)
	}
}

// farewellTime is how long clients get to read why they are closed when the network did not end their sessions in time.
const farewellTime = 500 * time.Millisecond

// Shutdown stops accepting, ends every session with the reason as its quit message, and waits until every client has
// been told. When ctx ends first, the sessions are left behind to expire, and their clients are told by the bridge.
func (s *Server) Shutdown(ctx context.Context, reason string) error {
	s.mu.Lock()
	s.closing = reason
	for ln := range s.lns {
		ln.Close()
	}
	s.mu.Unlock()
	for _, c := range s.all() {
		c.kick(reason)
	}
	return s.wait(ctx)
}

// all returns the connections; no more are admitted once closing is set.
func (s *Server) all() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.conns))
}

func (s *Server) wait(ctx context.Context) error {
	done := make(chan struct{})
	go func() { // ends with the last connection, which cut makes sure of
		s.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	for _, c := range s.all() {
		c.cancel()
	}
	select {
	case <-done:
	case <-time.After(farewellTime):
	}
	for _, c := range s.all() {
		c.cut()
	}
	<-done
	return fmt.Errorf("shutting down the IRC listeners: %w", ctx.Err())
}

// refuse says why and closes, without waiting for a client that does not listen. A client that expects TLS could not
// read it.
func refuse(nc net.Conn, reason string, secure bool) {
	if !secure {
		nc.SetWriteDeadline(time.Now().Add(time.Millisecond))
		fmt.Fprintf(nc, "ERROR :Closing link: %s\r\n", reason)
	}
	nc.Close()
}

// remoteAddr is the client's address; IPv4 in IPv6 is unmapped.
func remoteAddr(nc net.Conn) netip.Addr {
	ap, err := netip.ParseAddrPort(nc.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}

// ipKey is what MaxPerIP counts: an IPv4 address, or the /64 that one IPv6 customer has.
func ipKey(a netip.Addr) netip.Addr {
	if !a.Is6() {
		return a
	}
	p, err := a.Prefix(64)
	if err != nil {
		return a
	}
	return p.Addr()
}
