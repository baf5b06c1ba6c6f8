//go:build realpeers

package realpeers

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// patience is how long anything that must happen may take on a busy machine.
const patience = 60 * time.Second

// binary is the program under test, built by TestMain.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "robustirc-realpeers-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "robustirc")
	build := exec.Command("go", "build", "-o", binary, "robustirc/cmd/robustirc")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "building the program:", err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// network is a running "robustirc dev".
type network struct {
	t        *testing.T
	dir      string
	irc      string   // the plain IRC address that survives nodes
	nodeIRC  []string // those of the nodes
	servers  []string
	password string
	http     *http.Client
	args     []string
	cmd      *exec.Cmd
	stopOnce sync.Once
}

// The ports of the tests lie below those that the kernel gives to outgoing connections: one of these must not take a
// node's port while the node is dead. No port is given twice, for the same reason.
const firstPort, lastPort = 20000, 32000

var nextPort atomic.Int32

// freePorts returns the first of n consecutive ports that are free and that no test was given before.
func freePorts(t *testing.T, n int) int {
	t.Helper()
	nextPort.CompareAndSwap(0, int32(firstPort+os.Getpid()%8000))
	for {
		base := int(nextPort.Add(int32(n))) - n
		if base+n > lastPort {
			t.Fatal("no free ports")
		}
		if allFree(base, n) {
			return base
		}
	}
}

func allFree(base, n int) bool {
	for port := base; port < base+n; port++ {
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return false
		}
		defer ln.Close()
	}
	return true
}

// startNetwork runs "robustirc dev" in a new directory.
func startNetwork(t *testing.T, flags ...string) *network {
	t.Helper()
	base := freePorts(t, 7)
	n := &network{t: t, dir: t.TempDir(), irc: fmt.Sprintf("127.0.0.1:%d", base+6)}
	for i := range 3 {
		n.servers = append(n.servers, fmt.Sprintf("localhost:%d", base+i))
		n.nodeIRC = append(n.nodeIRC, fmt.Sprintf("127.0.0.1:%d", base+3+i))
	}
	n.args = append([]string{"dev", "--data", n.dir, "--port", fmt.Sprint(base), "--node-irc-port", fmt.Sprint(base + 3), "--irc", n.irc}, flags...)
	n.launch()
	t.Cleanup(func() { n.stop() })
	n.prepareHTTP()
	return n
}

// launch starts the program and waits until the network is up.
func (n *network) launch() {
	n.t.Helper()
	n.stopOnce = sync.Once{}
	n.cmd = exec.Command(binary, n.args...)
	n.cmd.Stderr = os.Stderr
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		n.t.Fatal(err)
	}
	if err := n.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.awaitUp(out)
}

// awaitUp reads the program's output until the network is up; the rest goes to the test's log.
func (n *network) awaitUp(out io.Reader) {
	n.t.Helper()
	up := make(chan struct{})
	go func() {
		started := false
		for s := bufio.NewScanner(out); s.Scan(); {
			if strings.Contains(s.Text(), "Ctrl-C stops the network") {
				close(up)
				started = true
			}
		}
		if !started {
			close(up)
		}
	}()
	select {
	case <-up:
	case <-time.After(patience):
		n.t.Fatal("the network did not start")
	}
}

func (n *network) prepareHTTP() {
	n.t.Helper()
	password, err := os.ReadFile(filepath.Join(n.dir, "password"))
	if err != nil {
		n.t.Fatal(err)
	}
	n.password = strings.TrimSpace(string(password))
	n.http = &http.Client{Transport: &http.Transport{TLSClientConfig: n.tls()}, Timeout: 10 * time.Second}
}

func (n *network) caFile() string { return filepath.Join(n.dir, "tls", "ca.pem") }

func (n *network) tls() *tls.Config {
	ca, err := os.ReadFile(n.caFile())
	if err != nil {
		n.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	return &tls.Config{RootCAs: pool}
}

// stop presses Ctrl-C and waits.
func (n *network) stop() { n.stopOnce.Do(n.end) }

func (n *network) end() {
	n.cmd.Process.Signal(syscall.SIGINT)
	done := make(chan error, 1)
	go func() { done <- n.cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			n.t.Errorf("robustirc dev: %v", err)
		}
	case <-time.After(patience):
		n.cmd.Process.Kill()
		n.t.Error("robustirc dev did not stop")
	}
	if n.t.Failed() {
		n.showLogs()
	}
}

