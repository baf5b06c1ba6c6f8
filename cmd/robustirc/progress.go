package main

import (
	"fmt"
	"os"
	"time"
)

// progress shows how far a long work is: in place on a terminal, a line every progressPause otherwise.
type progress struct {
	w        *os.File
	terminal bool
	what     string
	total    uint64
	start    time.Time
	shown    time.Time
	first    uint64
}

const progressPause = 10 * time.Second

func newProgress(w *os.File) *progress {
	info, err := w.Stat()
	return &progress{w: w, terminal: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

func (p *progress) begin(what string, total uint64) {
	p.what, p.total, p.start, p.shown, p.first = what, total, time.Now(), time.Now(), 0
}

// at is how far it is.
func (p *progress) at(n uint64) {
	if p.first == 0 {
		p.first = n
	}
	pause := progressPause
	if p.terminal {
		pause = 200 * time.Millisecond
	}
	if time.Since(p.shown) < pause || n > p.total {
		return
	}
	p.shown = time.Now()
	rate := float64(n-p.first) / time.Since(p.start).Seconds()
	left := time.Duration(float64(p.total-n) / max(rate, 1) * float64(time.Second)).Round(time.Second)
	line := fmt.Sprintf("%s: input %d of %d, %.0f/s, %v left", p.what, n, p.total, rate, left)
	if p.terminal {
		fmt.Fprintf(p.w, "\r%s\x1b[K", line)
	} else {
		fmt.Fprintln(p.w, line)
	}
}

func (p *progress) end() {
	if p.terminal {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
