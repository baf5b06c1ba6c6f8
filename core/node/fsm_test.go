package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/raft"

	"robustirc/core/ircserver"
	"robustirc/core/outputstream"
)

func newTestFSM(t testing.TB, logs raft.LogStore) *fsm {
	t.Helper()
	return newFSM(fsmConfig{
		Logs: logs, Initial: testConfig(), Compression: CompressNone, Logger: quiet(),
		Stop: func(err error) { t.Errorf("the replica stopped: %v", err) },
	})
}

// forFSM drops the entries that raft keeps to itself.
func forFSM(logs []*raft.Log) []*raft.Log {
	var ours []*raft.Log
	for _, l := range logs {
		if l.Type == raft.LogCommand || l.Type == raft.LogConfiguration {
			ours = append(ours, l)
		}
	}
	return ours
}

// applyAll applies entries in batches of random length.
func applyAll(t testing.TB, f *fsm, logs []*raft.Log, rng *rand.Rand) {
	t.Helper()
	for logs = forFSM(logs); len(logs) > 0; {
		n := 1 + rng.IntN(min(10, len(logs)))
		for i, r := range f.ApplyBatch(logs[:n]) {
			if _, ok := r.(appliedEntry); !ok {
				t.Fatalf("entry %d: %v", logs[i].Index, r)
			}
		}
		logs = logs[n:]
	}
}

// snapshotOf is a replica's snapshot as bytes: equal replicas have equal ones.
func snapshotOf(t testing.TB, f *fsm) []byte {
	t.Helper()
	s, err := f.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Release()
	sink := &memorySink{}
	if err := s.Persist(sink); err != nil {
		t.Fatal(err)
	}
	return sink.Bytes()
}

// memorySink is a raft.SnapshotSink in memory.
type memorySink struct {
	bytes.Buffer
	cancelled bool
}

func (m *memorySink) ID() string    { return "memory" }
func (m *memorySink) Close() error  { return nil }
func (m *memorySink) Cancel() error { m.cancelled = true; return nil }

func restore(t testing.TB, f *fsm, snapshot []byte) {
	t.Helper()
	if err := f.Restore(io.NopCloser(bytes.NewReader(snapshot))); err != nil {
		t.Fatal(err)
	}
}

// equalReplicas compares state and retained outputs.
func equalReplicas(t testing.TB, a, b *fsm) {
	t.Helper()
	if !bytes.Equal(snapshotOf(t, a), snapshotOf(t, b)) {
		t.Errorf("the replicas differ: states equal: %v, at %+v and %+v",
			bytes.Equal(a.machine.AppendSnapshot(nil), b.machine.AppendSnapshot(nil)), a.at, b.at)
	}
	if da, db := a.digests.all(), b.digests.all(); len(da) > 0 && len(db) > 0 && da[len(da)-1] != db[len(db)-1] {
		t.Errorf("the last digests differ: %v, %v", da[len(da)-1], db[len(db)-1])
	}
}

func (g *traffic) entries(n int) []*raft.Log {
	logs := make([]*raft.Log, n)
	for i := range logs {
		logs[i] = g.entry()
	}
	return logs
}

func TestReplicasAreEqualHoweverRaftBatches(t *testing.T) {
	for seed := range uint64(10) {
		g := newTraffic(t, seed)
		g.deaths = 40
		logs := g.entries(200)
		a, b := newTestFSM(t, g.store), newTestFSM(t, g.store)
		applyAll(t, a, logs, g.rng)
		applyAll(t, b, logs, g.rng)
		equalReplicas(t, a, b)
		if got := a.machine.Inputs(); got != g.input {
			t.Errorf("%d inputs were counted, want %d", got, g.input)
		}
		if a.stats.deaths.Load() == 0 {
			t.Error("nothing died: the test is too weak")
		}
	}
}

// TestSnapshotAndTailAreTheWholeLog is invariant I-6: whatever the cut, also a snapshot of a restored replica.
func TestSnapshotAndTailAreTheWholeLog(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		g := newTraffic(t, 100+seed)
		g.deaths = 60
		logs := g.entries(150)
		whole := newTestFSM(t, g.store)
		applyAll(t, whole, logs, g.rng)

		f, done := newTestFSM(t, g.store), 0
		for range 3 {
			cut := done + g.rng.IntN(len(logs)-done)
			applyAll(t, f, logs[done:cut], g.rng)
			done = cut
			snapshot := snapshotOf(t, f)
			f = newTestFSM(t, g.store)
			restore(t, f, snapshot)
			if again := snapshotOf(t, f); !bytes.Equal(again, snapshot) {
				t.Fatalf("a restored replica has another snapshot")
			}
		}
		applyAll(t, f, logs[done:], g.rng)
		equalReplicas(t, whole, f)
	}
}

