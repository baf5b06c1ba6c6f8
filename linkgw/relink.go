package linkgw

import "time"

// The rules for linking again.
const (
	// relinkEvery is how often a link may be made again by itself: servers and their operators see each time.
	relinkEvery = 5 * time.Minute
	// retryFirst and retryMost are the pauses between attempts to connect that reach no server. They double.
	retryFirst = time.Second
	retryMost  = time.Minute
)

// relinks decides when to link next. It reads no clock.
type relinks struct {
	made   int       // links that reached the server
	last   time.Time // when the last of them but the first was made
	failed int       // attempts since then that reached no server
	demand bool      // the operator asked
}

// reached notes that a server was reached, who sees what follows.
func (r *relinks) reached(now time.Time) {
	if r.made > 0 && !r.demand {
		r.last = now
	}
	r.made++
	r.failed, r.demand = 0, false
}

// unreached notes an attempt that reached no server.
func (r *relinks) unreached() { r.failed++ }

// ask has the next link made at once.
func (r *relinks) ask() { r.demand, r.failed = true, 0 }

// wait is how long the next attempt has to wait. chance from 0 to 1 spreads it by a quarter.
func (r *relinks) wait(now time.Time, chance float64) time.Duration {
	if r.demand || r.made == 0 && r.failed == 0 {
		return 0
	}
	pause := retryFirst
	for i := 1; i < r.failed && pause < retryMost; i++ {
		pause *= 2
	}
	pause = min(pause, retryMost)
	pause += time.Duration(float64(pause) * chance / 4)
	return max(pause, r.blocked(now))
}

// blocked is how long the rule of one link in five minutes still holds.
func (r *relinks) blocked(now time.Time) time.Duration {
	if r.last.IsZero() || r.demand {
		return 0
	}
	return max(0, r.last.Add(relinkEvery).Sub(now))
}
