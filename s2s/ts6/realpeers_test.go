//go:build realpeers

package ts6

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"robustirc/s2s"
)

// These tests link to real servers: Debian's ircd-hybrid, which .ci/run installs, and solanum when its installation is
// named. They run with the build tag only:
//
//	go test -tags realpeers ./s2s/ts6
//
// ROBUSTIRC_IRCD_HYBRID is the hybrid binary, /usr/sbin/ircd-hybrid by default. ROBUSTIRC_SOLANUM is the directory that
// solanum was installed to, with bin/solanum, which user nobody must be able to write to when the tests run as root;
// without it the solanum tests say that they are skipped.

// patience is how long anything that must happen may take on a busy machine.
const patience = 30 * time.Second

// realServer is a running server that takes links from gateway.example.net and second.example.net.
type realServer struct {
	dialect Dialect
	address string
}

// start runs a server with its configuration in a directory of its own, as a user who is not root, until the test ends.
func start(t *testing.T, d Dialect, config string, command func(dir, config string) *exec.Cmd) realServer {
	t.Helper()
	dir, err := os.MkdirTemp("", "robustirc-ts6-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	port := freePort(t)
	file := filepath.Join(dir, "ircd.conf")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(config, "$PORT", port)), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := command(dir, file)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Getuid() == 0 { // these servers refuse to run as root
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	log, err := os.Create(filepath.Join(dir, "output"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", d, err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			out, _ := os.ReadFile(log.Name())
			t.Logf("%s said:\n%s", d, out)
		}
	})
	s := realServer{d, "127.0.0.1:" + port}
	until(t, string(d)+" listens", func() bool {
		c, err := net.Dial("tcp", s.address)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return s
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

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never came that %s", what)
		}
	}
}

const hybridConfig = `
serverinfo { name = "hub.example.net"; description = "Hub"; network_name = "Ex"; network_description = "Ex"; hub = yes; sid = "00A"; default_max_clients = 1000; };
admin { name = "x"; description = "x"; email = "x"; };
class { name = "users"; ping_time = 90 seconds; number_per_ip_local = 500; max_number = 500; sendq = 1000 kbytes; };
class { name = "server"; ping_time = 90 seconds; connectfreq = 1 hour; max_number = 10; sendq = 20000 kbytes; };
listen { host = "127.0.0.1"; port = $PORT; };
auth { user = "*@*"; class = "users"; flags = exceed_limit; };
connect { name = "gateway.example.net"; host = "127.0.0.1"; send_password = "out"; accept_password = "in"; class = "server"; hub_mask = "*"; };
connect { name = "second.example.net"; host = "127.0.0.1"; send_password = "out"; accept_password = "in"; class = "server"; hub_mask = "*"; };
service { name = "gateway.example.net"; };
exempt { ip = "127.0.0.0/8"; };
general { disable_auth = yes; ts_max_delta = 300 seconds; throttle_count = 1000; };
modules { path = "/usr/lib/ircd-hybrid/modules"; path = "/usr/lib/ircd-hybrid/modules/autoload"; };
`

func startHybrid(t *testing.T) realServer {
	binary := os.Getenv("ROBUSTIRC_IRCD_HYBRID")
	if binary == "" {
		binary = "/usr/sbin/ircd-hybrid"
	}
	if _, err := os.Stat(binary); err != nil {
		t.Fatalf("%v: install Debian's ircd-hybrid, or set ROBUSTIRC_IRCD_HYBRID", err)
	}
	return start(t, Hybrid, hybridConfig, func(dir, config string) *exec.Cmd {
		return exec.Command(binary, "-foreground", "-configfile", config, "-pidfile", dir+"/pid", "-logfile", dir+"/log")
	})
}

