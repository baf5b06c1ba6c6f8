package trace

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// badDisk is a disk that can be full, broken or slow.
type badDisk struct {
	mu      sync.Mutex
	free    int64 // bytes that fit; -1 is any number
	failing error // of every write
	syncErr error // of the next fsync
	gate    chan struct{}
}

func (d *badDisk) create(path string) (file, error) {
	f, err := osFiles{}.create(path)
	if err != nil {
		return nil, err
	}
	return &badFile{disk: d, file: f}, nil
}

func (d *badDisk) remove(path string) error { return os.Remove(path) }

func (d *badDisk) set(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
}

type badFile struct {
	disk *badDisk
	file
}

func (f *badFile) WriteAt(b []byte, off int64) (int, error) {
	d := f.disk
	d.mu.Lock()
	gate, err, n := d.gate, d.failing, len(b)
	if d.free >= 0 && int64(n) > d.free {
		n, err = int(d.free), syscall.ENOSPC
	}
	d.mu.Unlock()
	if gate != nil {
		<-gate
	}
	written, werr := f.file.WriteAt(b[:n], off) // what fits stays, as on a real disk
	return written, errors.Join(werr, err)
}

func (f *badFile) Sync() (err error) {
	f.disk.set(func() { err, f.disk.syncErr = f.disk.syncErr, nil })
	return err
}

// appendMany appends records until as many are lost, and returns how many there were. It must not take long.
func appendMany(t *testing.T, w *Writer, lost uint64) uint64 {
	t.Helper()
	start := time.Now()
	n := uint64(0)
	for ; w.Stats().Lost < lost; n++ {
		w.Append(&Record{Kind: KindLinkIn, Mono: 1, Line: strings.Repeat("x", 200)})
		if time.Since(start) > 20*time.Second {
			t.Fatalf("no records are lost: %+v", w.Stats())
		}
	}
	return n
}

// checkGaps holds that every number of the run is either a record or in a gap, and returns the gaps.
func checkGaps(t *testing.T, records []Record) (gaps []Gap) {
	t.Helper()
	seen := map[uint64]bool{}
	cover := func(seq uint64) {
		if seen[seq] {
			t.Fatalf("number %d is there twice", seq)
		}
		seen[seq] = true
	}
	last := uint64(0)
	for _, r := range records[1:] {
		if r.Seq <= last {
			t.Fatalf("record %d after %d", r.Seq, last)
		}
		last = r.Seq
		cover(r.Seq)
		if r.Kind == KindGap {
			var g Gap
			if err := r.Body(&g); err != nil || g.To >= r.Seq || g.Lines != g.To-g.From+1 {
				t.Fatalf("gap %+v at %d: %v", g, r.Seq, err)
			}
			gaps = append(gaps, g)
			for seq := g.From; seq <= g.To; seq++ {
				cover(seq)
			}
		}
	}
	if uint64(len(seen)) != last {
		t.Fatalf("%d of %d numbers are records or in gaps", len(seen), last)
	}
	return gaps
}

func TestFullDisk(t *testing.T) {
	disk := &badDisk{free: -1}
	w, dir := newWriter(t, func(o *Options) {
		o.files, o.QueueBytes, o.FlushBytes, o.FlushEvery, o.retry = disk, 500_000, 10_000, time.Millisecond, time.Millisecond
	})
	for n := range 1000 {
		r := sample(n)
		w.Append(&r)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	disk.set(func() { disk.free = 10 })
	appendMany(t, w, 2000)
	await(t, "an error", func() bool { return errors.Is(w.Stats().Err, syscall.ENOSPC) })
	appendMany(t, w, 3000)
	disk.set(func() { disk.free = -1 })
	await(t, "the disk's recovery", func() bool { return w.Stats().Err == nil && w.Stats().QueueBytes == 0 })
	w.Append(&Record{Kind: KindLinkIn, Line: "PING after"})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, damage := readAll(t, dir)
	if len(damage) > 0 || got[len(got)-1].Line != "PING after" {
		t.Fatal(damage, got[len(got)-1])
	}
	gaps := checkGaps(t, got)
	var lost uint64
	for _, g := range gaps {
		lost += g.Lines
	}
	if st := w.Stats(); lost != st.Lost || lost < 3000 || st.Gaps != uint64(len(gaps)) || st.Written != st.Records-st.Lost {
		t.Errorf("gaps tell of %d lost records, %+v", lost, st)
	}
	if gaps[len(gaps)-1].Reason != GapDisk {
		t.Errorf("%+v", gaps)
	}
}

func TestSlowDisk(t *testing.T) {
	disk := &badDisk{free: -1}
	w, dir := newWriter(t, func(o *Options) { o.files, o.QueueBytes, o.FlushBytes = disk, 200_000, 10_000 })
	gate := make(chan struct{})
	disk.set(func() { disk.gate = gate })
	start := time.Now()
	appendMany(t, w, 1000)
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("a disk that hangs held up the caller for %s", took)
	}
	if st := w.Stats(); st.QueueBytes > 200_000 || st.Err != nil {
		t.Errorf("%+v", st)
	}
	disk.set(func() { disk.gate = nil })
	close(gate)
	// Nothing more is appended: the gap is told all the same.
	await(t, "the gap", func() bool { st := w.Stats(); return st.Written == st.Records-st.Lost && st.QueueBytes == 0 })
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, damage := readAll(t, dir)
	lost := uint64(0)
	for _, g := range checkGaps(t, got) {
		lost += g.Lines
		if g.Reason != GapQueue {
			t.Error(g)
		}
	}
	if len(damage) > 0 || lost != w.Stats().Lost || lost < 1000 {
		t.Fatal(lost, w.Stats(), damage)
	}
}

