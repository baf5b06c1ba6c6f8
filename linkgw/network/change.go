package network

import "robustirc/s2s"

// Change is one thing that is different now, or that was said. The set is closed: the types of this file. What a Change
// points at is the model's own, as it is after the event; of what was removed, as it was last. It is for reading only.
type Change interface{ change() }

// Source is who did it: a user or a server. Both are nil for what the model itself had to do.
type Source struct {
	User   *User
	Server *Server // of the user, if there is one
}

// Name returns the nick or the server's name, "" when there is neither.
func (s Source) Name() string {
	switch {
	case s.User != nil:
		return s.User.Nick
	case s.Server != nil:
		return s.Server.Name
	}
	return ""
}

// Mask returns nick!ident@host of a user, or the server's name.
func (s Source) Mask() string {
	if s.User != nil {
		return s.User.Mask()
	}
	return s.Name()
}

// Ours reports whether it came from us or from behind us.
func (s Source) Ours() bool { return s.Server != nil && s.Server.Ours }

// ServerAdded is a new server.
type ServerAdded struct{ Server *Server }

// ServerChanged is a server of which something else is known.
type ServerChanged struct{ Server *Server }

// ServerSynced is a server that has told all it knows.
type ServerSynced struct{ Server *Server }

// Split is a server that left with everything behind it, in one step. No UserRemoved or Parted follows for the users;
// ChannelDestroyed does, for the channels that are empty now.
type Split struct {
	Root *Server
	// Servers are those that went, uplinks before what is behind them; the first is Root.
	Servers []*Server
	Users   []*User
	// Uplink is what Root was linked to.
	Uplink *Server
	Reason string
	// Ended is whether the link itself is over: Root is the peer.
	Ended bool
}

// UserAdded is a new user.
type UserAdded struct{ User *User }

// Removal is why a user went.
type Removal string

// The reasons of a UserRemoved. Splits are their own Change.
const (
	RemovedQuit      Removal = "quit"
	RemovedKill      Removal = "kill"
	RemovedCollision Removal = "collision"
)

// UserRemoved is a user who is gone, from all channels as well.
type UserRemoved struct {
	User   *User
	Kind   Removal
	By     Source
	Path   string
	Reason string
	// Quiet says that a kill is shown as a plain quit.
	Quiet bool
	// Channels are those the user was on, which User no longer knows.
	Channels []*Channel
}

// NickChanged is a user with another nick, or only another timestamp of it.
type NickChanged struct {
	User  *User
	Old   string
	OldTS int64
	// Saved is whether the nick was lost in a collision.
	Saved bool
}

// Property is one of a user's properties.
type Property string

// The properties of a UserChanged.
const (
	PropertyIdent       Property = "ident"
	PropertyHost        Property = "host"
	PropertyRealHost    Property = "real_host"
	PropertyRealname    Property = "realname"
	PropertyAccount     Property = "account"
	PropertyCertificate Property = "certificate"
	PropertyAway        Property = "away"
	PropertyOperator    Property = "operator"
	PropertyPrivileges  Property = "privileges"
	PropertyWhois       Property = "whois" // the extra lines
)

// UserChanged is a user with another property. Old and New are "" for whois lines.
type UserChanged struct {
	User     *User
	By       Source
	Property Property
	Old, New string
}

// UserModesChanged is a user with other modes: letters that were added and removed.
type UserModesChanged struct {
	User           *User
	By             Source
	Added, Removed string
}

// ChannelCreated is a new channel; its modes and members follow.
type ChannelCreated struct{ Channel *Channel }

// ChannelDestroyed is a channel that is no more.
type ChannelDestroyed struct{ Channel *Channel }

// ChannelAged is a channel with another timestamp, or name in another case.
type ChannelAged struct {
	Channel *Channel
	Old     int64
	OldName string
}

// Joined is a user on a channel, with the statuses it came with.
type Joined struct {
	User    *User
	Channel *Channel
	Status  Status
}

// Parted is a user who left a channel.
type Parted struct {
	User    *User
	Channel *Channel
	Reason  string
}

// Kicked is a user who was removed from a channel.
type Kicked struct {
	User    *User
	Channel *Channel
	By      Source
	Reason  string
}

// ModesChanged is a channel with other modes, statuses or list entries, in the order they were applied.
type ModesChanged struct {
	Channel *Channel
	By      Source
	Modes   []ModeChange
}

// ModeChange is one mode that was really set or unset.
type ModeChange struct {
	Add    bool
	Letter byte
	Param  string // of modes that have one; for statuses see User
	User   *User  // whose status it is, or nil
}

// TopicChanged is a channel with another topic, setter or time.
type TopicChanged struct {
	Channel *Channel
	By      Source
	Old     Topic
}

// LockChanged is a channel with another lock.
type LockChanged struct {
	Channel *Channel
	By      Source
	Old     Lock
}

// MessageSeen is a message. Exactly one of User, Channel and Mask says whom it is for; everybody is Mask "*".
type MessageSeen struct {
	By         Source
	Kind       s2s.MessageKind
	TargetKind s2s.TargetKind
	User       *User
	Channel    *Channel
	// Status holds the prefix signs of a message to members with that status or a higher one.
	Status string
	Mask   string
	Text   string
	Tags   string
	Echoes s2s.MessageKind
}

// Invited is an invitation. Notice says that it is told for others to know.
type Invited struct {
	By      Source
	User    *User
	Channel *Channel
	Notice  bool
}

// Knocked is a request to be let into a channel.
type Knocked struct {
	By      Source
	Channel *Channel
	Reason  string
}

// BanAdded is a network ban that is new or different.
type BanAdded struct {
	By  Source
	Ban *Ban
}

// BanRemoved is a network ban that is over.
type BanRemoved struct {
	By      Source
	Ban     *Ban
	Expired bool
}

// ResyncNeeded is a join to a channel that we do not know: the peer must send it again (RESYNC).
type ResyncNeeded struct{ Channel string }

// Passed is an event that changes no state, with its source and, where it names one, the user resolved: questions,
// numerics, messages to operators, what a user's own server must do, pings. Body is as in the event.
type Passed struct {
	By   Source
	User *User
	Body s2s.Body
	Tags string
}

func (ServerAdded) change()      {}
func (ServerChanged) change()    {}
func (ServerSynced) change()     {}
func (Split) change()            {}
func (UserAdded) change()        {}
func (UserRemoved) change()      {}
func (NickChanged) change()      {}
func (UserChanged) change()      {}
func (UserModesChanged) change() {}
func (ChannelCreated) change()   {}
func (ChannelDestroyed) change() {}
func (ChannelAged) change()      {}
func (Joined) change()           {}
func (Parted) change()           {}
func (Kicked) change()           {}
func (ModesChanged) change()     {}
func (TopicChanged) change()     {}
func (LockChanged) change()      {}
func (MessageSeen) change()      {}
func (Invited) change()          {}
func (Knocked) change()          {}
func (BanAdded) change()         {}
func (BanRemoved) change()       {}
func (ResyncNeeded) change()     {}
func (Passed) change()           {}
