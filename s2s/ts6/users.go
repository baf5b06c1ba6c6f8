package ts6

import (
	"strings"

	"robustirc/s2s"
)

// none stands for no account, and for a host that is no other than the one that is shown.
const none = "*"

// decodeEUID is "nick hops ts +modes user host ip uid realhost account :realname" (m_nick.c:ms_euid). A real host "*" is
// the visible one, which is also what a spoof looks like.
func decodeEUID(r *reader) (s2s.Body, *s2s.ParseError) {
	if len(r.args) != 11 {
		return nil, r.tooFew(11)
	}
	return r.introduceUser(userFields{ip: 6, uid: 7, realHost: 8, account: 9})
}

// decodeUID is the form of servers without EUID, "… host ip uid :realname" (m_nick.c:ms_uid), or hybrid's, "… host
// realhost ip uid account :realname" (hyb:m_nick.c:ms_uid), which had no real host before RHOST.
func decodeUID(r *reader) (s2s.Body, *s2s.ParseError) {
	switch len(r.args) {
	case 9:
		return r.introduceUser(userFields{ip: 6, uid: 7})
	case 10:
		return r.introduceUser(userFields{ip: 6, uid: 7, account: 8})
	case 11:
		return r.introduceUser(userFields{realHost: 6, ip: 7, uid: 8, account: 9})
	}
	return nil, r.tooFew(9)
}

// userFields are the places of the parameters that a form has or has not (0).
type userFields struct{ realHost, ip, uid, account int }

func (r *reader) introduceUser(at userFields) (s2s.Body, *s2s.ParseError) {
	hops, err := r.args.Number(1)
	if err != nil {
		return nil, err
	}
	ts, err := r.args.Number(2)
	if err != nil {
		return nil, err
	}
	uid := r.args.At(at.uid)
	if !plausibleUID(uid) {
		return nil, s2s.Malformed("not a UID")
	}
	b := s2s.UserIntroduced{
		UID: s2s.UID(uid), Nick: r.args.At(0), TS: ts, Hops: int(hops), Ident: r.args.At(4), Host: r.args.At(5), RealHost: r.args.At(5),
		Modes: r.args.At(3), Realname: r.args.Last(),
	}
	if at.realHost > 0 && r.args.At(at.realHost) != none {
		b.RealHost = r.args.At(at.realHost)
	}
	if ip := r.args.At(at.ip); ip != "0" {
		b.IP = ip
	}
	if at.account > 0 {
		b.Account = unlessNone(r.args.At(at.account))
	}
	return b, nil
}

