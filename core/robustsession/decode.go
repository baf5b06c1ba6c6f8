package robustsession

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
)

// maxMessage is the longest object accepted on a stream, in bytes.
const maxMessage = 64 << 10

// messageReader reads the concatenated JSON objects of a stream. Lines as our servers write them are read without
// encoding/json, which would be the greater part of a client's work; everything else goes through it.
type messageReader struct {
	r   io.Reader
	buf []byte
	pos int // of the first byte in buf that was not returned
}

// next reads one object. At the end of the stream it returns io.EOF, inside of an object io.ErrUnexpectedEOF.
func (m *messageReader) next(msg *Message) error {
	object, err := m.object()
	if err != nil {
		return err
	}
	*msg = Message{}
	if parseLine(object, msg) {
		return nil
	}
	*msg = Message{}
	if err := json.Unmarshal(object, msg); err != nil {
		return fmt.Errorf("the stream holds no message: %w", err)
	}
	return nil
}

// object returns the bytes of the next object; they are valid until the next call.
func (m *messageReader) object() ([]byte, error) {
	for {
		rest := bytes.TrimLeft(m.buf[m.pos:], " \t\r\n")
		m.pos = len(m.buf) - len(rest)
		if len(rest) > 0 && rest[0] != '{' {
			return nil, fmt.Errorf("the stream holds no message: it goes on with %.20q", rest)
		}
		if end := objectEnd(rest); end > 0 {
			m.pos += end
			return rest[:end], nil
		}
		if len(rest) > maxMessage {
			return nil, errors.New("the stream holds an object that is too long")
		}
		if err := m.fill(); err == io.EOF && len(rest) > 0 {
			return nil, io.ErrUnexpectedEOF
		} else if err != nil {
			return nil, err
		}
	}
}

// fill reads more, behind what was not returned yet.
func (m *messageReader) fill() error {
	n := copy(m.buf, m.buf[m.pos:])
	m.buf, m.pos = m.buf[:n], 0
	if cap(m.buf)-n < 1024 {
		m.buf = append(make([]byte, 0, max(2048, 2*cap(m.buf))), m.buf...)
	}
	k, err := m.r.Read(m.buf[n:cap(m.buf)])
	m.buf = m.buf[:n+k]
	if k > 0 {
		return nil
	}
	return err
}

// objectEnd is the length of the JSON object at the beginning of b, or 0 when it does not end in b.
func objectEnd(b []byte) int {
	depth, text := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			text = !text
		case text && c == '\\':
			i++
		case text:
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// parseLine reads a TypeLine object in exactly the form of AppendLineMessage, and reports whether it is one.
func parseLine(b []byte, msg *Message) bool {
	p := &exact{rest: b}
	p.literal(`{"Id":{"Id":`)
	msg.Id.ID = p.number()
	p.literal(`,"Reply":`)
	msg.Id.Reply = p.number()
	p.literal(`},"Session":{"Id":0,"Reply":0},"Type":3,"Data":`)
	msg.Data = p.text()
	p.literal(`,"UnixNano":`)
	msg.UnixNano = int64(p.number())
	p.literal(`}`)
	msg.Type = TypeLine
	return !p.failed && len(p.rest) == 0
}

// exact matches a text piece by piece; after the first mismatch everything fails.
type exact struct {
	rest   []byte
	failed bool
}

func (p *exact) literal(s string) {
	if rest, ok := bytes.CutPrefix(p.rest, []byte(s)); ok {
		p.rest = rest
	} else {
		p.failed = true
	}
}

// number reads digits, as many as surely fit an int64.
func (p *exact) number() (n uint64) {
	i := 0
	for i < len(p.rest) && p.rest[i]-'0' <= 9 && n < math.MaxInt64/10 {
		n = n*10 + uint64(p.rest[i]-'0')
		i++
	}
	if i == 0 || i > 1 && p.rest[0] == '0' {
		p.failed = true
	}
	p.rest = p.rest[i:]
	return n
}

// text reads a JSON string; one with escapes goes through encoding/json.
func (p *exact) text() (s string) {
	if p.failed || len(p.rest) == 0 || p.rest[0] != '"' {
		p.failed = true
		return ""
	}
	end := 1
	for end < len(p.rest) && p.rest[end] != '"' {
		if p.rest[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(p.rest) {
		p.failed = true
		return ""
	}
	quoted := p.rest[:end+1]
	p.rest = p.rest[end+1:]
	if plain(quoted[1:end]) {
		return string(quoted[1:end])
	}
	p.failed = json.Unmarshal(quoted, &s) != nil
	return s
}

// plain reports whether the inside of a JSON string stands for itself.
func plain(b []byte) bool {
	for _, c := range b {
		if c < 0x20 || c >= 0x7f || c == '\\' {
			return false
		}
	}
	return true
}
