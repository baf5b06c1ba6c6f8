//go:build realpeers

package realpeers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"robustirc/core/robustsession"
)

// What the issue promises for a steady sender of 20 messages a second.
const (
	steadyInterval = 50 * time.Millisecond
	medianGap      = 1500 * time.Millisecond
	worstGap       = 3 * time.Second
	cleanGap       = 200 * time.Millisecond
	// stockCleanGap is more: Debian's bridge waits for up to half a second after a stream has ended, as it must when
	// the node goes away.
	stockCleanGap    = 800 * time.Millisecond
	leaderKills      = 20
	leaderCleanStops = 5
	// writesPerFailover is how many writes follow one another until a message is acknowledged by a new leader: the votes,
	// the first entry of the term on two disks, and the message on two disks.
	writesPerFailover = 6
	failoverAttempts  = 2
)

// path is one way into the network: a sender that says a line, and the arrivals of its lines at a receiver.
type path struct {
	name     string
	say      func(line string)
	arrivals func() []arrival
	sent     int
}

// ircPath is a pair of IRC clients at an address.
func ircPath(t *testing.T, name, addr string) *path {
	channel := "#gap-" + name
	from, to := dialRaw(t, addr, "from"+name, channel), dialRaw(t, addr, "to"+name, channel)
	return &path{
		name:     name,
		say:      func(line string) { from.send("PRIVMSG " + channel + " :" + line) },
		arrivals: func() []arrival { return to.arrivals("PRIVMSG " + channel) },
	}
}

