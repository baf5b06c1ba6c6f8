//go:build sorcix

// Package sorcix measures core/irc against the IRC library that Debian ships, golang-sorcix-irc-dev. It is run by
// core/irc/bench-sorcix.sh and stands below testdata, where neither ./... nor go mod tidy sees it, because that library
// must not become a requirement of the module.
package sorcix

import (
	"os"
	"strings"
	"testing"
	"time"

	sorcix "github.com/sorcix/irc"

	"robustirc/core/irc"
)

// wanted is how many times as fast core/irc has to be.
const wanted = 3

// rounds is how often each side is measured, in turns; the best of each counts, as noise only ever slows down.
const rounds = 25

// loadLines reads the lines of core/irc's own benchmarks, without tags, which the other library does not know.
func loadLines(t *testing.T) []string {
	text, err := os.ReadFile("../bench-lines.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "@") {
			_, lines[i], _ = strings.Cut(line, " ")
		}
	}
	return lines
}

// cost is what one line takes.
type cost struct {
	ns, allocs float64
}

// measure returns the cost of f for one of n lines.
func measure(f func(), n int) cost {
	const repeats = 20000
	allocs := testing.AllocsPerRun(10, f)
	start := time.Now()
	for range repeats {
		f()
	}
	return cost{float64(time.Since(start).Nanoseconds()) / repeats / float64(n), allocs / float64(n)}
}

// compare measures both in turns and fails unless ours wins by the factor wanted and allocates less.
func compare(t *testing.T, what string, n int, ours, theirs func()) {
	best := [2]cost{measure(ours, n), measure(theirs, n)}
	for range rounds - 1 {
		best[0].ns = min(best[0].ns, measure(ours, n).ns)
		best[1].ns = min(best[1].ns, measure(theirs, n).ns)
	}
	ratio := best[1].ns / best[0].ns
	t.Logf("%s: core/irc %.1f ns/line, %.2f allocs/line; sorcix %.1f ns/line, %.2f allocs/line; RATIO %.1f (want %d)",
		what, best[0].ns, best[0].allocs, best[1].ns, best[1].allocs, ratio, wanted)
	if ratio < wanted {
		t.Errorf("%s: RATIO %.1f is below %d", what, ratio, wanted)
	}
	if best[0].allocs >= best[1].allocs {
		t.Errorf("%s: does not allocate less", what)
	}
}

// The results go here, so that nothing is optimised away.
var (
	host  string
	bytes []byte
	other *sorcix.Message
)

// TestParse has core/irc split the source as well, as the other library always does.
func TestParse(t *testing.T) {
	lines := loadLines(t)
	var m irc.Message
	compare(t, "parse", len(lines), func() {
		for _, line := range lines {
			if m.Parse(line) != nil {
				panic(line)
			}
			_, _, host = irc.SplitPrefix(m.Source)
		}
	}, func() {
		for _, line := range lines {
			other = sorcix.ParseMessage(line)
		}
	})
}

func TestEncode(t *testing.T) {
	lines := loadLines(t)
	ours, theirs := make([]irc.Message, len(lines)), make([]*sorcix.Message, len(lines))
	for i, line := range lines {
		if err := ours[i].Parse(line); err != nil {
			t.Fatal(err)
		}
		theirs[i] = sorcix.ParseMessage(line)
		if got, want := ours[i].String(), theirs[i].String(); got != want {
			t.Fatalf("not the same work: %q and %q", got, want)
		}
	}
	buf := make([]byte, 0, irc.MaxLine)
	compare(t, "encode", len(lines), func() {
		for i := range ours {
			buf = ours[i].Append(buf[:0])
		}
	}, func() {
		for _, m := range theirs {
			bytes = m.Bytes()
		}
	})
}
