//go:build realpeers

package realpeers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"robustirc/linkgw"
	"robustirc/linkgw/linktest"
)

// linkProcess is a running "robustirc link".
type linkProcess struct {
	t    *testing.T
	file string // link.toml
	cmd  *exec.Cmd
	out  bytes.Buffer
}

func (l *linkProcess) run(args ...string) (string, error) {
	out, err := exec.Command(binary, append(append([]string{"link"}, args...), "--config", l.file)...).CombinedOutput()
	return string(out), err
}

func (l *linkProcess) start() {
	l.t.Helper()
	l.cmd = exec.Command(binary, "link", "--config", l.file)
	l.cmd.Stderr = &l.out
	if err := l.cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
}

func (l *linkProcess) kill(sig syscall.Signal) error {
	l.cmd.Process.Signal(sig)
	return l.cmd.Wait()
}

// status asks the process; the zero status while it does not answer.
func (l *linkProcess) status() (s linkgw.Status) {
	out, _ := l.run("status", "--json") // its exit code says what the JSON says
	if i := strings.LastIndex(out, "\n}\n"); i >= 0 {
		if err := json.Unmarshal([]byte(out[:i+2]), &s); err != nil {
			l.t.Fatalf("%v: %s", err, out)
		}
	}
	return s
}

func (l *linkProcess) await(what string, holds func(s *linkgw.Status) bool) linkgw.Status {
	l.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		s := l.status()
		if holds(&s) {
			return s
		}
		if time.Now().After(end) {
			l.t.Fatalf("it never came that %s: %+v\n%s", what, s, l.out.String())
		}
	}
}

// setUpLink names the gateway on the network, writes link.toml, and puts what link check prints into the configuration of the
// existing network's server.
func setUpLink(t *testing.T, n *network, live *linktest.Network) *linkProcess {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	send, accept := "we-send-this", "we-accept-this"
	protocol, conf := "ts6", "ircd.conf"
	if live.Kind == linktest.Unreal {
		protocol, conf, accept = "unreal", "unrealircd.conf", send
	}
	l := &linkProcess{t: t}
	write("send", send, 0o600)
	write("accept", accept, 0o600)
	write("password", "gateway-secret", 0o600)
	l.file = write("link.toml", fmt.Sprintf(`
[uplink]
address = %q
protocol = %q
server = "mirror.example.net"
sid = "9GW"
peer = "hub.example.net"
send_password_file = "send"
accept_password_file = "accept"
[uplink.tls]
fingerprint = %q
[target]
servers = ["%s"]
ca = %q
gateway = "canary"
password_file = "password"
[capture]
mode = "observer"
channels = ["#live"]
[limits]
spool_dir = "spool"
[record]
dir = "record"
[admin]
socket = "admin.sock"
`, live.Hub.Address(true), protocol, live.Hub.Fingerprint, strings.Join(n.servers, `", "`), filepath.Join(n.dir, "tls", "ca.pem")), 0o600)

	out, err := l.run("check", "--show-passwords", "--from", "127.0.0.1")
	if err != nil {
		t.Fatal(out, err)
	}
	block := ""
	for _, part := range strings.Split(out, "\n# ")[1:] {
		name, text, _ := strings.Cut(part, "\n")
		if (live.Kind == linktest.Hybrid) == strings.HasPrefix(name, "ircd-hybrid") {
			block = text
		}
	}
	live.Hub.Kill()
	path := filepath.Join(live.Hub.Dir, conf)
	old, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, append(old, block...), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	live.Hub.Run()

	hash := exec.Command(binary, "config", "hash")
	hash.Stdin = strings.NewReader("gateway-secret")
	hashed, err := hash.Output()
	if err != nil {
		t.Fatal(err)
	}
	editor := write("editor", fmt.Sprintf("#!/bin/sh\nprintf '\\n[[Gateways]]\\nName = \"canary\"\\nPasswordHash = \"%s\"\\n' >> \"$1\"\n", strings.TrimSpace(string(hashed))), 0o700)
	edit := exec.Command(binary, "config", "edit", "--network", strings.Join(n.servers, ","), "--tls-ca", filepath.Join(n.dir, "tls", "ca.pem"), "--password-file", filepath.Join(n.dir, "password"))
	edit.Env = append(os.Environ(), "EDITOR="+editor)
	if out, err := edit.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	return l
}

