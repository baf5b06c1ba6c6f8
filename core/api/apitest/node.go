// Package apitest is an in-memory node: the machine and its output stream under one lock, without raft. It stands in
// for core/node in the tests of core/api and core/bridge. Several APIs on one Node are the nodes of one network.
package apitest

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"robustirc/core/ircserver"
	"robustirc/core/node"
	"robustirc/core/outputstream"
)

// Node is a network of one in-memory node. It is safe for concurrent use.
type Node struct {
	mu      sync.Mutex
	machine *ircserver.Server
	config  *ircserver.Config
	leader  chan struct{} // closed while there is a leader
	servers []string
	ready   error
	done    chan struct{}

	// Out is the network's output stream.
	Out *outputstream.Stream
}

// New returns a network with this configuration that knows these servers; the first leads.
func New(cfg ircserver.Config, servers ...string) *Node {
	n := &Node{
		machine: ircserver.New(cfg), config: &cfg, leader: make(chan struct{}), servers: servers, done: make(chan struct{}),
		Out: outputstream.New(outputstream.Limits{Window: cfg.OutputWindow, Bytes: cfg.OutputBytes}),
	}
	close(n.leader)
	return n
}

// apply gives the machine one input and files what comes of it. Needs n.mu.
func (n *Node) apply(in *ircserver.Input) {
	in.Time = time.Now().UnixNano()
	outs := n.machine.Apply(in)
	if in.Kind == ircserver.KindCreate {
		n.Out.CreateSession(ircserver.SessionID(n.machine.Inputs()))
	}
	opened, closed := n.machine.Streams()
	for _, id := range closed {
		n.Out.CloseSession(id)
	}
	for _, id := range opened {
		n.Out.CreateSession(id)
	}
	n.Out.Append(outs)
}

// propose waits for a leader and applies inputs.
func (n *Node) propose(ctx context.Context, ins ...*ircserver.Input) (ircserver.InputID, error) {
	for {
		n.mu.Lock()
		leader, err := n.leader, n.ready
		select {
		case <-leader:
			if err != nil {
				n.mu.Unlock()
				return 0, err
			}
			for _, in := range ins {
				n.apply(in)
			}
			id := n.machine.Inputs()
			n.mu.Unlock()
			return id, nil
		default:
		}
		n.mu.Unlock()
		select {
		case <-leader:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// Elect lets the network have a leader, or have none: then posts are held.
func (n *Node) Elect(leader bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	select {
	case <-n.leader:
		if !leader {
			n.leader = make(chan struct{})
		}
	default:
		if leader {
			close(n.leader)
		}
	}
}

// SetReady makes the node refuse everything with err, or serve again.
func (n *Node) SetReady(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ready = err
}

// SetServers changes the list of servers; the first leads.
func (n *Node) SetServers(servers ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.servers = servers
}

// Stop makes the node go away: Done is closed.
func (n *Node) Stop() { close(n.done) }

// Create is node.Node's.
func (n *Node) Create(ctx context.Context, req node.CreateRequest) (node.Created, error) {
	auth := make([]byte, 128)
	rand.Read(auth)
	c := node.Created{Auth: hex.EncodeToString(auth), Prefix: n.NetworkConfig().NetworkName}
	if limit := n.NetworkConfig().MaxSessions; limit > 0 && n.Status().Sessions >= limit {
		return c, node.ErrTooManySessions
	}
	for _, b := range n.NetworkConfig().Banned {
		if b.Name == req.Remote {
			return c, node.ErrBanned
		}
	}
	in := &ircserver.Input{Kind: ircserver.KindCreate, Remote: req.Remote, TLS: req.TLS, AuthHash: sha256.Sum256([]byte(c.Auth))}
	if req.Challenge {
		in.Cookie = c.Auth[:8]
	}
	id, err := n.propose(ctx, in)
	c.Session = ircserver.SessionID(id)
	return c, err
}

// Authenticate is node.Node's.
func (n *Node) Authenticate(_ context.Context, sid ircserver.SessionID, auth string) error {
	return n.authenticate(sid, auth, func(s ircserver.SessionInfo) ircserver.SessionID { return s.ID })
}

// AuthenticateReader is node.Node's.
func (n *Node) AuthenticateReader(_ context.Context, sid ircserver.SessionID, auth string) error {
	return n.authenticate(sid, auth, func(s ircserver.SessionInfo) ircserver.SessionID { return cmp.Or(s.Owner, s.ID) })
}

// authenticate checks the secret of the session whose secret it is.
func (n *Node) authenticate(sid ircserver.SessionID, auth string, whose func(ircserver.SessionInfo) ircserver.SessionID) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	s, ok := n.machine.Session(sid)
	if ok {
		s, ok = n.machine.Session(whose(s))
	}
	hash := sha256.Sum256([]byte(auth))
	if !ok || subtle.ConstantTimeCompare(hash[:], s.AuthHash[:]) != 1 {
		return node.ErrNoSession
	}
	return n.ready
}

// Post is node.Node's. Of claims, only a gateway's are checked: the password is its name.
func (n *Node) Post(ctx context.Context, sid ircserver.SessionID, remote string, lines []node.Line) error {
	info, ok := n.session(sid)
	switch {
	case !ok:
		return node.ErrNoSession
	case info.Owner != 0 && info.Owner != sid:
		return node.ErrOwned
	}
	var ins []*ircserver.Input
	for _, l := range lines {
		in := &ircserver.Input{Kind: ircserver.KindLine, Session: sid, ClientMsgID: l.ID, Text: l.Text, Remote: remote}
		if info.Owner == 0 {
			n.grant(in)
		}
		ins = append(ins, in)
	}
	_, err := n.propose(ctx, ins...)
	return err
}

// grant checks a gateway's password.
func (n *Node) grant(in *ircserver.Input) {
	if name, ok := strings.CutPrefix(in.Text, "PASS :gateway="); ok {
		in.Text, in.Granted = "PASS :gateway=*", "gateway:"+name
	}
}

func (n *Node) session(sid ircserver.SessionID) (ircserver.SessionInfo, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.machine.Session(sid)
}

// KeepAlive is node.Node's.
func (n *Node) KeepAlive(ctx context.Context, sid ircserver.SessionID) error {
	return n.Post(ctx, sid, "", []node.Line{{Text: "PING :keep-alive"}})
}

// Delete is node.Node's.
func (n *Node) Delete(ctx context.Context, sid ircserver.SessionID, quit string) error {
	_, err := n.propose(ctx, &ircserver.Input{Kind: ircserver.KindDelete, Session: sid, Text: quit})
	return err
}

// Kill is node.Node's.
func (n *Node) Kill(ctx context.Context, sid ircserver.SessionID, reason string) error {
	return n.Delete(ctx, sid, reason)
}

// Stream is node.Node's.
func (n *Node) Stream(_ context.Context, sid ircserver.SessionID, after ircserver.OutputID) (*outputstream.Reader, error) {
	if err := n.Ready(); err != nil {
		return nil, err
	}
	return n.Out.Open(sid, after)
}

// Follow is node.Node's.
func (n *Node) Follow(ctx context.Context, sid ircserver.SessionID, auth string, after ircserver.OutputID) (*outputstream.Reader, error) {
	if err := n.AuthenticateReader(ctx, sid, auth); err != nil {
		return nil, err
	}
	if info, _ := n.session(sid); info.Gateway == "" {
		return nil, node.ErrNotGateway
	}
	return n.Out.Follow(sid, after)
}

// NetworkConfig is node.Node's.
func (n *Node) NetworkConfig() *ircserver.Config {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.config
}

// SetNetworkConfig is node.Node's.
func (n *Node) SetNetworkConfig(_ context.Context, basedOn uint64, cfg ircserver.Config) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if basedOn != n.config.Revision {
		return node.ErrRevision
	}
	cfg.Revision = basedOn + 1
	n.config = &cfg
	return nil
}

// Servers is node.Node's.
func (n *Node) Servers() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.servers)
}

