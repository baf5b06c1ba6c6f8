package node_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"robustirc/core/ircserver"
	"robustirc/core/node"
	"robustirc/core/node/nodetest"
)

// client is a session that posts through whichever node it is told to.
type client struct {
	t    *testing.T
	c    *nodetest.Cluster
	made node.Created
	msg  uint64
}

// connect makes a session through a node and registers it.
func connect(t *testing.T, c *nodetest.Cluster, at int, nick string) *client {
	t.Helper()
	made, err := c.Nodes[at].Create(t.Context(), node.CreateRequest{Remote: "192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	cl := &client{t: t, c: c, made: made}
	cl.post(at, "NICK "+nick, "USER u 0 * :r")
	return cl
}

func (cl *client) post(at int, lines ...string) {
	cl.t.Helper()
	if err := cl.tryPost(cl.t.Context(), cl.c.Nodes[at], lines...); err != nil {
		cl.t.Fatal(err)
	}
}

func (cl *client) tryPost(ctx context.Context, n *node.Node, lines ...string) error {
	var all []node.Line
	for _, l := range lines {
		cl.msg++
		all = append(all, node.Line{ID: cl.msg, Text: l})
	}
	return n.Post(ctx, cl.made.Session, "192.0.2.1", all)
}

// lines reads a session's stream at a node until it holds a line that ends with last.
func (cl *client) lines(n *node.Node, last string) []string {
	cl.t.Helper()
	ctx, cancel := context.WithTimeout(cl.t.Context(), nodetest.Timeout)
	defer cancel()
	r, err := n.Stream(ctx, cl.made.Session, ircserver.OutputID{})
	if err != nil {
		cl.t.Fatal(err)
	}
	defer r.Close()
	var lines []string
	for {
		items, err := r.Next(ctx)
		if err != nil {
			cl.t.Fatalf("waiting for %q, got %q: %v", last, lines, err)
		}
		for _, it := range items {
			lines = append(lines, fmt.Sprintf("%v %s", it.ID, it.AppendFor(nil, it.Caps)))
		}
		if strings.HasSuffix(lines[len(lines)-1], last) {
			return lines
		}
	}
}

// Whatever a node has started ends with it.
func TestNodesLeaveNoGoroutines(t *testing.T) {
	before := runtime.NumGoroutine()
	c := nodetest.Start(t, 3)
	cl := connect(t, c, c.Follower(), "guest")
	c.Kill(c.Leader())
	c.Leader()
	for i := range c.Nodes {
		if c.Nodes[i] != nil {
			cl.post(i, "PING x")
		}
	}
	for i := range c.Nodes {
		c.Kill(i)
	}
	deadline := time.Now().Add(nodetest.Timeout)
	for runtime.NumGoroutine() > before {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), buf[:runtime.Stack(buf, true)])
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestClusterServesASession(t *testing.T) {
	t.Parallel()
	c := nodetest.Start(t, 3)
	for i, n := range c.Nodes {
		s, err := n.Create(t.Context(), node.CreateRequest{Remote: "192.0.2.1"})
		if err != nil {
			t.Fatalf("node %d: %v", i, err)
		}
		for j, other := range c.Nodes {
			if err := other.Authenticate(t.Context(), s.Session, s.Auth); err != nil {
				t.Errorf("session of node %d at node %d: %v", i, j, err)
			}
			if err := other.Authenticate(t.Context(), s.Session, "wrong"); err != node.ErrNoSession {
				t.Errorf("wrong secret: %v, want ErrNoSession", err)
			}
		}
		if err := n.Delete(t.Context(), s.Session, "bye"); err != nil {
			t.Error(err)
		}
		if err := c.Nodes[(i+1)%3].Post(t.Context(), s.Session, "192.0.2.1", []node.Line{{Text: "PING x"}}); err != nil && err != node.ErrNoSession {
			t.Errorf("posting to a session that has ended: %v", err)
		}
	}
}

var (
	rounds = flag.Int("rounds", 4, "how often TestAckedLinesSurvive stops a node or cuts it off")
	seed   = flag.Uint64("seed", 1, "which nodes TestAckedLinesSurvive stops or cuts off, and how")
)

// Every acknowledged line exists once, in order, on every node, and all nodes end in the same state, whatever happened
// to nodes meanwhile. The first victim is the leader, later ones are random; some are killed, some stop in good order,
// some are cut off from the others for a while. Snapshots are frequent, so that nodes come back to a compacted log. For longer runs: go test -run AckedLines -rounds 100 -seed 7.
func TestAckedLinesSurvive(t *testing.T) {
	t.Parallel()
	c := nodetest.Start(t, 3, func(_ int, cfg *node.Config) {
		cfg.SnapshotInterval, cfg.SnapshotThreshold, cfg.TrailingLogs = 200*time.Millisecond, 50, 20
	})
	const senders = 6
	reader := connect(t, c, 0, "reader")
	reader.post(0, "JOIN #load")
	var clients []*client
	for i := range senders {
		cl := connect(t, c, 0, fmt.Sprintf("sender%d", i))
		cl.post(0, "JOIN #load")
		clients = append(clients, cl)
	}
	stop := make(chan struct{})
	acked := make([]int, senders)
	var mu sync.Mutex // held to change c.Nodes, which only this goroutine does, and by others to read it
	var wg sync.WaitGroup
	for i, cl := range clients {
		wg.Go(func() { acked[i] = postUntil(t, c, &mu, cl, i, stop) })
	}
	rng := rand.New(rand.NewPCG(*seed, 0))
	for round := range *rounds {
		time.Sleep(150 * time.Millisecond) // load between the kills
		victim := c.Leader()
		if round > 0 {
			victim = rng.IntN(len(c.Nodes))
		}
		switch rng.IntN(6) {
		case 0, 1:
			cutUnderLoad(c, victim)
		case 2:
			stopUnderLoad(c, &mu, victim, true)
		default:
			stopUnderLoad(c, &mu, victim, false)
		}
	}
	close(stop)
	wg.Wait()
	c.Settle()
	connect(t, c, 0, "last").post(0, "JOIN #load", "PRIVMSG #load :the end")
	checkStreams(t, c, reader, acked)
	checkSameState(t, c)
}

// checkSameState checks that all nodes have applied the same inputs to the same effect.
func checkSameState(t *testing.T, c *nodetest.Cluster) {
	t.Helper()
	c.Settle()
	want := c.Nodes[0].State()
	for i, n := range c.Nodes[1:] {
		if got := n.State(); got != want {
			t.Errorf("node %d is at %v, node 0 at %v", i+1, got, want)
		}
	}
}

// cutUnderLoad cuts a node off for longer than it takes the others to elect a leader.
func cutUnderLoad(c *nodetest.Cluster, i int) {
	for j := range c.Nodes {
		if j != i {
			c.Cut(i, j)
		}
	}
	c.WaitFor("the others to have a leader", func() bool {
		n := c.Nodes[(i+1)%len(c.Nodes)]
		addr := n.LeaderAddr()
		return addr != "" && addr != c.Nodes[i].Status().Addr
	})
	time.Sleep(150 * time.Millisecond) // load beside the cut
	c.Heal()
	c.Leader()
}

// stopUnderLoad stops a node while others use it, waits for a leader and starts the node again.
func stopUnderLoad(c *nodetest.Cluster, mu *sync.Mutex, i int, cleanly bool) {
	mu.Lock()
	n := c.Nodes[i]
	c.Nodes[i] = nil
	mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), nodetest.Timeout)
	defer cancel()
	if !cleanly {
		cancel()
	}
	_ = n.Shutdown(ctx)
	c.Leader()
	mu.Lock()
	defer mu.Unlock()
	c.Restart(i)
}

