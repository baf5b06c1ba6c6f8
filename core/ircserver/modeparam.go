package ircserver

import (
	"strconv"
	"strings"

	"robustirc/core/irc"
)

// modeParam is how a channel mode with one value keeps it.
type modeParam struct {
	// parse checks what was asked for and returns its canonical form, never "". invalid (nil) stands for 696.
	parse func(s *Server, by *modeActor, ch *channel, raw string) (value string, f *failure)
	// store keeps a canonical value; "" clears it.
	store func(ch *channel, value string)
	// value is the canonical value, "" when the mode is not set.
	value func(ch *channel) string
}

var (
	keyParam = modeParam{
		parse: parseKey,
		store: func(ch *channel, v string) { ch.key = v },
		value: func(ch *channel) string { return ch.key },
	}
	limitParam = modeParam{
		parse: parseLimit,
		store: func(ch *channel, v string) { ch.limit, _ = strconv.Atoi(v) },
		value: func(ch *channel) string { return positive(ch.limit) },
	}
	forwardParam = modeParam{
		parse: parseForward,
		store: func(ch *channel, v string) { ch.forward = v },
		value: func(ch *channel) string { return ch.forward },
	}
	throttleParam = modeParam{
		parse: parseThrottle,
		store: func(ch *channel, v string) {
			ch.throttle = joinThrottle{}
			ch.throttle.joins, ch.throttle.seconds, _ = splitThrottle(v)
		},
		value: func(ch *channel) string { return ch.throttle.String() },
	}
)

// maxLimit bounds +l, so that every implementation of integers can hold it.
const maxLimit = 1_000_000

// Bounds of +j.
const (
	maxThrottleJoins   = 1000
	maxThrottleSeconds = 86400
)

func itoa(n int) string { return strconv.Itoa(n) }

// positive is n in decimal, or "" when it is not above zero.
func positive(n int) string {
	if n <= 0 {
		return ""
	}
	return itoa(n)
}

// invalidParam is 696: a mode's parameter is not valid, and why.
func invalidParam(ch *channel, letter, param, why string) *failure {
	return failText(irc.ERR_INVALIDMODEPARAM, why, ch.name, letter, printable(param))
}

func parseKey(s *Server, _ *modeActor, ch *channel, raw string) (string, *failure) {
	bad := func(r rune) bool { return r <= ' ' || r == ',' || r == 0x7f }
	if raw == "" || raw[0] == ':' || len(raw) > s.cfg.Limits.KeyLen || strings.ContainsFunc(raw, bad) {
		why := "A key has 1 to " + itoa(s.cfg.Limits.KeyLen) + " characters, no space, comma or leading colon"
		return "", invalidParam(ch, "k", raw, why)
	}
	return raw, nil
}

func parseLimit(_ *Server, _ *modeActor, ch *channel, raw string) (string, *failure) {
	n, err := strconv.Atoi(raw)
	if err != nil || n < 1 || n > maxLimit {
		return "", invalidParam(ch, "l", raw, "A limit is a number from 1 to "+itoa(maxLimit))
	}
	return itoa(n), nil
}

// parseForward accepts an existing channel other than ch in which the setter is an operator, so that nobody can fill
// somebody else's channel. A gateway may name one that is not there yet, or not any more.
func parseForward(s *Server, by *modeActor, ch *channel, raw string) (string, *failure) {
	to, f := s.channelFor(by.session, raw)
	if by.effect != nil {
		if to = s.channels[foldChan(raw)]; to != nil {
			f = nil
		} else if irc.ValidChannel(raw, s.cfg.Limits.ChannelLen) {
			return raw, nil
		}
	}
	switch {
	case f != nil:
		return "", f
	case to == ch:
		return "", invalidParam(ch, "f", raw, "A channel cannot forward to itself")
	case !by.rankIn(to).atLeast(statusOp):
		return "", needOp(to.name)
	}
	return to.name, nil
}

func parseThrottle(_ *Server, _ *modeActor, ch *channel, raw string) (string, *failure) {
	joins, seconds, ok := splitThrottle(raw)
	if !ok {
		return "", invalidParam(ch, "j", raw, "A join throttle is joins:seconds, for example 5:10")
	}
	t := joinThrottle{joins: joins, seconds: seconds}
	return t.String(), nil
}

func splitThrottle(v string) (joins, seconds int, ok bool) {
	a, b, _ := strings.Cut(v, ":")
	joins, err1 := strconv.Atoi(a)
	seconds, err2 := strconv.Atoi(b)
	ok = err1 == nil && err2 == nil && 1 <= joins && joins <= maxThrottleJoins && 1 <= seconds && seconds <= maxThrottleSeconds
	if !ok {
		return 0, 0, false
	}
	return joins, seconds, true
}

// joinThrottle is mode j: at most joins in seconds. The zero value does not limit.
type joinThrottle struct {
	joins, seconds int
	// The window that runs: when its first join was, in nanoseconds since 1970, and how many there were.
	taken int
	since int64
}

// String is the mode's parameter, "" when it is not set.
func (t *joinThrottle) String() string {
	if t.joins == 0 {
		return ""
	}
	return itoa(t.joins) + ":" + itoa(t.seconds)
}

// over reports whether the window that runs at now has ended.
func (t *joinThrottle) over(now int64) bool { return now-t.since >= int64(t.seconds)*1e9 }

// full reports whether one more join at now would be too many.
func (t *joinThrottle) full(now int64) bool {
	return t.joins > 0 && !t.over(now) && t.taken >= t.joins
}

// count notes a join.
func (t *joinThrottle) count(now int64) {
	if t.joins == 0 {
		return
	}
	if t.over(now) {
		t.since, t.taken = now, 0
	}
	t.taken++
}
