package s2s

// Event is one line's meaning.
type Event struct {
	// Source is who said it; "" is the directly linked peer.
	Source Ref `json:"source,omitempty"`
	// Tags is the raw tag section without '@' (UnrealIRCd MTAGS, solanum STAG).
	Tags string `json:"tags,omitempty"`
	// ServerMask is the servers this is for, as a glob on their names (TS6 ENCAP and its like); "" is all of them. Who
	// is not meant ignores the event.
	ServerMask string `json:"server_mask,omitempty"`
	// Body is what happened.
	Body Body `json:"-"`
}

// Body is one kind of event. The set is closed: the types of this package.
type Body interface {
	// Name is the event's name in JSON, counters and documentation.
	Name() string
}

// ---- servers and the link

// ServerIntroduced is a new server (SID, SERVER). Source is its uplink.
type ServerIntroduced struct {
	Server      string `json:"server"`
	SID         SID    `json:"sid,omitempty"` // "" for a server without id (a jupe)
	Hops        int    `json:"hops"`
	Description string `json:"description"`
	Flags       string `json:"flags,omitempty"`
	Hidden      bool   `json:"hidden,omitempty"`
}

// ServerGone is a server that left with everything behind it (SQUIT); no other line says so.
type ServerGone struct {
	Server Ref    `json:"server"`
	Reason string `json:"reason,omitempty"`
}

// ServerInfo is what a server tells about itself or its capabilities after it was introduced (GCAP, SINFO, SDESC,
// PROTOCTL at run time, NETINFO): Facts by their protocol names.
type ServerInfo struct {
	Kind  string `json:"kind"`
	Facts []Fact `json:"facts"`
}

// Fact is one named value.
type Fact struct {
	Key   string `json:"key"`
	Value string `json:"value,omitempty"`
}

// EndOfBurst says that a server has told all it knows (EOB, EOS). Whether it is the peer's own is for the Link to say.
type EndOfBurst struct{}

// Ping wants a Pong. Origin is who asks, Target whom ("" is the directly linked peer's partner: us).
type Ping struct {
	Origin string `json:"origin"`
	Target string `json:"target,omitempty"`
}

// Pong answers a Ping.
type Pong struct {
	Origin string `json:"origin"`
	Target string `json:"target,omitempty"`
}

// Closing is the peer's ERROR: why it closes the link.
type Closing struct {
	Text string `json:"text"`
}

// Handshake is a line of the link's set-up (PASS, CAPAB, SERVER of the peer, SVINFO, PROTOCTL). Secrets are taken out.
type Handshake struct {
	Command string   `json:"command"`
	Params  []string `json:"params,omitempty"`
}

// ---- users

// UserIntroduced is a new user (EUID, UID). Source is its server.
type UserIntroduced struct {
	UID      UID    `json:"uid"`
	Nick     string `json:"nick"`
	TS       int64  `json:"ts"` // of the nick, seconds since 1970
	Hops     int    `json:"hops"`
	Ident    string `json:"ident"`
	Host     string `json:"host"`      // what others see
	RealHost string `json:"real_host"` // "" when the network hides it
	Cloak    string `json:"cloak,omitempty"`
	VHost    string `json:"vhost,omitempty"`
	IP       string `json:"ip"`      // textual address; "" when hidden
	Account  string `json:"account"` // "" when not logged in
	Modes    string `json:"modes"`   // with the leading '+'
	Realname string `json:"realname"`
}

// NickChanged is a user's new nick; TS is the nick's new timestamp.
type NickChanged struct {
	Nick string `json:"nick"`
	TS   int64  `json:"ts"`
}

// UserChanged is a change of a user's visible properties; only what is not nil changed (CHGHOST, SETHOST, SETIDENT,
// CHGIDENT, SETNAME, CHGNAME, REALHOST, SIGNON, SU, LOGIN, SVSLOGIN, SVSACCOUNT, CERTFP). Account "" is a logout.
type UserChanged struct {
	User        Ref     `json:"user"`
	Nick        *string `json:"nick,omitempty"`
	NickTS      *int64  `json:"nick_ts,omitempty"`
	Ident       *string `json:"ident,omitempty"`
	Host        *string `json:"host,omitempty"`
	RealHost    *string `json:"real_host,omitempty"`
	Realname    *string `json:"realname,omitempty"`
	Account     *string `json:"account,omitempty"`
	Certificate *string `json:"certificate,omitempty"` // fingerprint
	// IfTS, when not zero, is the nick timestamp the user must have, or the change is void (hybrid's SVS commands).
	IfTS int64 `json:"if_ts,omitempty"`
}

