//go:build realpeers

package fakenet

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"robustirc/s2s"
)

// This test links to Debian's ircd-hybrid, which .ci/run installs. It runs with the build tag only:
//
//	go test -tags realpeers ./s2s/fakenet
//
// ROBUSTIRC_IRCD_HYBRID is the hybrid binary, /usr/sbin/ircd-hybrid by default.

const hybridConfig = `
serverinfo { name = "hub.example.net"; description = "Hub"; network_name = "Ex"; network_description = "Ex"; hub = yes; sid = "0HY"; default_max_clients = 1000; };
admin { name = "x"; description = "x"; email = "x"; };
class { name = "server"; ping_time = 90 seconds; connectfreq = 1 hour; max_number = 10; sendq = 20000 kbytes; };
listen { host = "127.0.0.1"; port = $PORT; };
connect { name = "load.example.net"; host = "127.0.0.1"; send_password = "out"; accept_password = "in"; class = "server"; };
connect { name = "second.example.net"; host = "127.0.0.1"; send_password = "out"; accept_password = "in"; class = "server"; };
exempt { ip = "127.0.0.0/8"; };
general { disable_auth = yes; ts_max_delta = 300 seconds; throttle_count = 1000; };
modules { path = "/usr/lib/ircd-hybrid/modules"; path = "/usr/lib/ircd-hybrid/modules/autoload"; };
`

