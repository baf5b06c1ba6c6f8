package ts6

import (
	"fmt"
	"strconv"
	"strings"

	"robustirc/core/irc"
	"robustirc/s2s"
)

// Encode returns the canonical line or lines of e. It fails for what the protocol, or this link, cannot say, and for
// names that hold what may not stand in a line.
func (c *Codec) Encode(e s2s.Event) ([]string, error) {
	if u, ok := e.Body.(s2s.Unknown); ok {
		return verbatim(u.Line)
	}
	cmd := c.choose(e)
	if cmd == nil {
		return nil, fmt.Errorf("ts6: %s cannot be said to %s", e.Body.Name(), c.dialect)
	}
	if kind := s2s.SourceKind(string(e.Source)); cmd.from&kind == 0 {
		return nil, fmt.Errorf("ts6: writing %s as %s: not from a %s", e.Body.Name(), cmd.name, kind)
	}
	w := &writer{codec: c, event: e, cmd: cmd}
	w.begin()
	cmd.encode(w, e.Body)
	w.end()
	if w.err != nil {
		return nil, fmt.Errorf("ts6: writing %s as %s: %w", e.Body.Name(), cmd.name, w.err)
	}
	return w.lines, nil
}

func verbatim(line string) ([]string, error) {
	if line == "" || strings.ContainsAny(line, "\x00\r\n") {
		return nil, fmt.Errorf("ts6: not a line: %q", line)
	}
	return []string{line}, nil
}

// writer is what is being written: lines that are done, and the parameters of the next.
type writer struct {
	codec    *Codec
	event    s2s.Event
	cmd      *command
	params   []string
	trailing bool
	lines    []string
	err      error
}

// begin starts a line with what stands before the command's own parameters.
func (w *writer) begin() {
	w.params, w.trailing = w.params[:0], false
	if w.cmd.encap {
		w.word(w.mask())
		w.word(w.cmd.name)
	}
}

// mask is the servers the event is for.
func (w *writer) mask() string {
	if w.event.ServerMask == "" {
		return "*"
	}
	return w.event.ServerMask
}

// word adds parameters that must be one word each.
func (w *writer) word(words ...string) {
	for _, s := range words {
		if s == "" || s[0] == ':' || strings.IndexByte(s, ' ') >= 0 {
			w.fail("%q must be one word", s)
		}
		w.params = append(w.params, s)
	}
}

// id adds the name of a user or server.
func (w *writer) id(r s2s.Ref) { w.word(string(r)) }

// number adds a timestamp, duration or count.
func (w *writer) number(n int64) { w.params = append(w.params, strconv.FormatInt(n, 10)) }

// text adds the last parameter, after a colon.
func (w *writer) text(s string) {
	w.params, w.trailing = append(w.params, s), true
}

// args adds parameters, the last of which may be anything; colon says how it is written when it need not have one.
func (w *writer) args(list []string, colon bool) {
	if len(list) == 0 {
		return
	}
	last := len(list) - 1
	w.word(list[:last]...)
	w.params, w.trailing = append(w.params, list[last]), colon
}

// end finishes a line.
func (w *writer) end() {
	line := w.line(w.cmd.name)
	w.lines = append(w.lines, line)
}

// next finishes a line and begins another of the same command.
func (w *writer) next() {
	w.end()
	w.begin()
}

// extra adds a line of another ENCAP command from another source, behind this line.
func (w *writer) extra(source s2s.Ref, name, text string) {
	w.end()
	w.event.Source, w.cmd = source, encaps[name]
	w.begin()
	w.text(text)
}

// room is how many bytes a list may have behind the parameters so far.
func (w *writer) room() int {
	m := w.message(w.cmd.name)
	return MaxLine - len(m.AppendBody(nil)) - len(" :")
}

func (w *writer) line(name string) string {
	m := w.message(name)
	if w.err == nil {
		w.err = w.check(&m)
	}
	args := w.params
	if w.cmd.encap {
		args = args[min(2, len(args)):]
	}
	if n := w.cmd.min; len(args) < n || n > 0 && args[n-1] == "" {
		w.fail("parameter %d is missing or empty, for which the peer would drop the link", n) // parse.c:handle_command
	}
	return string(m.AppendLimit(nil, MaxLine))
}

func (w *writer) message(name string) irc.Message {
	if w.cmd.encap {
		name = "ENCAP"
	}
	if w.cmd == numeric {
		name = numericName(w.event.Body)
	}
	m := irc.NewMessage(string(w.event.Source), name)
	if !m.SetParams(w.params...) {
		w.fail("more than %d parameters", irc.MaxParams)
	}
	m.Trailing = w.trailing || w.cmd.encap && len(w.params) > 2 // ENCAP mask command …
	if w.codec.Has("STAG") {
		m.Tags = w.event.Tags
	}
	return m
}

