package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// capture returns a file with n records, and where its frames end and with how many records up to there.
func capture(t testing.TB, n int) (data []byte, frames []frameEnd) {
	t.Helper()
	var e encoder
	p, err := newPacker()
	if err != nil {
		t.Fatal(err)
	}
	data = []byte(fileMagic)
	head, err := json.Marshal(testHeader())
	if err != nil {
		t.Fatal(err)
	}
	e.add(&Record{Kind: KindHeader, Line: string(head)})
	rng := rand.New(rand.NewPCG(1, 2))
	for i := 0; i <= n; i++ {
		if i == n || e.count > rng.IntN(20) {
			data = p.append(data, &e)
			frames = append(frames, frameEnd{offset: len(data), records: i})
			e.reset()
		}
		if i < n {
			r := sample(i)
			r.Seq = uint64(i + 1)
			e.add(&r)
		}
	}
	return data, frames
}

// frameEnd is where a frame ends, and how many records of the run there are up to it.
type frameEnd struct{ offset, records int }

// readBytes reads data as a file. The header is left out.
func readBytes(t testing.TB, data []byte) ([]Record, []*Damage) {
	t.Helper()
	up, err := newUnpacker()
	if err != nil {
		t.Fatal(err)
	}
	r := &Reader{current: current{up: up}}
	var records []Record
	var damage []*Damage
	var d *Damage
	if err := r.start("x"+Extension, inMemory{bytes.NewReader(data)}, int64(len(data))); errors.As(err, &d) {
		damage = append(damage, d)
	} else if err != nil {
		t.Fatal(err)
	}
	readOn(t, r, &records, &damage)
	if len(records) > 0 && records[0].Kind == KindHeader {
		records = records[1:]
	}
	return records, damage
}

// inMemory is a file in memory.
type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

// TestCutAnywhere cuts a file at 1,000 places, as a killed process or machine does: every frame that is whole is read,
// and the tail that is not is named.
func TestCutAnywhere(t *testing.T) {
	data, frames := capture(t, 300)
	rng := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		cut := rng.IntN(len(data) + 1)
		want, whole := 0, len(fileMagic)
		for _, f := range frames {
			if f.offset <= cut {
				want, whole = f.records, f.offset
			}
		}
		if cut < len(fileMagic) {
			whole = 0
		}
		records, damage := readBytes(t, data[:cut])
		if len(records) != want {
			t.Fatalf("cut at %d: %d records, want %d", cut, len(records), want)
		}
		checkSamples(t, records)
		if cut == whole && cut >= len(fileMagic) {
			if len(damage) > 0 {
				t.Fatalf("cut at %d, between frames: %v", cut, damage[0])
			}
			continue
		}
		if len(damage) != 1 || !damage[0].Tail || damage[0].Offset != int64(whole) || damage[0].Bytes != int64(cut-whole) || !strings.Contains(damage[0].Error(), damage[0].File) {
			t.Fatalf("cut at %d, in the frame at %d: %v", cut, whole, damage)
		}
	}
}

func checkSamples(t *testing.T, records []Record) {
	t.Helper()
	for _, r := range records {
		want := sample(int(r.Seq - 1))
		want.Seq = r.Seq
		if !reflect.DeepEqual(r, want) {
			t.Fatalf("record %d:\n got %+v\nwant %+v", r.Seq, r, want)
		}
	}
}

// TestFlippedBits flips a bit at 1,000 places: what is in the frame with the bit is lost, and nothing else.
func TestFlippedBits(t *testing.T) {
	data, frames := capture(t, 300)
	rng := rand.New(rand.NewPCG(5, 6))
	for range 1000 {
		at, bit := rng.IntN(len(data)), byte(1)<<rng.IntN(8)
		data[at] ^= bit
		records, damage := readBytes(t, data)
		data[at] ^= bit
		from, start := 0, len(fileMagic)
		var lost frameEnd
		for _, f := range frames {
			if f.offset > at {
				lost = f
				break
			}
			from, start = f.records, f.offset
		}
		want := 300 - (lost.records - from)
		if at == len(fileMagic)-1 { // another version of the format
			want, start = 0, 0
		} else if at < len(fileMagic) {
			want, start = 300, 0
		}
		if len(records) != want || len(damage) != 1 || damage[0].Offset != int64(start) {
			t.Fatalf("bit %#x at %d, frame %d-%d: %d records, want %d; %v", bit, at, start, lost.offset, len(records), want, damage)
		}
		checkSamples(t, records)
	}
}

// TestDamageInTheMiddle holds that a Reader finds the next frame behind bytes that are none.
func TestDamageInTheMiddle(t *testing.T) {
	data, frames := capture(t, 500)
	cut := frames[10].offset
	junk := bytes.Repeat([]byte(frameMagic+"junk"), 20_000)
	records, damage := readBytes(t, append(append(bytes.Clone(data[:cut]), junk...), data[cut:]...))
	if len(records) != 500 || len(damage) != 1 || damage[0].Tail || damage[0].Bytes != int64(len(junk)) {
		t.Fatal(len(records), damage)
	}
}