const solanumConfig = `
serverinfo { name = "hub.example.net"; sid = "00A"; description = "Hub"; network_name = "Ex"; default_max_clients = 1000; };
admin { name = "x"; description = "x"; email = "x"; };
class "users" { ping_time = 2 minutes; number_per_ip = 500; number_per_ip_global = 500; number_per_cidr = 500; max_number = 500; sendq = 1000 kbytes; };
class "server" { ping_time = 5 minutes; connectfreq = 1 hour; max_number = 10; sendq = 20 megabytes; };
listen { host = "127.0.0.1"; port = $PORT; };
auth { user = "*@*"; class = "users"; flags = exceed_limit; };
connect "gateway.example.net" { host = "127.0.0.1"; send_password = "out"; accept_password = "in"; class = "server"; flags = topicburst; };
connect "second.example.net" { host = "127.0.0.1"; send_password = "out"; accept_password = "in"; class = "server"; flags = topicburst; };
service { name = "gateway.example.net"; };
channel { burst_topicwho = yes; };
general { disable_auth = yes; ts_max_delta = 300 seconds; throttle_count = 1000; default_floodcount = 1000; };
`

func startSolanum(t *testing.T) realServer {
	prefix := os.Getenv("ROBUSTIRC_SOLANUM")
	if prefix == "" {
		t.Skip("SKIPPED: set ROBUSTIRC_SOLANUM to the directory that solanum was installed to")
	}
	return start(t, Solanum, solanumConfig, func(dir, config string) *exec.Cmd {
		return exec.Command(filepath.Join(prefix, "bin/solanum"), "-foreground", "-configfile", config, "-pidfile", dir+"/pid", "-logfile", dir+"/log")
	})
}

func TestRealHybrid(t *testing.T) { testReal(t, startHybrid(t)) }

func TestRealSolanum(t *testing.T) { testReal(t, startSolanum(t)) }

// testReal holds that a real server takes what we say for what it means, and we what it says.
func testReal(t *testing.T, s realServer) {
	for _, hint := range []Dialect{"", s.dialect} {
		t.Run("dialect "+string(hint), func(t *testing.T) { testBurst(t, s, hint) })
	}
	t.Run("relay", func(t *testing.T) { testRelay(t, s) })
	t.Run("refusals", func(t *testing.T) { testRealRefusals(t, s) })
}

// testBurst bursts a network into the server, and looks at it from a second link and as a client.
func testBurst(t *testing.T, s realServer, hint Dialect) {
	gateway := dialLink(t, s, gatewayID(), Options{Dialect: hint})
	gateway.await(t, "the link stands", func() bool { return gateway.link.Established() })
	if got := gateway.link.Dialect(); got != string(s.dialect) {
		t.Fatalf("dialect %s", got)
	}
	users, channels := gateway.burst(t, 5000, 200)
	gateway.await(t, "the server has read our burst and ended its own", func() bool { return gateway.ponged && gateway.burstEnded })

	id := gatewayID()
	id.Server, id.SID = "second.example.net", "00H"
	second := dialLink(t, s, id, Options{Dialect: s.dialect})
	second.await(t, "the link stands", func() bool { return second.link.Established() })
	second.send(second.link.EndBurst()...)
	second.await(t, "the burst ends", func() bool { return second.burstEnded })
	second.compare(t, users, channels)

	client := dialClient(t, s)
	client.send("JOIN #c0")
	gateway.await(t, "the client joined", func() bool { return gateway.saw("join", "#c0") })
	client.send("PRIVMSG #c0 :hello")
	gateway.await(t, "the message came", func() bool { return gateway.saw("message", "hello") })
	gateway.say(t, "00GAAAAAA", s2s.Message{Kind: s2s.Privmsg, TargetKind: s2s.TargetChannel, Target: "#c0", Text: "good day"})
	client.await(t, "PRIVMSG #c0 :good day")
	gateway.say(t, "00GAAAAAA", s2s.Topic{Channel: "#c0", Text: "news", Rule: s2s.TopicAlways})
	client.await(t, "TOPIC #c0 :news")
	client.send("QUIT :bye")
	gateway.await(t, "the client quit", func() bool { return gateway.saw("user_quit", "") })
	if len(gateway.odd)+len(second.odd) > 0 {
		t.Errorf("not understood: %q %q", gateway.odd, second.odd)
	}
	second.close()
	gateway.close()
}

