package original

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"robustirc/core/ircserver"
)

func at(nanos int64) pb { return pb{}.uint(1, uint64(nanos)) }

// snapshotState is a state with two users, services with a pseudo-client, and a session that has not logged in.
func snapshotState(last uint64) pb {
	session := func(number, reply uint64, nick, user string, more pb) pb {
		p := pb{}.msg(1, pb{}.fixed(1, DefaultMessageOffset+number).fixed(2, reply)).str(2, "auth of "+nick).str(3, nick).str(4, user).str(5, "Real name")
		return append(p.msg(7, at(began+50e9)).uint(21, 1).uint(22, uint64(began)+number*1e9).msg(18, pb{}.str(1, nick)), more...)
	}
	op := pb{}.str(1, "\x00")
	member := func(nick string, modes pb) pb { return pb{}.str(1, nick).msg(2, modes) }
	channel := pb{}.str(1, "#Chan").str(2, "somebody").msg(3, at(began+20e9)).str(4, "the topic of old").
		msg(5, member("bob", nil)).msg(5, member("al{ce", op)).msg(5, member("chanserv", op)).
		str(6, "n").str(6, "s").str(6, "r").str(6, "x").str(6, "k").msg(7, pb{}.str(1, "*!*@bad").str(2, ".*!.*@bad")).str(8, "thekey")
	plain := pb{}.str(1, "#plain").msg(5, member("bob", nil)).str(6, "t").str(6, "i")
	cfg := pb{}.uint(1, 3).msg(2, pb{}.msg(1, pb{}.str(1, "xeen").str(2, "hunter2")).msg(2, pb{}.str(1, "mypass"))).
		str(3, "30m0s").str(4, "500ms").msg(5, pb{}.str(1, "bridgekey").str(2, "a bridge")).uint(9, 4).msg(11, pb{}.str(1, "192.0.2.66").str(2, "spam"))
	return pb{}.msg(1, session(9, 0, "bob", "bob", pb{}.str(6, "#chan").str(12, "i").str(9, "out to lunch").str(23, "[2001:db8::7]:80"))).
		msg(1, session(5, 0, "al[ce", "alice", pb{}.uint(8, 1).str(12, "o").str(12, "r").str(12, "q").str(13, "42").str(11, "#plain").str(23, "192.0.2.7:4711"))).
		msg(1, session(3, 0, "services.example.net", "", pb{}.uint(15, 1).uint(21, 0))).
		msg(1, session(3, 77, "ChanServ", "services", nil)).
		msg(1, session(11, 0, "late", "", pb{}.uint(21, 2))).
		msg(2, channel).msg(2, plain).
		msg(3, pb{}.str(1, "held").msg(2, pb{}.msg(1, at(began)).str(2, "1h0m0s").str(3, "held by services"))).
		msg(5, cfg).uint(6, last)
}

// answers are what a line is answered on the machine, to the session that says it.
func answers(m *ircserver.Server, u ircserver.SessionID, line string) (list []string) {
	for _, o := range m.Apply(&ircserver.Input{Kind: ircserver.KindLine, Time: m.Now(), Session: u, Text: line}) {
		for r := range o.To.All {
			if r.Session == u {
				list = append(list, o.Line)
			}
		}
	}
	return list
}

