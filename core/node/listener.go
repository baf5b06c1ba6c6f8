package node

import (
	"container/list"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"
)

// Limits of connections that are not yet anybody's.
const (
	handshakeTimeout = 10 * time.Second // for the TLS handshake and a peer's proof together
	acceptBackoff    = 50 * time.Millisecond
)

// listener is the node's one address. It splits connections by their TLS application protocol: peers prove themselves
// and are handed to their service, all others go to the HTTP listener. No connection holds up another: each shakes
// hands in a goroutine of its own, and when too many do, the one that has taken longest is dropped.
type listener struct {
	inner   net.Listener
	tls     *tls.Config
	key     peerKey
	gate    *PasswordGate
	max     int
	log     *slog.Logger
	metrics *metrics
	http    *connQueue
	raft    *connQueue
	rpc     func(*tls.Conn, string) // serves a peer's calls until the connection ends

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu       sync.Mutex
	halfOpen list.List             // of net.Conn, oldest first
	peers    map[net.Conn]struct{} // proven ones, to close when the node stops
}

func newListener(inner net.Listener, conf *tls.Config, key peerKey, n *Node) *listener {
	ctx, cancel := context.WithCancel(context.Background())
	return &listener{
		inner: inner, tls: conf, key: key, gate: n.gate, max: n.cfg.MaxHalfOpen, log: n.log, metrics: n.metrics,
		http: newConnQueue(inner.Addr()), raft: newConnQueue(inner.Addr()), rpc: n.servePeer,
		ctx: ctx, cancel: cancel, peers: map[net.Conn]struct{}{},
	}
}

// run accepts until close.
func (l *listener) run() {
	for {
		conn, err := l.inner.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of file descriptors, most likely: waiting lets others finish
			l.log.Error("accepting a connection failed; check the limit of open files", "error", err)
			_ = sleepContext(l.ctx, acceptBackoff)
			continue
		}
		entry := l.begin(conn)
		l.wg.Go(func() { l.handshake(conn, entry) })
	}
}

// begin counts a connection as half open, and drops the oldest such when there are too many.
func (l *listener) begin(conn net.Conn) *list.Element {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.halfOpen.Len() >= l.max {
		oldest := l.halfOpen.Front()
		oldest.Value.(net.Conn).Close()
		l.halfOpen.Remove(oldest)
		l.metrics.halfOpenDropped.Inc()
	}
	return l.halfOpen.PushBack(conn)
}

func (l *listener) end(entry *list.Element) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.halfOpen.Remove(entry) // harmless when begin has removed it
}

// handshake brings one connection to whom it is for.
func (l *listener) handshake(raw net.Conn, entry *list.Element) {
	ctx, cancel := context.WithTimeout(l.ctx, handshakeTimeout)
	defer cancel()
	_ = raw.SetDeadline(time.Now().Add(handshakeTimeout))
	conn := tls.Server(raw, l.tls)
	err := conn.HandshakeContext(ctx)
	if err != nil {
		l.end(entry)
		raw.Close()
		l.log.Debug("TLS handshake failed", "source", raw.RemoteAddr(), "error", err)
		return
	}
	if conn.ConnectionState().NegotiatedProtocol != peerProtocol {
		l.end(entry)
		_ = raw.SetDeadline(time.Time{})
		l.http.offer(ctx, conn)
		return
	}
	g, err := l.key.welcome(ctx, conn, l.gate)
	l.end(entry)
	if err != nil {
		raw.Close()
		l.metrics.peerRefused.Inc()
		l.log.Warn("refused a connection that claims to be a peer's", "source", raw.RemoteAddr(), "error", err)
		return
	}
	_ = raw.SetDeadline(time.Time{})
	l.serve(ctx, conn, g)
}

// serve hands a proven peer's connection to its service.
func (l *listener) serve(ctx context.Context, conn *tls.Conn, g greeting) {
	tracked := &trackedConn{Conn: conn, l: l}
	if !l.track(tracked) {
		conn.Close()
		return
	}
	switch g.kind {
	case streamRaft:
		l.raft.offer(ctx, tracked)
	case streamRPC:
		l.rpc(conn, g.id)
		tracked.Close()
	default:
		tracked.Close()
	}
}

// trackedConn is a peer's connection that is closed with the listener.
type trackedConn struct {
	net.Conn
	l *listener
}

// Close closes the connection and forgets it.
func (c *trackedConn) Close() error {
	c.l.mu.Lock()
	delete(c.l.peers, c)
	c.l.mu.Unlock()
	return c.Conn.Close()
}

func (l *listener) track(c *trackedConn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil {
		return false
	}
	l.peers[c] = struct{}{}
	return true
}

// close stops accepting, closes peers' connections and waits for all goroutines. Connections that HTTP has taken over
// are its own.
func (l *listener) close() {
	l.cancel()
	l.inner.Close()
	l.http.Close()
	l.raft.Close()
	l.mu.Lock()
	conns := make([]net.Conn, 0, len(l.peers)+l.halfOpen.Len())
	for c := range l.peers {
		conns = append(conns, c)
	}
	for e := l.halfOpen.Front(); e != nil; e = e.Next() {
		conns = append(conns, e.Value.(net.Conn))
	}
	l.mu.Unlock()
	for _, c := range conns {
		c.Close()
	}
	l.wg.Wait()
}

// connQueue is a net.Listener whose connections are handed in one by one.
type connQueue struct {
	addr   net.Addr
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newConnQueue(addr net.Addr) *connQueue {
	return &connQueue{addr: addr, conns: make(chan net.Conn), closed: make(chan struct{})}
}

// offer hands conn to whoever accepts, or closes it when nobody does in time.
func (q *connQueue) offer(ctx context.Context, conn net.Conn) {
	select {
	case q.conns <- conn:
	case <-q.closed:
		conn.Close()
	case <-ctx.Done():
		conn.Close()
	}
}

// Accept returns the next connection, or net.ErrClosed after Close.
func (q *connQueue) Accept() (net.Conn, error) {
	select {
	case c := <-q.conns:
		return c, nil
	case <-q.closed:
		return nil, net.ErrClosed
	}
}

// Close makes Accept return.
func (q *connQueue) Close() error {
	q.once.Do(func() { close(q.closed) })
	return nil
}

// Addr is the node's address.
func (q *connQueue) Addr() net.Addr { return q.addr }
