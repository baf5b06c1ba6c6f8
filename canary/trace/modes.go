package trace

import "strings"

// modeLetters are the channel modes with a parameter, beside k, the key. When a network uses a letter otherwise the count
// of the parameters is wrong, and then none of them is trusted to be a name.
type modeLetters struct {
	mask   string // a mask; also statuses that are called so elsewhere, as the rule of masks keeps nicks
	name   string // a user
	always string // a value, set or unset
	when   string // a value when they are set
}

// modes redacts a string of channel modes and their parameters. A timestamp may follow them.
func (l *line) modes(params []param) {
	p := params[0]
	l.out = append(l.out, p.before...)
	if !isFlags(p.text) {
		l.out = appendSize(l.out, len(p.text))
		l.strictModes(params[1:])
		return
	}
	l.out = append(l.out, p.text...)
	kinds := l.modeKinds(p.text)
	rest := params[1:]
	n := len(rest)
	if n == len(kinds)+1 && isNumber(rest[n-1].text) {
		n--
	}
	if n != len(kinds) {
		l.strictModes(rest)
		return
	}
	for i, kind := range kinds {
		l.modeParam(byte(kind), rest[i])
	}
	for _, p := range rest[n:] {
		l.one('d', p)
	}
}

// modeKinds has a letter for each parameter that a mode string wants: m mask, n name, k key, v value.
func (l *line) modeKinds(modes string) string {
	var kinds [maxParams]byte
	n := 0
	adding := true
	for i := 0; i < len(modes) && n < len(kinds); i++ {
		c := modes[i]
		kind := byte(0)
		switch {
		case c == '+' || c == '-':
			adding = c == '+'
		default:
			kind = l.dialect.modes.kind(c, adding)
		}
		if kind != 0 {
			kinds[n] = kind
			n++
		}
	}
	return string(kinds[:n])
}

// kind is what a mode wants as its parameter, 0 for none.
func (m *modeLetters) kind(c byte, adding bool) byte {
	switch {
	case c == 'k':
		return 'k'
	case strings.IndexByte(m.mask, c) >= 0:
		return 'm'
	case strings.IndexByte(m.name, c) >= 0:
		return 'n'
	case strings.IndexByte(m.always, c) >= 0, adding && strings.IndexByte(m.when, c) >= 0:
		return 'v'
	}
	return 0
}

func (l *line) modeParam(kind byte, p param) {
	switch kind {
	case 'm':
		l.one('k', p)
	case 'n':
		l.one('n', p)
	case 'k':
		l.out = append(l.out, p.before...)
		l.modeKey(p.text)
	default:
		l.out = append(l.out, p.before...)
		l.modeValue(p.text)
	}
}

// modeKey takes a key out, and keeps the "*" of -k.
func (l *line) modeKey(s string) {
	switch s {
	case "":
	case "*":
		l.out = append(l.out, '*')
	default:
		l.out = append(l.out, keyToken...)
	}
}

// modeValue keeps numbers, channels, and UnrealIRCd's flood profiles.
func (l *line) modeValue(s string) {
	if isNumber(s) || isFloodValue(s) || strings.HasPrefix(s, "#") && isChannels(s) {
		l.out = append(l.out, s...)
		return
	}
	l.out = appendSize(l.out, len(s))
}

// strictModes redacts parameters of which it is not known to which mode they belong: one of them may be a key.
func (l *line) strictModes(params []param) {
	for _, p := range params {
		l.out = append(l.out, p.before...)
		switch {
		case p.text == "" || isNumber(p.text) || isUID(p.text) || p.text == "*":
			l.out = append(l.out, p.text...)
		case strings.ContainsAny(p.text, "!@"):
			l.mask(p.text)
		default:
			l.out = append(l.out, keyToken...)
		}
	}
}

// modeTarget redacts what follows MODE or SVSMODE: a channel with modes and parameters, or a user with user modes and
// perhaps an account.
func (l *line) modeTarget(params []param) {
	if strings.IndexByte("#&+!", first(params[0].text)) >= 0 {
		l.one('c', params[0])
		if len(params) > 1 {
			l.modes(params[1:])
		}
		return
	}
	l.apply("nfn", params)
}

func first(s string) byte {
	if s == "" {
		return ' '
	}
	return s[0]
}

