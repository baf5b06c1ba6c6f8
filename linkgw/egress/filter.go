package egress

import "strings"

// Protocol is what the network speaks.
type Protocol string

// The protocols.
const (
	TS6    Protocol = "ts6"
	Unreal Protocol = "unreal"
)

// maxLine is the most bytes of a line without its ending.
const maxLine = 510

// Filter decides on bare lines. It reads them by itself, so that a fault in a codec or in the parser does not fool it.
type Filter struct {
	us     Us
	linked bool
	peers  map[string]bool // in lower case
	rows   map[string]row
}

// who may say a command.
type who uint8

const (
	nobody   who = 1 << iota // a line without a source
	server                   // our SID or server name
	observer                 // our one user
)

// row is one command that may be said.
type row struct {
	from      who
	handshake bool // only before the link stands
	// check looks at the parameters; nil lets all pass.
	check func(f *Filter, p []string) bool
}

// rows are all commands that we ever say.
var rows = map[Protocol]map[string]row{
	TS6: {
		"PASS": {nobody, true, nil}, "CAPAB": {nobody, true, nil}, "SERVER": {nobody, true, (*Filter).ourServer},
		"SVINFO": {nobody | server, true, nil}, "ERROR": {nobody, false, nil}, "EOB": {server, false, (*Filter).bare},
		"PING": {nobody | server, false, (*Filter).ourPing}, "PONG": {server, false, (*Filter).ourPong},
		"SQUIT": {server, false, (*Filter).linkOver},
		"EUID":  {server, false, (*Filter).ts6User}, "UID": {server, false, (*Filter).ts6User},
		"SJOIN": {server, false, (*Filter).ts6Join},
		"PART":  {observer, false, (*Filter).ourPart}, "NICK": {observer, false, (*Filter).ourNick}, "QUIT": {observer, false, (*Filter).oneText},
	},
	Unreal: {
		"PASS": {nobody, true, nil}, "PROTOCTL": {nobody, true, nil}, "SERVER": {nobody, true, (*Filter).ourServer},
		"NETINFO": {nobody, false, nil}, "ERROR": {nobody, false, nil}, "EOS": {server, false, (*Filter).bare},
		"PING": {nobody | server, false, (*Filter).ourPing}, "PONG": {server, false, (*Filter).ourPong},
		"SQUIT": {server, false, (*Filter).linkOver},
		"UID":   {server, false, (*Filter).unrealUser}, "SJOIN": {server, false, (*Filter).unrealJoin},
		"PART": {observer, false, (*Filter).ourPart}, "NICK": {observer, false, (*Filter).ourNick}, "QUIT": {observer, false, (*Filter).oneText},
	},
}

// numerics are the replies that a server owes: VERSION, TIME, ADMIN, INFO, STATS, LUSERS, USERS, LINKS, TRACE, MOTD, WHOIS,
// WHOWAS, and their errors.
const numerics = " 219 242 251 252 253 254 255 256 257 258 259 262 265 266 311 312 317 318 351 364 365 369 371 374 391 401 402 406 422 "

// NewFilter returns the filter of a link.
func NewFilter(us Us) *Filter {
	return &Filter{us: us, peers: map[string]bool{}, rows: rows[us.Protocol]}
}

// Check returns the line's command as a label (of the list, "numeric" or "other") and why it must not be sent, or "".
func (f *Filter) Check(line string) (command, reason string) {
	source, command, params, ok := cut(line)
	if !ok {
		return "other", "it is not one line of the protocol"
	}
	if strings.Contains(numerics, " "+command+" ") && len(command) == 3 {
		return "numeric", f.numeric(source, params)
	}
	r, known := f.rows[command]
	switch {
	case !known:
		return "other", "the command is not among those we say"
	case r.from&f.who(source) == 0:
		return command, "its source is not who may say it"
	case r.handshake && f.linked:
		return command, "the handshake is over"
	case r.check != nil && !r.check(f, params):
		return command, "its parameters are not those we give"
	}
	return command, ""
}

