package network

import (
	"robustirc/core/irc"
	"robustirc/s2s"
)

// Network is what is known of a linked network. The exported fields of what it consists of are for reading only.
type Network struct {
	rules Rules
	modes irc.ModeSpec
	us    *Server
	peer  *Server // nil until it has introduced itself
	// peerSID is what the peer said of itself before its name (PASS).
	peerSID s2s.SID

	sids     map[s2s.SID]*Server
	names    map[string]*Server // by name in lower case
	users    map[s2s.UID]*User
	nicks    map[string]*User    // by folded nick
	channels map[string]*Channel // by folded name
	members  map[memberKey]*Member
	bans     map[banKey]*Ban
	words    map[string]string // short strings that many users share
	services map[string]bool   // names of servers that the network trusts as services

	stats   Stats
	changes []Change
	now     int64
	own     bool // the event at hand is ours
	fold    []byte
}

// Us is who we are on the network.
type Us struct {
	Server      string
	SID         s2s.SID
	Description string
	// Services are the names of the servers that the network's configuration trusts as services (service{} blocks,
	// ulines), whose word some rules let pass; the protocols do not tell.
	Services []string
}

// Server is one server.
type Server struct {
	SID         s2s.SID // "" for one without id
	Name        string
	Description string
	Hops        int
	Flags       string
	Hidden      bool
	// Uplink is nil for us, and for the root of what has been removed.
	Uplink *Server
	// Ours is whether the server is us or behind us.
	Ours bool
	// Synced is whether it has said that its burst is over.
	Synced   bool
	Facts    []s2s.Fact // what it told of itself and is kept, by key
	children []*Server
	users    []*User
}

// User is one user.
type User struct {
	UID    s2s.UID
	Nick   string
	TS     int64 // of the nick, seconds since 1970
	Server *Server
	Hops   int
	Ident  string
	// Host is what others see; Cloak and VHost are what it may be chosen from (UnrealIRCd). Host is "" for a user of ours
	// that UnrealIRCd shows with a cloak, which it computes and does not tell.
	Host, RealHost, Cloak, VHost string
	IP                           string
	Account                      string // "" when not logged in
	Realname                     string
	Modes                        string // letters in the order of bytes, without '+'
	rare                         *rareUser
	channels                     []*Member
	at                           int // in Server.users
}

// rareUser is what few users have.
type rareUser struct {
	away, operator, privileges, certificate string
	lines                                   []s2s.SWhois
	facts                                   []s2s.Fact
}

// noRare stands for what a user has not.
var noRare = rareUser{}

func (u *User) rareOr() *rareUser {
	if u.rare == nil {
		return &noRare
	}
	return u.rare
}

// Away returns the away text, "" when the user is there.
func (u *User) Away() string { return u.rareOr().away }

// Operator returns the name a user became operator under, where the protocol tells.
func (u *User) Operator() string { return u.rareOr().operator }

// Privileges returns the operator's privilege set or class.
func (u *User) Privileges() string { return u.rareOr().privileges }

// Certificate returns the fingerprint of the user's TLS certificate.
func (u *User) Certificate() string { return u.rareOr().certificate }

// WhoisLines returns the extra lines of WHOIS.
func (u *User) WhoisLines() []s2s.SWhois { return u.rareOr().lines }

// Channels returns the user's memberships in no order; not to be kept.
func (u *User) Channels() []*Member { return u.channels }

// HasMode reports whether a user mode is set.
func (u *User) HasMode(letter byte) bool { return hasByte(u.Modes, letter) }

// Mask returns nick!ident@host as others see it.
func (u *User) Mask() string { return u.Nick + "!" + u.Ident + "@" + u.Host }

// Status is the set of a member's status modes.
type Status uint8

// statusLetters are the status modes of all dialects, the highest first; a Status has a bit for each.
const statusLetters = "qaohv"

func statusBit(letter byte) Status {
	for i := range len(statusLetters) {
		if statusLetters[i] == letter {
			return 1 << i
		}
	}
	return 0
}

// ParseStatus returns the statuses with the given letters; others are passed over.
func ParseStatus(letters string) (s Status) {
	for i := range len(letters) {
		s |= statusBit(letters[i])
	}
	return s
}

// Has reports whether the status with a letter is in the set.
func (s Status) Has(letter byte) bool { return s&statusBit(letter) != 0 }

var statusStrings = func() (all [1 << len(statusLetters)]string) {
	for s := range all {
		for i := range len(statusLetters) {
			if s&(1<<i) != 0 {
				all[s] += statusLetters[i : i+1]
			}
		}
	}
	return all
}()

// String returns the letters, the highest first.
func (s Status) String() string { return statusStrings[s%Status(len(statusStrings))] }

// Member is one user on one channel.
type Member struct {
	User      *User
	Channel   *Channel
	Status    Status
	inUser    int32 // place in User.channels
	inChannel int32 // place in Channel.members
}

type memberKey struct {
	user    *User
	channel *Channel
}

