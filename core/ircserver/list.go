package ircserver

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"robustirc/core/irc"
)

// cmdList answers LIST [<filters>] [<server>]: 321, a 322 for each channel that u may see and the filters select,
// sorted by name, and 323. Filters are those of ISUPPORT ELIST=CMNTU, separated by commas.
func (s *Server) cmdList(u *session, c *call) *failure {
	if f := s.checkServer(c.Param(1)); f != nil {
		return f
	}
	filter, ok := parseListFilter(c.Param(0))
	if !ok {
		return fail(irc.ERR_LISTSYNTAX)
	}
	s.reply(u, irc.RPL_LISTSTART, "Channel")
	for _, ch := range s.listCandidates(&filter) {
		if s.listsChannel(u, ch) && filter.selects(ch, s.now) {
			s.sendText(only(u), s.name(), irc.RPL_LIST.Code(), u.nick, ch.name, strconv.Itoa(len(ch.members)), ch.topic)
		}
	}
	s.reply(u, irc.RPL_LISTEND)
	return nil
}

// listsChannel reports whether LIST shows ch to u. Unlike elsewhere an invitation is enough: whoever is asked to join
// a hidden channel knows it.
func (s *Server) listsChannel(u *session, ch *channel) bool {
	return s.seesChannel(u, ch) || u.invitedTo(ch)
}

// listCandidates returns the channels that f may select, sorted by folded name. Filters that only name channels, the
// usual case, do not look at the others.
func (s *Server) listCandidates(f *listFilter) []*channel {
	var keys []chanKey
	if f.onlyNames() {
		for _, name := range f.masks {
			keys = append(keys, foldChan(name))
		}
	} else {
		for key := range s.channels { // order does not matter: sorted below
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	var list []*channel
	for _, key := range slices.Compact(keys) {
		if ch := s.channels[key]; ch != nil {
			list = append(list, ch)
		}
	}
	return list
}

// listFilter is what LIST is asked for: channels that match one of masks (any, when there is none), none of notMasks,
// and all bounds.
type listFilter struct {
	masks, notMasks []string
	bounds          []listBound
}

// listBound is one filter by number: more or fewer than limit users, or created or topic set more or less than limit
// minutes ago.
type listBound struct {
	of    byte // 'U' users, 'C' creation, 'T' topic
	more  bool
	limit int64
}

// maxListBound bounds the number of a filter: 200 years in minutes.
const maxListBound = 200 * 366 * 24 * 60

// parseListFilter parses LIST's first parameter; ok is false when a bound has no number.
func parseListFilter(arg string) (f listFilter, ok bool) {
	for token := range strings.SplitSeq(arg, ",") {
		bound, isBound, ok := parseListBound(token)
		switch {
		case !ok:
			return listFilter{}, false
		case isBound:
			f.bounds = append(f.bounds, bound)
		case len(token) > 1 && token[0] == '!':
			f.notMasks = append(f.notMasks, token[1:])
		case token != "":
			f.masks = append(f.masks, token)
		}
	}
	return f, true
}

// parseListBound parses one of >n <n C>n C<n T>n T<n. Anything else is no bound.
func parseListBound(token string) (b listBound, isBound, ok bool) {
	b.of = 'U'
	if token != "" && strings.IndexByte("CcTt", token[0]) >= 0 {
		b.of, token = token[0]&^0x20, token[1:]
	}
	if token == "" || token[0] != '<' && token[0] != '>' {
		return listBound{}, false, true
	}
	n, err := strconv.ParseUint(token[1:], 10, 63)
	if err != nil {
		return listBound{}, true, false
	}
	b.more, b.limit = token[0] == '>', min(int64(n), maxListBound)
	return b, true, true
}

// onlyNames reports whether every channel that f can select is named in it.
func (f *listFilter) onlyNames() bool {
	return len(f.masks) > 0 && !slices.ContainsFunc(f.masks, isMask)
}

// isMask reports whether s has wildcards.
func isMask(s string) bool { return strings.ContainsAny(s, "*?") }

func (f *listFilter) selects(ch *channel, now int64) bool {
	matches := func(mask string) bool { return irc.MatchMask(casemapping, mask, ch.name) }
	if len(f.masks) > 0 && !slices.ContainsFunc(f.masks, matches) || slices.ContainsFunc(f.notMasks, matches) {
		return false
	}
	for _, b := range f.bounds {
		if !b.holds(ch, now) {
			return false
		}
	}
	return true
}

func (b listBound) holds(ch *channel, now int64) bool {
	limit := b.limit * int64(time.Minute)
	var n int64
	switch b.of {
	case 'U':
		n, limit = int64(len(ch.members)), b.limit
	case 'C':
		n = now - ch.created
	case 'T':
		if ch.topic == "" {
			return false
		}
		n = now - ch.topicTime
	}
	if b.more {
		return n > limit
	}
	return n < limit
}
