package node

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/raft"

	"robustirc/core/ircserver"
	"robustirc/core/outputstream"
)

var testConf = raft.Configuration{Servers: []raft.Server{{ID: "a", Address: "a:1"}, {ID: "b", Address: "b:1"}}}

func testSnapshotStore(t *testing.T, stop func(error)) *snapshotStore {
	t.Helper()
	s, err := openSnapshotStore(t.TempDir(), 2, quiet(), &failure{stop: stop})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// testSnapshot is a snapshot without outputs.
func testSnapshot(index uint64) *snapshotData {
	marks := []outputstream.SessionMark{{ID: 3, Trimmed: ircserver.OutputID{Input: 9, Reply: 2}}, {ID: 5, Ended: true}}
	return &snapshotData{
		at:    position{index: index, term: 2, input: ircserver.InputID(10 * index)},
		state: []byte(strings.Repeat("the machine's state ", 60)),
		tail:  outputstream.NewTail(marks, nil),
	}
}

func writeTestSnapshot(t *testing.T, s *snapshotStore, index uint64, c Compression) string {
	t.Helper()
	sink, err := s.Create(1, index, 2, testConf, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeSnapshot(sink, testSnapshot(index), c); err != nil {
		t.Fatal(err)
	}
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
	return sink.ID()
}

func TestSnapshotStore(t *testing.T) {
	s := testSnapshotStore(t, failOnStop(t))
	var ids []string
	for i := uint64(1); i <= 4; i++ { // either setting opens what the other wrote
		ids = append(ids, writeTestSnapshot(t, s, i, Compression(1+i%2)))
	}
	metas, err := s.List()
	if err != nil || len(metas) != 2 || metas[0].ID != ids[3] || metas[1].ID != ids[2] {
		t.Fatalf("listed %v, %v; want the newest two of %v", metas, err, ids)
	}
	if left, _ := os.ReadDir(s.dir); len(left) != 2 {
		t.Errorf("%d files are left, want 2", len(left))
	}
	for i, index := range []uint64{4, 3} {
		meta, r, err := s.Open(metas[i].ID)
		if err != nil {
			t.Fatal(err)
		}
		if meta.Index != index || meta.Term != 2 || len(meta.Configuration.Servers) != 2 || meta.ConfigurationIndex != 1 {
			t.Errorf("metadata %+v", meta)
		}
		counted := &countingWriter{w: io.Discard}
		d, err := readSnapshot(io.TeeReader(r, counted))
		if err != nil {
			t.Fatal(err)
		}
		if counted.n != meta.Size {
			t.Errorf("read %d bytes, the metadata says %d", counted.n, meta.Size)
		}
		want := testSnapshot(index)
		if d.at != want.at || string(d.state) != string(want.state) || len(d.tail.Sessions) != 2 || d.tail.Sessions[1] != want.tail.Sessions[1] {
			t.Errorf("read %+v", d)
		}
		r.Close()
	}
}

func TestUnfinishedSnapshotsAreNoSnapshots(t *testing.T) {
	s := testSnapshotStore(t, failOnStop(t))
	sink, err := s.Create(1, 1, 1, testConf, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(sink, snapshotMagic)
	if metas, err := s.List(); len(metas) != 0 || err != nil {
		t.Errorf("while it is written: %v, %v", metas, err)
	}
	if err := sink.Close(); err == nil { // not a whole snapshot
		t.Error("half a snapshot was accepted")
	}
	sink, _ = s.Create(1, 2, 1, testConf, 1, nil)
	if err := sink.Cancel(); err != nil {
		t.Error(err)
	}
	s.Create(1, 3, 1, testConf, 1, nil) // interrupted by the end of the process
	if s, err = openSnapshotStore(s.dir, 2, quiet(), s.failure); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(s.dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestEveryByteOfASnapshotIsCovered(t *testing.T) {
	t.Parallel()
	for _, c := range []Compression{CompressNone, CompressZstd} {
		s := testSnapshotStore(t, func(error) {})
		id := writeTestSnapshot(t, s, 1, c)
		whole, err := os.ReadFile(s.path(id))
		if err != nil {
			t.Fatal(err)
		}
		check := func(what string, at int, damaged []byte) {
			t.Helper()
			if err := os.WriteFile(s.path(id), damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			_, _, err := s.Open(id)
			var ce *CorruptError
			if !errors.As(err, &ce) || ce.File != s.path(id) || ce.Part == "" {
				t.Errorf("%v, %s at %d of %d: got %v", c, what, at, len(whole), err)
			}
		}
		for i := range whole {
			b := append([]byte(nil), whole...)
			b[i] ^= 1 << (i % 8)
			check("flipped", i, b)
			if i%7 == 0 {
				check("cut", i, whole[:i])
			}
		}
		check("something behind it", len(whole), append(whole[:len(whole):len(whole)], 0))
	}
}

func TestDamagedSnapshotStopsTheNode(t *testing.T) {
	var stopped stopRecorder
	s := testSnapshotStore(t, stopped.stop)
	id := writeTestSnapshot(t, s, 1, CompressNone)
	if err := os.Truncate(s.path(id), 12); err != nil {
		t.Fatal(err)
	}
	if metas, err := s.List(); err == nil {
		t.Errorf("a snapshot that cannot be read was passed over: %v", metas)
	}
	if len(stopped.errs()) != 1 || !strings.Contains(stopped.errs()[0].Error(), filepath.Base(s.path(id))) {
		t.Errorf("stopped with %v", stopped.errs())
	}
}

func FuzzReadSnapshot(f *testing.F) {
	for _, c := range []Compression{CompressNone, CompressZstd} {
		var b strings.Builder
		if err := writeSnapshot(&b, testSnapshot(3), c); err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(b.String()))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := readSnapshot(strings.NewReader(string(b)))
		var c *CorruptError
		if err != nil && !errors.As(err, &c) {
			t.Errorf("error without a name: %v", err)
		}
		if err != nil {
			return
		}
		var again strings.Builder
		if err := writeSnapshot(&again, d, CompressNone); err != nil {
			t.Fatal(err)
		}
		e, err := readSnapshot(strings.NewReader(again.String()))
		if err != nil || e.at != d.at || string(e.state) != string(d.state) || e.tail.Len() != d.tail.Len() {
			t.Errorf("written again it reads differently: %v", err)
		}
	})
}

// FuzzSnapshotContents fuzzes what the sections hold, behind checksums that are right.
func FuzzSnapshotContents(f *testing.F) {
	f.Add([]byte{1, 1, 7, 0}, []byte("state"), appendMarks(nil, testSnapshot(1).tail.Sessions), []byte{})
	f.Fuzz(func(t *testing.T, header, state, queues, outputs []byte) {
		b := append([]byte(nil), snapshotMagic...)
		b = appendSection(b, sectionHeader, header, CompressNone)
		b = appendSection(b, sectionState, state, CompressNone)
		b = appendSection(b, sectionQueues, queues, CompressNone)
		b = appendSection(b, sectionOutputs, outputs, CompressNone)
		b = appendSection(b, sectionEnd, []byte{4}, CompressNone)
		d, err := readSnapshot(bytes.NewReader(b))
		if err != nil {
			return
		}
		outputstream.New(outputstream.Limits{Bytes: 1 << 20}).Restore(d.tail)
	})
}

func FuzzUnpack(f *testing.F) {
	for _, c := range []Compression{CompressNone, CompressZstd} {
		b, used := pack(nil, []byte(strings.Repeat("some text ", 100)), c)
		f.Add(b, byte(used))
	}
	f.Fuzz(func(t *testing.T, b []byte, c byte) {
		const limit = 1 << 20
		if out, err := unpack(b, Compression(c), limit); err == nil && len(out) > limit {
			t.Errorf("unpacked %d bytes", len(out))
		}
	})
}