func TestImportSnapshot(t *testing.T) {
	for _, e := range encodings {
		t.Run(e.name, func(t *testing.T) {
			n := newNetwork(e)
			for range 20 {
				n.raft(1)
			}
			bob := uint64(DefaultMessageOffset + 9)
			n.say(bob, "PRIVMSG #chan :in the snapshot")
			n.raft(1)
			n.say(bob, "PRIVMSG #chan :in the snapshot too")
			n.say(bob, "PRIVMSG #chan :behind it")
			dir := t.TempDir()
			n.write(t, dir, 22)
			old := newNetwork(e)
			old.raft(1)
			old.snapshot(t, dir, nil, 1, 0)
			delete(n.entries, 22) // a snapshot holds only commands
			n.snapshot(t, dir, snapshotState(20), 21, 21)
			n.snapshot(t, dir, snapshotState(20), 21, 23)
			sum, inputs, m := importDir(t, dir, nil)

			if !sum.Snapshot || sum.First != 21 || sum.Last != 24 || sum.Sessions != 4 {
				t.Errorf("summary: %+v", sum)
			}
			for _, c := range sum.Lost {
				if !slices.Contains([]string{"channel mode x", "user mode q"}, c.What) {
					t.Errorf("lost: %+v", c)
				}
			}
			text := strings.Join(lines(inputs), "\n")
			if strings.Contains(text, "hunter2") || strings.Contains(text, "mypass") || strings.Count(text, "in the snapshot") < 2 || !strings.HasSuffix(text, "behind it") {
				t.Errorf("the lines:\n%s", text)
			}
			ids := map[string]ircserver.SessionID{}
			for _, s := range m.Sessions() {
				ids[s.Nick] = s.ID
				if s.Nick == "bob" && (s.Remote != "192.0.2.7" || s.Created != began+9e9 || s.Channels != 2) {
					t.Errorf("bob: %+v", s)
				}
			}
			if len(ids) != 5 || ids[seedLink] != 0 || ids["late"] == 0 {
				t.Errorf("sessions: %v", ids)
			}
			for _, c := range []struct {
				line string
				want []string
			}{
				{"WHOIS al[ce", []string{"313 al[ce al[ce", "@#Chan"}},
				{"WHOIS bob", []string{"301 al[ce bob :out to lunch"}},
				{"NAMES #chan", []string{"@ChanServ", "@al[ce", " bob"}},
				{"TOPIC #chan", []string{":the topic of old", fmt.Sprintf("somebody %d", int64(began/1_000_000_000+20))}},
				{"MODE #chan b", []string{"*!*@bad"}},
				{"MODE #chan", []string{"+knrs thekey"}},
				{"MODE al[ce", []string{"+orx"}},
				{"JOIN #plain", []string{"JOIN #plain"}},
				{"MODE #plain", []string{"+it"}},
				{"NAMES #plain", []string{":bob al[ce"}},
			} {
				got := strings.Join(answers(m, ids["al[ce"], c.line), "\n")
				for _, w := range c.want {
					if !strings.Contains(got, w) {
						t.Errorf("%s: there is no %q in\n%s", c.line, w, got)
					}
				}
			}
			if got := strings.Join(answers(m, ids["late"], "NICK held"), "\n"); !strings.Contains(got, "held by services") {
				t.Errorf("the nick that services hold: %s", got)
			}
			if cfg := m.Config(); cfg.MaxSessions != 4 || cfg.Banned[0].Name != "192.0.2.66" || cfg.ServicesPasswords[0] != unusableHash {
				t.Errorf("configuration: %+v", cfg)
			}
		})
	}
}

func TestImportSnapshotWithAGap(t *testing.T) {
	n := newNetwork(encodings[1])
	for range 30 {
		n.raft(1)
	}
	dir := t.TempDir()
	n.write(t, dir, 25)
	n.snapshot(t, dir, snapshotState(20), 21, 20)
	_, err := Import(t.Context(), Options{RaftDir: dir, Out: dir + "/out", Network: "irc.example.net"})
	if err == nil || !strings.Contains(err.Error(), "ends with entry 20") {
		t.Errorf("error: %v", err)
	}
}

func TestImportSnapshotRedacts(t *testing.T) {
	n := newNetwork(encodings[1])
	for range 30 {
		n.raft(1)
	}
	dir := t.TempDir()
	n.write(t, dir, 21)
	n.snapshot(t, dir, snapshotState(20), 1, 0)
	if err := os.Rename(filepath.Join(dir, "snapshots", "1-0-1700000000000"), filepath.Join(dir, "snapshots", "x")); err != nil {
		t.Fatal(err)
	}
	meta := filepath.Join(dir, "snapshots", "x", "meta.json")
	b, err := os.ReadFile(meta)
	if err == nil {
		err = os.WriteFile(meta, []byte(strings.Replace(string(b), `"Index":0`, `"Index":20`, 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	_, _, m := importDir(t, dir, func(o *Options) { o.Out, o.Redactor = out, ircserver.NewRedactor([]byte("key")) })
	if sessions, channels := m.Counts(); sessions != 5 || channels != 2 {
		t.Errorf("%d sessions and %d channels", sessions, channels)
	}
	b, err = os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"topic of old", "lunch", "thekey", "held by", "192.0.2", "2001:db8", "bridgekey", "auth of", "hunter2", "mypass", "Real name", "spam"} {
		if strings.Contains(string(b), secret) {
			t.Errorf("%q is in the capture", secret)
		}
	}
}
