package unreal

import (
	"strconv"
	"strings"

	"robustirc/core/irc"
	"robustirc/s2s"
)

// readJoin reads a join without timestamp, which servers accept but version 6 never sends; and JOIN 0.
func readJoin(r *reader) (s2s.Body, *s2s.ParseError) {
	switch channel := r.args.At(0); {
	case channel == "0":
		return s2s.PartAll{}, nil
	case !isChannel(channel) || strings.IndexByte(channel, ',') >= 0:
		return nil, s2s.Malformed("not one channel")
	default:
		return s2s.Join{Channel: channel}, nil
	}
}

func writeJoin(w *writer, b s2s.Body) bool {
	switch b := b.(type) {
	case s2s.PartAll:
		w.word("0")
	case s2s.Join:
		if b.HasTS {
			w.fail("JOIN has no timestamp; SJOIN has")
		}
		w.word(b.Channel)
	default:
		return false
	}
	w.end()
	return true
}

func readPart(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.Part{Channels: strings.Split(r.args.At(0), ","), Reason: r.args.At(1)}, nil
}

func writePart(w *writer, b s2s.Part) {
	w.word(strings.Join(b.Channels, ","))
	w.optional(b.Reason)
}

func readKick(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.Kick{Channel: r.args.At(0), User: r.args.Ref(1), Reason: r.args.At(2)}, nil
}

func writeKick(w *writer, b s2s.Kick) {
	w.word(b.Channel)
	w.id(b.User)
	w.text(b.Reason)
}

// readMode reads a change of channel modes, or of a user's own modes (mode.c:cmd_mode).
func readMode(r *reader) (s2s.Body, *s2s.ParseError) {
	if !isChannel(r.args.At(0)) {
		b := s2s.UserModes{User: r.args.Ref(0), Modes: r.args.At(1)}
		if s2s.SourceKind(r.msg.Source) == user {
			b.User = r.source() // a user may change its own modes only (user.c:cmd_umode)
		}
		return b, nil
	}
	args := r.args[1:]
	b := s2s.ChannelModes{Channel: r.args.At(0), Modes: strings.TrimLeft(args[0], "&")} // '&' was a bounced change, up to 5
	if s2s.SourceKind(r.msg.Source) != user {
		args, b.TS = cutTS(args)
		b.HasTS = b.TS != 0
	}
	b.Params = namedBans(args[1:])
	return b, nil
}

// cutTS takes the timestamp from the end of a server's mode change. 0 is none, as is one that is no number.
func cutTS(args []string) ([]string, int64) {
	last := len(args) - 1
	if last < 1 {
		return args, 0
	}
	ts, err := strconv.ParseInt(args[last], 10, 64)
	if err != nil {
		return args, 0
	}
	return args[:last], ts
}

// maxModeParams is how many parameters a MODE line may have (include/config.h:MAXMODEPARAMS).
const maxModeParams = 12

func writeMode(w *writer, b s2s.ChannelModes) {
	for i, args := range w.splitModes(b) {
		if i > 0 {
			w.end()
		}
		w.word(b.Channel)
		w.word(args...)
		if s2s.SourceKind(string(w.event.Source)) != user {
			w.modeTS(b)
		}
	}
}

// modeTS ends a server's change: without a timestamp its last parameter may be taken for one, so there is always one.
func (w *writer) modeTS(b s2s.ChannelModes) {
	ts := b.TS
	if !b.HasTS {
		ts = 0
	}
	w.number(ts)
}

// splitModes makes as many mode changes of one as the receiver takes, if it can.
func (w *writer) splitModes(b s2s.ChannelModes) [][]string {
	args := append([]string{b.Modes}, w.bansForPeer(b.Params)...)
	if len(b.Params) <= maxModeParams && w.modesFit(b.Channel, args) {
		return [][]string{args}
	}
	if w.features.ChanModes == nil {
		w.fail("%d parameters are too many, and the peer's CHANMODES are not known", len(b.Params))
		return nil
	}
	changes, errs := irc.ParseModes(*w.features.ChanModes, args)
	if len(errs) > 0 {
		w.fail("more modes than a line takes: %w", errs[0])
		return nil
	}
	var lines [][]string
	for _, line := range irc.FormatModes(changes, maxModeParams, w.modeRoom(b.Channel)) {
		lines = append(lines, strings.Fields(line))
	}
	return lines
}

func (w *writer) modesFit(channel string, args []string) bool {
	return len(strings.Join(args, " ")) <= w.modeRoom(channel)
}

// modeRoom is how many bytes the modes and their parameters may have.
func (w *writer) modeRoom(channel string) int {
	n := w.room() - len(channel)
	if s2s.SourceKind(string(w.event.Source)) != user {
		n -= len(" 9223372036854775807")
	}
	return n
}

// readTopic reads "channel setter ts :text" and the short "channel :text". That of a server replaces an older one only,
// that of a user any (topic.c:cmd_topic).
func readTopic(r *reader) (s2s.Body, *s2s.ParseError) {
	b := s2s.Topic{Channel: r.args.At(0), Text: r.args.At(1), Rule: s2s.TopicNewer}
	if s2s.SourceKind(r.msg.Source) == user {
		b.Rule = s2s.TopicAlways
	}
	if len(r.args) < 4 {
		return b, nil
	}
	at, err := r.args.Number(2)
	if err != nil {
		return nil, err
	}
	b.Setter, b.SetAt, b.Text = r.args.At(1), at, r.args.At(3)
	return b, nil
}

func writeTopic(w *writer, b s2s.Topic) {
	if b.Rule != s2s.TopicNewer && b.Rule != s2s.TopicAlways {
		w.fail("a topic by the rule %q cannot be said", b.Rule)
	}
	w.word(b.Channel)
	if b.Setter != "" || b.SetAt != 0 {
		w.orStar(b.Setter)
		w.number(b.SetAt)
	}
	w.text(b.Text)
}

// readMLOCK reads "ts channel :letters"; without letters the lock is off.
func readMLOCK(r *reader) (s2s.Body, *s2s.ParseError) {
	ts, err := r.args.Number(0)
	if err != nil {
		return nil, err
	}
	return s2s.ModeLock{Channel: r.args.At(1), TS: ts, Letters: r.args.At(2)}, nil
}

func writeMLOCK(w *writer, b s2s.ModeLock) {
	if !w.features.Locks {
		w.fail("the peer did not negotiate MLOCK")
	}
	w.number(b.TS)
	w.word(b.Channel)
	w.text(b.Letters)
}

// readInvite reads "uid channel override" (invite.c:cmd_invite).
func readInvite(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.Invite{User: r.args.Ref(0), Channel: r.args.At(1), Override: r.args.At(2) != "" && r.args.At(2) != "0"}, nil
}

func writeInvite(w *writer, b s2s.Invite) {
	if b.Notice {
		w.fail("news of an invitation cannot be said")
	}
	w.id(b.User)
	w.word(b.Channel, either(b.Override, "1", "0"))
}

func readKnock(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.Knock{Channel: r.args.At(0), Reason: r.args.At(1)}, nil
}

func writeKnock(w *writer, b s2s.Knock) {
	w.word(b.Channel)
	w.text(b.Reason)
}
