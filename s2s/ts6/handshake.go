package ts6

import (
	"crypto/sha256"
	"strings"
	"time"

	"robustirc/core/irc"
	"robustirc/s2s"
)

// opened takes what the peer says before its SERVER. Notices may come at any time; hubs send some before they know what
// we are.
func (l *Link) opened(now time.Time, line string, e s2s.Event, step *s2s.Step) *s2s.LinkError {
	switch b := e.Body.(type) {
	case s2s.Handshake:
		return l.introduction(now, line, b, step)
	case s2s.Closing:
		return l.ended(b.Text)
	case s2s.ServerGone:
		return l.ended(b.Reason)
	case s2s.Numeric:
		return l.numericReply(b, step)
	case s2s.Ping:
		step.Replies = append(step.Replies, l.pong(e.Source, b))
		return nil
	case s2s.Message, s2s.OperMessage, s2s.Unknown:
		return nil
	}
	return l.refuse(step, l.protocolError("the peer said "+e.Body.Name()+" before it introduced itself"), "Protocol error")
}

// numericReply recognises hybrid by its refusal of a SERVER with three parameters, and a peer that takes us for a user.
func (l *Link) numericReply(b s2s.Numeric, step *s2s.Step) *s2s.LinkError {
	what := ""
	if len(b.Params) > 0 {
		what = b.Params[0]
	}
	if irc.Numeric(b.Code) == irc.ERR_NEEDMOREPARAMS && what == "SERVER" && !l.opt.Accept && !l.reopened {
		l.reopened = true
		step.Replies = append(step.Replies, l.serverLine(Hybrid))
		return nil
	}
	return l.protocolError("the peer answers as to a client: " + numericName(b) + " " + strings.Join(b.Params, " "))
}

// introduction takes PASS, CAPAB, SERVER and SVINFO.
func (l *Link) introduction(now time.Time, line string, b s2s.Handshake, step *s2s.Step) *s2s.LinkError {
	switch b.Command {
	case "PASS":
		l.pass(line, b.Params)
	case "CAPAB":
		return l.capab(b.Params, step)
	case "SERVER":
		return l.server(now, b.Params, step)
	default:
		return l.refuse(step, l.protocolError("the peer said "+b.Command+" before SERVER"), "Protocol error")
	}
	return nil
}

// pass notes the peer's password and, in solanum, SID. The first one counts (m_pass.c:mr_pass). Events do not hold the
// password, and so it is read here.
func (l *Link) pass(line string, params []string) {
	if l.peer.passSeen {
		return
	}
	l.peer.passSeen = true
	var m irc.Message
	if m.Parse(line) == nil {
		l.peer.passwordOK = l.id.AcceptPassword == "*" || sameSecret(m.Param(0), l.id.AcceptPassword)
	}
	if len(params) == 4 && strings.EqualFold(params[1], "TS") {
		l.peer.tsInPass, l.peer.sid = true, s2s.SID(strings.Clone(params[3]))
	}
}

// sameSecret compares in a time that does not tell where they differ.
func sameSecret(a, b string) bool { return sha256.Sum256([]byte(a)) == sha256.Sum256([]byte(b)) }

// maxCapabilities is how many words of CAPAB are kept; servers have some twenty.
const maxCapabilities = 100

func (l *Link) capab(params []string, step *s2s.Step) *s2s.LinkError {
	if l.peer.capabSeen && l.opt.Dialect != Hybrid {
		return l.refuse(step, l.protocolError("CAPAB twice"), "CAPAB received twice")
	}
	l.peer.capabSeen = true
	for _, word := range capabilities(params) {
		if len(l.peer.capabilities) == maxCapabilities {
			break // hybrid takes CAPAB any number of times
		}
		l.peer.capabilities = append(l.peer.capabilities, strings.Clone(word))
	}
	return nil
}

