package node

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
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
	rewrite(t, file, "logs", []byte{0, 0, 0, 0, 0, 0, 0, 5}, func(v []byte) []byte {
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

// damagedStore is a LogStore whose entries come back damaged.
type damagedStore struct {
	*raft.InmemStore
	damage func(*raft.Log)
}

func (d *damagedStore) GetLog(i uint64, l *raft.Log) error {
	if err := d.InmemStore.GetLog(i, l); err != nil {
		return err
	}
	l.Data, l.Extensions = bytes.Clone(l.Data), bytes.Clone(l.Extensions)
	if d.damage != nil {
		d.damage(l)
	}
	return nil
}

func TestEveryBitOfAnEntryIsCovered(t *testing.T) {
	d := &damagedStore{InmemStore: raft.NewInmemStore()}
	want := testLogs(7, 7)[0]
	if err := (&crcStore{store: d, failure: &failure{}}).StoreLog(want); err != nil {
		t.Fatal(err)
	}
	check := func(what string, damage func(*raft.Log)) {
		d.damage = damage
		s := &crcStore{store: d, failure: &failure{stop: func(error) {}}}
		if err := s.GetLog(7, new(raft.Log)); err == nil {
			t.Errorf("%s: not noticed", what)
		}
	}
	for bit := range 8 * len(want.Data) {
		check("data", func(l *raft.Log) { l.Data[bit/8] ^= 1 << (bit % 8) })
	}
	for bit := range 8 * crcLen {
		check("checksum", func(l *raft.Log) { l.Extensions[bit/8] ^= 1 << (bit % 8) })
	}
	for bit := range 64 {
		check("index", func(l *raft.Log) { l.Index ^= 1 << bit })
		check("term", func(l *raft.Log) { l.Term ^= 1 << bit })
	}
	check("type", func(l *raft.Log) { l.Type = raft.LogNoop })
	check("shorter", func(l *raft.Log) { l.Data = l.Data[:len(l.Data)-1] })
	check("no checksum", func(l *raft.Log) { l.Extensions = nil })
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

// failingStore fails to write as long as err is set.
type failingStore struct {
	*raft.InmemStore
	err error
}

func (f *failingStore) StoreLogs(logs []*raft.Log) error {
	if f.err != nil {
		return f.err
	}
	return f.InmemStore.StoreLogs(logs)
}

func TestWriteErrorIsNeverRetriedAsSuccess(t *testing.T) {
	var stopped stopRecorder
	disk := &failingStore{InmemStore: raft.NewInmemStore(), err: errors.New("no space left on device")}
	s := &crcStore{store: disk, file: "log.db", failure: &failure{stop: stopped.stop}}
	if err := s.StoreLogs(testLogs(1, 1)); !errors.Is(err, disk.err) {
		t.Errorf("got %v", err)
	}
	first := disk.err
	disk.err = nil
	for range 3 {
		if err := s.StoreLogs(testLogs(1, 1)); !errors.Is(err, first) {
			t.Errorf("after the disk recovered: %v, want the first error", err)
		}
	}
	if len(stopped.errs()) != 1 || !strings.Contains(stopped.errs()[0].Error(), "log.db") {
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
