//go:build realpeers

package realpeers

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"robustirc/core/irc"
	"robustirc/linkgw"
	"robustirc/s2s"
	"robustirc/s2s/fakenet"
)

// The new network is stopped for stopTime, or for what ROBUSTIRC_STOP says, while stopRate things happen a second.
const (
	stopTime = 10 * time.Second
	stopRate = 500
	// pongTime is how soon PING is to be answered, besides what the machine itself stands still.
	pongTime = time.Second
	// moreMemory is how much more memory the gateway may need while the new network is stopped.
	moreMemory = 100 << 20
)

// pongTap is between the gateway and its hub and takes the time from each PING to its PONG.
type pongTap struct {
	t    *testing.T
	hub  string
	ln   net.Listener
	work sync.WaitGroup

	mu    sync.Mutex
	asked time.Time // when the PING that waits came, zero without one
	pongs int
	worst time.Duration
	links int
}

func startPongTap(t *testing.T, hub string) *pongTap {
	t.Helper()
	ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", freePorts(t, 1)))
	if err != nil {
		t.Fatal(err)
	}
	p := &pongTap{t: t, hub: hub, ln: ln}
	p.work.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			p.work.Go(func() { p.serve(conn) })
		}
	})
	t.Cleanup(func() { ln.Close(); p.work.Wait() })
	return p
}

func (p *pongTap) serve(gateway net.Conn) {
	defer gateway.Close()
	hub, err := net.Dial("tcp", p.hub)
	if err != nil {
		p.t.Error(err)
		return
	}
	p.mu.Lock()
	p.links++
	p.mu.Unlock()
	var back sync.WaitGroup
	back.Go(func() { p.copy(gateway, hub, "PING"); gateway.Close() })
	p.copy(hub, gateway, "PONG")
	hub.Close()
	back.Wait()
}

// copy passes lines on, and takes the time when one is of a command.
func (p *pongTap) copy(to io.Writer, from io.Reader, command string) {
	for r := bufio.NewReader(from); ; {
		line, err := r.ReadString('\n')
		if words := strings.Fields(line); len(words) > 1 && (words[0] == command || words[1] == command) {
			p.note(command == "PING", time.Now())
		}
		if _, failed := io.WriteString(to, line); err != nil || failed != nil {
			return
		}
	}
}

func (p *pongTap) note(ping bool, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case ping && p.asked.IsZero():
		p.asked = now
	case !ping && !p.asked.IsZero():
		p.worst = max(p.worst, now.Sub(p.asked))
		p.asked = time.Time{}
		p.pongs++
	}
}

// take returns the slowest answer since the last call, one that is still awaited included, and how many there were.
func (p *pongTap) take() (worst time.Duration, pongs, links int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	worst, pongs = p.worst, p.pongs
	if !p.asked.IsZero() {
		worst = max(worst, time.Since(p.asked))
	}
	p.worst, p.pongs = 0, 0
	return worst, pongs, p.links
}

// spoken is what was said on the simulated network's channels, in order.
type spoken struct {
	mu        sync.Mutex
	byChannel map[string][]string
}

func (s *spoken) note(h fakenet.Happening) {
	m, ok := h.Event.Body.(s2s.Message)
	if !ok || m.TargetKind != s2s.TargetChannel || m.Status != "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byChannel[strings.ToLower(m.Target)] = append(s.byChannel[strings.ToLower(m.Target)], m.Text)
}

func (s *spoken) of(channel string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.byChannel[strings.ToLower(channel)])
}

// serveLoad runs a simulated network that a lot happens on, until the test ends.
func serveLoad(t *testing.T, said *spoken) (address string) {
	t.Helper()
	hub, err := fakenet.NewHub(fakenet.HubConfig{SendPassword: "in", AcceptPassword: "out", PingEvery: time.Second + 500*time.Millisecond, OnHappening: said.note,
		Network: fakenet.Config{Protocol: fakenet.Unreal, Users: 1000, Channels: 50, Seed: 5, Rate: stopRate, Start: time.Now(), Broadcast: fakenet.BroadcastAlways}})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", freePorts(t, 1)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- hub.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		s := hub.Summary()
		t.Logf("the simulated network: %.0f happenings a second, %d lines", s.Rate, s.LinesSent)
		if len(s.Violations) > 0 || s.Unread > 0 {
			t.Errorf("the simulated network says: %+v, %d lines unread", s.Violations, s.Unread)
		}
	})
	return ln.Addr().String()
}

