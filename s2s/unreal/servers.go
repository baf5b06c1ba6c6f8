package unreal

import (
	"slices"
	"strconv"
	"strings"

	"robustirc/s2s"
)

// secret stands for what is not kept.
const secret = "*"

func readPass(*reader) (s2s.Body, *s2s.ParseError) {
	return s2s.Handshake{Command: "PASS", Params: []string{secret}}, nil
}

func readHandshake(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.Handshake{Command: "STARTTLS", Params: r.args.From(0)}, nil
}

func writeHandshake(w *writer, b s2s.Handshake) { w.args(b.Params, b.Command == "PASS") }

// valued are the PROTOCTL tokens that have a value even when it is empty.
var valued = map[string]bool{"NICKCHARS": true, "CHANNELCHARS": true, "CHANMODES": true, "USERMODES": true,
	"PREFIX": true, "BOOTED": true, "SID": true, "TS": true, "EAUTH": true, "SERVERS": true}

func readProtoctl(r *reader) (s2s.Body, *s2s.ParseError) {
	facts := make([]s2s.Fact, len(r.args))
	for i, token := range r.args {
		facts[i].Key, facts[i].Value, _ = strings.Cut(token, "=")
	}
	return s2s.ServerInfo{Kind: "PROTOCTL", Facts: facts}, nil
}

// maxTokens is how many tokens a PROTOCTL line may have: before the link is up the receiver takes the fifteenth with the
// rest of the line as one (parse.c:parse2, MAXPARA_USER).
const maxTokens = 14

func writeProtoctl(w *writer, b s2s.ServerInfo) {
	for i, f := range b.Facts {
		token := f.Key
		if f.Value != "" || valued[f.Key] {
			token += "=" + f.Value
		}
		if i > 0 && (len(w.params) == maxTokens || len(token)+1 > w.room()) {
			w.end()
		}
		w.word(token)
	}
}

// readServer reads SERVER of the directly linked server, and that of old servers behind it, which have no SID.
func readServer(r *reader) (s2s.Body, *s2s.ParseError) {
	hops, err := r.args.Number(1)
	if err != nil {
		return nil, err
	}
	b := s2s.ServerIntroduced{Server: r.args.At(0), Hops: int(hops), Description: r.args.At(2)}
	if r.msg.Source == "" {
		b.Flags, b.SID, b.Description = splitVL(b.Description)
	}
	return b, nil
}

// splitVL takes "U6100-flags-SID description" apart (protoctl token VL; server.c:_send_server_message).
func splitVL(s string) (flags string, sid s2s.SID, description string) {
	word, rest, _ := strings.Cut(s, " ")
	at := strings.LastIndexByte(word, '-')
	if at < 1 || word[0] != 'U' || !s2s.ValidSID(word[at+1:]) {
		return "", "", s
	}
	return word[:at], s2s.SID(word[at+1:]), rest
}

func readSID(r *reader) (s2s.Body, *s2s.ParseError) {
	hops, err := r.args.Number(1)
	if err != nil {
		return nil, err
	}
	if !s2s.ValidSID(r.args.At(2)) {
		return nil, s2s.Malformed("no server id")
	}
	return s2s.ServerIntroduced{Server: r.args.At(0), Hops: int(hops), SID: s2s.SID(r.args.At(2)), Description: r.args.At(3)}, nil
}

func writeServer(w *writer, b s2s.ServerIntroduced) {
	w.word(b.Server)
	w.number(int64(b.Hops))
	if w.name == "SID" {
		w.word(string(b.SID))
	}
	text := b.Description
	if b.Flags != "" && w.name == "SERVER" {
		text = b.Flags + "-" + string(b.SID) + " " + text
	}
	w.text(text)
}

// sinfoKeys name the parameters of SINFO as PROTOCTL does. More may come before the last (sinfo.c:sinfo_server).
var sinfoKeys = []string{"BOOTED", "PROTOCOL", "USERMODES", "CHANMODES", "NICKCHARS"}

func readSINFO(r *reader) (s2s.Body, *s2s.ParseError) {
	facts := make([]s2s.Fact, len(r.args))
	for i, value := range r.args {
		key := "FUTURE"
		if i < len(sinfoKeys) {
			key = sinfoKeys[i]
		}
		facts[i] = s2s.Fact{Key: key, Value: orNothing(value)}
	}
	facts[len(facts)-1].Key = "SOFTWARE"
	return s2s.ServerInfo{Kind: "SINFO", Facts: facts}, nil
}

