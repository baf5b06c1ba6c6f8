package trace

import (
	"encoding/base64"
	"net/netip"
	"strings"

	"robustirc/core/irc"
)

// The classes of parameters, as rules name them:
//
//	n  name: nick, UID, SID, server, account, channel, a word of the protocol
//	N  names, separated by spaces, each perhaps with prefix characters and !user@host
//	L  names, separated by commas
//	c  channels, separated by commas
//	d  number
//	f  mode letters
//	l  letters of several kinds of modes, separated by commas
//	b  one character
//	t  text                       w  description of a server     m  body of a message
//	z  text, or "*"               T  target of a message
//	h  host or address            i  address in base64
//	k  ban mask                   K  ban masks                   E  ban masks, times and setters
//	s  who did it: a name or nick!user@host
//	x  secret                     y  channel keys
//	M  target of a MODE; its class decides on what follows
//	o  modes and all their parameters
//	O  modes and all their parameters, but the last of the line
//	J  members of a channel with their statuses, and lists
//	p  capability or KEY=value
//	A  all but the last of the line are names
//	g  name, channel or address, to be found out
//	C  channels with prefix characters, separated by spaces
//	e  command inside ENCAP and its parameters
//	B  network ban (TKL, BAN)     S  SASL                        D  metadata
//	q  path and reason of a KILL  R  list of nick=+user@host
//	v  reason of a ban, perhaps with '|' and the reason for operators
//	a  what was changed (REPAIRED)
//	u  unknown
func (l *line) class(class byte, spec string, params []param, i int) int {
	switch class {
	case 'o':
		l.modes(params[i:])
		return len(params) - i
	case 'O':
		n := max(1, len(params)-1-i)
		l.modes(params[i : i+n])
		l.apply(spec[i+1:], params[i+n:])
		return len(params) - i
	case 'A':
		for len(params)-1 > i {
			l.one('n', params[i])
			i++
		}
		l.apply(spec[strings.IndexByte(spec, 'A')+1:], params[i:])
		return len(params)
	case 'M':
		l.modeTarget(params[i:])
		return len(params) - i
	case 'e':
		l.encap(params[i:])
		return len(params) - i
	case 'B':
		l.networkBan(params)
		return len(params)
	case 'S':
		l.sasl(params[i:])
		return len(params) - i
	case 'D':
		l.metadata(params[i:])
		return len(params) - i
	}
	l.one(class, params[i])
	return 1
}

// one redacts a parameter whose class looks at no other.
func (l *line) one(class byte, p param) {
	l.out = append(l.out, p.before...)
	if p.text == "" {
		return
	}
	if numericConstant(l.command, p.text) {
		l.out = append(l.out, p.text...)
		return
	}
	if class == 'g' && strings.HasSuffix(p.before, ":") {
		class = 't'
	}
	if f := oneClass[class]; f != nil {
		f(l, p.text)
	} else {
		l.out = appendSize(l.out, len(p.text))
	}
}

// oneClass are the classes that look at one parameter alone. It is filled by init, as some of them use apply.
var oneClass [128]func(l *line, s string)

func init() {
	for class, f := range map[byte]func(l *line, s string){
		'n': keepIf(isName), 'd': keepIf(isNumber), 'f': keepIf(isFlags), 'l': keepIf(isLetters), 'b': keepIf(isSign),
		'c': keepIf(isChannels), 'L': keepIf(isNames), 'p': (*line).capabilities,
		't': (*line).text, 'z': (*line).textOrStar, 'w': (*line).description, 'T': (*line).target, 'm': (*line).message,
		'h': (*line).host, 'i': (*line).base64, 'k': (*line).mask, 'K': (*line).masks, 'E': (*line).listEntries,
		's': (*line).by, 'x': (*line).secretValue, 'y': (*line).keys, 'J': (*line).members, 'N': (*line).names,
		'g': (*line).guess, 'C': (*line).memberships, 'q': (*line).killPath, 'R': (*line).userhosts, 'v': (*line).banReason, 'a': (*line).repair,
	} {
		oneClass[class] = f
	}
}

