package unreal

import (
	"strings"

	"robustirc/s2s"
)

// banKinds are the types of TKL that travel (tkl.c:tkl_types, TKL_GLOBAL), and those that do not but are accepted.
var banKinds = map[string]string{"G": "gline", "Z": "gzline", "s": "shun", "Q": "qline", "F": "spamfilter", "E": "exempt",
	"k": "kline", "z": "zline", "q": "local-qline", "f": "local-spamfilter", "e": "local-exempt"}

// banLetters is banKinds the other way round.
var banLetters = func() map[string]string {
	m := map[string]string{}
	for letter, kind := range banKinds { // order does not matter: a map is made
		m[kind] = letter
	}
	return m
}()

// tklExtra are the parameters that some types have between the times and the last parameter, after the user and host,
// which have another meaning for spamfilters.
var tklExtra = map[string][]string{"exempt": {"ban_types"}, "local-exempt": {"ban_types"},
	"spamfilter": {"duration", "reason", "match_type"}, "local-spamfilter": {"duration", "reason", "match_type"}}

// readTKL reads "+ type user host set_by expires set_at [extra] :reason" and "- type user host set_by [as with +]"
// (tkl.c:_cmd_tkl, tkl_sync_send_entry). A type that is not known is ignored by servers.
func readTKL(r *reader) (s2s.Body, *s2s.ParseError) {
	kind, ok := banKinds[r.args.At(1)]
	if !ok {
		return s2s.Housekeeping{Command: "TKL", Params: r.args.From(0)}, nil
	}
	b := s2s.NetworkBan{Kind: kind, Remove: r.args.At(0) == "-", User: r.args.At(2), Host: r.args.At(3), SetBy: r.args.At(4)}
	isFilter := strings.HasSuffix(kind, "spamfilter")
	if b.Remove && len(r.args) < 8 && !isFilter {
		return b, nil
	}
	extra := tklExtra[kind]
	if want := 8 + len(extra); len(r.args) < want {
		return nil, r.tooFew(want)
	}
	var err *s2s.ParseError
	if b.Expires, err = r.args.Number(5); err != nil {
		return nil, err
	}
	if b.SetAt, err = r.args.Number(6); err != nil {
		return nil, err
	}
	b.Reason = r.args.At(7 + len(extra))
	for i, key := range extra {
		b.Extra = append(b.Extra, s2s.Fact{Key: key, Value: r.args.At(7 + i)})
	}
	if isFilter {
		b = spamfilter(b)
	}
	return b, nil
}

// spamfilter puts what was read by place into the right fields: instead of user and host it has targets and an action,
// the reason has no spaces, and the last parameter is the text that is looked for.
func spamfilter(b s2s.NetworkBan) s2s.NetworkBan {
	extra := []s2s.Fact{{Key: "targets", Value: b.User}, {Key: "action", Value: b.Host}, b.Extra[0], b.Extra[2]}
	b.User, b.Host, b.Reason, b.Extra = "", b.Reason, decodeSpaces(b.Extra[1].Value), extra
	return b
}

// decodeSpaces undoes what keeps a reason one word (misc.c:unreal_decodespace).
func decodeSpaces(s string) string {
	if strings.IndexByte(s, '_') < 0 {
		return s
	}
	return strings.NewReplacer("__", "_", "_", " ").Replace(s)
}

// encodeSpaces undoes decodeSpaces (misc.c:unreal_encodespace).
func encodeSpaces(s string) string { return strings.NewReplacer("_", "__", " ", "_").Replace(s) }

func chooseBan(b s2s.NetworkBan) string {
	switch {
	case b.Kind == "nline":
		return "SVSNLINE"
	case b.Kind == "rmtkl":
		return "RMTKL"
	case b.Kind == "qline" && b.SetBy == "":
		return either(b.Remove, "UNSQLINE", "SQLINE")
	}
	return "TKL"
}

func writeTKL(w *writer, b s2s.NetworkBan) {
	letter, ok := banLetters[b.Kind]
	if !ok || b.Duration != 0 || b.Lifetime != 0 || b.OperReason != "" {
		w.fail("a ban of the kind %q, or its duration, lifetime or operators' reason, cannot be said", b.Kind)
		return
	}
	w.word(either(b.Remove, "-", "+"), letter)
	if strings.HasSuffix(b.Kind, "spamfilter") {
		w.spamfilter(b)
		return
	}
	w.orStar(b.User)
	w.word(b.Host, b.SetBy)
	if b.Remove && b.SetAt == 0 && b.Expires == 0 && b.Reason == "" {
		return
	}
	w.number(b.Expires, b.SetAt)
	for _, key := range tklExtra[b.Kind] {
		w.word(extra(b, key))
	}
	w.text(b.Reason)
}