// LeaderAddr is node.Node's.
func (n *Node) LeaderAddr() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	select {
	case <-n.leader:
		return n.servers[0]
	default:
		return ""
	}
}

// AddPeer is node.Node's; the server is added to the list.
func (n *Node) AddPeer(_ context.Context, id, addr string) error {
	n.SetServers(append(n.Servers(), addr)...)
	return nil
}

// RemovePeer is node.Node's; members are called by their addresses, and the last one stays.
func (n *Node) RemovePeer(_ context.Context, id string) error {
	rest := slices.DeleteFunc(n.Servers(), func(s string) bool { return s == id })
	if len(rest) == 0 {
		return fmt.Errorf("removing %s: %w", id, node.ErrQuorum)
	}
	n.SetServers(rest...)
	return nil
}

// Snapshot is node.Node's; the output stream is captured and restored.
func (n *Node) Snapshot(context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.Out.Restore(n.Out.Tail())
	return nil
}

// Status is node.Node's.
func (n *Node) Status() node.Status {
	servers, leader := n.Servers(), n.LeaderAddr()
	n.mu.Lock()
	defer n.mu.Unlock()
	st := node.Status{ID: "memory", Addr: servers[0], State: "Leader", LeaderID: "memory", LeaderAddr: leader, Now: time.Now(), Revision: n.config.Revision}
	st.Sessions, st.Channels = n.machine.Counts()
	st.Applied = uint64(n.machine.Inputs())
	for _, s := range servers {
		st.Peers = append(st.Peers, node.PeerStatus{ID: s, Addr: s, Self: s == servers[0], Suffrage: "Voter", Healthy: true})
	}
	return st
}

// Sessions is node.Node's.
func (n *Node) Sessions() []ircserver.SessionInfo {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.machine.Sessions()
}

// Ready is node.Node's.
func (n *Node) Ready() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.ready
}

// Done is node.Node's.
func (n *Node) Done() <-chan struct{} { return n.done }

// OpenLog is node.Node's; this one keeps no log.
func (n *Node) OpenLog(ircserver.InputID) (*node.LogReader, error) { return nil, node.ErrOutOfService }
