package compare

import (
	"slices"
	"time"
)

// person is one user of the live network, on both sides. ID is never used twice.
type person struct {
	ID      int32
	UID     string
	Session uint64 `json:",omitempty"` // in the new network, 0 until it answers
	// Mirrored says that the user is counted in audiences: everybody is, until it shows that the gateway leaves him out.
	// Posted says that the gateway has told the new network of him.
	Mirrored bool `json:",omitempty"`
	Posted   bool `json:",omitempty"`
	Gone     bool `json:",omitempty"` // from the live network
	Quit     bool `json:",omitempty"` // from the new network
	// LiveNick and LiveHost are as last seen; ShadowNick is what the new network calls the user.
	// Told is the nick that the gateway was told, and HostOf the live host that ShadowHost was shown for.
	LiveNick, LiveHost, ShadowNick, ShadowHost, Told, HostOf string
	marks
	// Touched is when something of the user changed last on the live side.
	Touched time.Duration `json:",omitempty"`
	rooms   [2][]*room
}

// room is one channel on both sides, by its folded name.
type room struct {
	// Out says that the gateway leaves it out, and until Turned that has just changed (private.go).
	Out    bool
	Turned time.Duration

	Key, Name string
	Touched   time.Duration // when its modes, lists or topic changed last on the live side
	MaxOrd    uint64        // the latest live event that the new network has shown
	side      [2]crowd
	// Moves are the membership events of late, for recipients that only another legal order explains.
	Moves []move
}

// The sides.
const (
	live   = 0
	shadow = 1
)

// crowd is the members of a room on one side.
type crowd struct {
	members map[int32]*person
	cached  *audience
}

// audience is a set of users. It is never changed, so that many events share one.
type audience struct {
	IDs []int32 // ascending
	Sum uint64  // over those who are mirrored
	N   int     // how many those are
}

// mix spreads an id over 64 bits (the finaliser of splitmix64). Sets are compared by the sum of what their members
// spread to and their size, which differ for different sets but for a chance of 2^-64.
func mix(id int32) uint64 {
	x := uint64(id) * 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func newAudience(people []*person) *audience {
	a := &audience{IDs: make([]int32, len(people))}
	for i, p := range people {
		a.IDs[i] = p.ID
		a.add(p)
	}
	slices.Sort(a.IDs)
	return a
}

func (a *audience) add(p *person) {
	if p.Mirrored {
		a.Sum += mix(p.ID)
		a.N++
	}
}

// audience returns the members, from the cache until somebody comes or goes.
func (c *crowd) audience() *audience {
	if c.cached == nil {
		c.cached = newAudience(c.list())
	}
	return c.cached
}

func (c *crowd) list() []*person {
	list := make([]*person, 0, len(c.members))
	for _, p := range c.members { // order does not matter: an audience is sorted
		list = append(list, p)
	}
	return list
}

// room returns the channel with a name, and makes it.
func (e *Engine) room(name string) *room {
	key := e.fold(name)
	r := e.rooms[key]
	if r == nil {
		r = &room{Key: key, Name: name}
		e.rooms[key] = r
	}
	return r
}

func (r *room) has(side int, p *person) bool { return r.side[side].members[p.ID] != nil }

func (e *Engine) enter(side int, r *room, p *person) bool {
	c := &r.side[side]
	if c.members[p.ID] != nil {
		return false
	}
	if c.members == nil {
		c.members = map[int32]*person{}
	}
	c.members[p.ID], c.cached = p, nil
	p.rooms[side] = append(p.rooms[side], r)
	return true
}

func (e *Engine) leave(side int, r *room, p *person) {
	c := &r.side[side]
	if c.members[p.ID] == nil {
		return
	}
	delete(c.members, p.ID)
	c.cached = nil
	p.rooms[side] = slices.DeleteFunc(p.rooms[side], func(x *room) bool { return x == r })
	if len(r.side[live].members) == 0 && len(r.side[shadow].members) == 0 {
		delete(e.rooms, r.Key)
	}
}

func (e *Engine) leaveAll(side int, p *person) {
	for len(p.rooms[side]) > 0 {
		e.leave(side, p.rooms[side][len(p.rooms[side])-1], p)
	}
}

// neighbours are those who share a channel with p, p not among them but when it is asked for.
func (e *Engine) neighbours(side int, p *person, self bool) *audience {
	seen := map[int32]bool{p.ID: true}
	var list []*person
	if self {
		list = append(list, p)
	}
	for _, r := range p.rooms[side] {
		if r.Out && side == live {
			continue
		}
		for id, q := range r.side[side].members { // order does not matter: an audience is sorted
			if !seen[id] {
				seen[id] = true
				list = append(list, q)
			}
		}
	}
	return newAudience(list)
}

// person returns the user with an id of the live network, and makes it.
func (e *Engine) person(uid string) *person {
	p := e.uids[uid]
	if p == nil {
		e.lastPerson++
		p = &person{ID: e.lastPerson, UID: uid, Mirrored: true}
		e.uids[uid], e.people[p.ID] = p, p
	}
	return p
}

// mirror notes that the new network is told of a user.
func (e *Engine) mirror(p *person) {
	p.Posted = true
	e.count(p, true)
}

// count has a user counted in audiences, or not.
func (e *Engine) count(p *person, counted bool) {
	if p.Mirrored == counted {
		return
	}
	p.Mirrored = counted
	for side := range p.rooms {
		for _, r := range p.rooms[side] {
			r.side[side].cached = nil
		}
	}
}

// leftOut looks whether the gateway has told of those whom it has known for long enough.
func (e *Engine) leftOut(now time.Duration) {
	for len(e.unposted) > 0 && e.unposted[0].At <= now {
		if p := e.people[e.unposted[0].ID]; p != nil && !p.Posted {
			e.count(p, false)
		}
		e.unposted = e.unposted[1:]
	}
}

// forget removes a user who is gone from both sides.
func (e *Engine) forget(p *person) {
	e.leaveAll(live, p)
	e.leaveAll(shadow, p)
	delete(e.people, p.ID)
	if e.uids[p.UID] == p {
		delete(e.uids, p.UID)
	}
	if p.Session != 0 {
		delete(e.sessions, p.Session)
	}
	if nick := e.fold(p.ShadowNick); e.nicks[nick] == p {
		delete(e.nicks, nick)
	}
}

// nickOf is how reports name a user.
func (p *person) nickOf() string {
	if p.LiveNick != "" {
		return p.LiveNick
	}
	return p.UID
}