// UserModes is a change of user modes; Source changed them. Account is set by UnrealIRCd's SVSMODE +d.
type UserModes struct {
	User    Ref     `json:"user"`
	Modes   string  `json:"modes"`
	Account *string `json:"account,omitempty"`
	// Shown says that the user is told (UnrealIRCd's SVS2MODE).
	Shown bool  `json:"shown,omitempty"`
	IfTS  int64 `json:"if_ts,omitempty"`
}

// Away is a user's away text; "" is back.
type Away struct {
	Text string `json:"text"`
}

// Oper is a user who became operator under a name and privilege set (TS6 OPER); the mode +o follows by itself.
type Oper struct {
	Operator   string `json:"operator"`
	Privileges string `json:"privileges,omitempty"`
}

// UserQuit is a user who left.
type UserQuit struct {
	Reason string `json:"reason"`
}

// UserKilled is a user whom Source removed; no UserQuit follows.
type UserKilled struct {
	User   Ref    `json:"user"`
	Path   string `json:"path,omitempty"`
	Reason string `json:"reason"`
	// Quiet says that others are shown a plain quit (SVSKILL).
	Quiet bool  `json:"quiet,omitempty"`
	IfTS  int64 `json:"if_ts,omitempty"`
}

// UserSaved is a nick collision's loser, whose nick becomes its UID if its nick timestamp is TS (SAVE).
type UserSaved struct {
	User UID   `json:"user"`
	TS   int64 `json:"ts"`
}

// ---- channels

// Member is one user of a channel burst with its status mode letters, highest first ("qo", "o", "v", "").
type Member struct {
	User   UID    `json:"user"`
	Status string `json:"status,omitempty"`
}

// ListEntry is one entry of a list mode. SetBy and SetAt are "" and 0 where the protocol does not carry them.
type ListEntry struct {
	Letter string `json:"letter"` // mode letter
	Mask   string `json:"mask"`
	SetBy  string `json:"set_by,omitempty"`
	SetAt  int64  `json:"set_at,omitempty"`
}

// ChannelBurst creates a channel, merges a burst, or joins users with status (SJOIN).
type ChannelBurst struct {
	Channel string `json:"channel"`
	TS      int64  `json:"ts"`
	// HasModes is false when the line says nothing about modes (UnrealIRCd's live joins, "0" in TS6).
	HasModes bool        `json:"has_modes"`
	Modes    string      `json:"modes,omitempty"`
	Params   []string    `json:"params,omitempty"`
	Members  []Member    `json:"members,omitempty"`
	Lists    []ListEntry `json:"lists,omitempty"`
}

// Join is a plain join by Source. TS 0 with HasTS false is a join that carries no timestamp.
type Join struct {
	Channel string `json:"channel"`
	TS      int64  `json:"ts,omitempty"`
	HasTS   bool   `json:"has_ts,omitempty"`
}

// PartAll is Source leaving every channel (JOIN 0).
type PartAll struct{}

// Part is Source leaving channels.
type Part struct {
	Channels []string `json:"channels"`
	Reason   string   `json:"reason,omitempty"`
}

// Kick is a member whom Source removed.
type Kick struct {
	Channel string `json:"channel"`
	User    Ref    `json:"user"`
	Reason  string `json:"reason"`
}

// ChannelModes is a change of channel modes (TMODE, MODE). Users in Params are UIDs (TS6) or nicks (UnrealIRCd).
type ChannelModes struct {
	Channel string `json:"channel"`
	TS      int64  `json:"ts,omitempty"`
	// HasTS is false when the line carries none: the change applies whatever the channel's timestamp.
	HasTS  bool     `json:"has_ts"`
	Modes  string   `json:"modes"`
	Params []string `json:"params,omitempty"`
	// Service says that a services command demanded it for members by letter (UnrealIRCd SVSMODE #channel -o).
	Service bool `json:"service,omitempty"`
}

