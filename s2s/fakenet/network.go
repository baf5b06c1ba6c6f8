package fakenet

import (
	"encoding/json"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"robustirc/s2s"
)

// Network is the simulated network. Not safe for concurrent use.
type Network struct {
	cfg    Config
	traits *traits
	chance chance

	hub      *server
	services *server // nil when there are none
	servers  []*server
	links    []*server // the leaves that are linked to us
	linked   []s2s.SID // their SIDs, shared by all happenings that are told to all

	byUID  map[s2s.UID]*user
	byNick map[string]*user
	people []*user // who acts: everybody who is neither of services nor of a leaf
	opers  []*user

	byName map[string]*channel
	order  []*channel
	// ranks are the channels by popularity, nil while one is empty; names are theirs.
	ranks      []*channel
	names      []string
	popular    popularity
	seats      int // memberships that people want to have
	membership int // and have
	bans       []s2s.NetworkBan
	// killed are users of leaves whom we removed, of whom a leaf may say more before it hears of it; bounded.
	killed map[s2s.UID]bool

	now    time.Time
	due    time.Time // of the next happening; zero until Begin
	splits []*split
	// lost and lostSeats are people on the other side of splits, and their memberships.
	lost, lostSeats int
	mark            uint64
	number          uint64
	out             []Happening

	stats      Stats
	violations []Violation
}

// Happening is something that happened, and who knows of it.
type Happening struct {
	// Number counts from 1.
	Number uint64
	At     time.Time
	// Actor is the user who did it; "" is a server.
	Actor s2s.UID
	// Event is what links are told, in the protocol's spelling of names.
	Event s2s.Event
	// Links are the leaves that are told.
	Links []s2s.SID
	// Lost are the users who went away with a server.
	Lost []s2s.UID

	audience []s2s.UID
	except   s2s.UID
}

// Seen yields the users who must have seen it, when Config.Truth is set: of a message those whom it is for without who
// sent it, of a change everybody who shares the channel or a channel with who it is about.
func (h *Happening) Seen() iter.Seq[s2s.UID] {
	return func(yield func(s2s.UID) bool) {
		for _, u := range h.audience {
			if u != h.except && !yield(u) {
				return
			}
		}
	}
}

// MarshalJSON writes the happening with Seen as a list: a line of the truth.
func (h Happening) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Number uint64    `json:"number"`
		At     time.Time `json:"at"`
		Actor  s2s.UID   `json:"actor,omitempty"`
		Event  s2s.Event `json:"event"`
		Links  []s2s.SID `json:"links,omitempty"`
		Lost   []s2s.UID `json:"lost,omitempty"`
		Seen   []s2s.UID `json:"seen,omitempty"`
	}{h.Number, h.At, h.Actor, h.Event, h.Links, h.Lost, slices.Collect(h.Seen())})
}

// Stats count what has happened.
type Stats struct {
	Happenings uint64            `json:"happenings"`
	Actions    map[string]uint64 `json:"actions"`
	Answers    uint64            `json:"answers"`  // of leaves to our users' questions
	Heard      uint64            `json:"heard"`    // events from leaves
	Users      int               `json:"users"`    // now
	Channels   int               `json:"channels"` // now
	Servers    int               `json:"servers"`  // now
	Splits     uint64            `json:"splits"`
	Violations uint64            `json:"violations"`
}

// Violation is what a leaf said and an observer must not say.
type Violation struct {
	At     time.Time `json:"at"`
	Link   s2s.SID   `json:"link"`
	Event  string    `json:"event"`
	Reason string    `json:"reason"`
}

// maxViolations are kept; more are only counted.
const maxViolations = 10_000

type server struct {
	sid         s2s.SID
	name, descr string
	uplink      *server
	hops        int
	users       []*user
	behind      []*server
	nextUID     int
	link        *server // the leaf that this is or stands behind; nil when it is ours
}

type user struct {
	uid              s2s.UID
	nick             string
	ts               int64
	ident, host      string
	realHost, cloak  string
	vhost, ip        string
	account, modes   string
	away, realname   string
	server           *server
	seats            []*member
	oper, service    bool
	inPeople, inSide int // places in Network.people and server.users; -1 is none
	mark             uint64
}

// mask is nick!ident@host.
func (u *user) mask() string { return u.nick + "!" + u.ident + "@" + u.host }

type member struct {
	user              *user
	channel           *channel
	status            string // letters, highest first
	inChannel, inUser int
}

type channel struct {
	name     string
	ts       int64
	flags    string // modes without parameter
	key      string
	limit    int
	history  string // +H of UnrealIRCd
	topic    string
	topicBy  string
	topicAt  int64
	lists    []s2s.ListEntry
	lock     string
	members  []*member
	uids     []s2s.UID // of the members, for audiences; nil after a change
	rank     int       // -1 for channels that a leaf made
	inOrder  int
	leafSeat map[*server]int // members behind each leaf
}