// Channel is one channel.
type Channel struct {
	Name  string // in the case of who had the lower timestamp
	TS    int64
	Topic Topic
	Lock  Lock
	flags Flags
	// params are the modes with a parameter, in the order of their letters.
	params  []Param
	lists   []s2s.ListEntry // as they were set
	members []*Member
}

// Topic is a channel's topic.
type Topic struct {
	Text   string
	Setter string
	SetAt  int64
}

// Lock is the modes that services hold as they are (MLOCK).
type Lock struct {
	Letters string
	TS      int64 // hybrid's
}

// Param is one mode that is set with a parameter.
type Param struct {
	Letter byte
	Value  string
}

// Flags is the set of a channel's modes without parameter.
type Flags uint64

func flagBit(letter byte) Flags {
	switch {
	case 'A' <= letter && letter <= 'Z':
		return 1 << (letter - 'A')
	case 'a' <= letter && letter <= 'z':
		return 1 << (letter - 'a' + 26)
	}
	return 0
}

// Has reports whether the mode with a letter is set.
func (f Flags) Has(letter byte) bool { return f&flagBit(letter) != 0 }

// String returns the letters in the order of bytes.
func (f Flags) String() string {
	var b []byte
	for c := byte('A'); c <= 'z'; c++ {
		if f.Has(c) {
			b = append(b, c)
		}
	}
	return string(b)
}

// Flags returns the modes without parameter.
func (c *Channel) Flags() Flags { return c.flags }

// Params returns the modes that have a parameter, in the order of their letters; not to be changed.
func (c *Channel) Params() []Param { return c.params }

// Param returns the parameter of a mode, and whether it is set.
func (c *Channel) Param(letter byte) (string, bool) {
	for _, p := range c.params {
		if p.Letter == letter {
			return p.Value, true
		}
	}
	return "", false
}

// Lists returns the entries of all list modes as they were set, with the newest last; not to be changed.
func (c *Channel) Lists() []s2s.ListEntry { return c.lists }

// Members returns the members in no order; not to be kept.
func (c *Channel) Members() []*Member { return c.members }

// New returns a network of which only we are known.
func New(rules Rules, us Us) (*Network, error) {
	modes, err := irc.ParseModeSpec(rules.ChanModes, rules.Prefix)
	if err != nil {
		return nil, err
	}
	if rules.OtherFlags {
		addOtherFlags(&modes)
	}
	n := &Network{
		rules: rules, modes: modes,
		us:       &Server{SID: us.SID, Name: us.Server, Description: us.Description, Ours: true, Synced: true},
		sids:     map[s2s.SID]*Server{},
		names:    map[string]*Server{},
		users:    map[s2s.UID]*User{},
		nicks:    map[string]*User{},
		channels: map[string]*Channel{},
		members:  map[memberKey]*Member{},
		bans:     map[banKey]*Ban{},
		words:    map[string]string{},
		services: map[string]bool{},
		stats:    Stats{Events: map[string]int64{}, Ignored: map[Reason]int64{}},
	}
	for _, name := range us.Services {
		n.services[irc.ASCII.Fold(name)] = true
	}
	n.fileServer(n.us)
	return n, nil
}

// addOtherFlags makes all letters that are no modes yet such without a parameter.
func addOtherFlags(modes *irc.ModeSpec) {
	for letter := byte('A'); letter <= 'z'; letter++ {
		if flagBit(letter) != 0 && modes.Class(letter) == irc.ModeUnknown {
			modes.Add(irc.ModeFlag, string([]byte{letter}))
		}
	}
}

// Rules returns the rules that the network follows.
func (n *Network) Rules() Rules { return n.rules }

// Modes returns the channel modes by class: those of the rules until the peer tells its own.
func (n *Network) Modes() irc.ModeSpec { return n.modes }

// Us returns our own server.
func (n *Network) Us() *Server { return n.us }

// Peer returns the directly linked server, or nil when it is not known or gone.
func (n *Network) Peer() *Server { return n.peer }

// User returns the user with an id, or nil.
func (n *Network) User(uid s2s.UID) *User { return n.users[uid] }

// Nick returns the user with a nick, or nil.
func (n *Network) Nick(nick string) *User { return n.nicks[string(n.folded(nick))] }

// Channel returns the channel with a name, or nil.
func (n *Network) Channel(name string) *Channel { return n.channels[string(n.folded(name))] }

// Server returns the server with a SID or name, or nil.
func (n *Network) Server(ref s2s.Ref) *Server { return n.serverByRef(ref) }

// Member returns a user's membership of a channel, or nil.
func (n *Network) Member(u *User, c *Channel) *Member { return n.members[memberKey{u, c}] }

// Sizes returns how many servers (with us), users and channels there are.
func (n *Network) Sizes() (servers, users, channels int) {
	return len(n.names), len(n.users), len(n.channels)
}

// folded returns the one spelling of a nick or channel name, until the next call.
func (n *Network) folded(name string) []byte {
	n.fold = n.rules.Casemapping.AppendFold(n.fold[:0], name)
	return n.fold
}

func hasByte(s string, c byte) bool {
	for i := range len(s) {
		if s[i] == c {
			return true
		}
	}
	return false
}
