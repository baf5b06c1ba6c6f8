package robustsession

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// LogPath is where a node serves its log to those who know the network password.
const LogPath = "/robustirc/v1/log"

// MaxLogFrame bounds the payload of one frame of a log stream, in bytes.
const MaxLogFrame = 16 << 20

// The kinds of a log stream's frames. A stream is the magic, a header, the state it begins with (unless it goes on where
// an earlier one stopped), batches of inputs, and the end; one that stops without an end was cut off. Streams may follow
// one another in a file.
//
//	8 bytes   logMagic, before every header
//	1 byte    kind
//	uvarint   length of the payload
//	payload
//	4 bytes   CRC-32C of kind and payload, little endian
const (
	LogFrameHeader LogFrameKind = 'H' // JSON, LogHeader
	LogFrameState  LogFrameKind = 'S' // a piece of the machine's state, in its canonical encoding
	LogFrameInputs LogFrameKind = 'I' // uvarint number of the first input, then ircserver's encoding of a batch
	LogFrameEnd    LogFrameKind = 'E' // JSON, LogEnd
)

// LogFrameKind is the kind of a frame.
type LogFrameKind byte

const logMagic = "RIRCLG01"

var logCRCTable = crc32.MakeTable(crc32.Castagnoli)

// LogHeader says what a log stream holds.
type LogHeader struct {
	// Network and Node name where it comes from; Version is the node's program.
	Network, Node, Version string
	// Redacted is whether words, addresses and secrets are tokens.
	Redacted bool
	// State is the number of the last input before which the log begins; the state that follows, if HasState, holds it.
	State uint64
	// HasState is whether a state follows.
	HasState bool
	// Last is the number of the last input of the stream.
	Last uint64
}

// LogEnd closes a log stream.
type LogEnd struct {
	// Last is the number of the last input, Chain the rolling hash of all outputs up to it on the node (of the log as it
	// was, not as redacted).
	Last  uint64
	Chain uint32
}

// ErrLogStream is wrapped by errors about bytes that are no log stream.
var ErrLogStream = errors.New("robustsession: bad log stream")

// LogWriter writes a log stream. It is not safe for concurrent use.
type LogWriter struct {
	w   io.Writer
	buf []byte
}

// NewLogWriter writes the header.
func NewLogWriter(w io.Writer, h *LogHeader) (*LogWriter, error) {
	lw := &LogWriter{w: w}
	if _, err := io.WriteString(w, logMagic); err != nil {
		return nil, err
	}
	return lw, lw.json(LogFrameHeader, h)
}

func (w *LogWriter) json(kind LogFrameKind, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return w.frame(kind, b)
}

// State writes a state.
func (w *LogWriter) State(state []byte) error {
	const piece = 1 << 20
	for len(state) > 0 {
		n := min(piece, len(state))
		if err := w.frame(LogFrameState, state[:n]); err != nil {
			return err
		}
		state = state[n:]
	}
	return nil
}

// Inputs writes a batch, encoded by ircserver, of which the first input has this number.
func (w *LogWriter) Inputs(first uint64, batch []byte) error {
	return w.frame(LogFrameInputs, binary.AppendUvarint(nil, first), batch)
}

// End writes the end.
func (w *LogWriter) End(e LogEnd) error { return w.json(LogFrameEnd, e) }

func (w *LogWriter) frame(kind LogFrameKind, parts ...[]byte) error {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	if n > MaxLogFrame {
		return fmt.Errorf("a frame of %d bytes is longer than the limit of %d", n, MaxLogFrame)
	}
	w.buf = binary.AppendUvarint(append(w.buf[:0], byte(kind)), uint64(n))
	crc := crc32.Checksum(w.buf[:1], logCRCTable)
	for _, p := range parts {
		crc = crc32.Update(crc, logCRCTable, p)
		w.buf = append(w.buf, p...)
	}
	w.buf = binary.LittleEndian.AppendUint32(w.buf, crc)
	_, err := w.w.Write(w.buf)
	return err
}