// cut takes a line apart.
func cut(line string) (source, command string, params []string, ok bool) {
	if line == "" || len(line) > maxLine || strings.ContainsAny(line, "\x00\r\n") || line[0] == '@' || line[0] == ' ' {
		return "", "", nil, false
	}
	if line[0] == ':' {
		source, line, ok = strings.Cut(line[1:], " ")
		if !ok || source == "" {
			return "", "", nil, false
		}
	}
	head, text, hasText := strings.Cut(line, " :")
	words := strings.Fields(head)
	if len(words) == 0 || words[0][0] == ':' {
		return "", "", nil, false
	}
	params = words[1:]
	if hasText {
		params = append(params, text)
	}
	return source, words[0], params, true
}

func (f *Filter) who(source string) who {
	switch {
	case source == "":
		return nobody
	case source == string(f.us.SID) || source == f.us.Server:
		return server
	case f.us.Observer != "" && source == string(f.us.Observer):
		return observer
	}
	return 0
}

// numeric is a reply to one user.
func (f *Filter) numeric(source string, p []string) string {
	if f.who(source) != server || len(p) == 0 || !word(p[0]) || strings.ContainsAny(p[0][:1], "#&$@+%!=") {
		return "a reply that is not of us to one user"
	}
	return ""
}

// word reports whether s names one thing.
func word(s string) bool { return s != "" && !strings.ContainsAny(s, " ,*?") }

func (f *Filter) bare(p []string) bool    { return len(p) == 0 }
func (f *Filter) oneText(p []string) bool { return len(p) <= 1 }

func (f *Filter) ourServer(p []string) bool { return len(p) >= 3 && p[0] == f.us.Server && p[1] == "1" }

func (f *Filter) us1(s string) bool { return s == f.us.Server || s == string(f.us.SID) }

func (f *Filter) ourPing(p []string) bool {
	return len(p) >= 1 && len(p) <= 2 && f.us1(p[0]) && (len(p) == 1 || word(p[1]))
}

func (f *Filter) ourPong(p []string) bool { return len(p) == 2 && p[0] == f.us.Server && word(p[1]) }

// linkOver is SQUIT of one of the link's ends. Any other server that was named would be put out.
func (f *Filter) linkOver(p []string) bool {
	return len(p) == 2 && word(p[0]) && (f.us1(p[0]) || f.peers[strings.ToLower(p[0])])
}

// number reports whether s is a timestamp that can be: never 0, which is contagious.
func number(s string) bool {
	if s == "" || s[0] == '0' || len(s) > 11 {
		return false
	}
	return strings.Trim(s, "0123456789") == ""
}

func channel(s string) bool { return len(s) > 1 && s[0] == '#' && word(s) }

func (f *Filter) isObserver(s string) bool { return f.us.Observer != "" && s == string(f.us.Observer) }

// ts6User is "nick hops ts +modes user host ip uid realhost account :realname" (EUID), hybrid's "… host realhost ip uid
// account :realname", or "… host ip uid :realname" (UID).
func (f *Filter) ts6User(p []string) bool {
	var uid, account string
	switch len(p) {
	case 9:
		uid, account = p[7], "*"
	case 11:
		uid, account = p[7], p[9]
		if !f.isObserver(uid) {
			uid = p[8]
		}
	default:
		return false
	}
	return f.isObserver(uid) && account == "*" && p[1] == "1" && number(p[2]) && p[3] == "+i"
}

// unrealUser is "nick hops ts user host uid account +modes vhost cloak ip :realname".
func (f *Filter) unrealUser(p []string) bool {
	return len(p) == 12 && f.isObserver(p[5]) && (p[6] == "*" || p[6] == "0") && p[1] == "1" && number(p[2]) && p[7] == "+i" && p[8] == "*"
}

// ts6Join is "ts #channel modes :uid" with no modes and no status.
func (f *Filter) ts6Join(p []string) bool {
	return len(p) == 4 && number(p[0]) && channel(p[1]) && (p[2] == "0" || p[2] == "+") && f.isObserver(p[3])
}

// unrealJoin is "ts #channel :uid".
func (f *Filter) unrealJoin(p []string) bool {
	return len(p) == 3 && number(p[0]) && channel(p[1]) && f.isObserver(strings.TrimSpace(p[2]))
}

func (f *Filter) ourPart(p []string) bool { return len(p) >= 1 && len(p) <= 2 && channel(p[0]) }

func (f *Filter) ourNick(p []string) bool { return len(p) == 2 && word(p[0]) && number(p[1]) }
