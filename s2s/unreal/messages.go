package unreal

import (
	"strings"

	"robustirc/s2s"
)

func readMessage(r *reader) (s2s.Body, *s2s.ParseError) {
	return readTarget(r.args.At(0), s2s.Message{Kind: s2s.MessageKind(upper(r.msg.Command)), Text: r.args.At(1)})
}

func readTagMsg(r *reader) (s2s.Body, *s2s.ParseError) {
	return readTarget(r.args.At(0), s2s.Message{Kind: s2s.TagMsg})
}

// readTarget says what a message is to (message.c:cmd_message).
func readTarget(target string, b s2s.Message) (s2s.Body, *s2s.ParseError) {
	b.Target, b.TargetKind = target, s2s.TargetUser
	switch {
	case isChannel(target):
		b.TargetKind = s2s.TargetChannel
	case target == "*":
		b.TargetKind = s2s.TargetEverybody
	case target != "" && target[0] == '$':
		b.TargetKind, b.Target = s2s.TargetServerMask, target[1:]
	default:
		if at := strings.IndexByte(target, '#'); at > 0 && strings.Trim(target[:at], "~&@%+") == "" {
			b.TargetKind, b.Status, b.Target = s2s.TargetStatus, target[:at], target[at:]
		}
	}
	return b, nil
}

func writeMessage(w *writer, b s2s.Message) {
	w.target(b)
	w.text(b.Text)
}

func writeTagMsg(w *writer, b s2s.Message) { w.target(b) }

func (w *writer) target(b s2s.Message) {
	switch b.TargetKind {
	case s2s.TargetServerMask:
		w.word("$" + b.Target)
	case s2s.TargetHostMask:
		w.fail("a mask of hosts cannot be said")
	default:
		w.word(b.Status + b.Target)
	}
}

func readWallops(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.OperMessage{Kind: upper(r.msg.Command), Text: r.args.At(0)}, nil
}

func writeWallops(w *writer, b s2s.OperMessage) { w.text(b.Text) }

// readSendMode reads a message to the users with a mode or snomask. SMO is another name of SENDUMODE.
func readSendMode(r *reader) (s2s.Body, *s2s.ParseError) {
	kind := upper(r.msg.Command)
	return s2s.OperMessage{Kind: either(kind == "SMO", "SENDUMODE", kind), Audience: r.args.At(0), Text: r.args.Last()}, nil
}

func writeSendMode(w *writer, b s2s.OperMessage) {
	w.word(b.Audience)
	w.text(b.Text)
}

// readSLOG reads "level subsystem EVENT :text"; the first three are the audience, as operators choose by them.
func readSLOG(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.OperMessage{Kind: "SLOG", Audience: r.args.At(0) + " " + r.args.At(1) + " " + r.args.At(2), Text: r.args.At(3)}, nil
}

func writeSLOG(w *writer, b s2s.OperMessage) {
	w.word(strings.Split(b.Audience, " ")...)
	w.text(b.Text)
}

// replyKinds are the letters of SREPLY (sreply.c:cmd_sreply).
var replyKinds = map[string]string{"F": "FAIL", "W": "WARN", "N": "NOTE"}

func readSREPLY(r *reader) (s2s.Body, *s2s.ParseError) {
	kind, ok := replyKinds[r.args.At(1)]
	if !ok {
		return nil, s2s.Malformed("a reply is F, W or N")
	}
	return s2s.StandardReply{User: r.args.Ref(0), Kind: kind, Text: r.args.At(2)}, nil
}

func writeSREPLY(w *writer, b s2s.StandardReply) {
	w.id(b.User)
	if len(b.Kind) < 1 || replyKinds[b.Kind[:1]] != b.Kind {
		w.fail("%q is not FAIL, WARN or NOTE", b.Kind)
		return
	}
	w.word(b.Kind[:1])
	w.text(b.Text)
}