func TestReadersGoOnAcrossARestore(t *testing.T) {
	g := newTraffic(t, 7)
	behind, ahead := newTestFSM(t, g.store), newTestFSM(t, g.store)
	for _, f := range []*fsm{behind, ahead} {
		applyAll(t, f, []*raft.Log{g.batchAt(1, register(1, "alice")...)}, g.rng)
	}
	more := func(from, to int) []*raft.Log {
		var l []*raft.Log
		for i := from; i <= to; i++ {
			l = append(l, g.batchAt(uint64(i), line(1, fmt.Sprintf("PRIVMSG alice :%d", i))))
		}
		return l
	}
	r, err := behind.out.Open(1, ircserver.OutputID{})
	if err != nil {
		t.Fatal(err)
	}
	var got []ircserver.OutputID
	read := func() {
		items, err := r.Take(nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range items {
			got = append(got, item.ID)
		}
	}
	applyAll(t, behind, more(2, 5), g.rng)
	read()
	applyAll(t, behind, more(6, 8), g.rng) // filed, but not yet read
	applyAll(t, ahead, more(2, 20), g.rng)
	restore(t, behind, snapshotOf(t, ahead))
	read()
	applyAll(t, behind, more(21, 25), g.rng)
	read()

	applyAll(t, ahead, more(21, 25), g.rng)
	other, err := ahead.out.Open(1, ircserver.OutputID{})
	if err != nil {
		t.Fatal(err)
	}
	want, err := other.Take(nil)
	if err != nil || len(want) != len(got) {
		t.Fatalf("read %d lines across the restore, want %d (%v)", len(got), len(want), err)
	}
	for i := range want {
		if want[i].ID != got[i] {
			t.Fatalf("line %d is %v, want %v", i, got[i], want[i].ID)
		}
	}
}

// batchAt makes an entry without putting it into the log.
func (g *traffic) batchAt(index uint64, inputs ...ircserver.Input) *raft.Log {
	g.t.Helper()
	data, err := encodeEntry(inputs, g.codec)
	if err != nil {
		g.t.Fatal(err)
	}
	return &raft.Log{Index: index, Term: 1, Type: raft.LogCommand, Data: data}
}

func TestApplyingGoesOnWhileASnapshotIsWritten(t *testing.T) {
	g := newTraffic(t, 8)
	f, twin := newTestFSM(t, g.store), newTestFSM(t, g.store)
	logs := g.entries(100)
	applyAll(t, f, logs, g.rng)
	applyAll(t, twin, logs, g.rng)
	want := snapshotOf(t, twin)

	s, err := f.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	sink := &stuckSink{entered: make(chan struct{}), proceed: make(chan struct{})}
	written := make(chan error)
	go func() { written <- s.Persist(sink) }()
	<-sink.entered // a write hangs, and will until we say so
	applyAll(t, f, g.entries(100), g.rng)
	close(sink.proceed)
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(sink.Bytes(), want) {
		t.Error("what was applied meanwhile is in the snapshot")
	}
}

// stuckSink hangs in its first write.
type stuckSink struct {
	memorySink
	entered, proceed chan struct{}
	once             sync.Once
}

func (s *stuckSink) Write(b []byte) (int, error) {
	s.once.Do(func() {
		close(s.entered)
		<-s.proceed
	})
	return s.memorySink.Write(b)
}

func TestFailingSinkCancelsTheSnapshot(t *testing.T) {
	g := newTraffic(t, 9)
	f := newTestFSM(t, g.store)
	applyAll(t, f, g.entries(20), g.rng)
	s, err := f.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left on device")
	sink := &fullSink{err: full}
	if err := s.Persist(sink); !errors.Is(err, full) || !sink.cancelled {
		t.Errorf("got %v, cancelled: %v", err, sink.cancelled)
	}
	applyAll(t, f, g.entries(20), g.rng)
}

type fullSink struct {
	memorySink
	err error
}

func (s *fullSink) Write([]byte) (int, error) { return 0, s.err }

func TestDamagedSnapshotChangesNothing(t *testing.T) {
	g := newTraffic(t, 10)
	other, f := newTestFSM(t, g.store), newTestFSM(t, g.store)
	applyAll(t, f, g.entries(30), g.rng)
	applyAll(t, other, g.entries(60), g.rng)
	good, before := snapshotOf(t, other), snapshotOf(t, f)
	for range 200 {
		bad := bytes.Clone(good)
		bad[g.rng.IntN(len(bad))] ^= 1 << g.rng.IntN(8)
		var c *CorruptError
		if err := f.Restore(io.NopCloser(bytes.NewReader(bad))); !errors.As(err, &c) {
			t.Fatalf("got %v", err)
		}
	}
	if !bytes.Equal(snapshotOf(t, f), before) {
		t.Error("a snapshot that was refused left something behind")
	}
}

func TestDamagedEntryIsNotApplied(t *testing.T) {
	g := newTraffic(t, 11)
	f := newTestFSM(t, g.store)
	var stopped stopRecorder
	f.stop = stopped.stop
	applyAll(t, f, g.entries(30), g.rng)
	before := snapshotOf(t, f)
	bad := g.batch(line(1, "PRIVMSG #a :hello"))
	bad.Data[len(bad.Data)-9] ^= 1
	results := f.ApplyBatch([]*raft.Log{bad, g.batch(line(1, "PRIVMSG #a :hello"))})
	for _, r := range results {
		if err, ok := r.(error); !ok {
			t.Errorf("result %v, %v", r, err)
		}
	}
	var c *CorruptError
	if len(stopped.errs()) != 1 || !errors.As(stopped.errs()[0], &c) || c.Index != bad.Index {
		t.Errorf("stopped with %v", stopped.errs())
	}
	f.failed = nil
	if !bytes.Equal(snapshotOf(t, f), before) {
		t.Error("something was applied")
	}
}

func TestNewerEntryAsksForAnUpgrade(t *testing.T) {
	g := newTraffic(t, 12)
	f := newTestFSM(t, g.store)
	var stopped stopRecorder
	f.stop = stopped.stop
	l := g.batch(line(1, "x"))
	l.Data[0] = 99
	copy(l.Data[1:], le32(entryCRC(l.Data)))
	f.Apply(l)
	if len(stopped.errs()) != 1 || !strings.Contains(stopped.errs()[0].Error(), "upgrade this node") {
		t.Errorf("stopped with %v", stopped.errs())
	}
}

func le32(v uint32) []byte { return []byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)} }

