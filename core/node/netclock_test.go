package node

import (
	"testing"
	"time"
)

// clockRig is a netClock with hands on both of its clocks.
type clockRig struct {
	*netClock
	wallNow, monoNow time.Time
	agrees           bool
}

func newClockRig() *clockRig {
	r := &clockRig{wallNow: time.Unix(1_000_000, 0), monoNow: time.Unix(5000, 0)}
	r.netClock = &netClock{
		wall: func() time.Time { return r.wallNow }, mono: func() time.Time { return r.monoNow },
		agree: func() bool { return r.agrees },
	}
	return r
}

// pass lets time go by, as both clocks see it.
func (r *clockRig) pass(d time.Duration) {
	r.wallNow, r.monoNow = r.wallNow.Add(d), r.monoNow.Add(d)
}

func (r *clockRig) want(t *testing.T, what string, want time.Time) {
	t.Helper()
	if got := time.Unix(0, r.stamp()); got.Sub(want).Abs() > time.Millisecond {
		t.Errorf("%s: stamped %v, want %v", what, got, want)
	}
}

func TestNetClock(t *testing.T) {
	r := newClockRig()
	start := r.wallNow
	r.want(t, "first", start)
	r.pass(time.Minute)
	r.want(t, "a minute later", start.Add(time.Minute))
	r.wallNow = r.wallNow.Add(-time.Second)
	r.want(t, "a small step back", start.Add(time.Minute))

	r.wallNow = start.Add(time.Minute + time.Hour)
	r.want(t, "an hour ahead of the network, and alone with that", start.Add(time.Minute))
	r.pass(time.Minute)
	r.want(t, "and a minute later", start.Add(2*time.Minute))

	r.agrees = true
	r.pass(expiryGrace + time.Second)
	if _, may := r.read(); may {
		t.Error("sessions may expire although time is about to jump")
	}
	r.want(t, "an hour ahead, as most clocks say", r.wallNow)
	if _, may := r.read(); may {
		t.Error("sessions may expire right after a jump")
	}
	r.pass(expiryGrace + time.Second)
	r.want(t, "after the jump", r.wallNow)
	if _, may := r.read(); !may {
		t.Error("sessions may not expire long after a jump")
	}

	before := r.wallNow
	r.wallNow = before.Add(-time.Hour)
	r.pass(time.Minute)
	r.want(t, "an hour behind: at half the pace", before.Add(30*time.Second))
	r.pass(2 * time.Hour)
	r.want(t, "until they meet", before.Add(30*time.Second+time.Hour))
	r.want(t, "and on", r.wallNow)
}

func TestNetClockNeverGoesBack(t *testing.T) {
	r := newClockRig()
	last := r.stamp()
	for i, step := range []time.Duration{-time.Hour, time.Hour, -time.Millisecond, 30 * time.Hour, -3 * time.Hour, 0} {
		r.agrees = i%2 == 0
		r.wallNow, r.monoNow = r.wallNow.Add(step), r.monoNow.Add(time.Second)
		r.observe(last - 5)
		now := r.stamp()
		if now < last {
			t.Fatalf("step %v: %d after %d", step, now, last)
		}
		last = now
	}
}
