package node

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Calls between nodes. A frame is its length, then a request (id, method, payload) or a reply (id, status, payload);
// length and id are varints. Requests are pipelined; replies come in any order.

// method names a call between nodes. The numbers are part of the peer protocol.
type method byte

const (
	methodPropose     method = 1 + iota // inputs for the leader's proposer
	methodCommitIndex                   // the leader's commit index, after it has verified that it leads
	methodPing                          // time and version
	methodDigests                       // the newest state digests, for comparison
	methodAddPeer                       // membership, at the leader: id, address
	methodRemovePeer                    // membership, at the leader: id
	methodJoin                          // membership, at any member: id, address
)

const (
	maxFrame       = 16 << 20 // bytes; a network configuration is the largest payload there is
	dialTimeout    = 2 * time.Second
	rpcWriteBuffer = 64 << 10
	rpcQueue       = 1024 // frames that wait to be written
)

// errPeerGone is returned for a call whose connection ended before the reply: its outcome is unknown.
var errPeerGone = errors.New("the connection to the peer ended")

// errRetry marks an outcome that is unknown or a refusal for the moment: the caller tries again, with the same ids.
var errRetry = errors.New("no leader has taken this yet")

// wireErrors are the errors that keep their identity across nodes; their position is part of the peer protocol.
var wireErrors = []error{
	1: errRetry, 2: ErrNoSession, 3: ErrTooManySessions, 4: ErrBanned, 5: ErrFlood, 6: ErrLineTooLong, 7: ErrRevision,
	8: ErrQuorum, 9: ErrOutOfService,
}

const (
	statusOK    = 0
	statusOther = 255
)

// errorStatus encodes an error as its status and its text.
func errorStatus(err error) (byte, string) {
	for i, e := range wireErrors {
		if i > 0 && errors.Is(err, e) {
			return byte(i), err.Error()
		}
	}
	return statusOther, err.Error()
}

// remoteError is an error that a peer answered.
type remoteError struct {
	text string
	is   error
}

func (e *remoteError) Error() string { return e.text }
func (e *remoteError) Unwrap() error { return e.is }

func statusError(status byte, text []byte) error {
	if int(status) < len(wireErrors) {
		return &remoteError{string(text), wireErrors[status]}
	}
	return &remoteError{string(text), nil}
}

