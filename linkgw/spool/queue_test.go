package spool

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var start = time.Unix(1_790_000_000, 0)

func open(t *testing.T, o Options) *Queue {
	t.Helper()
	q, left, err := Open(o)
	if err != nil || left.Items != 0 {
		t.Fatal(left, err)
	}
	t.Cleanup(func() {
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
	return q
}

// small is a queue that goes to disk soon.
func small(t *testing.T) Options {
	return Options{Memory: 4096, Disk: 1 << 20, Dir: t.TempDir(), blockBytes: 512, segmentBytes: 8192}
}

func item(i int) Item {
	return Item{Kind: uint8(i % 5), At: start.Add(time.Duration(i) * time.Millisecond), Text: fmt.Sprintf("line %d of secret stuff", i)}
}

// push pushes from one number to another, giving the disk the time it needs.
func push(t *testing.T, q *Queue, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		for end := time.Now().Add(10 * time.Second); ; {
			err := q.Push(item(i))
			if err == nil {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("item %d: %v; %+v", i, err, q.Stats())
			}
		}
	}
}

func pop(t *testing.T, q *Queue, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		got, err := q.Pop(t.Context())
		if want := item(i); err != nil || got.Kind != want.Kind || got.Text != want.Text || !got.At.Equal(want.At) {
			t.Fatalf("item %d: got %+v, %v", i, got, err)
		}
	}
}

func TestQueueKeepsOrderThroughTheDisk(t *testing.T) {
	o := small(t)
	q := open(t, o)
	push(t, q, 0, 10)
	pop(t, q, 0, 10)
	push(t, q, 10, 2000)
	s := q.Stats()
	if s.DiskBytes == 0 || s.MemoryBytes > 2*o.Memory || s.Items != 1990 || !s.Oldest.Equal(item(10).At) {
		t.Errorf("%+v", s)
	}
	pop(t, q, 10, 1000)
	push(t, q, 2000, 2500)
	pop(t, q, 1000, 2500)
	if s := q.Stats(); s.Items != 0 || s.MemoryBytes != 0 || s.DiskBytes != 0 {
		t.Errorf("%+v", s)
	}
	names, _ := filepath.Glob(filepath.Join(o.Dir, "*"))
	if len(names) > 1 { // only the one that is written to
		t.Errorf("segments stay: %v", names)
	}
}

func TestNothingReadableIsOnDisk(t *testing.T) {
	o := small(t)
	q := open(t, o)
	push(t, q, 0, 1000)
	names, _ := filepath.Glob(filepath.Join(o.Dir, "*"+suffix))
	if len(names) < 2 {
		t.Fatal(names)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if info, _ := os.Stat(name); err != nil || bytes.Contains(data, []byte("secret")) || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

func TestQueueIsBounded(t *testing.T) {
	for _, disk := range []int64{0, 20000} {
		o := small(t)
		o.Disk = disk
		q := open(t, o)
		refused := 0
		for i := 0; i < 5000; i++ {
			if err := q.Push(item(i)); errors.Is(err, ErrFull) {
				refused++
			} else if err != nil {
				t.Fatal(err)
			}
		}
		s := q.Stats()
		if refused == 0 || s.Refused != int64(refused) || s.MemoryBytes > 2*o.Memory || s.DiskBytes > disk+2*o.blockBytes {
			t.Errorf("disk %d: %d refused, %+v", disk, refused, s)
		}
		if err := q.PushAlways(item(0)); err != nil {
			t.Error(err)
		}
	}
}

func TestDamageIsOneLoss(t *testing.T) {
	o := small(t)
	q := open(t, o)
	push(t, q, 0, 1000)
	names, _ := filepath.Glob(filepath.Join(o.Dir, "*"+suffix))
	f, err := os.OpenFile(names[0], os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteAt([]byte("damage"), 700)
	f.Close()
	var lost *LostError
	got, gone := 0, 0
	for got+gone < 1000 {
		it, err := q.Pop(t.Context())
		switch {
		case errors.As(err, &lost):
			gone += lost.Items
		case err != nil:
			t.Fatal(err)
		case it.Text != item(got+gone).Text:
			t.Fatalf("%q in the place of %d", it.Text, got+gone)
		default:
			got++
		}
	}
	if gone == 0 || gone > 40 {
		t.Errorf("%d are lost", gone)
	}
}

// TestLeftover holds that what a crash left is stated, also from a torn segment, and removed.
func TestLeftover(t *testing.T) {
	o := small(t)
	q := open(t, o)
	push(t, q, 0, 1000)
	other := t.TempDir()
	names, _ := filepath.Glob(filepath.Join(o.Dir, "*"+suffix))
	for i, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if i == len(names)-1 {
			data = data[:len(data)-3]
		}
		if err := os.WriteFile(filepath.Join(other, filepath.Base(name)), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o.Dir = other
	again, left, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if left.Items == 0 || left.Damaged != 1 || left.First.Before(start) || !left.Last.After(left.First) {
		t.Errorf("%+v", left)
	}
	if names, _ := filepath.Glob(filepath.Join(other, "*")); len(names) != 0 {
		t.Errorf("%v stay", names)
	}
}

func TestDiskThatFails(t *testing.T) {
	o := small(t)
	q := open(t, o)
	if err := os.RemoveAll(o.Dir); err != nil {
		t.Fatal(err)
	}
	n := 0
	for q.Push(item(n)) == nil {
		n++
	}
	if n < 100 {
		t.Errorf("only %d fit", n)
	}
	for end := time.Now().Add(10 * time.Second); q.Stats().Err == nil && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if err := q.Stats().Err; err == nil || !strings.Contains(err.Error(), "segment") {
		t.Error(err)
	}
	pop(t, q, 0, n)
	os.MkdirAll(o.Dir, 0o700)
}

func TestPopEndsWithContextAndClose(t *testing.T) {
	q := open(t, small(t))
	done := make(chan error, 1)
	go func() {
		_, err := q.Pop(t.Context())
		done <- err
	}()
	q.Close()
	if err := <-done; !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if err := q.Push(item(0)); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func FuzzSurvey(f *testing.F) {
	d, err := newDisk(f.TempDir(), 1<<20)
	if err != nil {
		f.Fatal(err)
	}
	b := &block{}
	b.add(item(1))
	b.add(item(2))
	f.Add(append([]byte(magic), d.frame(b, 1)...))
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, data []byte) {
		if s := Survey(bytes.NewReader(data)); s.Items < 0 || s.Damaged > 1 {
			t.Errorf("%+v", s)
		}
	})
}

func FuzzDecode(f *testing.F) {
	b := &block{}
	b.add(item(1))
	b.add(Item{})
	f.Add(b.data)
	f.Fuzz(func(t *testing.T, data []byte) {
		items, err := (&block{}).decode(data)
		if err != nil {
			return
		}
		again := &block{}
		for _, it := range items {
			again.add(it)
		}
		back, err := again.decode(again.data)
		if err != nil || len(back) != len(items) {
			t.Errorf("%d items become %d: %v", len(items), len(back), err)
		}
	})
}
