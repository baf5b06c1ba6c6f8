package ts6

import (
	"strings"

	"robustirc/s2s"
)

// statusSigns begin a target that is those members of a channel who have a status; "=" is the members whom +z shows
// what was refused (m_message.c: "PRIVMSG =#c", with EOPMOD).
const statusSigns = rankSigns + "="

// decodeMessage is PRIVMSG, NOTICE and TAGMSG. Servers may only send notices; a hub passes on nothing else, and so
// neither is refused here.
func decodeMessage(r *reader) (s2s.Body, *s2s.ParseError) {
	b := messageTo(r.args.At(0))
	b.Kind, b.Text = s2s.MessageKind(r.cmd.name), r.args.At(1)
	return b, nil
}

func messageTo(target string) s2s.Message {
	b := s2s.Message{TargetKind: s2s.TargetUser, Target: target}
	switch {
	case isChannel(target):
		b.TargetKind = s2s.TargetChannel
	case target == "*":
		b.TargetKind = s2s.TargetEverybody
	case strings.HasPrefix(target, "$#"):
		b.TargetKind, b.Target = s2s.TargetHostMask, target[2:]
	case strings.HasPrefix(target, "$"):
		b.TargetKind, b.Target = s2s.TargetServerMask, strings.TrimPrefix(target[1:], "$")
	default:
		if rest := strings.TrimLeft(target, statusSigns); isChannel(rest) {
			b.TargetKind, b.Target, b.Status = s2s.TargetStatus, rest, target[:len(target)-len(rest)]
		}
	}
	return b
}

func encodeMessage(w *writer, body s2s.Body) {
	b := body.(s2s.Message)
	w.word(targetWord(b))
	if b.Kind != s2s.TagMsg {
		w.text(b.Text)
	}
}

func targetWord(b s2s.Message) string {
	switch b.TargetKind {
	case s2s.TargetServerMask:
		return "$$" + b.Target
	case s2s.TargetHostMask:
		return "$#" + b.Target
	case s2s.TargetStatus:
		return b.Status + b.Target
	}
	return b.Target
}

// echoes are the letters of ECHO (m_message.c:m_echo).
var echoes = map[string]s2s.MessageKind{"P": s2s.Privmsg, "N": s2s.Notice}

// decodeEcho is "P|N target :text": what the server of a message's recipient tells its sender who asked for echoes.
func decodeEcho(r *reader) (s2s.Body, *s2s.ParseError) {
	kind, ok := echoes[r.args.At(0)]
	if !ok {
		return nil, s2s.Malformed("an echo of neither P nor N")
	}
	b := messageTo(r.args.At(1))
	b.Kind, b.Echoes, b.Text = s2s.Echo, kind, r.args.At(2)
	return b, nil
}

func encodeEcho(w *writer, body s2s.Body) {
	b := body.(s2s.Message)
	w.word(either(b.Echoes == s2s.Notice, "N", "P"), targetWord(b))
	w.text(b.Text)
}

// ---- to operators

// decodeOperMessage has the text last, and before it who is meant: the letter of SNOTE, the command of OPERSPY.
func decodeOperMessage(r *reader) (s2s.Body, *s2s.ParseError) {
	n := len(r.args) - 1
	return s2s.OperMessage{Kind: r.cmd.name, Audience: strings.Join(r.args[:n], " "), Text: r.args[n]}, nil
}

func encodeOperMessage(w *writer, body s2s.Body) {
	b := body.(s2s.OperMessage)
	if b.Audience != "" {
		w.word(strings.Split(b.Audience, " ")...)
	}
	w.text(b.Text)
}

// decodeLocops is hybrid's "servers :text" (hyb:m_locops.c:ms_locops).
func decodeLocops(r *reader) (s2s.Body, *s2s.ParseError) {
	r.setMask(r.args.At(0))
	return s2s.OperMessage{Kind: "LOCOPS", Text: r.args.At(1)}, nil
}

func encodeLocops(w *writer, body s2s.Body) {
	w.word(w.mask())
	w.text(body.(s2s.OperMessage).Text)
}
