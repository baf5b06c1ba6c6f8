package outputstream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"robustirc/core/ircserver"
)

// world drives a stream and keeps, per session, what was filed for it.
type world struct {
	t     *testing.T
	rng   *rand.Rand
	s     *Stream
	input ircserver.InputID
	now   int64
	live  []ircserver.SessionID
	lines map[ircserver.SessionID][]ircserver.OutputID
	links map[ircserver.SessionID]ircserver.SessionID // of users of firehose gateways
}

// newWorld has small shares.
func newWorld(t *testing.T, seed uint64, limits Limits) *world {
	w := bareWorld(t, seed, limits)
	w.s.leastShare = 0
	return w
}

func bareWorld(t *testing.T, seed uint64, limits Limits) *world {
	return &world{t: t, rng: rand.New(rand.NewPCG(seed, 1)), s: New(limits), lines: map[ircserver.SessionID][]ircserver.OutputID{}, links: map[ircserver.SessionID]ircserver.SessionID{}}
}

// audience is the audience of these sessions; now and then one of them is skipped.
func (w *world) audience(ids []ircserver.SessionID) ircserver.Audience {
	list := make([]ircserver.Recipient, len(ids))
	for i, id := range ids {
		list[i] = ircserver.Recipient{Session: id, Gateway: w.links[id]}
	}
	skip := ircserver.SessionID(0)
	if len(ids) > 1 && w.rng.IntN(3) == 0 {
		skip = ids[0]
	}
	return ircserver.NewAudience(list, skip)
}

// expect notes in whose lines an output is.
func (w *world) expect(o *ircserver.Output) {
	var readers []ircserver.SessionID
	for r := range o.To.All {
		readers = append(readers, cmp.Or(r.Gateway, r.Session))
	}
	slices.Sort(readers)
	for _, id := range slices.Compact(readers) {
		w.lines[id] = append(w.lines[id], o.ID)
	}
}

func audience(ids ...ircserver.SessionID) ircserver.Audience {
	list := make([]ircserver.Recipient, len(ids))
	for i, id := range ids {
		list[i] = ircserver.Recipient{Session: id}
	}
	return ircserver.NewAudience(list, 0)
}

func (w *world) create() ircserver.SessionID {
	w.input++
	id := ircserver.SessionID(w.input)
	w.s.CreateSession(id)
	w.live = append(w.live, id)
	return id
}

// createGateway makes a link and some users that have no queue.
func (w *world) createGateway(users int) ircserver.SessionID {
	w.input++
	link := ircserver.SessionID(w.input)
	w.s.CreateSession(link)
	for range users {
		w.input++
		id := ircserver.SessionID(w.input)
		w.links[id] = link
		w.live = append(w.live, id)
	}
	return link
}

// batch appends up to n outputs to random recipients; now and then one of them ends a session.
func (w *world) batch(n int) {
	var outs []ircserver.Output
	for range w.rng.IntN(n) + 1 {
		if len(w.live) == 0 {
			break
		}
		w.input++
		w.now += int64(w.rng.IntN(1000))
		for reply := range uint32(w.rng.IntN(3) + 1) {
			ids := w.someLive()
			final := reply == 0 && w.rng.IntN(40) == 0
			if final {
				ids = ids[:1]
				w.live = slices.DeleteFunc(w.live, func(id ircserver.SessionID) bool { return id == ids[0] })
			}
			o := ircserver.Output{ID: ircserver.OutputID{Input: w.input, Reply: reply + 1}, Time: w.now, Line: "x", To: w.audience(ids), Final: final}
			outs = append(outs, o)
			w.expect(&o)
			if len(w.live) == 0 {
				break
			}
		}
	}
	w.s.Append(outs)
}

func (w *world) someLive() []ircserver.SessionID {
	ids := slices.Clone(w.live)
	w.rng.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	return ids[:min(len(ids), w.rng.IntN(9)+1)]
}

// follower is one client of the world: it checks that it sees its session's lines in order, each once.
type follower struct {
	id    ircserver.SessionID
	r     *Reader
	seen  int
	done  bool
	lossy bool
	gaps  int
}