// TestLinkFollowsRealNetwork links the program to real servers with the block that it prints, with TLS and an observer, and
// looks with a real client at what the new network has: before and after kills of either side.
func TestLinkFollowsRealNetwork(t *testing.T) {
	for _, kind := range []linktest.Kind{linktest.Hybrid, linktest.Solanum, linktest.Unreal} {
		t.Run(string(kind), func(t *testing.T) { followRealNetwork(t, kind) })
	}
}

func followRealNetwork(t *testing.T, kind linktest.Kind) {
	live := linktest.Start(t, kind, linktest.Options{})
	n := startNetwork(t)
	l := setUpLink(t, n, live)
	anna := live.Dial(t, live.Hub, linktest.ClientOptions{Nick: "anna", Ident: "anna", Realname: "Anna A"})
	bert := live.Dial(t, live.Hub, linktest.ClientOptions{Nick: "bert", Ident: "bert", Realname: "Bert B"})
	anna.Must("JOIN #live", "TOPIC #live :what was before", "MODE #live +l 42", "MODE #live +b *!*@bad.example")
	bert.Must("JOIN #live", "AWAY :gone fishing")
	anna.Must("MODE #live +v bert")
	l.start()
	defer func() { l.kill(syscall.SIGKILL) }()
	l.await("it is linked and in step, with the observer on #live", func(s *linkgw.Status) bool {
		return s.State == linkgw.StateLinked && s.Target.Imports == 1 && s.Observer != nil && len(s.Observer.Channels) == 1
	})
	look := dialRaw(t, n.irc, "looker", "#live")
	look.send("MODE #live")
	look.send("MODE #live b")
	look.send("WHOIS bert")
	for _, want := range []string{" 332 looker #live :what was before", "@anna", "+bert", " 324 looker #live ", " 42", " 367 looker #live *!*@bad.example", " 301 looker bert :gone fishing", " 311 looker bert "} {
		look.await(want)
	}
	anna.Must("PRIVMSG #live :hello from there", "TOPIC #live :what is now", "MODE #live -v bert", "KICK #live bert :out")
	bert.Must("AWAY", "NICK bertram", "JOIN #live")
	for _, want := range []string{"PRIVMSG #live :hello from there", "TOPIC #live :what is now", "MODE #live -v bert", "KICK #live bert :out", ":bertram!"} {
		look.await(want)
	}

	l.kill(syscall.SIGKILL) // a crash of ours
	anna.Must("TOPIC #live :while nobody looked")
	l.start()
	s := l.await("it is in step after a crash", func(s *linkgw.Status) bool { return s.State == linkgw.StateLinked && s.Target.Imports == 1 })
	look.await("TOPIC #live :while nobody looked")
	if len(s.Gaps) != 1 || s.Gaps[0].Reason != linkgw.GapRestart {
		t.Errorf("gaps: %+v", s.Gaps)
	}

	live.Hub.Kill() // a crash of theirs
	live.Hub.Run()
	clara := live.Dial(t, live.Hub, linktest.ClientOptions{Nick: "clara", Ident: "clara", Realname: "Clara C"})
	clara.Must("JOIN #live", "TOPIC #live :after the crash")
	l.await("it is in step with the server that came back", func(s *linkgw.Status) bool { return s.State == linkgw.StateLinked && s.Target.Imports == 2 })
	look.await("TOPIC #live :after the crash")
	look.await(":clara!")

	begin := time.Now()
	if out, err := l.run("stop"); err != nil {
		t.Fatal(out, err)
	}
	if err := l.cmd.Wait(); err != nil || time.Since(begin) > 3*time.Second {
		t.Errorf("stopped after %v: %v", time.Since(begin), err)
	}
	if len(s.Egress.Blocked) > 0 || s.CoverageBad != "" {
		t.Errorf("%+v", s)
	}
}