// loadLink writes the configuration of a gateway between a simulated network and a real one.
func loadLink(t *testing.T, n *network, address string) *linkProcess {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(mirrorSecret), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	n.setConfig("Gateways", fmt.Sprintf(`[{Name = "canary", PasswordHash = %q}]`, hash))
	dir := t.TempDir()
	text := fmt.Sprintf(`
[uplink]
address = %q
protocol = "unreal"
server = "gateway.example.net"
sid = "9GW"
services = ["services.example.net"]
send_password_file = "send"
accept_password_file = "accept"
plaintext = true
[target]
servers = ["%s"]
ca = %q
gateway = "canary"
password_file = "password"
[capture]
mode = "broadcast"
[mirror]
hidden = true
[limits]
spool_dir = "spool"
ring_bytes = "1 MiB"
[admin]
socket = "admin.sock"
`, address, strings.Join(n.servers, `", "`), n.caFile())
	for name, content := range map[string]string{"link.toml": text, "send": "out", "accept": "in", "password": mirrorSecret} { // each is a file of its own
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return &linkProcess{t: t, file: filepath.Join(dir, "link.toml")}
}

// TestNewNetworkStopped stops all nodes of the new network while a lot happens on the other one: the link there stays up
// and PING is answered, the gateway's memory is bounded, and afterwards all that was said comes, in order.
func TestNewNetworkStopped(t *testing.T) {
	stop := durationOf(t, "ROBUSTIRC_STOP", stopTime)
	said := &spoken{byChannel: map[string][]string{}}
	n := startNetwork(t, "--unthrottled")
	t.Cleanup(func() { n.signalAll(syscall.SIGCONT) })
	n.setConfig("SessionExpiration", `"1h0m0s"`) // or nobody is left after a stop of ten minutes
	tap := startPongTap(t, serveLoad(t, said))
	l := loadLink(t, n, tap.ln.Addr().String())
	machine := watchStalls(t, n.dir)
	l.start()
	defer func() { l.kill(syscall.SIGKILL) }()
	l.await("it is in step", inStep)
	ear, channels := listen(t, n)
	waitUntil(t, "there is talk", func() bool { return len(ear.arrivals("PRIVMSG #")) > 100 })

	before := l.status()
	tap.take()
	machine.take()
	n.signalAll(syscall.SIGSTOP)
	most, spooled := watchStopped(t, l, stop)
	worst, pongs, links := tap.take()
	stalled := machine.take()
	saidUntil := map[string]int{}
	for _, name := range channels {
		saidUntil[name] = len(said.of(name))
	}
	n.signalAll(syscall.SIGCONT)
	resumed := time.Now()
	after := caughtUp(t, l, patience+stop)
	t.Logf("stopped for %v: %d PONGs, the slowest after %v (slowest write of the machine %v); memory %d MiB before, at most %d MiB; %d lines waited at most, %d bytes on disk; caught up in %v; lines posted %d; opened %d",
		stop, pongs, worst, stalled, before.MemoryBytes>>20, most>>20, spooled, after.Spool.DiskPeak, time.Since(resumed).Round(time.Millisecond), after.Target.Posted-before.Target.Posted, after.Target.Opened)
	for _, row := range after.Coverage.Rows {
		if row.Seen > 100 {
			t.Logf("%s: %d seen, %d translated, %d effects, skipped %v", row.Command, row.Seen, row.Translated, row.EffectOnly, row.Skipped)
		}
	}
	refused := 0 // messages that the new network's own rules stopped
	for _, d := range after.Divergences {
		t.Logf("divergence %+v", d)
		if d.Command == "PRIVMSG" || d.Command == "NOTICE" {
			refused += int(d.Count)
		}
	}
	switch {
	case links != 1 || after.Links != 1:
		t.Errorf("the link did not stay up: %d links", links)
	case pongs == 0 || worst > pongTime+stalled:
		t.Errorf("%d PONGs, the slowest after %v", pongs, worst)
	case most > before.MemoryBytes+moreMemory:
		t.Errorf("the gateway had %d MiB, and %d MiB before", most>>20, before.MemoryBytes>>20)
	case after.GapLines > 0 || len(after.Gaps) > 0:
		t.Errorf("there are gaps: %+v", after.Gaps)
	case spooled < stopRate/2*int64(stop/time.Second): // half, because a machine that is busy is late
		t.Errorf("only %d lines waited", spooled)
	}
	if missed := inOrder(t, said, ear, saidUntil); len(missed) > refused {
		t.Errorf("%d messages are missing, and %d were refused: %q", len(missed), refused, tail(missed))
	}
}

// caughtUp waits until the gateway is in step again.
func caughtUp(t *testing.T, l *linkProcess, atMost time.Duration) (s linkgw.Status) {
	t.Helper()
	for end := time.Now().Add(atMost); ; time.Sleep(100 * time.Millisecond) {
		if s = l.status(); inStep(&s) && s.Target.Behind < 1 {
			return s
		}
		if time.Now().After(end) {
			t.Fatalf("it does not catch up: %+v\n%s", s, l.out.String())
		}
	}
}

// inStep reports whether nothing waits.
func inStep(s *linkgw.Status) bool {
	return s.State == linkgw.StateLinked && s.Target.Linked && s.Target.Imports >= 1 && s.Spool.Items < 200
}

// watchStopped waits, and returns the most memory and the most lines that waited meanwhile.
func watchStopped(t *testing.T, l *linkProcess, d time.Duration) (memory uint64, lines int64) {
	admin := linkgw.NewAdminClient(filepath.Join(filepath.Dir(l.file), "admin.sock"))
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		s, err := admin.Status()
		if err != nil {
			t.Fatal(err)
		}
		memory, lines = max(memory, s.MemoryBytes), max(lines, s.Spool.Items+int64(s.Target.Pending))
	}
	return memory, lines
}