// isGap checks a gap against what was filed, and moves f behind it.
func (w *world) isGap(f *follower, gap *Gap) bool {
	before, lines := f.seen, w.lines[f.id]
	for f.seen < len(lines) && !gap.Until.Less(lines[f.seen]) {
		f.seen++
	}
	if f.seen == before || w.s.limits == (Limits{}) {
		w.t.Fatalf("session %d at %d: a gap %v without lines", f.id, before, gap)
	}
	f.gaps++
	return true
}

func (w *world) after(f *follower) ircserver.OutputID {
	if f.seen == 0 {
		return ircserver.OutputID{}
	}
	return w.lines[f.id][f.seen-1]
}

// step reads, drops or reopens.
func (w *world) step(f *follower) {
	if f.done {
		return
	}
	if f.r == nil || w.rng.IntN(5) == 0 {
		open := w.s.Open
		if f.lossy {
			open = w.s.Follow
		}
		r, err := open(f.id, w.after(f))
		if w.checkEnd(f, err) {
			return
		}
		f.r = r
	}
	items, err := f.r.Take(nil)
	var gap *Gap
	if errors.As(err, &gap) && f.lossy && w.isGap(f, gap) {
		items, err = f.r.Take(nil)
	}
	for _, it := range items {
		if want := w.lines[f.id][f.seen]; it.ID != want {
			w.t.Fatalf("session %d: got %v, want %v", f.id, it.ID, want)
		}
		f.seen++
	}
	if w.checkEnd(f, err) {
		return
	}
	if f.seen != len(w.lines[f.id]) {
		w.t.Fatalf("session %d: %d of %d lines and no error", f.id, f.seen, len(w.lines[f.id]))
	}
}

// checkEnd accepts an error only where the model allows it.
func (w *world) checkEnd(f *follower, err error) bool {
	if err == nil {
		return false
	}
	complete := f.seen == len(w.lines[f.id])
	switch {
	case errors.Is(err, io.EOF) && complete && !slices.Contains(w.live, f.id):
	case errors.Is(err, ErrNoSession) && !slices.Contains(w.live, f.id):
	case errors.Is(err, ErrGap) && !complete && w.s.limits != Limits{}:
	default:
		w.t.Fatalf("session %d at %d of %d: %v", f.id, f.seen, len(w.lines[f.id]), err)
	}
	f.done = true
	return true
}

// TestReadersSeeEveryLineOnce drops, reopens and restores at random points; with limits a gap is an error, never silence.
func TestReadersSeeEveryLineOnce(t *testing.T) {
	for _, limits := range []Limits{{}, {Window: 20_000}, {Bytes: 20_000}} {
		for seed := range uint64(60) {
			t.Run(fmt.Sprintf("%v/%d", limits, seed), func(t *testing.T) { walk(newWorld(t, seed, limits)) })
		}
	}
}

func walk(w *world) {
	followers := []*follower{{id: w.createGateway(3)}, {id: w.createGateway(1), lossy: true}}
	for range 400 {
		switch n := w.rng.IntN(20); {
		case n == 0:
			followers = append(followers, &follower{id: w.create(), lossy: w.rng.IntN(3) == 0})
		case n == 1:
			w.s.Restore(w.s.Tail())
		case n == 2:
			w.s = w.elsewhere()
			for _, f := range followers {
				f.r = nil
			}
		case n < 10:
			w.batch(5)
		default:
			if len(followers) > 0 {
				w.step(followers[w.rng.IntN(len(followers))])
			}
		}
	}
	if w.s.limits == (Limits{}) {
		for _, f := range followers {
			w.step(f)
		}
	}
}

// elsewhere is another node that installed this one's tail.
func (w *world) elsewhere() *Stream {
	t := w.s.Tail()
	var outs []ircserver.Output
	for o := range t.All {
		outs = append(outs, *o)
	}
	s := New(w.s.limits)
	s.leastShare = w.s.leastShare
	s.Restore(NewTail(t.Sessions, outs))
	if !equalTails(t, s.Tail()) || s.bytes != w.s.bytes {
		w.t.Fatal("a restored stream has another tail")
	}
	return s
}

func equalTails(a, b *Tail) bool {
	if !slices.Equal(a.Sessions, b.Sessions) || a.Len() != b.Len() {
		return false
	}
	var ids []ircserver.OutputID
	for o := range a.All {
		ids = append(ids, o.ID)
	}
	i := 0
	for o := range b.All {
		if ids[i] != o.ID {
			return false
		}
		i++
	}
	return true
}

