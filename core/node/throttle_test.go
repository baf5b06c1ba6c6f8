package node

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"robustirc/core/ircserver"
)

// throttleRig is a throttle with a clock of its own; release is called by hand.
type throttleRig struct {
	*throttle
	t      *testing.T
	clock  time.Time
	passed []string
	failed []error
}

func newThrottleRig(t *testing.T) *throttleRig {
	r := &throttleRig{t: t, clock: time.Unix(100, 0)}
	r.throttle = newThrottle(func(items ...item) {
		for _, it := range items {
			r.passed = append(r.passed, it.input().Text)
		}
	})
	r.now = func() time.Time { return r.clock }
	return r
}

func (r *throttleRig) line(sid ircserver.SessionID, text string) item {
	c := newCall([]ircserver.Input{{Kind: ircserver.KindLine, Session: sid, Text: text}}, func(c *call) { r.failed = append(r.failed, c.err) })
	return item{c, 0}
}

func (r *throttleRig) send(sid ircserver.SessionID, text string) {
	r.t.Helper()
	if err := r.add(r.line(sid, text), 100*time.Millisecond); err != nil {
		r.t.Fatal(err)
	}
}

// advance lets time pass in small steps and returns what passed, with when.
func (r *throttleRig) advance(d time.Duration) (events []string) {
	start := r.clock
	for end := r.clock.Add(d); r.clock.Before(end); r.clock = r.clock.Add(time.Millisecond) {
		before := len(r.passed)
		r.release()
		for _, p := range r.passed[before:] {
			events = append(events, fmt.Sprintf("%s@%d", p, r.clock.Sub(start).Milliseconds()))
		}
	}
	return events
}

func TestThrottleSpacesLines(t *testing.T) {
	r := newThrottleRig(t)
	for i := range 10 {
		r.send(1, fmt.Sprint(i))
	}
	r.send(2, "other")
	if got := fmt.Sprint(r.passed); got != "[0 other]" {
		t.Fatalf("passed at once: %s; want the first line of each session", got)
	}
	want := "[1@1 2@3 3@7 4@15 5@31 6@63 7@127 8@227 9@327]" // 1, 2, 4 … ms apart, and no more than the cooloff
	if got := fmt.Sprint(r.advance(time.Second)); got != want {
		t.Errorf("passed %s\nwant %s", got, want)
	}
	r.send(1, "after silence")
	if got := r.passed[len(r.passed)-1]; got != "after silence" {
		t.Error("the first line after a cooloff of silence is delayed")
	}
	r.advance(time.Second)
	r.sweep()
	if len(r.sessions) != 0 {
		t.Errorf("%d sessions are remembered after their silence", len(r.sessions))
	}
}

func TestThrottleBoundsTheBacklog(t *testing.T) {
	r := newThrottleRig(t)
	for range backlogLines + 1 {
		r.send(1, "x")
	}
	for range 2 {
		if err := r.add(r.line(1, "too much"), 100*time.Millisecond); !errors.Is(err, ErrFlood) {
			t.Fatalf("got %v, want ErrFlood", err)
		}
	}
	if len(r.failed) != backlogLines || !errors.Is(r.failed[0], ErrFlood) {
		t.Errorf("%d lines were given back, want the backlog of %d, with ErrFlood", len(r.failed), backlogLines)
	}
	r.send(2, "unconcerned")
	if got := r.passed[len(r.passed)-1]; got != "unconcerned" || len(r.due) != 0 {
		t.Errorf("another session's line did not pass")
	}
}

func TestThrottleGivesBackWhenLeadershipIsLost(t *testing.T) {
	r := newThrottleRig(t)
	for i := range 5 {
		r.send(ircserver.SessionID(i%2), "x")
	}
	r.fail(errRetry)
	if len(r.failed) != 3 || !errors.Is(r.failed[0], errRetry) {
		t.Errorf("given back: %v, want three times errRetry", r.failed)
	}
	if wait := r.release(); wait != time.Hour {
		t.Errorf("something is due in %v", wait)
	}
}

func TestTurnsKeepOrderAndBound(t *testing.T) {
	tu := turns{sessions: map[ircserver.SessionID]*turn{}}
	ctx := t.Context()
	if err := tu.acquire(ctx, 1, 1, 10, true); err != nil {
		t.Fatal(err)
	}
	if err := tu.acquire(ctx, 2, backlogLines+1, 10, true); !errors.Is(err, ErrFlood) {
		t.Errorf("a post larger than the backlog: %v", err)
	}
	order := make(chan int, 3)
	for i := range 3 {
		go func() {
			if tu.acquire(ctx, 1, 100, 10, true) == nil {
				order <- i
				tu.release(1, 100, 10)
			}
		}()
		waitUntil(t, func() bool {
			tu.mu.Lock()
			defer tu.mu.Unlock()
			return len(tu.sessions[1].waiting) == i+1
		})
	}
	if err := tu.acquire(ctx, 1, backlogLines-300, 10, true); !errors.Is(err, ErrFlood) {
		t.Errorf("one post too many: %v, want ErrFlood", err)
	}
	tu.release(1, 1, 10)
	for want := range 3 {
		if got := <-order; got != want {
			t.Errorf("post %d had its turn, want %d", got, want)
		}
	}
	waitUntil(t, func() bool { tu.mu.Lock(); defer tu.mu.Unlock(); return len(tu.sessions) == 0 })
}

// waitUntil waits for a condition that other goroutines bring about.
func waitUntil(t *testing.T, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
		time.Sleep(time.Millisecond)
	}
}