// TopicRule says when a topic replaces the one that is there.
type TopicRule string

// The topic rules (ts6.md 0.6 and section 5, unrealircd.md section 5).
const (
	TopicAlways TopicRule = "always" // a user's TOPIC
	TopicOlder  TopicRule = "older"  // TB: only an older topic, or where there is none
	TopicNewer  TopicRule = "newer"  // UnrealIRCd TOPIC from a server: only a newer topic, or where there is none
	TopicETB    TopicRule = "etb"    // ETB, TBURST: older channel timestamp, or equal and newer topic, or none
)

// Topic is a channel's topic.
type Topic struct {
	Channel string    `json:"channel"`
	Text    string    `json:"text"`
	Setter  string    `json:"setter,omitempty"` // "" is Source
	SetAt   int64     `json:"set_at,omitempty"` // 0 is now
	TS      int64     `json:"ts,omitempty"`     // channel timestamp (TopicETB)
	Rule    TopicRule `json:"rule"`
}

// ListBurst adds entries to a channel's list modes if TS is not newer than the channel's (BMASK, EBMASK).
type ListBurst struct {
	Channel string      `json:"channel"`
	TS      int64       `json:"ts"`
	Entries []ListEntry `json:"entries"`
}

// ModeLock is the set of mode letters that services keep as they are (MLOCK); "" is none.
type ModeLock struct {
	Channel string `json:"channel"`
	TS      int64  `json:"ts"`
	LockTS  int64  `json:"lock_ts,omitempty"`
	Letters string `json:"letters"`
}

// Invite is an invitation. Notice says that it only tells third parties (TS6 ENCAP INVITED); Inviter is then given.
type Invite struct {
	User     Ref    `json:"user"`
	Channel  string `json:"channel"`
	TS       int64  `json:"ts,omitempty"`
	Inviter  Ref    `json:"inviter,omitempty"`
	Notice   bool   `json:"notice,omitempty"`
	Override bool   `json:"override,omitempty"`
}

// Knock asks to be let into a channel.
type Knock struct {
	Channel string `json:"channel"`
	Reason  string `json:"reason,omitempty"`
}

// Resync asks us to send a channel again (hybrid RESYNC).
type Resync struct {
	Channel string `json:"channel"`
}

// ---- messages

// MessageKind is the command of a message.
type MessageKind string

// The kinds of messages.
const (
	Privmsg MessageKind = "PRIVMSG"
	Notice  MessageKind = "NOTICE"
	TagMsg  MessageKind = "TAGMSG"
	Echo    MessageKind = "ECHO"
)

// TargetKind says what a message's target is.
type TargetKind string

// The kinds of targets.
const (
	TargetUser       TargetKind = "user"        // UID, nick or nick@server
	TargetChannel    TargetKind = "channel"     // #channel
	TargetStatus     TargetKind = "status"      // @#channel, +#channel, =#channel: Status holds the prefix characters
	TargetServerMask TargetKind = "server_mask" // $$mask, $mask
	TargetHostMask   TargetKind = "host_mask"   // $#mask
	TargetEverybody  TargetKind = "everybody"   // NOTICE * of a server before or during the handshake
)

// Message is text (or only tags) to a target.
type Message struct {
	Kind       MessageKind `json:"kind"`
	TargetKind TargetKind  `json:"target_kind"`
	Target     string      `json:"target"`
	Status     string      `json:"status,omitempty"`
	Text       string      `json:"text"`
	// Echoes is the kind of message that an Echo shows to its sender again.
	Echoes MessageKind `json:"echoes,omitempty"`
}

// OperMessage is a message to operators or to users with a mode (WALLOPS, OPERWALL, GLOBOPS, LOCOPS, ADMINWALL, SNOTE,
// SENDUMODE, SENDSNO, SLOG, OPERSPY, TGINFO). Kind is the command; Audience what the command says of the recipients.
type OperMessage struct {
	Kind     string `json:"kind"`
	Audience string `json:"audience,omitempty"`
	Text     string `json:"text"`
}

// Numeric is a numeric reply that passes to a user behind us, or to us.
type Numeric struct {
	Code   int      `json:"code"`
	Target Ref      `json:"target"`
	Params []string `json:"params,omitempty"`
}