// New makes a network at cfg.Start.
func New(cfg Config) (*Network, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	n := &Network{cfg: cfg, traits: traitsOf[cfg.Protocol], now: cfg.Start, byUID: make(map[s2s.UID]*user, cfg.Users),
		byNick: make(map[string]*user, cfg.Users), byName: make(map[string]*channel, cfg.Channels), killed: map[s2s.UID]bool{}}
	n.chance.state = cfg.Seed
	n.stats.Actions = map[string]uint64{}
	n.populate()
	return n, nil
}

// Config is what the network was made with, defaults filled in.
func (n *Network) Config() Config { return n.cfg }

// Stats are the counts so far.
func (n *Network) Stats() Stats {
	s := n.stats
	s.Happenings, s.Users, s.Channels, s.Servers = n.number, len(n.byUID), len(n.order), len(n.servers)
	s.Actions = make(map[string]uint64, len(n.stats.Actions))
	for k, v := range n.stats.Actions { // order does not matter: a map is copied
		s.Actions[k] = v
	}
	return s
}

// Violations are the first 10,000 things that leaves said and must not.
func (n *Network) Violations() []Violation { return n.violations }

func (n *Network) fold(name string) string { return n.traits.fold.Fold(name) }

func (n *Network) nick(name string) *user { return n.byNick[n.fold(name)] }

func (n *Network) channel(name string) *channel { return n.byName[n.fold(name)] }

func (n *Network) unix() int64 { return n.now.Unix() }

// server finds a server by SID or name.
func (n *Network) server(ref string) *server {
	for _, s := range n.servers {
		if string(s.sid) == ref || strings.EqualFold(s.name, ref) {
			return s
		}
	}
	return nil
}

// user finds a user by UID or nick.
func (n *Network) user(ref s2s.Ref) *user {
	if u := n.byUID[s2s.UID(ref)]; u != nil {
		return u
	}
	return n.nick(string(ref))
}

// ---- telling

// tell notes a happening. links are who is told; audience is who sees it, but for except.
func (n *Network) tell(actor *user, source s2s.Ref, body s2s.Body, links []s2s.SID, audience []s2s.UID, except s2s.UID) *Happening {
	n.number++
	h := Happening{Number: n.number, At: n.now, Event: s2s.Event{Source: source, Body: body}, Links: links, audience: audience, except: except}
	if actor != nil {
		h.Actor = actor.uid
	}
	n.tag(&h)
	n.out = append(n.out, h)
	return &n.out[len(n.out)-1]
}

// tag adds what UnrealIRCd tags lines with: an id of the message, and its time.
func (n *Network) tag(h *Happening) {
	if n.cfg.Protocol != Unreal || len(h.Links) == 0 {
		return
	}
	switch h.Event.Body.(type) {
	case s2s.Message, s2s.ChannelBurst, s2s.Part, s2s.Kick, s2s.Topic, s2s.NickChanged, s2s.UserQuit, s2s.ChannelModes, s2s.Invite:
		id := strconv.FormatUint(h.Number+1<<40, 36)
		h.Event.Tags = "msgid=" + "fakenet0000000"[:22-len(id)] + id + ";time=" + n.now.UTC().Format("2006-01-02T15:04:05.000Z")
	}
}

// say tells all links what a user did.
func (n *Network) say(u *user, body s2s.Body, audience []s2s.UID, except s2s.UID) {
	n.tell(u, s2s.Ref(u.uid), body, n.linked, audience, except)
}

// order tells all links what a server did.
func (n *Network) serve(s *server, body s2s.Body, audience []s2s.UID) {
	n.tell(nil, s2s.Ref(s.sid), body, n.linked, audience, "")
}

// take returns what has been told since it was last called.
func (n *Network) take() []Happening {
	out := n.out
	n.out = nil
	return out
}

// neighbours are the users who share a channel with u, u not among them.
func (n *Network) neighbours(u *user) []s2s.UID {
	if !n.cfg.Truth {
		return nil
	}
	n.mark++
	u.mark = n.mark
	var list []s2s.UID
	for _, seat := range u.seats {
		list = n.unmarked(list, seat.channel)
	}
	return list
}

// unmarked appends the members who are not marked yet, and marks them.
func (n *Network) unmarked(list []s2s.UID, c *channel) []s2s.UID {
	for _, m := range c.members {
		if m.user.mark != n.mark {
			m.user.mark = n.mark
			list = append(list, m.user.uid)
		}
	}
	return list
}

// audience is the members of a channel, in a list that all happenings share until a member comes or goes.
func (n *Network) audience(c *channel) []s2s.UID {
	if !n.cfg.Truth {
		return nil
	}
	if c.uids == nil {
		c.uids = make([]s2s.UID, len(c.members))
		for i, m := range c.members {
			c.uids[i] = m.user.uid
		}
	}
	return c.uids
}

// one is an audience of one.
func (n *Network) one(u *user) []s2s.UID {
	if !n.cfg.Truth {
		return nil
	}
	return []s2s.UID{u.uid}
}
