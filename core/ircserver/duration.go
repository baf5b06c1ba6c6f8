package ircserver

import (
	"strconv"
	"strings"
	"time"
)

// maxDuration bounds the durations of bans and holds.
const maxDuration = 10 * 366 * 24 * time.Hour

// durationUnits are the letters of durations, longest first.
var durationUnits = []struct {
	letter byte
	unit   time.Duration
}{
	{'w', 7 * 24 * time.Hour},
	{'d', 24 * time.Hour},
	{'h', time.Hour},
	{'m', time.Minute},
	{'s', time.Second},
}

// parseDuration parses what operators write: 30m, 1w2d, or a bare number of seconds. Zero means for ever. ok is false
// for anything else, and for more than maxDuration.
func parseDuration(s string) (d time.Duration, ok bool) {
	for s != "" {
		i := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
		unit := time.Second
		switch {
		case i < 0:
			i = len(s)
		case i == 0:
			return 0, false
		default:
			if unit, ok = durationUnit(s[i]); !ok {
				return 0, false
			}
		}
		n, err := strconv.ParseUint(s[:i], 10, 32)
		if err != nil || time.Duration(n) > maxDuration/unit {
			return 0, false
		}
		if d += time.Duration(n) * unit; d > maxDuration {
			return 0, false
		}
		ok = true
		s = s[min(i+1, len(s)):]
	}
	return d, ok
}

func durationUnit(letter byte) (time.Duration, bool) {
	for _, u := range durationUnits {
		if u.letter == letter|0x20 {
			return u.unit, true
		}
	}
	return 0, false
}

// formatDuration is the inverse of parseDuration, with zero as "0".
func formatDuration(d time.Duration) string {
	var b []byte
	for _, u := range durationUnits {
		if n := d / u.unit; n > 0 {
			b = append(strconv.AppendInt(b, int64(n), 10), u.letter)
			d -= n * u.unit
		}
	}
	if len(b) == 0 {
		return "0"
	}
	return string(b)
}
