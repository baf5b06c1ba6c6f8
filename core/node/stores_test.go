package node

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"
	"go.etcd.io/bbolt"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// stopRecorder is a stop function that remembers what it was called with.
type stopRecorder struct {
	mu   sync.Mutex
	list []error
}

func (s *stopRecorder) stop(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, err)
}

func (s *stopRecorder) errs() []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.list)
}

func openTestStores(t *testing.T, dir string, stop func(error)) *stores {
	t.Helper()
	s, err := openStores(dir, quiet(), stop)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func failOnStop(t *testing.T) func(error) {
	return func(err error) { t.Errorf("the node was stopped: %v", err) }
}

func testLogs(from, to uint64) []*raft.Log {
	var logs []*raft.Log
	for i := from; i <= to; i++ {
		logs = append(logs, &raft.Log{Index: i, Term: 3, Type: raft.LogCommand, Data: []byte("entry " + strings.Repeat("x", int(i))), AppendedAt: time.Unix(int64(i), 5)})
	}
	return logs
}

func sameLog(a, b *raft.Log) bool {
	return a.Index == b.Index && a.Term == b.Term && a.Type == b.Type && bytes.Equal(a.Data, b.Data) && bytes.Equal(a.Extensions, b.Extensions)
}

func TestStoresKeepWhatTheyAreGiven(t *testing.T) {
	dir := t.TempDir()
	s := openTestStores(t, dir, failOnStop(t))
	logs := testLogs(1, 20)
	logs[3].Extensions = []byte("of somebody's middleware")
	if err := s.log.StoreLogs(logs); err != nil {
		t.Fatal(err)
	}
	if err := s.stable.SetUint64([]byte("CurrentTerm"), 7); err != nil {
		t.Fatal(err)
	}
	if err := s.log.DeleteRange(1, 2); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTestStores(t, dir, failOnStop(t))
	for _, want := range logs[2:] {
		var got raft.Log
		if err := s.log.GetLog(want.Index, &got); err != nil || !sameLog(&got, want) {
			t.Errorf("entry %d: got %+v, %v, want %+v", want.Index, got, err, want)
		}
	}
	if err := s.log.GetLog(1, new(raft.Log)); !errors.Is(err, raft.ErrLogNotFound) {
		t.Errorf("deleted entry: %v", err)
	}
	if first, err := s.log.FirstIndex(); first != 3 || err != nil {
		t.Errorf("first index %d, %v", first, err)
	}
	if term, err := s.stable.GetUint64([]byte("CurrentTerm")); term != 7 || err != nil {
		t.Errorf("term %d, %v", term, err)
	}
	if _, err := s.stable.Get([]byte("nothing")); err == nil || err.Error() != "not found" {
		t.Errorf("unknown key: %v; raft wants not found", err)
	}
}

func TestStoresInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	openTestStores(t, dir, failOnStop(t))
	if _, err := openStores(dir, quiet(), failOnStop(t)); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("opened twice: %v", err)
	}
}

