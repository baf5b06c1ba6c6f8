package network

import (
	"maps"
	"slices"

	"robustirc/s2s"
)

// UIDs returns the ids of all users, sorted; not to be kept for long.
func (n *Network) UIDs() []s2s.UID { return slices.Sorted(maps.Keys(n.users)) }

// ChannelNames returns the folded names of all channels, sorted; each finds its channel with Channel.
func (n *Network) ChannelNames() []string { return slices.Sorted(maps.Keys(n.channels)) }
