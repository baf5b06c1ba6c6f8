package node

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"robustirc/core/irc"
	"robustirc/core/ircserver"
)

const (
	// window is how many lines of a session are on their way at once: what the machine remembers for deduplication.
	window = 32
	// maxLine is the longest line, without its ending: tags and body.
	maxLine = irc.MaxTags + irc.MaxLine
	// secretBytes of randomness make a session's secret; its text is twice as long.
	secretBytes = 128
	// cookieBytes of randomness make a challenge.
	cookieBytes = 8
)

// Create makes a session. It returns ErrTooManySessions, ErrTooManyNew or ErrBanned when the network refuses it.
func (n *Node) Create(ctx context.Context, req CreateRequest) (Created, error) {
	if err := n.enter(); err != nil {
		return Created{}, err
	}
	defer n.leave()
	if err := n.admissible(req.Remote); err != nil {
		return Created{}, err
	}
	if !n.newcomers.allow(req.Remote, time.Now()) {
		return Created{}, ErrTooManyNew
	}
	secret := randomHex(secretBytes)
	in := ircserver.Input{
		Kind: ircserver.KindCreate, Remote: req.Remote, TLS: req.TLS, AuthHash: sha256.Sum256([]byte(secret)),
	}
	if req.Challenge {
		in.Cookie = randomHex(cookieBytes)
	}
	done, err := n.propose(ctx, []ircserver.Input{in})
	if err != nil {
		return Created{}, fmt.Errorf("creating a session: %w", err)
	}
	// The client's next request is for this session and likely to this node: know it by then.
	if err := n.waitOwn(ctx, done.index); err != nil {
		return Created{}, fmt.Errorf("creating a session: %w", err)
	}
	return Created{Session: ircserver.SessionID(done.ids[0]), Auth: secret, Prefix: n.NetworkConfig().NetworkName}, nil
}

// admissible reports why no session may be created from an address. The machine has the last word on both limits.
func (n *Node) admissible(remote string) error {
	var (
		reason string
		banned bool
		full   bool
	)
	n.fsm.view(func(m *ircserver.Server) {
		reason, banned = m.BannedAddress(remote)
		sessions, _ := m.Counts()
		full = m.Config().MaxSessions > 0 && sessions >= m.Config().MaxSessions
	})
	switch {
	case banned:
		return fmt.Errorf("%w: %s", ErrBanned, reason)
	case full:
		return ErrTooManySessions
	}
	return nil
}

func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// Authenticate checks a session's secret in constant time; ErrNoSession when the session is unknown or the secret is
// wrong. A node that does not know the session first catches up with the leader.
func (n *Node) Authenticate(ctx context.Context, sid ircserver.SessionID, auth string) error {
	info, err := n.known(ctx, sid)
	if err != nil {
		return err
	}
	return checkSecret(&info, auth)
}

func checkSecret(info *ircserver.SessionInfo, auth string) error {
	hash := sha256.Sum256([]byte(auth))
	if subtle.ConstantTimeCompare(hash[:], info.AuthHash[:]) != 1 {
		return ErrNoSession
	}
	return nil
}

// AuthenticateReader is Authenticate for reading only: the stream of a gateway's user is opened by the link's secret.
func (n *Node) AuthenticateReader(ctx context.Context, sid ircserver.SessionID, auth string) error {
	info, err := n.known(ctx, sid)
	if err == nil && isOwned(&info) {
		info, err = n.known(ctx, info.Owner)
	}
	if err != nil {
		return err
	}
	return checkSecret(&info, auth)
}

// isOwned reports whether a session is a gateway's user, isLink whether it is a gateway's link.
func isOwned(info *ircserver.SessionInfo) bool { return info.Owner != 0 && info.Owner != info.ID }
func isLink(info *ircserver.SessionInfo) bool  { return info.Owner != 0 && info.Owner == info.ID }

