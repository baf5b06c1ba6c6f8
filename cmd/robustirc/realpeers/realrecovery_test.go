//go:build realpeers

package realpeers

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"robustirc/linkgw"
	"robustirc/linkgw/linktest"
	livenet "robustirc/linkgw/network"
)

// cutTime is how long the link is cut, unless ROBUSTIRC_CUT says otherwise.
const cutTime = 3 * time.Second

// durationOf returns what an environment variable says, or a default.
func durationOf(t *testing.T, name string, otherwise time.Duration) time.Duration {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return d
}

// recover breaks one thing after the other: each time both networks must be equal again by themselves, with the gap stated.
func (s *mirrored) recover() {
	s.cutLink()
	s.killGateway()
	s.killLeader()
	s.restartServer()
}

// gapOf waits until a gap of a reason has ended, and returns it.
func (s *mirrored) gapOf(why linkgw.GapReason) (found linkgw.Gap) {
	s.t.Helper()
	s.l.await("there is a gap of "+string(why)+" that has ended", func(st *linkgw.Status) bool {
		for _, g := range st.Gaps {
			if g.Reason == why && !g.To.IsZero() {
				found = g
			}
		}
		return !found.To.IsZero()
	})
	s.t.Logf("gap %s: %v, %d lines", found.Reason, found.To.Sub(found.From), found.Lines)
	return found
}

func (s *mirrored) cutLink() {
	pause := durationOf(s.t, "ROBUSTIRC_CUT", cutTime)
	imports := s.l.status().Target.Imports
	s.tap.cut()
	s.l.await("it is seen that the link is cut", func(st *linkgw.Status) bool { return st.Link == nil && st.State != linkgw.StateLinked })
	s.act("anna", "NICK annabel", "TOPIC #split :while it was cut", "MODE #split +b cut!*@*", "JOIN #cut")
	s.act("gina", "PART #main :unseen", "AWAY :unseen")
	time.Sleep(pause)
	s.tap.open()
	s.linked("the link is there again", imports+1)
	if g := s.gapOf(linkgw.GapUnlinked); g.To.Sub(g.From) < pause {
		s.t.Errorf("the link was cut for %v, and the gap is %+v", pause, g)
	}
	s.checkBurst("the link was cut")
}

func (s *mirrored) killGateway() {
	s.l.kill(syscall.SIGKILL)
	s.act("anna", "NICK anna", "MODE #split -b cut!*@*", "TOPIC #split :nobody listens", "PART #cut")
	s.act("gina", "JOIN #main", "AWAY")
	s.leave("bert", "QUIT :unseen")
	// solanum can take more than a second to see that a connection is closed. It would refuse us by then, and the link that
	// is made by itself in five minutes would be used up.
	s.f.Await("the gateway is gone", func(m *livenet.Network) bool { return m.Server("gateway.example.net") == nil })
	s.l.start()
	s.linked("the new process is in step", 1)
	s.gapOf(linkgw.GapRestart)
	s.checkBurst("the gateway was killed")
}

func (s *mirrored) killLeader() {
	s.n.signal(s.n.leader(), syscall.SIGKILL)
	s.act("anna", "JOIN #leader", "TOPIC #leader :who leads?", "AWAY :in the meantime")
	s.act("gina", "NICK gina3")
	s.check("the leader was killed", nil)
	s.n.allReady()
	s.t.Logf("the link to the new network was opened %d times; gaps %+v", s.l.status().Target.Opened, s.l.status().Gaps)
}

// restartServer kills the server that the gateway is linked to, with all its clients, and runs it again.
func (s *mirrored) restartServer() {
	imports := s.l.status().Target.Imports
	s.tap.cut()
	s.live.Hub.Kill()
	for _, r := range mirrorRoles {
		if !r.leaf {
			delete(s.cast, r.nick)
		}
	}
	s.live.Hub.Run()
	for i, r := range mirrorRoles {
		if !r.leaf {
			s.enter(i)
		}
	}
	s.follow("third.example.net", "00I")
	s.act("god", "JOIN #fence,#main")
	s.act("fred", "JOIN #after", "TOPIC #after :the restart")
	s.tap.open()
	s.linked("the restarted server is linked", imports+1)
	s.gapOf(linkgw.GapUnlinked)
	s.checkBurst("the server was restarted")
	s.act("fred", "NICK freddy", "MODE #after +m")
	s.check("after the restart", nil)
	s.hear("gina")
}