// mask redacts a ban mask: nick!user@host, a host, or an extended ban.
func (l *line) mask(s string) {
	if soft, ok := strings.CutPrefix(s, "%"); ok && soft != "" { // UnrealIRCd: not for those who are logged in
		l.out = append(l.out, '%')
		s = soft
	}
	if s[0] == '$' || strings.HasPrefix(s, "~") && strings.Contains(s, ":") {
		l.extendedBan(s)
		return
	}
	s, forward, _ := strings.Cut(s, "$#") // solanum: where to send who is banned
	if forward != "" {
		defer l.keepForward("$#", forward)
	}
	at := strings.LastIndexByte(s, '@')
	switch {
	case at >= 0:
		l.nickUser(s[:at])
		l.out = append(l.out, '@')
		if s[at+1:] != "" {
			l.hostMask(s[at+1:])
		}
	case strings.IndexByte(s, '!') >= 0:
		l.nickUser(s)
	case strings.HasPrefix(s, "#") && isChannels(s):
		l.out = append(l.out, s...)
	case strings.ContainsAny(s, ".:/"):
		l.hostMask(s)
	default:
		keepIf(isName)(l, s)
	}
}

func (l *line) hostMask(s string) {
	if !l.keepText {
		s = l.tok.hostMask(s)
	}
	l.out = append(l.out, s...)
}

func (l *line) keepForward(mark, channel string) {
	if isChannels("#" + channel) {
		l.out = append(append(l.out, mark...), channel...)
	}
}

// extendedBan redacts ~name:argument (UnrealIRCd) and $letter:argument (TS6).
func (l *line) extendedBan(s string) {
	name, arg, has := strings.Cut(s[1:], ":")
	name = strings.TrimLeft(name, "~")
	switch {
	case !isWord(name):
		l.out = appendSize(l.out, len(s))
		return
	case !has:
		l.out = append(l.out, s...)
		return
	}
	l.out = append(l.out, s[:len(s)-len(arg)]...)
	if arg == "" {
		return
	}
	switch name {
	case "a", "account", "O", "operclass", "G", "security-group", "country", "C", "server", "s", "p", "partreason":
		keepIf(isName)(l, arg)
	case "q", "quiet", "j", "join", "n", "nickchange", "c", "channel", "i", "inherit", "x", "certfp-or-mask":
		l.inner(name, arg)
	case "t", "time", "f", "forward", "m", "msgbypass":
		option, inner, ok := strings.Cut(arg, ":")
		keepIf(isChannelOrName)(l, option)
		if ok {
			l.out = append(l.out, ':')
			l.inner(name, inner)
		}
	case "S", "certfp":
		l.out = append(l.out, secretToken...)
	default:
		l.text(arg)
	}
}

// inner redacts the mask inside an extended ban. $x has a realname behind '#'.
func (l *line) inner(name, s string) {
	full, realname, has := s, "", false
	if name == "x" {
		full, realname, has = strings.Cut(s, "#")
	}
	if full != "" {
		l.mask(full)
	}
	if has {
		l.out = append(l.out, '#')
		l.text(realname)
	}
}

// masks redacts ban masks that are separated by spaces.
func (l *line) masks(s string) { l.words(s, (*line).mask) }

// listEntries redacts ban masks, each with its time and its setter (EBMASK).
func (l *line) listEntries(s string) {
	i := 0
	l.words(s, func(l *line, word string) {
		switch i % 3 {
		case 0:
			l.mask(word)
		case 1:
			keepIf(isNumber)(l, word)
		default:
			l.setter(word)
		}
		i++
	})
}

// members redacts the members of a channel as SJOIN and MEMBERS have them. UnrealIRCd's SJOIN has list entries among
// them, perhaps with "<time,setter>" before them.
func (l *line) members(s string) {
	l.words(s, func(l *line, word string) {
		if strings.HasPrefix(word, "<") {
			when, rest, ok := strings.Cut(word[1:], ">")
			if !ok {
				l.out = appendSize(l.out, len(word))
				return
			}
			at, by, _ := strings.Cut(when, ",")
			l.out = append(l.out, '<')
			keepIf(isNumber)(l, at)
			l.out = append(l.out, ',')
			l.setter(by)
			l.out = append(l.out, '>')
			word = rest
		}
		l.member(word)
	})
}

func (l *line) member(word string) {
	if word == "" {
		return
	}
	if strings.IndexByte("&\"'", word[0]) >= 0 && len(word) > 1 {
		l.out = append(l.out, word[0])
		l.mask(word[1:])
		return
	}
	status, uid, ok := strings.Cut(word, ",")
	if ok && isFlags(status) && isName(uid) { // the gateway's lines
		l.out = append(l.out, word...)
		return
	}
	uid = strings.TrimLeft(word, "@+%*~!")
	l.out = append(l.out, word[:len(word)-len(uid)]...)
	if uid != "" {
		keepIf(isName)(l, uid)
	}
}
