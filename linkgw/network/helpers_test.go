package network_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"robustirc/linkgw/network"
)

// ignored lists what was passed over, by reason.
func ignored(n *network.Network) string {
	var b strings.Builder
	stats := n.Stats()
	for _, why := range slices.Sorted(maps.Keys(stats.Ignored)) {
		fmt.Fprintf(&b, "ignored %s %d\n", why, stats.Ignored[why])
	}
	return b.String()
}
