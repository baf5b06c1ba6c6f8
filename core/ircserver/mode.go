package ircserver

import (
	"slices"
	"strings"

	"robustirc/core/irc"
)

// cmdMode shows or changes the modes of a channel or of the user.
func (s *Server) cmdMode(u *session, c *call) *failure {
	if !irc.IsChannel(c.Param(0)) {
		return s.userMode(u, c)
	}
	ch, f := s.channelFor(u, c.Param(0))
	switch {
	case f != nil:
		return f
	case c.NumParams() == 1:
		s.showModes(u, ch)
	default:
		s.changeModes(&modeActor{session: u, source: u.prefix}, ch, c.Params()[1:])
	}
	return nil
}

// showModes sends 324 and 329.
func (s *Server) showModes(u *session, ch *channel) {
	words := s.modeWords(ch, ch.byID[u.id] != nil)
	s.reply(u, irc.RPL_CHANNELMODEIS, append([]string{ch.name}, words...)...)
	s.reply(u, irc.RPL_CREATIONTIME, ch.name, seconds(ch.created))
}

// modeWords are the modes of ch as a MODE line has them: "+letters" and the parameters. Those who may not see the key
// are shown "*" in its place, so that the parameters after it stay where they belong.
func (s *Server) modeWords(ch *channel, withKey bool) []string {
	words := []string{"+" + ch.modes.String()}
	for _, letter := range []byte(ch.modes.String()) {
		row := s.modeOffer().row(letter)
		switch {
		case row == nil || row.param == nil:
		case letter == 'k' && !withKey:
			words = append(words, "*")
		default:
			words = append(words, row.param.value(ch))
		}
	}
	return words
}

// modeActor is who changes the modes of a channel: a user, or services, which may do everything and are told of no
// failures, or a gateway.
type modeActor struct {
	*session        // the user, or the services link or pseudo-client, or the gateway's link
	source   string // who the others see as the one that did it
	// effect is the gateway that makes the changes so: it may do everything, its uids name users, and failures are not
	// told but left in modeEdit.refused.
	effect *gateway
}

// unbound reports whether no rule holds the actor.
func (by *modeActor) unbound() bool { return by.services || by.effect != nil }

// rankIn is what the actor's status in ch allows.
func (by *modeActor) rankIn(ch *channel) status {
	if by.unbound() {
		return ^status(0)
	}
	if m := ch.byID[by.id]; m != nil {
		return m.status
	}
	return 0
}

// modeEdit is one MODE command on its way through a channel.
type modeEdit struct {
	s       *Server
	by      *modeActor
	ch      *channel
	applied []appliedChange
	// refused are the failures that were told, each once however often it occurs.
	refused []*failure
	// touched are the members whose status changed, and whether the crowd of an auditorium saw them before.
	touched []touchedMember
}

// appliedChange is a change that was applied, and the member whose status it was.
type appliedChange struct {
	irc.ModeChange
	about *member
}

type touchedMember struct {
	*member
	shown bool
}

// changeModes applies mode changes, args[0] with the parameters args[1:], in order, and shows everybody exactly what
// was applied. What cannot be applied is answered, and the rest is applied all the same. Changes that change nothing
// are left out.
func (s *Server) changeModes(by *modeActor, ch *channel, args []string) {
	e := &modeEdit{s: s, by: by, ch: ch}
	offer := s.modeOffer()
	changes, errs := irc.ParseModes(offer.spec, args)
	for _, c := range changes {
		e.apply(offer.row(c.Mode), c)
	}
	e.relay()
	for _, err := range errs {
		e.refuse(modeError(ch, err, offer.row(err.Mode)))
	}
	s.dropIfEmpty(ch)
}

// modeError is the numeric for a letter that could not be read; row is nil for one that is no mode. An empty value of
// a mode is an invalid one (Modern IRC, 696), a nick that is missing is a parameter of MODE that is missing.
func modeError(ch *channel, err irc.ModeError, row *modeRow) *failure {
	letter := modeLetter(err.Mode)
	switch {
	case err.Reason == irc.ErrNoModeParam && row.kind == irc.ModePrefix:
		return failText(irc.ERR_NEEDMOREPARAMS, "Mode "+letter+" needs a parameter", "MODE")
	case err.Reason == irc.ErrNoModeParam:
		return invalidParam(ch, letter, "", "Mode "+letter+" needs a parameter")
	case err.Reason == irc.ErrBadModeParam:
		return invalidParam(ch, letter, err.Param, "A parameter is one word that does not begin with a colon")
	}
	return fail(irc.ERR_UNKNOWNMODE, letter)
}