// KeepAlive says that a session's client is there, as PING does, and returns once that is committed.
func (n *Node) KeepAlive(ctx context.Context, sid ircserver.SessionID) error {
	if err := n.enter(); err != nil {
		return err
	}
	defer n.leave()
	if _, err := n.known(ctx, sid); err != nil {
		return err
	}
	// Without an id: it does no harm when it happens twice, and takes no place among the ids that are remembered.
	_, err := n.propose(ctx, []ircserver.Input{{Kind: ircserver.KindLine, Session: sid, Text: "PING :keep-alive"}})
	return err
}

// known returns a session that exists. One that this replica has not heard of may have been created by an entry it has
// not applied yet: only then it catches up.
func (n *Node) known(ctx context.Context, sid ircserver.SessionID) (ircserver.SessionInfo, error) {
	_, _, input := n.fsm.applied() // before looking, so that what is not found then was not there
	info, ok := n.fsm.session(sid)
	if ok {
		return info, nil
	}
	if ircserver.InputID(sid) <= input {
		return info, ErrNoSession // ids are input numbers: it has ended, or was never one
	}
	if err := n.catchUp(ctx); err != nil {
		return info, err
	}
	if info, ok = n.fsm.session(sid); !ok {
		return info, ErrNoSession
	}
	return info, nil
}

// Post hands in lines of a session, in order, and returns once all of them are committed, that is on the disks of a
// majority. Posts of one session through one node happen one after the other. While there is no leader they wait.
// Lines without an ID get one, so that nothing happens twice however often the node itself has to retry; a caller that
// retries a line after an error must use the same ID. The users of gateways cannot post (ErrOwned).
func (n *Node) Post(ctx context.Context, sid ircserver.SessionID, remote string, lines []Line) error {
	if err := n.enter(); err != nil {
		return err
	}
	defer n.leave()
	info, err := n.known(ctx, sid)
	if err != nil {
		return err
	}
	if isOwned(&info) {
		return ErrOwned
	}
	size := 0
	for _, l := range lines {
		if len(l.Text) > maxLine {
			return ErrLineTooLong
		}
		size += len(l.Text)
	}
	bounded := n.fsm.networkConfig().PostMessageCooloff > 0 && !isUnthrottled(&info)
	if err := n.turns.acquire(ctx, sid, len(lines), size, bounded); err != nil {
		if err == ErrFlood {
			n.flood(ctx, sid)
		}
		return err
	}
	defer n.turns.release(sid, len(lines), size)
	return n.post(ctx, &info, remote, lines)
}

// isUnthrottled reports whether a session is not throttled: services and gateways are not.
func isUnthrottled(info *ircserver.SessionInfo) bool { return info.Services || isLink(info) }

// post sends lines in groups of no more than the machine remembers, or than fits into one entry when it is a gateway's.
func (n *Node) post(ctx context.Context, info *ircserver.SessionInfo, remote string, lines []Line) error {
	from := cmp.Or(remote, info.Remote)
	if remote == info.Remote {
		remote = ""
	}
	for len(lines) > 0 {
		group := lines[:min(len(lines), window)]
		if isLink(info) {
			group = lines[:entryLines(lines)]
		}
		lines = lines[len(group):]
		inputs := make([]ircserver.Input, len(group))
		for i, l := range group {
			in, err := n.lineInput(ctx, info, from, l)
			if err != nil {
				return err
			}
			inputs[i] = in
		}
		inputs[0].Remote, remote = remote, ""
		if _, err := n.propose(ctx, inputs); err != nil {
			if errors.Is(err, ErrFlood) {
				n.flood(ctx, info.ID)
			}
			return err
		}
	}
	return nil
}

// entryLines is how many of these lines make one entry. Gateways' ids are sequential, so what is remembered is the last
// one, and a group of any size is recognised when it is retried; but it must be in one entry: were it in two, the first
// lost with its leader and the second not, the first could never be posted again.
func entryLines(lines []Line) int {
	size := 0
	for i, l := range lines {
		size += batchOverhead + len(l.Text)
		if i == batchInputs || i > 0 && size > batchBytes {
			return i
		}
	}
	return len(lines)
}