// plausibleUID is the shape that m_nick.c:clean_uid accepts.
func plausibleUID(s string) bool {
	if len(s) != 9 || !isDigit(s[0]) {
		return false
	}
	for i := 1; i < len(s); i++ {
		if c := s[i]; !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return true
}

func unlessNone(s string) string { return either(s == none, "", s) }

func orNone(s string) string { return either(s == "", none, s) }

func (w *writer) userHead(b s2s.UserIntroduced) {
	w.word(b.Nick)
	w.number(int64(b.Hops))
	w.number(b.TS)
	w.word(b.Modes, b.Ident, wireAddress(b.Host))
}

// wireIP is "0" for an address that is not told, and has no leading colon, which would end the parameters.
func wireIP(b s2s.UserIntroduced) string {
	if b.IP == "" {
		return "0"
	}
	return wireAddress(b.IP)
}

func wireAddress(s string) string { return either(strings.HasPrefix(s, ":"), "0"+s, s) }

func encodeEUID(w *writer, body s2s.Body) {
	b := body.(s2s.UserIntroduced)
	w.userHead(b)
	w.word(wireIP(b), string(b.UID), realHost(b), orNone(b.Account))
	w.text(orNone(b.Realname)) // an empty one would drop the link
}

func realHost(b s2s.UserIntroduced) string {
	return either(b.RealHost == b.Host || b.RealHost == "", none, wireAddress(b.RealHost))
}

// encodeUID writes hybrid's form, or that for links without EUID, where real host and account follow in lines of their
// own (s_serv.c:burst_TS6).
func encodeUID(w *writer, body s2s.Body) {
	b := body.(s2s.UserIntroduced)
	w.userHead(b)
	if w.codec.dialect == Hybrid {
		w.word(wireAddress(either(b.RealHost == "", b.Host, b.RealHost)), wireIP(b), string(b.UID), orNone(b.Account))
		w.text(b.Realname)
		return
	}
	w.word(wireIP(b), string(b.UID))
	w.text(b.Realname)
	if realHost(b) != none {
		w.extra(s2s.Ref(b.UID), "REALHOST", b.RealHost)
	}
	if b.Account != "" {
		w.extra(s2s.Ref(b.UID), "LOGIN", b.Account)
	}
}

// decodeNick is a user's "nick :ts"; the form with eight parameters, and a server that uses it, is TS5, which drops the
// link (m_nick.c:ms_nick).
func decodeNick(r *reader) (s2s.Body, *s2s.ParseError) {
	ts, err := r.args.Number(1)
	return s2s.NickChanged{Nick: r.args.At(0), TS: ts}, err
}

func encodeNick(w *writer, body s2s.Body) {
	b := body.(s2s.NickChanged)
	w.word(b.Nick)
	w.number(b.TS)
	w.trailing = true
}

func decodeQuit(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.UserQuit{Reason: r.args.At(0)}, nil
}

func encodeQuit(w *writer, b s2s.Body) { w.text(b.(s2s.UserQuit).Reason) }

// decodeKill takes "path (reason)" apart (m_kill.c:ms_kill). hybrid kills by nick what it refuses to introduce.
func decodeKill(r *reader) (s2s.Body, *s2s.ParseError) {
	path, reason, _ := strings.Cut(r.args.At(1), " ")
	if strings.HasPrefix(reason, "(") && strings.HasSuffix(reason, ")") && len(reason) > 1 {
		reason = reason[1 : len(reason)-1]
	}
	return s2s.UserKilled{User: r.args.Ref(0), Path: path, Reason: reason}, nil
}

func encodeKill(w *writer, body s2s.Body) {
	b := body.(s2s.UserKilled)
	w.id(b.User)
	w.text(b.Path + either(b.Reason == "", "", " ("+b.Reason+")"))
}

func decodeSave(r *reader) (s2s.Body, *s2s.ParseError) {
	ts, err := r.args.Number(1)
	return s2s.UserSaved{User: s2s.UID(r.args.At(0)), TS: ts}, err
}

func encodeSave(w *writer, body s2s.Body) {
	b := body.(s2s.UserSaved)
	w.word(string(b.User))
	w.number(b.TS)
}

func decodeAway(r *reader) (s2s.Body, *s2s.ParseError) { return s2s.Away{Text: r.args.At(0)}, nil }

func encodeAway(w *writer, b s2s.Body) {
	if text := b.(s2s.Away).Text; text != "" {
		w.text(text)
	}
}

func decodeOper(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.Oper{Operator: r.args.At(0), Privileges: r.args.At(1)}, nil
}

func encodeOper(w *writer, body s2s.Body) {
	b := body.(s2s.Oper)
	w.word(b.Operator)
	if b.Privileges != "" {
		w.word(b.Privileges)
	}
}

// decodeMode is a user's modes or, from servers that do not know TMODE, a channel's.
func decodeMode(r *reader) (s2s.Body, *s2s.ParseError) {
	if isChannel(r.args.At(0)) {
		return s2s.ChannelModes{Channel: r.args.At(0), Modes: r.args.At(1), Params: r.args.From(2)}, nil
	}
	return s2s.UserModes{User: r.args.Ref(0), Modes: r.args.At(1)}, nil
}

func encodeMode(w *writer, body s2s.Body) {
	switch b := body.(type) {
	case s2s.UserModes:
		w.id(b.User)
		w.text(b.Modes)
	case s2s.ChannelModes:
		w.word(b.Channel, b.Modes)
		w.args(b.Params, false)
	}
}

// ---- what a UserChanged is made of

func (r *reader) changed(u s2s.UserChanged) (s2s.Body, *s2s.ParseError) { return u, nil }

func decodeChghost(r *reader) (s2s.Body, *s2s.ParseError) {
	host := wireAddress(r.args.At(1))
	return r.changed(s2s.UserChanged{User: r.args.Ref(0), Host: &host})
}

func encodeChghost(w *writer, body s2s.Body) {
	b := body.(s2s.UserChanged)
	w.id(b.User)
	w.word(wireAddress(*b.Host))
}

// decodeSignon is services' "nick user host ts account" for a user (m_signon.c:ms_signon); account "0" is a logout.
// A server that passes it on gives the time that the old nick had (send_signon), which so may differ between servers.
func decodeSignon(r *reader) (s2s.Body, *s2s.ParseError) {
	ts, err := r.args.Number(3)
	if err != nil {
		return nil, err
	}
	nick, ident, host, account := r.args.At(0), r.args.At(1), r.args.At(2), r.args.At(4)
	if account == "0" {
		account = ""
	}
	return r.changed(s2s.UserChanged{User: r.source(), Nick: &nick, NickTS: &ts, Ident: &ident, Host: &host, Account: &account})
}

func encodeSignon(w *writer, body s2s.Body) {
	b := body.(s2s.UserChanged)
	if b.NickTS == nil || b.Ident == nil || b.Host == nil || b.Account == nil {
		w.fail("a nick changes this way only together with its time, ident, host and account")
		return
	}
	w.word(*b.Nick, *b.Ident, wireAddress(*b.Host))
	w.number(*b.NickTS)
	w.word(either(*b.Account == "", "0", *b.Account))
}

func decodeCertfp(r *reader) (s2s.Body, *s2s.ParseError) {
	fingerprint := r.args.At(0)
	return r.changed(s2s.UserChanged{User: r.source(), Certificate: &fingerprint})
}

func decodeRealhost(r *reader) (s2s.Body, *s2s.ParseError) {
	host := wireAddress(r.args.At(0))
	return r.changed(s2s.UserChanged{User: r.source(), RealHost: &host})
}

func decodeLogin(r *reader) (s2s.Body, *s2s.ParseError) {
	account := r.args.At(0)
	return r.changed(s2s.UserChanged{User: r.source(), Account: &account})
}

// decodeSU is services' login of a user, or logout when no account is given (m_services.c:me_su).
func decodeSU(r *reader) (s2s.Body, *s2s.ParseError) {
	account := r.args.At(1)
	return r.changed(s2s.UserChanged{User: r.args.Ref(0), Account: &account})
}

func encodeSU(w *writer, body s2s.Body) {
	b := body.(s2s.UserChanged)
	w.id(b.User)
	if *b.Account != "" {
		w.word(*b.Account)
	}
}

// encodeOwn writes what users say of themselves with one parameter.
func encodeOwn(w *writer, body s2s.Body) {
	b := body.(s2s.UserChanged)
	if b.User != w.event.Source {
		w.fail("only the user can say this of itself")
	}
	for _, p := range []*string{b.Certificate, b.RealHost, b.Account} {
		if p != nil {
			w.word(either(p == b.RealHost, wireAddress(*p), *p))
			return
		}
	}
}

// chooseUserChanged finds the command for what changed. hybrid's services change one thing at a time, if the user still
// has the nick they saw.
func (c *Codec) chooseUserChanged(e s2s.Event, b s2s.UserChanged) *command {
	hybrid := c.dialect == Hybrid
	switch {
	case b.Realname != nil:
		return nil
	case b.Nick != nil:
		return plain["SIGNON"]
	case b.Host != nil && b.Ident == nil:
		if hybrid {
			return plain["SVSHOST"]
		}
		if !c.Has("EUID") || e.ServerMask != "" {
			return encaps["CHGHOST"]
		}
		return plain["CHGHOST"]
	case b.Certificate != nil:
		if hybrid {
			return plain["CERTFP"]
		}
		return encaps["CERTFP"]
	case b.RealHost != nil:
		return encaps["REALHOST"]
	case b.Account != nil:
		return c.chooseLogin(e, b)
	}
	return nil
}

func (c *Codec) chooseLogin(e s2s.Event, b s2s.UserChanged) *command {
	switch {
	case c.dialect == Hybrid:
		return plain["SVSACCOUNT"]
	case b.User == e.Source && *b.Account != "" && s2s.SourceKind(string(e.Source)) == user:
		return encaps["LOGIN"]
	}
	return encaps["SU"]
}