// keepIf keeps a parameter that has the form it must have.
func keepIf(ok func(string) bool) func(*line, string) {
	return func(l *line, s string) {
		if ok(s) {
			l.out = append(l.out, s...)
		} else {
			l.out = appendSize(l.out, len(s))
		}
	}
}

func appendSize(b []byte, n int) []byte { return appendInt(append(b, sizeMark...), n) }

// words redacts what is separated by spaces, which stay as they are.
func (l *line) words(s string, f func(l *line, word string)) {
	for s != "" {
		if s[0] == ' ' {
			l.out = append(l.out, ' ')
			s = s[1:]
			continue
		}
		end := strings.IndexByte(s, ' ')
		if end < 0 {
			end = len(s)
		}
		f(l, s[:end])
		s = s[end:]
	}
}

// text redacts what somebody wrote. Around it stays what servers put around what their users write, so that a text has
// the same token with it and without.
func (l *line) text(s string) {
	if s == "" {
		return
	}
	if l.secret || isPasswordMessage(s) {
		l.out = append(l.out, secretToken...)
		return
	}
	if l.keepText || l.isSplit(s) {
		l.out = append(l.out, s...)
		return
	}
	if l.command == "QUIT" || l.command == "GONE" {
		s = l.serverReason(s)
	}
	before, inner, after := unwrap(s)
	l.out = append(l.out, before...)
	if inner != "" {
		l.out = l.tok.appendText(l.out, inner)
	}
	l.out = append(l.out, after...)
}

// serverReasons begin what servers say of connections that have ended.
var serverReasons = []string{
	"Ping timeout", "Remote host closed the connection", "Connection reset by peer", "Connection timed out", "Connection closed", "Read error", "Write error",
	"Broken pipe", "Excess Flood", "Max SendQ exceeded", "Max SendQ", "SendQ exceeded", "RecvQ exceeded", "Max RecvQ", "Killed (", "Killed by", "K-Lined", "K-lined",
	"G-Lined", "G-lined", "D-Lined", "D-lined", "X-Lined", "*-Lined", "Z-Lined", "Z:Lined", "GZ:Lined", "User has been banned", "Banned", "Shunned",
	"Closing link", "Closing Link", "EOF from client", "No route to host", "Network is unreachable", "Host is unreachable", "Software caused",
	"Operation timed out", "Changing host", "Registration timed out", "Nick collision", "Local kill by", "Client Quit", "Client quit",
}

// serverReason keeps the words of a server at the start of a quit's reason, by which the gateway tells who ended the
// connection, and returns the rest.
func (l *line) serverReason(s string) string {
	for _, words := range serverReasons {
		if rest, ok := strings.CutPrefix(s, words); ok {
			l.out = append(l.out, words...)
			if strings.Trim(rest, ": 0123456789") == "seconds" {
				l.out = append(l.out, rest...)
				return ""
			}
			return rest
		}
	}
	return s
}

// isSplit reports whether a quit's reason is that of a netsplit: the names of two servers.
func (l *line) isSplit(s string) bool {
	if s == "*.net *.split" {
		return true
	}
	a, b, ok := strings.Cut(s, " ")
	return ok && l.servers[strings.ToLower(a)] && l.servers[strings.ToLower(b)]
}

// wrappers are what servers and clients put around texts.
var wrappers = []struct{ before, after string }{
	{"Quit: ", ""}, {"\"", "\""}, {"\x01ACTION ", "\x01"}, {"\x01VERSION", "\x01"}, {"\x01PING ", "\x01"}, {"\x01TIME", "\x01"},
	{"\x01CLIENTINFO", "\x01"}, {"\x01DCC ", "\x01"}, {"\x01", "\x01"},
}

