package node

import (
	"sync"
	"time"
)

const (
	// clockTolerance is how far a leader's clock may be from the network's time, and clocks from each other, to count
	// as right. It is more than pings and applying are late.
	clockTolerance = 5 * time.Second
	// expiryGrace is how long after a new leader began, or the network's time jumped, sessions are not expired: clients
	// that live have posted by then (the stock bridge posts every 60 s), however much time seems to have passed.
	expiryGrace = 90 * time.Second
)

// netClock is the network's time: what a leader stamps on inputs. The machine's time never goes back, so a clock that
// runs ahead would take all nodes with it, and a jump expires every session. Therefore a leader believes its own clock
// only while it agrees with the time the network already has, or while most nodes' clocks agree with it (then the
// network was down, or the leader before was wrong). Otherwise time goes on from where it is, at the pace of this
// node's monotonic clock, and at half that pace when its clock is behind, until they meet.
//
// It is safe for concurrent use.
type netClock struct {
	wall  func() time.Time
	mono  func() time.Time // its differences are what counts
	agree func() bool      // whether most nodes' clocks agree with this one's

	mu     sync.Mutex
	seen   int64     // the network's time as last stamped or applied here; zero before there is any
	at     time.Time // by mono, when that was
	jumped time.Time // by mono, when time last jumped or this node began to lead; zero when neither has happened
}

func newNetClock(wall func() time.Time, agree func() bool) *netClock {
	return &netClock{wall: wall, mono: time.Now, agree: agree}
}

// observe notes the network's time as it was applied.
func (c *netClock) observe(now int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now > c.seen {
		c.seen, c.at = now, c.mono()
	}
}

// lead notes that this node begins to lead. In a network that has no time yet there is nobody to spare.
func (c *netClock) lead() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen != 0 {
		c.jumped = c.mono()
	}
}

// stamp returns the network's time, for an input that is proposed.
func (c *netClock) stamp() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, jump := c.now()
	m := c.mono()
	if jump {
		c.jumped = m
	}
	c.seen, c.at = max(c.seen, now), m
	return c.seen
}

// read returns the network's time without using it up, and whether sessions may be expired by it.
func (c *netClock) read() (now int64, mayExpire bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, jump := c.now()
	return now, !jump && c.mono().Sub(c.jumped) > expiryGrace
}

// now returns the network's time, and whether it jumps there.
func (c *netClock) now() (now int64, jump bool) {
	wall := c.wall().UnixNano()
	if c.seen == 0 {
		return wall, false
	}
	passed := int64(c.mono().Sub(c.at))
	ahead := wall - (c.seen + passed)
	switch {
	case ahead > int64(clockTolerance):
		if c.agree() {
			return wall, true
		}
		return c.seen + passed, false
	case ahead < -int64(clockTolerance):
		return c.seen + passed/2, false
	}
	return max(c.seen, wall), false
}

// clocksAgree reports whether most voters' clocks, as their pings say, agree with this node's.
func (n *Node) clocksAgree() bool {
	voters, agree := 0, 0
	for _, s := range n.voters() {
		voters++
		h := n.peers.of(s.ID)
		if s.ID == n.leader.self || h.healthy && h.offset.Abs() < clockTolerance {
			agree++
		}
	}
	return isQuorum(agree, voters)
}
