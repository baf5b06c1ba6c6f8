package unreal

import "strings"

// extban is one kind of extended ban: its letter, in which 5 and older speak, and its name (modules/extbans:
// req.letter, req.name; modules/chanmodes/link.c has "forward").
type extban struct {
	letter byte
	name   string
	// stacks says that a mask may follow that is an extended ban itself.
	stacks bool
}

var extbans = []extban{
	{'a', "account", false}, {'A', "asn", false}, {'S', "certfp", false}, {'C', "country", false},
	{'c', "channel", false}, {'i', "inherit", false}, {'O', "operclass", false}, {'r', "realname", false},
	{'G', "security-group", false}, {'T', "text", false},
	{'F', "flood", true}, {'j', "join", true}, {'m', "msgbypass", true}, {'n', "nickchange", true},
	{'p', "partmsg", true}, {'q', "quiet", true}, {'t', "time", true}, {'f', "forward", true},
}

// namedBan writes the letters of an extended ban as names: "~t:60:~q:mask" becomes "~time:60:~quiet:mask". Other masks
// and letters that are not known stay.
func namedBan(mask string) string { return respellBan(mask, true) }

// letteredBan undoes namedBan.
func letteredBan(mask string) string { return respellBan(mask, false) }

func respellBan(mask string, named bool) string {
	if mask == "" || mask[0] != '~' {
		return mask
	}
	colon := strings.IndexByte(mask, ':')
	if colon < 0 {
		return mask
	}
	ban := findExtban(mask[1:colon])
	if ban == nil {
		return mask
	}
	to := ban.name
	if !named {
		to = string(ban.letter)
	}
	rest := mask[colon:]
	if ban.stacks {
		if at := strings.Index(rest, ":~"); at >= 0 {
			rest = rest[:at+1] + respellBan(rest[at+1:], named)
		}
	}
	if to == mask[1:colon] && rest == mask[colon:] {
		return mask
	}
	return "~" + to + rest
}

func findExtban(word string) *extban {
	for i := range extbans {
		if len(word) == 1 && extbans[i].letter == word[0] || extbans[i].name == word {
			return &extbans[i]
		}
	}
	return nil
}

// namedBans returns a copy of mode parameters with extended bans by name. Nothing but a mask looks like one: a key may
// not hold a colon (chanmodes/key.c), and the other parameters begin differently.
func namedBans(params []string) []string {
	if len(params) == 0 {
		return nil
	}
	out := make([]string, len(params))
	for i, p := range params {
		out[i] = namedBan(p)
	}
	return out
}

// banForPeer spells a mask as the peer understands it (unreal_server_compat.c).
func (w *writer) banForPeer(mask string) string {
	if w.features.NamedBans {
		return mask
	}
	return letteredBan(mask)
}

func (w *writer) bansForPeer(params []string) []string {
	out := make([]string, len(params))
	for i, p := range params {
		out[i] = w.banForPeer(p)
	}
	return out
}