// unwrap takes off what stands around a text.
func unwrap(s string) (before, inner, after string) {
	for _, w := range wrappers {
		if len(s) >= len(w.before)+len(w.after) && strings.HasPrefix(s, w.before) && strings.HasSuffix(s, w.after) {
			return w.before, s[len(w.before) : len(s)-len(w.after)], w.after
		}
	}
	return "", s, ""
}

func (l *line) textOrStar(s string) {
	if s == "*" {
		l.out = append(l.out, '*')
		return
	}
	l.text(s)
}

// description redacts the description of a server behind what the protocol puts in front of it: UnrealIRCd's
// "U6100-flags-00A" and TS6's "(H)".
func (l *line) description(s string) {
	first, rest, _ := strings.Cut(s, " ")
	if first != "(H)" && !isVL(first) {
		l.text(s)
		return
	}
	l.out = append(l.out, first...)
	if rest != "" {
		l.out = append(l.out, ' ')
		l.text(rest)
	}
}

// target redacts a message's target and finds out whether the message may hold a password.
func (l *line) target(s string) {
	public := strings.ContainsAny(s, "#&") || strings.HasPrefix(s, "$")
	if !public && l.source != "" && l.isService(l.source) {
		l.secret = true
	}
	for to := range strings.SplitSeq(s, ",") {
		l.secret = l.secret || l.isService(to)
	}
	if isNames(s) {
		l.out = append(l.out, s...)
	} else {
		l.out = appendSize(l.out, len(s))
	}
}

func (l *line) message(s string) { l.text(s) }

// host redacts a host name or an address; "*" and "0" say that there is none.
func (l *line) host(s string) {
	switch {
	case s == "*" || s == "0" || l.keepText:
		l.out = append(l.out, s...)
	case strings.ContainsAny(s, "*?/"):
		l.out = append(l.out, l.tok.hostMask(s)...)
	default:
		l.out = append(l.out, l.tok.host(s)...)
	}
}

// base64 redacts an address as UnrealIRCd writes it.
func (l *line) base64(s string) {
	raw, err := base64.StdEncoding.DecodeString(s)
	addr, ok := netip.AddrFromSlice(raw)
	switch {
	case s == "*" || l.keepText:
		l.out = append(l.out, s...)
	case err != nil || !ok:
		l.out = append(l.out, '*')
	default:
		token := l.tok.addr(addr).As16()
		l.out = base64.StdEncoding.AppendEncode(l.out, token[:])
	}
}

// setter redacts the host of a nick!user@host, and keeps names.
func (l *line) setter(s string) {
	at := strings.LastIndexByte(s, '@')
	bang := strings.IndexByte(s, '!')
	if at < 0 || bang > at {
		keepIf(isName)(l, s)
		return
	}
	l.nickUser(s[:at])
	l.out = append(l.out, '@')
	if s[at+1:] != "" {
		l.host(s[at+1:])
	}
}

// by redacts who did it, who is the source of a line that has none (SAY).
func (l *line) by(s string) {
	if l.source == "" {
		l.source = s
	}
	l.setter(s)
}

// nickUser keeps what stands before the host, as far as it is names.
func (l *line) nickUser(s string) {
	nick, user, both := strings.Cut(s, "!")
	if nick != "" {
		keepIf(isName)(l, nick)
	}
	if both {
		l.out = append(l.out, '!')
		if user != "" {
			keepIf(isName)(l, user)
		}
	}
}

// secretValue takes a secret out; UnrealIRCd's "*" says that there is none.
func (l *line) secretValue(s string) {
	if s == "*" {
		l.out = append(l.out, '*')
		return
	}
	l.out = append(l.out, secretToken...)
}

