package ts6

import (
	"strconv"
	"strings"
	"time"

	"robustirc/s2s"
)

// The TS version that is spoken, and the oldest that is understood.
const tsVersion = 6

// maxClockDelta is solanum's default for ts_max_delta.
const maxClockDelta = 5 * time.Minute

// Options are what a Link is told besides who we are.
type Options struct {
	// Dialect is what the peer speaks; "" finds out, which costs a round trip with hybrid. A side that accepts must know
	// what it is: "" is Solanum there.
	Dialect Dialect
	// Capabilities are offered instead of Offer(Dialect), when not nil.
	Capabilities []string
	// Accept says that the peer dials us: it speaks first, and we answer as that server would, refusals included.
	Accept bool
}

// Link is one link's handshake and duties: PASS, CAPAB, SERVER and SVINFO, answering PING, the end of the peer's burst,
// and telling why a link cannot be. Not safe for concurrent use.
//
// When we dial and do not know the dialect, we open as to solanum, with the SID in PASS, which hybrid does not look at
// (hyb:m_pass.c:mr_pass), and a SERVER of three parameters, to which hybrid answers 461 (hyb:m_server.c: args_min 6;
// parse.c:parse_handle_command). Then its own form follows on the same connection.
//
// A Link has no clock. Its owner gives up a link that is not established after 30 seconds, as servers do, and sends PING
// when it has heard nothing for a while.
type Link struct {
	id       s2s.Identity
	opt      Options
	offer    []string
	codec    *Codec
	peer     peerState
	state    linkState
	burst    bool // the peer's burst has ended
	reopened bool // SERVER was sent in hybrid's form after 461
}

var _ s2s.Link = (*Link)(nil)

// linkState is how far a link is.
type linkState int

const (
	linkOpening linkState = iota // until the peer's SERVER
	linkEstablished
	linkOver
)

// peerState is what the peer said of itself.
type peerState struct {
	passSeen     bool
	passwordOK   bool
	sid          s2s.SID
	tsInPass     bool
	capabSeen    bool
	capabilities []string
	name         string
}

// NewLink returns a link that has not begun.
func NewLink(id s2s.Identity, o Options) *Link {
	l := &Link{id: id, opt: o, offer: o.Capabilities}
	if l.opt.Accept && l.opt.Dialect == "" {
		l.opt.Dialect = Solanum
	}
	if l.id.MaxClockDelta == 0 {
		l.id.MaxClockDelta = maxClockDelta
	}
	if l.offer == nil {
		l.offer = Offer(l.opt.Dialect)
	}
	l.codec = NewCodec(Dialect(either(l.opt.Dialect == "", string(Solanum), string(l.opt.Dialect))))
	return l
}

// Start returns PASS, CAPAB and SERVER when we dial, and nothing when we accept.
func (l *Link) Start(time.Time) []string {
	if l.opt.Accept {
		return nil
	}
	return l.opening(l.opt.Dialect)
}

// opening is the three lines that introduce us. To an unknown dialect they are solanum's.
func (l *Link) opening(d Dialect) []string {
	pass := "PASS " + l.id.SendPassword
	if d != Hybrid {
		pass += " TS " + strconv.Itoa(tsVersion) + " :" + string(l.id.SID)
	}
	return []string{pass, "CAPAB :" + strings.Join(l.offer, " "), l.serverLine(d)}
}

func (l *Link) serverLine(d Dialect) string {
	if d == Hybrid {
		return "SERVER " + l.id.Server + " 1 " + string(l.id.SID) + " + :" + l.id.Description
	}
	return "SERVER " + l.id.Server + " 1 :" + l.id.Description
}

// svinfo tells our TS version and clock. hybrid takes it from a server that is named only.
func (l *Link) svinfo(now time.Time) string {
	line := "SVINFO " + strconv.Itoa(tsVersion) + " " + strconv.Itoa(tsVersion) + " 0 :" + formatTS(now.Unix())
	if l.codec.dialect == Hybrid {
		return ":" + string(l.id.SID) + " " + line
	}
	return line
}

// EndBurst returns what ends our burst: a PING, whose PONG tells that the peer has read all, and EOB where it is known.
// hybrid itself says EOB after PING (hyb:m_server.c:server_estab).
func (l *Link) EndBurst() []string {
	ping, eob := "PING :"+string(l.id.SID), ":"+string(l.id.SID)+" EOB"
	switch {
	case !l.codec.Has("EOB"):
		return []string{ping}
	case l.opt.Accept:
		return []string{ping, eob}
	}
	return []string{eob, ping}
}

// Established reports whether both sides have introduced themselves and accepted each other. A peer that refuses us
// after that says so with SQUIT.
func (l *Link) Established() bool { return l.state == linkEstablished }

// Codec returns the link's codec; the pointer stays the same when it is set up for what was negotiated.
func (l *Link) Codec() s2s.Codec { return l.codec }

// Dialect is the peer's, or "" as long as it is not known.
func (l *Link) Dialect() string {
	if l.state == linkOpening && l.opt.Dialect == "" {
		return ""
	}
	return string(l.codec.dialect)
}

