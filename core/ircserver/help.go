package ircserver

import (
	"iter"

	"robustirc/core/irc"
)

// cmdHelp answers HELP [<command>] from the command table: 704 to 706, or 524.
func (s *Server) cmdHelp(u *session, c *call) *failure {
	if c.Param(0) == "" {
		s.helpIndex(u)
		return nil
	}
	topic := irc.UpperCommand(c.Param(0))
	cmd := s.command(topic)
	if lines := s.modeHelp(topic); lines != nil {
		s.helpLines(u, topic, lines)
		return nil
	}
	if cmd == nil {
		return fail(irc.ERR_HELPNOTFOUND, printable(c.Param(0)))
	}
	s.replyText(u, irc.RPL_HELPSTART, cmd.syntax, topic)
	s.replyText(u, irc.RPL_HELPTXT, cmd.help, topic)
	if cmd.privilege != "" {
		s.replyText(u, irc.RPL_HELPTXT, "For operators with the privilege "+cmd.privilege+".", topic)
	}
	s.reply(u, irc.RPL_ENDOFHELP, topic)
	return nil
}

// helpLines sends a topic of several lines, the first of which is its heading.
func (s *Server) helpLines(u *session, topic string, lines []string) {
	s.replyText(u, irc.RPL_HELPSTART, lines[0], topic)
	for _, line := range lines[1:] {
		s.replyText(u, irc.RPL_HELPTXT, line, topic)
	}
	s.reply(u, irc.RPL_ENDOFHELP, topic)
}

// commandNames yields the names of the commands that the configuration offers, in ascending order.
func (s *Server) commandNames() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, name := range CommandNames() {
			if s.command(name) != nil && !yield(name) {
				return
			}
		}
	}
}

// helpIndex lists the commands.
func (s *Server) helpIndex(u *session) {
	s.replyText(u, irc.RPL_HELPSTART, "HELP <command> explains one of these, HELP CMODE and HELP UMODE the modes:", "index")
	s.replyWords(u, irc.RPL_HELPTXT, s.commandNames(), "index")
	s.reply(u, irc.RPL_ENDOFHELP, "index")
}
