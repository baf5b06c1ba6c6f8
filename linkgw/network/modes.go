package network

import (
	"slices"
	"strings"

	"robustirc/core/irc"
	"robustirc/s2s"
)

// modeSetter applies modes to a channel and gathers what they really changed.
type modeSetter struct {
	n       *Network
	channel *Channel
	by      Source
	done    []ModeChange
}

// flush tells what has changed so far.
func (m *modeSetter) flush() {
	if len(m.done) > 0 {
		m.n.changed(ModesChanged{Channel: m.channel, By: m.by, Modes: m.done})
		m.done = nil
	}
}

// channelModes is a change of modes. TS6: with a timestamp newer than the channel's it is void (m_mode.c:ms_tmode).
// UnrealIRCd: so it is for a server that is no services, and an older one lowers the channel's (unreal:mode.c).
func (n *Network) channelModes(by Source, b s2s.ChannelModes) {
	c := n.find(b.Channel)
	if c == nil {
		return
	}
	if b.Service {
		n.serviceModes(c, by, b)
		return
	}
	if b.HasTS && b.TS > c.TS && !(n.rules.ModeTSLowers && n.isService(by)) {
		n.ignore(IgnoredOlder)
		return
	}
	m := modeSetter{n: n, channel: c, by: by}
	m.apply(b.Modes, b.Params)
	m.flush()
	if n.rules.ModeTSLowers && b.HasTS && b.TS > minValidTS && b.TS < c.TS {
		n.age(c, c.Name, b.TS)
	}
	n.expire(c) // it may have been permanent until now
}

// isService reports whether the network trusts a source as services.
func (n *Network) isService(by Source) bool {
	return by.Server != nil && n.services[irc.ASCII.Fold(by.Server.Name)]
}

// parse reads modes by the classes there are. What is malformed is counted.
func (m *modeSetter) parse(modes string, params []string) []irc.ModeChange {
	changes, errs := irc.ParseModes(m.n.modes, append([]string{modes}, params...))
	for range errs {
		m.n.ignore(IgnoredMode)
	}
	return changes
}

func (m *modeSetter) apply(modes string, params []string) {
	for _, change := range m.parse(modes, params) {
		m.set(change)
	}
}

func (m *modeSetter) set(change irc.ModeChange) {
	switch m.n.modes.Class(change.Mode) {
	case irc.ModePrefix:
		m.setMemberStatus(change)
	case irc.ModeList:
		m.setEntry(change)
	case irc.ModeFlag:
		m.setFlag(change.Add, change.Mode)
	default:
		if change.Add {
			m.setParam(change.Mode, change.Param)
		} else {
			m.unsetParam(change.Mode)
		}
	}
}

// setMemberStatus finds the member by UID (TS6) or nick (UnrealIRCd).
func (m *modeSetter) setMemberStatus(change irc.ModeChange) {
	u := m.n.target(s2s.Ref(change.Param))
	if u == nil {
		return
	}
	if member := m.n.memberOf(u, m.channel); member != nil {
		m.setStatus(change.Add, member, statusBit(change.Mode))
	}
}

// setStatus adds or removes those of the given statuses that are not so already.
func (m *modeSetter) setStatus(add bool, member *Member, s Status) {
	for i := range len(statusLetters) {
		bit := Status(1) << i
		if s&bit == 0 || (member.Status&bit != 0) == add {
			continue
		}
		member.Status ^= bit
		m.done = append(m.done, ModeChange{Add: add, Letter: statusLetters[i], Param: member.User.Nick, User: member.User})
	}
}

func (m *modeSetter) setFlag(add bool, letter byte) {
	bit := flagBit(letter)
	if bit == 0 || (m.channel.flags&bit != 0) == add {
		return
	}
	if i := strings.IndexByte(m.n.rules.Exclusive, letter); add && i >= 0 {
		m.setFlag(false, m.n.rules.Exclusive[1-i])
	}
	m.channel.flags ^= bit
	m.done = append(m.done, ModeChange{Add: add, Letter: letter})
}

