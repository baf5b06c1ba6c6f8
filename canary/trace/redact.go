package trace

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"

	"robustirc/core/irc"
)

// RedactorOptions says what a Redactor reads and keeps.
type RedactorOptions struct {
	Protocol string   // of the link: "ts6" or "unreal"; "" when no lines of a link are read
	KeepText bool     // keep texts and addresses; secrets are taken out all the same
	Services []string // nicks of services, beside those that end in Serv, and names of their servers
	Key      []byte   // of the HMACs; drawn at random if nil
}

// Redactor takes out of lines what must not be stored. Texts and addresses become tokens that are equal when what they
// stand for is; secrets become the same sign, whatever they were. A line keeps its form, so that it can be read and
// replayed. Of what the Redactor does not know nothing stays but command, source and lengths.
//
// It is not safe for concurrent use. docs/capture.md lists what is stored.
type Redactor struct {
	keepText bool
	link     *dialect // of raw lines of the link
	tok      *tokens
	services map[string]bool // nicks in lower case, and UIDs
	servers  map[string]bool // names of servers that were introduced
	out      []byte
	params   []param
}

// maxLearned is how many servers and services a Redactor learns from the lines it reads.
const maxLearned = 1 << 12

// NewRedactor returns a Redactor with a key of its own.
func NewRedactor(opts RedactorOptions) (*Redactor, error) {
	key := opts.Key
	if key == nil {
		key = make([]byte, 32)
		_, _ = rand.Read(key) // never fails
	}
	r := &Redactor{keepText: opts.KeepText, tok: newTokens(key), services: map[string]bool{}, servers: map[string]bool{}}
	switch opts.Protocol {
	case "ts6":
		r.link = &ts6Dialect
	case "unreal":
		r.link = &unrealDialect
	case "":
		r.link = &dialect{}
	default:
		return nil, fmt.Errorf("redaction knows the protocols ts6 and unreal, not %q", opts.Protocol)
	}
	for _, s := range opts.Services {
		r.services[strings.ToLower(s)] = true
	}
	return r, nil
}

// Record redacts a record in place.
func (r *Redactor) Record(rec *Record) {
	if rec.Name != "" {
		rec.Name = r.name(rec.Name)
	}
	switch rec.Kind {
	case KindLinkIn, KindLinkOut:
		rec.Line = r.Link(rec.Line)
	case KindOp:
		rec.Line = r.Op(rec.Line)
	case KindOutput, KindProbe:
		rec.Line = r.Client(rec.Line)
	case KindProbeSent:
		rec.Line = r.Sent(rec.Line)
	case KindNote:
		rec.Line = r.Note(rec.Line)
	case KindAcked, KindHeader:
		rec.Line = ""
	default:
		rec.Line = r.body(rec)
	}
	if len(rec.Line) > MaxLine {
		rec.Line = string(appendSize(nil, len(rec.Line)))
	}
}

// Link redacts a raw line of the link, in either direction.
func (r *Redactor) Link(line string) string { return r.redact(line, r.link) }

// Op redacts a gateway line (docs/gateway.md): an effect, or what a user did.
func (r *Redactor) Op(line string) string {
	if strings.HasPrefix(line, ":") {
		return r.redact(line, &sentDialect)
	}
	return r.redact(line, &opDialect)
}

// Client redacts a line that clients receive, or a gateway on its link.
func (r *Redactor) Client(line string) string { return r.redact(line, &clientDialect) }

// Sent redacts a line that a client sends.
func (r *Redactor) Sent(line string) string { return r.redact(line, &sentDialect) }

// Note redacts the words of a note: "key=value" keeps numbers, durations, sizes and yes or no, and of
// the key "reason", which is the program's own, a word; other values and words become tokens.
func (r *Redactor) Note(text string) string {
	if r.keepText {
		return text
	}
	var b []byte
	for word := range strings.FieldsSeq(text) {
		if len(b) > 0 {
			b = append(b, ' ')
		}
		key, value, ok := strings.Cut(word, "=")
		if ok && isWord(key) {
			b = append(append(b, key...), '=')
		} else {
			value = word
		}
		if isMeasure(value) || key == "reason" && ok && isWord(value) {
			b = append(b, value...)
		} else {
			b = r.tok.appendText(b, value)
		}
	}
	return string(b)
}

// name keeps what the program calls a peer, a probe or a note by.
func (r *Redactor) name(s string) string {
	if s == "" || isName(s) {
		return s
	}
	return string(appendSize(nil, len(s)))
}