// check refuses what the encoder of irc would repair.
func (w *writer) check(m *irc.Message) error {
	if strings.ContainsAny(m.Source, " \x00\r\n") || strings.ContainsAny(m.Tags, " \x00\r\n") {
		return fmt.Errorf("source or tags are not one word")
	}
	for _, p := range m.Params() {
		if strings.ContainsAny(p, "\x00\r\n") {
			return fmt.Errorf("%q holds a line ending or NUL", p)
		}
	}
	return nil
}

func (w *writer) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}

// choose finds the command that says an event to this peer.
func (c *Codec) choose(e s2s.Event) *command {
	switch b := e.Body.(type) {
	case s2s.Handshake:
		return plain[b.Command]
	case s2s.ServerIntroduced:
		return plain[either(b.SID != "", "SID", "SERVER")]
	case s2s.ServerInfo:
		return encaps[b.Kind]
	case s2s.UserIntroduced:
		return plain[either(c.Has("EUID") && c.dialect != Hybrid, "EUID", "UID")]
	case s2s.UserChanged:
		return c.chooseUserChanged(e, b)
	case s2s.UserModes:
		return plain[either(b.IfTS != 0 || c.dialect == Hybrid && b.User != e.Source, "SVSMODE", "MODE")]
	case s2s.UserKilled:
		return plain[either(b.Quiet, "SVSKILL", "KILL")]
	case s2s.Force:
		return c.chooseForce(b)
	case s2s.Message:
		return plain[string(b.Kind)]
	case s2s.OperMessage:
		return c.chooseByName(b.Kind, e)
	case s2s.Query:
		return c.chooseByName(b.Command, e)
	case s2s.Housekeeping:
		return c.chooseByName(b.Command, e)
	case s2s.NetworkBan:
		return c.chooseBan(e, b)
	case s2s.Numeric:
		return numeric
	default:
		return c.chooseChannel(e)
	}
}

// chooseChannel is choose for channels and for what has only one command.
func (c *Codec) chooseChannel(e s2s.Event) *command {
	switch b := e.Body.(type) {
	case s2s.Topic:
		return plain[c.topicCommand(b)]
	case s2s.ListBurst:
		return plain[either(c.Has("EBMASK") && allDated(b.Entries), "EBMASK", "BMASK")]
	case s2s.ChannelModes:
		return plain[either(b.HasTS, "TMODE", "MODE")]
	case s2s.Invite:
		if b.Notice {
			return encaps["INVITED"]
		}
		return plain["INVITE"]
	}
	if name, ok := onlyCommand[e.Body.Name()]; ok {
		if cmd := plain[name]; cmd != nil {
			return cmd
		}
		return encaps[name]
	}
	return nil
}

// onlyCommand holds the events that are always said in one way.
var onlyCommand = map[string]string{
	s2s.ServerGone{}.Name(): "SQUIT", s2s.EndOfBurst{}.Name(): "EOB", s2s.Ping{}.Name(): "PING", s2s.Pong{}.Name(): "PONG",
	s2s.Closing{}.Name(): "ERROR", s2s.NickChanged{}.Name(): "NICK", s2s.Away{}.Name(): "AWAY", s2s.Oper{}.Name(): "OPER",
	s2s.UserQuit{}.Name(): "QUIT", s2s.UserSaved{}.Name(): "SAVE", s2s.ChannelBurst{}.Name(): "SJOIN",
	s2s.Join{}.Name(): "JOIN", s2s.PartAll{}.Name(): "JOIN", s2s.Part{}.Name(): "PART", s2s.Kick{}.Name(): "KICK",
	s2s.ModeLock{}.Name(): "MLOCK", s2s.Knock{}.Name(): "KNOCK", s2s.Resync{}.Name(): "RESYNC", s2s.SASL{}.Name(): "SASL",
	s2s.NickHold{}.Name(): "NICKDELAY", s2s.SWhois{}.Name(): "SVSTAG", s2s.Metadata{}.Name(): "METADATA",
}

// chooseByName is for events that carry their command. What exists both ways is ENCAP in solanum; hybrid's plain REHASH
// names the servers it is for, the others hunt for one by their parameters.
func (c *Codec) chooseByName(name string, e s2s.Event) *command {
	plainly := encaps[name] == nil || c.dialect == Hybrid && (e.ServerMask == "" || name == "REHASH")
	if cmd := plain[name]; cmd != nil && plainly {
		return cmd
	}
	return encaps[name]
}

func either(cond bool, yes, no string) string {
	if cond {
		return yes
	}
	return no
}
