package ircserver

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
)

// Errors of the decoders.
var (
	// ErrCorrupt is returned for bytes that no encoder wrote, or that were damaged since.
	ErrCorrupt = errors.New("ircserver: corrupt encoding")
	// ErrVersion is returned for an encoding of a version this binary does not know: a newer one wrote it.
	ErrVersion = errors.New("ircserver: encoding of an unknown version")
)

func corrupt(what string) error { return fmt.Errorf("%w: %s", ErrCorrupt, what) }

// The encoders append: numbers as varints, strings with their length in front.

func putUint[T ~uint8 | ~uint32 | ~uint64 | ~int](dst []byte, v T) []byte {
	return binary.AppendUvarint(dst, uint64(v))
}

func putInt(dst []byte, v int64) []byte { return binary.AppendVarint(dst, v) }

func putString[T ~string](dst []byte, s T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func putBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, 1)
	}
	return append(dst, 0)
}

func putList[T any](dst []byte, list []T, put func([]byte, T) []byte) []byte {
	dst = putUint(dst, len(list))
	for _, v := range list {
		dst = put(dst, v)
	}
	return dst
}

// seal appends the CRC32C of what was appended since start.
func seal(dst []byte, start int) []byte {
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// unseal checks and takes off what seal appended.
func unseal(b []byte) ([]byte, bool) {
	if len(b) < 4 {
		return nil, false
	}
	body := b[:len(b)-4]
	return body, binary.LittleEndian.Uint32(b[len(body):]) == crc32.Checksum(body, castagnoli)
}

// decoder reads what the encoders wrote. After the first error it reads zeros and bad stays set. Its strings are
// slices of its input: what outlives the input is read with getString.
type decoder struct {
	s   string
	bad bool
}

func (d *decoder) fail() {
	d.s, d.bad = "", true
}

// done reports whether everything was read and all of it was good.
func (d *decoder) done() bool { return !d.bad && d.s == "" }

func (d *decoder) byte() byte {
	if d.s == "" {
		d.fail()
		return 0
	}
	v := d.s[0]
	d.s = d.s[1:]
	return v
}

func (d *decoder) bool() bool {
	switch d.byte() {
	case 0:
		return false
	case 1:
		return true
	}
	d.fail() // there is one encoding of everything
	return false
}

// uint reads a varint that is no longer than it must be.
func (d *decoder) uint() uint64 {
	var v uint64
	for i := 0; i < len(d.s) && i < binary.MaxVarintLen64; i++ {
		c := d.s[i]
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			if c == 0 && i > 0 || c > 1 && i == binary.MaxVarintLen64-1 {
				break
			}
			d.s = d.s[i+1:]
			return v
		}
	}
	d.fail()
	return 0
}

func (d *decoder) int() int64 {
	u := d.uint()
	return int64(u>>1) ^ -int64(u&1)
}

// num reads a uint that is no more than max.
func (d *decoder) num(max int) int {
	v := d.uint()
	if v > uint64(max) {
		d.fail()
		return 0
	}
	return int(v)
}

// count reads the length of a list whose elements take at least size bytes each, so that a damaged length cannot make
// us allocate more than the input justifies.
func (d *decoder) count(size int) int { return d.num(len(d.s) / size) }

// fixed reads n bytes.
func (d *decoder) fixed(n int) string {
	if len(d.s) < n {
		d.fail()
		return string(make([]byte, n))
	}
	v := d.s[:n]
	d.s = d.s[n:]
	return v
}

func (d *decoder) fixed64() uint64 {
	var b [8]byte
	copy(b[:], d.fixed(8))
	return binary.LittleEndian.Uint64(b[:])
}

func (d *decoder) string() string { return d.fixed(d.count(1)) }

// getString reads a string into memory of its own.
func getString(d *decoder) string { return strings.Clone(d.string()) }

// getList reads a list whose elements take at least size bytes each; nil when it is empty.
func getList[T any](d *decoder, size int, get func(*decoder) T) []T {
	n := d.count(size)
	if n == 0 {
		return nil
	}
	list := make([]T, 0, n)
	for range n {
		list = append(list, get(d))
		if d.bad {
			return nil
		}
	}
	return list
}
