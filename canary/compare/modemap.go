package compare

import (
	"strings"

	"robustirc/core/irc"
)

// quietMask is how the new network says a quiet that is a ban.
const quietMask = "~quiet:"

// mapLetter is a channel mode of the live network by its letter in the new one; 0 is none.
func (e *Engine) mapLetter(letter byte) byte {
	modes := e.model.Modes()
	switch modes.Class(letter) {
	case irc.ModePrefix:
		return e.offered(letter, irc.ModePrefix)
	case irc.ModeList:
		if letter == 'q' && e.offered('q', irc.ModeList) == 0 {
			return e.offered('b', irc.ModeList)
		}
		return e.offered(letter, irc.ModeList)
	}
	if e.opt.ChannelModes != nil {
		if e.modeMap == nil {
			e.modeMap = e.opt.ChannelModes(e.up.Dialect)
		}
		return e.modeMap[letter]
	}
	if e.shadowInfo["CHANMODES"] == "" || e.shadowMode.Class(letter) == modes.Class(letter) {
		return letter
	}
	return 0
}

// offered is a letter that the new network has in a class, or 0. While it has not said what it has, it has everything.
func (e *Engine) offered(letter byte, class irc.ModeClass) byte {
	if e.shadowInfo["CHANMODES"] == "" || e.shadowMode.Class(letter) == class {
		return letter
	}
	return 0
}

// lacks reports whether the new network has nothing for a mode of the live one.
func (e *Engine) lacks(letter byte) bool {
	return e.model != nil && e.mapLetter(letter) == 0 && e.book.find(KindModes, "", "MODE", "") >= 0
}

// lacking counts a change of such a mode.
func (e *Engine) lacking(letter byte, aud *audience) {
	e.book.hit(KindModes, "", "MODE", "")
	if len(e.cover.losses) < maxNames {
		e.cover.losses["channel mode "+string([]byte{letter})]++
	}
	if e.comparing() {
		e.tally.add(e, "MODE", outcomeIgnored, int64(aud.N))
	}
}

// mapMask is an entry of a list of the live network as it is compared.
func (e *Engine) mapMask(letter byte, mask string) string {
	if letter == 'q' && e.mapLetter('q') == 'b' && !strings.HasPrefix(mask, quietMask) {
		return quietMask + canonicalMask(e, mask)
	}
	return canonicalMask(e, mask)
}

// extended reports whether a mask is none of hosts: how those are spelt differs between networks.
func extended(mask string) bool {
	return strings.HasPrefix(mask, "$") || strings.HasPrefix(mask, "~")
}

// canonicalMask is the one spelling of a mask: of hosts "nick!user@host", folded; without what solanum hangs on.
func canonicalMask(e *Engine, mask string) string {
	inner, quiet := strings.CutPrefix(mask, quietMask)
	if !extended(inner) {
		inner, _, _ = strings.Cut(inner, "$")
		inner = irc.CanonicalMask(inner)
	}
	inner = e.fold(inner)
	if quiet {
		return quietMask + inner
	}
	return inner
}

// modeParam is the parameter as it is compared: none where a mode is unset, as its old value is a matter of taste, and
// none of keys, which are secrets.
func (e *Engine) modeParam(spec irc.ModeSpec, add bool, letter byte, value string) string {
	switch {
	case spec.Class(letter) == irc.ModeList:
		return canonicalMask(e, value)
	case !add || letter == 'k':
		return ""
	}
	return value
}
