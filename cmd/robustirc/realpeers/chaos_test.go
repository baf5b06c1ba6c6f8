//go:build realpeers

package realpeers

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"robustirc/cmd/robustirc/bench"
	"robustirc/core/robustsession"
)

// chaosRounds is how often nodes are killed and started again.
const chaosRounds = 100

// seedVariable repeats a run's decisions; the moments at which they meet the network are never the same.
const seedVariable = "ROBUSTIRC_CHAOS_SEED"

// TestChaos kills and starts nodes at random under load: single ones, the leader above all, two, all three, some again
// while they start. Every message must reach every member of its channel exactly once, the nodes' states must be equal
// in the end, and every node must tell the same story of each session: the one that its client has received. Every round
// waits until all sessions have got on; those behind the stock bridge, which pauses for 2, 4, 8 … s after each failure
// of a node, only every 25th.
func TestChaos(t *testing.T) {
	seed := chaosSeed(t)
	rng := rand.New(rand.NewPCG(seed, 0))
	c := startCluster(t, "--unthrottled", "--snapshot-threshold=400", "--trailing-logs=50")
	var sessions []*v1Session
	api := func(ctx context.Context, _ int) (bench.Link, error) {
		s, err := newV1Session(ctx, c.network)
		sessions = append(sessions, s)
		return s, err
	}
	ours, stock := bench.DialIRC([]string{startBridge(t, c.network)}), bench.DialIRC([]string{startStockBridge(t, c.network)})
	crowd := startCrowd(t, 3, 100*time.Millisecond, way{dial: api}, way{dial: ours}, way{dial: api}, way{dial: ours}, way{dial: stock, slow: true})
	began := time.Now()
	for round := range chaosRounds {
		what := chaosRound(c, rng)
		if err := crowd.progresses(1, round%25 == 24); err != nil || t.Failed() {
			t.Fatalf("round %d (%s) with %s=%d: %v", round, what, seedVariable, seed, err)
		}
	}
	t.Logf("%d rounds took %v", chaosRounds, time.Since(began).Round(time.Second))
	c.allReady()
	crowd.finish()
	sent := 0
	for _, m := range crowd.members {
		sent += m.count()
	}
	t.Logf("%d messages in %d channels of 5", sent, len(crowd.members)/5)
	c.digestsAgree()
	for _, s := range sessions {
		compareLogs(t, c.network, s)
	}
	if t.Failed() {
		t.Logf("repeat with %s=%d", seedVariable, seed)
	}
}

func chaosSeed(t *testing.T) uint64 {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if given := os.Getenv(seedVariable); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatalf("%s: %v", seedVariable, err)
		}
	}
	t.Logf("%s=%d", seedVariable, seed)
	return seed
}

// chaosRound hurts the network once and says how.
func chaosRound(c *cluster, rng *rand.Rand) string {
	pause := func(most time.Duration) { time.Sleep(rand.N(most)) } // chaos itself, not a wait for anything
	if rng.IntN(3) == 0 {
		c.snapshot(rng.IntN(3))
	}
	victims := chooseVictims(c, rng)
	for _, v := range victims {
		c.end(v, syscall.SIGKILL)
		if rng.IntN(2) == 0 {
			pause(300 * time.Millisecond)
		}
	}
	down := 500 * time.Millisecond
	if len(victims) == 1 && rng.IntN(8) == 0 {
		down = 3 * time.Second // long enough to need a snapshot
		c.snapshot((victims[0] + 1) % 3)
	}
	pause(down)
	again := rng.IntN(5) == 0
	for _, v := range victims {
		c.start(v)
		if again {
			pause(200 * time.Millisecond)
			c.end(v, syscall.SIGKILL) // while it replays, or just after
			c.start(v)
		}
	}
	return fmt.Sprintf("killed %v, again: %v", victims, again)
}

// chooseVictims decides which nodes to kill.
func chooseVictims(c *cluster, rng *rand.Rand) []int {
	switch dice := rng.IntN(100); {
	case dice < 45:
		return []int{c.leader()}
	case dice < 65:
		return []int{rng.IntN(3)}
	case dice < 80:
		leader := c.leader()
		return []int{leader, (leader + 1 + rng.IntN(2)) % 3}
	case dice < 95:
		return rng.Perm(3)[:2]
	}
	return rng.Perm(3)
}

// snapshot makes node i take a snapshot, if it can just now.
func (c *cluster) snapshot(i int) {
	req, err := http.NewRequest(http.MethodPost, "https://"+c.servers[i]+"/snapshot", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	req.SetBasicAuth("robustirc", c.password)
	if resp, err := c.http.Do(req); err == nil {
		resp.Body.Close()
	}
}

// compareLogs reads a session's whole stream from every node, all at once, and compares it with what the session itself
// has received.
func compareLogs(t *testing.T, n *network, s *v1Session) {
	t.Helper()
	s.Close() // no two readers of a session at a node
	want := s.history
	var work sync.WaitGroup
	for i, server := range n.servers {
		work.Go(func() {
			got, err := wholeStream(s, server, len(want))
			if err != nil {
				t.Errorf("reading session %s from node%d: %v", s.id, i+1, err)
				return
			}
			if k := firstDifference(got, want); k >= 0 {
				t.Errorf("line %d of session %s from node%d is %+v, its client received %+v", k, s.id, i+1, got[k], want[k])
			}
		})
	}
	work.Wait()
}

// wholeStream reads the first n lines of a session.
func wholeStream(s *v1Session, server string, n int) (lines []robustsession.Message, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err = s.read(ctx, server, "0.0", func(m robustsession.Message) bool {
		lines = append(lines, m)
		return len(lines) < n
	})
	if err != nil {
		err = fmt.Errorf("after %d of %d lines: %w", len(lines), n, err)
	}
	return lines, err
}

func firstDifference(a, b []robustsession.Message) int {
	for i := range a {
		if a[i].Id != b[i].Id || a[i].Data != b[i].Data || a[i].UnixNano != b[i].UnixNano || !slices.Equal(a[i].Servers, b[i].Servers) {
			return i
		}
	}
	return -1
}
