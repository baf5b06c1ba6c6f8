package unreal

import (
	"fmt"
	"strconv"
	"strings"

	"robustirc/core/irc"
	"robustirc/s2s"
)

// Encode returns the canonical line or lines of e. It fails for what the protocol, or this peer, cannot be told, and for
// names that hold what may not stand in a line.
func (c *Codec) Encode(e s2s.Event) ([]string, error) {
	if e.Body == nil {
		return nil, fmt.Errorf("unreal: an event without body cannot be said")
	}
	if u, ok := e.Body.(s2s.Unknown); ok {
		return verbatim(u.Line)
	}
	if u, ok := e.Body.(s2s.UserChanged); ok {
		if parts := properties(u); len(parts) > 1 {
			return c.encodeEach(e, parts)
		}
	}
	return c.encode(e)
}

// encodeEach says each part of an event with a line of its own.
func (c *Codec) encodeEach(e s2s.Event, parts []s2s.UserChanged) ([]string, error) {
	var lines []string
	for _, part := range parts {
		e.Body = part
		more, err := c.encode(e)
		if err != nil {
			return nil, err
		}
		lines = append(lines, more...)
	}
	return lines, nil
}

func (c *Codec) encode(e s2s.Event) ([]string, error) {
	cmd, name := choose(e)
	if cmd == nil {
		return nil, fmt.Errorf("unreal: %s cannot be said in this protocol", e.Body.Name())
	}
	if kind := s2s.SourceKind(string(e.Source)); cmd.from&kind == 0 {
		return nil, fmt.Errorf("unreal: a %s may not say %s", kind, name)
	}
	w := &writer{features: c.features, event: e, name: name}
	if !cmd.encode(w, e.Body) {
		return nil, fmt.Errorf("unreal: %s cannot be said with %s", e.Body.Name(), name)
	}
	if w.err != nil {
		return nil, fmt.Errorf("unreal: writing %s as %s: %w", e.Body.Name(), name, w.err)
	}
	return w.lines, nil
}

func verbatim(line string) ([]string, error) {
	if line == "" || strings.ContainsAny(line, "\x00\r\n") {
		return nil, fmt.Errorf("unreal: not a line: %q", line)
	}
	return []string{line}, nil
}

// says makes a column of the table of a function that writes one kind of event. The column reports whether it was given
// that kind.
func says[T s2s.Body](write func(w *writer, b T)) func(*writer, s2s.Body) bool {
	return func(w *writer, b s2s.Body) bool {
		body, ok := b.(T)
		if ok {
			write(w, body)
			w.end()
		}
		return ok
	}
}

// writer is what is being written: lines that are done, and the parameters of the next.
type writer struct {
	features Features
	event    s2s.Event
	name     string
	params   []string
	trailing bool
	lines    []string
	err      error
}

// word adds parameters that must be one word each.
func (w *writer) word(words ...string) {
	for _, s := range words {
		if !isWord(s) {
			w.fail("%q must be one word", s)
		}
		w.params = append(w.params, s)
	}
}

func isWord(s string) bool {
	return s != "" && s[0] != ':' && len(s) <= MaxLine && strings.IndexByte(s, ' ') < 0
}

// orStar adds a parameter for which "*" stands when it is not known.
func (w *writer) orStar(s string) {
	if s == "" {
		s = "*"
	}
	w.word(s)
}

// id adds the name of a user or server.
func (w *writer) id(r s2s.Ref) { w.word(string(r)) }

// number adds timestamps, durations or counts.
func (w *writer) number(numbers ...int64) {
	for _, n := range numbers {
		w.params = append(w.params, strconv.FormatInt(n, 10))
	}
}

// text adds the last parameter, after a colon, and cuts it where the receiver would.
func (w *writer) text(s string) {
	if w.name != "MD" && w.name != "RRPC" {
		s = irc.Truncate(s, MaxLine)
	}
	w.params, w.trailing = append(w.params, s), true
}

// optional is text, if there is any.
func (w *writer) optional(s string) {
	if s != "" {
		w.text(s)
	}
}

// args adds parameters, the last of which may be anything; colon says how it is written when it need not have one.
func (w *writer) args(list []string, colon bool) {
	if len(list) == 0 {
		return
	}
	last := len(list) - 1
	w.word(list[:last]...)
	switch s := list[last]; {
	case colon:
		w.text(s)
	case len(s) > MaxLine || isWord(s):
		w.word(s)
	default:
		w.text(s)
	}
}

// end finishes a line.
func (w *writer) end() {
	m := irc.NewMessage(string(w.event.Source), w.name)
	if !m.SetParams(w.params...) {
		w.fail("more than %d parameters", irc.MaxParams)
	}
	m.Trailing = w.trailing
	if w.features.Tags {
		m.Tags = capTags(w.event.Tags)
	}
	w.check(&m)
	w.lines = append(w.lines, w.fit(&m))
	w.params, w.trailing = w.params[:0], false
}

