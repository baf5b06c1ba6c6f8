package trace

import (
	"encoding/binary"
	"errors"
	"hash/maphash"
	"slices"
	"time"
)

// The limits of the format. A Writer refuses what is over them (GapTooLong), a Reader takes it for damage.
const (
	MaxLine       = 1 << 20 // bytes of Record.Line
	MaxName       = 256     // bytes of Record.Name
	MaxRecipients = 1 << 18 // of one record

	maxFrame    = 8 << 20 // bytes of a frame's records
	maxFrameIDs = 1 << 20 // recipients spelled out in one frame
)

// The bits that say which fields a record has.
const (
	hasWall byte = 1 << iota
	hasID
	hasOutput // Input, Reply and Time
	isFinal
	hasTo
	hasName
	hasLine
)

// encoder appends records to the body of one frame: each as its length and its fields, numbers as differences to those
// of the record before. docs/capture.md lists the fields.
type encoder struct {
	body  []byte
	rec   []byte // the record in the making
	count int
	first uint64 // Seq of the first record
	prev  Record // Line, Name and To unused
	aud   audiences
}

// reset begins another frame.
func (e *encoder) reset() {
	e.body, e.count, e.first, e.prev = e.body[:0], 0, 0, Record{}
	e.aud.reset()
}

// full reports whether the frame should end: at size bytes, or when one more record could break a limit.
func (e *encoder) full(size int) bool {
	return len(e.body) >= size || e.aud.size() > maxFrameIDs-MaxRecipients
}

func (e *encoder) add(r *Record) {
	if e.count == 0 {
		e.first = r.Seq
	}
	e.count++
	e.rec = e.record(e.rec[:0], r)
	e.body = binary.AppendUvarint(e.body, uint64(len(e.rec)))
	e.body = append(e.body, e.rec...)
	e.prev.Seq, e.prev.Mono, e.prev.ID = r.Seq, r.Mono, r.ID
	if flagsOf(r)&hasOutput != 0 {
		e.prev.Input, e.prev.Time = r.Input, r.Time
	}
}

func (e *encoder) record(b []byte, r *Record) []byte {
	flags := flagsOf(r)
	b = append(b, byte(r.Kind), flags)
	b = binary.AppendVarint(b, int64(r.Seq-e.prev.Seq))
	b = binary.AppendVarint(b, int64(r.Mono-e.prev.Mono))
	if flags&hasWall != 0 {
		b = binary.AppendVarint(b, r.Wall)
	}
	if flags&hasID != 0 {
		b = binary.AppendVarint(b, int64(r.ID-e.prev.ID))
	}
	if flags&hasOutput != 0 {
		b = binary.AppendVarint(b, int64(r.Input-e.prev.Input))
		b = binary.AppendUvarint(b, uint64(r.Reply))
		b = binary.AppendVarint(b, r.Time-e.prev.Time)
	}
	if flags&hasTo != 0 {
		b = e.aud.append(b, r.To)
	}
	if flags&hasName != 0 {
		b = binary.AppendUvarint(b, uint64(len(r.Name)))
		b = append(b, r.Name...)
	}
	if flags&hasLine != 0 {
		b = binary.AppendUvarint(b, uint64(len(r.Line)))
		b = append(b, r.Line...)
	}
	return b
}

func flagsOf(r *Record) (flags byte) {
	set := func(bit byte, when bool) {
		if when {
			flags |= bit
		}
	}
	set(hasWall, r.Wall != 0)
	set(hasID, r.ID != 0)
	set(hasOutput, r.Input != 0 || r.Reply != 0 || r.Time != 0)
	set(isFinal, r.Final)
	set(hasTo, len(r.To) != 0)
	set(hasName, r.Name != "")
	set(hasLine, r.Line != "")
	return flags
}

// audiences numbers the sets of recipients of one frame.
type audiences struct {
	ids    []uint64       // of all sets, one after the other
	ends   []int          // where each set ends in ids
	byHash map[uint64]int // number of the set with this hash, from 1; only in an encoder
	bytes  []byte
}

var audienceSeed = maphash.MakeSeed()

func (a *audiences) reset() {
	a.ids, a.ends = a.ids[:0], a.ends[:0]
	clear(a.byHash)
}