func (m *modeSetter) setParam(letter byte, value string) {
	if m.n.rules.Merges[letter] == MergeNumber && letter == 'l' {
		if value = number(value); value == "" {
			m.n.ignore(IgnoredMode)
			return
		}
	}
	c := m.channel
	i, found := slices.BinarySearchFunc(c.params, letter, func(p Param, l byte) int { return int(p.Letter) - int(l) })
	switch {
	case found && c.params[i].Value == value:
		return
	case found:
		c.params[i].Value = strings.Clone(value)
	default:
		c.params = slices.Insert(c.params, i, Param{letter, strings.Clone(value)})
	}
	m.done = append(m.done, ModeChange{Add: true, Letter: letter, Param: c.params[i].Value})
}

// number returns a positive number as C's atoi reads it, or "".
func number(s string) string {
	s = strings.TrimLeft(s, "0")
	n := 0
	for n < len(s) && n < 10 && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return s[:n]
}

func (m *modeSetter) unsetParam(letter byte) {
	c := m.channel
	for i, p := range c.params {
		if p.Letter == letter {
			c.params = slices.Delete(c.params, i, i+1)
			m.done = append(m.done, ModeChange{Letter: letter, Param: p.Value})
			return
		}
	}
}

// merge applies the modes of a channel burst: flags are added, and of two parameters one wins.
func (m *modeSetter) merge(b s2s.ChannelBurst) {
	if !b.HasModes {
		return
	}
	had := m.channel.flags
	for _, change := range m.parse(m.visible(b.Modes), b.Params) {
		class := m.n.modes.Class(change.Mode)
		switch {
		case !change.Add || class == irc.ModePrefix || class == irc.ModeList:
			m.n.ignore(IgnoredMode)
		case class == irc.ModeFlag:
			if i := strings.IndexByte(m.n.rules.Exclusive, change.Mode); i == 0 && had.Has(m.n.rules.Exclusive[1]) {
				continue // +s stays when +p comes to it (unreal:sjoin.c)
			}
			m.setFlag(true, change.Mode)
		default:
			m.mergeParam(change.Mode, change.Param)
		}
	}
}

// visible returns the modes that the peer sees of what we send (Rules.ParamHides).
func (m *modeSetter) visible(modes string) string {
	hides := m.n.rules.ParamHides
	if hides == "" || !m.n.own {
		return modes
	}
	seen := []byte{'+'}
	for i := range len(modes) {
		if strings.IndexByte(hides, modes[i]) >= 0 || i > 0 && strings.IndexByte(hides, modes[i-1]) < 0 {
			seen = append(seen, modes[i])
		}
	}
	return string(seen)
}

func (m *modeSetter) mergeParam(letter byte, theirs string) {
	if ours, ok := m.channel.Param(letter); ok {
		theirs = m.n.rules.merged(letter, ours, theirs)
	}
	m.setParam(letter, theirs)
}

// serviceModes takes a status from all members, or entries from a list, as services ask (unreal:svsmode.c:
// channel_svsmode). The list entries that match a user are for its server to find, which tells them in a MODE of its own.
func (n *Network) serviceModes(c *Channel, by Source, b s2s.ChannelModes) {
	m := modeSetter{n: n, channel: c, by: by}
	add := true
	for i := range len(b.Modes) {
		letter := b.Modes[i]
		switch class := n.modes.Class(letter); {
		case letter == '+' || letter == '-':
			add = letter == '+'
		case class == irc.ModePrefix && !add:
			for _, member := range c.members {
				m.setStatus(false, member, statusBit(letter))
			}
		case class == irc.ModeList && len(b.Params) == 0:
			m.clearList(letter)
		default:
			n.ignore(IgnoredMode)
		}
	}
	m.flush()
}

func (n *Network) modeLock(by Source, b s2s.ModeLock) {
	c := n.find(b.Channel)
	switch {
	case c == nil:
	case b.TS > c.TS:
		n.ignore(IgnoredOlder) // m_mode.c:ms_mlock, hyb:m_mlock.c, unreal:mode.c:cmd_mlock
	default:
		lock := Lock{Letters: strings.Clone(b.Letters), TS: c.Lock.TS}
		if b.LockTS != 0 {
			lock.TS = b.LockTS
		}
		n.setLock(c, by, lock)
	}
}

func (n *Network) setLock(c *Channel, by Source, lock Lock) {
	if lock != c.Lock {
		old := c.Lock
		c.Lock = lock
		n.changed(LockChanged{Channel: c, By: by, Old: old})
	}
}
