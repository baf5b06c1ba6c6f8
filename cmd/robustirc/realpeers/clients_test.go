//go:build realpeers

package realpeers

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// irssi is an irssi in tmux.
type irssi struct {
	t            *testing.T
	socket, home string
}

// startIrssi connects irssi to addr as nick "irssi" and joins #real.
func startIrssi(t *testing.T, addr string) *irssi {
	t.Helper()
	host, port, _ := net.SplitHostPort(addr)
	c := &irssi{t: t, home: t.TempDir()}
	c.socket = filepath.Join(c.home, "tmux")
	config := fmt.Sprintf(`
servers = ( { address = "%s"; port = "%s"; chatnet = "rob"; autoconnect = "yes"; } );
chatnets = { rob = { type = "IRC"; nick = "irssi"; username = "irssi"; cmdspeed = "1"; cmdmax = "1000"; }; };
channels = ( { name = "#real"; chatnet = "rob"; autojoin = "yes"; } );
settings = {
  core = { real_name = "irssi"; user_name = "irssi"; nick = "irssi"; };
  "fe-common/core" = { autolog = "yes"; autolog_path = "%s/$0.log"; };
};
`, host, port, c.home)
	if err := os.WriteFile(filepath.Join(c.home, "config"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	c.tmux("-f", "/dev/null", "new-session", "-d", "-x", "200", "-y", "50", "-s", "irssi", "irssi --home "+c.home)
	t.Cleanup(func() { c.tmux("kill-server") })
	waitUntil(t, "irssi is in #real", func() bool { return bytes.Contains(c.log(), []byte("irssi")) })
	c.say("/window goto #real")
	return c
}

func (c *irssi) tmux(args ...string) {
	c.t.Helper()
	if out, err := exec.Command("tmux", append([]string{"-S", c.socket}, args...)...).CombinedOutput(); err != nil {
		c.t.Fatalf("tmux %q: %v: %s", args, err, out)
	}
}

// say types a line.
func (c *irssi) say(text string) {
	c.tmux("send-keys", "-t", "irssi", "-l", text)
	c.tmux("send-keys", "-t", "irssi", "Enter")
}

// log is what irssi has written about #real.
func (c *irssi) log() []byte {
	data, _ := os.ReadFile(filepath.Join(c.home, "#real.log"))
	return data
}

// weechat is a weechat-headless that is driven through its fifo.
type weechat struct {
	t        *testing.T
	dir      string
	fifoPath string
}

// startWeechat connects weechat to addr as nick "weechat" and joins #real.
func startWeechat(t *testing.T, addr string) *weechat {
	t.Helper()
	host, port, _ := net.SplitHostPort(addr)
	c := &weechat{t: t, dir: t.TempDir()}
	c.fifoPath = filepath.Join(c.dir, "fifo")
	args := []string{"-d", c.dir}
	for _, command := range []string{
		"/set logger.file.flush_delay 0", "/set fifo.file.path " + c.fifoPath, "/fifo enable",
		"/server add rob " + host + "/" + port + " -notls -nicks=weechat -username=weechat -autojoin=#real",
		"/set irc.server.rob.anti_flood 0", // from weechat 4 on; before it has two settings
		"/set irc.server.rob.anti_flood_prio_high 0", "/set irc.server.rob.anti_flood_prio_low 0", "/connect rob",
	} {
		args = append(args, "-r", command)
	}
	cmd := exec.Command("weechat-headless", args...)
	if err := cmd.Start(); err != nil {
		t.Fatalf("weechat-headless: %v; apt-get install weechat-headless", err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	waitUntil(t, "weechat is in #real", func() bool { return bytes.Contains(c.log(), []byte("weechat")) })
	return c
}

func (c *weechat) say(text string) {
	c.t.Helper()
	f, err := os.OpenFile(c.fifoPath, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		c.t.Fatal(err)
	}
	defer f.Close()
	if _, err := fmt.Fprintf(f, "irc.rob.#real *%s\n", text); err != nil {
		c.t.Fatal(err)
	}
}

func (c *weechat) log() []byte {
	files, _ := filepath.Glob(filepath.Join(c.dir, "logs", "irc.rob.#real.weechatlog"))
	if len(files) == 0 {
		return nil
	}
	data, _ := os.ReadFile(files[0])
	return data
}

// numbered finds the numbers of lines "<mark> <number>" that nick said according to a client's log.
func numbered(log []byte, nick, mark string) (numbers []int) {
	for _, m := range regexp.MustCompile(`(?m)[<@ \t]`+nick+`[>\t].*\b`+mark+` (\d+)$`).FindAllSubmatch(log, -1) {
		var n int
		fmt.Sscan(string(m[1]), &n)
		numbers = append(numbers, n)
	}
	return numbers
}

// checkNumbers says which of 1 to n are missing, repeated or out of order.
func checkNumbers(t *testing.T, who string, numbers []int, n int) {
	t.Helper()
	for i, got := range numbers {
		if got != i+1 {
			t.Errorf("%s: line %d is number %d", who, i+1, got)
			break
		}
	}
	if len(numbers) != n {
		t.Errorf("%s saw %d of %d lines", who, len(numbers), n)
	}
}

// TestRealClientsNoticeNothing is the first thing this project promises: irssi on the plain port and weechat behind
// Debian's bridge talk while every node is killed in turn, the leader among them.
func TestRealClientsNoticeNothing(t *testing.T) {
	n := startNetwork(t)
	bridge := startStockBridge(t, n)
	left := startIrssi(t, n.irc)
	right := startWeechat(t, bridge)
	waitUntil(t, "irssi sees weechat", func() bool { return bytes.Contains(left.log(), []byte("weechat")) })
	const pace = 600 * time.Millisecond // the default throttling lets two lines a second pass
	sent := 0
	talk := func(d time.Duration) {
		for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(pace) {
			sent++
			left.say(fmt.Sprintf("irssiline %d", sent))
			right.say(fmt.Sprintf("weechatline %d", sent))
		}
	}
	arrived := func() bool {
		return len(numbered(right.log(), "irssi", "irssiline")) >= sent && len(numbered(left.log(), "weechat", "weechatline")) >= sent
	}
	talk(time.Second)
	n.until("they hear each other", arrived)
	leader := n.leader()
	for k := range 3 {
		victim := (leader + k) % 3 // the leader first, so that it is a leader that is killed
		n.signal(victim, 9)
		t.Logf("killed node%d", victim+1)
		talk(4 * time.Second)
		quiet := time.Now()
		n.until("what was said has arrived", arrived)
		t.Logf("the last line arrived %v after it was said", time.Since(quiet).Round(time.Millisecond))
		n.allReady()
		talk(time.Second)
	}
	n.signal(n.leader(), 9)
	talk(3 * time.Second)
	n.until("everything has arrived", arrived)
	checkNumbers(t, "weechat behind the stock bridge", numbered(right.log(), "irssi", "irssiline"), sent)
	checkNumbers(t, "irssi on the plain port", numbered(left.log(), "weechat", "weechatline"), sent)
	for who, log := range map[string][]byte{"irssi": left.log(), "weechat": right.log()} {
		if m := regexp.MustCompile(`(?i).*(disconnect|has quit|reconnect).*`).Find(log); m != nil {
			t.Errorf("%s noticed something: %s", who, m)
		}
		if joins := len(regexp.MustCompile(`has joined`).FindAll(log, -1)); joins > 2 {
			t.Errorf("%s saw %d joins", who, joins)
		}
	}
	if t.Failed() {
		t.Logf("irssi's log:\n%s\nweechat's log:\n%s", left.log(), right.log())
	}
}