func (a *audiences) size() int { return len(a.ids) }

// set returns set number n, from 1; nil when there is none.
func (a *audiences) set(n uint64) []uint64 {
	if n == 0 || n > uint64(len(a.ends)) {
		return nil
	}
	from := 0
	if n > 1 {
		from = a.ends[n-2]
	}
	return a.ids[from:a.ends[n-1]:a.ends[n-1]]
}

// append appends the number of the set to, or 0, its size and its members when it has none yet.
func (a *audiences) append(b []byte, to []uint64) []byte {
	h := a.hash(to)
	if n := a.byHash[h]; n != 0 && slices.Equal(a.set(uint64(n)), to) {
		return binary.AppendUvarint(b, uint64(n))
	}
	a.ids = append(a.ids, to...)
	a.ends = append(a.ends, len(a.ids))
	if a.byHash == nil {
		a.byHash = map[uint64]int{}
	}
	a.byHash[h] = len(a.ends)
	b = binary.AppendUvarint(b, 0)
	b = binary.AppendUvarint(b, uint64(len(to)))
	last := uint64(0)
	for _, id := range to {
		b = binary.AppendUvarint(b, id-last)
		last = id
	}
	return b
}

func (a *audiences) hash(to []uint64) uint64 {
	a.bytes = a.bytes[:0]
	for _, id := range to {
		a.bytes = binary.LittleEndian.AppendUint64(a.bytes, id)
	}
	return maphash.Bytes(audienceSeed, a.bytes)
}

// errRecord is why a frame whose checksum is right cannot be read: it was written by something else than a Writer.
var errRecord = errors.New("a record is malformed")

// decoder reads the records of one frame.
type decoder struct {
	body string
	prev Record
	aud  audiences
}

func (d *decoder) reset(body string) {
	d.body, d.prev = body, Record{}
	d.aud.reset()
}

// next fills r with the next record. Its strings are slices of the frame.
func (d *decoder) next(r *Record) error {
	all := cursor{s: d.body}
	// What a later version appends to a record is not looked at.
	in := cursor{s: all.text(maxFrame)}
	d.fill(r, &in)
	if all.bad || in.bad {
		return errRecord
	}
	d.body = all.s
	d.prev.Seq, d.prev.Mono, d.prev.ID = r.Seq, r.Mono, r.ID
	return nil
}

func (d *decoder) fill(r *Record, in *cursor) {
	*r = Record{Kind: Kind(in.byte())}
	flags := in.byte()
	r.Final = flags&isFinal != 0
	r.Seq = d.prev.Seq + uint64(in.varint())
	r.Mono = d.prev.Mono + time.Duration(in.varint())
	if flags&hasWall != 0 {
		r.Wall = in.varint()
	}
	if flags&hasID != 0 {
		r.ID = d.prev.ID + uint64(in.varint())
	}
	if flags&hasOutput != 0 {
		r.Input = d.prev.Input + uint64(in.varint())
		r.Reply = uint32(in.uvarint())
		r.Time = d.prev.Time + in.varint()
		d.prev.Input, d.prev.Time = r.Input, r.Time
	}
	if flags&hasTo != 0 {
		r.To = d.audience(in)
	}
	if flags&hasName != 0 {
		r.Name = in.text(MaxName)
	}
	if flags&hasLine != 0 {
		r.Line = in.text(MaxLine)
	}
	if flags >= hasLine<<1 || r.Kind == 0 {
		in.bad = true
	}
}

func (d *decoder) audience(in *cursor) []uint64 {
	if n := in.uvarint(); n != 0 {
		set := d.aud.set(n)
		in.bad = in.bad || set == nil
		return set
	}
	n := in.uvarint()
	// Each id has at least a byte, so that no small frame can ask for much.
	if n == 0 || n > MaxRecipients || n > uint64(len(in.s)) || d.aud.size()+int(n) > maxFrameIDs {
		in.bad = true
		return nil
	}
	last := uint64(0)
	for range n {
		last += in.uvarint()
		d.aud.ids = append(d.aud.ids, last)
	}
	d.aud.ends = append(d.aud.ends, len(d.aud.ids))
	return d.aud.set(uint64(len(d.aud.ends)))
}
