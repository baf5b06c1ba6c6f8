package translate

import (
	"strings"

	"robustirc/core/irc"
)

// maxMask is the longest mask that a list of the new network takes, in bytes, without quietPrefix.
const maxMask = 200

// quietPrefix makes a mask of b or e forbid speaking only.
const quietPrefix = "~quiet:"

// mapEntry returns a list entry of the linked network as the new one has it, in its canonical spelling, and whether it
// can. The letters of lists mean the same everywhere: b ban, e exception, I invitation, q quiet.
func (t *Translator) mapEntry(letter byte, mask string, set *rules) (byte, string, bool) {
	m := maskMapper{hybrid: t.dialect == "hybrid", set: set}
	mapped, ok := m.mapMask(mask)
	if letter == 'q' && ok && t.limits.modes.Class('q') != irc.ModeList {
		letter = 'b'
		set.add(QuietAsBan)
		if !strings.HasPrefix(mapped, quietPrefix) {
			mapped = quietPrefix + mapped
		}
	}
	quiet := strings.HasPrefix(mapped, quietPrefix)
	ok = ok && t.limits.modes.Class(letter) == irc.ModeList && len(strings.TrimPrefix(mapped, quietPrefix)) <= maxMask &&
		!(quiet && letter != 'b' && letter != 'e')
	if !ok {
		set.add(MaskNone)
	}
	return letter, mapped, ok
}

// maskMapper maps one mask.
type maskMapper struct {
	hybrid bool
	set    *rules
}

func (m *maskMapper) mapMask(mask string) (string, bool) {
	switch {
	case mask == "" || mask[0] == ':' || strings.ContainsAny(mask, " ,\x00\r\n"):
		return "", false
	case mask[0] == '$':
		return m.dollar(mask)
	case mask[0] == '~' && strings.IndexByte(mask, ':') > 0:
		return m.tilde(mask)
	}
	if host, _, ok := strings.Cut(mask, "$"); ok && !m.hybrid {
		m.set.add(MaskApproximate) // solanum's mask$#channel forwards who matches
		mask = host
	}
	return irc.CanonicalMask(mask), true
}

// dollar maps TS6's $a:account, $r:realname, $c:#channel, and with '~' behind the '$' all others.
func (m *maskMapper) dollar(mask string) (string, bool) {
	name, arg, hasArg := strings.Cut(mask[1:], ":")
	if name == "m" && m.hybrid && hasArg {
		inner, ok := m.mapMask(arg) // hybrid's mute
		return quietPrefix + strings.TrimPrefix(inner, quietPrefix), ok
	}
	name, negate := strings.CutPrefix(name, "~")
	if at := strings.IndexByte(arg, '$'); at >= 0 {
		m.set.add(MaskApproximate)
		arg = arg[:at]
	}
	if len(name) != 1 || strings.IndexByte("arc", name[0]|0x20) < 0 {
		return "", false
	}
	letter := string([]byte{name[0] | 0x20})
	switch {
	case !hasArg && letter != "a" || hasArg && arg == "":
		return "", false
	case letter == "c" && !irc.IsChannel(arg):
		return "", false
	}
	out := "$"
	if negate {
		out += "~"
	}
	out += letter
	if hasArg {
		out += ":" + arg
	}
	return out, true
}

// tildeNames are the extended bans of UnrealIRCd that the new network has.
var tildeNames = map[string]string{"a": "account", "account": "account", "r": "realname", "realname": "realname", "c": "channel", "channel": "channel"}

// tilde maps UnrealIRCd's ~account:mask and its like. ~time:minutes:mask is its mask until it is taken away.
func (m *maskMapper) tilde(mask string) (string, bool) {
	name, arg, _ := strings.Cut(mask[1:], ":")
	switch name {
	case "q", "quiet":
		inner, ok := m.mapMask(arg)
		return quietPrefix + strings.TrimPrefix(inner, quietPrefix), ok
	case "t", "time":
		_, rest, ok := strings.Cut(arg, ":")
		if !ok {
			return "", false
		}
		m.set.add(MaskApproximate)
		return m.mapMask(rest)
	}
	long := tildeNames[name]
	if long == "" || arg == "" || long == "channel" && !irc.IsChannel(arg) {
		return "", false
	}
	return "~" + long + ":" + arg, true
}

// maskKey is what a mask in canonical spelling means: two with one key are one entry of a list.
func maskKey(mask string) string {
	inner, quiet := strings.CutPrefix(mask, quietPrefix)
	key := casemapping.Fold(inner)
	if strings.HasPrefix(inner, "$") || strings.HasPrefix(inner, "~") {
		key = extendedKey(inner)
	}
	if quiet {
		return quietPrefix + key
	}
	return key
}

// extendedKey makes the spellings of one extended ban equal.
func extendedKey(mask string) string {
	name, arg, hasArg := strings.Cut(mask[1:], ":")
	negate := false
	if mask[0] == '$' {
		name, negate = strings.CutPrefix(name, "~")
		if !hasArg {
			arg = "*"
		}
	} else if name == "account" && arg == "0" {
		arg, negate = "*", true
	}
	key := "~" + name[:1] + ":" + casemapping.Fold(arg)
	if negate {
		return "!" + key
	}
	return key
}
