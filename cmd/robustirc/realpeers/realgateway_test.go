//go:build realpeers

package realpeers

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"robustirc/linkgw"
	"robustirc/linkgw/linktest"
	"robustirc/s2s"
)

// These tests have scripted real clients act on real servers, two of a kind, while "robustirc link" mirrors them into a
// network of three nodes, all of them processes. What a real client sees on the new network is held against what real
// clients see on the live one, and each byte that the gateway says to it against a list (linktap_test.go). For a kind that is
// not there they say SKIPPED and what to set.

func TestMirrorHybrid(t *testing.T) { mirrorReal(t, linktest.Hybrid) }

func TestMirrorSolanum(t *testing.T) { mirrorReal(t, linktest.Solanum) }

func TestMirrorUnreal(t *testing.T) { mirrorReal(t, linktest.Unreal) }

// mirrored is a live network, the gateway, and the new network.
type mirrored struct {
	t    *testing.T
	kind linktest.Kind
	live *linktest.Network
	f    *linktest.Follower // tells when what was said has come through on the live network
	cast map[string]*linktest.Client
	tap  *tap
	l    *linkProcess
	n    *network
	// watch is an operator of the new network, and of the channels that it is on.
	watch  *linktest.Client
	m      *mapping
	marks  int
	facts  int
	checks int
}

// watched are the channels on which the new network's client is from the beginning, so that it is shown all of them.
var watched = []string{"#main", "#lists", "#keyed", "#split", "#fence"}

const mirrorSecret = "gateway-secret"

// mirrorRoles are who acts on the live network; the first of each server is an operator there.
var mirrorRoles = []struct {
	nick string
	leaf bool
}{{"god", false}, {"anna", false}, {"bert", false}, {"carl", false}, {"dora", false}, {"emil", false}, {"fred", false},
	{"zeus", true}, {"gina", true}, {"hugo", true}, {"ida", true}, {"jan", true}}

// startMirror starts both networks and the cast; the gateway does not run yet.
func startMirror(t *testing.T, kind linktest.Kind) *mirrored {
	t.Helper()
	secure := kind == linktest.Unreal
	s := &mirrored{t: t, kind: kind, live: linktest.Start(t, kind, linktest.Options{Two: true, TLS: secure}), cast: map[string]*linktest.Client{}, m: newMapping(kind, watched)}
	s.n = startNetwork(t, "--unthrottled")
	s.configure()
	s.watch = linktest.DialOther(t, "robustirc", s.n.irc, linktest.ClientOptions{Nick: "watch", Ident: "watch", Realname: "Watch"})
	s.watch.Oper()
	s.watch.Must("JOIN " + strings.Join(watched, ","))
	address := fmt.Sprintf("127.0.0.1:%d", freePorts(t, 1))
	s.tap = startTap(t, s.live, address, secure)
	s.l = &linkProcess{t: t, file: s.linkConfig(address, secure)}
	for i := range mirrorRoles {
		s.enter(i)
	}
	s.follow("second.example.net", "00H")
	return s
}

// follow links the leaf that tells when things have come through, and the second server.
func (s *mirrored) follow(name string, sid s2s.SID) {
	s.t.Helper()
	s.f = s.live.Follow(s.t, linktest.FollowOptions{Name: name, SID: sid, TLS: s.kind == linktest.Unreal})
	s.cast["god"].Oper()
	s.live.Connect(s.f, s.cast["god"])
}

// enter connects a role. Each comes from an address of its own.
func (s *mirrored) enter(i int) {
	s.t.Helper()
	r := mirrorRoles[i]
	server := s.live.Hub
	if r.leaf {
		server = s.live.Leaf
	}
	s.cast[r.nick] = s.live.Dial(s.t, server, linktest.ClientOptions{Nick: r.nick, Ident: r.nick, Realname: "The real " + r.nick, From: fmt.Sprintf("127.0.1.%d", i+1)})
}

// configure names the gateway and an operator in the new network's configuration.
func (s *mirrored) configure() {
	s.t.Helper()
	set := func(key, name, passwordKey, password string) {
		hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
		if err != nil {
			s.t.Fatal(err)
		}
		s.n.setConfig(key, fmt.Sprintf(`[{Name = %q, %s = %q}]`, name, passwordKey, hash))
	}
	set("Gateways", "canary", "PasswordHash", mirrorSecret)
	set("IRC.Operators", linktest.OperName, "Password", linktest.OperPassword)
}

