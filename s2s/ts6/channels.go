package ts6

import (
	"slices"
	"strings"

	"robustirc/core/irc"
	"robustirc/s2s"
)

// noModes is the modes parameter of an SJOIN that does not change them (m_join.c:ms_sjoin).
const noModes = "0"

// decodeSjoin is "ts #channel modes [args…] :members" (m_join.c:ms_sjoin, hyb:m_sjoin.c). No members is legal: a
// permanent channel may be empty.
func decodeSjoin(r *reader) (s2s.Body, *s2s.ParseError) {
	if len(r.args) < 4 {
		return nil, r.tooFew(4)
	}
	ts, err := r.args.Number(0)
	if err != nil {
		return nil, err
	}
	b := s2s.ChannelBurst{Channel: r.args.At(1), TS: ts, HasModes: r.args.At(2) != noModes}
	last := len(r.args) - 1
	if b.HasModes {
		b.Modes = r.args.At(2)
	}
	if last > 3 {
		b.Params = slices.Clone(r.args[3:last])
	}
	if b.Members, err = members(r.args[last]); err != nil {
		return nil, err
	}
	return b, nil
}

func members(list string) ([]s2s.Member, *s2s.ParseError) {
	var all []s2s.Member
	for n := strings.Count(list, " ") + 1; list != ""; {
		var word string
		word, list, _ = strings.Cut(list, " ")
		if word == "" {
			continue
		}
		status, uid := cutStatus(word)
		if uid == "" {
			return nil, s2s.Malformed("a member without a name")
		}
		if all == nil {
			all = make([]s2s.Member, 0, n)
		}
		all = append(all, s2s.Member{User: s2s.UID(uid), Status: status})
	}
	return all, nil
}

// ranks are the status prefixes and their modes, highest first. Owner and admin are hybrid's, where they are configured.
const (
	rankSigns   = "~&@%+"
	rankLetters = "qaohv"
)

// cutStatus takes the prefixes off a member. The common ones need no memory.
func cutStatus(word string) (letters, uid string) {
	n := 0
	for n < len(word) && strings.IndexByte(rankSigns, word[n]) >= 0 {
		n++
	}
	switch signs := word[:n]; signs {
	case "":
		return "", word
	case "@":
		return "o", word[n:]
	case "+":
		return "v", word[n:]
	case "@+", "+@":
		return "ov", word[n:]
	default:
		return rankedLetters(signs), word[n:]
	}
}

func rankedLetters(signs string) string { return translate(signs, rankSigns, rankLetters) }

func rankedSigns(letters string) string { return translate(letters, rankLetters, rankSigns) }

// translate returns the bytes of to that stand where those of s stand in from, in the order of from.
func translate(s, from, to string) string {
	var b []byte
	for i := range len(from) {
		if strings.IndexByte(s, from[i]) >= 0 {
			b = append(b, to[i])
		}
	}
	return string(b)
}

// encodeSjoin repeats time and modes on every line that the members need, as servers burst; merging is idempotent.
func encodeSjoin(w *writer, body s2s.Body) {
	b := body.(s2s.ChannelBurst)
	if len(b.Lists) > 0 {
		w.fail("lists are burst on their own (ListBurst)")
	}
	head := func() {
		w.number(b.TS)
		w.word(b.Channel, either(b.HasModes, b.Modes, noModes))
		w.word(b.Params...)
	}
	words := make([]string, len(b.Members))
	for i, m := range b.Members {
		words[i] = rankedSigns(m.Status) + string(m.User)
	}
	w.list(head, words)
}

// list writes head and words, in as many lines as they need.
func (w *writer) list(head func(), words []string) {
	head()
	first := true
	for part := range irc.SplitWords(0, slices.Values(words), max(w.room(), 1)) {
		if !first {
			w.next()
			head()
		}
		first = false
		w.text(part)
	}
	if first {
		w.text("")
	}
}

// decodeJoin is "ts #channel +", or "0" for leaving all channels (m_join.c:ms_join).
func decodeJoin(r *reader) (s2s.Body, *s2s.ParseError) {
	if r.args.At(0) == "0" && len(r.args) == 1 {
		return s2s.PartAll{}, nil
	}
	if len(r.args) < 3 || r.args.At(1) == "" {
		return nil, r.tooFew(3)
	}
	ts, err := r.args.Number(0)
	return s2s.Join{Channel: r.args.At(1), TS: ts, HasTS: true}, err
}

func encodeJoin(w *writer, body s2s.Body) {
	b, ok := body.(s2s.Join)
	if !ok {
		w.word("0")
		return
	}
	if !b.HasTS {
		w.fail("a join needs the channel's time")
	}
	w.number(b.TS)
	w.word(b.Channel, "+")
}

func decodePart(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.Part{Channels: strings.Split(r.args.At(0), ","), Reason: r.args.At(1)}, nil
}

func encodePart(w *writer, body s2s.Body) {
	b := body.(s2s.Part)
	w.word(strings.Join(b.Channels, ","))
	if b.Reason != "" {
		w.text(b.Reason)
	}
}

