package api

import (
	"container/list"
	"fmt"
	"slices"

	"robustirc/core/ircserver"
	"robustirc/core/outputstream"
	"robustirc/core/robustsession"
)

// audienceChunk is how many sessions go into one Audience frame: ids that are far apart take up to ten bytes each.
const audienceChunk = 4096

// followOutputs attaches a gateway's link, or one of its users, in such a way that its lines are sent as Outputs.
func (c *muxConn) followOutputs(s *muxSession, f *robustsession.Follow) {
	c.replacing(s, true)
	reader, err := c.a.node.Follow(c.ctx, s.id, f.Auth, outputID(f.LastSeen))
	c.attached(s, (*robustsession.Attach)(f), reader, err, true)
}

// audienceSlots says which audiences the client knows by which slot. The one that was used least recently makes room.
// The writer owns it.
type audienceSlots struct {
	bySet  map[*ircserver.SessionID]*list.Element // by the address of the set's first session: sets are shared and never change
	recent list.List                              // of *namedAudience, most recently used first
	free   []uint64                               // slots below next that name nothing
	stale  []uint64                               // those of them that the client thinks name something
	next   uint64                                 // the lowest slot never used
	total  int                                    // sessions in all of them
}

// namedAudience is a set that has a slot.
type namedAudience struct {
	set  []ircserver.SessionID
	slot uint64
}

// slot returns the slot of a set that is not empty. It is fresh when the client must be told of it.
func (a *audienceSlots) slot(set []ircserver.SessionID) (slot uint64, fresh bool) {
	if e, ok := a.bySet[&set[0]]; ok && len(e.Value.(*namedAudience).set) == len(set) {
		a.recent.MoveToFront(e)
		return e.Value.(*namedAudience).slot, false
	} else if ok {
		a.forget(e)
	}
	for a.recent.Len() > 0 && (a.recent.Len() == robustsession.MaxAudiences || a.total+len(set) > robustsession.MaxAudienceSessions) {
		a.forget(a.recent.Back())
	}
	named := &namedAudience{set, a.freeSlot()}
	if a.bySet == nil {
		a.bySet = map[*ircserver.SessionID]*list.Element{}
	}
	a.bySet[&set[0]] = a.recent.PushFront(named)
	a.total += len(set)
	return named.slot, true
}

func (a *audienceSlots) freeSlot() uint64 {
	if n := len(a.free); n > 0 {
		slot := a.free[n-1]
		a.free = a.free[:n-1]
		return slot
	}
	a.next++
	return a.next - 1
}

// takeStale returns the stale slots, without one that is about to name something else.
func (a *audienceSlots) takeStale(but uint64) []uint64 {
	stale := slices.DeleteFunc(a.stale, func(slot uint64) bool { return slot == but })
	a.stale = a.stale[:0]
	return stale
}

// forget makes room.
func (a *audienceSlots) forget(e *list.Element) {
	named := a.recent.Remove(e).(*namedAudience)
	delete(a.bySet, &named.set[0])
	a.free = append(a.free, named.slot)
	a.stale = append(a.stale, named.slot)
	a.total -= len(named.set)
}

// outputsWriter writes Outputs frames. The writer of a connection owns it.
type outputsWriter struct {
	w      *muxWriter
	frame  robustsession.OutputsWriter
	open   bool // a frame has begun
	single [1]uint64
	slots  audienceSlots
}

// append adds outputs for a followed session and returns how many bytes of text they hold.
func (o *outputsWriter) append(sid ircserver.SessionID, items []outputstream.Item) (sent uint64, err error) {
	for _, it := range items {
		head, err := o.head(sid, &it)
		if err != nil {
			return sent, err
		}
		sent += o.line(sid, &head, &it)
	}
	o.end()
	return sent, nil
}

// head is an output without its line. Its audience is made known to the client if need be.
func (o *outputsWriter) head(sid ircserver.SessionID, it *outputstream.Item) (robustsession.SentOutput, error) {
	head := robustsession.SentOutput{Output: robustsession.Output{
		ID: messageID(it.ID), Time: it.Time, Cause: it.Cause &^ ircserver.SequentialID, Final: it.Final,
	}}
	users, skip := usersOf(sid, it.Output)
	switch len(users) {
	case 0:
		head.To = append(o.single[:0], uint64(sid))
	case 1:
		head.To = append(o.single[:0], uint64(users[0]))
	default:
		if len(users) > robustsession.MaxAudienceSessions {
			return head, fmt.Errorf("output %v has %d recipients among a gateway's users, more than the %d that can be named", head.ID, len(users), robustsession.MaxAudienceSessions)
		}
		head.Shared, head.Skip = true, uint64(skip)
		slot, fresh := o.slots.slot(users)
		head.Slot = slot
		if fresh {
			return head, o.name(slot, users)
		}
	}
	return head, nil
}

// usersOf are the users of a gateway's link who get an output, and one of them who does not; none when it is for the
// followed session itself.
func usersOf(sid ircserver.SessionID, o *ircserver.Output) (users []ircserver.SessionID, skip ircserver.SessionID) {
	for g := range o.To.Gateways {
		if g.Link == sid {
			users = g.Users
		}
	}
	if _, skip = o.To.Parts(); skip != 0 {
		if _, ok := slices.BinarySearch(users, skip); !ok {
			skip = 0
		}
	}
	return users, skip
}

// name tells the client which sessions a slot stands for, and which slots stand for none any more.
func (o *outputsWriter) name(slot uint64, users []ircserver.SessionID) error {
	o.end()
	for _, s := range o.slots.takeStale(slot) {
		o.w.buf = robustsession.AppendFrame(o.w.buf, &robustsession.Audience{Slot: s})
	}
	ids := make([]uint64, 0, min(len(users), audienceChunk))
	for more := false; len(users) > 0; more = true {
		n := min(len(users), audienceChunk)
		ids = ids[:0]
		for _, id := range users[:n] {
			ids = append(ids, uint64(id))
		}
		o.w.buf = robustsession.AppendFrame(o.w.buf, &robustsession.Audience{Slot: slot, More: more, Sessions: ids})
		users = users[n:]
		if len(o.w.buf) >= muxWrite {
			if err := o.w.writeOut(); err != nil {
				return err
			}
		}
	}
	return nil
}

// line adds one output and returns the length of its text.
func (o *outputsWriter) line(sid ircserver.SessionID, head *robustsession.SentOutput, it *outputstream.Item) uint64 {
	if !o.open {
		o.w.buf = o.frame.Begin(o.w.buf, uint64(sid))
		o.open = true
	}
	o.w.buf = o.frame.BeginOutput(o.w.buf, head)
	o.w.buf = it.AppendFor(o.w.buf, it.Caps)
	n := o.frame.EndLine(o.w.buf)
	if o.frame.Size(o.w.buf) >= framePayload {
		o.end()
	}
	o.w.a.metrics.lines.Inc()
	return uint64(n)
}

// end ends the frame that has begun, if one has.
func (o *outputsWriter) end() {
	if o.open {
		o.frame.End(o.w.buf)
		o.open = false
	}
}
