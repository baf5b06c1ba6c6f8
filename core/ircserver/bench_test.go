package ircserver

import (
	"fmt"
	"testing"
	"time"
)

// crowd returns a machine with n registered sessions, of which the first ten are in #chan, and the sessions' ids.
func crowd(tb testing.TB, n int) (*Server, []SessionID) {
	tb.Helper()
	s := New(DefaultConfig())
	now := scenarioStart
	apply := func(in Input) InputID {
		now += int64(time.Millisecond)
		in.Time = now
		s.Apply(&in)
		return s.Inputs()
	}
	var ids []SessionID
	for i := range n {
		id := SessionID(apply(Input{Kind: KindCreate, Remote: "192.0.2.1", AuthHash: [32]byte{byte(i), 1}}))
		apply(Input{Kind: KindLine, Session: id, Text: fmt.Sprintf("NICK user%d", i)})
		apply(Input{Kind: KindLine, Session: id, Text: "USER user 0 * :A user of the benchmark"})
		if i < 10 {
			apply(Input{Kind: KindLine, Session: id, Text: "JOIN #chan"})
		} else {
			apply(Input{Kind: KindLine, Session: id, Text: fmt.Sprintf("JOIN #chan%d", i/10)})
		}
		ids = append(ids, id)
	}
	return s, ids
}

const benchText = "PRIVMSG #chan :a message of about one hundred bytes, which is what people and load generators write on average"

// BenchmarkPrivmsg is the usual line: a message to a channel of ten. It must not depend on how many others there are.
func BenchmarkPrivmsg(b *testing.B) {
	for _, n := range []int{10, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s, ids := crowd(b, n)
			in := Input{Kind: KindLine, Text: benchText, Time: s.Now()}
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; b.Loop(); i++ {
				in.Session, in.ClientMsgID = ids[i%10], uint64(i+1)
				if outs := s.Apply(&in); len(outs) != 1 || outs[0].To.Len() != 9 {
					b.Fatal(outs)
				}
			}
		})
	}
}

func BenchmarkJoinPart(b *testing.B) {
	s, ids := crowd(b, 100)
	join := Input{Kind: KindLine, Text: "JOIN #chan", Time: s.Now(), Session: ids[50]}
	part := Input{Kind: KindLine, Text: "PART #chan", Time: s.Now(), Session: ids[50]}
	b.ReportAllocs()
	for b.Loop() {
		s.Apply(&join)
		s.Apply(&part)
	}
}

// BenchmarkSnapshot encodes a network of 10,000 sessions.
func BenchmarkSnapshot(b *testing.B) {
	s, _ := crowd(b, 10000)
	buf := s.AppendSnapshot(nil)
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		buf = s.AppendSnapshot(buf[:0])
	}
}

func BenchmarkDigest(b *testing.B) {
	s, _ := crowd(b, 10000)
	b.ResetTimer()
	for b.Loop() {
		s.Digest()
	}
}

func BenchmarkRestore(b *testing.B) {
	s, _ := crowd(b, 10000)
	buf := s.AppendSnapshot(nil)
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		if _, err := Restore(buf); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTick looks for what is due among 10,000 sessions.
func BenchmarkTick(b *testing.B) {
	s, _ := crowd(b, 10000)
	in := Input{Kind: KindTick, Time: s.Now()}
	for b.Loop() {
		s.Apply(&in)
	}
}

// BenchmarkBatch encodes and decodes a batch of 256 messages.
func BenchmarkBatch(b *testing.B) {
	ins := make([]Input, 256)
	for i := range ins {
		ins[i] = Input{Kind: KindLine, Time: scenarioStart, Session: SessionID(1000 + i), ClientMsgID: 1 << 60, Text: benchText}
	}
	buf := EncodeBatch(nil, ins)
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		buf = EncodeBatch(buf[:0], ins)
		if _, err := DecodeBatch(buf); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOutputs encodes and decodes 1,000 outputs.
func BenchmarkOutputs(b *testing.B) {
	s, ids := crowd(b, 10)
	var outs []Output
	for i := range 1000 {
		outs = append(outs, s.Apply(&Input{Kind: KindLine, Session: ids[i%10], Text: benchText})...)
	}
	buf := AppendOutputs(nil, outs)
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendOutputs(buf[:0], outs)
		if _, err := DecodeOutputs(buf); err != nil {
			b.Fatal(err)
		}
	}
}