// body redacts the JSON of a record; what it does not know is gone.
func (r *Redactor) body(rec *Record) string {
	var body any
	switch rec.Kind {
	case KindLinkUp:
		body = r.linkUp(rec)
	case KindLinkDown:
		body = r.linkDown(rec)
	case KindGap:
		var g Gap
		_ = rec.Body(&g) // what is no JSON becomes an empty body
		g.Reason = GapReason(r.word(string(g.Reason)))
		body = g
	case KindCheckpoint:
		body = r.checkpoint(rec)
	default:
		return string(appendSize(nil, len(rec.Line)))
	}
	line, err := json.Marshal(body)
	if err != nil {
		return "{}" // cannot be: these types always have a JSON
	}
	return string(line)
}

func (r *Redactor) linkUp(rec *Record) LinkUp {
	var u LinkUp
	_ = rec.Body(&u)
	u.Peer, u.SID, u.Software = r.name(u.Peer), r.name(u.SID), r.name(u.Software)
	u.Protocol, u.Dialect, u.CaseMapping = r.word(u.Protocol), r.word(u.Dialect), r.word(u.CaseMapping)
	for i, c := range u.Capabilities {
		u.Capabilities[i] = string(appendCapability(nil, c))
	}
	r.learnServer(u.Peer)
	return u
}

func (r *Redactor) linkDown(rec *Record) LinkDown {
	var d LinkDown
	_ = rec.Body(&d)
	d.Peer, d.Reason = r.name(d.Peer), r.word(d.Reason)
	if d.Detail != "" && !r.keepText {
		d.Detail = string(r.tok.appendText(nil, d.Detail))
	}
	return d
}

func (r *Redactor) checkpoint(rec *Record) Checkpoint {
	var c, kept Checkpoint
	_ = rec.Body(&c)
	kept.Name, kept.Phase = r.word(c.Name), r.word(c.Phase)
	if isHex(c.Digest) {
		kept.Digest = c.Digest
	}
	if len(c.Counts) > 0 {
		kept.Counts = map[string]uint64{}
	}
	for k, n := range c.Counts {
		kept.Counts[r.word(k)] += n
	}
	return kept
}

// word keeps a word of the program's own.
func (r *Redactor) word(s string) string {
	if s == "" || isWord(s) {
		return s
	}
	return string(appendSize(nil, len(s)))
}

// learn notes servers and services that a line introduces.
func (r *Redactor) learn(source, command string, p []param) {
	n := len(p)
	switch {
	case (command == "SID" || command == "SERVER") && n >= 3:
		r.learnServer(p[0].text)
		if name := strings.ToLower(p[0].text); len(r.services) < maxLearned && (r.services[name] || strings.HasPrefix(name, "services.")) {
			r.services[strings.Clone(p[2].text)] = true
		}
	case command == "EUID" && n == 11 || command == "UID" && n == 9:
		r.learnService(source, p[7].text, p[0].text, p[3].text)
	case command == "UID" && n == 11: // hybrid, whose +S is another mode
		r.learnService(source, p[8].text, p[0].text, "")
	case command == "UID" && n == 12:
		r.learnService(source, p[5].text, p[0].text, p[7].text)
	case command == "USER" && n == 10:
		r.learnService(source, p[0].text, p[1].text, "")
	}
}

func (r *Redactor) learnServer(name string) {
	if len(r.servers) < maxLearned && strings.Contains(name, ".") {
		r.servers[strings.Clone(strings.ToLower(name))] = true
	}
}

// learnService notes a user that is a service by its server, its nick or its modes.
func (r *Redactor) learnService(server, uid, nick, modes string) {
	if len(r.services) < maxLearned && (r.services[server] || isServiceNick(nick) || strings.ContainsRune(modes, 'S')) {
		r.services[strings.Clone(uid)] = true
		r.services[strings.Clone(strings.ToLower(nick))] = true
	}
}

// isService reports whether a message's target or source is a service: a UID, a nick, nick@server or nick!user@host.
func (r *Redactor) isService(who string) bool {
	if i := strings.IndexAny(who, "!@"); i > 0 {
		who = who[:i]
	}
	return r.services[who] || r.services[strings.ToLower(who)] || isServiceNick(who)
}

// isServiceNick reports whether networks usually have a service of this name.
func isServiceNick(nick string) bool {
	nick = strings.ToLower(nick)
	if strings.HasSuffix(nick, "serv") {
		return true
	}
	switch nick {
	case "ns", "cs", "ms", "hs", "bs", "os", "alis", "services", "saslserver", "q", "x":
		return true
	}
	return false
}

// isServiceCommand reports whether a command is a server's alias for a message to services.
func isServiceCommand(command string) bool {
	switch command {
	case "IDENTIFY", "ID", "LOGIN", "REGISTER", "VERIFY", "REGAIN", "GHOST", "RELEASE", "RECOVER", "AUTHSERV", "AUTH":
		return true
	}
	return isServiceNick(command)
}

// upper is a command as the rules name it.
func upper(command string) string { return irc.UpperCommand(command) }