func TestFoldersAndFiles(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(dir); !errors.Is(err, ErrNoCapture) {
		t.Error(err)
	}
	if _, err := Open(filepath.Join(dir, "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	odd := filepath.Join(dir, "odd[*]name")
	w, _ := newWriter(t, func(o *Options) { o.Dir = odd })
	w.Append(&Record{Kind: KindLinkIn, Line: "PING :x"})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(odd, "20270101T000000Z-b-000001"+Extension), []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	records, damage := readAll(t, odd)
	if len(records) != 2 || len(damage) != 1 || !damage[0].Tail {
		t.Error(records, damage)
	}
}

// TestReaderReusesMemory holds that reading costs no allocation for each record.
func TestReaderReusesMemory(t *testing.T) {
	w, dir := newWriter(t, nil)
	for n := range 20_000 {
		r := sample(n)
		w.Append(&r)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	n := 0
	allocs := testing.AllocsPerRun(1, func() {
		for {
			var rec Record
			if err := r.Next(&rec); err == io.EOF {
				return
			} else if err != nil {
				t.Error(err)
				return
			}
			n++
		}
	})
	if n != 20_001 || allocs > 1000 {
		t.Errorf("%v allocations for %d records", allocs, n)
	}
}

var update = flag.Bool("update", false, "write testdata/v1.txt anew from testdata/v1"+Extension)

// TestOldVersionsOpen reads the files that released versions have written.
func TestOldVersionsOpen(t *testing.T) {
	const file, golden = "testdata/v1" + Extension, "testdata/v1.txt"
	records, damage := readAll(t, file)
	if len(damage) > 0 {
		t.Fatal(damage)
	}
	var text []byte
	for i := range records {
		text = append(records[i].AppendText(text), '\n')
	}
	if *update {
		if err := os.WriteFile(golden, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text, want) {
		t.Errorf("%s reads as:\n%s\nwant:\n%s", file, text, want)
	}
}

// FuzzReader reads any bytes as a file: it comes to an end, with bounded memory, and what it has read has the form that
// records have.
func FuzzReader(f *testing.F) {
	data, _ := capture(f, 60)
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add([]byte(fileMagic))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		records, damage := readBytes(t, data)
		for _, r := range records {
			if len(r.Line) > MaxLine || len(r.Name) > MaxName || len(r.To) > MaxRecipients || r.Kind == 0 {
				t.Errorf("%+v", r)
			}
		}
		if len(damage) > len(data)+1 {
			t.Errorf("%d damages in %d bytes", len(damage), len(data))
		}
	})
}

// FuzzFrame reads any bytes as the records of a frame, which no checksum keeps away, and holds that what it could read
// is written and read again as it was.
func FuzzFrame(f *testing.F) {
	var e encoder
	for n := range 30 {
		r := sample(n)
		e.add(&r)
	}
	f.Add(string(e.body))
	f.Fuzz(func(t *testing.T, body string) {
		var d decoder
		d.reset(body)
		var read []Record
		for len(read) < 1000 {
			var r Record
			if d.next(&r) != nil {
				break
			}
			r.To = append([]uint64(nil), r.To...)
			read = append(read, r)
		}
		var e encoder
		for i := range read {
			e.add(&read[i])
		}
		d.reset(string(e.body))
		for i := range read {
			var r Record
			if err := d.next(&r); err != nil {
				t.Fatal(err)
			}
			r.To = append([]uint64(nil), r.To...)
			if !reflect.DeepEqual(r, read[i]) {
				t.Fatalf("record %d:\n got %+v\nwant %+v", i, r, read[i])
			}
		}
	})
}

// TestHostileFrames holds that a small file cannot ask for much memory.
func TestHostileFrames(t *testing.T) {
	p, err := newPacker()
	if err != nil {
		t.Fatal(err)
	}
	bomb := encoder{body: make([]byte, maxFrame+1), count: 1}
	records, damage := readBytes(t, p.append([]byte(fileMagic), &bomb))
	if len(records) != 0 || len(damage) != 1 {
		t.Errorf("a frame over the limit: %d records, %v", len(records), damage)
	}
	bomb.body = bomb.body[:maxFrame]
	frame := p.append(nil, &bomb)
	h, _ := parseFrameHeader(frame)
	h.raw = 100 // less than it is
	records, damage = readBytes(t, append(h.append([]byte(fileMagic)), frame[frameHeaderLen:]...))
	if len(records) != 0 || len(damage) != 1 || damage[0].What != errPayloadZstd.Error() {
		t.Errorf("a frame with a wrong size: %d records, %v", len(records), damage)
	}
	start := time.Now()
	var e encoder
	for range 3 { // ids without end
		e.rec = append(e.rec[:0], byte(KindOutput), hasTo, 0, 0, 0)
		e.rec = append(e.rec, 0xff, 0xff, 0xff, 0x7f)
		e.body = append(append(e.body, byte(len(e.rec))), e.rec...)
		e.count++
	}
	if records, damage = readBytes(t, p.append([]byte(fileMagic), &e)); len(records) != 0 || len(damage) != 1 || time.Since(start) > time.Second {
		t.Errorf("a set of recipients without end: %d records, %v", len(records), damage)
	}
}