// burst says a network to the server, and returns what it is made of.
func (l *liveLink) burst(t *testing.T, users, channels int) (map[s2s.UID]s2s.UserIntroduced, map[string]s2s.ChannelBurst) {
	t.Helper()
	madeUsers, madeChannels := map[s2s.UID]s2s.UserIntroduced{}, map[string]s2s.ChannelBurst{}
	ts := time.Now().Unix() - 3600
	var uids []s2s.UID
	for i := range users {
		u := s2s.UserIntroduced{
			UID: s2s.UID("00G" + strings.ToUpper(fmt.Sprintf("AA%04x", i))[:6]), Nick: fmt.Sprintf("user%d", i), TS: ts + int64(i), Hops: 1,
			Ident: "ident", Host: fmt.Sprintf("h%d.example.net", i), IP: fmt.Sprintf("192.0.2.%d", i%256), Modes: "+i", Realname: "Name: with colon",
		}
		if i == 0 {
			u.UID = "00GAAAAAA"
		}
		u.RealHost = u.Host
		if i%3 == 0 {
			u.RealHost = "real" + u.Host
		}
		if i%2 == 0 {
			u.Account = fmt.Sprintf("acct%d", i)
		}
		madeUsers[u.UID] = u
		uids = append(uids, u.UID)
		l.say(t, "00G", u)
	}
	for i := range channels {
		c := s2s.ChannelBurst{Channel: fmt.Sprintf("#c%d", i), TS: ts, HasModes: true, Modes: "+nt"}
		if i > 0 {
			c.Modes, c.Params = "+ntlk", []string{"50", "key"}
		}
		for j := range min(1+i*2, users) {
			c.Members = append(c.Members, s2s.Member{User: uids[(i*7+j)%users], Status: []string{"o", "", "v", "ov"}[j%4]})
		}
		madeChannels[c.Channel] = c
		l.say(t, "00G", c)
		l.say(t, "00G", s2s.ListBurst{Channel: c.Channel, TS: ts, Entries: []s2s.ListEntry{{Letter: "b", Mask: "*!*@bad.example", SetBy: "x!y@z", SetAt: ts}, {Letter: "e", Mask: "*!*@good.example", SetBy: "x!y@z", SetAt: ts}}})
		rule := s2s.TopicETB
		if i%2 == 0 && l.codec().Dialect() != Hybrid {
			rule = s2s.TopicOlder
		}
		l.say(t, "00G", s2s.Topic{Channel: c.Channel, TS: ts, Text: fmt.Sprintf("topic: of %d é", i), Setter: "x!y@z", SetAt: ts, Rule: rule})
	}
	l.send(l.link.EndBurst()...)
	return madeUsers, madeChannels
}

// compare holds that a link was told of the same users, members, modes, lists and topics.
func (l *liveLink) compare(t *testing.T, users map[s2s.UID]s2s.UserIntroduced, channels map[string]s2s.ChannelBurst) {
	t.Helper()
	seen, members := map[s2s.UID]bool{}, map[string][]s2s.Member{}
	masks, topics := map[string]string{}, map[string]string{}
	for _, e := range l.events {
		switch b := e.Body.(type) {
		case s2s.UserIntroduced:
			want := users[b.UID]
			want.Hops = b.Hops
			seen[b.UID] = true
			if b != want {
				t.Fatalf("told of\n%+v, is\n%+v", b, want)
			}
		case s2s.ChannelBurst:
			members[b.Channel] = append(members[b.Channel], b.Members...)
			if want := channels[b.Channel]; b.TS != want.TS || sortedLetters(b.Modes) != sortedLetters(want.Modes) || len(b.Params) != len(want.Params) {
				t.Fatalf("told of\n%+v, is\n%+v", b, want)
			}
		case s2s.ListBurst:
			for _, entry := range b.Entries {
				masks[b.Channel] += entry.Letter + entry.Mask + " "
			}
		case s2s.Topic:
			topics[b.Channel] = b.Text + " by " + b.Setter
		}
	}
	if len(seen) != len(users) || len(members) != len(channels) {
		t.Fatalf("told of %d users and %d channels", len(seen), len(members))
	}
	for name, c := range channels {
		if got, want := sortedMembers(members[name]), sortedMembers(c.Members); !slices.Equal(got, want) {
			t.Fatalf("%s has %v, is %v", name, got, want)
		}
		if masks[name] != "b*!*@bad.example e*!*@good.example " {
			t.Fatalf("%s has masks %q", name, masks[name])
		}
		if want := "topic: of " + name[2:] + " é by x!y@z"; topics[name] != want {
			t.Fatalf("%s has topic %q, is %q", name, topics[name], want)
		}
	}
}

