package ts6

import "testing"

// received is all that networks said in the recordings, for codecs of their dialects.
func received(tb testing.TB) (lines []string, hybrid []bool) {
	for _, rec := range recordings(tb, "") {
		for _, l := range rec.lines {
			if l.Received {
				lines, hybrid = append(lines, l.Line), append(hybrid, rec.dialect == Hybrid)
			}
		}
	}
	return lines, hybrid
}

// BenchmarkDecode reads the recorded mix of lines.
func BenchmarkDecode(b *testing.B) {
	lines, hybrid := received(b)
	codecs := map[bool]*Codec{false: NewCodec(Solanum, everything...), true: NewCodec(Hybrid, everything...)}
	solanum, hyb := codecs[false], codecs[true]
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		c := solanum
		if hybrid[i] {
			c = hyb
		}
		if _, err := c.Decode(lines[i]); err != nil {
			b.Fatal(err)
		}
		if i++; i == len(lines) {
			i = 0
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

// BenchmarkLink runs a big recorded burst through a link, handshake included.
func BenchmarkLink(b *testing.B) {
	rec := recordings(b, "solanum/02-burst")[0]
	h := rec.identity(b)
	n := 0
	for b.Loop() {
		l := NewLink(h.id, Options{Dialect: rec.dialect, Capabilities: h.caps})
		for _, line := range rec.lines {
			if line.Received {
				if _, err := l.Line(h.now, line.Line); err != nil {
					b.Fatal(err)
				}
				n++
			}
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "lines/s")
}

// BenchmarkEncode reads and writes a big recorded burst.
func BenchmarkEncode(b *testing.B) {
	rec := recordings(b, "solanum/02-burst")[0]
	c := rec.codec()
	n := 0
	for b.Loop() {
		for _, line := range rec.lines {
			e, err := c.Decode(line.Line)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := c.Encode(e); err != nil {
				b.Fatal(err)
			}
			n++
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "lines/s")
}
