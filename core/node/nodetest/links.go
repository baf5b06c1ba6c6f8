package nodetest

import (
	"context"
	"net"
	"sync"
	"syscall"
)

// link is the way from one node to another, by address.
type link struct{ from, to string }

// links are the connections that nodes have dialled, so that they can be cut. It is safe for concurrent use.
type links struct {
	mu    sync.Mutex
	cut   map[link]bool
	conns map[link][]net.Conn
}

// dialer returns what the node at an address dials with.
func (l *links) dialer(from string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		way := link{from, addr}
		if l.isCut(way) {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ENETUNREACH}
		}
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		if !l.add(way, conn) {
			conn.Close()
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ENETUNREACH}
		}
		return conn, nil
	}
}

func (l *links) isCut(way link) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cut[way]
}

func (l *links) add(way link, conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut[way] {
		return false
	}
	if l.conns == nil {
		l.conns = map[link][]net.Conn{}
	}
	l.conns[way] = append(l.conns[way], conn)
	return true
}

// sever closes what goes one way and refuses what is to come.
func (l *links) sever(way link) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut == nil {
		l.cut = map[link]bool{}
	}
	l.cut[way] = true
	for _, c := range l.conns[way] {
		c.Close()
	}
	delete(l.conns, way)
}

// Cut separates two nodes: neither reaches the other, and what they have open is closed.
func (c *Cluster) Cut(i, j int) {
	a, b := c.cfgs[i].Advertise, c.cfgs[j].Advertise
	c.links.sever(link{a, b})
	c.links.sever(link{b, a})
}

// CutOneWay keeps node i from reaching node j; what j has opened to i goes on.
func (c *Cluster) CutOneWay(i, j int) {
	c.links.sever(link{c.cfgs[i].Advertise, c.cfgs[j].Advertise})
}

// Heal undoes all cuts.
func (c *Cluster) Heal() {
	c.links.mu.Lock()
	defer c.links.mu.Unlock()
	c.links.cut = nil
}
