package replay

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"robustirc/core/ircserver"
)

// What a machine's process writes: the magic, then frames of
//
//	1 byte    kind
//	uvarint   length of the payload
//	payload
//
// with payloads
//
//	'O'  input, number of outputs, and for each: flags (1: its recipients' sessions end), number of recipients, their
//	     session ids (each as the difference to the one before), line (length, bytes)
//	'D'  input, 32 bytes digest of the state, 4 bytes rolling hash of all outputs (little endian)
//	'P'  input, text: the machine panicked; what follows is of a machine that got ircserver.KindDead in its place
//	'E'  input: the end, behind that input
//
// and all numbers uvarints. Inputs without outputs have no 'O'.
const (
	resultMagic = "RIRCMR01"

	frameOutputs = 'O'
	frameDigest  = 'D'
	framePanic   = 'P'
	frameEnd     = 'E'

	// maxFrame bounds a frame: the outputs of one input.
	maxFrame = 256 << 20
)

// errFrame is wrapped by errors about bytes that no machine's process writes.
var errFrame = errors.New("replay: what the version's process wrote is not understood")

// Output is one output of a version.
type Output struct {
	Line  string
	To    []ircserver.SessionID
	Final bool
}

// Frame is one frame of a version's process.
type Frame struct {
	Kind    byte
	Input   uint64
	Outputs []Output // frameOutputs
	State   [32]byte // frameDigest
	Chain   uint32   // frameDigest
	Text    string   // framePanic
}

func appendFrame(dst []byte, kind byte, payload []byte) []byte {
	dst = append(dst, kind)
	dst = binary.AppendUvarint(dst, uint64(len(payload)))
	return append(dst, payload...)
}

// appendOutputs appends the payload of frameOutputs.
func appendOutputs(dst []byte, input uint64, outs []ircserver.Output) []byte {
	dst = binary.AppendUvarint(dst, input)
	dst = binary.AppendUvarint(dst, uint64(len(outs)))
	for i := range outs {
		o := &outs[i]
		flags := byte(0)
		if o.Final {
			flags = 1
		}
		dst = append(dst, flags)
		dst = binary.AppendUvarint(dst, uint64(o.To.Len()))
		last := ircserver.SessionID(0)
		for r := range o.To.All {
			dst = binary.AppendUvarint(dst, uint64(r.Session-last))
			last = r.Session
		}
		dst = binary.AppendUvarint(dst, uint64(len(o.Line)))
		dst = append(dst, o.Line...)
	}
	return dst
}

// FrameReader reads what a version's process writes. It is not safe for concurrent use.
type FrameReader struct {
	r     *bufio.Reader
	begun bool
}

// NewFrameReader returns a reader of r.
func NewFrameReader(r io.Reader) *FrameReader {
	return &FrameReader{r: bufio.NewReaderSize(r, 256<<10)}
}

// Next returns the next frame, or io.ErrUnexpectedEOF when the process ended before its end frame.
func (r *FrameReader) Next() (Frame, error) {
	if !r.begun {
		magic := make([]byte, len(resultMagic))
		if _, err := io.ReadFull(r.r, magic); err != nil {
			return Frame{}, io.ErrUnexpectedEOF
		}
		if string(magic) != resultMagic {
			return Frame{}, fmt.Errorf("%w: it begins with %q", errFrame, magic)
		}
		r.begun = true
	}
	kind, err := r.r.ReadByte()
	if err != nil {
		return Frame{}, io.ErrUnexpectedEOF
	}
	n, err := binary.ReadUvarint(r.r)
	if err != nil || n > maxFrame {
		return Frame{}, fmt.Errorf("%w: a frame of %d bytes", errFrame, n)
	}
	payload, err := readPayload(r.r, int(n))
	if err != nil {
		return Frame{}, err
	}
	return parseFrame(kind, payload)
}

// readPayload takes memory as bytes arrive.
func readPayload(r io.Reader, n int) ([]byte, error) {
	var b []byte
	for len(b) < n {
		at := len(b)
		b = append(b, make([]byte, min(n-at, 1<<20))...)
		if _, err := io.ReadFull(r, b[at:]); err != nil {
			return nil, io.ErrUnexpectedEOF
		}
	}
	return b, nil
}

// payload is a cursor. After the first error it reads zeros and bad stays set.
type payload struct {
	b   []byte
	bad bool
}

func (p *payload) uint() uint64 {
	v, n := binary.Uvarint(p.b)
	if n <= 0 {
		p.b, p.bad = nil, true
		return 0
	}
	p.b = p.b[n:]
	return v
}

func (p *payload) bytes(n uint64) []byte {
	if n > uint64(len(p.b)) {
		p.b, p.bad = nil, true
		return nil
	}
	v := p.b[:n]
	p.b = p.b[n:]
	return v
}

// count reads a number of things that take at least size bytes each.
func (p *payload) count(size int) int {
	n := p.uint()
	if n > uint64(len(p.b)/size) {
		p.b, p.bad = nil, true
		return 0
	}
	return int(n)
}

func parseFrame(kind byte, b []byte) (Frame, error) {
	p := &payload{b: b}
	f := Frame{Kind: kind, Input: p.uint()}
	switch kind {
	case frameOutputs:
		f.Outputs = make([]Output, p.count(3))
		for i := range f.Outputs {
			f.Outputs[i] = p.output()
		}
	case frameDigest:
		copy(f.State[:], p.bytes(32))
		if chain := p.bytes(4); chain != nil {
			f.Chain = binary.LittleEndian.Uint32(chain)
		}
	case framePanic:
		f.Text = string(p.bytes(uint64(len(p.b))))
	case frameEnd:
	default:
		p.bad = true
	}
	if p.bad || len(p.b) > 0 {
		return Frame{}, fmt.Errorf("%w: frame of kind %q and %d bytes", errFrame, kind, len(b))
	}
	return f, nil
}

func (p *payload) output() (o Output) {
	if flags := p.bytes(1); flags != nil {
		o.Final = flags[0]&1 != 0
	}
	o.To = make([]ircserver.SessionID, p.count(1))
	last := uint64(0)
	for i := range o.To {
		last += p.uint()
		o.To[i] = ircserver.SessionID(last)
	}
	o.Line = string(p.bytes(p.uint()))
	return o
}
