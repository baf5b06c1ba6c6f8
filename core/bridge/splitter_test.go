package bridge

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// naiveLines is what splitter must find, from the whole input at once.
func naiveLines(input []byte) (lines []string) {
	for _, l := range strings.SplitAfter(string(input), "\n") {
		if !strings.HasSuffix(l, "\n") {
			break
		}
		if l = strings.TrimRight(l[:len(l)-1], "\r"); l != "" && check(l) == faultNone {
			lines = append(lines, l)
		}
	}
	return lines
}

func FuzzSplitter(f *testing.F) {
	f.Add([]byte("NICK a\r\nUSER a\n\r\n\n"), 3)
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\r\nPING\xff\r\n"), 100)
	f.Add([]byte("@a=b;c PRIVMSG #x :\x00\r\n\rx\r\n"), 1)
	long := bytes.Repeat([]byte{'x'}, 700)
	f.Fuzz(func(t *testing.T, input []byte, size int) {
		size = min(max(size, 1), 10_000)
		input = bytes.ReplaceAll(input, []byte{0xff}, long) // short inputs make long lines
		var s splitter
		var got []string
		for chunk := range slices.Chunk(bytes.Clone(input), size) {
			s.feed(chunk, func(text string, f fault) {
				if f == faultNone {
					got = append(got, text)
				}
			})
			clear(chunk)
			if cap(s.partial) > 2*maxClientLine+64 {
				t.Fatalf("%d bytes are held", cap(s.partial))
			}
		}
		if want := naiveLines(input); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
