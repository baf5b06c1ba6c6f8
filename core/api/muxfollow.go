package api

import (
	"container/list"

	"robustirc/core/ircserver"
	"robustirc/core/outputstream"
	"robustirc/core/robustsession"
)

// audienceChunk is how many sessions go into one Audience frame: ids that are far apart take up to ten bytes each.
const audienceChunk = 4096

// followOutputs attaches a gateway's link, or one of its users, in such a way that its lines are sent as Outputs.
func (c *muxConn) followOutputs(s *muxSession, f *robustsession.Follow) {
	reader, err := c.a.node.Follow(c.ctx, s.id, f.Auth, outputID(f.LastSeen))
	c.attached(s, (*robustsession.Attach)(f), reader, err, true)
}

// audienceSlots says which audiences the client knows by which slot. The one that was used least recently makes room.
// The writer owns it.
type audienceSlots struct {
	bySet  map[*ircserver.SessionID]*list.Element // by the address of the set's first session: sets are shared and never change
	recent list.List                              // of *namedAudience, most recently used first
	free   []uint64                               // slots below next that name nothing
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

// forget makes room.
func (a *audienceSlots) forget(e *list.Element) {
	named := a.recent.Remove(e).(*namedAudience)
	delete(a.bySet, &named.set[0])
	a.free = append(a.free, named.slot)
	a.total -= len(named.set)
}