// listen has a client of the new network join the channels that most are on.
func listen(t *testing.T, n *network) (*rawClient, []string) {
	t.Helper()
	c := dialRaw(t, n.irc, "ear", "#ear")
	c.send("LIST")
	c.await(" 323 ")
	var names []string
	size := map[string]int{}
	for _, a := range c.arrivals(" 322 ear #") {
		words := strings.Fields(a.line)
		if count, err := strconv.Atoi(words[4]); err == nil && words[3] != "#ear" {
			names = append(names, words[3])
			size[words[3]] = count
		}
	}
	slices.SortFunc(names, func(a, b string) int { return size[b] - size[a] })
	names = names[:min(len(names), 10)]
	for _, name := range names {
		c.send("JOIN " + name)
	}
	c.send("PING :joined")
	c.await("PONG")
	return c, names
}

// inOrder holds that what a client heard on channels is what was said there, each once and in order, at least until a
// number of messages in each, and returns what is missing in between.
func inOrder(t *testing.T, said *spoken, ear *rawClient, until map[string]int) (missing []string) {
	t.Helper()
	total := 0
	for name, least := range until { // each channel by itself
		var heard []string
		waitUntil(t, "all that was said on "+name+" is heard", func() bool {
			heard = heardOn(ear, name)
			_, end := within(heard, said.of(name))
			return len(heard) == 0 || end >= least
		})
		missed, end := within(heard, said.of(name))
		if end < 0 {
			t.Errorf("%s: what was heard is not in the order in which it was said:\n%q\n%q", name, tail(heard), tail(said.of(name)))
		}
		missing = append(missing, missed...)
		total += len(heard)
	}
	t.Logf("%d messages on %d channels came in order", total, len(until))
	if total < 100 {
		t.Error("there was no talk")
	}
	return missing
}

// heardOn is what a client has heard on a channel.
func heardOn(ear *rawClient, channel string) (texts []string) {
	for _, a := range ear.arrivals(" " + channel + " :") {
		var m irc.Message
		if err := m.Parse(a.line); err == nil && (m.Command == "PRIVMSG" || m.Command == "NOTICE") && strings.EqualFold(m.Param(0), channel) {
			texts = append(texts, m.Last())
		}
	}
	return texts
}

func tail(list []string) []string { return list[max(0, len(list)-20):] }

// within returns where some lines end among others, in which they must be in order, -1 when they are not; and those in
// between that are missing.
func within(some, all []string) (missed []string, end int) {
	i := 0
	for k, line := range all {
		switch {
		case i == len(some):
			return missed, k
		case some[i] == line:
			i++
		case i > 0:
			missed = append(missed, line)
		}
	}
	if i < len(some) {
		return missed, -1
	}
	return missed, len(all)
}
