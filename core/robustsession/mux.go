package robustsession

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Times of the multiplexed client.
const (
	// connectTimeout bounds TCP, TLS and the upgrade together.
	connectTimeout = 3 * time.Second
	// pingInterval is how long the connection may be silent before the client pings; deadAfter, before it is given up.
	pingInterval = time.Second
	deadAfter    = 2800 * time.Millisecond
	// leaderPatience is how long the client stays with a server that knows no leader.
	leaderPatience = 2500 * time.Millisecond
	writeTimeout   = 10 * time.Second
)

// MuxConfig says how to reach a network with the multiplexed protocol.
type MuxConfig struct {
	// Servers are some of the network's servers as host:port (see Discover); the network names the others.
	Servers []string
	// BridgeKey is the key that makes the network believe the addresses this client reports; may be empty.
	BridgeKey string
	// TLS is used for the connections; nil verifies against the system's certificate authorities.
	TLS *tls.Config
	// Dial, when not nil, takes the place of a TLS connection: it returns one that is ready for HTTP/1.1.
	Dial func(ctx context.Context, server string) (net.Conn, error)
	// Logger takes connection losses and refusals (default slog.Default()).
	Logger *slog.Logger
}

// Mux carries many sessions over one connection and moves them to another server when it is lost. It is safe for
// concurrent use. One goroutine connects and reads, one per connection writes; Close waits for both.
type Mux struct {
	cfg    MuxConfig
	pool   *pool
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu       sync.Mutex
	conn     *muxConn // nil between connections
	sessions map[uint64]*muxSession
	creates  map[uint64]*pendingCreate
	deletes  map[uint64]*pendingDelete
	last     uint64 // Req or Seq drawn last
}

// pendingCreate is a Create without its Created; pendingDelete a Delete without its Deleted.
type (
	pendingCreate struct {
		frame  Create
		result chan *Created
		taken  *muxSession // what result's session became
	}
	pendingDelete struct {
		frame  Delete
		result chan *Deleted
	}
)

// NewMux returns a client that connects at once and stays connected until Close.
func NewMux(cfg MuxConfig) *Mux {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	m := &Mux{
		cfg: cfg, pool: newPool(cfg.Servers),
		sessions: map[uint64]*muxSession{}, creates: map[uint64]*pendingCreate{}, deletes: map[uint64]*pendingDelete{},
	}
	if m.cfg.Dial == nil {
		m.cfg.Dial = tlsDialer(cfg.TLS)
	}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	m.done.Go(m.run)
	return m
}

// tlsDialer dials TLS for HTTP/1.1.
func tlsDialer(cfg *tls.Config) func(context.Context, string) (net.Conn, error) {
	if cfg == nil {
		cfg = &tls.Config{}
	}
	cfg = cfg.Clone()
	cfg.NextProtos = []string{"http/1.1"}
	if cfg.ClientSessionCache == nil {
		cfg.ClientSessionCache = tls.NewLRUClientSessionCache(16)
	}
	d := &tls.Dialer{Config: cfg}
	return func(ctx context.Context, server string) (net.Conn, error) { return d.DialContext(ctx, "tcp", server) }
}

// Close lets go of all sessions without ending them and closes the connection.
func (m *Mux) Close() {
	m.cancel()
	m.done.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.sessions {
		s.finish(ErrClosed)
	}
}

// Create makes a session. It retries until ctx is done or the network refuses (*Error).
func (m *Mux) Create(ctx context.Context, opts Options) (Session, error) {
	p := &pendingCreate{result: make(chan *Created, 1)}
	m.mu.Lock()
	m.last++
	p.frame = Create{Req: m.last, Remote: opts.Remote, TLS: opts.TLS, Challenge: opts.Challenge}
	m.creates[p.frame.Req] = p
	m.send(&p.frame)
	m.mu.Unlock()
	select {
	case c := <-p.result:
		if c.Status != StatusOK {
			return nil, &Error{c.Status, c.Text}
		}
		return p.taken, nil
	case <-ctx.Done():
		m.abandon(p)
		return nil, ctx.Err()
	case <-m.ctx.Done():
		return nil, ErrClosed
	}
}

// abandon gives up a Create. A session that came of it nevertheless is detached and expires.
func (m *Mux) abandon(p *pendingCreate) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.creates, p.frame.Req)
	if p.taken != nil {
		p.taken.forget()
	}
}

// send queues a frame on the current connection, if there is one; otherwise resume sends it in time. Needs m.mu.
func (m *Mux) send(f Frame) {
	if m.conn != nil {
		m.conn.send(f)
	}
}

// run keeps a connection until Close.
func (m *Mux) run() {
	for {
		server, err := m.pool.pick(m.ctx, preferLeader)
		if err != nil {
			return
		}
		err = m.connect(server)
		if m.ctx.Err() != nil {
			return
		}
		m.pool.failed(server)
		m.cfg.Logger.Info("connection to a server of the network ended; going on with another", "server", server, "cause", err)
	}
}

// connect serves the sessions over one server until that fails.
func (m *Mux) connect(server string) error {
	ctx, cancel := context.WithTimeout(m.ctx, connectTimeout)
	defer cancel()
	nc, err := m.cfg.Dial(ctx, server)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer nc.Close()
	br, err := upgrade(ctx, nc, server)
	if err != nil {
		return err
	}
	c := &muxConn{nc: nc, wake: make(chan struct{}, 1)}
	m.resume(c)
	defer m.suspend()
	stop := context.AfterFunc(m.ctx, func() { nc.Close() })
	defer stop()
	var writer sync.WaitGroup
	closed := make(chan struct{})
	writer.Go(func() { c.write(closed) })
	err = m.read(c, server, NewFrameReader(br))
	close(closed)
	nc.Close()
	writer.Wait()
	return err
}

