package trace

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// testHeader is the header of the runs of the tests.
func testHeader() Header {
	return Header{
		RunID: "test-1", Version: "v0", Started: time.Date(2026, 11, 25, 1, 2, 3, 0, time.UTC), Protocol: "ts6", Dialect: "solanum",
		Us: "gw.example.net", SID: "00G", Network: "robust.example.net", Mode: ModeObserver, Style: StyleFirehose,
	}
}

// newWriter makes a Writer into a new folder that keeps texts, unless change says otherwise.
func newWriter(t testing.TB, change func(*Options)) (*Writer, string) {
	t.Helper()
	opts := Options{Dir: filepath.Join(t.TempDir(), "capture"), Header: testHeader(), KeepText: true}
	if change != nil {
		change(&opts)
	}
	w, err := NewWriter(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w, opts.Dir
}

// sample is record n of a run that has a bit of everything.
func sample(n int) Record {
	mono := time.Duration(n) * 1234567
	switch n % 6 {
	case 0:
		return Record{Kind: KindLinkIn, Mono: mono, Line: fmt.Sprintf(":00AAAAA%02d PRIVMSG #chan%d :hello number %d", n%100, n%7, n)}
	case 1:
		return Record{Kind: KindOp, Mono: mono, ID: 1<<63 + uint64(n), Line: fmt.Sprintf(":00AAAAA%02d PRIVMSG #chan%d :hello number %d", n%100, n%7, n)}
	case 2:
		return Record{Kind: KindAcked, Mono: mono, ID: 1<<63 + uint64(n)}
	case 3:
		return Record{
			Kind: KindOutput, Mono: mono, ID: 1<<63 + uint64(n-2), Input: uint64(1000 + n), Reply: uint32(n%3 + 1), Time: 1_700_000_000_000_000_000 + int64(n),
			To: []uint64{5, 6, uint64(7 + n%5), 1 << 40}, Line: fmt.Sprintf(":alice!a@host PRIVMSG #chan%d :hello number %d", n%7, n), Final: n%30 == 3,
		}
	case 4:
		return Record{Kind: KindLinkUp, Mono: mono, Wall: 1_700_000_000_000_000_000, Name: "hub.example.net", Line: `{"peer":"hub.example.net","protocol":"ts6","number":1}`}
	}
	return Record{Kind: KindLinkOut, Mono: mono, Line: "PONG hub"}
}

// readAll reads paths to their end; what a Reader returns is copied. Damage is returned beside the records.
func readAll(t testing.TB, paths ...string) (records []Record, damage []*Damage) {
	t.Helper()
	r, err := Open(paths...)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	readOn(t, r, &records, &damage)
	return records, damage
}

// readOn reads to the end.
func readOn(t testing.TB, r *Reader, records *[]Record, damage *[]*Damage) {
	t.Helper()
	for {
		var rec Record
		err := r.Next(&rec)
		var d *Damage
		switch {
		case err == io.EOF:
			return
		case errors.As(err, &d):
			*damage = append(*damage, d)
			continue
		case err != nil:
			t.Fatal(err)
		}
		rec.To = slices.Clone(rec.To)
		*records = append(*records, rec)
	}
}

// await waits until ok.
func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("%s has not come about", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	w, dir := newWriter(t, nil)
	var want []Record
	for n := range 5000 {
		r := sample(n)
		if seq := w.Append(&r); seq != uint64(n+1) {
			t.Fatalf("record %d has Seq %d", n, seq)
		}
		want = append(want, r)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	want[0].Mono = sample(0).Mono
	got, damage := readAll(t, dir)
	if len(damage) > 0 || got[0].Kind != KindHeader {
		t.Fatal(damage, got[0])
	}
	var h Header
	if err := got[0].Body(&h); err != nil || h.RunID != "test-1" || h.File != 1 || h.FirstSeq != 1 || h.Redacted || h.Mode != ModeObserver {
		t.Fatalf("%+v %v", h, err)
	}
	if len(got) != len(want)+1 {
		t.Fatalf("%d records, want %d", len(got)-1, len(want))
	}
	for i, r := range got[1:] {
		if i == 0 {
			r.Mono = 0 // stamped, as the caller had left it out
		}
		if !reflect.DeepEqual(r, want[i]) {
			t.Fatalf("record %d:\n got %+v\nwant %+v", i, r, want[i])
		}
	}
	if w.Append(&Record{Kind: KindNote}) != 0 || !errors.Is(w.Flush(), ErrClosed) {
		t.Error("a closed Writer takes records")
	}
}

func TestFilesRotateAndSort(t *testing.T) {
	w, dir := newWriter(t, func(o *Options) { o.FileBytes, o.FlushBytes = 20_000, 2_000 })
	const n = 20_000
	for i := range n {
		r := sample(i)
		w.Append(&r)
		if i%1000 == 0 {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := Files(dir)
	if err != nil || len(files) < 5 || !slices.IsSorted(files) || w.Stats().Files != len(files) {
		t.Fatalf("%d files, %v, %+v", len(files), err, w.Stats())
	}
	for i, f := range files {
		info, err := os.Stat(f)
		if err != nil || info.Size() > 40_000 || info.Mode().Perm() != 0o600 {
			t.Fatal(f, info, err)
		}
		// Each file says by itself what it is of.
		got, _ := readAll(t, f)
		var h Header
		if err := got[0].Body(&h); err != nil || h.File != i+1 || h.FirstSeq != got[1].Seq {
			t.Fatalf("file %d: %+v, first record %d, %v", i+1, h, got[1].Seq, err)
		}
	}
	got, damage := readAll(t, dir)
	if len(damage) != 0 || len(got) != n+1 {
		t.Fatalf("%d records, %v", len(got), damage)
	}
	for i, r := range got[1:] {
		if r.Seq != uint64(i+1) {
			t.Fatalf("record %d has Seq %d", i, r.Seq)
		}
	}
}

func TestFilesRotateByAge(t *testing.T) {
	clock := newClock()
	w, dir := newWriter(t, func(o *Options) { o.Now, o.FileAge = clock.Now, time.Hour })
	for i := range 3 {
		w.Append(&Record{Kind: KindLinkIn, Line: "PING :x"})
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		clock.add(61 * time.Minute)
		_ = i
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if files, err := Files(dir); err != nil || len(files) != 3 {
		t.Fatal(files, err)
	}
}

func TestOldFilesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	keep := []string{"notes.txt", "x.rbtrace", "20260101T000000Z-other.rbtrace"}
	for _, name := range keep {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, 1000), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	old := filepath.Join(dir, "20250101T000000Z-old-000001.rbtrace")
	if err := os.WriteFile(old, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(old, time.Now().Add(-50*time.Hour), time.Now().Add(-50*time.Hour)); err != nil {
		t.Fatal(err)
	}
	w, _ := newWriter(t, func(o *Options) {
		o.Dir, o.FileBytes, o.FlushBytes, o.KeepBytes, o.KeepFor = dir, 10_000, 1_000, 40_000, 48*time.Hour
	})
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Error("a file older than KeepFor is there")
	}
	for i := range 30_000 {
		r := sample(i)
		w.Append(&r)
		if i%500 == 0 {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var total int64
	files, err := filepath.Glob(filepath.Join(dir, "*-test-1-*"+Extension))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total > 42_000 || len(files) < 2 || w.Stats().Removed < 3 {
		t.Errorf("%d bytes in %d files, %+v", total, len(files), w.Stats())
	}
	for _, name := range keep {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Errorf("%s is no capture of ours and was removed", name)
		}
	}
	got, damage := readAll(t, files...)
	if len(damage) > 0 || got[len(got)-1].Seq != 30_000 {
		t.Errorf("%v, last record %d", damage, got[len(got)-1].Seq)
	}
}

// testClock is a clock that the test moves.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *testClock { return &testClock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)} }

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []Options{
		{}, {Dir: t.TempDir()}, {Header: Header{RunID: "a"}}, {Dir: t.TempDir(), Header: Header{RunID: "a/b"}},
		{Dir: t.TempDir(), Header: Header{RunID: strings.Repeat("a", 65)}},
		{Dir: t.TempDir(), Header: Header{RunID: "a", Protocol: "smtp"}},
		{Dir: "/dev/null/x", Header: Header{RunID: "a"}},
	} {
		if w, err := NewWriter(o); err == nil {
			_ = w.Close()
			t.Errorf("%+v is accepted", o)
		}
	}
}

// TestManyAppend holds that records of several goroutines are all there, each goroutine's in its order.
func TestManyAppend(t *testing.T) {
	w, dir := newWriter(t, func(o *Options) { o.FlushBytes = 4000 })
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 1000 {
				w.Append(&Record{Kind: KindProbe, Name: fmt.Sprint("p", g), ID: uint64(i + 1), Line: "x"})
			}
		})
	}
	wg.Wait()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, damage := readAll(t, dir)
	last := map[string]uint64{}
	for i, r := range got[1:] {
		if r.Seq != uint64(i+1) || r.ID != last[r.Name]+1 {
			t.Fatalf("record %d: %+v after %d", i, r, last[r.Name])
		}
		last[r.Name] = r.ID
	}
	if len(got) != 8001 || len(damage) > 0 {
		t.Fatal(len(got), damage)
	}
}
