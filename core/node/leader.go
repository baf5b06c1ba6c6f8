package node

import (
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// leaderWatch knows who leads, and tells who waits for that to change.
type leaderWatch struct {
	self raft.ServerID

	mu      sync.Mutex
	id      raft.ServerID
	addr    raft.ServerAddress
	at      time.Time     // of the last change
	changed chan struct{} // closed with the next change
}

// leadership is who led at one moment.
type leadership struct {
	id      raft.ServerID
	addr    raft.ServerAddress
	self    bool
	changed <-chan struct{} // closed when it is no longer so
}

// none reports whether nobody leads, as far as this node knows.
func (l *leadership) none() bool { return l.addr == "" }

func newLeaderWatch(self raft.ServerID) *leaderWatch {
	return &leaderWatch{self: self, at: time.Now(), changed: make(chan struct{})}
}

func (w *leaderWatch) get() leadership {
	w.mu.Lock()
	defer w.mu.Unlock()
	return leadership{id: w.id, addr: w.addr, self: w.addr != "" && w.id == w.self, changed: w.changed}
}

// since is how long things have been as they are.
func (w *leaderWatch) since() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Since(w.at)
}

// set notes who leads and reports whether that is news.
func (w *leaderWatch) set(id raft.ServerID, addr raft.ServerAddress) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if id == w.id && addr == w.addr {
		return false
	}
	w.id, w.addr, w.at = id, addr, time.Now()
	close(w.changed)
	w.changed = make(chan struct{})
	return true
}

// watchLeader keeps n.leader in step with raft until the node stops.
func (n *Node) watchLeader() {
	events := make(chan raft.Observation, 64) // full means that one is there to be looked at: what counts is the present
	observer := raft.NewObserver(events, false, func(o *raft.Observation) bool {
		switch o.Data.(type) {
		case raft.LeaderObservation, raft.RaftState:
			return true
		}
		return false
	})
	n.raft.RegisterObserver(observer)
	defer n.raft.DeregisterObserver(observer)
	for {
		n.noteLeader()
		select {
		case o := <-events:
			if o.Data == raft.Candidate {
				n.metrics.elections.Inc()
			}
		case <-n.ctx.Done():
			return
		}
	}
}

// noteLeader looks who leads now.
func (n *Node) noteLeader() {
	addr, id := n.raft.LeaderWithID()
	if id == n.leader.self && n.raft.State() != raft.Leader {
		addr, id = "", ""
	}
	if id == n.leader.self && !n.leader.get().self {
		n.observeTime() // before the first input is stamped
		n.clock.lead()
		n.proposeInitialConfig() // before anybody's session, which would see the server's name change
	}
	if !n.leader.set(id, addr) {
		return
	}
	if id != n.leader.self {
		n.throttle.fail(errRetry)
	}
	n.log.Info("leader", "id", id, "addr", addr, "term", n.raft.CurrentTerm())
}
