package node

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"robustirc/core/ircserver"
	"robustirc/core/outputstream"
)

// A snapshot is
//
//	8 bytes   snapshotMagic
//	section H where in the log it was taken
//	sections S, one or more: the machine's state
//	sections Q, one or more: the sessions of the output stream
//	sections O: its retained outputs, oldest first
//	section E the number of sections before it
//
// and a section is
//
//	1 byte    kind
//	1 byte    Compression
//	4 bytes   length of the rest, little endian
//	4 bytes   CRC-32C of everything else in the section, little endian
//	rest      the contents, packed
//
// Nothing follows the last section. The format's version is the magic's last two digits.
const (
	snapshotMagic = "RIRCSN01"

	sectionMeta    = 'M' // of the file, not of the snapshot: see snapstore.go
	sectionHeader  = 'H'
	sectionState   = 'S'
	sectionQueues  = 'Q'
	sectionOutputs = 'O'
	sectionEnd     = 'E'

	sectionHead = 10
	// sectionSize is how much goes into one section, in bytes.
	sectionSize = 4 << 20
	// outputsPerSection is how many outputs go into one section at most: about 1 MiB of ordinary chat.
	outputsPerSection = 8192
	// bytesPerRecipient is more than a recipient takes in an encoded output.
	bytesPerRecipient = 16
	// maxSection bounds a section, packed or unpacked.
	maxSection = 64 << 20
)

// section is one section as it was read.
type section struct {
	kind byte
	data []byte
}

// appendSection appends a section to dst.
func appendSection(dst []byte, kind byte, data []byte, c Compression) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, sectionHead)...)
	dst, c = pack(dst, data, c)
	head := dst[start:]
	head[0], head[1] = kind, byte(c)
	binary.LittleEndian.PutUint32(head[2:], uint32(len(head)-sectionHead))
	binary.LittleEndian.PutUint32(head[6:], sectionCRC(head, head[sectionHead:]))
	return dst
}

func sectionCRC(head, data []byte) uint32 {
	return crc32.Update(crc32.Checksum(head[:6], castagnoli), castagnoli, data)
}

// readSection reads and checks one section of at most limit bytes. At the end of r it returns io.EOF.
func readSection(r io.Reader, limit int) (section, error) {
	var head [sectionHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		if err == io.EOF {
			return section{}, err
		}
		return section{}, &CorruptError{Part: "a section's head", Err: err}
	}
	part := "section " + sectionName(head[0])
	n := int(binary.LittleEndian.Uint32(head[2:]))
	if n > limit {
		return section{}, &CorruptError{Part: part, Err: fmt.Errorf("%d bytes, more than the limit of %d", n, limit)}
	}
	packed, err := readN(r, n)
	if err != nil {
		return section{}, &CorruptError{Part: part, Err: err}
	}
	if binary.LittleEndian.Uint32(head[6:]) != sectionCRC(head[:], packed) {
		return section{}, &CorruptError{Part: part, Err: errEntryCRC}
	}
	data, err := unpack(packed, Compression(head[1]), limit)
	if err != nil {
		return section{}, &CorruptError{Part: part, Err: err}
	}
	return section{head[0], data}, nil
}

