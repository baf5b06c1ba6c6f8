package network_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"syscall"
	"testing"
	"time"

	"robustirc/linkgw/network"
	"robustirc/s2s"
)

// load yields the lines that a hub bursts: users on four servers, who are on channels of Zipf-like sizes.
func load(dialect string, users, channels, memberships int) func(yield func(string) bool) {
	rnd := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(rnd, 1.1, 8, uint64(channels-1))
	on := make([][]int, channels)
	for i := range memberships {
		c := int(zipf.Uint64())
		if i < channels {
			c = i // nobody's channel is empty
		}
		if u := i % users; len(on[c]) == 0 || on[c][len(on[c])-1] < u {
			on[c] = append(on[c], u)
		}
	}
	return func(yield func(string) bool) {
		for i := 1; i < 4; i++ {
			yield(fmt.Sprintf(":0HB SID leaf%d.example.net 2 00%d :leaf", i, i))
		}
		for i := range users {
			yield(userLine(dialect, i))
		}
		for c, members := range on {
			channelLines(c, members, yield)
		}
	}
}

func uidOf(i int) string {
	b := []byte("00xAAAAAA")
	if b[2] = byte('0' + i%4); i%4 == 0 {
		b[1], b[2] = 'H', 'B'
	}
	for n, at := i/4, 8; n > 0; n, at = n/26, at-1 {
		b[at] = byte('A' + n%26)
	}
	return string(b)
}

func userLine(dialect string, i int) string {
	uid := uidOf(i)
	if dialect == "unreal6" {
		return fmt.Sprintf(":%s UID nick%d 1 1700000000 ident%d host-%d.dyn.example.net %s 0 +ixw * Clk-%08X.dyn.example.net wAACAQ== :Real name of user %d", uid[:3], i, i%1000, i, uid, i*2654435761, i)
	}
	return fmt.Sprintf(":%s EUID nick%d 1 1700000000 +iw ident%d host-%d.dyn.example.net 192.0.2.%d %s * * :Real name of user %d", uid[:3], i, i%1000, i, i%256, uid, i)
}

func channelLines(c int, members []int, yield func(string) bool) {
	head := fmt.Sprintf(":0HB SJOIN 1700000000 #channel%d +nt :@", c)
	line := head
	for _, u := range members {
		if len(line) > 480 {
			yield(line)
			line = head[:len(head)-1]
		}
		line += uidOf(u) + " "
	}
	yield(line)
}

// linked returns a network and the codec of its peer.
func linked(b testing.TB, dialect string) (*network.Network, s2s.Codec) {
	rules, err := network.RulesOf(dialect)
	if err != nil {
		b.Fatal(err)
	}
	return newNetwork(b, rules), codecFor(dialect)
}

// feed decodes and applies lines and returns how many.
func feed(b testing.TB, n *network.Network, codec s2s.Codec, lines func(func(string) bool)) (count int) {
	lines(func(line string) bool {
		e, err := codec.Decode(line)
		if err != nil {
			b.Fatalf("%s: %v", line, err)
		}
		n.Apply(1800000000, e)
		count++
		return true
	})
	return count
}

// BenchmarkRecorded decodes and applies all recorded lines of a dialect, each transcript on a network of its own.
func BenchmarkRecorded(b *testing.B) {
	for _, dialect := range []string{"solanum", "hybrid", "unreal6"} {
		var all []recording
		for _, r := range recordings(b) {
			if r.dialect == dialect {
				all = append(all, r)
			}
		}
		b.Run(dialect, func(b *testing.B) {
			lines, cpu := 0, cpuTime()
			b.ReportAllocs()
			for b.Loop() {
				for _, r := range all {
					r.replay(b, r.network(b), nil)
					lines += len(r.lines)
				}
			}
			reportSpeed(b, lines, cpu)
		})
	}
}

// BenchmarkBurst decodes and applies the burst of 50,000 users on 20,000 channels, with 150,000 memberships.
func BenchmarkBurst(b *testing.B) {
	for _, dialect := range []string{"solanum", "unreal6"} {
		b.Run(dialect, func(b *testing.B) {
			var lines []string
			load(dialect, 50_000, 20_000, 150_000)(func(line string) bool { lines = append(lines, line); return true })
			total, cpu := 0, cpuTime()
			for b.Loop() {
				n, codec := linked(b, dialect)
				total += feed(b, n, codec, func(yield func(string) bool) {
					for _, l := range lines {
						yield(l)
					}
				})
				if _, users, channels := n.Sizes(); users != 50_000 || channels != 20_000 {
					b.Fatalf("%d users, %d channels: %v", users, channels, n.Stats().Ignored)
				}
			}
			reportSpeed(b, total, cpu)
		})
	}
}

// BenchmarkMemory reports the memory that users take, with three memberships each and a channel for every five.
func BenchmarkMemory(b *testing.B) {
	for _, users := range []int{100_000, 1_000_000} {
		for _, dialect := range []string{"solanum", "unreal6"} {
			b.Run(fmt.Sprintf("%s/%d", dialect, users), func(b *testing.B) {
				for b.Loop() {
					before := heap()
					n, codec := linked(b, dialect)
					feed(b, n, codec, load(dialect, users, users/5, users*3))
					used := heap() - before
					b.ReportMetric(float64(used)/float64(users), "bytes/user")
					b.ReportMetric(float64(used)/(1<<20), "MB")
					if _, got, _ := n.Sizes(); got != users {
						b.Fatalf("%d users", got)
					}
				}
			})
		}
	}
}

// reportSpeed reports lines per second of the clock, and of processor time, which other work on the machine leaves alone;
// the collector's is in it.
func reportSpeed(b *testing.B, lines int, cpu time.Duration) {
	b.ReportMetric(float64(lines)/b.Elapsed().Seconds(), "lines/s")
	b.ReportMetric(float64(lines)/(cpuTime()-cpu).Seconds(), "lines/cpu-s")
}

// cpuTime is what the process has used of all processors.
func cpuTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// TestMemoryPerUser holds the bound of a million users in 1.5 GB, with their memberships and channels.
func TestMemoryPerUser(t *testing.T) {
	const users = 20_000
	for _, dialect := range []string{"solanum", "unreal6"} {
		before := heap()
		n, codec := linked(t, dialect)
		feed(t, n, codec, load(dialect, users, users/5, users*3))
		if used := (heap() - before) / users; used > 1000 {
			t.Errorf("%s: %d bytes per user", dialect, used)
		}
		if err := n.CheckInvariants(); err != nil {
			t.Error(err)
		}
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
