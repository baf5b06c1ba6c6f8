package node

import (
	"context"
	"encoding/binary"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

const (
	pingInterval = time.Second
	pingTimeout  = 2 * time.Second
)

// peers holds the connections to the other nodes, by address, and what their pings say.
type peers struct {
	dial func(ctx context.Context, addr string, kind streamKind) (net.Conn, error)
	wg   sync.WaitGroup // the connections' readers and writers

	mu      sync.Mutex
	clients map[string]*peerClient
	health  map[raft.ServerID]*peerHealth
	closed  bool
}

// peerHealth is what pings have said of one member.
type peerHealth struct {
	pinging     bool
	healthy     bool
	lastContact time.Time
	latency     time.Duration
	offset      time.Duration
	said        pingReply
}

func newPeers(dial func(context.Context, string, streamKind) (net.Conn, error)) *peers {
	return &peers{dial: dial, clients: map[string]*peerClient{}, health: map[raft.ServerID]*peerHealth{}}
}

// to returns the client for an address.
func (p *peers) to(addr string) *peerClient {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.clients[addr]
	if c == nil {
		c = &peerClient{wg: &p.wg, closed: p.closed, dial: func(ctx context.Context) (net.Conn, error) {
			return p.dial(ctx, addr, streamRPC)
		}}
		p.clients[addr] = c
	}
	return c
}

// keep drops the connections and health of all but these members.
func (p *peers) keep(members []raft.Server) {
	addrs, ids := map[string]bool{}, map[raft.ServerID]bool{}
	for _, s := range members {
		addrs[string(s.Address)], ids[s.ID] = true, true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for addr, c := range p.clients {
		if !addrs[addr] && c.idle() {
			c.close()
			delete(p.clients, addr)
		}
	}
	for id := range p.health {
		if !ids[id] {
			delete(p.health, id)
		}
	}
}

// close ends all connections and waits for their goroutines.
func (p *peers) close() {
	p.mu.Lock()
	p.closed = true
	for _, c := range p.clients {
		c.close()
	}
	p.mu.Unlock()
	p.wg.Wait()
}

// of returns what is known of a member's health.
func (p *peers) of(id raft.ServerID) peerHealth {
	p.mu.Lock()
	defer p.mu.Unlock()
	if h := p.health[id]; h != nil {
		return *h
	}
	return peerHealth{}
}

// disowned reports whether the members that answer say that this node is none of them.
func (p *peers) disowned() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	disowned := false
	for _, h := range p.health {
		if h.healthy && h.said.isMember {
			return false
		}
		disowned = disowned || h.healthy
	}
	return disowned
}

// led reports whether a member has said a short while ago that it has a leader.
func (p *peers) led() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, h := range p.health {
		if h.healthy && h.said.isLed && time.Since(h.lastContact) < 2*pingInterval {
			return true
		}
	}
	return false
}

// beginPing marks a member as being pinged, unless it is already.
func (p *peers) beginPing(id raft.ServerID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.health[id]
	if h == nil {
		h = &peerHealth{}
		p.health[id] = h
	}
	if h.pinging {
		return false
	}
	h.pinging = true
	return true
}

// endPing records how a ping went.
func (p *peers) endPing(id raft.ServerID, r pingResult, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.health[id]
	if h == nil {
		return
	}
	h.pinging, h.healthy = false, err == nil
	if err == nil {
		h.lastContact, h.latency, h.offset, h.said = r.at, r.latency, r.offset, r.pingReply
	}
}

// pingReply is what a node says about itself.
type pingReply struct {
	clock    int64 // nanoseconds since 1970
	applied  uint64
	isMember bool // whether the caller is a member, as far as the replier knows
	isLed    bool // whether the replier has a leader, or leads
	version  string
}

// The flags of an encoded pingReply.
const (
	pingMember = 1 << iota
	pingLed
)

func (r *pingReply) encode() []byte {
	b := binary.AppendUvarint(nil, uint64(r.clock))
	b = binary.AppendUvarint(b, r.applied)
	var flags uint64
	if r.isMember {
		flags |= pingMember
	}
	if r.isLed {
		flags |= pingLed
	}
	return append(binary.AppendUvarint(b, flags), r.version...)
}

func decodePingReply(b []byte) (r pingReply, err error) {
	var values [3]uint64
	for i := range values {
		if values[i], b, err = takeUvarint(b); err != nil {
			return pingReply{}, err
		}
	}
	return pingReply{
		clock: int64(values[0]), applied: values[1],
		isMember: values[2]&pingMember != 0, isLed: values[2]&pingLed != 0, version: string(b),
	}, nil
}

// pingResult is a ping's reply and what it says about the way there.
type pingResult struct {
	pingReply
	at      time.Time
	latency time.Duration
	offset  time.Duration // how far the other clock is ahead
}

// ping asks the node at an address how it is.
func (n *Node) ping(ctx context.Context, addr string) (pingResult, error) {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	start, clock := time.Now(), n.cfg.Clock()
	b, err := n.peers.to(addr).call(ctx, nil, methodPing, nil)
	if err != nil {
		return pingResult{}, err
	}
	latency := time.Since(start)
	r, err := decodePingReply(b)
	middle := clock.Add(latency / 2)
	return pingResult{r, time.Now(), latency, time.Unix(0, r.clock).Sub(middle)}, err
}

// pingMembers asks every other member, one question at a time to each.
func (n *Node) pingMembers() {
	members := n.members()
	n.peers.keep(members)
	for _, s := range members {
		if s.ID == n.leader.self || !n.peers.beginPing(s.ID) {
			continue
		}
		n.wg.Go(func() {
			r, err := n.ping(n.ctx, string(s.Address))
			n.peers.endPing(s.ID, r, err)
			if err != nil {
				n.metrics.transportErrors.WithLabelValues(string(s.ID), "ping").Inc()
				return
			}
			n.metrics.peerSeconds.WithLabelValues(string(s.ID)).Set(r.latency.Seconds())
		})
	}
}

// answerPing says how this node is.
func (n *Node) answerPing(caller string) []byte {
	leader := n.leader.get()
	r := pingReply{clock: n.cfg.Clock().UnixNano(), applied: n.raft.AppliedIndex(), isLed: !leader.none(), version: n.cfg.Version}
	for _, s := range n.members() {
		r.isMember = r.isMember || string(s.ID) == caller
	}
	return r.encode()
}

// voters are the members that vote.
func (n *Node) voters() []raft.Server {
	return slices.DeleteFunc(slices.Clone(n.members()), func(s raft.Server) bool { return s.Suffrage != raft.Voter })
}

// members are the cluster's members as of the last entry in the log.
func (n *Node) members() []raft.Server {
	f := n.raft.GetConfiguration() // resolved already
	if f.Error() != nil {
		return nil
	}
	return f.Configuration().Servers
}