// rewrite changes a stored value behind the store's back.
func rewrite(t *testing.T, file, bucket string, key []byte, change func([]byte) []byte) {
	t.Helper()
	db, err := bbolt.Open(file, 0o600, &bbolt.Options{NoFreelistSync: true, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(bucket))
		return b.Put(key, change(bytes.Clone(b.Get(key))))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestDamagedLogEntryIsNamedAndStopsTheNode(t *testing.T) {
	dir := t.TempDir()
	s := openTestStores(t, dir, failOnStop(t))
	if err := s.log.StoreLogs(testLogs(1, 9)); err != nil {
		t.Fatal(err)
	}
	s.Close()
	file := filepath.Join(dir, logFile)
	rewrite(t, file, string(logBucket), []byte{0, 0, 0, 0, 0, 0, 0, 5}, func(v []byte) []byte {
		i := bytes.Index(v, []byte("entry xxxxx"))
		v[i+3] ^= 0x10
		return v
	})
	var stopped stopRecorder
	s = openTestStores(t, dir, stopped.stop)
	var got raft.Log
	if err := s.log.GetLog(4, &got); err != nil {
		t.Fatalf("the entry before: %v", err)
	}
	err := s.log.GetLog(5, &got)
	var c *CorruptError
	if !errors.As(err, &c) || c.File != file || c.Index != 5 {
		t.Fatalf("got %v", err)
	}
	if len(got.Data) != 0 {
		t.Errorf("the damaged entry was returned: %q", got.Data)
	}
	if len(stopped.errs()) != 1 || !errors.Is(stopped.errs()[0], c) {
		t.Errorf("stopped with %v", stopped.errs())
	}
	for _, want := range []string{file, "entry 5", "remove it from the network", "join it again"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the message %q does not mention %q", err, want)
		}
	}
	if err := s.log.StoreLogs(testLogs(10, 10)); err == nil {
		t.Error("a damaged store still acknowledges")
	}
}

func TestEveryBitOfAnEntryIsCovered(t *testing.T) {
	want := testLogs(7, 7)[0]
	want.Extensions = []byte("ext")
	key := logKey(7)
	value := encodeLog(key, want)
	if got, err := decodeLog(key, value); err != nil || !sameLog(&got, want) || !got.AppendedAt.Equal(want.AppendedAt) {
		t.Fatalf("got %+v, %v", got, err)
	}
	for bit := range 8 * len(value) {
		bad := bytes.Clone(value)
		bad[bit/8] ^= 1 << (bit % 8)
		if _, err := decodeLog(key, bad); err == nil {
			t.Errorf("bit %d of the value: not noticed", bit)
		}
	}
	for bit := range 64 {
		bad := bytes.Clone(key)
		bad[bit/8] ^= 1 << (bit % 8)
		if _, err := decodeLog(bad, value); err == nil {
			t.Errorf("bit %d of the index: not noticed", bit)
		}
	}
	for n := range value {
		if _, err := decodeLog(key, value[:n]); err == nil {
			t.Errorf("cut to %d bytes: not noticed", n)
		}
	}
}

// modelLog is what a log store is to be.
type modelLog map[uint64]*raft.Log

func (m modelLog) deleteRange(first, last uint64) {
	for i := first; i <= last; i++ {
		delete(m, i)
	}
}

func (m modelLog) edges() (first, last uint64) {
	if len(m) == 0 {
		return 0, 0
	}
	indexes := slices.Collect(maps.Keys(m))
	return slices.Min(indexes), slices.Max(indexes)
}

// TestLogIsALogStore compares the store with a map, under random operations.
func TestLogIsALogStore(t *testing.T) {
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 1))
		s, want := openTestStores(t, t.TempDir(), failOnStop(t)).entries, modelLog{}
		next, term := uint64(1), uint64(1)
		for range 60 {
			first, _ := want.edges()
			switch rng.IntN(6) {
			case 0: // what a follower does with entries of a leader that was deposed
				from := next - min(next-1, uint64(rng.IntN(30)))
				deleteFrom(t, s, want, from, next)
				next, term = from, term+1
			case 1: // compaction
				deleteFrom(t, s, want, first, first+uint64(rng.IntN(20)))
			default:
				logs := testLogs(next, next+uint64(rng.IntN(40)))
				next += uint64(len(logs))
				for _, l := range logs {
					l.Term = term
					want[l.Index] = l
				}
				if err := s.StoreLogs(logs); err != nil {
					t.Fatal(err)
				}
			}
			compareStores(t, s, want, uint64(rng.IntN(int(next)+1)))
		}
	}
}

func deleteFrom(t *testing.T, s *boltLog, want modelLog, first, last uint64) {
	t.Helper()
	want.deleteRange(first, last)
	if err := s.DeleteRange(first, last); err != nil {
		t.Fatal(err)
	}
}

