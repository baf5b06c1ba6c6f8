package bridge

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"robustirc/core/irc"
)

// pingToken is what the bridge's own PINGs carry.
const pingToken = "robustirc.bridge"

// The times that ending a connection may take.
const (
	lingerTime = 2 * time.Second  // for the client to read the last lines and close
	deleteTime = 30 * time.Second // for the network to accept that a session ends
	endTime    = 5 * time.Second  // for the last lines to come after it did
)

// conn is one client's connection. Its serve goroutine is the reader and owns it.
type conn struct {
	srv  *Server
	nc   net.Conn // the *tls.Conn once the handshake is done
	addr netip.Addr

	session Session // nil until the first line
	recv    recvq
	split   splitter
	// ctx ends with the connection: for Post and Receive.
	ctx    context.Context
	cancel context.CancelFunc
	// written is closed when the writer has ended; ended says that it did so with the session.
	written chan struct{}

	wmu sync.Mutex // one write at a time

	mu       sync.Mutex
	reason   string // why the bridge ends the connection; empty while it does not
	ended    bool   // the network ended the session and everything was delivered
	deadline time.Time

	kicked  chan struct{} // closed with reason or ended
	pinged  bool          // reader: a PING of ours waits for a sign of life
	quitted bool          // reader: a QUIT was posted, what follows is not read
}

func newConn(s *Server, nc net.Conn, addr netip.Addr) *conn {
	c := &conn{srv: s, nc: nc, addr: addr, kicked: make(chan struct{}), written: make(chan struct{})}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.recv.space = make(chan struct{}, 1)
	return c
}

// serve runs the connection to its end.
func (c *conn) serve(tlsConfig *tls.Config) {
	defer c.cut()
	c.extend(c.srv.cfg.RegistrationTimeout)
	if tlsConfig != nil && !c.handshake(tlsConfig) {
		return
	}
	c.read()
	c.finish()
}

