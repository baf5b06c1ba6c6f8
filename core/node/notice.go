package node

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// raftProtocol is the version of hashicorp/raft's own protocol that all nodes speak.
const raftProtocol = raft.ProtocolVersionMax

// noticeTries is how often a follower that has not stored the entry yet is told again, after 1, 2, 4 … ms.
const noticeTries = 5

// notices tell followers the commit index at once. raft tells it with the next AppendEntries, so on a quiet network
// followers would apply each entry CommitTimeout later (50 to 100 ms), and so would every client that reads there.
//
// After entry N of term T was committed and nothing else is on its way, each follower is sent
//
//	AppendEntries{Term: T, PrevLogEntry: N, PrevLogTerm: T, Entries: none, LeaderCommitIndex: N}
//
// Why that is safe. It is a message the leader of term T may legitimately send at any time after it committed N, and
// only such a leader sends it: N was proposed by this node as the leader of T, and its future has reported the commit.
// Raft tolerates any message that is delayed, repeated or lost. In detail, the follower's appendEntries
//   - ignores it when its own term is later than T, so a notice that arrives after the leader was deposed does nothing;
//   - otherwise learns of T and its leader, as from a heartbeat of that leader, which is true;
//   - checks that its own entry N has term T. If it has none or another, it refuses and changes nothing: notices never
//     touch the log, and their answers go to nobody, so replication state cannot be confused. If it has, then by log
//     matching its log up to N is the leader's;
//   - sets its commit index to min(N, its last index) = N if that is an advance, and N is committed.
//
// The one side effect is that the follower's election timer starts over, as with any message of a leader.
// Failures are ignored: CommitTimeout remains as the fallback.
type notices struct {
	transport raft.Transport
	self      raft.ServerID
	addr      raft.ServerAddress
	members   func() []raft.Server
	term      func(index uint64) (uint64, error) // of a log entry
	count     func()
	wg        sync.WaitGroup

	mu     sync.Mutex
	target notice
	peers  map[raft.ServerID]bool // whether one is being told
	wake   chan struct{}
	ctx    context.Context
	cancel context.CancelFunc
}

// notice says that the entry at index, of term, is committed.
type notice struct{ index, term uint64 }

func newNotices(self raft.ServerID, t *transport, members func() []raft.Server, term func(uint64) (uint64, error)) *notices {
	ctx, cancel := context.WithCancel(context.Background())
	return &notices{
		transport: t, self: self, addr: t.addr, members: members, term: term, count: t.metrics.noticesSent.Inc,
		peers: map[raft.ServerID]bool{}, wake: make(chan struct{}, 1), ctx: ctx, cancel: cancel,
	}
}

// committed asks for followers to be told of a commit. It does not block; commits that follow each other closely share
// a notice.
func (n *notices) committed(index uint64) {
	n.mu.Lock()
	n.target.index = max(n.target.index, index)
	n.mu.Unlock()
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// run tells followers until close: one request at a time to each, so a slow one holds up nobody and nothing piles up.
func (n *notices) run() {
	defer n.wg.Wait()
	for {
		select {
		case <-n.wake:
		case <-n.ctx.Done():
			return
		}
		if n.lookUpTerm() {
			for _, s := range n.members() {
				if s.ID != n.self && n.begin(s.ID) {
					n.wg.Go(func() { n.tell(s) })
				}
			}
		}
	}
}

// close makes run return.
func (n *notices) close() { n.cancel() }

// lookUpTerm completes the target with its entry's term.
func (n *notices) lookUpTerm() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	term, err := n.term(n.target.index)
	n.target.term = term
	return err == nil
}

// begin marks a peer as being told, unless it is already.
func (n *notices) begin(id raft.ServerID) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.peers[id] {
		return false
	}
	n.peers[id] = true
	return true
}

// tell sends a peer the newest notice until it has had it.
func (n *notices) tell(s raft.Server) {
	var had notice
	for {
		n.mu.Lock()
		target := n.target
		if target == had || target.term == 0 || n.ctx.Err() != nil {
			n.peers[s.ID] = false
			n.mu.Unlock()
			return
		}
		n.mu.Unlock()
		n.send(s, target)
		had = target
	}
}

func (n *notices) send(s raft.Server, what notice) {
	req := raft.AppendEntriesRequest{
		RPCHeader:    raft.RPCHeader{ProtocolVersion: raftProtocol, ID: []byte(n.self), Addr: n.transport.EncodePeer(n.self, n.addr)},
		Term:         what.term,
		PrevLogEntry: what.index, PrevLogTerm: what.term, LeaderCommitIndex: what.index,
	}
	for try := range noticeTries {
		var resp raft.AppendEntriesResponse
		n.count()
		err := n.transport.AppendEntries(s.ID, s.Address, &req, &resp)
		if err != nil || resp.Success || resp.Term > what.term || resp.LastLog >= what.index {
			return
		}
		if sleepContext(n.ctx, time.Millisecond<<try) != nil {
			return
		}
	}
}
