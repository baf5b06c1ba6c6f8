package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	"go.etcd.io/bbolt"

	"robustirc/core/ircserver"
)

// replica is one of several rafts in this process: our stores on disk, our FSM, raft's in-memory transport.
type replica struct {
	id    string
	dir   string
	f     *fsm
	disk  *stores
	trans *raft.InmemTransport
	raft  *raft.Raft
}

// network is a few replicas.
type network struct {
	t        *testing.T
	replicas map[string]*replica
}

func testRaftConfig(id string) *raft.Config {
	c := raft.DefaultConfig()
	c.LocalID = raft.ServerID(id)
	c.HeartbeatTimeout, c.ElectionTimeout, c.LeaderLeaseTimeout = 300*time.Millisecond, 300*time.Millisecond, 300*time.Millisecond
	c.CommitTimeout = 5 * time.Millisecond
	c.TrailingLogs = 2
	c.SnapshotInterval, c.SnapshotThreshold = time.Hour, 1<<40
	c.Logger = hclog.NewNullLogger()
	return c
}

func newNetwork(t *testing.T, ids ...string) *network {
	n := &network{t: t, replicas: map[string]*replica{}}
	var conf raft.Configuration
	for _, id := range ids {
		n.replicas[id] = &replica{id: id, dir: t.TempDir()}
		conf.Servers = append(conf.Servers, raft.Server{ID: raft.ServerID(id), Address: raft.ServerAddress(id)})
	}
	for _, r := range n.replicas {
		n.open(r, failOnStop(t))
		if err := raft.BootstrapCluster(testRaftConfig(r.id), r.disk.log, r.disk.stable, r.disk.snapshots, r.trans, conf); err != nil {
			t.Fatal(err)
		}
		n.start(r)
	}
	t.Cleanup(func() {
		for _, r := range n.replicas {
			n.stop(r)
		}
	})
	return n
}

// open opens a replica's stores and makes its FSM.
func (n *network) open(r *replica, stop func(error)) {
	n.t.Helper()
	var err error
	if r.disk, err = openStores(r.dir, quiet(), stop); err != nil {
		n.t.Fatal(err)
	}
	r.f = newTestFSM(n.t, r.disk.log)
	r.f.stop = stop
	_, r.trans = raft.NewInmemTransport(raft.ServerAddress(r.id))
}

// start starts raft and connects it with the others.
func (n *network) start(r *replica) {
	n.t.Helper()
	var err error
	if r.raft, err = openRaft(testRaftConfig(r.id), r.f, r.disk, r.trans); err != nil {
		n.t.Fatal(err)
	}
	for _, o := range n.replicas {
		if o.trans != nil && o != r {
			o.trans.Connect(r.trans.LocalAddr(), r.trans)
			r.trans.Connect(o.trans.LocalAddr(), o.trans)
		}
	}
}

func (n *network) restart(r *replica) {
	n.t.Helper()
	n.open(r, failOnStop(n.t))
	n.start(r)
}

func (n *network) stop(r *replica) {
	n.t.Helper()
	if r.raft == nil {
		return
	}
	if err := r.raft.Shutdown().Error(); err != nil {
		n.t.Error(err)
	}
	for _, o := range n.replicas {
		if o.trans != nil {
			o.trans.Disconnect(r.trans.LocalAddr())
		}
	}
	if err := errors.Join(r.trans.Close(), r.disk.Close()); err != nil {
		n.t.Error(err)
	}
	r.raft, r.trans = nil, nil
}

// eventually waits for a condition of raft's own making, which nothing announces.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting until %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (n *network) leader() (leader *replica) {
	n.t.Helper()
	eventually(n.t, "somebody leads", func() bool {
		for _, r := range n.replicas {
			if r.raft != nil && r.raft.State() == raft.Leader && r.raft.VerifyLeader().Error() == nil {
				leader = r
			}
		}
		return leader != nil
	})
	return leader
}

// propose commits a batch.
func (n *network) propose(inputs ...ircserver.Input) appliedEntry {
	n.t.Helper()
	data, err := encodeEntry(inputs, CompressNone)
	if err != nil {
		n.t.Fatal(err)
	}
	future := n.leader().raft.Apply(data, 10*time.Second)
	if err := future.Error(); err != nil {
		n.t.Fatal(err)
	}
	return future.Response().(appliedEntry)
}