func writeSINFO(w *writer, b s2s.ServerInfo) {
	if len(b.Facts) <= len(sinfoKeys) {
		w.fail("%d facts are too few", len(b.Facts))
		return
	}
	last := len(b.Facts) - 1
	for _, f := range b.Facts[:last] {
		w.orStar(f.Value)
	}
	w.text(either(b.Facts[last].Value == "", "*", b.Facts[last].Value))
}

// orNothing is "" for the star that stands for what is not there.
func orNothing(s string) string {
	if s == "*" {
		return ""
	}
	return s
}

func readSDESC(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.ServerInfo{Kind: "SDESC", Facts: []s2s.Fact{{Key: "DESCRIPTION", Value: r.args.At(0)}}}, nil
}

func writeSDESC(w *writer, b s2s.ServerInfo) { w.text(fact(b, "DESCRIPTION")) }

// fact returns the value of a key, or "".
func fact(b s2s.ServerInfo, key string) string {
	i := slices.IndexFunc(b.Facts, func(f s2s.Fact) bool { return f.Key == key })
	if i < 0 {
		return ""
	}
	return b.Facts[i].Value
}

// netinfoKeys name the parameters of NETINFO; those between the fourth and the last are not used (netinfo.c:cmd_netinfo).
var netinfoKeys = []string{"MAXGLOBAL", "TS", "PROTOCOL", "CLOAKHASH"}

func readNETINFO(r *reader) (s2s.Body, *s2s.ParseError) {
	facts := make([]s2s.Fact, 0, len(netinfoKeys)+1)
	for i, key := range netinfoKeys {
		facts = append(facts, s2s.Fact{Key: key, Value: orNothing(r.args[i])})
	}
	return s2s.ServerInfo{Kind: "NETINFO", Facts: append(facts, s2s.Fact{Key: "NETWORK", Value: r.args.Last()})}, nil
}

func writeNETINFO(w *writer, b s2s.ServerInfo) {
	for _, key := range netinfoKeys {
		w.orStar(fact(b, key))
	}
	w.number(0, 0, 0)
	w.text(fact(b, "NETWORK"))
}

func readEOS(*reader) (s2s.Body, *s2s.ParseError) { return s2s.EndOfBurst{}, nil }

func writeEOS(*writer, s2s.EndOfBurst) {}

func readSQUIT(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.ServerGone{Server: r.args.Ref(0), Reason: r.args.At(1)}, nil
}

func writeSQUIT(w *writer, b s2s.ServerGone) {
	w.id(b.Server)
	w.text(b.Reason)
}

// readPing reads "PING origin [target]". Without a target it is for the directly linked server.
func readPing(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.Ping{Origin: r.args.At(0), Target: r.args.At(1)}, nil
}

func writePing(w *writer, b s2s.Ping) { w.pingOrPong(b.Origin, b.Target) }

func readPong(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.Pong{Origin: r.args.At(0), Target: r.args.At(1)}, nil
}

func writePong(w *writer, b s2s.Pong) { w.pingOrPong(b.Origin, b.Target) }

func (w *writer) pingOrPong(origin, target string) {
	if target == "" {
		w.text(origin)
		return
	}
	w.word(origin)
	w.text(target)
}

func readClosing(r *reader) (s2s.Body, *s2s.ParseError) { return s2s.Closing{Text: r.args.Last()}, nil }

func writeClosing(w *writer, b s2s.Closing) { w.text(b.Text) }

func readHousekeeping(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.Housekeeping{Command: upper(r.msg.Command), Params: r.args.From(0)}, nil
}

func writeHousekeeping(w *writer, b s2s.Housekeeping) { w.args(b.Params, false) }

// writeHousekeepingText is for commands whose last parameter is free text.
func writeHousekeepingText(w *writer, b s2s.Housekeeping) { w.args(b.Params, true) }

func readQuery(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.Query{Command: upper(r.msg.Command), Params: r.args.From(0)}, nil
}

func writeQuery(w *writer, b s2s.Query) { w.args(b.Params, false) }

// readNumeric reads the reply that one server has for a user or server elsewhere.
func readNumeric(r *reader) (s2s.Body, *s2s.ParseError) {
	code, err := strconv.Atoi(r.msg.Command)
	if err != nil {
		return nil, s2s.Malformed("no numeric")
	}
	return s2s.Numeric{Code: code, Target: r.args.Ref(0), Params: r.args.From(1)}, nil
}

func writeNumeric(w *writer, b s2s.Numeric) {
	if b.Code < 0 || b.Code > 999 {
		w.fail("%d is no numeric", b.Code)
	}
	w.id(b.Target)
	w.args(b.Params, true)
}
