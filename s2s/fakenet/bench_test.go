package fakenet

import (
	"testing"
	"time"
)

// BenchmarkBurst makes a network of 50,000 users and 20,000 channels and the lines of its burst.
func BenchmarkBurst(b *testing.B) {
	for _, p := range protocols {
		b.Run(string(p), func(b *testing.B) {
			codec := testCodec(p)
			for b.Loop() {
				n := mustNew(b, Config{Protocol: p, Users: 50_000, Channels: 20_000, Seed: 1, Start: start})
				var out []byte
				total := 0
				for _, e := range n.Burst("00G") {
					var lines int
					var err error
					if out, lines, err = encode(out, codec, e); err != nil {
						b.Fatal(err)
					}
					total += lines
				}
				b.ReportMetric(float64(total), "lines")
				b.ReportMetric(float64(len(out)), "bytes")
			}
		})
	}
}

// BenchmarkTraffic makes the traffic of such a network, and the lines for an observer that is in every channel.
func BenchmarkTraffic(b *testing.B) {
	for _, p := range protocols {
		for _, truth := range []bool{false, true} {
			b.Run(string(p)+map[bool]string{true: " with truth"}[truth], func(b *testing.B) { benchTraffic(b, p, truth) })
		}
	}
}

func benchTraffic(b *testing.B, p Protocol, truth bool) {
	n := mustNew(b, Config{Protocol: p, Users: 50_000, Channels: 20_000, Seed: 1, Rate: 10_000, Start: start, Truth: truth})
	attach(b, n, 20_000)
	codec := testCodec(p)
	n.Begin(start)
	now := start
	var out []byte
	var count uint64
	for b.Loop() {
		now = now.Add(100 * time.Millisecond) // a thousand actions
		for _, h := range n.Step(now) {
			if len(h.Links) > 0 {
				out, _, _ = encode(out[:0], codec, h.Event)
			}
			count++
		}
	}
	b.ReportMetric(float64(count)/b.Elapsed().Seconds(), "happenings/s")
}
