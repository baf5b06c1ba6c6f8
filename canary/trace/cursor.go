package trace

// cursor reads numbers and texts from a record. What is not there sets bad, and reads as zero.
type cursor struct {
	s   string
	bad bool
}

func (c *cursor) byte() byte {
	if len(c.s) == 0 {
		c.bad = true
		return 0
	}
	b := c.s[0]
	c.s = c.s[1:]
	return b
}

func (c *cursor) uvarint() uint64 {
	var n uint64
	for i := 0; i < len(c.s) && i < 10; i++ {
		b := c.s[i]
		if b < 0x80 {
			c.s = c.s[i+1:]
			c.bad = c.bad || i == 9 && b > 1
			return n | uint64(b)<<(7*i)
		}
		n |= uint64(b&0x7f) << (7 * i)
	}
	c.bad = true
	return 0
}

func (c *cursor) varint() int64 {
	n := c.uvarint()
	return int64(n>>1) ^ -int64(n&1)
}

func (c *cursor) take(n uint64) string {
	if n > uint64(len(c.s)) {
		c.bad = true
		return ""
	}
	s := c.s[:n]
	c.s = c.s[n:]
	return s
}

// text reads a length of at most limit and as many bytes.
func (c *cursor) text(limit uint64) string {
	n := c.uvarint()
	c.bad = c.bad || n > limit
	return c.take(n)
}
