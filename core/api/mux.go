package api

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"robustirc/core/ircserver"
	"robustirc/core/node"
	"robustirc/core/outputstream"
	"robustirc/core/robustsession"
)

// Limits of a multiplexed connection.
const (
	// muxSilence is how long the client may send nothing; it pings far more often.
	muxSilence = 20 * time.Second
	// muxWatch is how often a connection looks whether the leader, the servers or the node's readiness changed.
	muxWatch = 500 * time.Millisecond
	// muxOps is how many requests of one session may wait; the protocol has one Post under way.
	muxOps = 16
	// muxPending and muxPendingBytes are how many requests of a connection, and how many bytes of them, may be under way,
	// muxAnswers how many bytes of answers may wait for the client to read them; then it is not read on.
	// All are more than an election makes wait, so that pings are answered in time.
	muxPending      = 16 << 10
	muxPendingBytes = 16 << 20
	muxAnswers      = 1 << 20
	// muxWrite is how much is written at once, in bytes, and framePayload how much goes into one Lines frame.
	muxWrite     = 64 << 10
	framePayload = 16 << 10
)

// muxConn is one multiplexed connection. The handler's goroutine reads, another writes, and a session with requests
// under way has one that works them off in order.
type muxConn struct {
	a       *API
	nc      net.Conn
	ctx     context.Context // ends with the connection
	cancel  context.CancelFunc
	peer    string // the peer's address
	trusted bool   // the peer is a trusted bridge
	group   *outputstream.Group
	wake    chan struct{}
	slots   chan struct{} // one token per request under way
	room    chan struct{} // holds a token when the reader may go on
	work    sync.WaitGroup

	mu       sync.Mutex
	out      []byte // frames that wait for the writer, other than Lines
	pending  int    // bytes of the requests under way
	resumed  []*outputstream.Reader
	sessions map[ircserver.SessionID]*muxSession
}

// muxSession is one session of a connection; muxConn.mu protects it.
type muxSession struct {
	id       ircserver.SessionID
	ops      []robustsession.Frame // requests that wait
	working  bool                  // a goroutine works them off
	attached bool                  // it may post
	asked    bool                  // Follow has come for it
	followed bool                  // its lines are sent as Outputs
	reader   *outputstream.Reader
	used     uint64 // bytes of lines that the client has not given credit for
	// replacing is set while another reader is opened: that this one is superseded ends nothing.
	replacing bool
	blocked   bool // its reader waits for credit
}

// serveMux upgrades a connection to the multiplexed protocol and serves it.
func (a *API) serveMux(w http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), robustsession.MuxProtocol) || r.ProtoMajor != 1 {
		w.Header().Set("Upgrade", robustsession.MuxProtocol)
		http.Error(w, "This address speaks "+robustsession.MuxProtocol+" after an HTTP/1.1 Upgrade", http.StatusUpgradeRequired)
		return
	}
	if err := a.node.Ready(); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	nc, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		a.log.Error("cannot take over a connection for the multiplexed protocol", "error", err)
		return
	}
	a.work.Add(1)
	defer a.work.Done()
	nc.SetDeadline(time.Time{})
	c := &muxConn{
		a: a, nc: nc, peer: hostOnly(r.RemoteAddr), group: outputstream.NewGroup(), wake: make(chan struct{}, 1),
		room: make(chan struct{}, 1), slots: make(chan struct{}, muxPending), sessions: map[ircserver.SessionID]*muxSession{},
	}
	c.ctx, c.cancel = context.WithCancel(a.ctx)
	c.serve(rw.Reader)
}

// serve runs the connection until it fails, the node goes away or the API is closed.
func (c *muxConn) serve(buffered *bufio.Reader) {
	c.a.metrics.muxConns.Inc()
	defer c.a.metrics.muxConns.Dec()
	_, err := fmt.Fprintf(c.nc, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", robustsession.MuxProtocol)
	if err == nil {
		c.work.Go(c.write)
		stop := context.AfterFunc(c.ctx, func() { c.nc.Close() })
		err = c.read(buffered)
		stop()
	}
	c.cancel()
	c.nc.Close()
	c.work.Wait()
	c.detachAll()
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
		c.a.log.Info("multiplexed connection ended", "peer", c.peer, "cause", err)
	}
}

