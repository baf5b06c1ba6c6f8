package trace

import (
	"strings"

	"robustirc/core/irc"
)

// dialect is how lines of one kind are read: what their parameters are, and which channel modes have some.
type dialect struct {
	rules rules
	modes modeLetters
	tkl   bool // its network bans are TKL
}

// The kinds of lines.
var (
	unrealDialect = dialect{rules: unrealRules, modes: modeLetters{mask: "beI", name: "qaohv", always: "fL", when: "lFH"}, tkl: true}
	ts6Dialect    = dialect{rules: ts6Rules, modes: modeLetters{mask: "beIq", name: "ohv", when: "flj"}}
	opDialect     = dialect{rules: opRules, modes: ownModes}
	sentDialect   = dialect{rules: sentRules, modes: ownModes}
	clientDialect = dialect{rules: clientRules, modes: ownModes}
)

// ownModes are those of the new network (core/ircserver).
var ownModes = modeLetters{mask: "beIq", name: "aohv", when: "fjl"}

// rules say what the parameters of a command are, by its name. A rule has a class for each parameter, as classes lists
// them; '*' behind the last one repeats it, and parameters beyond the rule are unknown. Where a command has several
// forms they stand beside each other, separated by '|': the one with as many parameters as the line has counts, else
// the last one.
type rules map[string]string

// param is a parameter with what stands before it: spaces, and a colon before the last one.
type param struct {
	before, text string
}

// line is what is known of a line while it is redacted.
type line struct {
	*Redactor
	source string
	secret bool // the message is to or from a service
	*dialect
	command string // in upper case
}

// maxParams is how many parameters are looked at one by one; what follows is one more.
const maxParams = 64

// redact redacts a line by one set of rules.
func (r *Redactor) redact(s string, d *dialect) string {
	tags, source, command, rest, ok := splitLine(s)
	if !ok {
		return string(appendSize(nil, len(s)))
	}
	l := line{Redactor: r, source: source, dialect: d, command: upper(command)}
	r.out = r.out[:0]
	if tags != "" {
		l.tags(tags)
	}
	if source != "" {
		r.out = append(r.out, ':')
		l.setter(source)
		r.out = append(r.out, ' ')
	}
	spec := l.rule()
	if spec == unknownRule && !isCommand(command) {
		r.out = appendSize(r.out, len(command))
	} else {
		r.out = append(r.out, command...)
	}
	r.params = splitParams(r.params[:0], rest)
	r.learn(source, l.command, r.params)
	l.apply(spec, r.params)
	return string(r.out)
}

// rule finds the rule of the line's command.
func (l *line) rule() string {
	command := l.command
	if spec, ok := l.rules[command]; ok {
		return spec
	}
	if n, ok := irc.ParseNumeric(command); ok {
		return numericRule(n)
	}
	if isServiceCommand(command) {
		return "x*"
	}
	return unknownRule
}

// unknownRule is that of commands that are in no table.
const unknownRule = "u*"

// apply redacts the parameters by a rule.
func (l *line) apply(spec string, params []param) {
	spec = form(spec, len(params))
	for i := 0; i < len(params); {
		class := classAt(spec, i)
		i += l.class(class, spec, params, i)
	}
}

// form is the alternative of a rule for n parameters.
func form(spec string, n int) string {
	for {
		first, rest, more := strings.Cut(spec, "|")
		if !more || len(first) == n {
			return first
		}
		spec = rest
	}
}

// classAt is the class of parameter i.
func classAt(spec string, i int) byte {
	n := len(spec)
	if n >= 2 && spec[n-1] == '*' {
		if i >= n-2 {
			return spec[n-2]
		}
		return spec[i]
	}
	if i >= n {
		return 'u'
	}
	return spec[i]
}

// splitLine takes a line apart without copying. It fails for what is no line.
func splitLine(s string) (tags, source, command, rest string, ok bool) {
	if strings.ContainsAny(s, "\x00\r\n") {
		return
	}
	s = strings.TrimLeft(s, " ")
	if strings.HasPrefix(s, "@") {
		tags, s, _ = strings.Cut(s[1:], " ")
		s = strings.TrimLeft(s, " ")
	}
	if strings.HasPrefix(s, ":") {
		source, s, _ = strings.Cut(s[1:], " ")
		s = strings.TrimLeft(s, " ")
	}
	end := strings.IndexByte(s, ' ')
	if end < 0 {
		end = len(s)
	}
	return tags, source, s[:end], s[end:], end > 0
}

// splitParams appends the parameters in s, which begins with a space or is empty.
func splitParams(list []param, s string) []param {
	for s != "" {
		start := 0
		for start < len(s) && s[start] == ' ' {
			start++
		}
		if start < len(s) && s[start] == ':' || len(list) == maxParams {
			start += min(1, len(s)-start)
			return append(list, param{before: s[:start], text: s[start:]})
		}
		end := start
		for end < len(s) && s[end] != ' ' {
			end++
		}
		list = append(list, param{before: s[:start], text: s[start:end]})
		s = s[end:]
	}
	return list
}

// tags redacts the tag section: of a tag that is not known nothing stays.
func (l *line) tags(section string) {
	sep := byte('@')
	for tag := range strings.SplitSeq(section, ";") {
		key, value, _ := strings.Cut(tag, "=")
		class := tagRules[key]
		if class == 0 {
			continue
		}
		l.out = append(append(l.out, sep), key...)
		sep = ';'
		if value != "" {
			l.out = append(l.out, '=')
			l.tagValue(class, value)
		}
	}
	if sep == ';' {
		l.out = append(l.out, ' ')
	}
}

func (l *line) tagValue(class byte, value string) {
	if class == 'v' && isTagWord(value) {
		l.out = append(l.out, value...)
		return
	}
	start := len(l.out)
	switch plain := irc.UnescapeTagValue(value); class {
	case 't':
		l.text(plain)
	case 's':
		l.setter(plain)
	case 'h':
		l.host(plain)
	default:
		l.out = appendSize(l.out, len(value))
	}
	if l.keepText {
		escaped := irc.EscapeTagValue(string(l.out[start:]))
		l.out = append(l.out[:start], escaped...)
	}
}

// tagRules say what the values of tags are: v an opaque word, t text, s a user with host, h a host.
var tagRules = map[string]byte{
	"msgid": 'v', "time": 'v', "batch": 'v', "account": 'v', "bot": 'v', "draft/bot": 'v',
	"+typing": 'v', "+draft/typing": 'v', "+reply": 'v', "+draft/reply": 'v', "+draft/channel-context": 'v',
	"solanum.chat/ip": 'h', "solanum.chat/oper": 'v', "solanum.chat/identify-msg": 'v', "solanum.chat/realhost": 'h',
	"unrealircd.org/userhost": 's', "unrealircd.org/userip": 's', "unrealircd.org/issued-by": 's',
	"unrealircd.org/real-quit-reason": 't', "s2s-md/creationtime": 'v', "robustirc.net/id": 'v',
}
