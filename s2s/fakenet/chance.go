package fakenet

// chance is the source of randomness: splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators,
// 2014), whose stream is the same on every machine and in every release of Go.
type chance struct{ state uint64 }

func (c *chance) next() uint64 {
	c.state += 0x9e3779b97f4a7c15
	z := c.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number from 0 to n-1.
func (c *chance) below(n int) int { return int(c.next() % uint64(n)) }

// oneIn is true once in n times.
func (c *chance) oneIn(n int) bool { return c.below(n) == 0 }

func pick[T any](c *chance, list []T) T { return list[c.below(len(list))] }

// popularity draws ranks the way people choose channels: rank i weighs 1/(i+flatness), which is Zipf's law with its head
// flattened, in whole numbers, so that no machine's floating point matters.
type popularity struct{ sums []uint64 }

func newPopularity(ranks, flatness int) popularity {
	p := popularity{sums: make([]uint64, ranks)}
	var sum uint64
	for i := range ranks {
		sum += weight(i, flatness)
		p.sums[i] = sum
	}
	return p
}

func weight(rank, flatness int) uint64 { return 1_000_000_000 / uint64(rank+flatness) }

// draw returns a rank.
func (p popularity) draw(c *chance) int {
	x := c.next() % p.sums[len(p.sums)-1]
	low, high := 0, len(p.sums)-1
	for low < high {
		if mid := (low + high) / 2; p.sums[mid] > x {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return low
}

// share is what a rank gets of a total.
func (p popularity) share(rank, total int) int {
	w := p.sums[rank]
	if rank > 0 {
		w -= p.sums[rank-1]
	}
	return int(uint64(total) * w / p.sums[len(p.sums)-1])
}
