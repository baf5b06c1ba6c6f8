package node

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"

	"robustirc/core/ircserver"
)

// peerCalls is how many calls of one peer may be under way; further ones wait in its connection.
const peerCalls = rpcQueue

// peerServer serves one connection on which a peer calls.
type peerServer struct {
	n      *Node
	peer   string // the caller's id
	ctx    context.Context
	frames chan []byte   // has room for the replies to all calls under way
	slots  chan struct{} // one per call under way
}

// servePeer serves a peer's calls until the connection ends.
func (n *Node) servePeer(conn *tls.Conn, peer string) {
	ctx, cancel := context.WithCancel(n.ctx)
	s := &peerServer{n: n, peer: peer, ctx: ctx, frames: make(chan []byte, peerCalls), slots: make(chan struct{}, peerCalls)}
	written := make(chan struct{})
	n.wg.Go(func() {
		defer close(written)
		_ = writeFrames(conn, s.frames, ctx.Done(), func() { <-s.slots })
		conn.Close()
	})
	err := s.read(bufio.NewReaderSize(conn, rpcWriteBuffer))
	n.log.Debug("a peer's connection ended", "peer", peer, "error", err)
	cancel()
	conn.Close()
	<-written
}

func (s *peerServer) read(r *bufio.Reader) error {
	for {
		f, err := readFrame(r)
		if err != nil {
			return err
		}
		select {
		case s.slots <- struct{}{}:
		case <-s.ctx.Done():
			return s.ctx.Err()
		}
		s.dispatch(f)
	}
}

// dispatch answers a request. What can take time does so in a goroutine, except proposals, which cost none.
func (s *peerServer) dispatch(f frame) {
	switch method(f.kind) {
	case methodPropose:
		s.propose(f)
	case methodPing:
		s.reply(f.id, s.n.answerPing(s.peer), nil)
	default:
		s.n.wg.Go(func() {
			payload, err := s.n.answer(s.ctx, method(f.kind), f.payload)
			s.reply(f.id, payload, err)
		})
	}
}

// propose hands a peer's inputs to this node's proposer; the reply follows when they are committed.
func (s *peerServer) propose(f frame) {
	inputs, err := ircserver.DecodeBatch(f.payload)
	if err == nil && len(inputs) == 0 {
		err = errors.New("a proposal without inputs")
	}
	if err == nil && !s.n.leader.get().self {
		err = errRetry
	}
	if err != nil {
		s.reply(f.id, nil, err)
		return
	}
	s.n.admit(newCall(inputs, func(c *call) {
		if c.err != nil {
			s.reply(f.id, nil, c.err)
			return
		}
		s.reply(f.id, appendCommitted(nil, c), nil)
	}))
}

// reply never blocks: frames has room for all calls that hold a slot.
func (s *peerServer) reply(id uint64, payload []byte, err error) {
	status := byte(statusOK)
	if err != nil {
		var text string
		status, text = errorStatus(err)
		payload = []byte(text)
	}
	s.frames <- appendFrame(nil, id, status, payload)
}

// answer is the reply to a call that can take time.
func (n *Node) answer(ctx context.Context, m method, payload []byte) ([]byte, error) {
	switch m {
	case methodCommitIndex:
		index, err := n.leaderIndex(ctx)
		return binary.AppendUvarint(nil, index), err
	case methodDigests:
		return encodeDigests(n.fsm.digests.all()), nil
	case methodAddPeer:
		if !n.IsLeader() {
			return nil, errRetry
		}
		id, addr, err := decodePeer(payload)
		if err != nil {
			return nil, err
		}
		return nil, n.addPeerHere(ctx, id, addr)
	case methodRemovePeer:
		if !n.IsLeader() {
			return nil, errRetry
		}
		return nil, n.removePeerHere(ctx, string(payload))
	case methodJoin:
		id, addr, err := decodePeer(payload)
		if err != nil {
			return nil, err
		}
		return nil, n.AddPeer(ctx, id, addr)
	}
	return nil, errors.New("this node does not know that call: it runs an older version")
}
