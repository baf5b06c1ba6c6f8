package irc

import "testing"

// TestWide holds every byte at every place of strings of every length up to 70 against the plain definitions.
func TestWide(t *testing.T) {
	for n := 1; n <= 70; n++ {
		b := make([]byte, n)
		for place := range n {
			for c := range 256 {
				for i := range b {
					b[i] = "a\xff!z\x80"[(i+n)%5]
				}
				b[place] = byte(c)
				checkWide(t, string(b), place, byte(c))
			}
		}
	}
}

func checkWide(t *testing.T, s string, place int, c byte) {
	low, end := 0, len(s)
	if c <= ' ' {
		low = 1
	}
	if c == ' ' {
		end = place
	}
	if got := countLow([]byte(s)); got != low {
		t.Fatalf("countLow(%q) = %d", s, got)
	}
	if got := holdsForbidden(s); got != isForbidden(c) {
		t.Fatalf("holdsForbidden(%q) = %v", s, got)
	}
	if got := wordEnd(s, place/2); got != end {
		t.Fatalf("wordEnd(%q, %d) = %d", s, place/2, got)
	}
}
