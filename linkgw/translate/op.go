package translate

import (
	"strings"

	"robustirc/core/irc"
)

// Kind says who does what an Op asks for.
type Kind uint8

// The kinds of an Op.
const (
	Command Kind = iota // a user: the new network's own rules are asked
	Effect              // the gateway, for servers, services and operators, or to make the state so
)

func (k Kind) String() string {
	if k == Command {
		return "command"
	}
	return "effect"
}

// Op is one line to post.
type Op struct {
	// Line is without its ending, and fits Limits.LineLen.
	Line string
	Kind Kind
	// Verb is the line's command: JOIN, MEMBERS, …
	Verb string
	// UID is the user that the line is of or about, "" when it is about none or several.
	UID string
	// Rule is the first rule that changed what is said, or NoRule.
	Rule Rule
	// Root is the command of the linked network's event behind it; RootImport in an import.
	Root string
	// Secret is the part of Line that must never be stored (a channel's key), "" when there is none.
	Secret string
}

// RootImport is the Root of what an import does.
const RootImport = "import"

// draft is a line on its way.
type draft struct {
	kind   Kind
	uid    string
	verb   string
	words  []string
	text   string
	hasT   bool
	secret string
	rules  rules
}

// emit writes a line, and counts its rules.
func (t *Translator) emit(d draft) {
	b := t.buf[:0]
	if d.kind == Command {
		b = append(append(append(b, ':'), d.uid...), ' ')
	}
	b = append(b, d.verb...)
	for _, w := range d.words {
		b = append(b, ' ')
		b = appendWord(b, w)
	}
	if d.hasT {
		room := t.limits.LineLen - len(b) - 2
		text := clean(d.text)
		if len(text) > room {
			text = irc.Truncate(text, max(room, 0))
			d.rules.add(LineCut)
		}
		b = append(append(b, ' ', ':'), text...)
	}
	t.buf = b
	t.count(d.rules)
	t.ops = append(t.ops, Op{Line: string(b), Kind: d.kind, Verb: d.verb, UID: d.uid, Rule: d.rules.first(), Root: t.root, Secret: d.secret})
}

// appendWord appends w so that it is one parameter, whatever is in it.
func appendWord(b []byte, w string) []byte {
	if w == "" {
		return append(b, '*')
	}
	if w[0] == ':' {
		b = append(b, '0') // an address that begins so means the same behind a 0
	}
	for i := range len(w) {
		switch c := w[i]; c {
		case ' ', 0, '\r', '\n':
			b = append(b, '_')
		default:
			b = append(b, c)
		}
	}
	return b
}

// clean takes out of a text what may not stand in a line. Codecs have done so already for what came over a link.
func clean(s string) string {
	if !strings.ContainsAny(s, "\x00\r\n") {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r == 0 || r == '\r' || r == '\n' {
			return ' '
		}
		return r
	}, s)
}

// effect emits an effect of words only.
func (t *Translator) effect(uid, verb string, rules rules, words ...string) {
	t.emit(draft{kind: Effect, uid: uid, verb: verb, words: words, rules: rules})
}

// effectText emits an effect that ends in a text.
func (t *Translator) effectText(uid, verb string, rules rules, text string, words ...string) {
	t.emit(draft{kind: Effect, uid: uid, verb: verb, words: words, text: text, hasT: true, rules: rules})
}

// command emits a user's command that ends in a text.
func (t *Translator) commandText(u *user, verb string, rules rules, text string, words ...string) {
	t.emit(draft{kind: Command, uid: u.uid, verb: verb, words: words, text: text, hasT: true, rules: rules})
}

// command emits a user's command of words only.
func (t *Translator) command(u *user, verb string, rules rules, words ...string) {
	t.emit(draft{kind: Command, uid: u.uid, verb: verb, words: words, rules: rules})
}

// cut cuts a text at a limit, and says so.
func cut(s string, limit int, set *rules) string {
	if s = clean(s); len(s) <= limit {
		return s
	}
	set.add(TextCut)
	return irc.Truncate(s, limit)
}