func (w *writer) spamfilter(b s2s.NetworkBan) {
	w.word(extra(b, "targets"), extra(b, "action"), b.SetBy)
	w.number(b.Expires, b.SetAt)
	w.word(extra(b, "duration"), encodeSpaces(b.Reason), extra(b, "match_type"))
	w.text(b.Host)
}

func extra(b s2s.NetworkBan, key string) string { return fact(s2s.ServerInfo{Facts: b.Extra}, key) }

// readSQLINE reads a reserved nick as services say it; others hear of it as TKL Q (sqline.c:cmd_sqline).
func readSQLINE(r *reader) (s2s.Body, *s2s.ParseError) {
	remove := upper(r.msg.Command) == "UNSQLINE"
	return s2s.NetworkBan{Kind: "qline", Remove: remove, Host: r.args.At(0), Reason: r.args.At(1)}, nil
}

func writeSQLINE(w *writer, b s2s.NetworkBan) {
	w.word(b.Host)
	w.optional(b.Reason)
}

// readSVSNLINE reads a ban of realnames, "+ reason :mask", "- mask", and "*" for all of them (svsnline.c:cmd_svsnline).
func readSVSNLINE(r *reader) (s2s.Body, *s2s.ParseError) {
	b := s2s.NetworkBan{Kind: "nline", Remove: true, Host: r.args.Last()}
	switch {
	case strings.HasPrefix(r.args.At(0), "*"):
		b.Host, b.Extra = "*", []s2s.Fact{{Key: "all"}}
	case strings.HasPrefix(r.args.At(0), "+"):
		if len(r.args) < 3 {
			return nil, r.tooFew(3)
		}
		b.Remove, b.Host, b.Reason = false, r.args.At(2), strings.ReplaceAll(r.args.At(1), "_", " ")
	case len(r.args) < 2:
		return nil, r.tooFew(2)
	}
	return b, nil
}

func writeSVSNLINE(w *writer, b s2s.NetworkBan) {
	switch {
	case len(b.Extra) > 0:
		w.word("*")
	case b.Remove:
		w.word("-")
		w.args([]string{b.Host}, false)
	default:
		w.word("+", strings.ReplaceAll(b.Reason, " ", "_"))
		w.text(b.Host)
	}
}

// readRMTKL reads an operator's removal of all bans of some types that match: "types mask [options]". That is how
// servers pass it on, though they read types and mask the other way round (rmtkl.c:rmtkl).
func readRMTKL(r *reader) (s2s.Body, *s2s.ParseError) {
	b := s2s.NetworkBan{Kind: "rmtkl", Remove: true, Host: r.args.At(1), Extra: []s2s.Fact{{Key: "types", Value: r.args.At(0)}}}
	for _, option := range r.args[2:] {
		b.Extra = append(b.Extra, s2s.Fact{Key: "option", Value: option})
	}
	return b, nil
}

func writeRMTKL(w *writer, b s2s.NetworkBan) {
	w.word(extra(b, "types"), b.Host)
	for _, f := range b.Extra {
		if f.Key == "option" {
			w.word(f.Value)
		}
	}
}

// readMD reads "kind target key [:value]"; a globalvar has no target (md.c:_broadcast_md_globalvar_cmd). Without value
// it is removed.
func readMD(r *reader) (s2s.Body, *s2s.ParseError) {
	b := s2s.Metadata{Kind: r.args.At(0)}
	args := r.args[1:]
	if b.Kind != "globalvar" {
		b.Target, args = args[0], args[1:]
	}
	if len(args) == 0 {
		return nil, r.tooFew(3)
	}
	b.Key, b.Unset = args[0], len(args) < 2
	if !b.Unset {
		b.Value = args[1]
	}
	return b, nil
}

func writeMD(w *writer, b s2s.Metadata) {
	w.word(b.Kind)
	if b.Kind != "globalvar" {
		w.word(b.Target)
	}
	w.word(b.Key)
	if !b.Unset {
		w.text(b.Value)
	}
}
