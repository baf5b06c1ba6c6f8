//go:build realpeers

package realpeers

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// cluster is a network whose nodes are processes of the test itself, so that it decides when each is started again.
// "robustirc dev" has made its files and stopped; the cluster goes on where that ended.
type cluster struct {
	*network
	nodes [3]*nodeProcess
}

// nodeProcess is one "robustirc node".
type nodeProcess struct {
	cmd   *exec.Cmd
	log   *os.File
	asked atomic.Bool // the test wants it to end
	ended chan struct{}
	err   error // how it ended, once ended is closed
}

// startCluster makes a network with the given flags of "robustirc dev" and runs its nodes.
func startCluster(t *testing.T, flags ...string) *cluster {
	t.Helper()
	c := &cluster{network: startNetwork(t, flags...)}
	c.stop()
	t.Cleanup(c.stopAll)
	for i := range c.nodes {
		c.start(i)
	}
	c.allReady()
	return c
}

// start runs node i.
func (c *cluster) start(i int) {
	c.t.Helper()
	log, err := os.OpenFile(filepath.Join(c.dir, fmt.Sprintf("node%d.log", i+1)), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		c.t.Fatal(err)
	}
	p := &nodeProcess{log: log, ended: make(chan struct{})}
	p.cmd = exec.Command(binary, "node", "--config", filepath.Join(c.dir, fmt.Sprintf("node%d.toml", i+1)))
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	pidFile := filepath.Join(c.dir, fmt.Sprintf("node%d.pid", i+1))
	if err := os.WriteFile(pidFile, fmt.Appendln(nil, p.cmd.Process.Pid), 0o600); err != nil {
		c.t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		if !p.asked.Load() {
			c.t.Errorf("node%d ended by itself: %v", i+1, p.err)
		}
		log.Close()
		close(p.ended)
	}()
	c.nodes[i] = p
}

// end sends node i a signal that ends it, and returns how it ended.
func (c *cluster) end(i int, sig syscall.Signal) error {
	c.t.Helper()
	p := c.nodes[i]
	p.asked.Store(true)
	if err := p.cmd.Process.Signal(sig); err != nil {
		c.t.Fatalf("sending node%d signal %v: %v", i+1, sig, err)
	}
	select {
	case <-p.ended:
	case <-time.After(patience):
		c.t.Fatalf("node%d did not end on signal %v", i+1, sig)
	}
	return p.err
}

// freeze stops node i's threads, thaw lets them go on.
func (c *cluster) freeze(i int) { c.nodes[i].cmd.Process.Signal(syscall.SIGSTOP) }
func (c *cluster) thaw(i int)   { c.nodes[i].cmd.Process.Signal(syscall.SIGCONT) }

// stopAll ends what runs.
func (c *cluster) stopAll() {
	for i, p := range c.nodes {
		if p == nil {
			continue
		}
		p.asked.Store(true)
		c.thaw(i)
		p.cmd.Process.Signal(syscall.SIGTERM)
	}
	for i, p := range c.nodes {
		if p == nil {
			continue
		}
		select {
		case <-p.ended:
		case <-time.After(patience):
			c.t.Errorf("node%d did not stop", i+1)
			p.cmd.Process.Kill()
			<-p.ended
		}
	}
	if c.t.Failed() {
		c.showLogs()
	}
}

// startBridge runs "robustirc bridge" in front of the network and returns its IRC address.
func startBridge(t *testing.T, n *network, flags ...string) string {
	t.Helper()
	addr := fmt.Sprintf("127.0.0.1:%d", freePorts(t, 1))
	args := []string{"bridge", "--network", strings.Join(n.servers, ","), "--tls-ca", n.caFile(), "--listen", addr}
	cmd := exec.Command(binary, append(args, flags...)...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("robustirc bridge: %v", err)
		}
	})
	waitUntil(t, "robustirc bridge listens", func() bool { return listens(addr) })
	return addr
}

// nodeStatus is what the tests read of a node's status page.
type nodeStatus struct {
	State, Leader string
	AppliedIndex  uint64
	Node          struct {
		Inputs   uint64
		Digest   string
		NotReady string
		Sessions int
	}
}

func (n *network) status(i int) (s nodeStatus, err error) {
	body, err := n.get(i, "/status")
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal([]byte(body), &s)
}

// digestsAgree waits until all nodes have taken the digest of a state that has everything until now, and compares them.
func (n *network) digestsAgree() {
	n.t.Helper()
	var least uint64
	for i := range n.servers {
		s, err := n.status(i)
		if err != nil {
			n.t.Fatalf("status of node%d: %v", i+1, err)
		}
		least = max(least, s.Node.Inputs)
	}
	var digests [3]string
	n.until("all nodes have taken a digest of the same input", func() bool {
		var inputs [3]uint64
		for i := range n.servers {
			s, err := n.status(i)
			if err != nil {
				return false
			}
			digests[i] = s.Node.Digest
			fmt.Sscan(digests[i], &inputs[i])
		}
		return inputs[0] >= least && inputs[0] == inputs[1] && inputs[1] == inputs[2]
	})
	if digests[0] != digests[1] || digests[1] != digests[2] {
		n.t.Errorf("the nodes' states differ: %q", digests)
	}
}
