package network

import (
	"slices"
	"strings"

	"robustirc/core/irc"
	"robustirc/s2s"
)

// maxListEntries bounds one channel's lists together, far above what servers allow (MAXBANS).
const maxListEntries = 20000

// listBurst adds entries, unless the channel here is older (m_mode.c:do_bmask).
func (n *Network) listBurst(by Source, b s2s.ListBurst) {
	c := n.find(b.Channel)
	switch {
	case c == nil:
	case b.TS > c.TS:
		n.ignore(IgnoredOlder)
	default:
		m := modeSetter{n: n, channel: c, by: by}
		m.addEntries(b.Entries)
		m.flush()
	}
}

func (m *modeSetter) addEntries(entries []s2s.ListEntry) {
	for _, e := range entries {
		if len(e.Letter) != 1 || m.n.modes.Class(e.Letter[0]) != irc.ModeList || e.Mask == "" {
			m.n.ignore(IgnoredMode)
			continue
		}
		m.addEntry(e)
	}
}

func (m *modeSetter) setEntry(change irc.ModeChange) {
	e := s2s.ListEntry{Letter: string([]byte{change.Mode}), Mask: change.Param}
	switch {
	case change.Query:
		m.n.ignore(IgnoredMode)
	case change.Add:
		m.addEntry(e)
	default:
		m.removeEntry(e)
	}
}

// addEntry adds an entry that is not there yet. Who set it and when is what the protocol tells, or the source and now.
func (m *modeSetter) addEntry(e s2s.ListEntry) {
	c := m.channel
	if m.findEntry(e) >= 0 || len(c.lists) >= maxListEntries {
		return
	}
	if e.SetBy == "" {
		e.SetBy = m.n.setter(m.by)
	}
	if e.SetAt == 0 {
		e.SetAt = m.n.now
	}
	e.Letter, e.Mask, e.SetBy = m.n.word(e.Letter), strings.Clone(e.Mask), m.n.word(e.SetBy)
	c.lists = append(c.lists, e)
	m.done = append(m.done, ModeChange{Add: true, Letter: e.Letter[0], Param: e.Mask})
}

// setter is how the network keeps who set something.
func (n *Network) setter(by Source) string {
	if n.rules.NickSets {
		return by.Name()
	}
	return by.Mask()
}

func (m *modeSetter) removeEntry(e s2s.ListEntry) {
	if i := m.findEntry(e); i >= 0 {
		was := m.channel.lists[i]
		m.channel.lists = slices.Delete(m.channel.lists, i, i+1)
		m.done = append(m.done, ModeChange{Letter: was.Letter[0], Param: was.Mask})
	}
}

// findEntry finds an entry by letter and mask, which are equal in the casemapping.
func (m *modeSetter) findEntry(e s2s.ListEntry) int {
	cm := m.n.rules.Casemapping
	return slices.IndexFunc(m.channel.lists, func(have s2s.ListEntry) bool {
		return have.Letter == e.Letter && cm.Equal(have.Mask, e.Mask)
	})
}

func (m *modeSetter) clearList(letter byte) {
	m.channel.lists = slices.DeleteFunc(m.channel.lists, func(e s2s.ListEntry) bool {
		if e.Letter[0] != letter {
			return false
		}
		m.done = append(m.done, ModeChange{Letter: letter, Param: e.Mask})
		return true
	})
}