func (c *muxConn) detachAll() {
	for _, s := range c.sessions {
		if s.reader != nil {
			s.reader.Close()
			c.a.metrics.muxSession.Dec()
		}
	}
}

// read handles frames until one is malformed or the connection ends.
func (c *muxConn) read(buffered *bufio.Reader) error {
	early, _ := buffered.Peek(buffered.Buffered())
	r := robustsession.NewFrameReader(bufio.NewReaderSize(io.MultiReader(bytes.NewReader(early), c.nc), 32<<10))
	for first := true; ; first = false {
		if err := c.awaitRoom(); err != nil {
			return err
		}
		c.nc.SetReadDeadline(time.Now().Add(muxSilence))
		f, err := r.Next()
		if err != nil {
			return err
		}
		if hello, ok := f.(*robustsession.Hello); ok != first {
			return fmt.Errorf("%w: Hello must be the first frame, and only that", robustsession.ErrFrame)
		} else if first {
			if hello.Version != robustsession.MuxVersion {
				return fmt.Errorf("%w: version %d is unknown", robustsession.ErrFrame, hello.Version)
			}
			c.trusted = c.a.trusted(hello.Key)
			continue
		}
		if err := c.handle(f); err != nil {
			return err
		}
	}
}

// handle acts on one frame after Hello.
func (c *muxConn) handle(f robustsession.Frame) error {
	switch f := f.(type) {
	case *robustsession.Create:
		return c.spawn(len(f.Remote), func() { c.create(f) })
	case *robustsession.Delete:
		return c.spawn(len(f.Auth)+len(f.Quit), func() { c.delete(f) })
	case *robustsession.Attach:
		return c.enqueue(ircserver.SessionID(f.Session), f)
	case *robustsession.Follow:
		return c.enqueue(ircserver.SessionID(f.Session), f)
	case *robustsession.Post:
		return c.enqueue(ircserver.SessionID(f.Session), f)
	case *robustsession.Detach:
		c.detach(ircserver.SessionID(f.Session))
	case *robustsession.Credit:
		c.credit(ircserver.SessionID(f.Session), f.Bytes)
	case *robustsession.Ping:
		c.send(&robustsession.Pong{})
	case *robustsession.Pong:
	default:
		return fmt.Errorf("%w: %T is not for servers", robustsession.ErrFrame, f)
	}
	return nil
}

// awaitRoom waits while the client is too far ahead of its requests, or too far behind with reading the answers.
func (c *muxConn) awaitRoom() error {
	for {
		c.mu.Lock()
		full := c.pending > muxPendingBytes || len(c.out) > muxAnswers
		c.mu.Unlock()
		if !full {
			return nil
		}
		select {
		case <-c.room:
		case <-c.ctx.Done():
			return net.ErrClosed
		}
	}
}

// roomMade lets a reader that waits look again.
func (c *muxConn) roomMade() {
	select {
	case c.room <- struct{}{}:
	default:
	}
}

// spawn runs a request of so many bytes beside the others, once there is a slot.
func (c *muxConn) spawn(bytes int, f func()) error {
	if err := c.acquire(bytes); err != nil {
		return err
	}
	c.work.Go(func() {
		defer c.release(bytes)
		f()
	})
	return nil
}

// acquire counts a request of so many bytes as under way, once there is a slot.
func (c *muxConn) acquire(bytes int) error {
	select {
	case c.slots <- struct{}{}:
	case <-c.ctx.Done():
		return net.ErrClosed
	}
	c.mu.Lock()
	c.pending += bytes
	c.mu.Unlock()
	return nil
}

func (c *muxConn) release(bytes int) {
	<-c.slots
	c.mu.Lock()
	c.pending -= bytes
	c.mu.Unlock()
	c.roomMade()
}

// weight is how many bytes a request of a session keeps while it waits.
func weight(f robustsession.Frame) (bytes int) {
	switch f := f.(type) {
	case *robustsession.Attach:
		bytes = len(f.Auth)
	case *robustsession.Follow:
		bytes = len(f.Auth)
	case *robustsession.Post:
		bytes = len(f.Remote)
		for _, l := range f.Lines {
			bytes += len(l.Text)
		}
	}
	return bytes
}