func sortedLetters(s string) string {
	b := []byte(s)
	slices.Sort(b)
	return string(b)
}

func sortedMembers(list []s2s.Member) []s2s.Member {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b s2s.Member) int { return strings.Compare(string(a.User), string(b.User)) })
	return list
}

// testRealRefusals holds that we understand why a real server refuses us.
func testRealRefusals(t *testing.T, s realServer) {
	first := dialLink(t, s, gatewayID(), Options{Dialect: s.dialect})
	first.await(t, "the link stands", func() bool { return first.link.Established() })
	for _, c := range []struct {
		name  string
		spoil func(id *s2s.Identity)
		skew  time.Duration
		cause s2s.Cause
	}{
		{"password", func(id *s2s.Identity) { id.SendPassword = "no" }, 0, s2s.CausePassword},
		{"no block", func(id *s2s.Identity) { id.Server = "other.example.net" }, 0, s2s.CauseUnknown},
		{"name", func(id *s2s.Identity) { id.Server = "gateway.example.net" }, 0, s2s.CauseNameInUse},
		{"SID", func(id *s2s.Identity) { id.SID = "00A" }, 0, s2s.CauseSIDInUse},
		{"clock", func(id *s2s.Identity) { id.MaxClockDelta = 24 * time.Hour }, 2 * time.Hour, s2s.CauseClock},
	} {
		id := gatewayID()
		id.Server, id.SID = "second.example.net", "00H"
		c.spoil(&id)
		l := dialSkewed(t, s, id, Options{Dialect: s.dialect}, c.skew)
		l.await(t, c.name+" ends the link", func() bool { return l.err != nil })
		if l.err.Cause != c.cause || l.err.Advice == "" {
			t.Errorf("%s: %v", c.name, l.err)
		}
		l.close()
	}
	first.close()
}

// liveLink is a link over TCP, driven by the test's goroutine.
type liveLink struct {
	link       *Link
	conn       net.Conn
	lines      *bufio.Reader
	skew       time.Duration
	events     []s2s.Event
	odd        []string // lines that are not understood
	burstEnded bool
	ponged     bool
	err        *s2s.LinkError
}

func dialLink(t *testing.T, s realServer, id s2s.Identity, o Options) *liveLink {
	return dialSkewed(t, s, id, o, 0)
}

// dialSkewed links with a clock that is wrong.
func dialSkewed(t *testing.T, s realServer, id s2s.Identity, o Options, skew time.Duration) *liveLink {
	t.Helper()
	dialer := net.Dialer{Control: smallSegments}
	conn, err := dialer.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	l := &liveLink{link: NewLink(id, o), conn: conn, lines: bufio.NewReader(conn), skew: skew}
	l.send(l.link.Start(l.now())...)
	return l
}

// smallSegments makes the loopback like a real network. solanum takes 16 KiB at a time (s_serv.c), with which the 64 KiB
// segments of the loopback stall for seconds.
func smallSegments(_, _ string, c syscall.RawConn) error {
	var err error
	if e := c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_MAXSEG, 1400) }); e != nil {
		return e
	}
	return err
}