func TestCompressionMayBeSwitched(t *testing.T) {
	plain, mixed := newTraffic(t, 13), newTraffic(t, 13)
	a, b := newTestFSM(t, plain.store), newTestFSM(t, mixed.store)
	big := func(g *traffic) []*raft.Log {
		return []*raft.Log{g.batch(append(register(1, "alice"), line(1, "PRIVMSG #a :"+strings.Repeat("long ", 70)), line(1, "PRIVMSG #a :"+strings.Repeat("long ", 70)))...)}
	}
	applyAll(t, a, big(plain), plain.rng)
	mixed.codec = CompressZstd
	logs := big(mixed)
	if Compression(logs[0].Data[0]) != CompressZstd {
		t.Fatal("the entry was not compressed")
	}
	applyAll(t, b, logs, mixed.rng)
	mixed.codec = CompressNone
	for range 5 {
		applyAll(t, a, []*raft.Log{plain.batch(line(1, "TOPIC #a :t"))}, plain.rng)
		applyAll(t, b, []*raft.Log{mixed.batch(line(1, "TOPIC #a :t"))}, mixed.rng)
	}
	equalReplicas(t, a, b)

	b.compression = CompressZstd
	small := snapshotOf(t, b)
	if len(small) >= len(snapshotOf(t, a)) {
		t.Error("the snapshot was not compressed")
	}
	c := newTestFSM(t, mixed.store) // with compression none
	restore(t, c, small)
	equalReplicas(t, a, c)
}

func TestResultsNameTheInputs(t *testing.T) {
	g := newTraffic(t, 14)
	f := newTestFSM(t, g.store)
	results := f.ApplyBatch([]*raft.Log{g.batch(register(1, "alice")...), g.add(raft.LogConfiguration, raft.EncodeConfiguration(testConf)), g.batch(register(6, "bob")...)})
	want := []any{appliedEntry{1, 4}, appliedEntry{5, 1}, appliedEntry{6, 4}}
	for i := range want {
		if results[i] != want[i] {
			t.Errorf("result %d is %v, want %v", i, results[i], want[i])
		}
	}
	if info, ok := f.session(6); !ok || info.Nick != "bob" {
		t.Errorf("session 6: %+v, %v", info, ok)
	}
}

func TestMembersAreListedInOrder(t *testing.T) {
	servers := []raft.Server{{ID: "c", Address: "c:1"}, {ID: "a", Address: "a:1"}, {ID: "b", Address: "b:1"}}
	in := membersInput(raft.Configuration{Servers: servers})
	if in.Kind != ircserver.KindMembers || in.Text != "a a:1\nb b:1\nc c:1" || in.Time != 0 {
		t.Errorf("got %+v", in)
	}
	if servers[0].ID != "c" {
		t.Error("raft's configuration was changed")
	}
}

func TestWaitApplied(t *testing.T) {
	g := newTraffic(t, 15)
	f := newTestFSM(t, g.store)
	entry := g.batch(register(1, "alice")...)
	noop := g.add(raft.LogNoop, nil) // never reaches the replica
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- f.waitApplied(ctx, noop.Index) }()
	f.Apply(entry)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if index, _, input := f.applied(); index != entry.Index || input != 4 {
		t.Errorf("applied %d, input %d", index, input)
	}
	go func() { done <- f.waitApplied(ctx, g.batch(line(1, "x")).Index) }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestTrimmedOutputsAreAGap(t *testing.T) {
	g := newTraffic(t, 16)
	f := newTestFSM(t, g.store)
	applyAll(t, f, []*raft.Log{g.batch(register(1, "alice")...)}, g.rng)
	for range 200 {
		applyAll(t, f, []*raft.Log{g.batch(line(1, "PRIVMSG alice :"+strings.Repeat("x", 300)))}, g.rng)
	}
	twin := newTestFSM(t, g.store)
	restore(t, twin, snapshotOf(t, f))
	for _, f := range []*fsm{f, twin} {
		if _, err := f.out.Open(1, ircserver.OutputID{Input: 2, Reply: 1}); !errors.Is(err, outputstream.ErrGap) {
			t.Errorf("got %v", err)
		}
	}
}