// modeLetter is a letter fit to stand in a numeric.
func modeLetter(c byte) string {
	if c <= ' ' || c == ':' || c >= 0x7f {
		return "?"
	}
	return string(rune(c))
}

// refuse tells the actor of a failure, once per command.
func (e *modeEdit) refuse(f *failure) {
	if f == nil || e.by.services {
		return
	}
	same := func(told *failure) bool { return told.numeric == f.numeric && slices.Equal(told.params, f.params) }
	if slices.ContainsFunc(e.refused, same) {
		return
	}
	e.refused = append(e.refused, f)
	if e.by.effect == nil {
		e.s.fail(e.by.session, f)
	}
}

// apply makes one change happen, or answers why not.
func (e *modeEdit) apply(row *modeRow, c irc.ModeChange) {
	switch {
	case c.Query:
		e.refuse(e.s.showList(e.by, e.ch, row))
	case row.kind == irc.ModePrefix:
		e.refuse(e.applyStatus(row, c))
	default:
		if f := e.permit(row); f != nil {
			e.refuse(f)
			return
		}
		switch row.kind {
		case irc.ModeList:
			e.refuse(e.applyList(row, c))
		case irc.ModeFlag:
			e.applyFlag(row, c)
		default:
			e.refuse(e.applyParam(row, c))
		}
	}
}

// permit says why the actor may not change this mode, or nil.
func (e *modeEdit) permit(row *modeRow) *failure {
	switch {
	case e.by.unbound(), row.privilege != "" && e.s.may(e.by.session, row.privilege):
		return nil
	case e.ch.byID[e.by.id] == nil:
		return notOnChannel(e.ch.name)
	case row.servicesOnly:
		return failText(errOnlyServices, "Only services can change that mode", e.ch.name)
	case !e.by.rankIn(e.ch).atLeast(row.need):
		return needOp(e.ch.name)
	case row.privilege != "":
		return lacks(e.by.session, row.privilege)
	}
	return nil
}

// errOnlyServices is 468 as UnrealIRCd uses it (ERR_ONLYSERVERSCANCHANGE).
const errOnlyServices = irc.ERR_INVALIDUSERNAME

// done notes a change that was applied.
func (e *modeEdit) done(c irc.ModeChange) {
	e.applied = append(e.applied, appliedChange{ModeChange: c})
}

// applyFlag sets or clears a mode without parameter. One that excludes another takes it away first.
func (e *modeEdit) applyFlag(row *modeRow, c irc.ModeChange) {
	if e.ch.modes.has(c.Mode) == c.Add {
		return
	}
	if !c.Add {
		e.ch.modes.clear(c.Mode)
		e.done(c)
		return
	}
	if row.excludes != 0 && e.ch.modes.has(row.excludes) {
		e.ch.modes.clear(row.excludes)
		e.done(irc.ModeChange{Mode: row.excludes})
	}
	e.ch.modes.set(c.Mode)
	e.done(c)
}

// applyParam sets or clears a mode with one value. Clearing a key is shown without it.
func (e *modeEdit) applyParam(row *modeRow, c irc.ModeChange) *failure {
	if !c.Add {
		if e.ch.modes.has(c.Mode) {
			e.ch.modes.clear(c.Mode)
			row.param.store(e.ch, "")
			if c.HasParam {
				c.Param = "*"
			}
			e.done(c)
		}
		return nil
	}
	value, f := row.param.parse(e.s, e.by, e.ch, c.Param)
	if f != nil || value == row.param.value(e.ch) {
		return f
	}
	c.Param = strings.Clone(value)
	e.ch.modes.set(c.Mode)
	row.param.store(e.ch, c.Param)
	e.done(c)
	return nil
}