func (l *liveLink) now() time.Time { return time.Now().Add(l.skew) }

func (l *liveLink) codec() *Codec { return l.link.codec }

func (l *liveLink) send(lines ...string) {
	if len(lines) > 0 {
		l.conn.Write([]byte(strings.Join(lines, "\r\n") + "\r\n")) // an error shows when reading
	}
}

// say sends what we make of an event.
func (l *liveLink) say(t *testing.T, source s2s.Ref, body s2s.Body) {
	t.Helper()
	l.sayTo(t, source, "", body)
}

// sayTo is say to the servers that a mask names.
func (l *liveLink) sayTo(t *testing.T, source s2s.Ref, mask string, body s2s.Body) {
	t.Helper()
	lines, err := l.codec().Encode(s2s.Event{Source: source, ServerMask: mask, Body: body})
	if err != nil {
		t.Fatal(err)
	}
	l.send(lines...)
}

// await reads lines until something holds.
func (l *liveLink) await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	l.conn.SetReadDeadline(time.Now().Add(patience))
	for !holds() {
		line, err := l.lines.ReadString('\n')
		if err != nil {
			t.Fatalf("it never came that %s: %v, %v", what, err, l.err)
		}
		if l.line(t, strings.TrimRight(line, "\r\n")); l.err != nil && !holds() {
			t.Fatalf("it never came that %s: %v", what, l.err)
		}
	}
}

func (l *liveLink) line(t *testing.T, line string) {
	t.Helper()
	step, err := l.link.Line(l.now(), line)
	l.send(step.Replies...)
	l.burstEnded = l.burstEnded || step.BurstEnded
	if step.Parse != nil {
		l.odd = append(l.odd, line)
	}
	for _, e := range step.Events {
		switch e.Body.(type) {
		case s2s.Unknown:
			l.odd = append(l.odd, line)
		case s2s.Pong:
			l.ponged = true
		}
		l.events = append(l.events, e)
	}
	if err != nil && !errors.As(err, &l.err) {
		t.Fatalf("%v is no LinkError", err)
	}
}

// saw reports whether there was an event of this name about a channel or with a text.
func (l *liveLink) saw(name, what string) bool {
	return slices.ContainsFunc(l.events, func(e s2s.Event) bool {
		return e.Body.Name() == name && strings.Contains(fmt.Sprintf("%+v", e.Body), what)
	})
}

// close ends the link and waits until the server has closed it.
func (l *liveLink) close() {
	if l.err != nil {
		l.conn.Close() // it is over, and we may be who said so
		return
	}
	if l.link.Established() {
		l.send(":" + string(l.link.id.SID) + " SQUIT " + string(l.link.Peer().SID) + " :done")
	}
	l.conn.SetReadDeadline(time.Now().Add(patience))
	for {
		if _, err := l.lines.ReadString('\n'); err != nil {
			l.conn.Close()
			return
		}
	}
}

// realClient is an IRC client.
type realClient struct {
	conn  net.Conn
	lines *bufio.Reader
}

func dialClient(t *testing.T, s realServer) *realClient {
	t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &realClient{conn, bufio.NewReader(conn)}
	c.send("NICK carol", "USER carol 0 * :Carol")
	c.await(t, " 001 ")
	return c
}

func (c *realClient) send(lines ...string) {
	c.conn.Write([]byte(strings.Join(lines, "\r\n") + "\r\n"))
}

// await reads until a line holds some text, and answers PING.
func (c *realClient) await(t *testing.T, text string) {
	t.Helper()
	c.conn.SetReadDeadline(time.Now().Add(patience))
	for {
		line, err := c.lines.ReadString('\n')
		if err != nil {
			t.Fatalf("waiting for %q: %v", text, err)
		}
		if rest, ok := strings.CutPrefix(line, "PING "); ok {
			c.send("PONG " + strings.TrimRight(rest, "\r\n"))
		}
		if strings.Contains(line, text) {
			return
		}
	}
}
