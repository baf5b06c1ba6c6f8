package original

import (
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/syndtr/goleveldb/leveldb"

	"robustirc/core/ircserver"
	"robustirc/core/robustsession"
)

const config = `SessionExpiration = "30m"
PostMessageCooloff = "0s"
CaptchaURL = "https://captcha.example.net"
Nonsense = 1
[IRC]
[[IRC.Operators]]
Name = "xeen"
Password = "hunter2 secret"
[[IRC.Services]]
Password = "mypass"
[TrustedBridges]
"bridgekey" = "a bridge"
[WhitelistedOrigins]
"https://webchat.example.net" = true
`

// chat is a small network's log.
func chat(e encoding) *network {
	n := newNetwork(e)
	n.raft(5)
	n.raft(1)
	n.add(message{Type: configuration, Data: config, Revision: 1})
	services := n.create()
	n.say(services, "PASS :services=mypass")
	n.say(services, "SERVER services.example.net 1 :Services")
	n.say(services, "NICK ChanServ 1 1422134861 services localhost.net services.localhost.net 0 :Channel Server")
	alice, bob := n.user("alice"), n.user("bob")
	n.say(alice, "JOIN #chan")
	n.say(bob, "JOIN #chan")
	n.say(alice, "MODE #chan +b *!*@robust/0x%x", bob)
	n.say(bob, "OPER xeen wrong")
	n.say(alice, "OPER xeen :hunter2 secret")
	n.say(alice, "PRIVMSG #chan :the secret word")
	n.add(message{Type: messageOfDeath, Session: id{Id: bob}, Data: "TOPIC #chan :"})
	n.say(4711, "PRIVMSG #chan :from nowhere")
	n.say(alice, "PRIVMSG bob :one\r\nQUIT :two")
	n.add(message{Type: deleteSession, Session: id{Id: bob}, Data: "Ping timeout (30m0s)"})
	return n
}

func importDir(t *testing.T, dir string, change func(*Options)) (*Summary, []ircserver.Input, *ircserver.Server) {
	t.Helper()
	o := Options{RaftDir: dir, Out: filepath.Join(t.TempDir(), "out.rirclog"), Network: "irc.example.net", MessageOffset: DefaultMessageOffset}
	if change != nil {
		change(&o)
	}
	sum, err := Import(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	inputs, m := replayed(t, o.Out)
	if uint64(len(inputs)) != sum.Inputs {
		t.Errorf("%d inputs in the log, %d in the summary", len(inputs), sum.Inputs)
	}
	return sum, inputs, m
}

// replayed reads a log stream and applies it.
func replayed(t *testing.T, path string) (all []ircserver.Input, m *ircserver.Server) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := robustsession.NewLogReader(f)
	var state []byte
	for {
		frame, err := r.Next()
		if err == io.EOF {
			return all, m
		}
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case frame.Header != nil && frame.Header.State != 0:
			t.Errorf("the state is of input %d", frame.Header.State)
		case frame.Kind == robustsession.LogFrameState:
			state = append(state, frame.Payload...)
		case frame.Kind == robustsession.LogFrameInputs:
			if m == nil {
				if m, err = ircserver.Restore(state); err != nil {
					t.Fatal(err)
				}
			}
			inputs, err := ircserver.DecodeBatch(frame.Payload)
			if err != nil || frame.First != uint64(len(all))+1 {
				t.Fatalf("batch from %d: %v", frame.First, err)
			}
			for i := range inputs {
				m.Apply(&inputs[i])
			}
			all = append(all, inputs...)
		}
	}
}

func lines(inputs []ircserver.Input) (list []string) {
	for i := range inputs {
		if inputs[i].Kind == ircserver.KindLine {
			list = append(list, inputs[i].Text)
		}
	}
	return list
}

func countOf(list []Count, what string) int64 {
	for _, c := range list {
		if strings.Contains(c.What, what) {
			return c.N
		}
	}
	return 0
}