// TestTrimmingIgnoresReaders: streams fed alike retain the same, however they are batched and read.
func TestTrimmingIsTheSameEverywhere(t *testing.T) {
	limits := Limits{Window: 30_000, Bytes: 40_000}
	w := newWorld(t, 7, limits)
	other := New(limits)
	other.leastShare = 0
	f := &follower{}
	for i := range 300 {
		if i%20 == 0 {
			f = &follower{id: w.create()}
			other.CreateSession(f.id)
		}
		before := w.s.next
		w.batch(4)
		var outs []ircserver.Output
		for pos := max(before, w.s.first); pos < w.s.next; pos++ {
			outs = append(outs, *w.s.output(pos))
		}
		other.Append(outs)
		w.step(f)
		if !equalTails(w.s.Tail(), other.Tail()) {
			t.Fatalf("step %d: tails differ", i)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	s := New(Limits{})
	if _, err := s.Open(1, ircserver.OutputID{}); err != ErrNoSession {
		t.Errorf("unknown session: %v", err)
	}
	s.CreateSession(1)
	s.CreateSession(2)
	last := ircserver.OutputID{Input: 5, Reply: 1}
	r, _ := s.Open(1, ircserver.OutputID{})
	newer, _ := s.Open(1, ircserver.OutputID{})
	if _, err := r.Next(t.Context()); err != ErrSuperseded {
		t.Errorf("older reader: %v", err)
	}
	s.Append([]ircserver.Output{{ID: last, Line: "ERROR", To: audience(1), Final: true}})
	if items, err := newer.Next(t.Context()); len(items) != 1 || err != nil {
		t.Errorf("last line: %v %v", items, err)
	}
	if _, err := newer.Next(t.Context()); err != io.EOF {
		t.Errorf("after the last line: %v", err)
	}
	if _, err := s.Open(1, last); err != ErrNoSession {
		t.Errorf("ended session, everything seen: %v", err)
	}
	if r, err := s.Open(1, ircserver.OutputID{}); err != nil {
		t.Errorf("ended session, ERROR not seen: %v", err)
	} else if items, _ := r.Next(t.Context()); len(items) != 1 {
		t.Errorf("ended session: %v", items)
	}
	open, _ := s.Open(2, ircserver.OutputID{})
	open.Close()
	open.Close()
	if _, err := open.Next(t.Context()); err != ErrClosed {
		t.Errorf("closed: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	open, _ = s.Open(2, ircserver.OutputID{})
	if _, err := open.Next(ctx); err != context.Canceled {
		t.Errorf("cancelled: %v", err)
	}
}

// TestReadySaysWhatIsPending: at once after Open, and after each Take that left something.
func TestReadySaysWhatIsPending(t *testing.T) {
	s := New(Limits{})
	s.CreateSession(1)
	isReady := func(r *Reader) bool {
		select {
		case <-r.Ready():
			return true
		default:
			return false
		}
	}
	if r, _ := s.Open(1, ircserver.OutputID{}); isReady(r) {
		t.Error("ready with nothing")
	}
	for i := range ircserver.InputID(MaxItems + 1) {
		s.Append([]ircserver.Output{{ID: ircserver.OutputID{Input: i + 1, Reply: 1}, To: audience(1)}})
	}
	r, _ := s.Open(1, ircserver.OutputID{})
	for _, want := range []bool{true, true, false} {
		if got := isReady(r); got != want {
			t.Fatalf("ready is %v, want %v", got, want)
		}
		r.Take(nil)
	}
}

// TestClientAhead: a client that has seen more than this node has applied gets nothing twice.
func TestClientAhead(t *testing.T) {
	s := New(Limits{})
	s.CreateSession(1)
	r, err := s.Open(1, ircserver.OutputID{Input: 3, Reply: 1})
	if err != nil {
		t.Fatal(err)
	}
	for i := range ircserver.InputID(5) {
		s.Append([]ircserver.Output{{ID: ircserver.OutputID{Input: i, Reply: 1}, To: audience(1)}})
	}
	items, err := r.Next(t.Context())
	if err != nil || len(items) != 1 || items[0].ID.Input != 4 {
		t.Fatalf("got %v %v", items, err)
	}
}

// TestGroupServesManyReaders: one goroutine gets every line of every session while another appends and a third restores.
func TestGroupServesManyReaders(t *testing.T) {
	const sessions, batches = 50, 400
	s := New(Limits{})
	g := NewGroup()
	ids := make([]ircserver.SessionID, sessions)
	for i := range ids {
		ids[i] = ircserver.SessionID(i + 1)
		s.CreateSession(ids[i])
		r, err := s.Open(ids[i], ircserver.OutputID{})
		if err != nil {
			t.Fatal(err)
		}
		g.Add(r)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for b := range batches {
			if b%50 == 17 {
				s.Restore(s.Tail())
			}
			s.Append([]ircserver.Output{{ID: ircserver.OutputID{Input: ircserver.InputID(b + 1), Reply: 1}, To: audience(ids[b%25:]...), Final: b == batches-1}})
		}
	})
	got, ended := map[ircserver.SessionID]int{}, 0
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for ended < sessions-24 { // the last batch ends all but 24
		ready, err := g.Wait(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range ready {
			items, err := r.Take(nil)
			got[r.Session()] += len(items)
			if err == io.EOF {
				ended++
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
	wg.Wait()
	for i, id := range ids {
		if want := batches / 25 * min(i+1, 25); got[id] != want {
			t.Errorf("session %d: %d lines, want %d", id, got[id], want)
		}
	}
}

// TestTakeIsBounded: more than MaxItems come in several calls, each at once.
func TestTakeIsBounded(t *testing.T) {
	s := New(Limits{})
	s.CreateSession(1)
	outs := make([]ircserver.Output, 2*MaxItems+10)
	for i := range outs {
		outs[i] = ircserver.Output{ID: ircserver.OutputID{Input: ircserver.InputID(i + 1), Reply: 1}, To: audience(1)}
	}
	r, _ := s.Open(1, ircserver.OutputID{})
	s.Append(outs)
	for _, want := range []int{MaxItems, MaxItems, 10} {
		if items, err := r.Next(t.Context()); len(items) != want || err != nil {
			t.Fatalf("%d items, %v; want %d", len(items), err, want)
		}
	}
}

// TestReadersComeAndGoWhileOutputsArrive opens, drops and supersedes readers from many goroutines while outputs are
// appended and restored; every follower sees its session's lines once and in order. For the race detector.
func TestReadersComeAndGoWhileOutputsArrive(t *testing.T) {
	const sessions, outputs = 8, 2000
	s := New(Limits{})
	ids := make([]ircserver.SessionID, sessions)
	for i := range ids {
		ids[i] = ircserver.SessionID(i + 1)
		s.CreateSession(ids[i])
	}
	all := audience(ids...)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for i, id := range ids {
		wg.Go(func() { comeAndGo(ctx, t, s, id, rand.New(rand.NewPCG(uint64(i), 2)), outputs) })
	}
	for n := range ircserver.InputID(outputs) {
		s.Append([]ircserver.Output{{ID: ircserver.OutputID{Input: n + 1, Reply: 1}, To: all, Final: n == outputs-1}})
		if n%100 == 50 {
			s.Restore(s.Tail())
		}
	}
	wg.Wait()
}

func comeAndGo(ctx context.Context, t *testing.T, s *Stream, id ircserver.SessionID, rng *rand.Rand, outputs int) {
	seen := ircserver.InputID(0)
	for {
		r, err := s.Open(id, ircserver.OutputID{Input: seen, Reply: 1})
		if err == ErrNoSession && int(seen) == outputs {
			return
		}
		if err != nil {
			t.Errorf("session %d after %d: %v", id, seen, err)
			return
		}
		for range rng.IntN(4) {
			items, err := r.Next(ctx)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Errorf("session %d after %d: %v", id, seen, err)
				return
			}
			for _, it := range items {
				if seen++; it.ID.Input != seen {
					t.Errorf("session %d: got %v, want %d", id, it.ID, seen)
					return
				}
			}
		}
		if rng.IntN(2) == 0 { // otherwise the next one supersedes it
			r.Close()
		}
	}
}

// TestFollowStatesGaps: a reader of Follow is told once what it has missed, and goes on with what is retained.
func TestFollowStatesGaps(t *testing.T) {
	s := New(Limits{Bytes: 10 * (outputOverhead + entryCost)})
	s.CreateSession(1)
	link := ircserver.NewAudience([]ircserver.Recipient{{Session: 1, Caps: ircserver.CapLink}}, 0) // no share bounds it
	at := func(i int) ircserver.OutputID { return ircserver.OutputID{Input: ircserver.InputID(i), Reply: 1} }
	fill := func(from, to int) {
		for i := from; i <= to; i++ {
			s.Append([]ircserver.Output{{ID: at(i), To: link}})
		}
	}
	take := func(r *Reader, gap *Gap, first, n int) {
		t.Helper()
		items, err := r.Next(t.Context())
		if gap != nil {
			if got := (*Gap)(nil); !errors.As(err, &got) || *got != *gap || !errors.Is(err, ErrGap) {
				t.Fatalf("got %v, want %v", err, gap)
			}
			items, err = r.Next(t.Context())
		}
		if err != nil || len(items) != n || items[0].ID != at(first) {
			t.Fatalf("got %d items, %v; want %d from %v", len(items), err, n, at(first))
		}
	}
	fill(1, 15)
	r, err := s.Follow(1, at(2))
	if err != nil {
		t.Fatal(err)
	}
	take(r, &Gap{at(2), at(5)}, 6, 10)
	fill(16, 40)
	take(r, &Gap{at(15), at(30)}, 31, 10)
	fill(41, 60)
	s.Restore(s.Tail())
	take(r, &Gap{at(40), at(50)}, 51, 10)
	fill(61, 62)
	take(r, nil, 61, 2)
	s.Append([]ircserver.Output{{ID: at(63), To: audience(1), Final: true}})
	take(r, nil, 63, 1)
	if _, err := r.Next(t.Context()); err != io.EOF {
		t.Fatalf("at the end: %v", err)
	}
}

// TestClosedSessions: a session that lives on in a gateway's stream keeps what its own has, and may get it back.
func TestClosedSessions(t *testing.T) {
	s := New(Limits{})
	s.CreateSession(1)
	s.CreateSession(2)
	out := func(i int) {
		s.Append([]ircserver.Output{{ID: ircserver.OutputID{Input: ircserver.InputID(i), Reply: 1}, To: audience(1, 2)}})
	}
	out(5)
	r, _ := s.Open(1, ircserver.OutputID{})
	s.CloseSession(1)
	s.CloseSession(1)
	out(6)
	if items, err := r.Next(t.Context()); len(items) != 1 || err != nil {
		t.Fatalf("what it had: %v %v", items, err)
	}
	if _, err := r.Next(t.Context()); err != io.EOF {
		t.Fatalf("closed: %v", err)
	}
	s.CreateSession(1)
	out(7)
	if r, err := s.Open(1, ircserver.OutputID{Input: 5, Reply: 1}); err != nil {
		t.Fatal(err)
	} else if items, _ := r.Next(t.Context()); len(items) != 1 || items[0].ID.Input != 7 {
		t.Fatalf("opened again: %v", items)
	}
	s.CreateSession(3)
	s.CloseSession(3)
	s.CloseSession(4)
	if len(s.queues) != 2 {
		t.Fatalf("%d queues are left", len(s.queues))
	}
}

// TestListsCountOnce: what outputs share counts once, and no more once they are gone.
func TestListsCountOnce(t *testing.T) {
	s := New(Limits{})
	s.CreateSession(1)
	var users []ircserver.Recipient
	for i := range ircserver.SessionID(100) {
		users = append(users, ircserver.Recipient{Session: i + 10, Gateway: 1})
	}
	file := func(i int) int {
		before := s.bytes
		// Not the same slice: on a node that has restored a snapshot it is not, either.
		s.Append([]ircserver.Output{{ID: ircserver.OutputID{Input: ircserver.InputID(i), Reply: 1}, To: ircserver.NewAudience(slices.Clone(users), 10)}})
		return s.bytes - before
	}
	own := outputOverhead + entryCost
	if a, b := file(1), file(2); a != own+100*recipientCost || b != own {
		t.Errorf("the first counts %d, the second %d", a, b)
	}
	s.SetLimits(Limits{Bytes: 1})
	file(3)
	if s.bytes != 0 || len(s.lists) != 0 {
		t.Errorf("%d bytes and %d lists are left", s.bytes, len(s.lists))
	}
}
