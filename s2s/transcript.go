package s2s

import (
	"strconv"
	"strings"
)

// Recorded is one line of a recorded link.
type Recorded struct {
	Number   int    // of the line in the file, from 1
	Millis   int64  // since the recording began
	Received bool   // from the network ('<'); else what we sent ('>')
	Line     string // without line ending
}

// ParseTranscript reads a recorded link: lines "<milliseconds> < line received" and "<milliseconds> > line sent"; all
// others are comments.
func ParseTranscript(text string) []Recorded {
	var list []Recorded
	n := 0
	for raw := range strings.Lines(text) {
		n++
		raw = strings.TrimRight(raw, "\r\n")
		millis, rest, _ := strings.Cut(strings.TrimLeft(raw, " "), " ")
		ms, err := strconv.ParseInt(millis, 10, 64)
		if err != nil || len(rest) < 2 || rest[1] != ' ' || rest[0] != '<' && rest[0] != '>' {
			continue
		}
		list = append(list, Recorded{Number: n, Millis: ms, Received: rest[0] == '<', Line: rest[2:]})
	}
	return list
}
