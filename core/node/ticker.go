package node

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/hashicorp/raft"

	"robustirc/core/ircserver"
)

const (
	tickInterval   = time.Second
	digestInterval = 10 * time.Second
)

// tick does, until the node stops, what has to be done again and again.
func (n *Node) tick() {
	every := time.NewTicker(tickInterval)
	defer every.Stop()
	nextDigest := time.Now().Add(digestInterval)
	var digested ircserver.InputID // the last input when the last digest was asked for
	for {
		n.pingMembers()
		n.metrics.delayed.Set(float64(n.throttle.sweep()))
		n.observeTime()
		n.lead()
		if time.Now().After(nextDigest) {
			nextDigest = time.Now().Add(digestInterval)
			digested = n.proposeDigest(digested)
			n.wg.Go(n.compareDigests)
		}
		select {
		case <-every.C:
		case <-n.ctx.Done():
			return
		}
	}
}

// observeTime tells the clock of the network's time.
func (n *Node) observeTime() {
	n.fsm.view(func(m *ircserver.Server) { n.clock.observe(m.Now()) })
}

// lead does what the leader owes the network: time passes, and a new network gets its configuration.
func (n *Node) lead() {
	if !n.leader.get().self {
		return
	}
	if n.quarantined.Load() != nil {
		n.yieldLeadership() // it was elected all the same
		return
	}
	if now, mayExpire := n.clock.read(); mayExpire && n.fsm.due(now) {
		n.proposeUnheard(ircserver.Input{Kind: ircserver.KindTick})
	}
	n.proposeInitialConfig()
}

// proposeInitialConfig, at the leader, gives a new network its configuration; one that has any ignores it.
func (n *Node) proposeInitialConfig() {
	if n.unconfigured() {
		first := n.cfg.InitialConfig
		first.Revision = 1
		n.proposeUnheard(ircserver.Input{Kind: ircserver.KindConfig, Text: ircserver.EncodeConfig(&first)})
	}
}

// unconfigured reports whether this is a new network that is to have a configuration and does not have it yet.
func (n *Node) unconfigured() bool {
	return n.cfg.InitialConfig.NetworkName != "" && n.NetworkConfig().Revision == 0
}

// proposeUnheard proposes an input whose fate the next tick will show.
func (n *Node) proposeUnheard(in ircserver.Input) {
	n.proposer.add(newCall([]ircserver.Input{in}, func(*call) {}).items()...)
}

// due reports whether time has made something due in the machine.
func (f *fsm) due(now int64) bool {
	f.mu.Lock() // the machine remembers what it finds
	defer f.mu.Unlock()
	return f.machine.Due(now)
}

// proposeDigest, at the leader, makes all nodes compute their digest if something has happened since the last one.
func (n *Node) proposeDigest(last ircserver.InputID) ircserver.InputID {
	_, _, input := n.fsm.applied()
	if !n.leader.get().self || input <= last {
		return last
	}
	n.proposeUnheard(ircserver.Input{Kind: ircserver.KindDigest})
	return input + 1 // the digest itself is no reason for the next
}

// compareDigests compares this node's newest digests with its peers'. When a majority agrees on another state than
// this node's, the node takes itself out of service.
func (n *Node) compareDigests() {
	mine := n.fsm.digests.all()
	theirs := map[string][]Digest{}
	var voters []string
	for _, s := range n.voters() {
		voters = append(voters, string(s.ID))
		if s.ID == n.leader.self || !n.peers.of(s.ID).healthy {
			continue
		}
		digests, err := n.askDigests(string(s.Address))
		if err != nil {
			n.log.Warn("asking a peer for its state digests failed", "peer", s.ID, "error", err)
			continue
		}
		theirs[string(s.ID)] = digests
	}
	n.heed(compareDigests(n.cfg.ID, mine, theirs, voters))
}

// heed does what a comparison of digests asks for.
func (n *Node) heed(v verdict) {
	if v.Reason == "" {
		return
	}
	n.fsm.stats.digestMismatches.Add(1)
	n.log.Error("the state of nodes differs; please report this", "peers", v.Differ, "reason", v.Reason)
	if v.Leave {
		n.quarantine(v.Reason)
	}
}

// quarantine takes the node out of service for good, since its state is wrong: it hands over leadership, serves no more
// and does not start again with this data.
func (n *Node) quarantine(reason string) {
	if !n.quarantined.CompareAndSwap(nil, &reason) {
		return
	}
	if err := leaveService(n.cfg.Dir, reason); err != nil {
		n.log.Error("writing down that this node is out of service failed", "error", err)
	}
	n.endService()
	n.yieldLeadership()
}

// yieldLeadership hands over leadership if this node has it.
func (n *Node) yieldLeadership() {
	if n.raft.State() != raft.Leader {
		return
	}
	ctx, cancel := context.WithTimeout(n.ctx, membershipTimeout)
	defer cancel()
	if err := n.TransferLeadership(ctx); err != nil {
		n.log.Error("this node must not lead, but no other member takes over", "error", err)
	}
}

func (n *Node) askDigests(addr string) ([]Digest, error) {
	ctx, cancel := context.WithTimeout(n.ctx, pingTimeout)
	defer cancel()
	b, err := n.peers.to(addr).call(ctx, nil, methodDigests, nil)
	if err != nil {
		return nil, err
	}
	return decodeDigests(b)
}

// digestLen is the length of an encoded Digest: input, state, chain.
const digestLen = 8 + 32 + 4

func encodeDigests(list []Digest) []byte {
	var b []byte
	for _, d := range list {
		b = binary.LittleEndian.AppendUint64(b, uint64(d.Input))
		b = append(b, d.State[:]...)
		b = binary.LittleEndian.AppendUint32(b, d.Chain)
	}
	return b
}

func decodeDigests(b []byte) ([]Digest, error) {
	if len(b)%digestLen != 0 {
		return nil, fmt.Errorf("%d bytes of digests: %w", len(b), errShortReply)
	}
	list := make([]Digest, len(b)/digestLen)
	for i := range list {
		d := b[i*digestLen:]
		list[i] = Digest{Input: ircserver.InputID(binary.LittleEndian.Uint64(d)), Chain: binary.LittleEndian.Uint32(d[40:])}
		copy(list[i].State[:], d[8:40])
	}
	return list, nil
}