// readN reads n bytes; memory is only taken as they arrive, so that a damaged length does not cost more than the file.
func readN(r io.Reader, n int) ([]byte, error) {
	if n <= 1<<20 {
		b := make([]byte, n)
		_, err := io.ReadFull(r, b)
		return b, unexpected(err)
	}
	b, err := io.ReadAll(io.LimitReader(r, int64(n)))
	if err == nil && len(b) < n {
		err = io.ErrUnexpectedEOF
	}
	return b, err
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func sectionName(kind byte) string {
	switch kind {
	case sectionMeta:
		return "M (metadata)"
	case sectionHeader:
		return "H (header)"
	case sectionState:
		return "S (state)"
	case sectionQueues:
		return "Q (sessions)"
	case sectionOutputs:
		return "O (outputs)"
	case sectionEnd:
		return "E (end)"
	}
	return fmt.Sprintf("%q", kind)
}

// position is a point in the log.
type position struct {
	index, term uint64 // of the last raft entry applied; not counting entries that are raft's own
	input       ircserver.InputID
}

// snapshotData is what a snapshot holds.
type snapshotData struct {
	at    position
	state []byte // ircserver's canonical encoding
	tail  *outputstream.Tail
}

// writeSnapshot writes a snapshot. It takes no locks: what it writes is immutable.
func writeSnapshot(w io.Writer, d *snapshotData, c Compression) error {
	sw := &sectionWriter{w: w, compression: c}
	_, sw.err = io.WriteString(w, snapshotMagic)
	header := binary.AppendUvarint(nil, d.at.index)
	header = binary.AppendUvarint(header, d.at.term)
	header = binary.AppendUvarint(header, uint64(d.at.input))
	header = binary.AppendUvarint(header, uint64(d.tail.Len()))
	sw.section(sectionHeader, header)
	sw.chunks(sectionState, d.state)
	sw.chunks(sectionQueues, appendMarks(nil, d.tail.Sessions))
	sw.outputs(d.tail)
	sw.section(sectionEnd, binary.AppendUvarint(nil, uint64(sw.n)))
	return sw.err
}

// sectionWriter writes sections until the first error.
type sectionWriter struct {
	w           io.Writer
	compression Compression
	n           int // sections written
	buf         []byte
	err         error
}

func (w *sectionWriter) section(kind byte, data []byte) {
	if w.err != nil {
		return
	}
	w.buf = appendSection(w.buf[:0], kind, data, w.compression)
	_, w.err = w.w.Write(w.buf)
	w.n++
}

// chunks writes data in sections of sectionSize, at least one.
func (w *sectionWriter) chunks(kind byte, data []byte) {
	for len(data) > sectionSize {
		w.section(kind, data[:sectionSize])
		data = data[sectionSize:]
	}
	w.section(kind, data)
}

func (w *sectionWriter) outputs(t *outputstream.Tail) {
	chunk := make([]ircserver.Output, 0, min(outputsPerSection, t.Len()))
	size, seen := 0, map[uint64]bool{}
	var buf []byte
	flush := func() {
		buf = ircserver.AppendOutputs(buf[:0], chunk)
		w.section(sectionOutputs, buf)
		chunk, size = chunk[:0], 0
		clear(seen)
	}
	for o := range t.All {
		chunk = append(chunk, *o)
		size += len(o.Line) + listBytes(o, seen)
		if len(chunk) == outputsPerSection || size >= sectionSize {
			flush()
		}
		if w.err != nil {
			return
		}
	}
	if len(chunk) > 0 {
		flush()
	}
}

// listBytes is more than an output's list of recipients takes in a section. Lists with gateways' users are written once.
func listBytes(o *ircserver.Output, seen map[uint64]bool) int {
	list, _ := o.To.Parts()
	if o.To.HasGateways() {
		key := o.To.Fingerprint()
		if seen[key] {
			return 0
		}
		seen[key] = true
	}
	return bytesPerRecipient * len(list)
}

// verifySnapshot reads a snapshot to its end and checks every checksum, without decoding what the sections hold.
func verifySnapshot(r io.Reader) error {
	return readSections(r, func(section) error { return nil })
}

// readSections reads a snapshot to its end, checks its frame, and calls yield for each section but the last.
func readSections(r io.Reader, yield func(section) error) error {
	magic := make([]byte, len(snapshotMagic))
	if _, err := io.ReadFull(r, magic); err != nil || string(magic) != snapshotMagic {
		return &CorruptError{Part: "beginning of the snapshot", Err: errors.New("this is no snapshot of a version that this program knows")}
	}
	order := sectionOrder{}
	for {
		sec, err := readSection(r, maxSection)
		if err == io.EOF {
			return &CorruptError{Part: "end of the snapshot", Err: io.ErrUnexpectedEOF}
		}
		if err != nil {
			return err
		}
		if err := order.next(sec); err != nil {
			return &CorruptError{Part: "section " + sectionName(sec.kind), Err: err}
		}
		if sec.kind == sectionEnd {
			return expectEOF(r)
		}
		if err := yield(sec); err != nil {
			return &CorruptError{Part: "section " + sectionName(sec.kind), Err: err}
		}
	}
}

func expectEOF(r io.Reader) error {
	if n, err := io.ReadFull(r, make([]byte, 1)); n != 0 || err != io.EOF {
		return &CorruptError{Part: "end of the snapshot", Err: errors.New("something follows it")}
	}
	return nil
}

// sectionOrder checks that sections come in the order H S+ Q+ O* E, and that E counts them.
type sectionOrder struct {
	last byte
	n    uint64
}

// follows says after which kinds a kind may come; zero is the beginning.
var follows = map[byte]string{
	sectionHeader: "\x00", sectionState: "HS", sectionQueues: "SQ", sectionOutputs: "QO", sectionEnd: "QO",
}

func (o *sectionOrder) next(sec section) error {
	ok := false
	for _, k := range []byte(follows[sec.kind]) {
		ok = ok || k == o.last
	}
	if !ok {
		return errors.New("it is out of place")
	}
	if sec.kind == sectionEnd {
		if n, l := binary.Uvarint(sec.data); l != len(sec.data) || n != o.n {
			return fmt.Errorf("it ends %d sections, but there are %d", n, o.n)
		}
	}
	o.last = sec.kind
	o.n++
	return nil
}

// readSnapshot reads and checks a snapshot.
func readSnapshot(r io.Reader) (*snapshotData, error) {
	var (
		d           snapshotData
		outputs     uint64
		queues      []byte
		outs        []ircserver.Output
		decodeError error
		lists       ircserver.OutputDecoder
	)
	err := readSections(r, func(sec section) error {
		switch sec.kind {
		case sectionHeader:
			outputs, decodeError = d.at.decode(sec.data)
		case sectionState:
			d.state = append(d.state, sec.data...)
		case sectionQueues:
			queues = append(queues, sec.data...)
		case sectionOutputs:
			var more []ircserver.Output
			more, decodeError = lists.Decode(sec.data)
			outs = append(outs, more...)
		}
		return decodeError
	})
	if err != nil {
		return nil, err
	}
	if uint64(len(outs)) != outputs {
		return nil, &CorruptError{Part: "section O (outputs)", Err: fmt.Errorf("%d outputs, but the header says %d", len(outs), outputs)}
	}
	marks, err := decodeMarks(queues)
	if err != nil {
		return nil, &CorruptError{Part: "section Q (sessions)", Err: err}
	}
	d.tail = outputstream.NewTail(marks, outs)
	return &d, nil
}

// decode reads a header; it also returns the number of outputs.
func (p *position) decode(b []byte) (outputs uint64, err error) {
	u := uvarints{b: b}
	p.index, p.term, p.input, outputs = u.next(), u.next(), ircserver.InputID(u.next()), u.next()
	return outputs, u.end()
}
