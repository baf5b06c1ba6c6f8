package ircserver

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strings"

	"robustirc/core/irc"
)

// Redactor hides what people said, where they are and what they keep secret from a log, so that it can leave the network
// and still be applied: words, passwords, keys, addresses and hosts become tokens, made with a key, equal where what
// they stand for was equal. Who talks to whom, nicks, user names, accounts and channels stay. Not safe for concurrent
// use.
//
// A redacted log exercises the same code, but is not the same log: what looks into a text (LIST and WHO with masks of
// hosts, bans with wildcards in a host or of real names) may find something else.
type Redactor struct {
	key []byte
	// gateways are the sessions whose lines are a gateway's: AWAY and WALLOPS have other parameters there.
	gateways map[SessionID]bool
}

// NewRedactor returns a Redactor whose tokens depend on key, which must be kept secret: who has it can guess texts.
func NewRedactor(key []byte) *Redactor { return &Redactor{key: key, gateways: map[SessionID]bool{}} }

// sum is the token's bytes for s; kind keeps equal texts of different kinds apart.
func (r *Redactor) sum(kind, s string) []byte {
	h := hmac.New(sha256.New, r.key)
	h.Write([]byte(kind))
	h.Write([]byte{0})
	h.Write([]byte(s))
	return h.Sum(nil)
}

// tokenLen is the length of a token without padding.
const tokenLen = 17

// token is a word of tokenLen bytes.
func (r *Redactor) token(kind, s string) string {
	if s == "" || s == "*" {
		return s
	}
	if s[0] == ':' { // what no key may begin with
		return ":" + r.token(kind, s[1:])
	}
	t := kind[:1] + hex.EncodeToString(r.sum(kind, s)[:tokenLen/2])
	if strings.IndexByte(s, ' ') >= 0 { // nor have inside
		t = t[:tokenLen/2] + " " + t[tokenLen/2+1:]
	}
	return t
}

// textLens are the lengths that a redacted text may have, so that its own length says little.
var textLens = []int{32, 64, 128, 256, 384}

// text is the token of what somebody wrote. What a channel mode may look for stays visible: a CTCP frame, and whether
// there was formatting.
func (r *Redactor) text(s string) string {
	if stripFormatting(s) == "" {
		return s
	}
	if rest, ok := strings.CutPrefix(s, "\x01"); ok {
		word, words, more := strings.Cut(strings.TrimSuffix(rest, "\x01"), " ")
		if !more || word != "ACTION" {
			return "\x01" + r.token("text", rest) + "\x01"
		}
		return "\x01ACTION " + r.text(words) + "\x01"
	}
	t := strings.ReplaceAll(r.token("text", s), " ", ".")
	if i := strings.IndexAny(s, "\x02\x03\x04\x0f\x11\x16\x1d\x1e\x1f"); i >= 0 {
		t = s[i:i+1] + "4" + t // a digit makes a colour of 0x03
	}
	for _, n := range textLens {
		if len(s) <= tokenLen || len(t) >= n && len(s) <= n/2 {
			break
		}
		if len(s) <= n || n == textLens[len(textLens)-1] {
			return t + strings.Repeat(".", n-len(t))
		}
	}
	return t
}

// host is the token of a host or an address; addresses stay addresses, and those of one /24 or /48 stay together.
func (r *Redactor) host(s string) string {
	if _, cloaked := parseCloak(s); cloaked || s == "" || s == servicesHost {
		return s
	}
	if addr, err := netip.ParseAddr(s); err == nil {
		return hostOf(r.addr(addr).String())
	}
	return r.token("host", s)
}

// remote is host for the address of a session, as the edge writes it.
func (r *Redactor) remote(s string) string {
	if addr, err := netip.ParseAddr(s); err == nil {
		return r.addr(addr).String()
	}
	return r.token("host", s)
}

// addr maps an address into 10.0.0.0/8 or fd00::/8.
func (r *Redactor) addr(a netip.Addr) netip.Addr {
	a = a.Unmap()
	whole := r.sum("address", a.String())
	if a.Is4() {
		net, _ := a.Prefix(24) // never fails: 24 is in range
		near := r.sum("network", net.String())
		return netip.AddrFrom4([4]byte{10, near[0], near[1], whole[0]})
	}
	net, _ := a.Prefix(48)
	near := r.sum("network", net.String())
	b := [16]byte{0: 0xfd}
	copy(b[1:6], near)
	copy(b[6:], whole)
	return netip.AddrFrom16(b)
}

