package unreal

import (
	"encoding/base64"
	"net/netip"
	"strings"

	"robustirc/core/irc"
	"robustirc/s2s"
)

func upper(command string) string { return irc.UpperCommand(command) }

// readUID reads "nick hops ts ident realhost uid account modes vhost cloak ip :realname" (nick.c:cmd_uid).
func readUID(r *reader) (s2s.Body, *s2s.ParseError) {
	hops, err := r.args.Number(1)
	if err != nil {
		return nil, err
	}
	ts, err := r.args.Number(2)
	if err != nil {
		return nil, err
	}
	if !validUID(r.args.At(5)) {
		return nil, s2s.Malformed("no user id")
	}
	ip, err := decodeIP(r.args.At(10))
	if err != nil {
		return nil, err
	}
	b := s2s.UserIntroduced{
		Nick: r.args.At(0), Hops: int(hops), TS: ts, Ident: r.args.At(3), RealHost: r.args.At(4), UID: s2s.UID(r.args.At(5)),
		Account: account(r.args.At(6)), Modes: r.args.At(7), VHost: orNothing(r.args.At(8)), Cloak: orNothing(r.args.At(9)),
		IP: ip, Realname: r.args.Last(),
	}
	b.Host = visibleHost(&b)
	return b, nil
}

// visibleHost is what other users see: with +x the virtual host, or else the cloak (nick.c:cmd_uid, struct.h:GetHost).
func visibleHost(b *s2s.UserIntroduced) string {
	if strings.IndexByte(b.Modes, 'x') < 0 {
		return b.RealHost
	}
	for _, host := range []string{b.VHost, b.Cloak} {
		if host != "" {
			return host
		}
	}
	return b.RealHost
}

// validUID reports whether s may be a user's id; they have nine characters, but up to IDLEN (12) are accepted
// (nick.c:valid_uid).
func validUID(s string) bool {
	if len(s) < 6 || len(s) > 12 || !s2s.ValidSID(s[:3]) {
		return false
	}
	for i := 3; i < len(s); i++ {
		if !isDigit(s[i]) && (s[i] < 'A' || s[i] > 'Z') {
			return false
		}
	}
	return true
}

func writeUID(w *writer, b s2s.UserIntroduced) {
	ip, err := encodeIP(b.IP)
	if err != nil {
		w.fail("address: %w", err)
	}
	w.word(b.Nick)
	w.number(int64(b.Hops), b.TS)
	w.word(b.Ident)
	w.orStar(b.RealHost)
	w.word(string(b.UID), accountOrZero(b.Account), either(b.Modes == "", "+", b.Modes))
	w.orStar(b.VHost)
	w.orStar(b.Cloak)
	w.word(ip)
	w.text(b.Realname)
}

// account is "" for all that UnrealIRCd writes for a user who is not logged in: a star, and what begins with a digit,
// such as the time stamp of an account that is not confirmed (struct.h:IsLoggedIn).
func account(s string) string {
	if s == "" || s[0] == '*' || isDigit(s[0]) {
		return ""
	}
	return s
}

func accountOrZero(s string) string {
	if s == "" {
		return "0"
	}
	return s
}

// decodeIP reads base64 of 4 or 16 bytes (support.c:decode_ip). "*" is a user without address.
func decodeIP(s string) (string, *s2s.ParseError) {
	if s == "*" {
		return "", nil
	}
	if len(s) > 24 {
		return "", s2s.Malformed("no address")
	}
	var buf [18]byte
	n, err := base64.StdEncoding.Decode(buf[:], []byte(s))
	ip, ok := netip.AddrFromSlice(buf[:n])
	if err != nil || !ok {
		return "", s2s.Malformed("no address")
	}
	return ip.Unmap().String(), nil
}

// encodeIP writes an address as base64, and what is not known as "*" (support.c:encode_ip).
func encodeIP(s string) (string, error) {
	if s == "" {
		return "*", nil
	}
	ip, err := netip.ParseAddr(s)
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(ip.Unmap().AsSlice()), nil
}

// readNick reads "nick ts". Without a timestamp it is 0, for which the servers take the two nicks as equally old.
func readNick(r *reader) (s2s.Body, *s2s.ParseError) {
	b := s2s.NickChanged{Nick: r.args.At(0)}
	if len(r.args) > 1 {
		ts, err := r.args.Number(1)
		if err != nil {
			return nil, err
		}
		b.TS = ts
	}
	return b, nil
}

func writeNick(w *writer, b s2s.NickChanged) {
	w.word(b.Nick)
	w.number(b.TS)
}

func readQuit(r *reader) (s2s.Body, *s2s.ParseError) { return s2s.UserQuit{Reason: r.args.At(0)}, nil }

func writeQuit(w *writer, b s2s.UserQuit) { w.text(b.Reason) }

func readKill(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.UserKilled{User: r.args.Ref(0), Reason: r.args.At(1), Quiet: upper(r.msg.Command) == "SVSKILL"}, nil
}

func writeKill(w *writer, b s2s.UserKilled) {
	w.refuseIfTS(b.IfTS)
	w.id(b.User)
	w.text(b.Reason)
}

