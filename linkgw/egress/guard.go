package egress

import (
	"fmt"
	"io"
	"maps"
	"strings"

	"robustirc/s2s"
)

// Us is who we are on the network.
type Us struct {
	Protocol Protocol
	Server   string
	SID      s2s.SID
	// Observer is the id of our one user, "" when there must be none.
	Observer s2s.UID
}

// Stats counts lines by their command. Labels are of the Filter's own list, and "other".
type Stats struct {
	Sent    map[string]int64 `json:"sent"`
	Blocked map[string]int64 `json:"blocked"`
}

// BlockedError is returned when a line was not sent because the Filter does not know it. It does not hold the line, which
// may be anything.
type BlockedError struct{ Command, Reason string }

// Error says what was not sent and why.
func (e *BlockedError) Error() string {
	return fmt.Sprintf("egress: a %s was about to be sent that we never say (%s); it was not sent", e.Command, e.Reason)
}

// Guard says things to the network. Not safe for concurrent use.
type Guard struct {
	us     Us
	codec  func() s2s.Codec
	filter *Filter
	out    io.Writer
	tap    func(line string)
	stats  Stats
	buf    []byte
}

// NewGuard returns a guard that writes to out, in one piece what one Say is, and shows tap each line that it sends.
// codec is asked each time, as it changes with the handshake.
func NewGuard(us Us, codec func() s2s.Codec, out io.Writer, tap func(line string)) *Guard {
	return &Guard{us: us, codec: codec, filter: NewFilter(us), out: out, tap: tap,
		stats: Stats{Sent: map[string]int64{}, Blocked: map[string]int64{}}}
}

// Peer tells who the peer is, by its name or SID, which a goodbye may name.
func (g *Guard) Peer(names ...string) {
	for _, name := range names {
		if name != "" && len(g.filter.peers) < maxPeerNames {
			g.filter.peers[strings.ToLower(name)] = true
		}
	}
}

// maxPeerNames is a name and a SID.
const maxPeerNames = 2

// Linked tells the guard that the handshake is over, after which nothing of it may be said again.
func (g *Guard) Linked() { g.filter.linked = true }

// Stats returns a copy of the counts.
func (g *Guard) Stats() Stats { return Stats{maps.Clone(g.stats.Sent), maps.Clone(g.stats.Blocked)} }

// Say says something. A *BlockedError means that (a part of) it was not sent.
func (g *Guard) Say(s Say) error {
	lines, err := g.lines(s)
	if err != nil {
		return err
	}
	var blocked error
	g.buf = g.buf[:0]
	for _, line := range lines {
		if err := g.pass(line); err != nil {
			blocked = err
		}
	}
	if len(g.buf) > 0 {
		if _, err := g.out.Write(g.buf); err != nil {
			return fmt.Errorf("writing to the peer: %w", err)
		}
	}
	return blocked
}

// pass appends a line to what is written if the filter knows it.
func (g *Guard) pass(line string) error {
	command, reason := g.filter.Check(line)
	if reason != "" {
		g.stats.Blocked[command]++
		return &BlockedError{command, reason}
	}
	g.stats.Sent[command]++
	g.buf = append(append(g.buf, line...), "\r\n"...)
	if g.tap != nil {
		g.tap(line)
	}
	return nil
}

// lines says a thing in the link's protocol.
func (g *Guard) lines(s Say) ([]string, error) {
	switch s := s.(type) {
	case Duty:
		return s.Lines, nil
	case Goodbye:
		return g.goodbye(s)
	}
	e, err := g.event(s)
	if err != nil {
		return nil, err
	}
	return g.encode(e)
}

func (g *Guard) encode(e s2s.Event) ([]string, error) {
	lines, err := g.codec().Encode(e)
	if err != nil {
		return nil, fmt.Errorf("saying %s: %w", e.Body.Name(), err)
	}
	return lines, nil
}

func (g *Guard) goodbye(s Goodbye) ([]string, error) {
	if s.Peer == "" {
		return g.encode(s2s.Event{Body: s2s.Closing{Text: s.Reason}})
	}
	return g.encode(s2s.Event{Source: s2s.Ref(g.us.SID), Body: s2s.ServerGone{Server: s.Peer, Reason: s.Reason}})
}

// event is what a thing is in the vocabulary of servers.
func (g *Guard) event(s Say) (s2s.Event, error) {
	us := s2s.Ref(g.us.SID)
	switch s := s.(type) {
	case Probe:
		return s2s.Event{Source: us, Body: s2s.Ping{Origin: g.us.Server, Target: s.Peer}}, nil
	case Answer:
		return s2s.Event{Source: us, Body: s2s.Numeric{Code: s.Code, Target: s.To, Params: s.Params}}, nil
	case Introduce:
		return s2s.Event{Source: us, Body: s2s.UserIntroduced{UID: s.UID, Nick: s.Nick, TS: s.TS, Hops: 1, Ident: s.Ident, Host: s.Host,
			RealHost: s.Host, Modes: "+i", Realname: s.Realname}}, nil
	case Enter:
		return s2s.Event{Source: us, Body: s2s.ChannelBurst{Channel: s.Channel, TS: s.TS, Members: []s2s.Member{{User: s.UID}}}}, nil
	case Leave:
		return s2s.Event{Source: s2s.Ref(s.UID), Body: s2s.Part{Channels: []string{s.Channel}, Reason: s.Reason}}, nil
	case Rename:
		return s2s.Event{Source: s2s.Ref(s.UID), Body: s2s.NickChanged{Nick: s.Nick, TS: s.TS}}, nil
	case Withdraw:
		return s2s.Event{Source: s2s.Ref(s.UID), Body: s2s.UserQuit{Reason: s.Reason}}, nil
	}
	return s2s.Event{}, fmt.Errorf("egress: %T cannot be said", s)
}

// Event returns what a thing of the observer's is, for a model of the network that must know it too; the body is nil
// for what changes nothing.
func (g *Guard) Event(s Say) s2s.Event {
	switch s.(type) {
	case Introduce, Enter, Leave, Rename, Withdraw:
		e, _ := g.event(s) // these are always events
		return e
	}
	return s2s.Event{}
}

// Protocol is what the network speaks.
func (g *Guard) Protocol() Protocol { return g.us.Protocol }
