package ts6

import (
	"strings"

	"robustirc/s2s"
)

// The kinds of bans, and their letters in BAN.
const (
	kline = "kline" // user@host
	dline = "dline" // address
	xline = "xline" // real name
	resv  = "resv"  // nick or channel
)

var banLetters = map[string]string{"K": kline, "X": xline, "R": resv}

// xlineType stands where XLINE once said what to do with the user (m_xline.c: unused).
const xlineType = "2"

// decodeBan is "type user host created duration lifetime oper :reason|oper reason" (m_ban.c:ms_ban). The durations are
// seconds since created. A duration of 0 is a ban that was removed, which is remembered for its lifetime so that it does
// not come back from elsewhere.
func decodeBan(r *reader) (s2s.Body, *s2s.ParseError) {
	kind, ok := banLetters[r.args.At(0)]
	if !ok {
		return nil, s2s.Malformed("a type of ban that is neither K, X nor R")
	}
	var n [3]int64
	for i := range n {
		var err *s2s.ParseError
		if n[i], err = r.args.Number(3 + i); err != nil {
			return nil, err
		}
	}
	b := s2s.NetworkBan{Kind: kind, Host: r.args.At(2), SetAt: n[0], Duration: n[1], Lifetime: n[2], Remove: n[1] == 0, SetBy: unlessNone(r.args.At(6))}
	if kind == kline {
		b.User = r.args.At(1)
	}
	b.Reason, b.OperReason, _ = strings.Cut(r.args.At(7), "|")
	return b, nil
}

func encodeBan(w *writer, body s2s.Body) {
	b := body.(s2s.NetworkBan)
	duration := b.Duration
	if b.Remove {
		duration = 0
	}
	w.word(strings.ToUpper(b.Kind[:1]), orNone(b.User), b.Host)
	w.number(b.SetAt)
	w.number(duration)
	w.number(b.Lifetime)
	w.word(orNone(b.SetBy))
	w.text(banReason(b))
}

func banReason(b s2s.NetworkBan) string {
	return b.Reason + either(b.OperReason == "", "", "|"+b.OperReason)
}

// banShape is where a ban's parts stand in a line, from 0, or absent.
type banShape struct{ seconds, user, host, reason int }

const absent = -1

// decodeLine reads a ban line by its shape. Plain lines name the servers they are for first; ENCAP did already.
func (r *reader) decodeLine(kind string, remove bool, at banShape) (s2s.Body, *s2s.ParseError) {
	if !r.cmd.encap {
		r.setMask(r.args[0])
		r.args = r.args[1:]
	}
	b := s2s.NetworkBan{Kind: kind, Remove: remove, Host: r.args.At(at.host)}
	if at.user != absent {
		b.User = r.args.At(at.user)
	}
	if at.reason != absent {
		b.Reason, b.OperReason, _ = strings.Cut(r.args.At(at.reason), "|")
	}
	var err *s2s.ParseError
	if at.seconds != absent {
		b.Duration, err = r.args.Number(at.seconds)
	}
	return b, err
}

// decodeKline is "[servers] seconds user host :reason" (m_kline.c:ms_kline, me_kline, hyb:m_kline.c:ms_kline).
func decodeKline(r *reader) (s2s.Body, *s2s.ParseError) {
	return r.decodeLine(kline, false, banShape{seconds: 0, user: 1, host: 2, reason: 3})
}

// decodeDline is "[servers] seconds address :reason" (m_dline.c:me_dline, hyb:m_dline.c:ms_dline).
func decodeDline(r *reader) (s2s.Body, *s2s.ParseError) {
	return r.decodeLine(dline, false, banShape{seconds: 0, user: absent, host: 1, reason: 2})
}

// decodeXline is ENCAP "seconds name type :reason", solanum's plain "servers name type :reason", which is permanent
// (m_xline.c:ms_xline), or hybrid's "servers name seconds :reason" (hyb:m_xline.c:ms_xline; 8.2.43 sends a wrong number
// there).
func decodeXline(r *reader) (s2s.Body, *s2s.ParseError) {
	switch {
	case r.cmd.encap:
		return r.decodeLine(xline, false, banShape{seconds: 0, user: absent, host: 1, reason: 3})
	case r.dialect == Hybrid:
		return r.decodeLine(xline, false, banShape{seconds: 1, user: absent, host: 0, reason: 2})
	}
	return r.decodeLine(xline, false, banShape{seconds: absent, user: absent, host: 0, reason: 2})
}