// lineInput makes a line fit for the log: with an id, and without passwords. A gateway's lines have none: OPER is an
// effect there.
func (n *Node) lineInput(ctx context.Context, info *ircserver.SessionInfo, remote string, l Line) (ircserver.Input, error) {
	in := ircserver.Input{Kind: ircserver.KindLine, Session: info.ID, ClientMsgID: l.ID}
	for in.ClientMsgID == 0 {
		in.ClientMsgID = mathrand.Uint64() &^ ircserver.SequentialID
	}
	if isLink(info) {
		in.Text = l.Text
		return in, nil
	}
	var err error
	in.Text, in.Granted, err = n.verifyClaims(ctx, remote, l.Text)
	return in, err
}

// Delete ends a session. Deleting a session that has ended is no error. ErrLineTooLong is returned for a quit message
// over the limit of a line.
func (n *Node) Delete(ctx context.Context, sid ircserver.SessionID, quit string) error {
	if len(quit) > maxLine {
		return ErrLineTooLong
	}
	if err := n.enter(); err != nil {
		return err
	}
	defer n.leave()
	_, err := n.propose(ctx, []ircserver.Input{{Kind: ircserver.KindDelete, Session: sid, Text: quit}})
	if err != nil {
		return fmt.Errorf("ending a session: %w", err)
	}
	return nil
}

// Kill ends a session in the name of the network's operators.
func (n *Node) Kill(ctx context.Context, sid ircserver.SessionID, reason string) error {
	return n.Delete(ctx, sid, "Killed: "+reason)
}

// flood closes a session whose backlog overflowed.
func (n *Node) flood(ctx context.Context, sid ircserver.SessionID) {
	n.metrics.floods.Inc()
	if err := n.Delete(ctx, sid, "Excess Flood"); err != nil {
		n.log.Warn("closing a session that floods failed", "session", sid, "error", err)
	}
}

// turns makes the posts of one session happen one after the other, in the order they came, and bounds how much may
// wait. It is safe for concurrent use.
type turns struct {
	mu       sync.Mutex
	sessions map[ircserver.SessionID]*turn
}

// turn is a session with posts under way.
type turn struct {
	waiting      []chan struct{} // closed when it is that post's turn
	lines, bytes int             // of all posts, the present one included
}

// acquire waits for a post's turn. ErrFlood is returned when bounded and more than the backlog is under way.
func (t *turns) acquire(ctx context.Context, sid ircserver.SessionID, lines, bytes int, bounded bool) error {
	t.mu.Lock()
	s := t.sessions[sid]
	if bounded && (lines > backlogLines || bytes > backlogBytes ||
		s != nil && (s.lines+lines > backlogLines || s.bytes+bytes > backlogBytes)) {
		t.mu.Unlock()
		return ErrFlood
	}
	if s == nil {
		t.sessions[sid] = &turn{lines: lines, bytes: bytes}
		t.mu.Unlock()
		return nil
	}
	s.lines, s.bytes = s.lines+lines, s.bytes+bytes
	mine := make(chan struct{})
	s.waiting = append(s.waiting, mine)
	t.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
		t.abandon(s, sid, mine, lines, bytes)
		return ctx.Err()
	}
}

// abandon takes a waiting post out, or passes its turn on if it has just come.
func (t *turns) abandon(s *turn, sid ircserver.SessionID, mine chan struct{}, lines, bytes int) {
	t.mu.Lock()
	for i, c := range s.waiting {
		if c == mine {
			s.waiting = append(s.waiting[:i:i], s.waiting[i+1:]...)
			s.lines, s.bytes = s.lines-lines, s.bytes-bytes
			t.mu.Unlock()
			return
		}
	}
	t.mu.Unlock()
	t.release(sid, lines, bytes)
}

// release ends a post and gives the turn to the next.
func (t *turns) release(sid ircserver.SessionID, lines, bytes int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.sessions[sid]
	s.lines, s.bytes = s.lines-lines, s.bytes-bytes
	if len(s.waiting) == 0 {
		delete(t.sessions, sid)
		return
	}
	close(s.waiting[0])
	s.waiting = s.waiting[1:]
}
