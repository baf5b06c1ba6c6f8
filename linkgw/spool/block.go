package spool

import (
	"encoding/binary"
	"errors"
	"time"
)

// block is some items, packed.
type block struct {
	data          []byte // nil when it is on disk
	items         int
	first, latest time.Time
	sealed        bool // nothing is added any more
	busy          bool // it is being written
	at            *place
	onDisk        int64
}

// itemOverhead is the most that an item takes beside its text: kind, time, length.
const itemOverhead = 1 + 8 + binary.MaxVarintLen32

// add appends an item and returns by how many bytes the block grew.
func (b *block) add(it Item) int64 {
	before := len(b.data)
	b.data = append(b.data, it.Kind)
	b.data = binary.LittleEndian.AppendUint64(b.data, uint64(it.At.UnixNano()))
	b.data = binary.AppendUvarint(b.data, uint64(len(it.Text)))
	b.data = append(b.data, it.Text...)
	if b.items == 0 {
		b.first = it.At
	}
	b.items, b.latest = b.items+1, it.At
	return int64(len(b.data) - before)
}

func (b *block) size() int64 { return int64(len(b.data)) }

var errTorn = errors.New("a block ends in the middle of an item")

// decode unpacks items, whose texts share one array.
func (b *block) decode(data []byte) ([]Item, error) {
	items := make([]Item, 0, b.items)
	text := string(data)
	for len(data) > 0 {
		if len(data) < 1+8 {
			return nil, errTorn
		}
		it := Item{Kind: data[0], At: time.Unix(0, int64(binary.LittleEndian.Uint64(data[1:])))}
		n, w := binary.Uvarint(data[9:])
		if w <= 0 || n > uint64(len(data)-9-w) {
			return nil, errTorn
		}
		begin := len(text) - len(data) + 9 + w
		it.Text = text[begin : begin+int(n)]
		data = data[9+w+int(n):]
		items = append(items, it)
	}
	return items, nil
}