// upgrade asks for the multiplexed protocol on a fresh connection.
func upgrade(ctx context.Context, nc net.Conn, server string) (*bufio.Reader, error) {
	if deadline, ok := ctx.Deadline(); ok {
		nc.SetDeadline(deadline)
		defer nc.SetDeadline(time.Time{})
	}
	_, err := fmt.Fprintf(nc, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", MuxPath, server, MuxProtocol)
	if err != nil {
		return nil, fmt.Errorf("asking for the multiplexed protocol: %w", err)
	}
	br := bufio.NewReaderSize(nc, 64<<10)
	resp, err := http.ReadResponse(br, nil)
	if err != nil {
		return nil, fmt.Errorf("asking for the multiplexed protocol: %w", err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 200))
		return nil, fmt.Errorf("the server does not switch to the multiplexed protocol: %s: %s", resp.Status, text)
	}
	return br, nil
}

// resume makes c the connection and tells the server all that is under way.
func (m *Mux) resume(c *muxConn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.conn = c
	c.send(&Hello{MuxVersion, m.cfg.BridgeKey})
	for _, s := range m.sessions {
		s.resume()
	}
	for _, p := range m.creates {
		c.send(&p.frame)
	}
	for _, p := range m.deletes {
		c.send(&p.frame)
	}
}

func (m *Mux) suspend() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.conn = nil
	for id, s := range m.sessions {
		if s.err != nil { // it only waited for its last Posted
			delete(m.sessions, id)
			s.answer(&Posted{Session: id, Status: StatusNoSession, Text: "the session has ended"})
		}
	}
}

// errNoLeader ends the connection to a server that has known no leader for leaderPatience.
var errNoLeader = errors.New("the server knows no leader")

// read handles frames until the connection fails.
func (m *Mux) read(c *muxConn, server string, r *FrameReader) error {
	var leaderless time.Time
	for {
		c.nc.SetReadDeadline(time.Now().Add(deadAfter))
		f, err := r.Next()
		if err != nil {
			return fmt.Errorf("reading: %w", err)
		}
		if s, ok := f.(*Servers); ok {
			m.pool.worked(server)
			m.pool.update(s.List, s.Leader)
			switch {
			case s.Leader != "":
				leaderless = time.Time{}
			case leaderless.IsZero():
				leaderless = time.Now()
			}
		} else if err := m.handle(f); err != nil {
			return err
		}
		if !leaderless.IsZero() && time.Since(leaderless) > leaderPatience {
			return errNoLeader
		}
	}
}

// handle acts on one frame from the server.
func (m *Mux) handle(f Frame) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch f := f.(type) {
	case *Audience:
		return m.conn.audiences.set(f)
	case *Outputs:
		return m.outputs(f)
	case *Following:
		if s := m.sessions[f.Session]; s != nil && s.follow != nil {
			s.followed(f)
		}
	case *Lines:
		if s := m.sessions[f.Session]; s != nil {
			s.received(f.Lines)
		}
	case *Posted:
		if f.Status == StatusUnavailable {
			return &Error{f.Status, f.Text}
		}
		if s := m.sessions[f.Session]; s != nil {
			s.answer(f)
		}
	case *Created:
		return m.created(f)
	case *Deleted:
		if f.Status == StatusUnavailable {
			return &Error{f.Status, f.Text}
		}
		if p := m.deletes[f.Session]; p != nil {
			delete(m.deletes, f.Session)
			p.result <- f
		}
	case *End:
		if f.Status == StatusUnavailable {
			return &Error{f.Status, f.Text}
		}
		if s := m.sessions[f.Session]; s != nil {
			s.end(f)
		}
	case *Ping:
		m.send(&Pong{})
	case *Pong:
	default:
		return fmt.Errorf("%w: type %#x is not for clients", ErrFrame, f.kind())
	}
	return nil
}

func (m *Mux) created(f *Created) error {
	if f.Status == StatusUnavailable {
		return &Error{f.Status, f.Text}
	}
	p := m.creates[f.Req]
	if p == nil { // abandoned
		if f.Status == StatusOK {
			m.send(&Detach{f.Session})
		}
		return nil
	}
	delete(m.creates, f.Req)
	if f.Status == StatusOK {
		p.taken = newMuxSession(m, f, p.frame.Remote)
		m.sessions[f.Session] = p.taken
	}
	p.result <- f
	return nil
}

// muxConn is one connection's writing side.
type muxConn struct {
	nc        net.Conn
	wake      chan struct{}
	audiences audiences // the reader's

	mu  sync.Mutex
	out []byte // frames that wait for the writer
}

// send queues a frame. The queue is bounded by what the sessions have under way: one Post each.
func (c *muxConn) send(f Frame) {
	c.mu.Lock()
	c.out = AppendFrame(c.out, f)
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// write sends what is queued, everything at once, and a ping when nothing was sent for pingInterval.
func (c *muxConn) write(closed <-chan struct{}) {
	idle := time.NewTimer(pingInterval)
	defer idle.Stop()
	var buf []byte
	for {
		select {
		case <-closed:
			return
		case <-idle.C:
			buf = AppendFrame(buf[:0], &Ping{})
		case <-c.wake:
			c.mu.Lock()
			buf, c.out = c.out, keepSmall(buf)
			c.mu.Unlock()
		}
		c.nc.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := c.nc.Write(buf); err != nil {
			c.nc.Close() // the reader notices
			return
		}
		idle.Reset(pingInterval)
	}
}

// keepSmall empties a buffer for reuse, or drops it when a burst has made it large.
func keepSmall(b []byte) []byte {
	if cap(b) > 64<<10 {
		return nil
	}
	return b[:0]
}