// enqueue makes a request wait for the ones of its session before it.
func (c *muxConn) enqueue(sid ircserver.SessionID, f robustsession.Frame) error {
	if err := c.acquire(weight(f)); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.sessions[sid]
	if s == nil {
		s = &muxSession{id: sid}
		c.sessions[sid] = s
	}
	switch f := f.(type) {
	case *robustsession.Follow:
		s.asked = true
	case *robustsession.Post:
		if len(f.Lines) > robustsession.MaxPostLines && !s.asked {
			return fmt.Errorf("%w: a post of %d lines", robustsession.ErrFrame, len(f.Lines))
		}
	}
	if len(s.ops) == muxOps {
		return fmt.Errorf("%w: session %#x has more than %d requests under way", robustsession.ErrFrame, sid, muxOps)
	}
	s.ops = append(s.ops, f)
	if !s.working {
		s.working = true
		c.work.Go(func() { c.workOff(s) })
	}
	return nil
}

// workOff does a session's requests in order.
func (c *muxConn) workOff(s *muxSession) {
	for {
		c.mu.Lock()
		if len(s.ops) == 0 {
			s.working, s.ops = false, nil
			if !s.attached {
				c.forget(s)
			}
			c.mu.Unlock()
			return
		}
		op := s.ops[0]
		s.ops = s.ops[1:]
		c.mu.Unlock()
		switch f := op.(type) {
		case *robustsession.Attach:
			c.attach(s, f)
		case *robustsession.Follow:
			c.followOutputs(s, f)
		case *robustsession.Post:
			c.post(s, f)
		}
		c.release(weight(op))
	}
}

// forget drops a session, unless it is known by another value by now. Needs c.mu.
func (c *muxConn) forget(s *muxSession) {
	if c.sessions[s.id] == s {
		delete(c.sessions, s.id)
	}
}

// address is the client's address that a frame reports, if the peer may report any.
func (c *muxConn) address(reported string) string {
	if ip := hostOnly(reported); c.trusted && ip != "" {
		return ip
	}
	return c.peer
}

// create makes a session and attaches it.
func (c *muxConn) create(f *robustsession.Create) {
	req := node.CreateRequest{Remote: c.address(f.Remote), TLS: f.TLS && c.trusted, Challenge: f.Challenge}
	reply := &robustsession.Created{Req: f.Req, Status: robustsession.StatusOK}
	made, err := c.a.node.Create(c.ctx, req)
	var reader *outputstream.Reader
	if err == nil {
		reader, err = c.a.node.Stream(c.ctx, made.Session, ircserver.OutputID{})
	}
	if err != nil {
		reply.Status, reply.Text = c.status("create", err)
		c.send(reply)
		return
	}
	reply.Session, reply.Auth, reply.Prefix = uint64(made.Session), made.Auth, made.Prefix
	c.a.metrics.request("mux_create", http.StatusOK)
	s := &muxSession{id: made.Session}
	c.mu.Lock()
	c.sessions[s.id] = s
	c.out = robustsession.AppendFrame(c.out, reply) // before any of its lines
	c.follow(s, reader, false)
	c.mu.Unlock()
	c.signal()
}

// attach proves and attaches a session.
func (c *muxConn) attach(s *muxSession, f *robustsession.Attach) {
	c.replacing(s, true)
	err := c.a.node.AuthenticateReader(c.ctx, s.id, f.Auth)
	var reader *outputstream.Reader
	if err == nil {
		reader, err = c.a.node.Stream(c.ctx, s.id, outputID(f.LastSeen))
	}
	c.attached(s, f, reader, err, false)
}