// cycles is how often the gateway comes and goes: ROBUSTIRC_CYCLES, or 10.
func cycles(t *testing.T) int {
	text := os.Getenv("ROBUSTIRC_CYCLES")
	if text == "" {
		return 10
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("ROBUSTIRC_CYCLES: %v", err)
	}
	return n
}

// perProcess is how many links a process makes.
const perProcess = 10

// comeAndGo links and unlinks again and again, and holds that the live network is as it was before, and that nobody there
// heard of anything but of the observer.
func (s *mirrored) comeAndGo(n int) {
	s.t.Helper()
	if out, err := s.l.run("stop"); err != nil {
		s.t.Fatal(out, err)
	}
	s.l.cmd.Wait()
	before := s.lookAtLive()
	for _, c := range s.clients(nil) {
		c.Do() // answers to what was asked
	}
	begin := time.Now()
	admin := linkgw.NewAdminClient(filepath.Join(filepath.Dir(s.l.file), "admin.sock"))
	for done := 0; done < n; {
		s.l.start()
		for i := 0; i < perProcess && done < n; i++ {
			if i > 0 {
				if err := admin.Do("relink"); err != nil {
					s.t.Fatal(err)
				}
			}
			s.awaitLink(admin, i+1)
			done++
		}
		if err := admin.Do("stop"); err != nil {
			s.t.Fatal(err)
		}
		if err := s.l.cmd.Wait(); err != nil {
			s.t.Fatalf("after %d links the gateway ended with %v: %s", done, err, s.l.out.String())
		}
		s.heardNothing()
	}
	after := s.lookAtLive()
	if diff := linktest.Diff(before, after, linktest.DiffOptions{}); len(diff) > 0 {
		s.t.Errorf("%d links have changed the live network:\n\t%s", n, strings.Join(diff, "\n\t"))
	}
	s.t.Logf("after %d links in %.1f s all %d facts of the live network are as before", n, time.Since(begin).Seconds(), before.Facts())
}

// awaitLink waits until a process has made a number of links, and the new network is in step.
func (s *mirrored) awaitLink(admin *linkgw.AdminClient, links int) {
	s.t.Helper()
	waitUntil(s.t, "it is linked", func() bool {
		st, err := admin.Status()
		return err == nil && st.State == linkgw.StateLinked && st.Links == links && st.Target.Imports == links &&
			(st.Mode != "observer" || st.Observer != nil && len(st.Observer.Channels) == 1)
	})
}

// lookAtLive is all that the live network's clients see, without the gateway.
func (s *mirrored) lookAtLive() linktest.View {
	s.t.Helper()
	clients := s.clients(nil)
	linktest.Settle(s.f, clients...)
	var nicks []string
	for _, c := range clients {
		nicks = append(nicks, c.Nick)
	}
	return s.live.LookFor(s.t, nicks, clients...)
}

// heardNothing holds that clients were told of nothing but the observer; operators get notices of servers as well.
func (s *mirrored) heardNothing() {
	s.t.Helper()
	for _, c := range s.clients(nil) {
		for _, m := range c.Do() {
			_, rest, _ := strings.Cut(m.Source, "!")
			observer := strings.HasPrefix(rest, "robustirc@") && slices.Contains([]string{"JOIN", "QUIT"}, m.Command)
			if !observer && m.Command != "PONG" && !(m.Command == "NOTICE" && rest == "") {
				s.t.Errorf("%s heard %q while the gateway came and went", c.Nick, m.String())
			}
		}
	}
}
