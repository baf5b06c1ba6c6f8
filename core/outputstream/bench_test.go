package outputstream

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"robustirc/core/ircserver"
)

// sessions makes a stream with n sessions.
func sessions(n int, limits Limits) (*Stream, []ircserver.SessionID) {
	s := New(limits)
	ids := make([]ircserver.SessionID, n)
	for i := range ids {
		ids[i] = ircserver.SessionID(i + 1)
		s.CreateSession(ids[i])
	}
	return s, ids
}

// BenchmarkAppend files one message per batch, at a steady retained size, with 10,000 sessions that do not receive.
func BenchmarkAppend(b *testing.B) {
	for _, recipients := range []int{1, 10, 500} {
		for _, readers := range []bool{false, true} {
			b.Run(fmt.Sprintf("recipients=%d/readers=%v", recipients, readers), func(b *testing.B) {
				s, ids := sessions(10_000+recipients, Limits{Bytes: 16 << 20})
				to := audience(ids[:recipients]...)
				var open []*Reader
				if readers {
					for _, id := range ids[:recipients] {
						r, _ := s.Open(id, ircserver.OutputID{})
						open = append(open, r)
					}
				}
				line := ":alice!alice@robust/0x1234 PRIVMSG #channel :a message of usual length, with nothing special in it"
				var items []Item
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					s.Append([]ircserver.Output{{ID: ircserver.OutputID{Input: ircserver.InputID(i + 1), Reply: 1}, Line: line, To: to}})
					for _, r := range open {
						items, _ = r.Take(items[:0])
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(recipients), "ns/delivery")
			})
		}
	}
}

// TestIdleSessionsAreCheap bounds what 10,000 sessions with an open reader each take.
func TestIdleSessionsAreCheap(t *testing.T) {
	const n, bound = 10_000, 1024
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s, ids := sessions(n, Limits{})
	readers := make([]*Reader, n)
	for i, id := range ids {
		readers[i], _ = s.Open(id, ircserver.OutputID{})
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	per := int64(after.HeapAlloc-before.HeapAlloc) / n
	t.Logf("%d bytes per idle session", per)
	if per > bound {
		t.Errorf("an idle session takes %d bytes, at most %d are allowed", per, bound)
	}
	runtime.KeepAlive(readers)
	runtime.KeepAlive(s)
}

// TestAppendHardlyAllocates in a steady state, but segments and rings that grow.
func TestAppendHardlyAllocates(t *testing.T) {
	s, ids := sessions(500, Limits{Bytes: 4 << 20})
	to := audience(ids...)
	outs := []ircserver.Output{{Line: "x", To: to}}
	n := ircserver.InputID(0)
	per := testing.AllocsPerRun(5000, func() {
		n++
		outs[0].ID = ircserver.OutputID{Input: n, Reply: 1}
		s.Append(outs)
	})
	if per > 1 {
		t.Errorf("%v allocations per message of 500 recipients", per)
	}
}

// crowd is an audience of n sessions, users of the firehose gateway 1 or with queues of their own.
func crowd(s *Stream, n int, firehose bool) ircserver.Audience {
	list := make([]ircserver.Recipient, n)
	for i := range list {
		list[i].Session = ircserver.SessionID(i + 2)
		if firehose {
			list[i].Gateway = 1
		} else {
			s.CreateSession(list[i].Session)
		}
	}
	return ircserver.NewAudience(list, 5)
}

// fill files n messages for an audience.
func fill(s *Stream, to ircserver.Audience, first, n int) {
	line := ":alice!alice@robust/0x1234 PRIVMSG #channel :a message of usual length, with nothing special in it"
	outs := []ircserver.Output{{Line: line, To: to}}
	for i := range n {
		outs[0].ID = ircserver.OutputID{Input: ircserver.InputID(first + i), Reply: 1}
		s.Append(outs)
	}
}

// BenchmarkFirehose files messages of a channel whose members are a firehose gateway's, and of one whose members have
// queues of their own, at a steady retained size.
func BenchmarkFirehose(b *testing.B) {
	for _, firehose := range []bool{true, false} {
		for _, members := range []int{10, 1000, 20_000} {
			b.Run(fmt.Sprintf("firehose=%v/members=%d", firehose, members), func(b *testing.B) {
				s := New(Limits{Bytes: 16 << 20})
				s.CreateSession(1)
				to := crowd(s, members, firehose)
				b.ReportAllocs()
				for i := 1; b.Loop(); i++ {
					fill(s, to, i, 1)
				}
			})
		}
	}
}

// TestFirehoseCostsOneEntry: what filing for a firehose gateway costs does not grow with its users. The bound is far from
// what is measured (about 150 to 1), so that a busy machine does not matter.
func TestFirehoseCostsOneEntry(t *testing.T) {
	const members, messages = 1000, 2000
	took := func(firehose bool) time.Duration {
		s := New(Limits{Bytes: 16 << 20})
		s.CreateSession(1)
		to := crowd(s, members, firehose)
		start := time.Now()
		fill(s, to, 1, messages)
		return time.Since(start)
	}
	one, each := took(true), took(false)
	t.Logf("a message to %d members: %v as firehose, %v in queues", members, one/messages, each/messages)
	if 10*one > each {
		t.Errorf("filing for %d members takes %v as firehose and %v in their queues", members, one, each)
	}
}