// fit cuts free text that is too long; nothing else may be cut.
func (w *writer) fit(m *irc.Message) string {
	line := m.AppendTags(nil)
	tags := len(line)
	line = m.AppendBody(line)
	limit := w.limit(tags)
	over := len(line) - tags - limit
	if over <= 0 {
		return string(line)
	}
	if !m.Trailing || over > len(m.Last()) {
		w.fail("%d bytes are too many for a line", len(line)-tags)
	}
	return string(m.AppendLimit(line[:0], limit))
}

// limit is how long the line without tags may be.
func (w *writer) limit(tags int) int {
	if !w.features.BigLines {
		return MaxLine
	}
	return MaxBigLine - tags
}

// room is how many bytes a list may have behind the parameters so far, where lines are split at the usual length.
func (w *writer) room() int {
	n := len(w.event.Source) + len(w.name) + len(":  :")
	for _, p := range w.params {
		n += len(" ") + len(p)
	}
	return MaxLine - n
}

// check refuses what the encoder of irc would repair.
func (w *writer) check(m *irc.Message) {
	const bad = "\x00\r\n"
	if strings.ContainsAny(m.Source, " "+bad) || strings.ContainsAny(m.Tags, " "+bad) {
		w.fail("source or tags are not one word")
	}
	for _, p := range m.Params() {
		if strings.ContainsAny(p, bad) {
			w.fail("%q holds a line ending or NUL", p)
		}
	}
}

func (w *writer) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}

// capTags leaves out the tags that do not fit into MaxOwnTags.
func capTags(tags string) string {
	if len(tags) <= MaxOwnTags {
		return tags
	}
	kept := ""
	for tag := range strings.SplitSeq(tags, ";") {
		if len(kept)+1+len(tag) > MaxOwnTags {
			continue
		}
		if kept != "" {
			kept += ";"
		}
		kept += tag
	}
	return kept
}

// choose finds the command that says an event.
func choose(e s2s.Event) (cmd *command, name string) {
	if n, ok := e.Body.(s2s.Numeric); ok {
		return &numeric, fmt.Sprintf("%03d", n.Code)
	}
	name = chooseName(e)
	return commands[name], name
}

func chooseName(e s2s.Event) string {
	switch b := e.Body.(type) {
	case s2s.Handshake:
		return b.Command
	case s2s.ServerIntroduced:
		return either(b.SID != "" && e.Source != "", "SID", "SERVER")
	case s2s.ServerInfo:
		return b.Kind
	case s2s.UserChanged:
		return chooseUserChanged(e, b)
	case s2s.UserModes:
		return chooseUserModes(e, b)
	case s2s.UserKilled:
		return either(b.Quiet, "SVSKILL", "KILL")
	case s2s.ChannelModes:
		return either(b.Service, "SVSMODE", "MODE")
	case s2s.Message:
		return string(b.Kind)
	case s2s.OperMessage:
		return b.Kind
	case s2s.Query:
		return b.Command
	case s2s.Force:
		return chooseForce(b)
	case s2s.Housekeeping:
		return b.Command
	case s2s.NetworkBan:
		return chooseBan(b)
	}
	return onlyCommand[e.Body.Name()]
}

// onlyCommand holds the events that are always said in one way.
var onlyCommand = map[string]string{
	s2s.ServerGone{}.Name(): "SQUIT", s2s.EndOfBurst{}.Name(): "EOS", s2s.Ping{}.Name(): "PING", s2s.Pong{}.Name(): "PONG",
	s2s.Closing{}.Name(): "ERROR", s2s.UserIntroduced{}.Name(): "UID", s2s.NickChanged{}.Name(): "NICK",
	s2s.Away{}.Name(): "AWAY", s2s.UserQuit{}.Name(): "QUIT", s2s.ChannelBurst{}.Name(): "SJOIN", s2s.Join{}.Name(): "JOIN",
	s2s.PartAll{}.Name(): "JOIN", s2s.Part{}.Name(): "PART", s2s.Kick{}.Name(): "KICK", s2s.Topic{}.Name(): "TOPIC",
	s2s.ModeLock{}.Name(): "MLOCK", s2s.Invite{}.Name(): "INVITE", s2s.Knock{}.Name(): "KNOCK", s2s.SASL{}.Name(): "SASL",
	s2s.StandardReply{}.Name(): "SREPLY", s2s.SWhois{}.Name(): "SWHOIS", s2s.Metadata{}.Name(): "MD",
}

func either(cond bool, yes, no string) string {
	if cond {
		return yes
	}
	return no
}
