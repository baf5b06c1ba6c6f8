package robustsession

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// Style says how the lines of a gateway's users are delivered.
type Style string

// The styles of docs/gateway.md.
const (
	// Firehose is one stream for the lines of all users, with their recipients.
	Firehose Style = "firehose"
	// Sessions is a stream per user; see Gateway.Attach.
	Sessions Style = "sessions"
)

// FirstGatewayLine is the lowest id of a line of a gateway: those below are for the lines that make it one.
const FirstGatewayLine = 16

// maxPostBytes is how many bytes of lines go into one Post of a gateway, well below MaxFrame.
const maxPostBytes = 128 << 10

// GatewayConfig says who a gateway is.
type GatewayConfig struct {
	// Name and Password are those of a [[Gateways]] entry in the network's configuration.
	Name, Password string
	// Style is how the lines of users are delivered.
	Style Style
	// Resume is the state of an earlier process's gateway, if there was one. When its link is still there, it goes on
	// behind Resume.LastSeen; otherwise there is a new one.
	Resume *GatewayState
}

// String names the gateway, without its secrets.
func (c GatewayConfig) String() string { return fmt.Sprintf("gateway %s (%s)", c.Name, c.Style) }

// LogValue is String.
func (c GatewayConfig) LogValue() slog.Value { return slog.StringValue(c.String()) }

// GatewayState is what a process must keep to go on with its gateway's link after a restart. Auth is a secret.
type GatewayState struct {
	Session  uint64
	Auth     string
	LastSeen ID // the last output that was dealt with
}

// String names the link, without its secret.
func (s GatewayState) String() string { return fmt.Sprintf("link %#x at %v", s.Session, s.LastSeen) }

// LogValue is String.
func (s GatewayState) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Gateway is the link of a gateway; see docs/gateway.md. It is safe for concurrent use, except that one goroutine
// receives.
type Gateway struct {
	s       *muxSession
	resumed bool
}

// OpenGateway makes m's network take this process for a gateway. It retries until ctx is done or the network refuses:
// *Error with StatusForbidden when there is no gateway of that name and password.
func (m *Mux) OpenGateway(ctx context.Context, cfg GatewayConfig) (*Gateway, error) {
	if cfg.Resume != nil {
		g, err := m.resumeGateway(ctx, *cfg.Resume)
		if err == nil || !isGone(err) {
			return g, err
		}
		m.cfg.Logger.Info("the gateway's earlier link has ended; making a new one", "link", *cfg.Resume)
	}
	return m.newGateway(ctx, cfg)
}

// isGone reports whether an error says that a link cannot be resumed: it has ended, or was never a gateway's.
func isGone(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Status == StatusNoSession || e.Status == StatusForbidden)
}

func (m *Mux) resumeGateway(ctx context.Context, state GatewayState) (*Gateway, error) {
	s, err := m.follow(ctx, state)
	if err != nil {
		return nil, fmt.Errorf("resuming the %v: %w", state, err)
	}
	return &Gateway{s: s, resumed: true}, nil
}

