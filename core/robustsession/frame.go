package robustsession

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// MuxPath and MuxProtocol are where and how the multiplexed protocol is asked for (HTTP/1.1 Upgrade).
const (
	MuxPath     = "/robustirc/v1/mux"
	MuxProtocol = "robustsession-mux/1"
	MuxVersion  = 1
)

// Limits of the multiplexed protocol.
const (
	// MaxFrame is the longest frame, in bytes after the length.
	MaxFrame = 256 << 10
	// MaxPostLines is how many lines one Post may carry; a session has one Post under way. It is what the network
	// remembers per session to recognise retries. (A gateway's may carry MaxGatewayPostLines.)
	MaxPostLines = 32
	// SessionWindow is how many bytes of lines may be under way to a session that its client has not consumed (Credit).
	SessionWindow = 256 << 10
)

// ErrFrame is wrapped by errors about bytes that are no frame.
var ErrFrame = errors.New("robustsession: bad frame")

// Frame is one frame of the multiplexed protocol.
type Frame interface {
	kind() byte
	append(b []byte) []byte
	parse(p *payload)
}

// Frames from the client.
type (
	// Hello opens the connection. Key is the bridge's key, or empty.
	Hello struct {
		Version uint64
		Key     string
	}
	// Create asks for a session; Created answers, with the same Req, and the session is attached from its first line.
	// Remote is the client's IP address or host:port.
	Create struct {
		Req       uint64
		Remote    string
		TLS       bool
		Challenge bool
	}
	// Attach asks for the session's lines after LastSeen. End answers when there are none and never will be. Held is
	// how many bytes of lines the client has received and not consumed; they count against SessionWindow.
	Attach struct {
		Session  uint64
		Auth     string
		LastSeen ID
		Held     uint64
	}
	// Post hands in lines of an attached session; Posted answers with the same Seq. Remote, when not empty, is the
	// client's address from now on.
	Post struct {
		Session, Seq uint64
		Remote       string
		Lines        []PostLine
	}
	// PostLine is a line with the id that deduplicates its retries.
	PostLine struct {
		ID   uint64
		Text string
	}
	// Delete ends a session (also one that is not attached); Deleted answers.
	Delete struct {
		Session uint64
		Auth    string
		Quit    string
	}
	// Detach stops the session's lines. The session goes on.
	Detach struct{ Session uint64 }
	// Credit says that Bytes more of the session's lines were consumed.
	Credit struct{ Session, Bytes uint64 }
)

// Frames from the server.
type (
	// Created answers Create.
	Created struct {
		Req          uint64
		Status       Status
		Text         string // why not
		Session      uint64
		Auth, Prefix string
	}
	// Posted answers Post. With StatusUnavailable the same lines may be posted again.
	Posted struct {
		Session, Seq uint64
		Status       Status
		Text         string
	}
	// Deleted answers Delete.
	Deleted struct {
		Session uint64
		Status  Status
		Text    string
	}
	// Lines are lines of an attached session.
	Lines struct {
		Session uint64
		Lines   []Line
	}
	// End says that no more lines follow: StatusOK when the session has ended and all were sent.
	End struct {
		Session uint64
		Status  Status
		Text    string
	}
	// Servers lists the network's servers and names the leader ("" when unknown).
	Servers struct {
		Leader string
		List   []string
	}
)

// Frames of both.
type (
	// Ping is answered by Pong; anything received shows that the peer lives.
	Ping struct{}
	// Pong answers Ping.
	Pong struct{}
)

const (
	kindHello byte = iota + 1
	kindCreate
	kindAttach
	kindPost
	kindDelete
	kindDetach
	kindCredit
)

const (
	kindCreated byte = iota + 0x41
	kindPosted
	kindDeleted
	kindLines
	kindEnd
	kindServers
	kindPing
	kindPong
)