// Line takes a line of the peer. With an error the link is over; the replies that came with it are to be sent all the
// same, as they tell the peer why.
func (l *Link) Line(now time.Time, line string) (s2s.Step, error) {
	if l.state == linkOver {
		return s2s.Step{}, l.protocolError("a line after the end of the link")
	}
	e, parse := l.codec.decode(line)
	if parse != nil {
		return s2s.Step{Parse: parse}, nil
	}
	step := s2s.Step{Events: []s2s.Event{e}}
	var err *s2s.LinkError
	if l.state == linkOpening {
		err = l.opened(now, line, e, &step)
	} else {
		err = l.linked(now, e, &step)
	}
	if err != nil {
		l.state = linkOver
		return step, err
	}
	return step, nil
}

// linked takes what concerns the link itself once it is established.
func (l *Link) linked(now time.Time, e s2s.Event, step *s2s.Step) *s2s.LinkError {
	switch b := e.Body.(type) {
	case s2s.Ping:
		step.Replies = append(step.Replies, l.pong(e.Source, b))
		l.endOfBurst(e.Source == "" && !l.codec.Has("EOB"), step)
	case s2s.EndOfBurst:
		l.endOfBurst(l.isPeer(e.Source), step)
	case s2s.Handshake:
		if b.Command == "SVINFO" && l.isPeer(e.Source) {
			return l.checkSvinfo(now, b.Params, step)
		}
	case s2s.ServerIntroduced:
		return l.checkIntroduced(b)
	case s2s.ServerGone:
		if l.isPeer(b.Server) || l.isUs(b.Server) {
			return l.ended(b.Reason)
		}
	case s2s.Closing:
		return l.ended(b.Text)
	}
	return nil
}

// endOfBurst notes the first sign that the peer's burst is over: EOB, or the PING without a source that follows it
// (s_serv.c:burst_TS6); the keepalives that look like it come later.
func (l *Link) endOfBurst(sign bool, step *s2s.Step) {
	if sign && !l.burst {
		l.burst, step.BurstEnded = true, true
	}
}

// pong answers for us, and for the servers we introduced, which is who else the hub can ask behind us. Every server of
// the network asks, and takes the answer for the end of our burst (m_pong.c:ms_pong).
func (l *Link) pong(source s2s.Ref, b s2s.Ping) string {
	asker, who := string(source), l.id.SID
	if asker == "" {
		asker = b.Origin
	}
	if s2s.ValidSID(b.Target) {
		who = s2s.SID(b.Target)
	}
	return ":" + string(who) + " PONG " + l.id.Server + " :" + asker
}

func (l *Link) isPeer(r s2s.Ref) bool {
	return r == "" || string(r) == string(l.peer.sid) || strings.EqualFold(string(r), l.peer.name)
}

func (l *Link) isUs(r s2s.Ref) bool {
	return string(r) == string(l.id.SID) || strings.EqualFold(string(r), l.id.Server)
}

// checkSvinfo ends the link when the peer speaks another version or its clock is too far from ours, in which case every
// timestamp would be wrong (m_svinfo.c:ms_svinfo).
func (l *Link) checkSvinfo(now time.Time, params []string, step *s2s.Step) *s2s.LinkError {
	version, err1 := strconv.Atoi(params[0])
	oldest, err2 := strconv.Atoi(params[1])
	theirs, err3 := parseTS(params[3])
	if err1 != nil || err2 != nil || err3 != nil || oldest > tsVersion || version < tsVersion {
		step.Replies = append(step.Replies, l.goodbye("Incompatible TS version ("+params[0]+","+params[1]+")")...)
		return l.protocolError("the peer speaks TS " + params[0] + ", at least " + params[1] + ", and we " + strconv.Itoa(tsVersion))
	}
	delta := now.Sub(time.Unix(theirs, 0)).Abs()
	if delta <= l.id.MaxClockDelta {
		return nil
	}
	text := "Excessive TS delta (my TS=" + formatTS(now.Unix()) + ", their TS=" + formatTS(theirs) + ", delta=" + formatTS(int64(delta/time.Second)) + ")"
	step.Replies = append(step.Replies, l.goodbye(text)...)
	return l.linkError(s2s.CauseClock, text)
}

// goodbye is how an established link is ended: we leave, or put the peer out.
func (l *Link) goodbye(reason string) []string {
	if !l.opt.Accept {
		return []string{":" + string(l.id.SID) + " SQUIT " + string(l.peer.sid) + " :" + reason}
	}
	if l.codec.dialect == Hybrid {
		return []string{":" + string(l.id.SID) + " SQUIT " + string(l.id.SID) + " :" + reason, closingLine(reason)}
	}
	return []string{"SQUIT " + string(l.peer.sid) + " :by " + l.id.Server + ": " + reason}
}

func closingLine(reason string) string { return "ERROR :Closing Link: 127.0.0.1 (" + reason + ")" }

// checkIntroduced finds out that another server of the network has our SID or name, which hybrid does not notice
// (reference 0.12): whichever of the two is thrown off, it would be the wrong one.
func (l *Link) checkIntroduced(b s2s.ServerIntroduced) *s2s.LinkError {
	switch {
	case b.SID == l.id.SID:
		return l.linkError(s2s.CauseSIDInUse, "SID "+string(b.SID)+" belongs to "+b.Server)
	case strings.EqualFold(b.Server, l.id.Server):
		return l.linkError(s2s.CauseNameInUse, "the network has a server "+b.Server)
	}
	return nil
}