// repair redacts what the new network says of a repair: "joined", "left", "topic", "removed nick", or modes.
func (l *line) repair(s string) {
	nick, removed := strings.CutPrefix(s, "removed ")
	switch {
	case s == "joined" || s == "left" || s == "topic" || removed && isName(nick):
		l.out = append(l.out, s...)
	case s[0] == '+' || s[0] == '-':
		l.modes(splitParams(nil, s))
	default:
		l.text(s)
	}
}

// banReason redacts what users and what operators are told.
func (l *line) banReason(s string) {
	users, operators, both := strings.Cut(s, "|")
	l.text(users)
	if both {
		l.out = append(l.out, '|')
		l.text(operators)
	}
}

// keys takes channel keys out.
func (l *line) keys(s string) {
	for i := range strings.Count(s, ",") + 1 {
		if i > 0 {
			l.out = append(l.out, ',')
		}
		l.out = append(l.out, keyToken...)
	}
}

// names redacts the names of a channel's members.
func (l *line) names(s string) {
	l.words(s, func(l *line, word string) {
		name := strings.TrimLeft(word, "~&@%+")
		l.out = append(l.out, word[:len(word)-len(name)]...)
		if name != "" {
			l.setter(name)
		}
	})
}

// memberships keeps channels with prefix characters.
func (l *line) memberships(s string) {
	l.words(s, func(l *line, word string) {
		name := strings.TrimLeft(word, "~&@%+!*")
		if strings.HasPrefix(name, "#") {
			l.out = append(l.out, word...)
		} else {
			l.out = appendSize(l.out, len(word))
		}
	})
}

// guess redacts what is a name, a channel or an address.
func (l *line) guess(s string) {
	switch {
	case isNumber(s) || s[0] == '#' && isChannels(s):
		l.out = append(l.out, s...)
	case strings.ContainsAny(s, "!@"):
		l.mask(s)
	case strings.ContainsAny(s, ".:/"):
		l.host(s)
	default:
		keepIf(isName)(l, s)
	}
}

// killPath redacts "server!host!user!nick (reason)".
func (l *line) killPath(s string) {
	path, reason, ok := strings.Cut(s, " ")
	for i, part := range strings.Split(path, "!") {
		if i > 0 {
			l.out = append(l.out, '!')
		}
		switch {
		case part == "":
		case i == 1:
			l.host(part)
		default:
			keepIf(isName)(l, part)
		}
	}
	if !ok {
		return
	}
	l.out = append(l.out, ' ')
	if inner, ok := strings.CutPrefix(reason, "("); ok && strings.HasSuffix(inner, ")") {
		l.out = append(l.out, '(')
		l.text(inner[:len(inner)-1])
		l.out = append(l.out, ')')
		return
	}
	l.text(reason)
}

// userhosts redacts the answers to USERHOST and USERIP: nick*=+user@host.
func (l *line) userhosts(s string) {
	l.words(s, func(l *line, word string) {
		nick, rest, _ := strings.Cut(word, "=")
		if !isName(strings.TrimSuffix(nick, "*")) || rest == "" || rest[0] != '+' && rest[0] != '-' {
			l.out = appendSize(l.out, len(word))
			return
		}
		l.out = append(append(append(l.out, nick...), '='), rest[0])
		if rest = rest[1:]; rest != "" {
			l.setter(rest)
		}
	})
}

// capabilities keeps the tokens of CAPAB, PROTOCTL, CAP and 005 that are known.
func (l *line) capabilities(s string) {
	if strings.Contains(s, ",") && !strings.Contains(s, "=") { // mechanisms
		for i, word := range strings.Split(s, ",") {
			if i > 0 {
				l.out = append(l.out, ',')
			}
			l.out = appendCapability(l.out, word)
		}
		return
	}
	l.words(s, func(l *line, word string) { l.out = appendCapability(l.out, word) })
}

// numericConstant reports whether text is what the numeric always says.
func numericConstant(command, text string) bool {
	n, ok := irc.ParseNumeric(command)
	return ok && n.Text() != "" && n.Text() == text && !strings.Contains(text, "%")
}