// startHybrid runs ircd-hybrid until the test ends, as a user who is not root, and returns its address.
func startHybrid(t *testing.T) string {
	t.Helper()
	binary := os.Getenv("ROBUSTIRC_IRCD_HYBRID")
	if binary == "" {
		binary = "/usr/sbin/ircd-hybrid"
	}
	dir, err := os.MkdirTemp("", "robustirc-fakenet-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	port := freePort(t)
	config := filepath.Join(dir, "ircd.conf")
	if err := os.WriteFile(config, []byte(strings.ReplaceAll(hybridConfig, "$PORT", port)), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "-foreground", "-configfile", config, "-pidfile", dir+"/pid", "-logfile", dir+"/log")
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, t.Output(), t.Output()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Getuid() == 0 { // it refuses to run as root
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: install Debian's ircd-hybrid, or set ROBUSTIRC_IRCD_HYBRID", err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	address := net.JoinHostPort("127.0.0.1", port)
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return address
		} else if time.Now().After(end) {
			t.Fatalf("ircd-hybrid does not listen: %v", err)
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// runningLeaf is a leaf that a goroutine of the test runs.
type runningLeaf struct {
	*Leaf
	synced chan struct{}
	done   chan error
	stop   context.CancelFunc
}

func runLeaf(t *testing.T, address string, cfg LeafConfig) *runningLeaf {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return runLeafOver(t, conn, cfg)
}

// runLeafOver links over a connection. What the configuration leaves open is as for hybrid.
func runLeafOver(t *testing.T, conn net.Conn, cfg LeafConfig) *runningLeaf {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &runningLeaf{synced: make(chan struct{}), done: make(chan error, 1), stop: cancel}
	cfg.SendPassword, cfg.PeerName, cfg.Network.Start = "in", "hub.example.net", time.Now()
	setDefault(&cfg.AcceptPassword, "out")
	setDefault(&cfg.Network.Protocol, Hybrid)
	cfg.OnSynced = func() { close(r.synced) }
	l, err := NewLeaf(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r.Leaf = l
	go func() { r.done <- l.Run(ctx, conn) }()
	return r
}

// await waits until both bursts are over, and fails when the hub ends the link.
func (r *runningLeaf) await(t *testing.T) {
	t.Helper()
	select {
	case <-r.synced:
	case err := <-r.done:
		t.Fatalf("the hub refuses: %v", err)
	case <-time.After(patience):
		t.Fatal("the bursts never end")
	}
}

func (r *runningLeaf) end(t *testing.T) LeafSummary {
	t.Helper()
	r.stop()
	if err := <-r.done; err != nil {
		t.Errorf("the link ended: %v", err)
	}
	return r.Summary()
}

// told is what a leaf heard of the network behind the hub.
type told struct {
	users    map[s2s.UID]s2s.UserIntroduced
	members  map[string]map[s2s.UID]string
	channels map[string]s2s.ChannelBurst
	masks    map[string]int
	topics   map[string]string
}

func newTold() *told {
	return &told{map[s2s.UID]s2s.UserIntroduced{}, map[string]map[s2s.UID]string{}, map[string]s2s.ChannelBurst{}, map[string]int{}, map[string]string{}}
}

func (x *told) event(e s2s.Event) {
	switch b := e.Body.(type) {
	case s2s.UserIntroduced:
		x.users[b.UID] = b
	case s2s.ChannelBurst:
		x.channels[b.Channel] = b
		if x.members[b.Channel] == nil {
			x.members[b.Channel] = map[s2s.UID]string{}
		}
		for _, m := range b.Members {
			x.members[b.Channel][m.User] = m.Status
		}
	case s2s.ListBurst:
		x.masks[b.Channel] += len(b.Entries)
	case s2s.Topic:
		x.topics[b.Channel] = b.Text
	}
}

// TestRealHybrid holds that a real ircd-hybrid accepts fakenet as a leaf with 5,000 users, and that a second one
// sees each of them with every channel, status, mode, list and topic.
func TestRealHybrid(t *testing.T) {
	address := startHybrid(t)
	first := runLeaf(t, address, LeafConfig{Network: Config{Server: "load.example.net", SID: "9LD", Users: 5000, Channels: 1000, Seed: 1, NickPrefix: "L", ChannelPrefix: "l-"}})
	first.await(t)

	heard := newTold()
	second := runLeaf(t, address, LeafConfig{Network: Config{Server: "second.example.net", SID: "9LE", Users: 10, Channels: 2, Seed: 2, NickPrefix: "S", ChannelPrefix: "s-"}, OnEvent: heard.event})
	second.await(t)
	s := second.end(t)
	f := first.end(t) // its network does not move without traffic, and is looked at when it has ended
	t.Logf("hybrid read the burst of 5,000 users in %.3f s (%d lines), and told it in %.3f s (%d lines)", f.BurstAccepted, f.LinesSent, s.BurstHeard, s.LinesHeard)
	for _, x := range []LeafSummary{f, s} {
		if x.Dialect != "hybrid" || x.Unknown+x.Unread+x.Unsayable != 0 || x.Heard["user_killed"] != 0 || x.Heard["numeric"] != 0 {
			t.Errorf("%+v", x)
		}
	}
	heard.compare(t, first.net)
}

func (x *told) compare(t *testing.T, n *Network) {
	t.Helper()
	if len(x.users) != 5000 || len(x.members) != len(n.order) {
		t.Fatalf("%d users and %d of %d channels are seen", len(x.users), len(x.members), len(n.order))
	}
	for uid, u := range n.byUID {
		want := n.introduction(u)
		want.Hops = x.users[uid].Hops
		if x.users[uid] != want {
			t.Fatalf("seen is\n%+v, told was\n%+v", x.users[uid], want)
		}
	}
	for _, c := range n.order {
		for _, m := range c.members {
			if status, ok := x.members[c.name][m.user.uid]; !ok || status != m.status {
				t.Fatalf("%s has %q in %s, seen is %q (%v)", m.user.nick, m.status, c.name, status, ok)
			}
		}
		modes, _ := c.modes()
		if got := x.channels[c.name]; got.TS != c.ts || len(got.Modes) != len(modes) || len(x.members[c.name]) != len(c.members) {
			t.Fatalf("%s has %s, seen is %+v", c.name, modes, got)
		}
		if x.masks[c.name] != len(c.lists) || x.topics[c.name] != c.topic {
			t.Fatalf("%s has %d masks and topic %q, seen are %d and %q", c.name, len(c.lists), c.topic, x.masks[c.name], x.topics[c.name])
		}
	}
}

// TestRealHybridTraffic holds that what the leaf's users do passes a real ircd-hybrid without a complaint, and reaches a
// second leaf.
func TestRealHybridTraffic(t *testing.T) {
	address := startHybrid(t)
	second := runLeaf(t, address, LeafConfig{Network: Config{Server: "second.example.net", SID: "9LE", Users: 10, Channels: 2, Seed: 2, NickPrefix: "S", ChannelPrefix: "s-"}})
	second.await(t)
	first := runLeaf(t, address, LeafConfig{Network: Config{Server: "load.example.net", SID: "9LD", Users: 500, Channels: 50, Seed: 1, Rate: 2000, NickPrefix: "L", ChannelPrefix: "l-"}, Traffic: true, Duration: 2 * time.Second, OnEvent: func(e s2s.Event) {
		if _, ok := e.Body.(s2s.Numeric); ok {
			t.Logf("the hub complains: %+v", e.Body)
		}
	}})
	first.await(t)
	if err := <-first.done; err != nil {
		t.Fatalf("the hub ends the link: %v", err)
	}
	f, s := first.Summary(), second.end(t)
	t.Logf("%d happenings; the second leaf heard %v", f.Stats.Happenings, s.Heard)
	if f.Heard["user_killed"] != 0 || f.Heard["numeric"] != 0 || f.Unknown+f.Unread+f.Unsayable+s.Unknown+s.Unread != 0 {
		t.Errorf("%+v\n%+v", f, s)
	}
	for _, name := range []string{"user_introduced", "user_quit", "join", "part", "nick_changed", "away", "channel_modes", "kick", "topic"} {
		if s.Heard[name] == 0 {
			t.Errorf("the second leaf heard of no %s", name)
		}
	}
}