// decodeKick also reads REMOVE, a kick that looks like a part, which goes to links without REMOVE as KICK
// (extensions/m_remove.c).
func decodeKick(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.Kick{Channel: r.args.At(0), User: r.args.Ref(1), Reason: r.args.At(2)}, nil
}

func encodeKick(w *writer, body s2s.Body) {
	b := body.(s2s.Kick)
	w.word(b.Channel)
	w.id(b.User)
	w.text(b.Reason)
}

func decodeTmode(r *reader) (s2s.Body, *s2s.ParseError) {
	ts, err := r.args.Number(0)
	return s2s.ChannelModes{Channel: r.args.At(1), TS: ts, HasTS: true, Modes: r.args.At(2), Params: r.args.From(3)}, err
}

func encodeTmode(w *writer, body s2s.Body) {
	b := body.(s2s.ChannelModes)
	w.number(b.TS)
	w.word(b.Channel, b.Modes)
	w.args(b.Params, false)
}

// decodeBmask is "ts #channel letter :masks" (m_mode.c:ms_bmask).
func decodeBmask(r *reader) (s2s.Body, *s2s.ParseError) { return r.listBurst(1) }

// decodeEbmask has "mask time setter" for each entry (m_mode.c:ms_ebmask).
func decodeEbmask(r *reader) (s2s.Body, *s2s.ParseError) { return r.listBurst(3) }

func (r *reader) listBurst(perEntry int) (s2s.Body, *s2s.ParseError) {
	ts, err := r.args.Number(0)
	if err != nil {
		return nil, err
	}
	words := strings.Fields(r.args.At(3))
	if len(r.args.At(2)) != 1 || len(words)%perEntry != 0 || strings.HasPrefix(r.args.At(3), ":") {
		return nil, s2s.Malformed("not a list of a mode")
	}
	b := s2s.ListBurst{Channel: r.args.At(1), TS: ts, Entries: make([]s2s.ListEntry, 0, len(words)/perEntry)}
	for entry := range slices.Chunk(words, perEntry) {
		e := s2s.ListEntry{Letter: r.args.At(2), Mask: entry[0]}
		if perEntry == 3 {
			e.SetBy = entry[2]
			if e.SetAt, err = parseTS(entry[1]); err != nil {
				return nil, err
			}
		}
		b.Entries = append(b.Entries, e)
	}
	return b, nil
}

func encodeBmask(w *writer, body s2s.Body) { encodeLists(w, body.(s2s.ListBurst), plainEntry) }

func encodeEbmask(w *writer, body s2s.Body) { encodeLists(w, body.(s2s.ListBurst), datedEntry) }

func plainEntry(e s2s.ListEntry) string { return e.Mask }

// datedEntry is three words, which stay on one line.
func datedEntry(e s2s.ListEntry) string {
	return e.Mask + " " + formatTS(e.SetAt) + " " + e.SetBy
}

// encodeLists writes a line, or several, for each run of entries of one mode.
func encodeLists(w *writer, b s2s.ListBurst, word func(s2s.ListEntry) string) {
	for i := 0; i < len(b.Entries); {
		if i > 0 {
			w.next()
		}
		letter := b.Entries[i].Letter
		var words []string
		for ; i < len(b.Entries) && b.Entries[i].Letter == letter; i++ {
			if e := b.Entries[i]; e.Mask == "" || e.Mask[0] == ':' || strings.Contains(e.Mask+e.SetBy, " ") {
				w.fail("%q cannot be an entry of a list", e.Mask)
			}
			words = append(words, word(b.Entries[i]))
		}
		w.list(func() {
			w.number(b.TS)
			w.word(b.Channel, letter)
		}, words)
	}
	if len(b.Entries) == 0 {
		w.fail("a list without entries")
	}
}

// allDated reports whether EBMASK can say when and by whom all entries were set.
func allDated(list []s2s.ListEntry) bool {
	for _, e := range list {
		if e.SetBy == "" {
			return false
		}
	}
	return true
}

// decodeMlock is "ts #channel :letters" or, in hybrid, "ts #channel lockts :letters" (hyb:m_mlock.c).
func decodeMlock(r *reader) (s2s.Body, *s2s.ParseError) {
	ts, err := r.args.Number(0)
	if err != nil {
		return nil, err
	}
	b := s2s.ModeLock{Channel: r.args.At(1), TS: ts, Letters: r.args.At(2)}
	if r.dialect == Hybrid && len(r.args) > 3 {
		b.Letters = r.args.At(3)
		b.LockTS, err = r.args.Number(2)
	}
	return b, err
}

func encodeMlock(w *writer, body s2s.Body) {
	b := body.(s2s.ModeLock)
	w.number(b.TS)
	w.word(b.Channel)
	if w.codec.dialect == Hybrid {
		w.number(b.LockTS)
	}
	w.text(b.Letters)
}

// ---- topics