// follow attaches a session that exists, for outputs.
func (m *Mux) follow(ctx context.Context, state GatewayState) (*muxSession, error) {
	s := newMuxSession(m, &Created{Session: state.Session, Auth: state.Auth}, "")
	m.mu.Lock()
	if m.sessions[s.id] != nil {
		m.mu.Unlock()
		return nil, fmt.Errorf("session %#x is attached already", s.id)
	}
	m.sessions[s.id] = s
	s.startFollowing(state.LastSeen)
	m.mu.Unlock()
	if err := s.awaitFollowing(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// startFollowing attaches s for outputs after an id. Needs m.mu.
func (s *muxSession) startFollowing(after ID) {
	s.lines, s.held, s.consumed = nil, 0, 0
	s.last, s.follow = after, &followed{}
	s.attach()
}

func (m *Mux) newGateway(ctx context.Context, cfg GatewayConfig) (*Gateway, error) {
	made, err := m.Create(ctx, Options{})
	if err != nil {
		return nil, fmt.Errorf("creating the link of %v: %w", cfg, err)
	}
	g := &Gateway{s: made.(*muxSession)}
	err = g.introduce(ctx, cfg)
	if err == nil {
		m.mu.Lock()
		g.s.startFollowing(ID{})
		m.mu.Unlock()
		err = g.s.awaitFollowing(ctx)
	}
	if err != nil {
		g.drop(ctx)
		return nil, fmt.Errorf("becoming %v: %w", cfg, err)
	}
	return g, nil
}

// drop gives up a session that did not become a link. When ctx is done it is left to expire.
func (g *Gateway) drop(ctx context.Context) {
	if err := g.s.Delete(ctx, "Not a gateway"); err != nil && ctx.Err() == nil {
		g.s.m.cfg.Logger.Info("a session that did not become a gateway's link is left to expire", "session", g.s.ID(), "error", err)
	}
	g.s.Close()
}

// introduce posts the lines that make the session a gateway's link.
func (g *Gateway) introduce(ctx context.Context, cfg GatewayConfig) error {
	return g.post(ctx, []PostLine{{1, "PASS :gateway=" + cfg.Password}, {2, fmt.Sprintf("GATEWAY %s %s", cfg.Name, cfg.Style)}})
}

// Session is the id of the link's session, which the outputs for the link itself have as their recipient.
func (g *Gateway) Session() uint64 { return g.s.id }

// Resumed reports whether the link is the one that GatewayConfig.Resume named.
func (g *Gateway) Resumed() bool { return g.resumed }

// State is what another process needs to go on with the link, behind the last output that has arrived. One that
// persists it puts the last output that it has dealt with into LastSeen.
func (g *Gateway) State() GatewayState {
	g.s.m.mu.Lock()
	defer g.s.m.mu.Unlock()
	return GatewayState{g.s.id, g.s.auth, g.s.last}
}

// Post hands in lines and returns when all are durable. ids grow from one line to the next, over all posts, from
// FirstGatewayLine to 2^63-1; lines that are posted again after ctx was done, or by another process, must have the ids they
// had, and then take effect once. It retries through all failures; an error other than ctx's means that the link is over
// or a line was refused (*Error). Calls happen one after the other.
func (g *Gateway) Post(ctx context.Context, ids []uint64, lines []string) error {
	numbered, err := number(ids, lines)
	if err != nil {
		return err
	}
	done, err := g.s.turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	for len(numbered) > 0 {
		n := postLen(numbered)
		if err := g.post(ctx, numbered[:n:n]); err != nil {
			return err
		}
		numbered = numbered[n:]
	}
	return nil
}

// number checks lines and gives them their ids.
func number(ids []uint64, lines []string) ([]PostLine, error) {
	if len(ids) != len(lines) {
		return nil, fmt.Errorf("posting %d lines with %d ids", len(lines), len(ids))
	}
	numbered := make([]PostLine, len(lines))
	last := uint64(FirstGatewayLine - 1)
	for i, l := range lines {
		if ids[i] <= last || ids[i] >= 1<<63 {
			return nil, fmt.Errorf("posting line %d with id %d: ids are to be above %d and below 2^63", i, ids[i], last)
		}
		if err := CheckGatewayLine(l); err != nil {
			return nil, &Error{StatusBadRequest, err.Error()}
		}
		last = ids[i]
		numbered[i] = PostLine{ids[i], l}
	}
	return numbered, nil
}

// postLen is how many of these lines make one Post.
func postLen(lines []PostLine) int {
	size := 0
	for i, l := range lines {
		if size += len(l.Text); i == MaxGatewayPostLines || i > 0 && size > maxPostBytes {
			return i
		}
	}
	return len(lines)
}

// post sends one Post and waits for its answer. One is under way at a time: were there two, and the first lost with its
// leader while the second is not, its lines could never be posted again (their ids would be behind).
func (g *Gateway) post(ctx context.Context, lines []PostLine) error {
	g.s.m.mu.Lock()
	err := g.s.start(lines)
	g.s.m.mu.Unlock()
	if err != nil {
		return err
	}
	return g.s.await(ctx)
}

// KeepAlive tells the network that the gateway lives, and returns when that is durable. A link that posts nothing for
// the network's SessionExpiration (10 minutes by default) ends, and its users with it.
func (g *Gateway) KeepAlive(ctx context.Context) error {
	done, err := g.s.turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	return g.post(ctx, nil)
}

// Receive returns outputs, in order and each once, waiting for at least one: in style Firehose those for the link and
// all its users, in style Sessions those for the link. A *GapError says that outputs before the next ones are lost; go
// on receiving, and ask for what there is (STATE). After the link's last line it returns io.EOF, otherwise why the link is
// over, or ctx's error. The slice is the caller's, the recipients are shared.
func (g *Gateway) Receive(ctx context.Context) ([]Output, error) { return g.s.receive(ctx) }

// Quit ends the link, and its users with it.
func (g *Gateway) Quit(ctx context.Context, reason string) error { return g.s.Delete(ctx, reason) }

// Close lets go of the link without ending it: another process may go on with State.
func (g *Gateway) Close() { g.s.Close() }

// GatewayUser is the stream of one user of a gateway in style Sessions.
type GatewayUser struct{ s *muxSession }

// Attach opens the stream of one of the gateway's users, behind an output (zero: from the beginning). It retries until
// ctx is done or the network refuses: *Error with StatusNoSession when the user is gone or not the gateway's.
func (g *Gateway) Attach(ctx context.Context, session uint64, after ID) (*GatewayUser, error) {
	s, err := g.s.m.follow(ctx, GatewayState{session, g.s.auth, after})
	if err != nil {
		return nil, fmt.Errorf("attaching the gateway's user %#x: %w", session, err)
	}
	return &GatewayUser{s}, nil
}

// Receive is Gateway.Receive for what this user gets.
func (u *GatewayUser) Receive(ctx context.Context) ([]Output, error) { return u.s.receive(ctx) }

// Close lets go of the stream. The user stays.
func (u *GatewayUser) Close() { u.s.Close() }
