package linkgw

import (
	"errors"
	"io"
	"strings"
	"time"

	"robustirc/linkgw/egress"
	"robustirc/s2s"
)

// Times of a link.
const (
	// handshakeTime is how long a handshake may take, as with servers (client.c:check_unknowns_list).
	handshakeTime = 30 * time.Second
	// probeAfter is how long the peer may be silent before we ask, lostAfter before it is taken for dead.
	probeAfter = 45 * time.Second
	lostAfter  = 2 * probeAfter
)

// Errors that end a link from our side.
var (
	errHandshakeTime = errors.New("the handshake took longer than 30 seconds")
	errSilent        = errors.New("the peer said nothing for 90 seconds, although it was asked")
)

// leaf is one link's duties: what is said to the peer, and nothing of what is done with what it says. It neither waits
// nor reads a clock. Not safe for concurrent use.
type leaf struct {
	link     s2s.Link
	guard    *egress.Guard
	observer *observer // nil without one
	answers  answers

	begun       time.Time
	heard       time.Time
	probed      bool
	established bool
	burstOver   bool
}

// newLeaf returns a link that has not begun. tap is shown every line that is sent.
func newLeaf(id Identity, watch *Observing, out io.Writer, tap func(line string)) (*leaf, error) {
	link, err := id.newLink()
	if err != nil {
		return nil, err
	}
	us := egress.Us{Protocol: id.Protocol, Server: id.Server, SID: id.SID}
	l := &leaf{link: link, answers: newAnswers(id.Identity)}
	if watch != nil {
		us.Observer = observerUID(id.SID)
	}
	l.guard = egress.NewGuard(us, link.Codec, out, tap)
	if watch != nil {
		l.observer = newObserver(*watch, id, us.Observer, l.guard)
		l.answers.observer = l.observer
	}
	return l, nil
}

// start opens the link.
func (l *leaf) start(now time.Time) error {
	l.begun, l.heard = now, now
	return l.guard.Say(egress.Duty{Lines: l.link.Start(now)})
}

// line takes a line of the peer and answers it. An error ends the link: *s2s.LinkError is the peer's or the handshake's,
// *egress.BlockedError a fault of ours, any other the connection's.
func (l *leaf) line(now time.Time, line string) error {
	l.heard, l.probed = now, false
	step, linkErr := l.link.Line(now, line)
	if name, sid := peerOf(l.link); !l.established && name != "" {
		l.guard.Peer(name, string(sid))
	}
	if err := l.reply(step); err != nil {
		return err
	}
	if linkErr != nil {
		return linkErr
	}
	if !l.established && l.link.Established() {
		l.established = true
		if err := l.guard.Say(egress.Duty{Lines: l.link.EndBurst()}); err != nil {
			return err
		}
		l.guard.Linked()
	}
	l.burstOver = l.burstOver || step.BurstEnded
	return l.follow(now, step.Events)
}

// reply says what the link owes the peer. A PING for a server that is not us is not ours to answer: we introduce none.
func (l *leaf) reply(step s2s.Step) error {
	if len(step.Replies) == 0 {
		return nil
	}
	for _, e := range step.Events {
		if p, ok := e.Body.(s2s.Ping); ok && !l.mayAnswer(e.Source, p) {
			return nil
		}
	}
	return l.guard.Say(egress.Duty{Lines: step.Replies})
}

// mayAnswer reports whether a PING is for us, and of somebody whom a PONG can name.
func (l *leaf) mayAnswer(source s2s.Ref, p s2s.Ping) bool {
	asker := string(source)
	if asker == "" {
		asker = p.Origin
	}
	return (p.Target == "" || l.answers.names(p.Target)) && asker != "" && len(asker)+len(p.Origin) < 400 && asker[0] != ':' && !strings.ContainsAny(asker+p.Origin, " ,*?")
}

// follow answers questions, and has the observer follow the network.
func (l *leaf) follow(now time.Time, events []s2s.Event) error {
	for _, e := range events {
		if q, ok := e.Body.(s2s.Query); ok && l.established {
			for _, a := range l.answers.answer(now, e.Source, q) {
				if err := l.guard.Say(a); err != nil {
					return err
				}
			}
		}
		if l.observer == nil {
			continue
		}
		if err := l.observer.event(now, l.link.Dialect(), e); err != nil {
			return err
		}
	}
	if l.observer == nil || !l.burstOver {
		return nil
	}
	return l.observer.settle(now)
}

// tick looks at the time, about once a second.
func (l *leaf) tick(now time.Time) error {
	switch {
	case !l.established && now.Sub(l.begun) > handshakeTime:
		return errHandshakeTime
	case l.established && now.Sub(l.heard) > lostAfter:
		return errSilent
	case l.established && now.Sub(l.heard) > probeAfter && !l.probed:
		l.probed = true
		name, _ := peerOf(l.link)
		return l.guard.Say(egress.Probe{Peer: name})
	}
	return nil
}

// goodbye takes us off the network.
func (l *leaf) goodbye(reason string) error {
	g := egress.Goodbye{Reason: reason}
	if l.established {
		name, sid := peerOf(l.link)
		if g.Peer = s2s.Ref(sid); l.guard.Protocol() == egress.Unreal {
			g.Peer = s2s.Ref(name)
		}
	}
	return l.guard.Say(g)
}
