package unreal

import (
	"strconv"
	"strings"

	"robustirc/s2s"
)

// The prefixes of SJOIN are not those of NAMES: '*' is an owner, '~' an admin, and '&' a ban (modules/chanmodes:
// creq.sjoin_prefix). They are part of the protocol; no token announces them.
const (
	statusPrefixes = "*~@%+"
	statusLetters  = "qaohv" // highest first
	listPrefixes   = `&"'`
	listLetters    = "beI"
)

// readSJOIN reads "ts channel [modes [params]] :items" (sjoin.c:cmd_sjoin).
func readSJOIN(r *reader) (s2s.Body, *s2s.ParseError) {
	ts, err := r.args.Number(0)
	if err != nil {
		return nil, err
	}
	if !isChannel(r.args.At(1)) {
		return nil, s2s.Malformed("no channel")
	}
	b := s2s.ChannelBurst{Channel: r.args.At(1), TS: ts}
	if last := len(r.args) - 1; last > 2 {
		b.HasModes, b.Modes = true, r.args.At(2)
		b.Params = append(b.Params, r.args[3:last]...)
	}
	return readItems(b, r.args.Last())
}

func readItems(b s2s.ChannelBurst, items string) (s2s.Body, *s2s.ParseError) {
	for items != "" {
		var item string
		item, items, _ = strings.Cut(items, " ")
		if item == "" {
			continue // the lists of UnrealIRCd end with a space
		}
		if item[0] != '<' && strings.IndexByte(listPrefixes, item[0]) < 0 {
			if b.Members == nil {
				b.Members = make([]s2s.Member, 0, 1+len(items)/len("001AAAAAA "))
			}
			if m := readMember(item); m.User != "" { // prefixes of nobody are passed over (sjoin.c)
				b.Members = append(b.Members, m)
			}
			continue
		}
		entry, err := readEntry(item)
		if err != nil {
			return nil, err
		}
		b.Lists = append(b.Lists, entry)
	}
	return b, nil
}

// readMember reads prefixes and a user's id. Whether there is such a user is for the model to see: it may be gone.
func readMember(item string) s2s.Member {
	end := 0
	for end < len(item) && strings.IndexByte(statusPrefixes, item[end]) >= 0 {
		end++
	}
	return s2s.Member{User: s2s.UID(item[end:]), Status: statusOf(item[:end])}
}

// statusOf makes letters of prefixes, the highest first.
func statusOf(prefixes string) string {
	if len(prefixes) <= 1 {
		return letterOf(prefixes)
	}
	status := ""
	for i := range len(statusPrefixes) {
		if strings.IndexByte(prefixes, statusPrefixes[i]) >= 0 {
			status += statusLetters[i : i+1]
		}
	}
	return status
}

// letterOf is the letter of at most one prefix.
func letterOf(prefix string) string {
	if prefix == "" {
		return ""
	}
	i := strings.IndexByte(statusPrefixes, prefix[0])
	return statusLetters[i : i+1]
}

// readEntry reads "[<set_at,set_by>]" and a prefix and mask.
func readEntry(item string) (e s2s.ListEntry, err *s2s.ParseError) {
	if item[0] == '<' {
		info, rest, ok := strings.Cut(item[1:], ">")
		at, by, ok2 := strings.Cut(info, ",")
		n, bad := strconv.ParseInt(at, 10, 64)
		if !ok || !ok2 || bad != nil {
			return e, s2s.Malformed("list entry without time or setter")
		}
		e.SetAt, e.SetBy, item = n, by, rest
	}
	if len(item) < 2 {
		return e, s2s.Malformed("list entry without mask")
	}
	i := strings.IndexByte(listPrefixes, item[0])
	if i < 0 {
		return e, s2s.Malformed("list entry of no known list")
	}
	e.Letter, e.Mask = listLetters[i:i+1], namedBan(item[1:])
	return e, nil
}

// writeSJOIN writes the channel with its modes, and as many more lines as the lists need, without modes.
func writeSJOIN(w *writer, b s2s.ChannelBurst) {
	w.beginSJOIN(b)
	if b.HasModes {
		w.word(either(b.Modes == "", "+", b.Modes))
		w.word(b.Params...)
	}
	if w.room() < MaxLine/4 {
		w.fail("no room for members behind the modes")
		return
	}
	var items strings.Builder
	for item := range w.items(b) {
		if items.Len() > 0 && items.Len()+1+len(item) > w.room() {
			w.text(items.String())
			w.end()
			items.Reset()
			w.beginSJOIN(b)
		}
		if items.Len() > 0 {
			items.WriteByte(' ')
		} else if len(item) > w.room() {
			w.fail("%q is too long for a line", item)
		}
		items.WriteString(item)
	}
	w.text(items.String())
}

func (w *writer) beginSJOIN(b s2s.ChannelBurst) {
	w.number(b.TS)
	w.word(b.Channel)
}

// items yields members and list entries as SJOIN has them.
func (w *writer) items(b s2s.ChannelBurst) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, m := range b.Members {
			if !yield(w.member(m)) {
				return
			}
		}
		for _, e := range b.Lists {
			if !yield(w.entry(e)) {
				return
			}
		}
	}
}

func (w *writer) member(m s2s.Member) string {
	prefixes := ""
	for i := range len(statusLetters) {
		if strings.IndexByte(m.Status, statusLetters[i]) >= 0 {
			prefixes += statusPrefixes[i : i+1]
		}
	}
	if len(prefixes) != len(m.Status) {
		w.fail("SJOIN cannot say the status %q", m.Status)
	}
	if !isWord(string(m.User)) || readMember(string(m.User)).Status != "" {
		w.fail("%q is no user id", m.User)
	}
	return prefixes + string(m.User)
}

func (w *writer) entry(e s2s.ListEntry) string {
	i := strings.Index(listLetters, e.Letter)
	if len(e.Letter) != 1 || i < 0 {
		w.fail("SJOIN cannot say the list %q", e.Letter)
		return ""
	}
	item := listPrefixes[i:i+1] + w.banForPeer(e.Mask)
	if w.features.Setters && (e.SetAt != 0 || e.SetBy != "") {
		item = "<" + strconv.FormatInt(e.SetAt, 10) + "," + e.SetBy + ">" + item
	}
	if !isWord(item) || e.Mask == "" || strings.IndexByte(e.SetBy, '>') >= 0 {
		w.fail("list entry %q cannot be said", item)
	}
	return item
}
