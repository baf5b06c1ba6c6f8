package unreal

import (
	"strings"

	"robustirc/s2s"
)

// forceCommands are the commands of the actions that have a name of their own; the others are named like the command.
var forceCommands = map[string]string{"nick": "SVSNICK", "join": "SVSJOIN", "part": "SVSPART"}

func chooseForce(b s2s.Force) string {
	if name, ok := forceCommands[b.Action]; ok {
		return name
	}
	return strings.ToUpper(b.Action)
}

// readForceNick reads "uid nick ts" (svsnick.c:cmd_svsnick).
func readForceNick(r *reader) (s2s.Body, *s2s.ParseError) {
	b := s2s.Force{Action: "nick", User: r.args.Ref(0), Params: []string{r.args.At(1)}}
	if len(r.args) > 2 {
		ts, err := r.args.Number(2)
		if err != nil {
			return nil, err
		}
		b.TS = ts
	}
	return b, nil
}

func writeForceNick(w *writer, b s2s.Force) {
	w.refuseIfTS(b.IfTS)
	w.id(b.User)
	if len(b.Params) != 1 {
		w.fail("one nick is needed")
	}
	w.word(b.Params...)
	w.number(b.TS)
}

// readForceAs reads the commands whose first parameter is the user that has to do something.
func readForceAs(action string) func(*reader) (s2s.Body, *s2s.ParseError) {
	return func(r *reader) (s2s.Body, *s2s.ParseError) {
		return s2s.Force{Action: action, User: r.args.Ref(0), Params: r.args.From(1)}, nil
	}
}

func writeForce(w *writer, b s2s.Force) {
	w.refuseIfTS(b.IfTS)
	w.id(b.User)
	w.args(b.Params, false)
}

// writeForceText is for commands whose last parameter is free text.
func writeForceText(w *writer, b s2s.Force) {
	w.refuseIfTS(b.IfTS)
	w.id(b.User)
	w.args(b.Params, true)
}

// writeForcePart has a colon before the reason only.
func writeForcePart(w *writer, b s2s.Force) {
	w.refuseIfTS(b.IfTS)
	w.id(b.User)
	w.args(b.Params, len(b.Params) > 1)
}

// readForceNoLag reads "+ user" and "- user".
func readForceNoLag(r *reader) (s2s.Body, *s2s.ParseError) {
	return s2s.Force{Action: strings.ToLower(r.msg.Command), User: r.args.Ref(1), Params: []string{r.args.At(0)}}, nil
}

func writeForceNoLag(w *writer, b s2s.Force) {
	w.refuseIfTS(b.IfTS)
	w.word(b.Params...)
	w.id(b.User)
}

// readTempShun reads "+uid :reason" and "-uid :reason" (tkl.c:cmd_tempshun).
func readTempShun(r *reader) (s2s.Body, *s2s.ParseError) {
	sign, name := "+", r.args.At(0)
	if rest, ok := strings.CutPrefix(name, "-"); ok {
		sign, name = "-", rest
	}
	return s2s.Force{Action: "tempshun", User: s2s.Ref(strings.TrimPrefix(name, "+")), Params: []string{sign, r.args.At(1)}}, nil
}

func writeTempShun(w *writer, b s2s.Force) {
	w.refuseIfTS(b.IfTS)
	if len(b.Params) != 2 || b.User == "" {
		w.fail("a user, a sign and a reason are needed")
		return
	}
	w.word(b.Params[0] + string(b.User))
	w.text(b.Params[1])
}

// readSVSMODE reads services' changes of a user's modes and account, or their command to take a status or the entries
// of a list from a channel (svsmode.c:do_svsmode, channel_svsmode). With an account, +d sets it and is no mode.
func readSVSMODE(r *reader) (s2s.Body, *s2s.ParseError) {
	if isChannel(r.args.At(0)) {
		return s2s.ChannelModes{Channel: r.args.At(0), Modes: r.args.At(1), Params: r.args.From(2), Service: true}, nil
	}
	b := s2s.UserModes{User: r.args.Ref(0), Modes: r.args.At(1), Shown: upper(r.msg.Command) == "SVS2MODE"}
	if len(r.args) > 2 && strings.IndexByte(b.Modes, 'd') >= 0 {
		a := account(r.args.At(2))
		b.Account, b.Modes = &a, withoutD(b.Modes)
	}
	return b, nil
}

// withoutD takes the letter that set the account from modes, and signs that have no letter then.
func withoutD(modes string) string {
	out := make([]byte, 0, len(modes))
	for i := range len(modes) {
		switch c := modes[i]; {
		case c == 'd':
		case c == '+' || c == '-':
			if n := len(out); n > 0 && (out[n-1] == '+' || out[n-1] == '-') {
				out = out[:n-1]
			}
			out = append(out, c)
		default:
			out = append(out, c)
		}
	}
	return strings.TrimRight(string(out), "+-")
}

func chooseUserModes(e s2s.Event, b s2s.UserModes) string {
	switch {
	case b.Shown:
		return "SVS2MODE"
	case b.Account != nil || b.User != e.Source || s2s.SourceKind(string(e.Source)) != user:
		return "SVSMODE"
	}
	return "UMODE2"
}

func writeSVSMODE(w *writer, b s2s.Body) bool {
	switch b := b.(type) {
	case s2s.ChannelModes:
		w.word(b.Channel, b.Modes)
		w.word(b.Params...)
	case s2s.UserModes:
		w.userModes(b)
	default:
		return false
	}
	w.end()
	return true
}

func (w *writer) userModes(b s2s.UserModes) {
	w.refuseIfTS(b.IfTS)
	w.id(b.User)
	if b.Account == nil {
		w.word(b.Modes)
		return
	}
	w.word(either(b.Modes == "", "+", b.Modes)+"d", accountOrZero(*b.Account))
}

// readSVSLOGIN reads "mask uid account". All servers act on it, whatever the mask (svslogin.c:cmd_svslogin), and the
// user may not be introduced yet.
func readSVSLOGIN(r *reader) (s2s.Body, *s2s.ParseError) {
	a := account(r.args.At(2))
	return s2s.UserChanged{User: r.args.Ref(1), Account: &a}, nil
}

func writeSVSLOGIN(w *writer, b s2s.UserChanged) {
	w.word("*")
	w.id(b.User)
	w.word(accountOrZero(value(b)))
}

// readSASL reads "server uid step data". From is the client whichever way the step goes, To the server that is meant.
// What a client and a mechanism say (C) is not kept.
func readSASL(r *reader) (s2s.Body, *s2s.ParseError) {
	b := s2s.SASL{From: r.args.Ref(1), To: r.args.Ref(0), Step: r.args.At(2)}
	if b.Step != "C" {
		b.Params = r.args.From(3)
	}
	return b, nil
}

func writeSASL(w *writer, b s2s.SASL) {
	if len(b.Params) == 0 {
		w.fail("the data of step %q is not there", b.Step)
		return
	}
	w.id(b.To)
	w.id(b.From)
	w.word(b.Step)
	w.args(b.Params, false)
}
