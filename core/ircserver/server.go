package ircserver

import (
	"strings"

	"robustirc/core/irc"
)

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

	// What the current input has produced; taken by Apply.
	out     []Output
	replies uint32
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
	}
}

// name is the server name that clients see: one for the whole network, since any node may serve them.
func (s *Server) name() string { return s.cfg.NetworkName }

// Apply makes one input happen and returns what came of it, in order. The result is valid until the next call.
// It may panic on a bug (a message of death): the machine must then be thrown away and rebuilt without that input.
func (s *Server) Apply(in *Input) []Output {
	s.inputs++
	s.replies, s.out = 0, nil
	s.now = max(s.now, in.Time)
	if s.start == 0 {
		s.start = s.now
	}
	s.applyKind(in)
	for i := range s.out {
		s.chain = chainOutput(s.chain, &s.out[i])
	}
	return s.out
}

func (s *Server) applyKind(in *Input) {
	switch in.Kind {
	case KindCreate:
		s.createSession(in)
	case KindLine:
		s.applyLine(in)
	case KindDelete:
		if u := s.sessions[in.Session]; u != nil {
			s.quit(u, in.Text)
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
	if u == nil || u.seen(in.ClientMsgID) {
		return
	}
	u.lastActive = s.now
	var m irc.Message
	if m.Parse(in.Text) != nil {
		return
	}
	s.dispatch(u, &m, in)
}

// dispatch finds the command's row, checks what the row demands, runs it, and sends the failure it returns.
func (s *Server) dispatch(u *session, m *irc.Message, in *Input) {
	cmd, ok := commands[strings.ToUpper(m.Command)]
	var f *failure
	switch {
	case !ok:
		f = fail(irc.ERR_UNKNOWNCOMMAND, m.Command)
	case !u.registered && !cmd.unregistered:
		f = fail(irc.ERR_NOTREGISTERED)
	case cmd.privilege != "" && !s.may(u, cmd.privilege):
		f = fail(irc.ERR_NOPRIVILEGES)
	case m.NumParams() < cmd.minParams:
		f = needParams(cmd.name)
	default:
		f = cmd.run(s, u, &call{Message: m, in: in})
	}
	if f != nil {
		s.fail(u, f)
	}
}

// may reports whether u is an operator whose class holds the privilege.
func (s *Server) may(u *session, privilege string) bool {
	if !u.isOper() {
		return false
	}
	for _, c := range s.cfg.Classes {
		if c.Name == u.operClass {
			for _, p := range c.Privileges {
				if p == privilege || p == "*" {
					return true
				}
			}
		}
	}
	return false
}
