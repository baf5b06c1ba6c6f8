package robustsession

import (
	"context"
	"net"
	"sync"
)

// dialed knows the connections that a transport has made, so that all of them can be closed: the transport itself forgets
// one that is still being made when its idle ones are closed, and keeps it until it times out. It is safe for concurrent use.
type dialed struct {
	dialer net.Dialer

	mu     sync.Mutex
	closed bool
	conns  map[net.Conn]struct{}
}

// dial is http.Transport's DialContext.
func (d *dialed) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := d.dialer.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		conn.Close()
		return nil, ErrClosed
	}
	if d.conns == nil {
		d.conns = map[net.Conn]struct{}{}
	}
	d.conns[conn] = struct{}{}
	return &dialedConn{conn, d}, nil
}

// close closes all connections, and those that are still being made as soon as they are.
func (d *dialed) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	for conn := range d.conns { // order does not matter: all are closed
		conn.Close()
	}
	d.conns = nil
}

// dialedConn is a connection that is forgotten when it is closed.
type dialedConn struct {
	net.Conn
	d *dialed
}

func (c *dialedConn) Close() error {
	c.d.mu.Lock()
	delete(c.d.conns, c.Conn)
	c.d.mu.Unlock()
	return c.Conn.Close()
}