// register commits a new session with a nick.
func (n *network) register(nick string) ircserver.SessionID {
	n.t.Helper()
	id := ircserver.SessionID(n.propose(ircserver.Input{Kind: ircserver.KindCreate, Time: 1, Remote: "192.0.2.1"}).First)
	n.propose(line(id, "NICK "+nick), line(id, "USER u 0 * :Real Name"), line(id, "JOIN #a"))
	return id
}

// settle waits until all running replicas have applied everything, and compares them.
func (n *network) settle() {
	n.t.Helper()
	leader := n.leader()
	index := leader.raft.LastIndex()
	ctx, cancel := context.WithTimeout(n.t.Context(), 20*time.Second)
	defer cancel()
	for _, r := range n.replicas {
		if r.raft == nil {
			continue
		}
		eventually(n.t, r.id+" knows what is committed", func() bool { return r.raft.CommitIndex() >= index })
		if err := r.f.waitApplied(ctx, index); err != nil {
			n.t.Fatal(err)
		}
		equalViews(n.t, leader.f, r.f)
	}
}

// equalViews compares what anybody but raft's FSM goroutine may look at.
func equalViews(t testing.TB, a, b *fsm) {
	t.Helper()
	var da, db Digest
	a.view(func(m *ircserver.Server) { da = takeDigest(m) })
	b.view(func(m *ircserver.Server) { db = takeDigest(m) })
	if da != db {
		t.Errorf("digests differ: %v at %d, %v at %d", da, da.Input, db, db.Input)
	}
	ta, tb := a.out.Tail(), b.out.Tail()
	if fmt.Sprint(ta.Sessions) != fmt.Sprint(tb.Sessions) || ta.Len() != tb.Len() {
		t.Errorf("retained outputs differ: %d and %d outputs, sessions %v and %v", ta.Len(), tb.Len(), ta.Sessions, tb.Sessions)
	}
}

func TestThreeReplicas(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, "a", "b", "c")
	alice, bob := n.register("alice"), n.register("bob")
	n.propose(line(bob, "TOPIC #a :before"), line(alice, "PANIC"), line(bob, "PRIVMSG #a :after"))
	n.settle()

	leader := n.leader()
	if err := leader.raft.Snapshot().Error(); err != nil {
		t.Fatal(err)
	}
	carol := n.register("carol")
	n.propose(line(carol, "PANIC"), line(bob, "PRIVMSG #a :and on"))
	n.settle()

	// The leader starts again: its snapshot is restored once, the log behind it replayed, with the second death in it.
	n.stop(leader)
	n.propose(line(bob, "PRIVMSG #a :while it was away"))
	n.restart(leader)
	n.settle()
	if got := leader.f.stats.restores.Load(); got != 1 {
		t.Errorf("the snapshot was restored %d times at the start", got)
	}
	if got := leader.f.stats.deaths.Load(); got != 1 {
		t.Errorf("%d deaths were replayed, want 1", got)
	}

	// A replica that lost everything gets a snapshot, as the log from the beginning is gone.
	for _, r := range n.replicas {
		if err := r.raft.Snapshot().Error(); err != nil {
			t.Fatal(err)
		}
	}
	var follower *replica
	for _, r := range n.replicas {
		if r != n.leader() {
			follower = r
		}
	}
	n.stop(follower)
	if err := os.RemoveAll(follower.dir); err != nil {
		t.Fatal(err)
	}
	n.propose(line(bob, "PRIVMSG #a :last"), line(bob, "PANIC"))
	n.restart(follower)
	n.settle()
	if got := follower.f.stats.restores.Load(); got != 1 {
		t.Errorf("%d snapshots were restored by the new replica", got)
	}
	if got := lines(t, follower.f, bob); count(got, "while it was away") != 0 || !strings.HasPrefix(got[len(got)-1], "ERROR") {
		t.Errorf("bob sees on the new replica: %q", got) // his own messages are not echoed
	}
}

