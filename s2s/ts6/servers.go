package ts6

import (
	"strconv"
	"strings"

	"robustirc/s2s"
)

// hiddenMark stands before the description of a server that is hidden from users (s_serv.c:set_server_gecos).
const hiddenMark = "(H) "

// decodeHandshake keeps the line as it is, but for the password.
func decodeHandshake(r *reader) (s2s.Body, *s2s.ParseError) {
	params := r.args.From(0)
	if r.cmd.name == "PASS" {
		params[0] = "*"
	}
	return s2s.Handshake{Command: r.cmd.name, Params: params}, nil
}

func encodeHandshake(w *writer, b s2s.Body) {
	h := b.(s2s.Handshake)
	w.args(h.Params, h.Command != "PASS" || len(h.Params) > 1)
}

// decodeServer is the peer's own SERVER, without a prefix, or a server without SID, which a prefix introduces (services
// hold names so; it goes by SQUIT of its name).
func decodeServer(r *reader) (s2s.Body, *s2s.ParseError) {
	if r.msg.Source == "" {
		return decodeHandshake(r)
	}
	return r.introduced("", r.args.Last())
}

// decodeSID is "name hops sid :description" and, in hybrid, "name hops sid +flags :description".
func decodeSID(r *reader) (s2s.Body, *s2s.ParseError) {
	if len(r.args) == 4 {
		return r.introduced(s2s.SID(r.args.At(2)), r.args.At(3))
	}
	body, err := r.introduced(s2s.SID(r.args.At(2)), r.args.Last())
	if err != nil {
		return nil, err
	}
	b := body.(s2s.ServerIntroduced)
	flags := strings.TrimPrefix(r.args.At(3), "+")
	b.Hidden, b.Flags = b.Hidden || strings.Contains(flags, "h"), strings.ReplaceAll(flags, "h", "")
	return b, nil
}

func (r *reader) introduced(sid s2s.SID, description string) (s2s.Body, *s2s.ParseError) {
	hops, err := r.args.Number(1)
	if err != nil {
		return nil, err
	}
	rest, hidden := strings.CutPrefix(description, hiddenMark)
	return s2s.ServerIntroduced{Server: r.args.At(0), SID: sid, Hops: int(hops), Description: rest, Hidden: hidden}, nil
}

func encodeServer(w *writer, b s2s.Body) {
	switch b := b.(type) {
	case s2s.Handshake:
		encodeHandshake(w, b)
	case s2s.ServerIntroduced:
		w.word(b.Server)
		w.number(int64(b.Hops))
		w.text(description(b))
	}
}

func encodeSID(w *writer, body s2s.Body) {
	b := body.(s2s.ServerIntroduced)
	w.word(b.Server)
	w.number(int64(b.Hops))
	w.word(string(b.SID))
	if w.codec.dialect != Hybrid && b.Flags == "" {
		w.text(description(b))
		return
	}
	w.word("+" + either(b.Hidden, "h", "") + b.Flags)
	w.text(b.Description)
}

func description(b s2s.ServerIntroduced) string {
	return either(b.Hidden, hiddenMark, "") + b.Description
}

// decodeSquit names the server that leaves, or none for the peer itself (m_squit.c:ms_squit).
func decodeSquit(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.ServerGone{Server: r.args.Ref(0), Reason: r.args.At(1)}, nil
}

func encodeSquit(w *writer, body s2s.Body) {
	b := body.(s2s.ServerGone)
	if b.Server == "" {
		return
	}
	w.id(b.Server)
	w.text(b.Reason)
}

func decodeEOB(*reader) (s2s.Body, *s2s.ParseError) { return s2s.EndOfBurst{}, nil }

func encodeNothing(*writer, s2s.Body) {}

func decodePing(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.Ping{Origin: r.args.At(0), Target: r.args.At(1)}, nil
}

func decodePong(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.Pong{Origin: r.args.At(0), Target: r.args.At(1)}, nil
}

func encodePing(w *writer, body s2s.Body) {
	switch b := body.(type) {
	case s2s.Ping:
		w.pair(b.Origin, b.Target)
	case s2s.Pong:
		w.pair(b.Origin, b.Target)
	}
}

// pair writes "origin :target", or ":origin" alone.
func (w *writer) pair(origin, target string) {
	if target == "" {
		w.text(origin)
		return
	}
	w.word(origin)
	w.text(target)
}

func decodeError(r *reader) (s2s.Body, *s2s.ParseError) { return s2s.Closing{Text: r.args.At(0)}, nil }

func encodeError(w *writer, b s2s.Body) { w.text(b.(s2s.Closing).Text) }

// decodeGCAP lists the capabilities of a server further away (m_capab.c:me_gcap).
func decodeGCAP(r *reader) (s2s.Body, *s2s.ParseError) {
	words := strings.Fields(r.args.At(0))
	facts := make([]s2s.Fact, len(words))
	for i, word := range words {
		facts[i].Key = word
	}
	return s2s.ServerInfo{Kind: "GCAP", Facts: facts}, nil
}

func encodeGCAP(w *writer, b s2s.Body) {
	var words []string
	for _, f := range b.(s2s.ServerInfo).Facts {
		words = append(words, f.Key)
	}
	w.text(strings.Join(words, " "))
}

// decodeNumeric is a reply. Only servers send them (parse.c:do_numeric).
func decodeNumeric(r *reader) (s2s.Body, *s2s.ParseError) {
	code, _ := strconv.Atoi(r.msg.Command)
	return s2s.Numeric{Code: code, Target: r.args.Ref(0), Params: r.args.From(1)}, nil
}

func encodeNumeric(w *writer, body s2s.Body) {
	b := body.(s2s.Numeric)
	w.id(b.Target)
	w.args(b.Params, true)
}

func numericName(b s2s.Body) string {
	code := strconv.Itoa(b.(s2s.Numeric).Code)
	return strings.Repeat("0", max(0, 3-len(code))) + code
}
