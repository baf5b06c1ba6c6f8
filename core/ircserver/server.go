package ircserver

import "robustirc/core/irc"

// Server is the machine. Not safe for concurrent use.
type Server struct {
	cfg    Config
	now    int64   // nanoseconds since 1970; never goes back
	inputs InputID // number of the last input
	start  int64   // time of the first input: when the network was created (003)
	chain  uint32  // rolling hash of all outputs

	sessions map[SessionID]*session
	nicks    map[nickKey]*session // registered or not: a nick is taken from NICK on
	channels map[chanKey]*channel
	bans     []networkBan
	holds    []nickHold // SVSHOLD
	whowas   []whowasEntry
	nodes    []Node
	maxUsers int // highest number of registered sessions so far (LUSERS 265)
	deaths   uint64
	uses     []uint64 // how often each command was used (STATS m), by its place in the table

	// Derived from the state above, never encoded.
	links    []*session             // services links, in the order of their ids
	gateways map[SessionID]*gateway // by link
	headcount
	nextDue int64 // no tick has anything to do before this; see Due

	// What the current input has produced; taken by Apply.
	out     []Output
	replies uint32
	opened  []SessionID // see Streams
	closed  []SessionID
	cause   uint64   // the id of the gateway's line that it is, or zero
	acting  *gateway // the gateway whose line it is, or nil

	scratch []byte // of chainOutput

	// The line being handled, kept here so that it need not be allocated for every line.
	msg  irc.Message
	call call
}

// Node is one member of the raft cluster, for MAP and LINKS.
type Node struct{ ID, Address string }

// New returns the machine of a network whose log is empty.
func New(cfg Config) *Server {
	return &Server{
		cfg:      cfg,
		sessions: map[SessionID]*session{},
		nicks:    map[nickKey]*session{},
		channels: map[chanKey]*channel{},
		gateways: map[SessionID]*gateway{},
		uses:     make([]uint64, len(commandRows)),
	}
}

// name is the server name that clients see: one for the whole network, since any node may serve them.
func (s *Server) name() string { return s.cfg.NetworkName }

// Apply makes one input happen and returns what came of it, in order. The result is valid until the next call.
// It may panic on a bug (a message of death): the machine must then be thrown away and rebuilt without that input.
func (s *Server) Apply(in *Input) []Output {
	s.inputs++
	s.replies, s.out = 0, s.out[:0]
	s.opened, s.closed = s.opened[:0], s.closed[:0]
	s.cause, s.acting = 0, nil
	s.now = max(s.now, in.Time)
	if s.start == 0 {
		s.start = s.now
	}
	s.applyKind(in)
	for i := range s.out {
		s.chainOutput(&s.out[i])
	}
	return s.out
}

// Config returns the network's configuration; it must not be changed.
func (s *Server) Config() *Config { return &s.cfg }

// Inputs returns the number of the last input.
func (s *Server) Inputs() InputID { return s.inputs }

// Now returns the machine's time: the highest of all inputs' times, in nanoseconds since 1970.
func (s *Server) Now() int64 { return s.now }

// Deaths returns how many inputs were replaced by KindDead.
func (s *Server) Deaths() uint64 { return s.deaths }

// Chain returns the rolling hash of all outputs so far: equal on nodes that have made the same outputs.
func (s *Server) Chain() uint32 { return s.chain }

func (s *Server) applyKind(in *Input) {
	switch in.Kind {
	case KindCreate:
		s.createSession(in)
	case KindLine:
		s.applyLine(in)
	case KindDelete:
		if u := s.sessions[in.Session]; u != nil {
			s.quit(u, quitText(in.Text))
		}
	case KindTick:
		s.tick()
	case KindConfig:
		s.setConfig(in)
	case KindMembers:
		s.setNodes(in.Text)
	case KindDead:
		s.applyDead(in)
	}
}

// applyLine parses and dispatches one line of a session.
func (s *Server) applyLine(in *Input) {
	u := s.sessions[in.Session]
	if u == nil || u.link != 0 || u.isGuest() || u.seen(in.ClientMsgID) {
		return // gone, somebody who speaks through a link only, or a retry
	}
	u.lastActive = s.now
	if u.isGateway() {
		s.cause, s.acting = in.ClientMsgID, u.gateway
	}
	if in.Remote != "" && in.Remote != u.remote && !s.moved(u, in.Remote) {
		return
	}
	if s.msg.Parse(in.Text) != nil {
		return // empty, or nothing that any command could be; RFC 1459 has no answer for it
	}
	s.call = call{Message: &s.msg, in: in}
	s.dispatch(u, &s.call)
}

// dispatch finds the command's row, checks what the row demands, runs it, and sends the failure it returns.
func (s *Server) dispatch(u *session, c *call) {
	switch {
	case u.isLink():
		s.dispatchLink(u, c)
		return
	case u.isGateway():
		s.dispatchGateway(u, c)
		return
	}
	m := c.Message
	cmd := s.command(irc.UpperCommand(m.Command))
	var f *failure
	switch {
	case cmd == nil:
		f = unknownCommand(m.Command)
	case !u.registered && !cmd.unregistered:
		f = fail(irc.ERR_NOTREGISTERED)
	case cmd.privilege != "" && !s.may(u, cmd.privilege):
		f = lacks(u, cmd.privilege)
	case m.NumParams() < cmd.minParams:
		f = needParams(cmd.name)
	default:
		s.uses[cmd.place]++
		f = cmd.run(s, u, c)
	}
	if f != nil {
		s.fail(u, f)
	}
}
