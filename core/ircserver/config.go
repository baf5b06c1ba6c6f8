package ircserver

import "time"

// Config is the network's replicated configuration. It is parsed from TOML at the edge (a TOML library's upgrade must
// not split replicas) and reaches the machine in its own canonical encoding.
type Config struct {
	// Revision counts changes; an edit names the revision it was based on.
	Revision uint64
	// MachineVersion gates changes of behaviour; it is raised once every node runs a binary that knows it.
	MachineVersion uint32
	// NetworkName is shown in ISUPPORT NETWORK and 001, and is the name of the one server that clients see.
	NetworkName string
	// NetworkInfo is the server's description in WHOIS 312 and LINKS.
	NetworkInfo string
	// SessionExpiration ends sessions that posted nothing for so long; zero never.
	SessionExpiration time.Duration
	// RegistrationTimeout ends sessions that did not register in so long; zero never.
	RegistrationTimeout time.Duration
	// PostMessageCooloff is the highest throttling delay and the silence that resets it; zero does not throttle. Used at the edge.
	PostMessageCooloff time.Duration
	// MaxSessions and MaxChannels limit the network; zero is unlimited.
	MaxSessions, MaxChannels int
	// Owner, Admin and Halfop switch the member modes q, a and h on.
	Owner, Admin, Halfop bool
	// TestCommands enables PANIC, which makes the machine panic half way through a change; for tests of that only.
	TestCommands bool
	// DefaultUserModes are the user modes that every session starts with (letters that users may set themselves).
	DefaultUserModes string
	// MOTD is the message of the day, one line per element.
	MOTD []string
	// AdminInfo are the three lines of ADMIN (257, 258, 259).
	AdminInfo [3]string
	// Operators may OPER.
	Operators []Operator
	// Classes say what operators may do.
	Classes []OperClass
	// ServicesPasswords are bcrypt hashes that authorise services links (PASS services=).
	ServicesPasswords []string
	// Gateways may bring the users of other networks (docs/gateway.md). Since MachineVersion 2.
	Gateways []Gateway
	// TrustedBridges maps the SHA-256 (hex) of a bridge's key to its name; such a bridge's X-Forwarded-For is believed.
	TrustedBridges []NamedValue
	// Banned maps addresses or CIDR ranges to reasons.
	Banned []NamedValue
	// AllowedOrigins are the web origins that may use the API from a browser.
	AllowedOrigins []string
	// OutputWindow and OutputBytes bound the retained output tail by age and by size.
	OutputWindow time.Duration
	OutputBytes  int
	// Limits announced in ISUPPORT.
	Limits Limits
}

// NamedValue is one entry of an ordered table.
type NamedValue struct{ Name, Value string }

// Gateway is a link gateway that may become one (PASS gateway=, GATEWAY).
type Gateway struct {
	Name string
	// PasswordHash is bcrypt; it is checked at the edge, never here.
	PasswordHash string
}

// Operator is one operator block.
type Operator struct {
	Name string
	// PasswordHash is bcrypt; it is checked at the edge, never here.
	PasswordHash string
	// Class is the name of its class; "" is "admin", which may do everything unless Classes says otherwise.
	Class string
	// Hosts are the user@host masks it may come from; empty means any.
	Hosts []string
}

// OperClass is a named set of privileges.
type OperClass struct {
	Name string
	// Privileges are: kill, ban (GLINE and KLINE; exempt from bans), wallops, globops, massmessage (PRIVMSG $*),
	// permanent (channel mode P), auspex (sees invisible users, hidden channels and real addresses), or * for all.
	Privileges []string
}

// Limits are the numbers that ISUPPORT announces, in bytes or entries.
type Limits struct {
	NickLen, UserLen, HostLen, RealLen, ChannelLen, TopicLen, KickLen, AwayLen, KeyLen int
	ChannelsPerUser, ListEntries, ModesPerLine, TargetsPerMessage, Silence, Accept     int
}

// DefaultConfig is what a new network starts with: its first leader proposes it. Other defaults may be chosen in later
// releases; what is left out of a configuration file has them, too.
func DefaultConfig() Config {
	c := InitialConfig()
	c.MachineVersion = 2
	return c
}

// InitialConfig is what the machine of every network works with until the first KindConfig of its log. It never changes:
// a replica that replays a log from its beginning with another one would differ from the rest.
func InitialConfig() Config {
	return Config{
		MachineVersion:      1,
		NetworkName:         "robustirc.net",
		NetworkInfo:         "RobustIRC",
		SessionExpiration:   10 * time.Minute,
		RegistrationTimeout: time.Minute,
		PostMessageCooloff:  500 * time.Millisecond,
		Owner:               true, Admin: true, Halfop: true,
		DefaultUserModes: "ix",
		OutputWindow:     10 * time.Minute,
		OutputBytes:      64 << 20,
		Limits: Limits{
			NickLen: 30, UserLen: 16, HostLen: 63, RealLen: 150, ChannelLen: 50, TopicLen: 390, KickLen: 300, AwayLen: 300, KeyLen: 24,
			ChannelsPerUser: 100, ListEntries: 100, ModesPerLine: 6, TargetsPerMessage: 10, Silence: 32, Accept: 32,
		},
	}
}