// decodeResv is ENCAP "seconds mask 0 :reason", solanum's plain "servers mask :reason" (m_resv.c:ms_resv), or hybrid's
// "servers seconds mask :reason" (hyb:m_resv.c:ms_resv).
func decodeResv(r *reader) (s2s.Body, *s2s.ParseError) {
	switch {
	case r.cmd.encap:
		return r.decodeLine(resv, false, banShape{seconds: 0, user: absent, host: 1, reason: 3})
	case len(r.args) > 3:
		return r.decodeLine(resv, false, banShape{seconds: 0, user: absent, host: 1, reason: 2})
	}
	return r.decodeLine(resv, false, banShape{seconds: absent, user: absent, host: 0, reason: 1})
}

func decodeUnkline(r *reader) (s2s.Body, *s2s.ParseError) {
	return r.decodeLine(kline, true, banShape{seconds: absent, user: 0, host: 1, reason: absent})
}

func decodeUndline(r *reader) (s2s.Body, *s2s.ParseError) { return r.unban(dline) }

func decodeUnxline(r *reader) (s2s.Body, *s2s.ParseError) { return r.unban(xline) }

func decodeUnresv(r *reader) (s2s.Body, *s2s.ParseError) { return r.unban(resv) }

func (r *reader) unban(kind string) (s2s.Body, *s2s.ParseError) {
	return r.decodeLine(kind, true, banShape{seconds: absent, user: absent, host: 0, reason: absent})
}

// encodeKline and its like write the plain form, or that inside ENCAP, as the row says.
func encodeKline(w *writer, body s2s.Body) {
	b := body.(s2s.NetworkBan)
	w.plainMask()
	w.number(b.Duration)
	w.word(b.User, b.Host)
	w.text(banReason(b))
}

// plainMask writes the servers that a ban is for, which ENCAP has said already.
func (w *writer) plainMask() {
	if !w.cmd.encap {
		w.word(w.mask())
	}
}

func encodeDline(w *writer, body s2s.Body) {
	b := body.(s2s.NetworkBan)
	w.plainMask()
	w.number(b.Duration)
	w.word(b.Host)
	w.text(banReason(b))
}

func encodeXline(w *writer, body s2s.Body) {
	b := body.(s2s.NetworkBan)
	switch {
	case w.cmd.encap:
		w.number(b.Duration)
		w.word(b.Host, xlineType)
	case w.codec.dialect == Hybrid:
		w.word(w.mask(), b.Host)
		w.number(b.Duration)
	default:
		w.word(w.mask(), b.Host, xlineType)
	}
	w.text(banReason(b))
}

func encodeResv(w *writer, body s2s.Body) {
	b := body.(s2s.NetworkBan)
	w.plainMask()
	if w.cmd.encap || w.codec.dialect == Hybrid {
		w.number(b.Duration)
	}
	w.word(b.Host)
	if w.cmd.encap {
		w.word("0")
	}
	w.text(banReason(b))
}

func encodeUnkline(w *writer, body s2s.Body) {
	b := body.(s2s.NetworkBan)
	w.plainMask()
	w.word(b.User, b.Host)
}

func encodeUnban(w *writer, body s2s.Body) {
	w.plainMask()
	w.word(body.(s2s.NetworkBan).Host)
}

// chooseBan finds the command: BAN where time and lifetime are known, else the line of its kind; plain where the link
// has the capability for it, else ENCAP (m_kline.c:mo_kline and its like send both ways).
func (c *Codec) chooseBan(e s2s.Event, b s2s.NetworkBan) *command {
	if b.SetAt != 0 && b.Kind != dline && c.dialect != Hybrid && e.ServerMask == "" {
		return plain["BAN"]
	}
	name := either(b.Remove, "UN", "") + strings.ToUpper(b.Kind)
	if c.dialect == Hybrid || c.saysPlain(b) {
		return plain[name]
	}
	return encaps[name]
}

func (c *Codec) saysPlain(b s2s.NetworkBan) bool {
	switch b.Kind {
	case kline:
		return c.Has(either(b.Remove, "UNKLN", "KLN"))
	case xline, resv:
		return c.Has("CLUSTER") && b.Duration == 0
	}
	return false
}