// LogFrame is one frame. Payload is valid until the next is read.
type LogFrame struct {
	Kind    LogFrameKind
	Payload []byte
	// Header is set for LogFrameHeader, End for LogFrameEnd; First is the number of the first input of LogFrameInputs,
	// whose Payload is then the batch alone.
	Header *LogHeader
	End    *LogEnd
	First  uint64
}

// LogReader reads a log stream, or several that follow one another. It is not safe for concurrent use.
type LogReader struct {
	r   *bufio.Reader
	buf []byte
	// Offset is how many bytes of whole frames were read: where a file that ends within a frame has to be cut off.
	Offset int64
	open   bool // a header was read, and no end since
}

// NewLogReader returns a reader of r.
func NewLogReader(r io.Reader) *LogReader { return &LogReader{r: bufio.NewReaderSize(r, 256<<10)} }

// Next returns the next frame; io.EOF behind an end, io.ErrUnexpectedEOF where a stream was cut off, and ErrLogStream
// for anything else.
func (r *LogReader) Next() (f LogFrame, err error) {
	head := int64(0)
	if next, err := r.r.Peek(1); err == nil && next[0] == logMagic[0] {
		r.open = false // a stream that was cut off is followed by the one that goes on
	}
	if !r.open {
		magic := make([]byte, len(logMagic))
		if n, err := io.ReadFull(r.r, magic); n == 0 && err == io.EOF {
			return f, io.EOF
		} else if err != nil {
			return f, io.ErrUnexpectedEOF
		}
		if string(magic) != logMagic {
			return f, fmt.Errorf("%w: at offset %d there is no beginning of one", ErrLogStream, r.Offset)
		}
		head = int64(len(magic))
	}
	size, err := r.frame(&f)
	if err == nil {
		err = r.interpret(&f)
	}
	if err != nil {
		return f, err
	}
	r.Offset += head + size
	return f, nil
}

// frame reads a frame's bytes and checks them.
func (r *LogReader) frame(f *LogFrame) (size int64, err error) {
	kind, err := r.r.ReadByte()
	if err != nil {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := binary.ReadUvarint(r.r)
	if err != nil || n > MaxLogFrame {
		return 0, r.bad(err, "a frame's length")
	}
	r.buf = r.buf[:0]
	for want := int(n) + 4; want > 0; { // memory is taken as bytes arrive
		step := min(want, 64<<10)
		at := len(r.buf)
		r.buf = append(r.buf, make([]byte, step)...)
		if _, err := io.ReadFull(r.r, r.buf[at:]); err != nil {
			return 0, r.bad(io.ErrUnexpectedEOF, "")
		}
		want -= step
	}
	f.Kind, f.Payload = LogFrameKind(kind), r.buf[:n]
	crc := crc32.Update(crc32.Checksum([]byte{kind}, logCRCTable), logCRCTable, f.Payload)
	if crc != binary.LittleEndian.Uint32(r.buf[n:]) {
		return 0, r.bad(nil, "a frame's checksum")
	}
	return 1 + int64(len(binary.AppendUvarint(nil, n))) + int64(n) + 4, nil
}

func (r *LogReader) bad(err error, what string) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%w: %s, at offset %d", ErrLogStream, what, r.Offset)
}

// interpret reads what a frame of its kind says, and checks that it may stand here.
func (r *LogReader) interpret(f *LogFrame) error {
	if (f.Kind == LogFrameHeader) == r.open {
		return r.bad(nil, "a frame that may not stand there")
	}
	var err error
	switch f.Kind {
	case LogFrameHeader:
		f.Header, r.open = &LogHeader{}, true
		err = json.Unmarshal(f.Payload, f.Header)
	case LogFrameEnd:
		f.End, r.open = &LogEnd{}, false
		err = json.Unmarshal(f.Payload, f.End)
	case LogFrameInputs:
		n := 0
		if f.First, n = binary.Uvarint(f.Payload); n <= 0 {
			return r.bad(nil, "the number of an input")
		}
		f.Payload = f.Payload[n:]
	case LogFrameState:
	default:
		return r.bad(nil, "a frame of an unknown kind")
	}
	if err != nil {
		return r.bad(nil, err.Error())
	}
	return nil
}
