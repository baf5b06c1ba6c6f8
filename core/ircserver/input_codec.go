package ircserver

import "encoding/binary"

// batchVersion is the first byte of a batch.
const batchVersion = 1

// The optional fields of an encoded input.
const (
	hasMsgID = 1 << iota
	hasRemote
	hasAuth
	hasCookie
	isTLS
	hasGranted
	inputFlags // above all flags
)

// EncodeBatch appends the encoding of ins to dst: a version byte, the time of the first input, the number of inputs,
// each input (kind, flags, session, time since the one before, text, and the fields that are set), and a CRC32C.
func EncodeBatch(dst []byte, ins []Input) []byte {
	start := len(dst)
	dst = append(dst, batchVersion)
	var base int64
	if len(ins) > 0 {
		base = ins[0].Time
	}
	dst = binary.LittleEndian.AppendUint64(dst, uint64(base))
	dst = putUint(dst, len(ins))
	for i := range ins {
		dst = appendInput(dst, &ins[i], base)
		base = ins[i].Time
	}
	return seal(dst, start)
}

func appendInput(dst []byte, in *Input, base int64) []byte {
	flags := in.flags()
	dst = append(dst, byte(in.Kind), flags)
	dst = putUint(dst, in.Session)
	dst = putInt(dst, in.Time-base)
	dst = putString(dst, in.Text)
	if flags&hasMsgID != 0 {
		dst = binary.LittleEndian.AppendUint64(dst, in.ClientMsgID) // a hash in its upper half: a varint would be longer
	}
	if flags&hasRemote != 0 {
		dst = putString(dst, in.Remote)
	}
	if flags&hasAuth != 0 {
		dst = append(dst, in.AuthHash[:]...)
	}
	if flags&hasCookie != 0 {
		dst = putString(dst, in.Cookie)
	}
	if flags&hasGranted != 0 {
		dst = putString(dst, in.Granted)
	}
	return dst
}

func (in *Input) flags() (flags byte) {
	set := func(when bool, flag byte) {
		if when {
			flags |= flag
		}
	}
	set(in.ClientMsgID != 0, hasMsgID)
	set(in.Remote != "", hasRemote)
	set(in.AuthHash != [32]byte{}, hasAuth)
	set(in.Cookie != "", hasCookie)
	set(in.TLS, isTLS)
	set(in.Granted != "", hasGranted)
	return flags
}

// DecodeBatch reads what EncodeBatch wrote. The strings of the inputs are slices of one copy of b. The error is
// ErrCorrupt or ErrVersion.
func DecodeBatch(b []byte) ([]Input, error) {
	body, ok := unseal(b)
	if !ok {
		return nil, corrupt("checksum of a batch")
	}
	d := decoder{s: string(body)}
	if d.byte() != batchVersion {
		return nil, ErrVersion
	}
	base := int64(d.fixed64())
	const least = 5 // kind, flags, session, time, text
	ins := make([]Input, d.count(least))
	for i := range ins {
		readInput(&d, &ins[i], base)
		base = ins[i].Time
	}
	if !d.done() {
		return nil, corrupt("contents of a batch")
	}
	return ins, nil
}

func readInput(d *decoder, in *Input, base int64) {
	in.Kind = Kind(d.byte())
	flags := d.byte()
	if in.Kind == KindInvalid || in.Kind > KindDead || flags >= inputFlags {
		d.fail()
	}
	in.Session = SessionID(d.uint())
	in.Time = base + d.int()
	in.Text = d.string()
	if flags&hasMsgID != 0 {
		in.ClientMsgID = d.fixed64()
	}
	if flags&hasRemote != 0 {
		in.Remote = d.string()
	}
	if flags&hasAuth != 0 {
		copy(in.AuthHash[:], d.fixed(32))
	}
	if flags&hasCookie != 0 {
		in.Cookie = d.string()
	}
	in.TLS = flags&isTLS != 0
	if flags&hasGranted != 0 {
		in.Granted = d.string()
	}
	if in.flags() != flags {
		d.fail() // a field is there and empty: there is one encoding of everything
	}
}
