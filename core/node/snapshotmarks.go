package node

import (
	"encoding/binary"
	"errors"
	"math"

	"robustirc/core/ircserver"
	"robustirc/core/outputstream"
)

// appendMarks appends the sessions of an output stream: for each the distance to the previous id, the last trimmed
// output (input and reply number), and whether its last line has been sent.
func appendMarks(dst []byte, marks []outputstream.SessionMark) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(marks)))
	last := ircserver.SessionID(0)
	for _, m := range marks {
		dst = binary.AppendUvarint(dst, uint64(m.ID-last))
		dst = binary.AppendUvarint(dst, uint64(m.Trimmed.Input))
		dst = binary.AppendUvarint(dst, uint64(m.Trimmed.Reply))
		ended := uint64(0)
		if m.Ended {
			ended = 1
		}
		dst = binary.AppendUvarint(dst, ended)
		last = m.ID
	}
	return dst
}

// decodeMarks undoes appendMarks.
func decodeMarks(b []byte) ([]outputstream.SessionMark, error) {
	u := uvarints{b: b}
	n := u.next()
	if n > uint64(len(b)) { // each takes several bytes
		return nil, errUvarint
	}
	marks := make([]outputstream.SessionMark, 0, n)
	last := ircserver.SessionID(0)
	for range n {
		step, input, reply, ended := u.next(), u.next(), u.next(), u.next()
		id := last + ircserver.SessionID(step)
		if id <= last || reply > math.MaxUint32 || ended > 1 {
			return nil, errUvarint
		}
		last = id
		trimmed := ircserver.OutputID{Input: ircserver.InputID(input), Reply: uint32(reply)}
		marks = append(marks, outputstream.SessionMark{ID: id, Trimmed: trimmed, Ended: ended == 1})
	}
	return marks, u.end()
}

var errUvarint = errors.New("it is not what was written there")

// uvarints reads numbers until the first error.
type uvarints struct {
	b   []byte
	bad bool
}

func (u *uvarints) next() uint64 {
	v, n := binary.Uvarint(u.b)
	if n <= 0 {
		u.bad, u.b = true, nil
		return 0
	}
	u.b = u.b[n:]
	return v
}

// varint reads a signed number.
func (u *uvarints) varint() int64 {
	v, n := binary.Varint(u.b)
	if n <= 0 {
		u.bad, u.b = true, nil
		return 0
	}
	u.b = u.b[n:]
	return v
}

// end reports whether everything was read without an error and nothing is left.
func (u *uvarints) end() error {
	if u.bad || len(u.b) > 0 {
		return errUvarint
	}
	return nil
}
