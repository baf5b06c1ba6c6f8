package trace

import "strings"

// encap redacts the mask, the command and the parameters inside an ENCAP.
func (l *line) encap(params []param) {
	l.one('n', params[0])
	if len(params) < 2 {
		return
	}
	spec, ok := ts6Encap[upper(params[1].text)]
	if !ok {
		spec = unknownRule
	}
	l.out = append(l.out, params[1].before...)
	keepIf(isCommand)(l, params[1].text)
	l.apply(spec, params[2:])
}

// networkBan redacts TKL (UnrealIRCd) and BAN (TS6), whose masks depend on the kind of ban.
func (l *line) networkBan(params []param) {
	if l.tkl {
		l.apply(tklRule(params), params)
		return
	}
	l.apply(ts6BanRule(params), params)
}

// ts6BanRule: type user mask created duration lifetime operator :reason.
func ts6BanRule(params []param) string {
	switch params[0].text {
	case "X":
		return "nntdddsv"
	case "R":
		return "nnndddsv"
	}
	return "nnkdddsv"
}

// tklRule: sign type, then of most types user host setter expires set [types] :reason; of Q kind nick …; of spamfilters
// targets action setter expires set duration reason match-type :match. Extended server bans have their kind as user.
func tklRule(params []param) string {
	if len(params) < 4 {
		return "fnu*"
	}
	user := strings.TrimPrefix(params[2].text, "%")
	switch {
	case params[1].text == "F":
		return "fnllsdddtnt"
	case params[1].text == "Q":
		return "fnnnsddt"
	case strings.HasPrefix(user, "~") && user != "~account:" && user != "~a:":
		return "fnktsddt|fnktsddlt"
	case params[1].text == "e" || params[1].text == "E":
		return "fnkksddlt"
	}
	return "fnkksddt"
}

// sasl redacts a step of an authentication: agent, user, step, data. What client and mechanism say to each other is
// secret, and so is the fingerprint of a certificate.
func (l *line) sasl(params []param) {
	spec := "nnnx*"
	if len(params) > 2 {
		switch params[2].text {
		case "H":
			spec = "nnnhhn*"
		case "S":
			spec = "nnnnx*"
		case "D":
			spec = "nnnn"
		case "M":
			spec = "nnnp"
		}
	}
	l.apply(spec, params)
}

// metadata redacts kind, target, key and value (MD, METADATA).
func (l *line) metadata(params []param) {
	spec := "nnx*"
	if len(params) > 1 && isMemberTarget(params[1].text) {
		// "#channel:uid" and "uid:#channel" are no names.
		for i, p := range params[:2] {
			l.out = append(l.out, p.before...)
			if i == 0 {
				keepIf(isWord)(l, p.text)
			} else {
				l.out = append(l.out, p.text...)
			}
		}
		l.metadataValue(params[2:])
		return
	}
	if len(params) > 2 {
		l.apply("nn", params[:2])
		l.metadataValue(params[2:])
		return
	}
	l.apply(spec, params)
}

func (l *line) metadataValue(params []param) {
	if len(params) == 0 {
		return
	}
	spec := "nu*"
	switch params[0].text {
	case "creationtime", "link-security":
		spec = "nd"
	case "operlogin", "operclass", "account", "bot":
		spec = "nn"
	case "saslmechlist":
		spec = "np"
	case "certfp", "tls_cipher", "webirc", "rrpc", "sasl":
		spec = "nx*"
	case "host", "realhost", "ip":
		spec = "nh"
	case "swhois":
		spec = "nt"
	}
	l.apply(spec, params)
}

// isPasswordMessage reports whether a text looks like a command to services that was typed into the wrong place.
func isPasswordMessage(s string) bool {
	word, rest, ok := strings.Cut(strings.TrimLeft(s, " "), " ")
	if !ok || strings.TrimSpace(rest) == "" || len(word) > len("/nickserv")+1 {
		return false
	}
	slash := word[0] == '/' || word[0] == '.' || word[0] == '!' || word[0] == '\\'
	if slash {
		word = word[1:]
	}
	switch strings.ToLower(word) {
	case "identify", "nickserv", "chanserv", "ns", "cs", "ghost", "regain", "recover", "authserv", "userserv":
		return true
	case "msg", "quote", "raw", "oper", "pass", "auth", "login", "id", "register", "release":
		return slash || isPasswordVerb(word, rest)
	}
	return false
}

// isPasswordVerb tells "login alice secret" from sentences that begin with such a word.
func isPasswordVerb(word, rest string) bool {
	n := len(strings.Fields(rest))
	return n <= 2 && !strings.EqualFold(word, "raw") && !strings.EqualFold(word, "quote")
}