// postUntil posts numbered lines, each until it is acknowledged, with the same id, on one running node after another. It
// returns how many.
func postUntil(t *testing.T, c *nodetest.Cluster, mu *sync.Mutex, cl *client, sender int, stop <-chan struct{}) int {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return i
		default:
		}
		line := []node.Line{{ID: uint64(1000 + i), Text: fmt.Sprintf("PRIVMSG #load :%d %d", sender, i)}}
		for try := 0; ; try++ {
			mu.Lock()
			n := c.Nodes[(sender+try)%len(c.Nodes)]
			mu.Unlock()
			if n == nil {
				continue
			}
			ctx, cancel := context.WithTimeout(t.Context(), nodetest.Timeout)
			err := n.Post(ctx, cl.made.Session, "192.0.2.1", line)
			cancel()
			if err == nil {
				break
			}
			if errors.Is(err, node.ErrNoSession) || try > 1000 {
				t.Errorf("sender %d, line %d: %v", sender, i, err)
				return i
			}
		}
	}
}

// checkStreams checks that the reader's stream is the same on every node and holds each acknowledged line once.
func checkStreams(t *testing.T, c *nodetest.Cluster, reader *client, acked []int) {
	t.Helper()
	for i := range c.Nodes {
		c.Ready(i) // the last victim may still be on its way
	}
	want := reader.lines(c.Nodes[0], ":the end")
	next := make([]int, len(acked))
	for _, l := range want {
		var sender, i int
		_, text, _ := strings.Cut(l, "PRIVMSG #load :")
		if n, _ := fmt.Sscanf(text, "%d %d", &sender, &i); n != 2 {
			continue
		}
		if i != next[sender] {
			t.Fatalf("sender %d: line %d where %d was due", sender, i, next[sender])
		}
		next[sender]++
	}
	if !slices.Equal(next, acked) {
		t.Errorf("lines in the stream: %v, acknowledged: %v", next, acked)
	}
	for i, n := range c.Nodes[1:] {
		if got := reader.lines(n, ":the end"); !slices.Equal(got, want) {
			t.Errorf("node %d shows another stream than node 0: %d lines and %d", i+1, len(got), len(want))
		}
	}
	t.Logf("acknowledged lines: %v", acked)
}

