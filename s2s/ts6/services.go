package ts6

import (
	"strconv"
	"strings"

	"robustirc/s2s"
)

// decodeSasl is "from to step data…" (m_sasl.c:me_sasl). What is said between client and mechanism (C) is a secret.
func decodeSasl(r *reader) (s2s.Body, *s2s.ParseError) {
	b := s2s.SASL{From: r.args.Ref(0), To: r.args.Ref(1), Step: r.args.At(2)}
	switch b.Step {
	case "H", "S", "D", "M": // host, mechanism, done, mechanisms
		b.Params = r.args.From(3)
	}
	return b, nil
}

func encodeSasl(w *writer, body s2s.Body) {
	b := body.(s2s.SASL)
	if len(b.Params) == 0 {
		w.fail("what client and mechanism say to each other is never kept")
	}
	w.id(b.From)
	w.id(b.To)
	w.word(b.Step)
	w.args(b.Params, true)
}

func decodeNickDelay(r *reader) (s2s.Body, *s2s.ParseError) {
	seconds, err := r.args.Number(0)
	return s2s.NickHold{Nick: r.args.At(1), Seconds: seconds}, err
}

func encodeNickDelay(w *writer, body s2s.Body) {
	b := body.(s2s.NickHold)
	w.number(b.Seconds)
	w.word(b.Nick)
}

// ---- what the user's own server must do

// decodeRSFNC is "uid nick newts [oldts [override]]" (m_services.c:me_rsfnc).
func decodeRSFNC(r *reader) (s2s.Body, *s2s.ParseError) {
	ts, err := r.args.Number(2)
	if err != nil {
		return nil, err
	}
	b := s2s.Force{Action: "nick", User: r.args.Ref(0), Params: []string{r.args.At(1)}, TS: ts}
	if len(r.args) > 3 {
		b.IfTS, err = r.args.Number(3)
		b.Params = append(b.Params, r.args.From(4)...)
	}
	return b, err
}

func encodeRSFNC(w *writer, body s2s.Body) {
	b := body.(s2s.Force)
	w.id(b.User)
	w.word(b.Params[:min(1, len(b.Params))]...)
	w.number(b.TS)
	w.number(b.IfTS)
	w.word(b.Params[min(1, len(b.Params)):]...)
}

// decodeSvsnick is hybrid's "uid ts nick newts", or "uid nick newts" of older services (hyb:m_svsnick.c).
func decodeSvsnick(r *reader) (s2s.Body, *s2s.ParseError) {
	b := s2s.Force{Action: "nick", User: r.args.Ref(0)}
	var err *s2s.ParseError
	i := 1
	if len(r.args) > 3 {
		if b.IfTS, err = r.args.Number(1); err != nil {
			return nil, err
		}
		i = 2
	}
	b.Params = []string{r.args.At(i)}
	b.TS, err = r.args.Number(i + 1)
	return b, err
}

func encodeSvsnick(w *writer, body s2s.Body) {
	b := body.(s2s.Force)
	w.id(b.User)
	w.number(b.IfTS)
	w.word(b.Params[:min(1, len(b.Params))]...)
	w.number(b.TS)
}

// decodeForce is what has the user first and the rest for its server to understand.
func decodeForce(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.Force{Action: actions[r.cmd.name], User: r.args.Ref(0), Params: r.args.From(1)}, nil
}

// actions are the commands of decodeForce, by the names of s2s.Force.
var actions = map[string]string{
	"SVSLOGIN": "login", "SVSJOIN": "join", "SVSPART": "part", "GRANT": "grant", "EXTENDCHANS": "extendchans",
	"QUARANTINE": "quarantine", "UNQUARANTINE": "unquarantine", "DEHELPER": "dehelper",
}

// encodeForce has a colon before free text and before what is last inside ENCAP.
func encodeForce(w *writer, body s2s.Body) {
	b := body.(s2s.Force)
	w.id(b.User)
	w.args(b.Params, b.Action == "part" && len(b.Params) > 1)
}

func (c *Codec) chooseForce(b s2s.Force) *command {
	if b.Action == "nick" {
		if c.dialect == Hybrid {
			return plain["SVSNICK"]
		}
		return encaps["RSFNC"]
	}
	for _, name := range forceCommands {
		if actions[name] == b.Action {
			if cmd := plain[name]; cmd != nil {
				return cmd
			}
			return encaps[name]
		}
	}
	return nil
}

var forceCommands = []string{"SVSLOGIN", "SVSJOIN", "SVSPART", "GRANT", "EXTENDCHANS", "QUARANTINE", "UNQUARANTINE", "DEHELPER"}

// ---- hybrid's services, whose commands hold the nick timestamp they are for

// decodeSvskill is "uid ts [:reason]" (hyb:m_svskill.c): the user's server makes it quit.
func decodeSvskill(r *reader) (s2s.Body, *s2s.ParseError) {
	ts, err := r.args.Number(1)
	return s2s.UserKilled{User: r.args.Ref(0), IfTS: ts, Reason: r.args.At(2), Quiet: true}, err
}