// applyStatus gives a member a status or takes it. Everybody may give up its own; nobody takes anything from those who
// outrank it.
func (e *modeEdit) applyStatus(row *modeRow, c irc.ModeChange) *failure {
	target := e.target(c.Param)
	if target == nil || !target.registered {
		if f := e.permit(row); f != nil {
			return f
		}
		return noSuchNick(c.Param)
	}
	m := e.ch.byID[target.id]
	giveUp := !c.Add && target == e.by.session
	if !giveUp || m == nil {
		if f := e.permit(row); f != nil {
			return f
		}
	}
	switch {
	case m == nil:
		return fail(irc.ERR_USERNOTINCHANNEL, target.nick, e.ch.name)
	case !c.Add && target.services && !e.by.unbound():
		return fail(irc.ERR_ISCHANSERVICE, target.nick, e.ch.name)
	case !c.Add && !giveUp && m.status.outranks(e.by.rankIn(e.ch)):
		return failText(irc.ERR_CHANOPRIVSNEEDED, "You cannot take a status from somebody who outranks you", e.ch.name)
	case m.status&row.status != 0 == c.Add:
		return nil
	}
	e.touch(m)
	m.status ^= row.status
	c.Param = target.nick
	e.applied = append(e.applied, appliedChange{c, m})
	return nil
}

// target is the session that the parameter of a status names, or nil.
func (e *modeEdit) target(name string) *session {
	if e.by.effect != nil {
		if u := e.by.effect.users[name]; u != nil {
			return u
		}
	}
	return e.s.nicks[foldNick(name)]
}

// touch notes that m's status is about to change.
func (e *modeEdit) touch(m *member) {
	if e.ch.modes.has('u') && !slices.ContainsFunc(e.touched, func(t touchedMember) bool { return t.member == m }) {
		e.touched = append(e.touched, touchedMember{m, e.ch.isShown(m)})
	}
}

// relay shows what was applied, in as many lines as the limits ask for. In an auditorium, those whose new rank makes
// them seen join the crowd's view before, and are shown the crowd; those who lost their rank leave it after.
func (e *modeEdit) relay() {
	for _, t := range e.touched {
		if !t.shown && e.ch.isShown(t.member) {
			e.toCrowd(t.member, "JOIN")
		}
	}
	e.relayApplied()
	for _, t := range e.touched {
		switch shown := e.ch.isShown(t.member); {
		case t.shown && !shown:
			e.toCrowd(t.member, "PART")
		case !t.shown && shown && !t.services:
			e.s.names(t.session, e.ch)
		}
	}
}

// relayApplied shows the changes: all of them to everybody, except that the status of somebody whom the crowd of an
// auditorium neither saw nor sees is the business of those who do.
func (e *modeEdit) relayApplied() {
	for rest := e.applied; len(rest) > 0; {
		hidden := e.hidden(rest[0].about)
		var run []irc.ModeChange
		for len(rest) > 0 && e.hidden(rest[0].about) == hidden {
			run, rest = append(run, rest[0].ModeChange), rest[1:]
		}
		to := e.ch.all()
		if hidden != nil {
			to = e.ch.seers(hidden)
		}
		e.s.relayModes(e.withActor(e.s.withLinks(to)), e.by.source, e.ch, run)
	}
}

// withActor is the audience with the user who made the changes, also from outside; services and gateways know what they
// did.
func (e *modeEdit) withActor(to Audience) Audience {
	if e.by.services {
		return to.but(e.by.session)
	}
	if e.ch.byID[e.by.id] != nil || e.by.isGateway() {
		return to
	}
	return newAudience(append(slices.Clone(to.list), e.by.recipient()))
}

// hidden is m when the crowd neither saw it before nor sees it now, else nil.
func (e *modeEdit) hidden(m *member) *member {
	for _, t := range e.touched {
		if t.member == m && !t.shown && !e.ch.isShown(m) {
			return m
		}
	}
	return nil
}

// toCrowd shows the members without rank that m comes into their view, or leaves it.
func (e *modeEdit) toCrowd(m *member, command string) {
	to := selected(e.ch.members, func(v *member) bool { return v != m && !e.ch.isShown(v) })
	if to.Len() > 0 {
		e.s.send(to, m.prefix, command, e.ch.name)
	}
}