// linkConfig writes the gateway's configuration.
func (s *mirrored) linkConfig(address string, secure bool) string {
	s.t.Helper()
	dir := s.t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			s.t.Fatal(err)
		}
		return path
	}
	protocol, mode, accept, tlsPart := "ts6", "observer\"\nchannels = [\"#main\"]#", linktest.AcceptPassword, "plaintext = true"
	if secure {
		protocol, mode, accept = "unreal", "broadcast", linktest.LinkPassword
		tlsPart = fmt.Sprintf("[uplink.tls]\nfingerprint = %q", s.live.Hub.Fingerprint)
	}
	write("send", linktest.LinkPassword)
	write("accept", accept)
	write("password", mirrorSecret)
	return write("link.toml", fmt.Sprintf(`
[uplink]
address = %q
protocol = %q
server = "gateway.example.net"
sid = "9GW"
description = "A test"
peer = "hub.example.net"
services = [%q]
send_password_file = "send"
accept_password_file = "accept"
%s
[target]
servers = ["%s"]
ca = %q
gateway = "canary"
password_file = "password"
[capture]
mode = "%s"
[mirror]
hidden = true
oper_class = "mirrored"
[limits]
spool_dir = "spool"
[record]
dir = "record"
keep_text = true
[admin]
socket = "admin.sock"
`, address, protocol, linktest.ServicesName, tlsPart, strings.Join(s.n.servers, `", "`), s.n.caFile(), mode))
}

// act has somebody say lines that must not be refused, and lets them come through the live network.
func (s *mirrored) act(role string, lines ...string) {
	s.t.Helper()
	s.cast[role].Must(lines...)
	s.f.Fence()
}

// leave is act for somebody whose connection ends with it.
func (s *mirrored) leave(role, line string) {
	s.t.Helper()
	s.cast[role].Send(line)
	s.gone(role)
}

// gone waits until the server has closed a role's connection.
func (s *mirrored) gone(role string) {
	s.t.Helper()
	s.cast[role].Ended()
	delete(s.cast, role)
	s.f.Fence()
}

// clients are those of a server, or all, with the operator first.
func (s *mirrored) clients(of *linktest.Server) (list []*linktest.Client) {
	for _, name := range slices.Concat([]string{"god"}, slices.Sorted(maps.Keys(s.cast))) {
		if c := s.cast[name]; c != nil && (of == nil || c.Server == of) && !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	return list
}

// fence waits until the new network has what was said on the live one until now.
func (s *mirrored) fence() {
	s.t.Helper()
	s.marks++
	mark := "mark " + strconv.Itoa(s.marks) + " is here"
	s.act("god", "TOPIC #fence :"+mark)
	s.watch.Await("TOPIC", mark)
}

// check compares what clients see on both sides. server is whose clients look at the live network, nil is both.
func (s *mirrored) check(what string, server *linktest.Server) {
	s.t.Helper()
	clients := s.clients(server)
	linktest.Settle(s.f, clients...)
	s.fence()
	var nicks []string
	for _, c := range clients {
		nicks = append(nicks, c.Nick)
	}
	want := s.m.expected(s.live.LookFor(s.t, nicks, clients...))
	var diff []string
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		if diff = want.differs(s.m.look(s.watch, want)); len(diff) == 0 || time.Now().After(end) {
			break
		}
	}
	s.checks++
	s.facts += len(want.facts) + len(want.times)
	if len(diff) > 0 {
		st := s.l.status()
		s.t.Fatalf("%s: the new network is not as the live one:\n\t%s\ndivergences %+v\n%s", what, strings.Join(diff, "\n\t"), st.Divergences, s.l.out.String())
	}
	s.t.Logf("%s: %d facts are equal", what, len(want.facts)+len(want.times))
}

// checkBurst is check after servers have told each other what they have.
func (s *mirrored) checkBurst(what string) {
	s.t.Helper()
	s.m.burst = true
	s.check(what, nil)
	s.m.burst = false
}

// linked waits until the gateway is in step, with its observer where it has one.
func (s *mirrored) linked(what string, imports int) linkgw.Status {
	s.t.Helper()
	return s.l.await(what, func(st *linkgw.Status) bool {
		return st.State == linkgw.StateLinked && st.Target.Linked && st.Target.Imports >= imports &&
			(st.Mode != "observer" || st.Observer != nil && len(st.Observer.Channels) == 1)
	})
}

// mirrorReal is the whole play.
func mirrorReal(t *testing.T, kind linktest.Kind) {
	linktest.Available(t, kind)
	begin := time.Now()
	s := startMirror(t, kind)
	s.before()
	s.l.start()
	defer func() { s.l.kill(syscall.SIGKILL) }()
	s.linked("it is in step", 1)
	s.checkBurst("the burst")
	s.users()
	s.channels()
	s.doors()
	s.departures()
	s.powers()
	s.services()
	s.split()
	st := s.l.status()
	if len(st.Egress.Blocked) > 0 || st.CoverageBad != "" || len(st.Gaps) > 0 {
		t.Errorf("blocked %v, coverage %q, gaps %v", st.Egress.Blocked, st.CoverageBad, st.Gaps)
	}
	for _, d := range st.Divergences {
		t.Logf("divergence %+v", d)
	}
	s.recover()
	s.comeAndGo(cycles(t))
	t.Logf("%d checks, %d facts are equal, %.1f s", s.checks, s.facts, time.Since(begin).Seconds())
}

// before is what the burst brings.
func (s *mirrored) before() {
	s.act("god", "JOIN #fence", "JOIN #main")
	s.cast["zeus"].Oper()
	for _, role := range []string{"anna", "bert", "gina", "hugo"} {
		s.act(role, "JOIN #main")
	}
	s.act("god", "MODE #main +v anna", "MODE #main +o gina", "TOPIC #main :of before: with a colon", "MODE #main +b *!*@bad.example")
	s.act("bert", "AWAY :gone: out", "JOIN #keyed", "MODE #keyed +kl secret 10")
	s.act("ida", "JOIN #lists", "MODE #lists +s")
	s.act("jan", "JOIN #elsewhere", "TOPIC #elsewhere :not watched")
}

