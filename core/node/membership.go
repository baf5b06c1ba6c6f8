package node

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"
)

const (
	// membershipTimeout is how long a change of membership may take to commit.
	membershipTimeout = 10 * time.Second
	// joinTimeout is how long a new member may take to catch up before it gets its vote.
	joinTimeout = 50 * time.Second
	// joinLag is how many entries a new member may be behind when it gets its vote.
	joinLag  = 256
	joinPoll = 50 * time.Millisecond
)

// AddPeer admits a member; ErrQuorum when the new quorum would not be healthy. It first follows without a vote and gets
// one when it has caught up, so that the quorum never depends on a node with an empty log.
func (n *Node) AddPeer(ctx context.Context, id, addr string) error {
	return n.onLeader(ctx, func(ctx context.Context) error { return n.addPeerHere(ctx, id, addr) },
		methodAddPeer, encodePeer(id, addr))
}

// RemovePeer removes a member; ErrQuorum when the healthy rest would not be a quorum.
func (n *Node) RemovePeer(ctx context.Context, id string) error {
	return n.onLeader(ctx, func(ctx context.Context) error { return n.removePeerHere(ctx, id) }, methodRemovePeer, []byte(id))
}

// onLeader does something here if this node leads, otherwise asks the leader to do it. It tries again while there is no
// leader; changes of membership may be repeated.
func (n *Node) onLeader(ctx context.Context, here func(context.Context) error, m method, payload []byte) error {
	ctx, cancel := context.WithTimeout(ctx, n.cfg.HoldTimeout)
	defer cancel()
	for {
		leader := n.leader.get()
		err := errRetry
		switch {
		case leader.self:
			err = here(ctx)
		case !leader.none():
			_, err = n.peers.to(string(leader.addr)).call(ctx, leader.changed, m, payload)
			if errors.Is(err, errPeerGone) {
				err = errRetry
			}
		}
		if !errors.Is(err, errRetry) {
			return err
		}
		if err := n.waitForLeader(ctx, &leader, maxRetryWait); err != nil {
			return err
		}
	}
}

func encodePeer(id, addr string) []byte {
	b := binary.AppendUvarint(nil, uint64(len(id)))
	return append(append(b, id...), addr...)
}

func decodePeer(b []byte) (id, addr string, err error) {
	n, b, err := takeUvarint(b)
	if err != nil || n > uint64(len(b)) {
		return "", "", errShortReply
	}
	return string(b[:n]), string(b[n:]), nil
}

// checkPeer reports what is wrong with a new member's name and address, given the members there are.
func checkPeer(members []raft.Server, id, addr string) error {
	if id == "" || len(id) > maxPeerID || addr == "" {
		return fmt.Errorf("a member needs a name (of at most %d bytes) and an address", maxPeerID)
	}
	for _, s := range members {
		if string(s.Address) == addr && string(s.ID) != id {
			return fmt.Errorf("the address %s belongs to the member %s: remove that one first", addr, s.ID)
		}
	}
	return nil
}

// addPeerHere is AddPeer at the leader.
func (n *Node) addPeerHere(ctx context.Context, id, addr string) error {
	members := n.members()
	if err := checkPeer(members, id, addr); err != nil {
		return err
	}
	_, unreachable := n.ping(ctx, addr)
	voters, healthy := n.votersAndHealthy(members, raft.ServerID(id))
	if unreachable == nil {
		healthy++
	}
	if !isQuorum(healthy, voters+1) {
		return fmt.Errorf("%w: of the %d members there would be, only %d answer (%s: %v)", ErrQuorum, voters+1, healthy, id, unreachable)
	}
	if isVoterAt(members, id, addr) {
		return nil
	}
	if err := n.changed(ctx, n.raft.AddNonvoter(raft.ServerID(id), raft.ServerAddress(addr), 0, membershipTimeout)); err != nil {
		return err
	}
	if unreachable == nil {
		if err := n.awaitCaughtUp(ctx, addr); err != nil {
			return err
		}
	}
	return n.changed(ctx, n.raft.AddVoter(raft.ServerID(id), raft.ServerAddress(addr), 0, membershipTimeout))
}

func isVoterAt(members []raft.Server, id, addr string) bool {
	for _, s := range members {
		if string(s.ID) == id && string(s.Address) == addr && s.Suffrage == raft.Voter {
			return true
		}
	}
	return false
}

