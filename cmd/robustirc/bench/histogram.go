package bench

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// subBits is how many bits of a value its bucket keeps after the leading one: buckets are at most 1/32 wide.
const subBits = 5

// histogram counts durations in nanoseconds in buckets of constant relative width. It may be used concurrently.
type histogram struct {
	buckets [(64 - subBits) << subBits]atomic.Uint64
}

func bucketOf(v uint64) int {
	if v < 1<<subBits {
		return int(v)
	}
	exp := bits.Len64(v) - 1 - subBits
	return exp<<subBits + int(v>>exp)
}

// bucketEnd is the highest value of a bucket.
func bucketEnd(i int) uint64 {
	if i < 1<<subBits {
		return uint64(i)
	}
	exp := i>>subBits - 1
	return (uint64(i&(1<<subBits-1))+1<<subBits+1)<<exp - 1
}

func (h *histogram) add(ns int64) {
	h.buckets[min(bucketOf(uint64(max(ns, 0))), len(h.buckets)-1)].Add(1)
}

// quantile returns the duration that a fraction q of all does not exceed.
func (h *histogram) quantile(q float64) time.Duration {
	var total uint64
	for i := range h.buckets {
		total += h.buckets[i].Load()
	}
	if total == 0 {
		return 0
	}
	rank := max(uint64(q*float64(total)+0.5), 1)
	var sum uint64
	for i := range h.buckets {
		if sum += h.buckets[i].Load(); sum >= rank {
			return time.Duration(bucketEnd(i))
		}
	}
	return time.Duration(bucketEnd(len(h.buckets) - 1))
}