func TestImportWholeLog(t *testing.T) {
	for _, e := range encodings {
		t.Run(e.name, func(t *testing.T) {
			dir := t.TempDir()
			chat(e).write(t, dir, 1)
			sum, inputs, m := importDir(t, dir, nil)

			if sum.First != 1 || sum.Last != 23 || sum.Sessions != 3 || sum.Snapshot {
				t.Errorf("summary: %+v", sum)
			}
			for what, n := range map[string]int64{"noop": 1, "raft: configuration": 1, "message_of_death": 1, "irc_from_client of a session that is gone": 1} {
				if countOf(sum.Skipped, what) != n {
					t.Errorf("%q is not counted %d times: %v", what, n, sum.Skipped)
				}
			}
			for what, n := range map[string]int64{"CaptchaURL": 1, "Nonsense": 1, "line break": 1} {
				if countOf(sum.Lost, what) != n {
					t.Errorf("%q is not counted %d times: %v", what, n, sum.Lost)
				}
			}
			create := inputs[1]
			if create.Kind != ircserver.KindCreate || create.AuthHash != sha256.Sum256([]byte("auth")) || create.Time != began+4*1e9 {
				t.Errorf("the first session: %+v", create)
			}
			if in := inputs[2]; in.Session != 2 || in.Granted != "services" || in.Text != "PASS :*" || in.Remote != "192.0.2.7" || in.ClientMsgID != 1004 {
				t.Errorf("PASS of services: %+v", in)
			}
			text := strings.Join(lines(inputs), "\n")
			for _, want := range []string{"MODE #chan +b *!*@robust/0x9\n", "OPER xeen *\nOPER xeen *\n", "PRIVMSG #chan :the secret word\nPRIVMSG bob :one"} {
				if !strings.Contains(text, want) {
					t.Errorf("there is no %q in\n%s", want, text)
				}
			}
			if strings.Contains(text, "hunter2") || strings.Contains(text, "mypass") || strings.Contains(text, "QUIT") {
				t.Errorf("there is what must not be in\n%s", text)
			}
			all := m.Sessions()
			if len(all) != 3 || all[1].Nick != "ChanServ" || all[2].Nick != "alice" || !all[2].Oper || all[2].Remote != "192.0.2.7" {
				t.Errorf("the sessions at the end: %+v", all)
			}
			if cfg := m.Config(); cfg.NetworkName != "irc.example.net" || cfg.SessionExpiration.Minutes() != 30 || len(cfg.Operators) != 1 ||
				len(cfg.TrustedBridges) != 1 || cfg.AllowedOrigins[0] != "https://webchat.example.net" {
				t.Errorf("the configuration: %+v", cfg)
			}
		})
	}
}

func TestImportIsTheSameInBothEncodings(t *testing.T) {
	var files [2][]byte
	for i, e := range encodings {
		dir := t.TempDir()
		chat(e).write(t, dir, 1)
		importDir(t, dir, func(o *Options) { o.Out = filepath.Join(dir, "out") })
		b, err := os.ReadFile(filepath.Join(dir, "out"))
		if err != nil {
			t.Fatal(err)
		}
		files[i] = b
	}
	if !slices.Equal(files[0], files[1]) {
		t.Error("the log streams differ")
	}
}

func TestImportRedacts(t *testing.T) {
	dir := t.TempDir()
	chat(encodings[1]).write(t, dir, 1)
	out := filepath.Join(t.TempDir(), "out")
	importDir(t, dir, func(o *Options) { o.Out, o.Redactor = out, ircserver.NewRedactor([]byte("key")) })
	for _, path := range []string{out, out + IDsSuffix} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"secret", "hunter2", "mypass", "192.0.2.7", "bridgekey", "Real name"} {
			if strings.Contains(string(b), secret) {
				t.Errorf("%s is in %s", secret, path)
			}
		}
	}
}

func TestImportChangesNothing(t *testing.T) {
	dir := t.TempDir()
	chat(encodings[0]).write(t, dir, 1)
	before := contents(t, dir)
	importDir(t, dir, nil)
	if after := contents(t, dir); before != after {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

func contents(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		sum := sha256.Sum256(content)
		b.WriteString(path + " " + string(sum[:4]) + "\n")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestImportRefuses(t *testing.T) {
	whole := t.TempDir()
	chat(encodings[1]).write(t, whole, 1)
	cut := t.TempDir()
	chat(encodings[1]).write(t, cut, 5)
	damaged := t.TempDir()
	n := chat(encodings[1])
	delete(n.entries, 7)
	n.write(t, damaged, 1)
	strange := t.TempDir()
	n = chat(encodings[1])
	n.entries[7] = []byte("p\x07")
	n.write(t, strange, 1)
	used := t.TempDir()
	chat(encodings[1]).write(t, used, 1)
	db, err := leveldb.OpenFile(filepath.Join(used, "raftlog"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()

	for _, c := range []struct {
		name, dir string
		is        error
		text      string
	}{
		{"nothing there", t.TempDir(), fs.ErrNotExist, "no raft log"},
		{"in use", used, ErrInUse, "stop this node"},
		{"cut without a snapshot", cut, ErrNoLog, "begins with entry 5"},
		{"an entry is missing", damaged, nil, "entry 8 follows entry 6"},
		{"no entry", strange, ErrFormat, "entry 7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			_, err := Import(t.Context(), Options{RaftDir: c.dir, Out: out, Network: "irc.example.net"})
			if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %v", err)
			}
			if left, _ := filepath.Glob(out + "*"); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
	out := filepath.Join(t.TempDir(), "out")
	if err := os.WriteFile(out, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Import(t.Context(), Options{RaftDir: whole, Out: out, Network: "irc.example.net"}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a file that is there: %v", err)
	}
	if b, _ := os.ReadFile(out); string(b) != "mine" {
		t.Errorf("the file that was there now holds %q", b)
	}
}