// newFrame returns an empty frame of a kind, or nil.
func newFrame(kind byte) Frame {
	switch kind {
	case kindHello:
		return new(Hello)
	case kindCreate:
		return new(Create)
	case kindAttach:
		return new(Attach)
	case kindPost:
		return new(Post)
	case kindDelete:
		return new(Delete)
	case kindDetach:
		return new(Detach)
	case kindCredit:
		return new(Credit)
	case kindCreated:
		return new(Created)
	case kindPosted:
		return new(Posted)
	case kindDeleted:
		return new(Deleted)
	case kindLines:
		return new(Lines)
	case kindEnd:
		return new(End)
	case kindServers:
		return new(Servers)
	case kindPing:
		return new(Ping)
	case kindPong:
		return new(Pong)
	case kindFollow:
		return new(Follow)
	case kindFollowing:
		return new(Following)
	case kindAudience:
		return new(Audience)
	case kindOutputs:
		return new(Outputs)
	}
	return nil
}

// lengthBytes is how many bytes a frame's length takes: a uvarint padded to this, so that it can be filled in later.
const lengthBytes = 3

// AppendFrame appends a whole frame.
func AppendFrame(dst []byte, f Frame) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, f.kind())
	dst = f.append(dst)
	putLength(dst[start:], len(dst)-start-lengthBytes, lengthBytes)
	return dst
}

// putLength writes n as a uvarint of exactly size bytes.
func putLength(dst []byte, n, size int) {
	for i := range size - 1 {
		dst[i] = byte(n>>(7*i)) | 0x80
	}
	dst[size-1] = byte(n >> (7 * (size - 1)))
}

// FrameReader reads frames.
type FrameReader struct{ r *bufio.Reader }

// NewFrameReader reads frames from r.
func NewFrameReader(r *bufio.Reader) *FrameReader { return &FrameReader{r} }

// Next reads one frame. At the end of the connection it returns io.EOF, or io.ErrUnexpectedEOF inside of a frame.
// A frame shares no memory with the reader.
func (r *FrameReader) Next() (Frame, error) {
	n, err := binary.ReadUvarint(r.r)
	if err != nil {
		return nil, err
	}
	if n == 0 || n > MaxFrame {
		return nil, fmt.Errorf("%w: length %d, allowed are 1 to %d", ErrFrame, n, MaxFrame)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r.r, b); err != nil {
		return nil, fmt.Errorf("reading a frame of %d bytes: %w", n, noEOF(err))
	}
	return parseFrame(b[0], string(b[1:]))
}

func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// parseFrame parses one frame's payload; the strings of the frame are parts of it.
func parseFrame(kind byte, data string) (Frame, error) {
	f := newFrame(kind)
	if f == nil {
		return nil, fmt.Errorf("%w: unknown type %#x", ErrFrame, kind)
	}
	p := &payload{rest: data}
	f.parse(p)
	if p.bad || p.rest != "" {
		return nil, fmt.Errorf("%w: type %#x with a malformed payload of %d bytes", ErrFrame, kind, len(data))
	}
	return f, nil
}

// payload is read field by field; after the first malformed field all are zero.
type payload struct {
	rest string
	bad  bool
}

func (p *payload) fail() {
	p.bad, p.rest = true, ""
}

func (p *payload) num() uint64 {
	var n uint64
	for i := range min(len(p.rest), binary.MaxVarintLen64) {
		c := p.rest[i]
		if i == 9 && c > 1 {
			break
		}
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			p.rest = p.rest[i+1:]
			return n
		}
	}
	p.fail()
	return 0
}

func (p *payload) text() string {
	n := p.num()
	if n > uint64(len(p.rest)) {
		p.fail()
		return ""
	}
	s := p.rest[:n]
	p.rest = p.rest[n:]
	return s
}

func (p *payload) flag() bool {
	n := p.num()
	if n > 1 {
		p.fail()
	}
	return n == 1
}

func (p *payload) status() Status {
	n := p.num()
	if n > 599 {
		p.fail()
		return 0
	}
	return Status(n)
}

func num(b []byte, n uint64) []byte  { return binary.AppendUvarint(b, n) }
func text(b []byte, s string) []byte { return append(num(b, uint64(len(s))), s...) }

func flag(b []byte, f bool) []byte {
	if f {
		return append(b, 1)
	}
	return append(b, 0)
}