// TestLeaderThatCannotWriteStops is invariant I-16 at the leader.
func TestLeaderThatCannotWriteStops(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var stopped stopRecorder
	disk, err := openStores(dir, quiet(), stopped.stop)
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	var failing atomic.Bool
	disk.entries.update = func(change func(*bbolt.Tx) error) error {
		if failing.Load() {
			return errors.New("input/output error")
		}
		return disk.entries.db.Update(change)
	}
	_, trans := raft.NewInmemTransport("a")
	conf := raft.Configuration{Servers: []raft.Server{{ID: "a", Address: "a"}}}
	if err := raft.BootstrapCluster(testRaftConfig("a"), disk.log, disk.stable, disk.snapshots, trans, conf); err != nil {
		t.Fatal(err)
	}
	f := newTestFSM(t, disk.log)
	r, err := openRaft(testRaftConfig("a"), f, disk, trans)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Shutdown()
	eventually(t, "it leads", func() bool { return r.State() == raft.Leader })
	data, _ := encodeEntry(register(2, "alice"), CompressNone)
	if err := r.Apply(data, time.Second).Error(); err != nil {
		t.Fatal(err)
	}
	failing.Store(true)
	for range 3 { // also when it tries to lead again
		if err := r.Apply(data, time.Second).Error(); err == nil {
			t.Error("a write that failed was acknowledged")
		}
		failing.Store(false) // an fsync that failed once may seem to succeed
	}
	if disk.failure.err() == nil || len(stopped.errs()) != 1 {
		t.Errorf("the node was not stopped: %v", stopped.errs())
	}
	if _, _, got := f.applied(); got != 5 {
		t.Errorf("%d inputs were applied", got)
	}
}

func TestDamageIsFoundAtTheStart(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, "a")
	r := n.replicas["a"]
	bob := n.register("bob")
	for i := range 5 {
		n.propose(line(bob, fmt.Sprint("PRIVMSG #a :", i)))
	}
	if err := r.raft.Snapshot().Error(); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		n.propose(line(bob, fmt.Sprint("PRIVMSG #a :again ", i)))
	}
	n.stop(r)
	whole := r.dir

	reopen := func(what string, damage func(dir string)) ([]error, error) {
		t.Helper()
		dir := filepath.Join(t.TempDir(), what)
		if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		damage(dir)
		var stopped stopRecorder
		disk, err := openStores(dir, quiet(), stopped.stop)
		if err != nil {
			return stopped.errs(), err
		}
		defer disk.Close()
		_, trans := raft.NewInmemTransport("a")
		started, err := openRaft(testRaftConfig("a"), newTestFSM(t, disk.log), disk, trans)
		if started != nil {
			started.Shutdown().Error()
		}
		return stopped.errs(), err
	}
	if stopped, err := reopen("whole", func(string) {}); err != nil || len(stopped) > 0 {
		t.Fatalf("undamaged: %v, %v", err, stopped)
	}
	for what, damage := range map[string]func(dir string){
		"log": func(dir string) {
			rewrite(t, filepath.Join(dir, logFile), string(logBucket), []byte{0, 0, 0, 0, 0, 0, 0, 12}, func(v []byte) []byte {
				v[len(v)/2] ^= 4
				return v
			})
		},
		"snapshot": func(dir string) {
			path, _ := filepath.Glob(filepath.Join(dir, snapshotDir, "*"))
			b, err := os.ReadFile(path[0])
			if err != nil {
				t.Fatal(err)
			}
			b[len(b)/2] ^= 4
			if err := os.WriteFile(path[0], b, 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		stopped, err := reopen(what, damage)
		var c *CorruptError
		if !errors.As(err, &c) || !strings.Contains(c.File, what) || len(stopped) != 1 {
			t.Errorf("%s: started with %v, stopped with %v", what, err, stopped)
		}
	}
	if _, err := reopen("missing", func(dir string) {
		paths, _ := filepath.Glob(filepath.Join(dir, snapshotDir, "*"))
		for _, p := range paths {
			os.Remove(p)
		}
	}); err == nil || !strings.Contains(err.Error(), "join it again") {
		t.Errorf("without the snapshot that the log goes on from: %v", err)
	}
}

// TestSnapshotFromTheLeaderIsCheckedBeforeItCounts sends a damaged one.
func TestSnapshotFromTheLeaderIsCheckedBeforeItCounts(t *testing.T) {
	s := testSnapshotStore(t, failOnStop(t))
	var b strings.Builder
	if err := writeSnapshot(&b, testSnapshot(9), CompressNone); err != nil {
		t.Fatal(err)
	}
	bad := []byte(b.String())
	bad[len(bad)/2] ^= 1
	sink, err := s.Create(1, 9, 2, testConf, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(sink, strings.NewReader(string(bad))); err != nil {
		t.Fatal(err)
	}
	var c *CorruptError
	if err := sink.Close(); !errors.As(err, &c) {
		t.Errorf("it was accepted: %v", err)
	}
	if metas, err := s.List(); len(metas) > 0 || err != nil {
		t.Errorf("it was kept: %v, %v", metas, err)
	}
}