// handshake replaces the connection by an encrypted one.
func (c *conn) handshake(cfg *tls.Config) bool {
	ctx, cancel := context.WithTimeout(c.ctx, c.srv.cfg.RegistrationTimeout)
	defer cancel()
	tc := tls.Server(c.nc, cfg)
	if err := tc.HandshakeContext(ctx); err != nil {
		c.srv.cfg.Log.Debug("TLS handshake failed", "remote", c.addr.String(), "error", err)
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nc = tc
	return c.reason == ""
}

// read passes lines on until the connection or the session ends.
func (c *conn) read() {
	r := newReader(c.nc)
	for {
		chunk, err := r.read()
		if err != nil {
			if c.idle(err) {
				continue
			}
			c.kick(readError(err))
			return
		}
		c.pinged = false
		c.split.feed(chunk, c.line)
		r.release()
		if !c.proceed() {
			return
		}
	}
}

// proceed waits until there is room for more lines, and reports whether to read on.
func (c *conn) proceed() bool {
	for c.recv.full() {
		if c.srv.cfg.Throttled() {
			c.recv.close()
			return c.punish("Excess Flood")
		}
		select {
		case <-c.recv.space:
		case <-c.kicked:
			return false
		}
	}
	if c.isKicked() {
		return false
	}
	return c.session == nil || c.extend(c.srv.cfg.PingInterval) // before a session the registration's deadline stands
}

// idle handles an expired read deadline, and reports whether to read on.
func (c *conn) idle(err error) bool {
	switch {
	case !errors.Is(err, os.ErrDeadlineExceeded) || c.isKicked():
		return false
	case c.session == nil:
		return c.kick("Registration timeout")
	case c.pinged:
		return c.punish(fmt.Sprintf("Ping timeout: %d seconds", int(2*c.srv.cfg.PingInterval/time.Second)))
	}
	c.pinged = true
	c.say("PING :" + pingToken)
	return c.extend(c.srv.cfg.PingInterval)
}

// line takes one line of the client.
func (c *conn) line(text string, f fault) {
	if c.quitted || c.isKicked() {
		return
	}
	c.srv.stats.linesIn.Add(1)
	switch {
	case f == faultTooLong:
		c.say(":" + c.prefix() + " 417 * :Input line was too long")
		return
	case f == faultBadByte:
		c.say(":" + c.prefix() + " NOTICE * :*** A line with NUL or CR in it was not passed on")
		return
	case c.session == nil && !c.start():
		return
	}
	var m irc.Message
	if m.Parse(text) == nil && strings.EqualFold(m.Command, "QUIT") {
		c.quitted = true
	}
	if start, _ := c.recv.put(text); start {
		go c.post()
	}
}

// start creates the session and its writer.
func (c *conn) start() bool {
	c.srv.established(c)
	ctx, cancel := context.WithTimeout(c.ctx, c.srv.cfg.CreateTimeout)
	defer cancel()
	session, err := c.srv.cfg.Network.Create(ctx, Client{Remote: c.addr.String(), TLS: c.secure()})
	if err != nil {
		var refusal *Refusal
		if errors.As(err, &refusal) {
			return c.kick(refusal.Reason)
		}
		c.srv.cfg.Log.Warn("cannot create a session", "remote", c.addr.String(), "error", err)
		return c.kick("The network cannot be reached at the moment")
	}
	c.session = session
	go c.write()
	return true
}

func (c *conn) secure() bool {
	_, ok := c.nc.(*tls.Conn)
	return ok
}

func (c *conn) prefix() string {
	if c.session == nil {
		return c.srv.cfg.ServerName
	}
	return c.session.Prefix()
}

// post posts what waits, batch by batch, until nothing does.
func (c *conn) post() {
	var batch []string
	for {
		if batch = c.recv.take(batch); batch == nil {
			return
		}
		err := c.session.Post(c.ctx, batch)
		if err == nil {
			continue
		}
		c.recv.close()
		if !errors.Is(err, ErrSessionEnded) && c.ctx.Err() == nil {
			c.srv.cfg.Log.Warn("cannot post", "remote", c.addr.String(), "error", err)
			c.kick("The network did not accept your messages")
		}
	}
}

// kick makes the reader end the connection; the first reason stands. It returns false for use as a result.
func (c *conn) kick(reason string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reason == "" && !c.ended {
		c.reason = reason
		close(c.kicked)
	}
	c.nc.SetReadDeadline(time.Unix(1, 0))
	return false
}

// punish is kick for what the client did wrong; it is counted.
func (c *conn) punish(reason string) bool {
	c.srv.stats.closed.Add(1)
	return c.kick(reason)
}

func (c *conn) isKicked() bool {
	select {
	case <-c.kicked:
		return true
	default:
		return false
	}
}

// extend moves the read deadline, unless the connection is ending.
func (c *conn) extend(d time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reason != "" || c.ended {
		return false
	}
	if now := time.Now(); now.Add(d).Sub(c.deadline) > d/8 || c.deadline.Sub(now) > d {
		c.deadline = now.Add(d)
		c.nc.SetReadDeadline(c.deadline)
	}
	return true
}

// finish ends the session if the network has not done so, and waits for the goroutines.
func (c *conn) finish() {
	if c.session == nil {
		c.say("ERROR :Closing link: " + c.why())
		c.linger()
		return
	}
	c.drainLines()
	if !c.hasEnded() {
		c.end()
	}
	c.cancel()
	<-c.recv.drained()
	<-c.written
	if !c.hasEnded() {
		c.say("ERROR :Closing link: " + c.why())
	}
	c.session.Close()
	c.linger()
}

// linger waits until the client has closed, or lingerTime, discarding what it still sends: closing with input unread
// would reset the connection, and the client might never see the last lines.
func (c *conn) linger() {
	if h, ok := c.nc.(interface{ CloseWrite() error }); ok {
		h.CloseWrite()
	}
	c.nc.SetReadDeadline(time.Now().Add(lingerTime))
	io.Copy(io.Discard, io.LimitReader(c.nc, 1<<20))
}

// drainLines waits until what the client sent has been posted, and after a QUIT for the session's end.
func (c *conn) drainLines() {
	if c.recv.isClosed() {
		return
	}
	limit := time.NewTimer(c.srv.cfg.DrainTimeout)
	defer limit.Stop()
	select {
	case <-c.recv.drained():
	case <-c.written:
		return
	case <-c.ctx.Done():
	case <-limit.C:
	}
	c.recv.close()
	if c.quitted {
		select {
		case <-c.written:
		case <-limit.C:
		}
	}
}

// end deletes the session and waits for its last lines.
func (c *conn) end() {
	ctx, cancel := context.WithTimeout(c.ctx, deleteTime)
	defer cancel()
	if err := c.session.Delete(ctx, c.why()); err != nil && !errors.Is(err, ErrSessionEnded) {
		c.srv.cfg.Log.Warn("cannot end a session; it will expire", "remote", c.addr.String(), "error", err)
		return
	}
	limit := time.NewTimer(endTime)
	defer limit.Stop()
	select {
	case <-c.written:
	case <-limit.C:
	}
}

// cut closes the connection at once.
func (c *conn) cut() {
	c.cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reason == "" && !c.ended {
		c.reason = "Connection closed"
		close(c.kicked)
	}
	c.nc.Close()
}

func (c *conn) why() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reason
}

func (c *conn) hasEnded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// readError is the quit message of a client whose connection ended so.
func readError(err error) string {
	var op *net.OpError
	switch {
	case errors.Is(err, io.EOF):
		return "Connection closed"
	case errors.As(err, &op) && op.Err != nil:
		return "Read error: " + op.Err.Error()
	}
	return "Read error: " + err.Error()
}
