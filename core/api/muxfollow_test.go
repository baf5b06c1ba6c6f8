package api

import (
	"bufio"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"robustirc/core/ircserver"
	"robustirc/core/outputstream"
	"robustirc/core/robustsession"
)

// audienceClient is what a client knows of audiences, by the words of docs/robustsession-mux.md.
type audienceClient struct {
	t     *testing.T
	slots map[uint64][]uint64
	named int // Audience frames that name somebody
	got   []robustsession.Output
}

func (c *audienceClient) frame(f robustsession.Frame) {
	switch f := f.(type) {
	case *robustsession.Audience:
		c.audience(f)
	case *robustsession.Outputs:
		for _, o := range f.Outputs {
			if o.Shared {
				o.To = c.slots[o.Slot]
			}
			c.got = append(c.got, o.Output)
		}
	default:
		c.t.Errorf("unexpected %T", f)
	}
}

func (c *audienceClient) audience(f *robustsession.Audience) {
	if !f.More {
		delete(c.slots, f.Slot)
	}
	if len(f.Sessions) > 0 {
		c.slots[f.Slot] = append(c.slots[f.Slot], f.Sessions...)
		if !f.More {
			c.named++
		}
	}
	total := 0
	for _, ids := range c.slots {
		total += len(ids)
	}
	if len(c.slots) > robustsession.MaxAudiences || total > robustsession.MaxAudienceSessions {
		c.t.Fatalf("the client must know %d audiences with %d sessions", len(c.slots), total)
	}
}

// writeTo returns a writer and what reads all that it writes; call done when there is no more.
func writeTo(c *audienceClient) (w *outputsWriter, done func()) {
	server, client := net.Pipe()
	a := &API{metrics: newMetrics(prometheus.NewRegistry()), opts: Options{WriteTimeout: time.Minute}}
	mw := &muxWriter{muxConn: &muxConn{a: a, nc: server}}
	mw.follow.w = mw
	var reading sync.WaitGroup
	reading.Go(func() {
		r := robustsession.NewFrameReader(bufio.NewReader(client))
		for {
			f, err := r.Next()
			if err == io.EOF {
				return
			}
			if err != nil {
				c.t.Error(err)
				return
			}
			c.frame(f)
		}
	})
	return &mw.follow, func() {
		if err := mw.writeOut(); err != nil {
			c.t.Error(err)
		}
		server.Close()
		reading.Wait()
	}
}

// users is an audience of firehose users of a link.
func users(link ircserver.SessionID, skip ircserver.SessionID, ids ...ircserver.SessionID) ircserver.Audience {
	list := make([]ircserver.Recipient, len(ids))
	for i, id := range ids {
		list[i] = ircserver.Recipient{Session: id, Gateway: link}
	}
	return ircserver.NewAudience(list, skip)
}

// TestOutputsNameTheirRecipients writes outputs of more audiences than can be named at a time, in random order: the
// client knows exactly who gets each.
func TestOutputsNameTheirRecipients(t *testing.T) {
	const link = 3
	rng := rand.New(rand.NewPCG(1, 2))
	var audiences []ircserver.Audience
	for i := range 2 * robustsession.MaxAudiences {
		ids := []ircserver.SessionID{ircserver.SessionID(i + 10)}
		for range rng.IntN(4) {
			ids = append(ids, ircserver.SessionID(i+11+rng.IntN(1<<40)))
		}
		skip := ircserver.SessionID(0)
		if len(ids) > 1 && rng.IntN(2) == 0 {
			skip = ids[rng.IntN(len(ids))]
		}
		audiences = append(audiences, users(link, skip, ids...))
	}
	c := &audienceClient{t: t, slots: map[uint64][]uint64{}}
	w, done := writeTo(c)
	var want []ircserver.Output
	for i := range 40_000 {
		to := audiences[i%len(audiences)]
		if rng.IntN(2) > 0 {
			to = audiences[rng.IntN(100)] // some are used much
		}
		o := ircserver.Output{ID: ircserver.OutputID{Input: ircserver.InputID(i + 1), Reply: 2}, Time: int64(i * i), Line: "x", To: to}
		if rng.IntN(3) == 0 {
			o.To, o.Cause, o.Final = ircserver.NewAudience([]ircserver.Recipient{{Session: link}}, 0), ircserver.SequentialID|77, true
		}
		want = append(want, o)
		if _, err := w.append(link, []outputstream.Item{{Output: &o}}); err != nil {
			t.Fatal(err)
		}
	}
	done()
	checkOutputs(t, c.got, want)
	if c.named < robustsession.MaxAudiences || c.named > len(want)/2 {
		t.Errorf("%d audiences were named for %d outputs", c.named, len(want))
	}
}

func checkOutputs(t *testing.T, got []robustsession.Output, want []ircserver.Output) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d outputs, want %d", len(got), len(want))
	}
	for i, w := range want {
		var to []uint64
		for r := range w.To.All {
			to = append(to, uint64(r.Session))
		}
		g := &got[i]
		if recipients := slices.Collect(g.Recipients()); !slices.Equal(recipients, to) {
			t.Fatalf("output %d is for %v, want %v", i, recipients, to)
		}
		if g.ID != messageID(w.ID) || g.Time != w.Time || g.Cause != w.Cause&^ircserver.SequentialID || g.Final != w.Final || g.Line != w.Line {
			t.Fatalf("output %d: got %+v, want %+v", i, g, w)
		}
	}
}

// TestAudiencesAreBounded: large audiences make room for each other, and their parts arrive whole.
func TestAudiencesAreBounded(t *testing.T) {
	const link, size = 3, robustsession.MaxAudienceSessions / 3
	c := &audienceClient{t: t, slots: map[uint64][]uint64{}}
	w, done := writeTo(c)
	ids := make([]ircserver.SessionID, size)
	var want []ircserver.Output
	for i := range 5 {
		for j := range ids {
			ids[j] = ircserver.SessionID(j*7 + i + 100)
		}
		o := ircserver.Output{ID: ircserver.OutputID{Input: ircserver.InputID(i + 1)}, Line: "x", To: users(link, 0, ids...)}
		want = append(want, o)
		if _, err := w.append(link, []outputstream.Item{{Output: &o}}); err != nil {
			t.Fatal(err)
		}
	}
	done()
	checkOutputs(t, c.got, want)
}

// TestForeignUsersAreNotNamed: of an audience a gateway learns of its own users only.
func TestForeignUsersAreNotNamed(t *testing.T) {
	list := []ircserver.Recipient{{Session: 1}, {Session: 5, Gateway: 3}, {Session: 6, Gateway: 4}, {Session: 7, Gateway: 3}, {Session: 8, Gateway: 4}}
	for _, skip := range []ircserver.SessionID{0, 1, 5, 6} {
		o := ircserver.Output{To: ircserver.NewAudience(slices.Clone(list), skip)}
		got, out := usersOf(3, &o)
		want := map[ircserver.SessionID]ircserver.SessionID{5: 5}[skip]
		if !slices.Equal(got, []ircserver.SessionID{5, 7}) || out != want {
			t.Errorf("without %d: %v without %d", skip, got, out)
		}
	}
}