// mask is a list's mask with its host or words hidden; wildcards at the ends of the host stay.
func (r *Redactor) mask(s string) string {
	if s != "" && (s[0] == '~' || s[0] == '$') {
		return r.extban(s)
	}
	i := strings.LastIndexByte(s, '@')
	if i < 0 && !strings.ContainsAny(s, ".:/") {
		return s // of a nick, or no mask at all
	}
	return s[:i+1] + r.maskWords(s[i+1:])
}

// extban redacts an extended ban; accounts and channels are no secrets.
func (r *Redactor) extban(s string) string {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return s
	}
	head, rest := s[:i+1], s[i+1:]
	switch strings.Trim(head[strings.LastIndexAny(head, "~$"):], "~$:") {
	case "a", "account", "c", "channel", "j":
		return s
	case "quiet":
		return head + r.mask(rest)
	}
	return head + r.maskWords(rest)
}

// maskWords hides what lies between the wildcards at the ends.
func (r *Redactor) maskWords(s string) string {
	if net, err := netip.ParsePrefix(s); err == nil {
		if p, err := r.addr(net.Masked().Addr()).Prefix(net.Bits()); err == nil {
			return p.String()
		}
	}
	const wildcards = "*?"
	core := strings.Trim(s, wildcards)
	at := strings.Index(s, core)
	if core == "" {
		return s
	}
	return s[:at] + r.host(core) + s[at+len(core):]
}

// defaultKeyLen is Limits.KeyLen of a network that did not choose another.
const defaultKeyLen = 24

// keys is the token of each part of a comma list.
func (r *Redactor) keys(s string) string {
	parts := strings.Split(s, ",")
	for i, p := range parts {
		parts[i] = r.token("key", p)
		if len(p) > defaultKeyLen { // too long it stays
			parts[i] += strings.Repeat(".", defaultKeyLen)
		}
	}
	return strings.Join(parts, ",")
}

// Input redacts one input of a log, in place.
func (r *Redactor) Input(in *Input) {
	in.Remote = r.remote(in.Remote)
	in.Cookie = r.token("key", in.Cookie)
	in.AuthHash = [32]byte{}
	switch in.Kind {
	case KindLine:
		in.Text = r.line(in)
	case KindDelete:
		in.Text = r.text(in.Text)
	case KindConfig:
		if cfg, err := DecodeConfig(in.Text); err == nil {
			r.config(&cfg)
			in.Text = EncodeConfig(&cfg)
		}
	}
}

// line redacts a line. One that cannot be parsed does nothing, and becomes empty.
func (r *Redactor) line(in *Input) string {
	var m irc.Message
	if m.Parse(in.Text) != nil {
		return ""
	}
	m.Tags = "" // client tags carry text, and no command reads them
	params := append([]string(nil), m.Params()...)
	command := irc.UpperCommand(m.Command)
	effect := r.gateways[in.Session] && m.Source == ""
	switch row := redactions[command]; {
	case command == "PASS" && strings.Contains(in.Granted, grantGateway):
		r.gateways[in.Session] = true // GATEWAY follows
		params = []string{"*"}
	case command == "MODE" && effect:
		r.modes(r.by(params, 1), 2)
	case command == "CHANNEL" && effect:
		r.modes(r.by(params, 2), 3)
	case command == "MODE":
		r.modes(params, 1)
	default:
		if effect && (command == "AWAY" || command == "WALLOPS") {
			row = redaction{first: "m", rest: textParam}
		}
		for i := range params {
			params[i] = r.param(row.kind(i, len(params)), params[i])
		}
	}
	if !m.SetParams(params...) {
		return ""
	}
	return m.String()
}

// param redacts one parameter.
func (r *Redactor) param(kind byte, s string) string {
	switch kind {
	case keepParam:
		return s
	case textParam:
		return r.text(s)
	case hostParam:
		return r.host(s)
	case maskParam:
		return r.mask(s)
	}
	return r.keys(s)
}

// by redacts parameter i, the source that a gateway names.
func (r *Redactor) by(params []string, i int) []string {
	if i < len(params) {
		params[i] = r.mask(params[i])
	}
	return params
}

// modes redacts the parameters of a mode change, whose letters are parameter start: keys and masks.
func (r *Redactor) modes(params []string, start int) {
	if len(params) <= start {
		return
	}
	next := start + 1
	add := true
	for _, letter := range []byte(params[start]) {
		if letter == '+' || letter == '-' {
			add = letter == '+'
			continue
		}
		kind, ok := redactedMode(letter, add)
		if !ok || next >= len(params) {
			continue
		}
		if letter != 'q' || !mayBeNick(params[next]) {
			params[next] = r.param(kind, params[next])
		}
		next++
	}
	for ; next < len(params); next++ {
		params[next] = r.keys(params[next])
	}
}