// showLogs prints the end of the nodes' logs.
func (n *network) showLogs() {
	for i := range 3 {
		data, _ := os.ReadFile(filepath.Join(n.dir, fmt.Sprintf("node%d.log", i+1)))
		if len(data) > 3000 {
			data = data[len(data)-3000:]
		}
		n.t.Logf("node%d.log ends with:\n%s", i+1, data)
	}
}

// pid is node i's process, or 0 while it has none.
func (n *network) pid(i int) (pid int) {
	data, err := os.ReadFile(filepath.Join(n.dir, fmt.Sprintf("node%d.pid", i+1)))
	if err == nil {
		fmt.Sscan(string(data), &pid)
	}
	return pid
}

// signal signals node i.
func (n *network) signal(i int, sig syscall.Signal) {
	n.t.Helper()
	pid := n.pid(i)
	if pid == 0 {
		n.t.Fatalf("node%d does not run", i+1)
	}
	if err := syscall.Kill(pid, sig); err != nil {
		n.t.Fatalf("signalling node%d: %v", i+1, err)
	}
}

// signalAll signals all nodes that run.
func (n *network) signalAll(sig syscall.Signal) {
	for i := range n.servers {
		if pid := n.pid(i); pid != 0 {
			syscall.Kill(pid, sig)
		}
	}
}

// setConfig sets a key of the network's configuration to a TOML value.
func (n *network) setConfig(key, value string) {
	n.t.Helper()
	out, err := exec.Command(binary, "config", "set", key, value, "--network", strings.Join(n.servers, ","), "--tls-ca", n.caFile(),
		"--password-file", filepath.Join(n.dir, "password")).CombinedOutput()
	if err != nil {
		n.t.Fatalf("setting %s: %s: %v", key, out, err)
	}
}

// get fetches an operators' page of node i.
func (n *network) get(i int, path string) (string, error) {
	req, err := http.NewRequest(http.MethodGet, "https://"+n.servers[i]+path, nil)
	if err != nil {
		return "", err
	}
	req.SetBasicAuth("robustirc", n.password)
	req.Header.Set("Accept", "application/json")
	resp, err := n.http.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	return string(body), err
}

// leader returns the index of the leader, waiting for one that all nodes that answer agree on.
func (n *network) leader() int {
	n.t.Helper()
	found := -1
	n.until("there is a leader", func() bool {
		found = -1
		agreed := 0
		for i := range n.servers {
			addr, err := n.get(i, "/leader")
			for k, s := range n.servers {
				if err == nil && s == addr && (found == -1 || found == k) {
					found = k
					agreed++
				}
			}
		}
		return agreed >= 2
	})
	return found
}

// allReady waits until every node serves.
func (n *network) allReady() {
	n.t.Helper()
	n.until("all nodes serve", func() bool {
		for i := range n.servers {
			if _, err := n.get(i, "/readyz"); err != nil {
				return false
			}
		}
		return true
	})
}

// until waits for a condition.
func (n *network) until(what string, ok func() bool) {
	n.t.Helper()
	waitUntil(n.t, what, ok)
}

func waitUntil(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("timed out waiting until " + what)
		}
	}
}

// startStockBridge runs Debian's robustirc-bridge in front of the network and returns its IRC address.
func startStockBridge(t *testing.T, n *network) string {
	t.Helper()
	path, err := exec.LookPath("robustirc-bridge")
	if err != nil {
		t.Fatal("Debian's robustirc-bridge is not installed: apt-get install robustirc-bridge")
	}
	addr := fmt.Sprintf("127.0.0.1:%d", freePorts(t, 1))
	log, err := os.Create(filepath.Join(t.TempDir(), "bridge.log"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, "-network", strings.Join(n.servers, ","), "-tls_ca_file", n.caFile(),
		"-listen", addr, "-socks=", "-http=", "-motd_path=")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		cmd.Wait()
		log.Close()
		if data, _ := os.ReadFile(log.Name()); t.Failed() && len(data) > 0 {
			t.Logf("robustirc-bridge said (end):\n%s", data[max(0, len(data)-3000):])
		}
	})
	waitUntil(t, "robustirc-bridge listens", func() bool { return listens(addr) })
	return addr
}

func listens(addr string) bool {
	conn, err := net.Dial("tcp", addr)
	if err == nil {
		conn.Close()
	}
	return err == nil
}
