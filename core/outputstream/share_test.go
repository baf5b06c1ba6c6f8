package outputstream

import (
	"errors"
	"testing"

	"robustirc/core/ircserver"
)

// TestOneSessionCannotPushOthersOut: a session that gets long answers and does not read them loses them, and nobody else
// loses anything; services and gateways may lag as far as there is room.
func TestOneSessionCannotPushOthersOut(t *testing.T) {
	const limit = 1 << 20
	s := New(Limits{Bytes: limit})
	for id := range ircserver.SessionID(4) {
		s.CreateSession(id + 1)
	}
	input := ircserver.InputID(0)
	file := func(to ircserver.Audience) {
		input++
		s.Append([]ircserver.Output{{ID: ircserver.OutputID{Input: input, Reply: 1}, Line: "a line of an answer", To: to}})
	}
	const quiet, greedy, other, link = 1, 2, 3, 4
	file(audience(quiet, greedy))
	file(audience(quiet))
	for range 10_000 {
		file(audience(greedy))
	}
	for range 10 {
		file(audience(greedy, other))
	}
	if got := s.queues[greedy].own; got > limit/shares || got < limit/shares/2 {
		t.Errorf("the greedy session holds %d bytes, its share is %d", got, limit/shares)
	}
	if s.bytes > limit/shares+20*(outputOverhead+100) {
		t.Errorf("%d bytes are retained", s.bytes)
	}
	if _, err := s.Open(greedy, ircserver.OutputID{}); err != ErrGap {
		t.Errorf("the greedy session from its beginning: %v", err)
	}
	checkReads(t, s, quiet, 2)
	checkReads(t, s, other, 10)
	there := New(Limits{Bytes: limit})
	there.Restore(s.Tail())
	if there.bytes != s.bytes || there.queues[greedy].own != s.queues[greedy].own || there.queues[greedy].len() != s.queues[greedy].len() {
		t.Error("a restored stream retains something else")
	}
	for range 2_000 {
		file(ircserver.NewAudience([]ircserver.Recipient{{Session: link, Caps: ircserver.CapLink}}, 0))
	}
	checkReads(t, s, link, 2000)
}

func checkReads(t *testing.T, s *Stream, id ircserver.SessionID, want int) {
	t.Helper()
	r, err := s.Open(id, ircserver.OutputID{})
	if err != nil {
		t.Fatalf("session %d: %v", id, err)
	}
	n := 0
	for {
		items, err := r.Take(nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(items) == 0 {
			break
		}
		n += len(items)
	}
	if n != want {
		t.Errorf("session %d reads %d lines, want %d", id, n, want)
	}
}

// TestCapturedTailsOutliveHoles: what a tail has captured stays, whatever is given up afterwards; so do lines that a
// reader was given.
func TestCapturedTailsOutliveHoles(t *testing.T) {
	s := New(Limits{Bytes: 100 * outputOverhead})
	s.leastShare = 0
	s.CreateSession(1)
	fill := func(from, n int) {
		for i := range n {
			s.Append([]ircserver.Output{{ID: ircserver.OutputID{Input: ircserver.InputID(from + i), Reply: 1}, Line: "x", To: audience(1)}})
		}
	}
	fill(1, 5)
	r, _ := s.Open(1, ircserver.OutputID{})
	items, _ := r.Take(nil)
	tail := s.Tail()
	fill(6, 50)
	n := 0
	for o := range tail.All {
		if n++; o.Line != "x" || o.ID.Input != ircserver.InputID(n) {
			t.Errorf("output %d of the tail is %v", n, o)
		}
	}
	if n != 5 || tail.Len() != 5 || items[0].Line != "x" {
		t.Errorf("the tail has %d outputs and says %d, a reader has %v", n, tail.Len(), items[0])
	}
	if after := s.Tail(); after.Len() > 12 || after.Len() < 8 {
		t.Errorf("%d outputs are retained", after.Len())
	}
	if _, err := r.Take(nil); !errors.Is(err, ErrGap) {
		t.Errorf("a reader that lags: %v", err)
	}
}
