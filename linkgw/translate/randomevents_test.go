package translate_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// randomEvents is how many events TestRandomEvents has in all.
var randomEvents = flag.Int("events", 60_000, "of TestRandomEvents")

// eventsPerLink is how many of them one link sees: models grow without end.
const eventsPerLink = 2000

// TestRandomEvents feeds the translator scrambled lines of real networks, over many links: there is no panic, and each line
// that comes of it is one of the gateway API and makes sense to a network that has done all before it. -events says how many;
// docs/measurements.md tells of ten million.
func TestRandomEvents(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var lines [3][]string // by what fuzzed takes for a dialect
	for _, rec := range recordings(t) {
		for _, l := range rec.lines {
			if !l.Received || l.Line == "" {
				continue
			}
			if strings.HasPrefix(rec.dialect, "unreal") {
				lines[2] = append(lines[2], l.Line)
			} else {
				lines[0], lines[1] = append(lines[0], l.Line), append(lines[1], l.Line)
			}
		}
	}
	for n := 0; n < *randomEvents; n += eventsPerLink {
		which := n / eventsPerLink % 3
		var text strings.Builder
		for range eventsPerLink {
			text.WriteString(scrambled(r, lines[which]) + "\n")
		}
		d := newDouble()
		fuzzed(t, uint8(which), text.String(), d)
		if len(d.wrong) > 0 {
			t.Fatalf("link %d: lines made no sense:\n%s", n/eventsPerLink, strings.Join(d.wrong, "\n"))
		}
	}
}

// scrambled is a line with some words taken from another, left out, or made up.
func scrambled(r *rand.Rand, lines []string) string {
	words, other := strings.Fields(lines[r.IntN(len(lines))]), strings.Fields(lines[r.IntN(len(lines))])
	for range r.IntN(4) {
		if len(words) == 0 || len(other) == 0 {
			break
		}
		switch i := r.IntN(len(words)); r.IntN(4) {
		case 0:
			words[i] = []string{"9GW", "00A", "*", "#c", "+o", ":", "$a", "~quiet:"}[r.IntN(8)]
		case 1:
			words[i] = other[r.IntN(len(other))]
		case 2:
			words[i] = fmt.Sprint(r.IntN(3) * r.IntN(2_000_000_000))
		case 3:
			words = append(words[:i], words[i+1:]...)
		}
	}
	return strings.Join(words, " ")
}