// server judges the peer, and with that the link stands.
func (l *Link) server(now time.Time, params []string, step *s2s.Step) *s2s.LinkError {
	d := dialectOf(params, l.peer.capabilities)
	if l.opt.Accept && (d == Hybrid) != (l.opt.Dialect == Hybrid) {
		if d != Hybrid {
			step.Replies = append(step.Replies, ":"+l.id.Server+" 461 * SERVER :Not enough parameters")
			return nil
		}
		params = params[:3] // solanum takes the third for the description (m_server.c:mr_server)
	}
	if l.opt.Accept {
		d = l.opt.Dialect
	}
	l.peer.name = strings.Clone(params[0])
	if d == Hybrid {
		l.peer.sid = s2s.SID(strings.Clone(params[2]))
	}
	if err := l.judge(d, step); err != nil {
		return err
	}
	l.codec.dialect = d
	for _, name := range common(l.offer, l.peer.capabilities) {
		l.codec.caps[name] = true
	}
	l.state = linkEstablished
	if l.opt.Accept {
		step.Replies = append(step.Replies, l.opening(d)...)
	}
	step.Replies = append(step.Replies, l.svinfo(now))
	return nil
}

// judge refuses a peer that is not who we expect, in the order in which solanum looks (m_server.c:mr_server).
func (l *Link) judge(d Dialect, step *s2s.Step) *s2s.LinkError {
	hybrid := d == Hybrid
	switch {
	case l.id.PeerName != "" && !strings.EqualFold(l.id.PeerName, l.peer.name):
		err := l.linkError(s2s.CausePeerIdentity, "the peer is "+l.peer.name+", not "+l.id.PeerName)
		return l.refuse(step, err, either(hybrid, "No connect {} block", "Invalid servername."))
	case !l.peer.passwordOK:
		err := l.linkError(s2s.CausePassword, "the peer's password is not the one we accept")
		return l.refuse(step, err, either(hybrid, "Invalid password", "Invalid credentials."))
	case !hybrid && !l.peer.tsInPass || !s2s.ValidSID(string(l.peer.sid)):
		err := l.protocolError("the peer gives no SID of a digit and two of A-Z and 0-9")
		return l.refuse(step, err, either(hybrid, "Bogus server ID introduced", "Incompatible TS version"))
	}
	return l.judgeState(d, step)
}

// judgeState refuses a peer that lacks what we need or is already here.
func (l *Link) judgeState(d Dialect, step *s2s.Step) *s2s.LinkError {
	hybrid := d == Hybrid
	missing := without(required, l.peer.capabilities)
	switch {
	case !hybrid && len(missing) > 0:
		if l.opt.Accept {
			step.Replies = append(step.Replies, "ERROR :Missing required CAPABs ("+strings.Join(missing, " ")+")")
		}
		err := l.linkError(s2s.CauseCapability, "the peer lacks "+strings.Join(missing, " "))
		return l.refuse(step, err, "Missing required CAPABs")
	case strings.EqualFold(l.peer.name, l.id.Server):
		l.announce(step, hybrid, "ERROR :Server already exists.")
		err := l.linkError(s2s.CauseNameInUse, "the peer has our name "+l.id.Server)
		return l.refuse(step, err, either(hybrid, "Server already exists", "Server Exists"))
	case l.peer.sid == l.id.SID:
		l.announce(step, hybrid, "ERROR :SID already exists.")
		err := l.linkError(s2s.CauseSIDInUse, "the peer has our SID "+string(l.id.SID))
		return l.refuse(step, err, either(hybrid, "Server ID already exists", "SID Exists"))
	}
	return nil
}

// announce adds the first of the two ERROR lines that solanum says on some occasions.
func (l *Link) announce(step *s2s.Step, hybrid bool, line string) {
	if l.opt.Accept && !hybrid {
		step.Replies = append(step.Replies, line)
	}
}

// refuse tells a peer that dialled us why, in the words of the server we play.
func (l *Link) refuse(step *s2s.Step, err *s2s.LinkError, reason string) *s2s.LinkError {
	if l.opt.Accept {
		step.Replies = append(step.Replies, closingLine(reason))
	}
	return err
}