// refuseIfTS refuses a condition that the protocol cannot express.
func (w *writer) refuseIfTS(ts int64) {
	if ts != 0 {
		w.fail("a nick timestamp as a condition cannot be said")
	}
}

func readAway(r *reader) (s2s.Body, *s2s.ParseError) { return s2s.Away{Text: r.args.At(0)}, nil }

func writeAway(w *writer, b s2s.Away) { w.optional(b.Text) }

func readUMODE2(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.UserModes{User: r.source(), Modes: r.args.At(0)}, nil
}

func writeUMODE2(w *writer, b s2s.UserModes) { w.word(b.Modes) }

// property is one of the properties of a user that change.
type property func(b *s2s.UserChanged, value string)

func setHost(b *s2s.UserChanged, value string)     { b.Host = &value }
func setIdent(b *s2s.UserChanged, value string)    { b.Ident = &value }
func setRealname(b *s2s.UserChanged, value string) { b.Realname = &value }

// readSet reads a user's change of its own property.
func readSet(set property) func(*reader) (s2s.Body, *s2s.ParseError) {
	return func(r *reader) (s2s.Body, *s2s.ParseError) {
		b := s2s.UserChanged{User: r.source()}
		set(&b, r.args.At(0))
		return b, nil
	}
}

// readChange reads the change of another's property.
func readChange(set property) func(*reader) (s2s.Body, *s2s.ParseError) {
	return func(r *reader) (s2s.Body, *s2s.ParseError) {
		b := s2s.UserChanged{User: r.args.Ref(0)}
		set(&b, r.args.Last())
		return b, nil
	}
}

func writeSet(w *writer, b s2s.UserChanged)     { w.word(value(b)) }
func writeSetText(w *writer, b s2s.UserChanged) { w.text(value(b)) }

func writeChange(w *writer, b s2s.UserChanged) {
	w.id(b.User)
	w.word(value(b))
}

func writeChangeText(w *writer, b s2s.UserChanged) {
	w.id(b.User)
	w.text(value(b))
}

// value is that of the property that changed.
func value(b s2s.UserChanged) string {
	for _, p := range []*string{b.Host, b.Ident, b.Realname, b.Account} {
		if p != nil {
			return *p
		}
	}
	return ""
}

// properties splits a change into one for each property.
func properties(b s2s.UserChanged) (parts []s2s.UserChanged) {
	add := func(part s2s.UserChanged) {
		part.User, part.IfTS = b.User, b.IfTS
		parts = append(parts, part)
	}
	if b.Nick != nil || b.NickTS != nil || b.RealHost != nil || b.Certificate != nil {
		add(s2s.UserChanged{Nick: b.Nick, NickTS: b.NickTS, RealHost: b.RealHost, Certificate: b.Certificate})
	}
	if b.Ident != nil {
		add(s2s.UserChanged{Ident: b.Ident})
	}
	if b.Host != nil {
		add(s2s.UserChanged{Host: b.Host})
	}
	if b.Realname != nil {
		add(s2s.UserChanged{Realname: b.Realname})
	}
	if b.Account != nil {
		add(s2s.UserChanged{Account: b.Account})
	}
	return parts
}

// chooseUserChanged names the command for the change of one property; "" when there is none: a nick changes with NICK,
// a certificate with MD, and the real host never.
func chooseUserChanged(e s2s.Event, b s2s.UserChanged) string {
	verb := either(b.User == e.Source && s2s.SourceKind(string(e.Source)) == user, "SET", "CHG")
	switch {
	case b.IfTS != 0 || b.Nick != nil || b.NickTS != nil || b.RealHost != nil || b.Certificate != nil:
		return ""
	case b.Ident != nil:
		return verb + "IDENT"
	case b.Host != nil:
		return verb + "HOST"
	case b.Realname != nil:
		return verb + "NAME"
	case b.Account != nil:
		return "SVSLOGIN"
	}
	return ""
}

// readSWhois reads "user + tag priority :line", "user - tag priority :*" and the old "user :line" (swhois.c:cmd_swhois).
func readSWhois(r *reader) (s2s.Body, *s2s.ParseError) {
	if r.args.At(4) == "" {
		return s2s.SWhois{User: r.args.Ref(0), Remove: r.args.At(1) == "", Text: r.args.At(1)}, nil
	}
	priority, err := r.args.Number(3)
	if err != nil {
		return nil, err
	}
	return s2s.SWhois{User: r.args.Ref(0), Remove: r.args.At(1) != "+", Tag: r.args.At(2), Priority: int(priority), Text: r.args.At(4)}, nil
}

func writeSWhois(w *writer, b s2s.SWhois) {
	w.refuseIfTS(b.IfTS)
	w.id(b.User)
	if !b.Remove && b.Text == "" {
		w.fail("a line is needed")
	}
	if w.features.SWhois && b.Tag != "" {
		w.word(either(b.Remove, "-", "+"), b.Tag)
		w.number(int64(b.Priority))
		w.text(either(b.Text == "", "*", b.Text))
		return
	}
	w.text(either(b.Remove, "", b.Text))
}