// awaitCaughtUp waits until a new member has applied most of the log.
func (n *Node) awaitCaughtUp(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	for {
		r, err := n.ping(ctx, addr)
		if err == nil && r.applied+joinLag >= n.raft.CommitIndex() {
			return nil
		}
		if sleepContext(ctx, joinPoll) != nil {
			return fmt.Errorf("the new member does not catch up; it follows without a vote, so try again later: %w", ctx.Err())
		}
		if n.raft.State() != raft.Leader {
			return errRetry
		}
	}
}

// changed waits for a change of membership and makes losing leadership meanwhile a reason to try again.
func (n *Node) changed(ctx context.Context, f raft.IndexFuture) error {
	err := wait(ctx, f)
	switch {
	case errors.Is(err, raft.ErrNotLeader), errors.Is(err, raft.ErrLeadershipLost), errors.Is(err, raft.ErrLeadershipTransferInProgress):
		return fmt.Errorf("%w: %w", errRetry, err)
	case err != nil:
		return fmt.Errorf("changing the list of members: %w", err)
	}
	return nil
}

// removePeerHere is RemovePeer at the leader. A leader that is to be removed hands over first, and the next one does it.
func (n *Node) removePeerHere(ctx context.Context, id string) error {
	members := n.members()
	if !isMember(members, id) {
		return nil
	}
	voters, healthy := n.votersAndHealthy(members, raft.ServerID(id))
	if !isQuorum(healthy, voters) {
		return fmt.Errorf("%w: of the %d members that would be left, only %d answer", ErrQuorum, voters, healthy)
	}
	if raft.ServerID(id) == n.leader.self {
		if err := n.TransferLeadership(ctx); err != nil {
			return err
		}
		return errRetry
	}
	return n.changed(ctx, n.raft.RemoveServer(raft.ServerID(id), 0, membershipTimeout))
}

func isMember(members []raft.Server, id string) bool {
	for _, s := range members {
		if string(s.ID) == id {
			return true
		}
	}
	return false
}

// votersAndHealthy counts the voters other than except, and how many of them answer.
func (n *Node) votersAndHealthy(members []raft.Server, except raft.ServerID) (voters, healthy int) {
	for _, s := range members {
		if s.ID == except || s.Suffrage != raft.Voter {
			continue
		}
		voters++
		if s.ID == n.leader.self || n.peers.of(s.ID).healthy {
			healthy++
		}
	}
	return voters, healthy
}

func isQuorum(healthy, voters int) bool { return voters > 0 && healthy >= voters/2+1 }

// TransferLeadership hands leadership to another member; it returns once another leads: a node that stops before that
// takes its vote with it.
func (n *Node) TransferLeadership(ctx context.Context) error {
	errs := []error{errors.New("no other member answers")}
	for _, s := range n.members() {
		if n.raft.State() != raft.Leader {
			return nil
		}
		if s.ID == n.leader.self || s.Suffrage != raft.Voter || !n.peers.of(s.ID).healthy {
			continue
		}
		err := wait(ctx, n.raft.LeadershipTransferToServer(s.ID, s.Address))
		if err == nil {
			return n.awaitSuccessor(ctx)
		}
		errs = append(errs, err)
	}
	return fmt.Errorf("handing over leadership: %w", errors.Join(errs...))
}

// awaitSuccessor waits until another member leads.
func (n *Node) awaitSuccessor(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 4*n.cfg.HeartbeatTimeout)
	defer cancel()
	for {
		n.noteLeader()
		leader := n.leader.get()
		if !leader.none() && !leader.self {
			return nil
		}
		select {
		case <-leader.changed:
		case <-ctx.Done():
			return fmt.Errorf("this node no longer leads, but no other has begun to: %w", ctx.Err())
		}
	}
}

// join asks a member for admission until it is granted.
func (n *Node) join() {
	wait := maxRetryWait
	for n.ctx.Err() == nil {
		ctx, cancel := context.WithTimeout(n.ctx, joinTimeout+membershipTimeout)
		_, err := n.peers.to(n.cfg.Join).call(ctx, nil, methodJoin, encodePeer(n.cfg.ID, n.cfg.Advertise))
		cancel()
		if err == nil {
			n.log.Info("joined the network", "through", n.cfg.Join)
			return
		}
		n.log.Warn("joining the network failed; trying again", "through", n.cfg.Join, "error", err)
		_ = sleepContext(n.ctx, wait)
		wait = min(2*wait, 5*time.Second)
	}
}