func TestClosingWhileTheDiskIsFull(t *testing.T) {
	disk := &badDisk{free: -1}
	w, dir := newWriter(t, func(o *Options) { o.files, o.FlushEvery = disk, time.Hour })
	w.Append(&Record{Kind: KindLinkIn, Line: "PING kept"})
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	disk.set(func() { disk.free = 10 })
	for range 10 {
		w.Append(&Record{Kind: KindLinkIn, Line: "PING lost"})
	}
	if err := w.Close(); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "10 records of 11 lost") {
		t.Error(err)
	}
	if got, damage := readAll(t, dir); len(got) != 2 || got[1].Line != "PING kept" || len(damage) > 0 {
		t.Error(got, damage)
	}
}

// TestFailedFsync holds that a file is left behind when its fsync fails.
func TestFailedFsync(t *testing.T) {
	disk := &badDisk{free: -1}
	w, dir := newWriter(t, func(o *Options) { o.files = disk })
	w.Append(&Record{Kind: KindLinkIn, Line: "PING one"})
	disk.set(func() { disk.syncErr = syscall.EIO })
	if err := w.Flush(); !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
	w.Append(&Record{Kind: KindLinkIn, Line: "PING two"})
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := Files(dir)
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	if got, _ := readAll(t, dir); len(got) != 3 || got[2].Line != "PING two" {
		t.Error(got)
	}
}

func TestRecordsOverTheLimits(t *testing.T) {
	w, dir := newWriter(t, nil)
	long := ":a PRIVMSG #c :" + strings.Repeat("y", MaxLine/2-15)
	w.Append(&Record{Kind: KindLinkIn, Line: long + "y"})
	w.Append(&Record{Kind: KindOutput, To: make([]uint64, MaxRecipients+1)})
	w.Append(&Record{})
	w.Append(&Record{Kind: KindOutput, To: []uint64{9, 3, 3, 1}, Line: long})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, damage := readAll(t, dir)
	gaps := checkGaps(t, got)
	if len(damage) > 0 || len(gaps) != 1 || gaps[0].Reason != GapTooLong || gaps[0].Lines != 3 {
		t.Fatal(gaps, damage)
	}
	if r := got[2]; fmt.Sprint(r.To) != "[1 3 9]" || r.Line != long {
		t.Errorf("%d bytes to %v", len(r.Line), r.To)
	}
}

// TestFlushBound holds what a killed process can lose: what is older than FlushEvery is in the file.
func TestFlushBound(t *testing.T) {
	w, dir := newWriter(t, func(o *Options) { o.FlushEvery = 20 * time.Millisecond })
	w.Append(&Record{Kind: KindLinkIn, Line: "PING soon-there"})
	await(t, "the record in the file", func() bool {
		got, _ := readAll(t, dir)
		return len(got) == 2
	})
	// Many records do not wait for the time.
	w, dir = newWriter(t, func(o *Options) { o.FlushEvery, o.FlushBytes = time.Hour, 10_000 })
	for n := range 1000 {
		r := sample(n)
		w.Append(&r)
	}
	await(t, "full frames in the file", func() bool {
		got, _ := readAll(t, dir)
		return len(got) > 900
	})
}