// compareStores compares the edges and some entries.
func compareStores(t *testing.T, got *boltLog, want modelLog, from uint64) {
	t.Helper()
	first, err := got.FirstIndex()
	last, err2 := got.LastIndex()
	if f, l := want.edges(); first != f || last != l || err != nil || err2 != nil {
		t.Fatalf("entries %d to %d (%v, %v), want %d to %d", first, last, err, err2, f, l)
	}
	for i := from; i < from+30; i++ {
		var l raft.Log
		err := got.GetLog(i, &l)
		if w := want[i]; w == nil && err != raft.ErrLogNotFound || w != nil && (err != nil || !sameLog(&l, w)) {
			t.Fatalf("entry %d: %+v, %v, want %+v", i, l, err, w)
		}
	}
}

func TestDamagedVoteStopsTheNode(t *testing.T) {
	dir := t.TempDir()
	s := openTestStores(t, dir, failOnStop(t))
	if err := s.stable.SetUint64([]byte("CurrentTerm"), 7); err != nil {
		t.Fatal(err)
	}
	s.Close()
	file := filepath.Join(dir, stableFile)
	rewrite(t, file, "conf", []byte("CurrentTerm"), func(v []byte) []byte { v[7] ^= 1; return v })
	var stopped stopRecorder
	s = openTestStores(t, dir, stopped.stop)
	_, err := s.stable.GetUint64([]byte("CurrentTerm"))
	var c *CorruptError
	if !errors.As(err, &c) || c.File != file || c.Part != "CurrentTerm" || len(stopped.errs()) != 1 {
		t.Errorf("got %v, stopped with %v", err, stopped.errs())
	}
}

func TestMissingFiles(t *testing.T) {
	for _, name := range []string{logFile, stableFile} {
		dir := t.TempDir()
		s := openTestStores(t, dir, failOnStop(t))
		if err := s.log.StoreLogs(testLogs(1, 2)); err != nil {
			t.Fatal(err)
		}
		s.Close()
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		for range 2 { // also when it is tried again
			_, err := openStores(dir, quiet(), failOnStop(t))
			var c *CorruptError
			if !errors.As(err, &c) || c.File != filepath.Join(dir, name) || !strings.Contains(err.Error(), "missing") {
				t.Errorf("without %s: %v", name, err)
			}
		}
	}
	// A first start that was interrupted between the two is no loss.
	dir := t.TempDir()
	openTestStores(t, dir, failOnStop(t)).Close()
	os.Remove(filepath.Join(dir, stableFile))
	openTestStores(t, dir, failOnStop(t))
}

func TestGarbageInPlaceOfTheLog(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, logFile), bytes.Repeat([]byte("garbage"), 5000), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := openStores(dir, quiet(), failOnStop(t))
	var c *CorruptError
	if !errors.As(err, &c) || c.File != filepath.Join(dir, logFile) {
		t.Errorf("got %v", err)
	}
}

func TestWriteErrorIsNeverRetriedAsSuccess(t *testing.T) {
	var stopped stopRecorder
	s := openTestStores(t, t.TempDir(), stopped.stop)
	full := errors.New("no space left on device")
	s.entries.update = func(func(*bbolt.Tx) error) error { return full }
	if err := s.log.StoreLogs(testLogs(1, 1)); err == nil || !strings.Contains(err.Error(), full.Error()) {
		t.Errorf("got %v", err)
	}
	s.entries.update = s.entries.db.Update
	for range 3 {
		if err := s.log.StoreLogs(testLogs(1, 1)); err == nil {
			t.Error("acknowledged after an error, because the disk recovered")
		}
	}
	if err := s.stable.SetUint64([]byte("CurrentTerm"), 2); !errors.Is(err, full) {
		t.Errorf("voting after an error: %v", err)
	}
	if len(stopped.errs()) != 1 || !strings.Contains(stopped.errs()[0].Error(), s.path(logFile)) {
		t.Errorf("stopped with %v", stopped.errs())
	}
}

func TestOutOfServiceOutlivesARestart(t *testing.T) {
	dir := t.TempDir()
	if err := leaveService(dir, "at input 7 a majority differs"); err != nil {
		t.Fatal(err)
	}
	_, err := openStores(dir, quiet(), failOnStop(t))
	if !errors.Is(err, ErrOutOfService) || !strings.Contains(err.Error(), "at input 7 a majority differs") {
		t.Errorf("got %v", err)
	}
}
