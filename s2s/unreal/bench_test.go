package unreal

import (
	"testing"

	"robustirc/s2s"
)

// BenchmarkDecode reads all recorded lines in their order; lines/s is what counts.
func BenchmarkDecode(b *testing.B) {
	var lines []string
	bytes := 0
	for _, rec := range recordings(b, "") {
		for _, l := range rec.lines {
			lines = append(lines, l.Line)
			bytes += len(l.Line)
		}
	}
	c := NewCodec(Features{})
	b.SetBytes(int64(bytes / len(lines)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		_, _ = c.Decode(lines[i])
		if i++; i == len(lines) {
			i = 0
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

// BenchmarkEncode writes what BenchmarkDecode reads.
func BenchmarkEncode(b *testing.B) {
	var events []s2s.Event
	c := CodecOf(nil)
	for _, rec := range recordings(b, "") {
		for _, l := range rec.lines {
			if e, err := c.Decode(l.Line); err == nil {
				events = append(events, e)
			}
		}
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		_, _ = c.Encode(events[i])
		if i++; i == len(events) {
			i = 0
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