// users change what they are.
func (s *mirrored) users() {
	s.act("carl", "NICK carlos", "AWAY :soon", "AWAY :later")
	s.act("gina", "NICK GINA", "NICK gina2")
	s.act("bert", "AWAY")
	s.act("hugo", "MODE hugo +iw")
	s.act("hugo", "MODE hugo -w")
	s.act("zeus", "NICK Zeus2", "AWAY :with the others")
	s.check("users", nil)
}

// channels are changed in every way.
func (s *mirrored) channels() {
	s.act("carl", "JOIN #main")
	s.act("god", "MODE #main +o carlos", "MODE #main -o+v carlos carlos", "MODE #main -v anna")
	s.act("gina", "TOPIC #main :by the leaf's Gina", "MODE #main +mil 42", "MODE #main -i+s", "MODE #main -b *!*@bad.example")
	s.act("god", "TOPIC #main :")
	s.hear("carl")
	s.hear("gina")
	s.check("channels", nil)
}

// hear holds that the new network hears what somebody says on #main: the observer is there, or all text is broadcast.
func (s *mirrored) hear(role string) {
	s.t.Helper()
	s.marks++
	for _, command := range []string{"PRIVMSG", "NOTICE"} {
		text := fmt.Sprintf("%s says for the %d. time", s.cast[role].Nick, s.marks)
		s.act(role, command+" #main :"+text)
		if m := s.watch.Await(command, text); !strings.HasPrefix(m.Source, s.cast[role].Nick+"!") {
			s.t.Errorf("%s is said to be by %s", m.String(), m.Source)
		}
	}
}

// doors are keys, limits, invitations, bans and their exceptions.
func (s *mirrored) doors() {
	s.act("bert", "MODE #keyed -k secret", "MODE #keyed +k other", "MODE #keyed -l")
	s.act("dora", "JOIN #keyed other")
	s.act("ida", "MODE #lists +b *!*@bad.example", "MODE #lists +bb a!*@* b!*@*", "MODE #lists -b a!*@*", "MODE #lists +e *!*@good.example", "MODE #lists +I *!*@friend.example")
	switch s.kind {
	case linktest.Solanum:
		s.act("ida", "MODE #lists +q quiet!*@*", "MODE #lists +b $a:somebody")
	case linktest.Hybrid:
		s.act("ida", "MODE #lists +b $m:mute!*@*", "MODE #lists +e $a:somebody")
	case linktest.Unreal:
		s.act("ida", "MODE #lists +b ~quiet:quiet!*@*", "MODE #lists +e ~account:somebody")
	}
	s.act("emil", "JOIN #inv", "MODE #inv +i", "INVITE hugo #inv")
	s.cast["hugo"].Await("INVITE", "#inv")
	s.act("hugo", "JOIN #inv")
	s.check("doors", nil)
}

// departures are parts, kicks, kills and quits.
func (s *mirrored) departures() {
	s.act("gina", "MODE #main -m")
	s.act("god", "JOIN #inv2,#inv3", "PART #inv2 :seen", "KICK #main bert :out: of here")
	s.act("hugo", "PART #inv :bye: bye")
	s.act("gina", "KICK #main anna")
	s.act("anna", "JOIN #alone", "MODE #alone +t", "PART #alone")
	s.cast["god"].Send("KILL fred :on the same server")
	s.gone("fred")
	s.cast["god"].Send("KILL jan :on the other server")
	s.gone("jan")
	s.leave("emil", "QUIT :bye: bye")
	s.check("departures", nil)
}

// split parts the servers, has both sides go on by themselves, and links them again.
func (s *mirrored) split() {
	s.act("anna", "JOIN #split", "TOPIC #split :before")
	s.act("ida", "JOIN #split")
	s.act("anna", "MODE #split +o ida")
	s.live.Split(s.f, s.cast["god"])
	s.check("the split", s.live.Hub)
	s.act("anna", "MODE #split +mk alpha", "MODE #split +b hub!*@*", "TOPIC #split :the hub's")
	s.cast["ida"].Must("MODE #split +ik beta", "MODE #split +l 5", "MODE #split +b leaf!*@*", "AWAY :split")
	s.cast["hugo"].Must("JOIN #onlyleaf", "TOPIC #onlyleaf :of the leaf", "NICK taken")
	time.Sleep(1100 * time.Millisecond) // timestamps are seconds: the second of the nicks must lose
	s.act("dora", "NICK taken")
	s.live.Connect(s.f, s.cast["god"])
	s.drop("dora", "hugo")
	s.checkBurst("the rejoin")
}

// drop forgets those whose connection ended without their doing.
func (s *mirrored) drop(roles ...string) {
	for _, role := range roles {
		if s.cast[role].Gone() {
			delete(s.cast, role)
		}
	}
	s.f.Fence()
}