// decodeTopic is a user's "#channel :text". A server's has setter and time, "#channel setter ts :text" (m_topic.c:
// ms_topic); with fewer parameters it is refused, but in hybrid, where it has two as well (hyb:m_topic.c:ms_topic).
func decodeTopic(r *reader) (s2s.Body, *s2s.ParseError) {
	b := s2s.Topic{Channel: r.args.At(0), Text: r.args.Last(), Rule: s2s.TopicAlways}
	fromServer := s2s.SourceKind(r.msg.Source)&servers != 0
	switch {
	case fromServer && len(r.args) >= 4:
		var err *s2s.ParseError
		b.Setter = r.args.At(1)
		b.SetAt, err = r.args.Number(2)
		b.Text = r.args.At(3)
		return b, err
	case fromServer && r.dialect != Hybrid:
		return nil, r.tooFew(4)
	case len(r.args) < 2:
		return nil, r.tooFew(2)
	}
	return b, nil
}

func encodeTopic(w *writer, body s2s.Body) {
	b := body.(s2s.Topic)
	w.word(b.Channel)
	if s2s.SourceKind(string(w.event.Source))&servers != 0 && (w.codec.dialect != Hybrid || b.Setter != "") {
		w.word(orNone(b.Setter))
		w.number(b.SetAt)
		if b.Text == "" {
			w.fail("a server cannot empty a topic")
		}
	}
	w.text(b.Text)
}

// decodeTB is a burst's "#channel topicts [setter] :text" (m_tb.c:ms_tb).
func decodeTB(r *reader) (s2s.Body, *s2s.ParseError) {
	at, err := r.args.Number(1)
	b := s2s.Topic{Channel: r.args.At(0), SetAt: at, Text: r.args.At(2), Rule: s2s.TopicOlder}
	if len(r.args) > 3 {
		b.Setter, b.Text = r.args.At(2), r.args.At(3)
	}
	return b, err
}

func encodeTB(w *writer, body s2s.Body) {
	b := body.(s2s.Topic)
	w.word(b.Channel)
	w.number(b.SetAt)
	if b.Setter != "" {
		w.word(b.Setter)
	}
	w.text(b.Text)
}

// decodeETB is "channelts #channel topicts setter :text" (m_tb.c:ms_etb, hyb:m_tburst.c:ms_tburst).
func decodeETB(r *reader) (s2s.Body, *s2s.ParseError) {
	if len(r.args) < 5 {
		return nil, r.tooFew(5)
	}
	ts, err := r.args.Number(0)
	if err != nil {
		return nil, err
	}
	at, err := r.args.Number(2)
	return s2s.Topic{Channel: r.args.At(1), TS: ts, SetAt: at, Setter: r.args.At(3), Text: r.args.Last(), Rule: s2s.TopicETB}, err
}

func encodeETB(w *writer, body s2s.Body) {
	b := body.(s2s.Topic)
	w.number(b.TS)
	w.word(b.Channel)
	w.number(b.SetAt)
	w.word(orNone(b.Setter))
	w.text(b.Text)
}

// topicCommand is what says a topic. To links without ETB servers say TB, which may lose (m_tb.c:ms_etb).
func (c *Codec) topicCommand(b s2s.Topic) string {
	switch {
	case b.Rule == s2s.TopicETB && c.dialect == Hybrid:
		return "TBURST"
	case b.Rule == s2s.TopicETB && c.Has("EOPMOD"):
		return "ETB"
	case b.Rule == s2s.TopicETB || b.Rule == s2s.TopicOlder:
		return "TB"
	}
	return "TOPIC"
}

// ---- invitations

func decodeInvite(r *reader) (s2s.Body, *s2s.ParseError) {
	b := s2s.Invite{User: r.args.Ref(0), Channel: r.args.At(1)}
	if len(r.args) < 3 {
		return b, nil
	}
	var err *s2s.ParseError
	b.TS, err = r.args.Number(2)
	return b, err
}

func encodeInvite(w *writer, body s2s.Body) {
	b := body.(s2s.Invite)
	w.id(b.User)
	w.word(b.Channel)
	if b.TS != 0 || w.codec.dialect == Hybrid { // hybrid needs it (hyb:m_invite.c:ms_invite)
		w.number(b.TS)
	}
}

// decodeInvited tells others, "inviter invitee #channel" (extensions/invite_notify.c:m_invited).
func decodeInvited(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.Invite{Inviter: r.args.Ref(0), User: r.args.Ref(1), Channel: r.args.At(2), Notice: true}, nil
}

func encodeInvited(w *writer, body s2s.Body) {
	b := body.(s2s.Invite)
	w.id(b.Inviter)
	w.id(b.User)
	w.word(b.Channel)
}

func decodeKnock(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.Knock{Channel: r.args.At(0), Reason: r.args.At(1)}, nil
}

func encodeKnock(w *writer, body s2s.Body) {
	b := body.(s2s.Knock)
	w.word(b.Channel)
	if b.Reason != "" { // which no server says or looks at
		w.text(b.Reason)
	}
}

func decodeResync(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.Resync{Channel: r.args.At(0)}, nil
}

func encodeResync(w *writer, body s2s.Body) { w.word(body.(s2s.Resync).Channel) }