// StandardReply is FAIL, WARN or NOTE for a user behind us (UnrealIRCd SREPLY).
type StandardReply struct {
	User Ref    `json:"user"`
	Kind string `json:"kind"` // FAIL, WARN, NOTE
	Text string `json:"text"`
}

// Query is a question that a user asks of a server: VERSION, WHOIS, STATS and so on. Whoever it names must answer.
type Query struct {
	Command string   `json:"command"`
	Params  []string `json:"params,omitempty"`
}

// ---- services

// Force is what services or operators make a user do, or have done to it, on the user's own server: its server (us, if
// the user is ours) must perform it and tell the network.
type Force struct {
	Action  string   `json:"action"` // "nick", "join", "part", "login", or the protocol's command in lower case
	User    Ref      `json:"user"`
	Params  []string `json:"params,omitempty"`
	TS      int64    `json:"ts,omitempty"`    // of the new nick
	IfTS    int64    `json:"if_ts,omitempty"` // of the user's present nick
	Ordered bool     `json:"ordered,omitempty"`
}

// SASL is one step of an authentication that passes through the network. What the client and the mechanism say to each
// other (C) is a secret and is never kept.
type SASL struct {
	From Ref    `json:"from"`
	To   Ref    `json:"to"`
	Step string `json:"step"` // H, S, C, D, M
	// Params is what is no secret: host and address (H), mechanism (S), result (D), mechanisms (M).
	Params []string `json:"params,omitempty"`
}

// NickHold reserves a nick for a time (NICKDELAY, and hybrid's and UnrealIRCd's holds are NetworkBan); 0 seconds releases it.
type NickHold struct {
	Nick    string `json:"nick"`
	Seconds int64  `json:"seconds"`
}

// SWhois adds or removes an extra WHOIS line of a user.
type SWhois struct {
	User     Ref    `json:"user"`
	Remove   bool   `json:"remove,omitempty"`
	Tag      string `json:"tag,omitempty"`
	Priority int    `json:"priority,omitempty"`
	Text     string `json:"text,omitempty"`
	// Numeric and Modes are of hybrid's SVSTAG: the reply that shows the line, and the user modes of those who see it.
	Numeric int    `json:"numeric,omitempty"`
	Modes   string `json:"modes,omitempty"`
	IfTS    int64  `json:"if_ts,omitempty"`
}

// ---- network bans and metadata

// NetworkBan adds or removes a ban of the network, of whichever kind.
type NetworkBan struct {
	Remove     bool   `json:"remove,omitempty"`
	Kind       string `json:"kind"` // kline, dline, xline, resv, gline, gzline, shun, qline, spamfilter, exempt, ...
	User       string `json:"user,omitempty"`
	Host       string `json:"host"` // or the nick, channel, realname or text the kind is about
	SetBy      string `json:"set_by,omitempty"`
	SetAt      int64  `json:"set_at,omitempty"`
	Expires    int64  `json:"expires,omitempty"`  // seconds since 1970; 0 never, unless Duration says so
	Duration   int64  `json:"duration,omitempty"` // seconds; 0 permanent, unless Expires says so
	Lifetime   int64  `json:"lifetime,omitempty"` // seconds a removed ban is remembered
	Reason     string `json:"reason,omitempty"`
	OperReason string `json:"oper_reason,omitempty"`
	Extra      []Fact `json:"extra,omitempty"`
}

// Metadata sets or (Unset) removes a named value of a user, server, channel or membership.
type Metadata struct {
	Kind   string `json:"kind"` // client, channel, member, membership, globalvar
	Target string `json:"target"`
	Key    string `json:"key"`
	Value  string `json:"value,omitempty"`
	Unset  bool   `json:"unset,omitempty"`
}

// Housekeeping is a line that is understood and means nothing for the state that we follow (SMOD, REPUTATION, MECHLIST,
// IDENTIFIED, RRPC, ...). It is an event, so that counts add up.
type Housekeeping struct {
	Command string   `json:"command"`
	Params  []string `json:"params,omitempty"`
}

// Unknown is a line whose command the codec does not know; servers ignore such lines.
type Unknown struct {
	Line string `json:"line"`
}
