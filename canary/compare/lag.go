package compare

import (
	"cmp"
	"maps"
	"math/bits"
	"slices"
	"strconv"
	"time"
)

// histogram counts durations in buckets of less than 1 % width.
type histogram struct {
	N      int64            `json:",omitempty"`
	Max    time.Duration    `json:",omitempty"`
	Counts map[uint16]int64 `json:",omitempty"`
}

// subBits is how many bits below the leading one tell buckets apart.
const subBits = 7

func bucketOf(d time.Duration) uint16 {
	v := uint64(max(d, 0)) / 1000 // microseconds are fine enough
	if v < 1<<subBits {
		return uint16(v)
	}
	exp := bits.Len64(v) - subBits - 1
	return uint16(exp<<subBits) + uint16(v>>exp)
}

// upper is the longest duration of a bucket.
func upper(b uint16) time.Duration {
	if b < 1<<(subBits+1) {
		return time.Duration(b) * 1000
	}
	exp := int(b>>subBits) - 1
	v := uint64(b&(1<<subBits-1) | 1<<subBits)
	return time.Duration((v+1)<<exp-1) * 1000
}

func (h *histogram) add(d time.Duration) {
	if h.Counts == nil {
		h.Counts = map[uint16]int64{}
	}
	h.N++
	h.Max = max(h.Max, d)
	h.Counts[bucketOf(d)]++
}

func (h *histogram) merge(o *histogram) {
	for b, n := range o.Counts { // order does not matter: it is a sum
		if h.Counts == nil {
			h.Counts = map[uint16]int64{}
		}
		h.Counts[b] += n
	}
	h.N += o.N
	h.Max = max(h.Max, o.Max)
}

// quantile returns the duration that so many of 1,000 are not over.
func (h *histogram) quantile(perMille int64) time.Duration {
	need := (h.N*perMille + 999) / 1000
	var n int64
	for _, b := range slices.Sorted(maps.Keys(h.Counts)) {
		if n += h.Counts[b]; n >= need {
			return min(upper(b), h.Max)
		}
	}
	return 0
}

// distribution summarises; with buckets, for a chart.
func (h *histogram) distribution(name string, buckets bool) Distribution {
	d := Distribution{Name: name, Count: h.N, Max: h.Max, P50: h.quantile(500), P90: h.quantile(900), P99: h.quantile(990), P999: h.quantile(999)}
	if !buckets {
		return d
	}
	var n int64
	for _, b := range slices.Sorted(maps.Keys(h.Counts)) {
		n += h.Counts[b]
		d.Buckets = append(d.Buckets, Bucket{Up: upper(b), Count: n})
	}
	return d
}

// lagTable is all latencies.
type lagTable struct {
	shadow, gateway, commit, difference histogram
	byCmd                               map[string]*histogram
	byFanout                            [6]histogram
	sample                              []time.Duration // a fair sample of what the gate is about, for the bootstrap
	differences                         []time.Duration
	rng                                 uint64
}

// maxLagSample bounds the sample of the bootstrap.
const maxLagSample = 4096

func (t *lagTable) init() { t.byCmd = map[string]*histogram{} }

// shown measures an event that the new network has just shown.
func (t *lagTable) shown(e *Engine, ev *event) {
	d := ev.ShownAt - ev.At
	t.shadow.add(d)
	cmd := command(ev.Key.Cmd)
	h := t.byCmd[cmd]
	if h == nil {
		h = &histogram{}
		t.byCmd[cmd] = h
	}
	h.add(d)
	t.byFanout[fanout(len(ev.Got))].add(d)
	_, lag := e.tally.bucket(e)
	lag.add(d)
	t.rng++
	t.sample = reservoir(t.sample, t.shadow.N, d, e.opt.Seed+t.rng)
	if p99 := 10 * t.shadow.quantileCached(); p99 > e.window {
		e.window = p99
	}
}

// quantileCached is the p99, looked at each time the count has doubled.
func (h *histogram) quantileCached() time.Duration {
	if h.N < 1000 || h.N&(h.N-1) != 0 {
		return 0
	}
	return h.quantile(990)
}

// reservoir keeps a fair sample of n values.
func reservoir(sample []time.Duration, n int64, d time.Duration, seed uint64) []time.Duration {
	if len(sample) < maxLagSample {
		return append(sample, d)
	}
	if i := mix64(seed) % uint64(n); i < maxLagSample {
		sample[i] = d
	}
	return sample
}

func mix64(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

var fanoutNames = [6]string{"1", "2 to 9", "10 to 99", "100 to 999", "1000 and more", "none"}

// fanout is the place in fanoutNames of so many recipients.
func fanout(n int) int {
	switch {
	case n == 0:
		return 5
	case n == 1:
		return 0
	}
	return min(len(strconv.Itoa(n)), 4)
}

// bootstrap returns the 95 % confidence interval of a sample's p99.
func bootstrap(sample []time.Duration, seed uint64) (low, high time.Duration) {
	const rounds = 200
	n := len(sample)
	if n == 0 {
		return 0, 0
	}
	p99s := make([]time.Duration, rounds)
	draw := make([]time.Duration, n)
	for r := range p99s {
		for i := range draw {
			seed++
			draw[i] = sample[mix64(seed)%uint64(n)]
		}
		slices.Sort(draw)
		p99s[r] = draw[min(n-1, n*99/100)]
	}
	slices.Sort(p99s)
	return p99s[rounds*25/1000], p99s[rounds*975/1000]
}

// results summarises. rates are the buckets of time.
func (t *lagTable) results(e *Engine) Latency {
	l := Latency{Shadow: t.shadow.distribution("shadow", true), Gateway: t.gateway.distribution("gateway", true), Commit: t.commit.distribution("commit", true),
		Difference: t.difference.distribution("difference", true), ByCommand: []Distribution{}, ByFanout: []Distribution{}, OverTime: []LagBucket{}}
	sample := t.sample
	if t.difference.N > 0 {
		sample = t.differences
	}
	l.DifferenceLow, l.DifferenceHigh = bootstrap(sample, e.opt.Seed)
	for _, cmd := range slices.Sorted(maps.Keys(t.byCmd)) {
		l.ByCommand = append(l.ByCommand, t.byCmd[cmd].distribution(cmd, false))
	}
	slices.SortStableFunc(l.ByCommand, func(a, b Distribution) int { return cmp.Compare(b.Count, a.Count) })
	for i := range t.byFanout {
		if h := &t.byFanout[i]; h.N > 0 {
			l.ByFanout = append(l.ByFanout, h.distribution(fanoutNames[i], false))
		}
	}
	for i := range e.tally.rates {
		if h := &e.tally.lags[i]; h.N > 0 {
			l.OverTime = append(l.OverTime, LagBucket{At: e.tally.rates[i].At, N: h.N, P50: h.quantile(500), P99: h.quantile(990), Max: h.Max})
		}
	}
	return l
}