// attached makes reader the session's, or tells why there is none.
func (c *muxConn) attached(s *muxSession, f *robustsession.Attach, reader *outputstream.Reader, err error, outputs bool) {
	defer c.replacing(s, false)
	if err != nil {
		status, text := c.status("attach", err)
		c.send(&robustsession.End{Session: f.Session, Status: status, Text: text})
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sessions[s.id] != s { // detached meanwhile
		reader.Close()
		return
	}
	s.used = f.Held
	if outputs {
		c.out = robustsession.AppendFrame(c.out, &robustsession.Following{Session: f.Session})
		c.signal()
	}
	c.follow(s, reader, outputs)
}

// replacing notes that a reader is being opened for a session, which supersedes the one that this connection has for it.
func (c *muxConn) replacing(s *muxSession, is bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.replacing = is
}

// follow makes reader the session's. Needs c.mu.
func (c *muxConn) follow(s *muxSession, reader *outputstream.Reader, outputs bool) {
	if s.reader != nil {
		s.reader.Close()
	} else {
		c.a.metrics.muxSession.Inc()
	}
	s.attached, s.followed, s.reader, s.blocked = true, outputs, reader, false
	c.group.Add(reader)
}

// post hands in a session's lines.
func (c *muxConn) post(s *muxSession, f *robustsession.Post) {
	reply := &robustsession.Posted{Session: f.Session, Seq: f.Seq, Status: robustsession.StatusOK}
	if err := c.tryPost(s, f); err != nil {
		reply.Status, reply.Text = c.status("post", err)
	} else {
		c.a.metrics.request("mux_post", http.StatusOK)
	}
	c.send(reply)
}

func (c *muxConn) tryPost(s *muxSession, f *robustsession.Post) error {
	c.mu.Lock()
	attached, followed := s.attached, s.followed
	c.mu.Unlock()
	switch {
	case !attached:
		return node.ErrNoSession
	case followed && len(f.Lines) == 0:
		return c.a.node.KeepAlive(c.ctx, s.id)
	case !followed && len(f.Lines) > robustsession.MaxPostLines:
		return refuse(http.StatusBadRequest, "More than %d lines in one Post", robustsession.MaxPostLines)
	}
	check := robustsession.CheckLine
	if followed {
		check = robustsession.CheckGatewayLine
	}
	lines := make([]node.Line, len(f.Lines))
	for i, l := range f.Lines {
		if err := check(l.Text); err != nil {
			return refuse(http.StatusBadRequest, "%v", err)
		}
		lines[i] = node.Line{ID: l.ID | ircserver.SequentialID, Text: l.Text}
	}
	remote := "" // as it was
	if f.Remote != "" || !c.trusted {
		remote = c.address(f.Remote)
	}
	return c.a.node.Post(c.ctx, s.id, remote, lines)
}

func (c *muxConn) delete(f *robustsession.Delete) {
	reply := &robustsession.Deleted{Session: f.Session, Status: robustsession.StatusOK}
	err := c.a.node.Authenticate(c.ctx, ircserver.SessionID(f.Session), f.Auth)
	if err == nil {
		err = c.a.node.Delete(c.ctx, ircserver.SessionID(f.Session), quitMessage(f.Quit))
	}
	if err != nil {
		reply.Status, reply.Text = c.status("delete", err)
	} else {
		c.a.metrics.request("mux_delete", http.StatusOK)
	}
	c.send(reply)
}

// status classifies and counts an error.
func (c *muxConn) status(endpoint string, err error) (robustsession.Status, string) {
	e := classify(err)
	c.a.metrics.request("mux_"+endpoint, e.status)
	return robustsession.Status(e.status), e.text
}

func (c *muxConn) detach(sid ircserver.SessionID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.sessions[sid]; s != nil {
		c.unread(s)
		delete(c.sessions, sid)
	}
}

// unread ends a session's lines. Posts that wait are still done. Needs c.mu.
func (c *muxConn) unread(s *muxSession) {
	if s.reader != nil {
		s.reader.Close()
		s.reader = nil
		c.a.metrics.muxSession.Dec()
	}
}

// credit lets a session's lines go on when they were held back.
func (c *muxConn) credit(sid ircserver.SessionID, n uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.sessions[sid]
	if s == nil {
		return
	}
	s.used -= min(s.used, n)
	if s.blocked && s.reader != nil && s.used < s.window() {
		s.blocked = false
		c.resumed = append(c.resumed, s.reader)
		c.signal()
	}
}

// window is how many bytes of lines may be under way to a session.
func (s *muxSession) window() uint64 {
	if s.followed {
		return robustsession.FollowWindow
	}
	return robustsession.SessionWindow
}

// send queues a frame. The queue is bounded by the requests under way, and by awaitRoom.
func (c *muxConn) send(f robustsession.Frame) {
	c.mu.Lock()
	c.out = robustsession.AppendFrame(c.out, f)
	c.mu.Unlock()
	c.signal()
}

func (c *muxConn) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}