// Retries of one line that race through all nodes act once.
func TestRacingRetriesActOnce(t *testing.T) {
	t.Parallel()
	c := nodetest.Start(t, 3)
	a, b := connect(t, c, 0, "a"), connect(t, c, 1, "b")
	const lines = 50
	for i := range lines {
		var wg sync.WaitGroup
		for _, n := range c.Nodes {
			wg.Go(func() {
				line := []node.Line{{ID: uint64(100 + i), Text: fmt.Sprintf("PRIVMSG b :line %d", i)}}
				if err := n.Post(t.Context(), a.made.Session, "192.0.2.1", line); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	seen := 0
	for _, l := range b.lines(c.Nodes[2], fmt.Sprintf(":line %d", lines-1)) {
		if strings.Contains(l, "PRIVMSG b :line ") {
			seen++
		}
	}
	if seen != lines {
		t.Errorf("%d lines arrived, want %d", seen, lines)
	}
}

// A post that arrives while there is no leader waits for one.
func TestPostsAreHeldDuringAnElection(t *testing.T) {
	t.Parallel()
	c := nodetest.Start(t, 3)
	follower := c.Follower()
	cl := connect(t, c, follower, "held")
	start := time.Now()
	c.Kill(c.Leader())
	cl.post(follower, "PING held")
	gap := time.Since(start)
	cl.lines(c.Nodes[follower], "held")
	t.Logf("gap of a killed leader: %v", gap)
	if gap > 5*time.Second {
		t.Errorf("the post took %v", gap)
	}
}

// A clean stop of the leader hands over first, so that posts hardly notice.
func TestCleanStopHandsOver(t *testing.T) {
	c := nodetest.Start(t, 3)
	follower := c.Follower()
	cl := connect(t, c, follower, "steady")
	n := c.Nodes[follower]
	c.WaitFor("pings", func() bool { return healthy(c.Nodes[c.Leader()]) == 3 })
	stopped := make(chan struct{})
	go func() { c.Stop(c.Leader()); close(stopped) }()
	var worst time.Duration
	for done := false; !done; {
		select {
		case <-stopped:
			done = true
		default:
		}
		start := time.Now()
		if err := cl.tryPost(t.Context(), n, "PING x"); err != nil {
			t.Fatal(err)
		}
		worst = max(worst, time.Since(start))
	}
	t.Logf("longest post: %v", worst)
	if worst > time.Second { // 200 ms on a machine that has nothing else to do
		t.Errorf("the longest post took %v", worst)
	}
}

func healthy(n *node.Node) (count int) {
	for _, p := range n.Status().Peers {
		if p.Healthy {
			count++
		}
	}
	return count
}

// On a quiet network a reader at a follower sees a line about as soon as its sender is told that it is committed.
func TestFollowersLearnOfCommitsAtOnce(t *testing.T) {
	c := nodetest.Start(t, 3, func(_ int, cfg *node.Config) { cfg.CommitTimeout = 2 * time.Second })
	leader := c.Leader()
	cl := connect(t, c, leader, "quick")
	var delays []time.Duration
	for i, n := range c.Nodes {
		if i == leader {
			continue
		}
		r, err := n.Stream(t.Context(), cl.made.Session, ircserver.OutputID{})
		if err != nil {
			t.Fatal(err)
		}
		for range 40 {
			start := time.Now()
			cl.post(leader, fmt.Sprintf("PING %d", cl.msg))
			want := fmt.Sprint(cl.msg - 1)
			for found := false; !found; {
				items, err := r.Next(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, it := range items {
					found = found || strings.HasSuffix(it.Line, want)
				}
			}
			delays = append(delays, time.Since(start))
		}
		r.Close()
	}
	slices.Sort(delays)
	median := delays[len(delays)/2]
	t.Logf("median %v, worst %v", median, delays[len(delays)-1])
	if median > 100*time.Millisecond { // CommitTimeout is far above; without notices the median would be, too
		t.Errorf("median delay of a follower is %v", median)
	}
}

// TestFirstSessionKnowsTheNetwork: whoever is there before the network has begun meets it under its own name.
func TestFirstSessionKnowsTheNetwork(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := nodetest.Start(t, 1).Config("alone", l)
	cfg.Bootstrap = []node.Peer{{ID: "alone", Addr: cfg.Advertise}}
	n, err := node.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Shutdown(context.Background())
	created, err := n.Create(t.Context(), node.CreateRequest{Remote: "192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	if want := nodetest.InitialConfig().NetworkName; created.Prefix != want {
		t.Errorf("the first session was told that the server is %q, it is %q", created.Prefix, want)
	}
}

// TestReadyMeansConfigured: a new network is served only once it has its configuration, so that an operator who changes
// it at once changes that one.
func TestReadyMeansConfigured(t *testing.T) {
	t.Parallel()
	c := nodetest.Start(t, 3) // waits for readiness, and for nothing else
	for i, n := range c.Nodes {
		if cfg := n.NetworkConfig(); cfg.Revision == 0 {
			t.Errorf("node %d serves without a configuration", i)
		}
	}
}