func encodeSvskill(w *writer, body s2s.Body) {
	b := body.(s2s.UserKilled)
	w.id(b.User)
	w.number(b.IfTS)
	w.text(b.Reason)
}

// decodeSvsaccount is "uid ts account", "*" for a logout (hyb:m_svsaccount.c).
func decodeSvsaccount(r *reader) (s2s.Body, *s2s.ParseError) {
	ts, err := r.args.Number(1)
	if err != nil {
		return nil, err
	}
	account := unlessNone(r.args.At(2))
	return r.changed(s2s.UserChanged{User: r.args.Ref(0), Account: &account, IfTS: ts})
}

func encodeSvsaccount(w *writer, body s2s.Body) {
	b := body.(s2s.UserChanged)
	w.svs(b.User, b.IfTS, orNone(*b.Account))
}

// svs writes "uid ts value".
func (w *writer) svs(user s2s.Ref, ts int64, value string) {
	w.id(user)
	w.number(ts)
	w.word(value)
}

// decodeSvshost is "uid ts host" (hyb:m_svshost.c).
func decodeSvshost(r *reader) (s2s.Body, *s2s.ParseError) {
	ts, err := r.args.Number(1)
	if err != nil {
		return nil, err
	}
	host := wireAddress(r.args.At(2))
	return r.changed(s2s.UserChanged{User: r.args.Ref(0), Host: &host, IfTS: ts})
}

func encodeSvshost(w *writer, body s2s.Body) {
	b := body.(s2s.UserChanged)
	w.svs(b.User, b.IfTS, wireAddress(*b.Host))
}

// decodeSvsmode is "uid ts modes" (hyb:m_svsmode.c).
func decodeSvsmode(r *reader) (s2s.Body, *s2s.ParseError) {
	ts, err := r.args.Number(1)
	return s2s.UserModes{User: r.args.Ref(0), IfTS: ts, Modes: r.args.At(2)}, err
}

func encodeSvsmode(w *writer, body s2s.Body) {
	b := body.(s2s.UserModes)
	w.svs(b.User, b.IfTS, b.Modes)
}

// decodeSvstag is "uid ts numeric +modes :line", or "uid ts -" for no more lines (hyb:m_svstag.c).
func decodeSvstag(r *reader) (s2s.Body, *s2s.ParseError) {
	ts, err := r.args.Number(1)
	b := s2s.SWhois{User: r.args.Ref(0), IfTS: ts}
	if r.args.At(2) == "-" {
		b.Remove = true
		return b, err
	}
	if len(r.args) < 5 {
		return nil, r.tooFew(5)
	}
	if err == nil {
		var n int64
		n, err = r.args.Number(2)
		b.Numeric = int(n)
	}
	b.Modes, b.Text = r.args.At(3), r.args.At(4)
	return b, err
}

func encodeSvstag(w *writer, body s2s.Body) {
	b := body.(s2s.SWhois)
	w.id(b.User)
	w.number(b.IfTS)
	if b.Remove {
		w.word("-")
		return
	}
	w.number(int64(b.Numeric))
	w.word(either(b.Modes == "", "+", b.Modes))
	w.text(b.Text)
}

// decodeMetadata is "client uid key [:value]" (hyb:m_metadata.c).
func decodeMetadata(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.Metadata{Kind: r.args.At(0), Target: r.args.At(1), Key: r.args.At(2), Value: r.args.At(3), Unset: r.args.At(3) == ""}, nil
}

func encodeMetadata(w *writer, body s2s.Body) {
	b := body.(s2s.Metadata)
	w.word(b.Kind, b.Target, b.Key)
	if !b.Unset {
		w.text(b.Value)
	}
}

// ---- questions, and what means nothing to us

// decodeQuery keeps the parameters; who is asked stands among them.
func decodeQuery(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.Query{Command: r.cmd.name, Params: r.args.From(0)}, nil
}

func encodeQuery(w *writer, body s2s.Body) { w.args(body.(s2s.Query).Params, true) }

// decodeRehash is hybrid's "servers option" (hyb:m_rehash.c:ms_rehash).
func decodeRehash(r *reader) (s2s.Body, *s2s.ParseError) {
	r.setMask(r.args.At(0))
	return s2s.Query{Command: "REHASH", Params: r.args.From(1)}, nil
}

func encodeRehash(w *writer, body s2s.Body) {
	b := body.(s2s.Query)
	if len(b.Params) == 0 {
		w.fail("what to read again must be said")
	}
	w.word(w.mask())
	w.args(b.Params, false)
}

func decodeHousekeeping(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.Housekeeping{Command: r.cmd.name, Params: r.args.From(0)}, nil
}

func encodeHousekeeping(w *writer, body s2s.Body) {
	w.args(body.(s2s.Housekeeping).Params, true)
}

func parseTS(s string) (int64, *s2s.ParseError) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, s2s.Malformed("a time that is no number")
	}
	return n, nil
}

func formatTS(n int64) string { return strconv.FormatInt(n, 10) }

// capabilities splits a CAPAB line's words.
func capabilities(params []string) []string {
	return strings.Fields(strings.Join(params, " "))
}
