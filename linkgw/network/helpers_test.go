package network_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"robustirc/linkgw/network"
	"robustirc/s2s"
	"robustirc/s2s/ts6"
	"robustirc/s2s/unreal"
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

func codecFor(dialect string) s2s.Codec {
	if strings.HasPrefix(dialect, "unreal") {
		return unreal.CodecOf(nil)
	}
	d := ts6.Dialect(dialect)
	return ts6.NewCodec(d, ts6.Offer(d)...)
}

// applyText applies lines; those that begin with '>' are ours.
func applyText(n *network.Network, codec s2s.Codec, text string) {
	now := int64(1800000000)
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		line, own := strings.CutPrefix(line, ">")
		e, err := codec.Decode(strings.TrimPrefix(line, " "))
		if err != nil {
			continue
		}
		if own {
			n.Say(now, e)
		} else {
			n.Apply(now, e)
		}
	}
}
