//go:build realpeers

package realpeers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"robustirc/cmd/robustirc/bench"
)

// ways are sessions over the API, which these tests can look into afterwards, and through our bridge. API sessions
// count as slow: their client waits for a node that does not answer as long as it likes.
func (c *cluster) ways(sessions *[]*v1Session) []way {
	api := func(ctx context.Context, _ int) (bench.Link, error) {
		s, err := newV1Session(ctx, c.network)
		*sessions = append(*sessions, s)
		return s, err
	}
	ours := bench.DialIRC([]string{startBridge(c.t, c.network)})
	return []way{{dial: api, slow: true}, {dial: ours}, {dial: ours}}
}

// must fails the test when the crowd does not get on.
func (c *crowd) must(what string, more int, slow bool) {
	c.t.Helper()
	began := time.Now()
	if err := c.progresses(more, slow); err != nil {
		c.t.Fatalf("%s: %v", what, err)
	}
	c.t.Logf("%s: everybody got on after %v", what, time.Since(began).Round(time.Millisecond))
}

// TestFrozenNodes stops the threads of nodes, as a debugger, a paused virtual machine or a hanging disk does: they
// neither answer nor close their connections, and go on later as if nothing had been.
func TestFrozenNodes(t *testing.T) {
	c := startCluster(t, "--unthrottled")
	var sessions []*v1Session
	crowd := startCrowd(t, 4, 20*time.Millisecond, c.ways(&sessions)...)
	for k := range 6 {
		node, leader := k%3, c.leader()
		c.freeze(node)
		// So much is said meanwhile that what lies in the node's buffers is old when it goes on.
		crowd.must(fmt.Sprintf("node%d is frozen, node%d led", node+1, leader+1), 64, false)
		c.thaw(node)
		crowd.must("it goes on", 1, true)
		c.allReady()
	}
	for i := range 2 {
		c.freeze(i)
	}
	time.Sleep(2 * time.Second) // longer than an election; nobody can be acknowledged
	for i := range 2 {
		c.thaw(i)
	}
	crowd.must("a majority was frozen and goes on", 1, true)
	c.allReady()
	crowd.finish()
	c.digestsAgree()
	for _, s := range sessions {
		compareLogs(t, c.network, s)
	}
}

// TestFullDisk fills the disk of the leader. It must end by itself and say why, without having acknowledged anything
// that is not on the disks of a majority; the others go on; once there is space again, so does the node.
func TestFullDisk(t *testing.T) {
	c := startCluster(t, "--unthrottled")
	var sessions []*v1Session
	crowd := startCrowd(t, 2, 50*time.Millisecond, c.ways(&sessions)...)
	const small = 0
	disk := c.moveToSmallDisk(small)
	crowd.must("a node is on a small disk", 1, true)
	c.makeLeader(small)
	crowd.must("it leads", 1, true)
	p := c.nodes[small]
	p.asked.Store(true)
	ballast := fillDisk(t, disk)
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Fatal("the node goes on with a full disk")
	}
	if p.err == nil {
		t.Error("the node whose disk is full ended with status 0")
	}
	log, err := os.ReadFile(p.log.Name())
	if err != nil || !strings.Contains(string(log), syscall.ENOSPC.Error()) {
		t.Errorf("its log does not say that the disk is full (%v)", err)
	}
	crowd.must("the others go on", 1, true)
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	c.start(small)
	c.allReady()
	crowd.must("there is space again", 1, true)
	crowd.finish()
	c.digestsAgree()
	for _, s := range sessions {
		compareLogs(t, c.network, s)
	}
}

// smallDisk is the size of the disk in TestFullDisk.
const smallDisk = "64m"

// moveToSmallDisk stops node i, puts its data on a small file system, and starts it again.
func (c *cluster) moveToSmallDisk(i int) string {
	c.t.Helper()
	dir := filepath.Join(c.dir, fmt.Sprintf("node%d", i+1))
	c.end(i, syscall.SIGTERM)
	if err := os.Rename(dir, dir+".old"); err != nil {
		c.t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		c.t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+smallDisk); errors.Is(err, syscall.EPERM) {
		c.t.Skip("SKIPPED: a full disk needs the right to mount one; run the tests as root")
	} else if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		c.end(i, syscall.SIGKILL)
		if err := syscall.Unmount(dir, 0); err != nil {
			c.t.Errorf("unmounting %s: %v", dir, err)
		}
	})
	if out, err := exec.Command("cp", "-a", dir+".old/.", dir).CombinedOutput(); err != nil {
		c.t.Fatalf("copying the node's data: %v: %s", err, out)
	}
	c.start(i)
	c.allReady()
	return dir
}

// makeLeader stops the leader until node i leads.
func (c *cluster) makeLeader(i int) {
	c.t.Helper()
	for leader := c.leader(); leader != i; leader = c.leader() {
		c.end(leader, syscall.SIGTERM)
		c.start(leader)
		c.allReady()
	}
}

// fillDisk writes a file until there is no space, and returns its name.
func fillDisk(t *testing.T, dir string) string {
	t.Helper()
	name := filepath.Join(dir, "ballast")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 4 << 10} {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
	return name
}

// TestMessageOfDeath sends the line that makes every replica panic half way through a change: no process ends, its
// sender is told, nobody else notices, and the states are equal, also after a restart from the log.
func TestMessageOfDeath(t *testing.T) {
	c := startCluster(t, "--unthrottled", "--test-commands")
	var sessions []*v1Session
	ways := c.ways(&sessions)
	crowd := startCrowd(t, 2, 100*time.Millisecond, ways...)
	for round := range 4 {
		if round == 2 {
			c.snapshot(c.leader())
		}
		c.kamikaze(ways[1].dial, fmt.Sprintf("ours%d", round))
		c.kamikaze(ways[0].dial, fmt.Sprintf("api%d", round))
		crowd.must("after two messages of death", 1, true)
		c.digestsAgree()
		c.end(round%3, syscall.SIGKILL)
		c.start(round % 3)
		c.allReady()
	}
	crowd.finish()
	c.digestsAgree()
	for i := range c.servers {
		metrics, err := c.get(i, "/metrics")
		if err != nil || !strings.Contains(metrics, "message_of_death") {
			t.Errorf("node%d does not count messages of death (%v)", i+1, err)
		}
	}
}

// kamikaze is a session in a crowd's channel that sends the message of death, and checks that it is told.
func (c *cluster) kamikaze(dial dialer, nick string) {
	c.t.Helper()
	link := openLink(c.t, dial, nick, "#crowd0")
	defer link.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := link.Send(ctx, [][]byte{[]byte("PANIC\r\n")}); err != nil {
		c.t.Errorf("%s: sending the message of death: %v", nick, err)
	}
	if s, ok := link.(*v1Session); ok {
		if err := s.await(ctx, "ERROR :"); err != nil {
			c.t.Errorf("%s is not told: %v", nick, err)
		}
		return
	}
	told := make(chan error, 1)
	go func() {
		told <- link.Receive(ctx, func(text []byte) {
			if bytes.Contains(text, []byte("nobody must see this")) {
				c.t.Errorf("half of a message of death was delivered: %s", text)
			}
		})
	}()
	select {
	case err := <-told:
		if err == nil || !strings.Contains(err.Error(), "made the server fail") {
			c.t.Errorf("%s is not told: %v", nick, err)
		}
	case <-ctx.Done():
		c.t.Errorf("%s is not told", nick)
		link.Close()
		<-told
	}
}
