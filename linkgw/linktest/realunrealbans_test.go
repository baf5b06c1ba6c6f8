//go:build realpeers

package linktest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"robustirc/core/irc"
	"robustirc/linkgw/network"
)

// seenBan is a ban of the network, as the servers' STATS and as the model tell it.
type seenBan struct {
	kind, mask, setter, reason, extra string
	// set and expires are seconds since 1970; expires is 0 for one that never ends.
	set, expires int64
}

func (b seenBan) String() string {
	return strings.Join([]string{b.kind, b.mask, b.setter, b.reason, b.extra}, " ")
}

// bans asks for the network's bans, without those of the server's own configuration.
func (c *Client) bans() (list []seenBan) {
	c.t.Helper()
	for _, m := range c.Must("STATS gline", "STATS shun", "STATS Q", "STATS except", "STATS spamfilter") {
		if b, ok := banOf(&m, time.Now().Unix()); ok && !strings.HasPrefix(b.setter, "-") {
			list = append(list, b)
		}
	}
	return sortBans(list)
}

// banOf reads a reply to STATS (stats.c, tkl.c:tkl_stats_matcher): times are seconds from now.
func banOf(m *irc.Message, now int64) (b seenBan, ok bool) {
	p := append(m.Params(), make([]string, 12)...)
	expires, ago := "", ""
	switch m.Command {
	case "223":
		b = seenBan{kind: map[string]string{"G": "gline", "Z": "gzline", "s": "shun"}[p[1]], mask: p[2], setter: p[5]}
		expires, ago = p[3], p[4]
	case "217":
		b = seenBan{kind: "qline", mask: p[2], setter: p[5]}
		expires, ago = p[3], p[4]
	case "230":
		b = seenBan{kind: "exempt", mask: p[1], extra: p[2], setter: p[5]}
		expires, ago = p[3], p[4]
	case "229":
		b = seenBan{kind: "spamfilter", mask: m.Last(), extra: p[2] + " " + p[3] + " " + p[7], setter: p[9], reason: strings.ReplaceAll(p[8], "_", " ")}
		expires, ago = p[5], p[6]
	default:
		return b, false
	}
	if b.reason == "" {
		b.reason = m.Last()
	}
	if n, _ := strconv.ParseInt(expires, 10, 64); n != 0 {
		b.expires = now + n
	}
	n, err := strconv.ParseInt(ago, 10, 64)
	b.set = now - n
	return b, err == nil && b.kind != ""
}

// modelBan is how STATS shows a ban of the model.
func modelBan(b *network.Ban) seenBan {
	s := seenBan{kind: b.Kind, mask: b.User + "@" + b.Host, setter: b.SetBy, reason: b.Reason, set: b.SetAt, expires: b.Expires}
	extra := map[string]string{}
	for _, f := range b.Extra {
		extra[f.Key] = f.Value
	}
	switch {
	case b.Kind == "spamfilter":
		s.mask, s.extra = b.Host, extra["match_type"]+" "+extra["targets"]+" "+extra["duration"]
	case b.Kind == "exempt":
		s.extra = extra["ban_types"]
	case b.Kind == "qline":
		s.mask = b.Host
	case strings.HasSuffix(b.User, ":"): // an extended server ban is written in two parts (tkl.c)
		s.mask = b.User + b.Host
	}
	return s
}

func sortBans(list []seenBan) []seenBan {
	slices.SortFunc(list, func(a, b seenBan) int { return strings.Compare(a.String(), b.String()) })
	return list
}

// agreeBans holds that the model has the bans that the servers have.
func (n *unrealNet) agreeBans(what string, servers ...*Client) {
	n.t.Helper()
	Settle(n.f, n.oper, n.alice, n.bob)
	var has []seenBan
	n.f.Do(func(m *network.Network) {
		for _, b := range m.Bans() {
			has = append(has, modelBan(b))
		}
	})
	has = sortBans(has)
	for _, c := range servers {
		seen := c.bans()
		if fmt.Sprint(seen) != fmt.Sprint(has) {
			n.t.Fatalf("after %s %s has\n%q\nthe model\n%q", what, c.Server.Name, seen, has)
		}
		for i := range seen {
			if d := seen[i].set - has[i].set; max(d, -d) > 2 {
				n.t.Errorf("after %s %s was set at %d, in the model %d", what, seen[i], seen[i].set, has[i].set)
			}
			if d := seen[i].expires - has[i].expires; max(d, -d) > 2 {
				n.t.Errorf("after %s %s expires at %d, in the model %d", what, seen[i], seen[i].expires, has[i].expires)
			}
		}
		n.t.Logf("after %s %d bans agree with %s", what, len(seen), c.Server.Name)
	}
}

// TestRealUnrealBans holds that the network's bans in the model are those that the servers have, when they are set and
// removed on either, when copies merge, and when servers link again.
func TestRealUnrealBans(t *testing.T) {
	n := startUnreal(t, false)
	n.script(does(n.alice, "GLINE *@203.0.113.5 1h :gline: reason", "GZLINE *@203.0.113.0/24 1h :zline reason", "SHUN *@shun.example 30m :shunned", "GLINE %~account:evil 0 :soft + extended",
		"ELINE *@198.51.100.7 kGzZs 1h :exempt", "KLINE local@only.example 1h :local", "SPAMFILTER add -simple pcN block 1h Spam_is_not_ok *spamword*", `SPAMFILTER add -regex cpnN kill - Bad_url evil\.example\/[a-z]+`),
		does(n.bob, "GLINE *@203.0.113.9 1h :from the leaf", "GLINE nick@*.example 2d :two days"))
	n.agreeBans("setting them", n.oper, n.bob)
	n.script(does(n.bob, "GLINE -*@203.0.113.5", "SHUN -*@shun.example", "ELINE -*@198.51.100.7"),
		does(n.alice, "GLINE *@203.0.113.9 2h :longer", "SPAMFILTER del -simple pcN block 1h Spam_is_not_ok *spamword*"))
	n.agreeBans("removing and changing them", n.oper, n.bob)

	n.Split(n.f, n.oper)
	n.alice.Must("GLINE *@192.0.2.1 1h :hub", "GLINE *@192.0.2.2 1h :hub", "GLINE -nick@*.example")
	n.bob.Must("GLINE *@192.0.2.2 3h :leaf", "SHUN *@192.0.2.3 1h :leaf")
	n.Connect(n.f, n.oper)
	n.agreeBans("the rejoin", n.oper) // the leaf keeps the reason of its own copy (tkl.c:cmd_tkl_add)

	late := n.Follow(t, FollowOptions{Name: "second.example.net", SID: "00H"})
	n.f = late
	n.agreeBans("a burst", n.oper)
}