// appendFrame appends a frame: id, kind (method or status), payload.
func appendFrame(dst []byte, id uint64, kind byte, payload []byte) []byte {
	var head [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(head[:], id)
	dst = binary.AppendUvarint(dst, uint64(n+1+len(payload)))
	dst = append(dst, head[:n]...)
	dst = append(dst, kind)
	return append(dst, payload...)
}

// frame is a decoded request or reply.
type frame struct {
	id      uint64
	kind    byte
	payload []byte
}

// readFrame reads one frame; the payload is the caller's own.
func readFrame(r *bufio.Reader) (frame, error) {
	size, err := binary.ReadUvarint(r)
	if err != nil {
		return frame{}, err
	}
	if size < 2 || size > maxFrame {
		return frame{}, fmt.Errorf("a frame of %d bytes; the limit is %d", size, maxFrame)
	}
	body, err := readBody(r, int(size))
	if err != nil {
		return frame{}, err
	}
	id, n := binary.Uvarint(body)
	if n <= 0 || n >= len(body) {
		return frame{}, errors.New("a frame without id and kind")
	}
	return frame{id, body[n], body[n+1:]}, nil
}

// readBody reads size bytes without trusting size: memory grows only with what has arrived.
func readBody(r io.Reader, size int) ([]byte, error) {
	const step = 64 << 10
	body := make([]byte, 0, min(size, step))
	for len(body) < size {
		from := len(body)
		body = append(body, make([]byte, min(size-from, max(step, from)))...)
		if _, err := io.ReadFull(r, body[from:]); err != nil {
			return nil, err
		}
	}
	return body, nil
}

// writeFrames writes what comes out of frames until it fails or done closes; what waits goes out in one write. taken,
// when not nil, is called for each frame.
func writeFrames(conn net.Conn, frames <-chan []byte, done <-chan struct{}, taken func()) error {
	w := bufio.NewWriterSize(conn, rpcWriteBuffer)
	for {
		select {
		case f := <-frames:
			if taken != nil {
				taken()
			}
			if _, err := w.Write(f); err != nil {
				return err
			}
		case <-done:
			return nil
		}
		if len(frames) == 0 {
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
}

// peerClient calls one peer over one connection, dialled when it is needed.
type peerClient struct {
	dial func(context.Context) (net.Conn, error)
	wg   *sync.WaitGroup // of the node

	mu      sync.Mutex
	conn    *peerConn
	dialing chan struct{} // closed when the dialling under way has ended
	closed  bool
}

// peerConn is one connection of a peerClient.
type peerConn struct {
	net    net.Conn
	frames chan []byte
	dead   chan struct{} // closed once the connection has ended

	mu      sync.Mutex
	ended   bool
	nextID  uint64
	pending map[uint64]chan frame
}

// call sends one request and waits for its reply; abort, when it is closed, ends the wait. errPeerGone says that the
// outcome is unknown.
func (p *peerClient) call(ctx context.Context, abort <-chan struct{}, m method, payload []byte) ([]byte, error) {
	c, err := p.connected(ctx)
	if err != nil {
		return nil, err
	}
	id, reply := c.expect()
	defer c.forget(id)
	select {
	case c.frames <- appendFrame(nil, id, byte(m), payload):
	case <-c.dead:
		return nil, errPeerGone
	case <-abort:
		return nil, errPeerGone
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case f := <-reply:
		if f.kind != statusOK {
			return nil, statusError(f.kind, f.payload)
		}
		return f.payload, nil
	case <-c.dead:
		return nil, errPeerGone
	case <-abort:
		return nil, errPeerGone
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// connected returns the connection, dialling it if there is none. One dial serves all who wait for it.
func (p *peerClient) connected(ctx context.Context) (*peerConn, error) {
	for {
		p.mu.Lock()
		switch {
		case p.closed:
			p.mu.Unlock()
			return nil, net.ErrClosed
		case p.conn != nil && !p.conn.isDead():
			c := p.conn
			p.mu.Unlock()
			return c, nil
		case p.dialing == nil:
			p.dialing = make(chan struct{})
			p.mu.Unlock()
			return p.redial(ctx)
		}
		wait := p.dialing
		p.mu.Unlock()
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (p *peerClient) redial(ctx context.Context) (*peerConn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := p.dial(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.dialing)
	p.dialing = nil
	if err != nil {
		return nil, err
	}
	if p.closed {
		conn.Close()
		return nil, net.ErrClosed
	}
	p.conn = &peerConn{net: conn, frames: make(chan []byte, rpcQueue), dead: make(chan struct{}), pending: map[uint64]chan frame{}}
	p.wg.Go(p.conn.read)
	p.wg.Go(p.conn.write)
	return p.conn, nil
}

// close ends the connection; calls under way return errPeerGone.
func (p *peerClient) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.conn != nil {
		p.conn.end()
	}
}

func (c *peerConn) isDead() bool {
	select {
	case <-c.dead:
		return true
	default:
		return false
	}
}

// expect registers a new request.
func (c *peerConn) expect() (uint64, <-chan frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nextID++
	reply := make(chan frame, 1)
	c.pending[c.nextID] = reply
	return c.nextID, reply
}

func (c *peerConn) forget(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pending, id)
}

// read delivers replies until the connection ends.
func (c *peerConn) read() {
	defer c.end()
	r := bufio.NewReaderSize(c.net, rpcWriteBuffer)
	for {
		f, err := readFrame(r)
		if err != nil {
			return
		}
		c.mu.Lock()
		reply := c.pending[f.id]
		delete(c.pending, f.id)
		c.mu.Unlock()
		if reply != nil {
			reply <- f // has room for the one reply
		}
	}
}

func (c *peerConn) write() {
	defer c.end()
	_ = writeFrames(c.net, c.frames, c.dead, nil)
}

func (c *peerConn) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended {
		c.ended = true
		close(c.dead)
		c.net.Close()
	}
}

// idle reports whether nobody waits for a reply.
func (p *peerClient) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn == nil {
		return p.dialing == nil
	}
	p.conn.mu.Lock()
	defer p.conn.mu.Unlock()
	return len(p.conn.pending) == 0
}