// apiPath is a pair of RobustSession version 1 sessions over HTTP/1.1.
func apiPath(t *testing.T, n *network, name string) *path {
	t.Helper()
	channel := "#gap-" + name
	client := robustsession.NewClient(robustsession.ClientConfig{Servers: n.servers, TLS: n.tls(), HTTP1: true})
	t.Cleanup(client.Close)
	ctx, cancel := context.WithCancel(context.Background())
	from, to := apiSession(t, ctx, client, "from"+name, channel), apiSession(t, ctx, client, "to"+name, channel)
	var mu sync.Mutex
	var lines []arrival
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			received, err := to.Receive(ctx)
			mu.Lock()
			for _, l := range received {
				if strings.Contains(l.Text, "PRIVMSG "+channel) {
					lines = append(lines, arrival{l.Text, time.Now()})
				}
			}
			mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	queue := make(chan string, 10_000)
	posted := make(chan struct{})
	go func() { // one POST at a time, as the protocol demands
		defer close(posted)
		for line := range queue {
			if err := from.Post(ctx, line); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { close(queue); cancel(); <-done; <-posted })
	return &path{
		name:     name,
		say:      func(line string) { queue <- "PRIVMSG " + channel + " :" + line },
		arrivals: func() []arrival { mu.Lock(); defer mu.Unlock(); return slices.Clone(lines) },
	}
}

// apiSession registers a session and joins a channel.
func apiSession(t *testing.T, ctx context.Context, client *robustsession.Client, nick, channel string) robustsession.Session {
	t.Helper()
	s, err := client.Create(ctx, robustsession.Options{})
	if err == nil {
		err = s.Post(ctx, "NICK "+nick, "USER "+nick+" 0 * :"+nick, "JOIN "+channel)
	}
	if err != nil {
		t.Fatal(err)
	}
	for {
		lines, err := s.Receive(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lines {
			if strings.Contains(l.Text, " 366 ") {
				return s
			}
		}
	}
}

// talk lets all paths send a line every steadyInterval, for d and until ok returns true.
func talk(t *testing.T, paths []*path, d time.Duration, ok func() bool) {
	t.Helper()
	begin := time.Now()
	next := begin
	for time.Since(begin) < d || !ok() {
		for _, p := range paths {
			p.sent++
			p.say(fmt.Sprintf("line %d", p.sent))
		}
		next = next.Add(steadyInterval)
		time.Sleep(time.Until(next))
		if time.Since(begin) > 2*patience {
			t.Fatal("the network does not recover")
		}
	}
}

// gapSince is the longest time without an arrival since a moment, its end included.
func (p *path) gapSince(since time.Time) (gap time.Duration) {
	last := since
	for _, a := range p.arrivals() {
		if a.at.After(since) {
			gap = max(gap, a.at.Sub(last))
			last = a.at
		}
	}
	return max(gap, time.Since(last))
}

// upToDate reports whether everything but the latest second has arrived.
func (p *path) upToDate() bool { return len(p.arrivals()) >= p.sent-20 }

// check verifies that every line arrived once and in order.
func (p *path) check(t *testing.T) {
	t.Helper()
	waitUntil(t, "all lines of "+p.name+" arrive", func() bool { return len(p.arrivals()) >= p.sent })
	for i, a := range p.arrivals() {
		if want := fmt.Sprintf(":line %d", i+1); !strings.HasSuffix(a.line, want) {
			t.Fatalf("%s: arrival %d is %q, want %q", p.name, i+1, a.line, want)
		}
	}
}

// measureGaps signals the leader a number of times and returns the gaps of each path.
func measureGaps(t *testing.T, n *network, paths []*path, sig syscall.Signal, times int) map[string][]time.Duration {
	t.Helper()
	gaps := make(map[string][]time.Duration)
	for range times {
		n.allReady()
		leader := n.leader()
		talk(t, paths, time.Second, func() bool { return all(paths, (*path).upToDate) })
		at := time.Now()
		n.signal(leader, sig)
		talk(t, paths, 3*time.Second, func() bool { return all(paths, (*path).upToDate) })
		for _, p := range paths {
			gaps[p.name] = append(gaps[p.name], p.gapSince(at).Round(time.Millisecond))
		}
	}
	return gaps
}

func all(paths []*path, ok func(*path) bool) bool {
	for _, p := range paths {
		if !ok(p) {
			return false
		}
	}
	return true
}

// TestFailover measures how long a steady sender is held up when the leader goes, on every way into the network at the
// same time. A machine that has other things to do at the wrong moment makes a measurement bad; a fault of ours makes the
// second one bad, too.
func TestFailover(t *testing.T) {
	var report []string
	t.Cleanup(func() { t.Log("measured:\n" + strings.Join(report, "\n")) }) // runs last: behind the logs of the nodes
	n := startNetwork(t, "--unthrottled")
	machine := watchStalls(t, n.dir)
	for attempt := 1; ; attempt++ {
		lines, bad := measureFailover(t, n, machine, fmt.Sprint("try", attempt))
		report = append(report, lines...)
		if !bad {
			return
		}
		if attempt == failoverAttempts {
			t.Fatal("messages were held up too long, see what was measured, at the end")
		}
	}
}

// measureFailover kills and stops leaders once. It returns what it found in words, and whether anything was too slow:
// beyond what is promised and writesPerFailover of the machine's slowest write meanwhile.
func measureFailover(t *testing.T, n *network, machine *stalls, id string) (report []string, bad bool) {
	paths := []*path{ircPath(t, "listener"+id, n.irc), ircPath(t, "stock"+id, startStockBridge(t, n)), apiPath(t, n, "api"+id)}
	machine.take()
	killed := measureGaps(t, n, paths, syscall.SIGKILL, leaderKills)
	killStall := machine.take().Round(time.Millisecond)
	stopped := measureGaps(t, n, paths, syscall.SIGTERM, leaderCleanStops)
	stopStall := machine.take().Round(time.Millisecond)
	for i, p := range paths {
		p.check(t)
		clean := cleanGap
		if i == 1 {
			clean = stockCleanGap
		}
		k, s := killed[p.name], stopped[p.name]
		slices.Sort(k)
		slices.Sort(s)
		slow := k[len(k)/2] > medianGap+writesPerFailover*killStall || k[len(k)-1] > worstGap+writesPerFailover*killStall ||
			s[len(s)/2] > clean+writesPerFailover*stopStall
		bad = bad || slow
		report = append(report,
			fmt.Sprintf("%s: leader killed: median %v, worst %v %v; slowest write %v", p.name, k[len(k)/2], k[len(k)-1], k, killStall),
			fmt.Sprintf("%s: leader stopped: median %v, worst %v %v; slowest write %v; too slow: %v", p.name, s[len(s)/2], s[len(s)-1], s, stopStall, slow))
	}
	return report, bad
}
