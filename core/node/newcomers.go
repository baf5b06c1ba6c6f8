package node

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How many sessions one address may create through one node: a session costs each node some kilobytes, for a minute at
// least. A bridge whose key the network does not trust counts as one address.
const (
	createBurst   = 1024
	createRate    = 16   // per second, after the burst
	createSources = 4096 // remembered addresses; the longest silent one is forgotten first
)

// newcomers bounds the sessions that one address creates. IPv6 addresses count by /64, what one customer has; loopback
// does not count. It is safe for concurrent use.
type newcomers struct {
	mu      sync.Mutex
	sources map[netip.Addr]*list.Element
	order   list.List // of *newcomer, the longest silent first
}

type newcomer struct {
	key     netip.Addr
	limiter *rate.Limiter
}

func newNewcomers() *newcomers { return &newcomers{sources: map[netip.Addr]*list.Element{}} }

// allow counts a session of an address and reports whether it may be.
func (n *newcomers) allow(remote string, now time.Time) bool {
	key, err := netip.ParseAddr(remote)
	if err != nil || key.IsLoopback() {
		return true // nobody's on the network: the machine knows of no address, or it is this machine's own
	}
	if key = key.Unmap().WithZone(""); key.Is6() {
		if p, err := key.Prefix(64); err == nil {
			key = p.Addr()
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.of(key).AllowN(now, 1)
}

// of returns an address's limiter. Needs n.mu.
func (n *newcomers) of(key netip.Addr) *rate.Limiter {
	if e := n.sources[key]; e != nil {
		n.order.MoveToBack(e)
		return e.Value.(*newcomer).limiter
	}
	if len(n.sources) >= createSources {
		oldest := n.order.Front()
		delete(n.sources, oldest.Value.(*newcomer).key)
		n.order.Remove(oldest)
	}
	c := &newcomer{key, rate.NewLimiter(createRate, createBurst)}
	n.sources[key] = n.order.PushBack(c)
	return c.limiter
}
