package fakenet

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"robustirc/core/irc"
	"robustirc/s2s"
)

// Protocol is what the network speaks.
type Protocol string

// The protocols.
const (
	TS6    Protocol = "ts6"    // as solanum
	Hybrid Protocol = "hybrid" // TS6 as ircd-hybrid
	Unreal Protocol = "unreal" // UnrealIRCd 6
)

// The values of Config.Broadcast, UnrealIRCd's set::broadcast-channel-messages.
const (
	BroadcastAuto   = "auto"   // to links with a member, and of channels with history (+H) to all
	BroadcastAlways = "always" // to all links
)

// Config makes a network. Equal configurations make equal networks.
type Config struct {
	Protocol Protocol
	// Server and SID are of the hub, or of the leaf that we play.
	Server      string
	SID         s2s.SID
	Description string
	Network     string // its name
	Users       int    // people; services come on top
	Channels    int
	Servers     int // with the hub, without services; a leaf has one
	Seed        uint64
	Rate        float64 // happenings a second, on average
	Broadcast   string
	Scenario    string // a name of Scenarios
	// Start is the time at which the network stands; what is older in it counts back from there.
	Start time.Time
	// AsLeaf makes a network that is one server to be linked to another: no services, no operators, no servers behind.
	AsLeaf bool
	// NickPrefix and ChannelPrefix keep a leaf's names apart from those of the network it links to.
	NickPrefix, ChannelPrefix string
	// Truth keeps for each happening who must have seen it. It costs time with large channels.
	Truth bool
}

// The limits of a Config.
const (
	MaxUsers    = 2_000_000
	MaxChannels = 500_000
	MaxServers  = 500
	MaxRate     = 200_000
)

// withDefaults fills what is not said, and refuses what cannot be.
func (c Config) withDefaults() (Config, error) {
	setDefault(&c.Protocol, TS6)
	setDefault(&c.Server, "hub.example.net")
	setDefault(&c.SID, s2s.SID("00A"))
	setDefault(&c.Description, "A simulated network")
	setDefault(&c.Network, "ExampleNet")
	setDefault(&c.Servers, 4)
	setDefault(&c.Rate, 20)
	setDefault(&c.Broadcast, BroadcastAuto)
	setDefault(&c.Scenario, "mixed")
	if c.Start.IsZero() {
		return c, errors.New("fakenet: the network needs a time to start at")
	}
	if c.AsLeaf {
		c.Servers = 1
	}
	return c, c.check()
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (c *Config) check() error {
	switch {
	case traitsOf[c.Protocol] == nil:
		return fmt.Errorf("fakenet: there is no protocol %q; it is ts6, hybrid or unreal", c.Protocol)
	case !s2s.ValidSID(string(c.SID)):
		return fmt.Errorf("fakenet: %q is no server id: it is a digit and two of A-Z and 0-9", c.SID)
	case !strings.Contains(c.Server, "."):
		return fmt.Errorf("fakenet: %q is no server name: it needs a dot", c.Server)
	case c.Users < 1 || c.Users > MaxUsers:
		return fmt.Errorf("fakenet: users must be from 1 to %d", MaxUsers)
	case c.Channels < 1 || c.Channels > MaxChannels:
		return fmt.Errorf("fakenet: channels must be from 1 to %d", MaxChannels)
	case c.Servers < 1 || c.Servers > MaxServers:
		return fmt.Errorf("fakenet: servers must be from 1 to %d", MaxServers)
	case c.Rate <= 0 || c.Rate > MaxRate:
		return fmt.Errorf("fakenet: the rate must be over 0 and at most %d", MaxRate)
	case c.Broadcast != BroadcastAuto && c.Broadcast != BroadcastAlways:
		return fmt.Errorf("fakenet: broadcast is %s or %s", BroadcastAuto, BroadcastAlways)
	case scenarios[c.Scenario] == nil:
		return fmt.Errorf("fakenet: there is no scenario %q; there are %s", c.Scenario, strings.Join(Scenarios(), ", "))
	}
	return nil
}

// Scenarios are the names of the mixes of traffic.
func Scenarios() []string { return slices.Sorted(maps.Keys(scenarios)) }

// traits are what the protocols differ in.
type traits struct {
	fold      irc.Casemapping
	lists     string // letters of list modes
	statuses  string // letters, highest first
	flags     string // channel modes without parameter that are toggled
	userModes string
	operModes string
	save      bool // a nick collision's loser keeps its connection
}

var traitsOf = map[Protocol]*traits{
	TS6:    {irc.RFC1459, "bbbbqeI", "ov", "imspcCgzQrT", "iw", "aiosw", true},
	Hybrid: {irc.ASCII, "bbbbeI", "ohv", "imspcCRT", "iw", "aiosw", false},
	Unreal: {irc.ASCII, "bbbbbeI", "qaohv", "imspcCGKMRSTV", "iwx", "iowx", false},
}
