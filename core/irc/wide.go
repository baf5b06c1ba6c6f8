package irc

import "math/bits"

// Most words of a line are so short that calling strings.IndexByte costs more than it saves. What follows looks at
// eight bytes at a time instead, as one number with the first byte lowest.

// text is what lines are read from and written to.
type text interface{ string | []byte }

// everyByte times a byte is that byte eight times.
const everyByte = 0x0101010101010101

// load64 is the first eight bytes of s, which the compiler reads in one instruction. Give it s[i:i+8] rather than s[i:],
// which costs more to compute than the load.
func load64[T text](s T) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// findByte has the highest bit set of the first byte of x that equals c, and is 0 when there is none. A byte is zero
// when subtracting one carries into its highest bit, which was not set; bits above the first may be mistaken.
func findByte(x uint64, c byte) uint64 {
	x ^= uint64(c) * everyByte
	return (x - everyByte) &^ x & (0x80 * everyByte)
}

// below14 has the highest bit of some byte set if, and only if, one of the first eight bytes of s is below 14. The
// other bits mean nothing.
func below14[T text](s T) uint64 {
	x := load64(s)
	return (x - 14*everyByte) &^ x
}

// countLow returns how many bytes of b are spaces or control characters below the space.
func countLow(b []byte) int {
	n, i := 0, 0
	for ; i+8 <= len(b); i += 8 {
		n += bits.OnesCount64(low33(load64(b[i : i+8])))
	}
	if i < len(b) && len(b) >= 8 {
		return n + bits.OnesCount64(low33(load64(b[len(b)-8:]))>>(8*(8-len(b)+i)))
	}
	for ; i < len(b); i++ {
		if b[i] <= ' ' {
			n++
		}
	}
	return n
}

// low33 has the highest bit of each byte set that is below 33 in x, and no other.
func low33(x uint64) uint64 {
	return ^(x | (x&(0x7f*everyByte) + (0x80-33)*everyByte)) & (0x80 * everyByte)
}
