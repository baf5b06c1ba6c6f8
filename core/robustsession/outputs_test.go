package robustsession

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
)

// idleMux is a Mux that thinks it is connected; what it sends stays in the connection.
func idleMux() *Mux {
	m := &Mux{
		cfg:  MuxConfig{Logger: slog.New(slog.DiscardHandler)},
		conn: &muxConn{wake: make(chan struct{}, 1)}, sessions: map[uint64]*muxSession{},
		creates: map[uint64]*pendingCreate{}, deletes: map[uint64]*pendingDelete{},
	}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	return m
}

// follower is a session of m that follows from an id.
func (m *Mux) follower(id uint64, after ID) *muxSession {
	s := newMuxSession(m, &Created{Session: id, Auth: "secret"}, "")
	m.sessions[id] = s
	s.startFollowing(after)
	return s
}

func outputs(session uint64, ids ...uint64) *Outputs {
	f := &Outputs{Session: session}
	for _, id := range ids {
		f.Outputs = append(f.Outputs, SentOutput{Output: Output{ID: ID{id, 1}, To: []uint64{session}, Line: "x"}})
	}
	return f
}

// TestFollowerStatesGapsInPlace: outputs before a gap, the gap, and those behind it; repetitions are dropped.
func TestFollowerStatesGapsInPlace(t *testing.T) {
	m := idleMux()
	s := m.follower(7, ID{5, 1})
	for _, f := range []Frame{
		&Following{Session: 7},
		outputs(7, 4, 5, 6), outputs(7, 6, 7),
		&Following{Session: 7, Lost: true, Until: ID{9, 3}},
		&Following{Session: 7, Lost: true, Until: ID{12, 1}},
		outputs(7, 12, 13),
		&Following{Session: 7, Lost: true, Until: ID{2, 1}}, // it has those
		outputs(7, 14),
		&End{Session: 7, Status: StatusOK},
	} {
		if err := m.handle(f); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for {
		outs, err := s.receive(t.Context())
		if err == io.EOF {
			break
		}
		for _, o := range outs {
			got = append(got, fmt.Sprint(o.ID.ID))
		}
		var gap *GapError
		if errors.As(err, &gap) {
			got = append(got, fmt.Sprintf("%v-%v", gap.After, gap.Until))
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if want := "6 7 7.1-12.1 13 14"; strings.Join(got, " ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, " "), want)
	}
}

// TestAudienceErrors: what no server may send ends the connection.
func TestAudienceErrors(t *testing.T) {
	for name, frames := range map[string][]Frame{
		"unknown slot":    {&Outputs{Session: 7, Outputs: []SentOutput{{Shared: true, Slot: 3}}}},
		"cleared slot":    {&Audience{Slot: 3, Sessions: []uint64{1}}, &Audience{Slot: 3}, &Outputs{Session: 7, Outputs: []SentOutput{{Shared: true, Slot: 3}}}},
		"out of order":    {&Audience{Slot: 3, Sessions: []uint64{5}}, &Audience{Slot: 3, More: true, Sessions: []uint64{5}}},
		"too many":        {&Audience{Slot: 3, Sessions: make([]uint64, MaxAudienceSessions+1)}},
		"too many in all": {&Audience{Slot: 3, Sessions: make([]uint64, MaxAudienceSessions)}, &Audience{Slot: 4, Sessions: []uint64{1}}},
	} {
		m := idleMux()
		m.follower(7, ID{})
		var err error
		for _, f := range frames {
			if err != nil {
				t.Errorf("%s: too early: %v", name, err)
			}
			err = m.handle(f)
		}
		if !errors.Is(err, ErrFrame) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSharedRecipientsDoNotChange: what an output was for stays, when its slot is used for others.
func TestSharedRecipientsDoNotChange(t *testing.T) {
	m := idleMux()
	s := m.follower(7, ID{})
	shared := func(id uint64) *Outputs {
		return &Outputs{Session: 7, Outputs: []SentOutput{{Output: Output{ID: ID{id, 1}, Skip: 2}, Shared: true, Slot: 9}}}
	}
	for _, f := range []Frame{
		&Audience{Slot: 9, Sessions: []uint64{1, 2, 3}}, shared(1),
		&Audience{Slot: 9, More: true, Sessions: []uint64{4}}, shared(2),
		&Audience{Slot: 9, Sessions: []uint64{5, 6}}, shared(3),
	} {
		if err := m.handle(f); err != nil {
			t.Fatal(err)
		}
	}
	outs, err := s.receive(t.Context())
	if err != nil || len(outs) != 3 {
		t.Fatalf("%v %v", outs, err)
	}
	for i, want := range [][]uint64{{1, 3}, {1, 3, 4}, {5, 6}} {
		if got := slices.Collect(outs[i].Recipients()); !slices.Equal(got, want) {
			t.Errorf("output %d is for %v, want %v", i, got, want)
		}
	}
	if outs[0].IsFor(2) || !outs[0].IsFor(3) || outs[0].IsFor(4) {
		t.Error("IsFor does not say what Recipients say")
	}
}

// TestFollowerGivesCredit: for what was received, not for what waits.
func TestFollowerGivesCredit(t *testing.T) {
	m := idleMux()
	s := m.follower(7, ID{})
	long := outputs(7, 1)
	long.Outputs[0].Line = strings.Repeat("x", FollowWindow/4+1)
	if err := m.handle(long); err != nil || s.held != FollowWindow/4+1 {
		t.Fatalf("%v; %d bytes are held", err, s.held)
	}
	m.conn.out = nil
	if _, err := s.receive(t.Context()); err != nil || s.held != 0 {
		t.Fatalf("%v; %d bytes are held", err, s.held)
	}
	if want := AppendFrame(nil, &Credit{7, FollowWindow/4 + 1}); string(m.conn.out) != string(want) {
		t.Errorf("sent %q, want %q", m.conn.out, want)
	}
}

func TestPostsAreNumbered(t *testing.T) {
	for _, c := range []struct {
		ids   []uint64
		lines []string
		ok    bool
	}{
		{[]uint64{16, 17, 1<<63 - 1}, []string{"a", "b", "c"}, true},
		{nil, nil, true},
		{[]uint64{15}, []string{"a"}, false},
		{[]uint64{20, 20}, []string{"a", "b"}, false},
		{[]uint64{1 << 63}, []string{"a"}, false},
		{[]uint64{20}, []string{"a", "b"}, false},
		{[]uint64{20}, []string{"a\nb"}, false},
		{[]uint64{20}, []string{strings.Repeat("x", MaxGatewayLine)}, true},
		{[]uint64{20}, []string{strings.Repeat("x", MaxGatewayLine+1)}, false},
	} {
		if _, err := number(c.ids, c.lines); (err == nil) != c.ok {
			t.Errorf("%v %.20q: %v", c.ids, c.lines, err)
		}
	}
	lines := slices.Repeat([]PostLine{{1 << 60, strings.Repeat("x", MaxLine)}}, 2000)
	for len(lines) > 0 {
		n := postLen(lines)
		if frame := AppendFrame(nil, &Post{Session: 1 << 60, Seq: 1 << 60, Lines: lines[:n]}); n == 0 || n > MaxGatewayPostLines || len(frame) > MaxFrame {
			t.Fatalf("a post of %d lines has %d bytes", n, len(frame))
		}
		lines = lines[n:]
	}
}

// TestSecretsAreNotShown in any of the ways to show a value.
func TestSecretsAreNotShown(t *testing.T) {
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	state := GatewayState{Session: 7, Auth: "hidden"}
	cfg := GatewayConfig{Name: "canary", Password: "hidden", Style: Firehose, Resume: &state}
	logger.Info("x", "config", cfg, "state", state, "pointer", &state)
	fmt.Fprintf(&log, "%v %+v %s %v %+v", cfg, cfg, state, &state, cfg)
	if shown := log.String(); strings.Contains(shown, "hidden") || !strings.Contains(shown, "canary") {
		t.Error(shown)
	}
}

// FuzzFollower: whatever a server sends, outputs come in order, each for sessions in ascending order, and what is kept
// for audiences is bounded.
func FuzzFollower(f *testing.F) {
	seed := func(frames ...Frame) {
		var b []byte
		for _, fr := range frames {
			b = AppendFrame(b, fr)
		}
		f.Add(b)
	}
	seed(someFrames...)
	seed(&Following{Session: 7}, &Audience{Slot: 4000, Sessions: []uint64{1, 2}}, someFrames[len(someFrames)-1])
	seed(outputs(7, 1, 2, 3), &Following{Session: 7, Lost: true, Until: ID{9, 9}}, outputs(7, 10), &End{Session: 7, Status: StatusOK})
	f.Fuzz(func(t *testing.T, b []byte) {
		m := idleMux()
		s := m.follower(7, ID{})
		for r := NewFrameReader(bufio.NewReader(bytes.NewReader(b))); ; {
			fr, err := r.Next()
			if err != nil || m.handle(fr) != nil {
				break
			}
		}
		if m.conn.audiences.total > MaxAudienceSessions {
			t.Fatalf("%d sessions in audiences", m.conn.audiences.total)
		}
		checkFollower(t, s)
	})
}

func checkFollower(t *testing.T, s *muxSession) {
	last := ID{}
	s.finish(io.EOF)
	for {
		outs, err := s.receive(t.Context())
		var gap *GapError
		switch {
		case errors.As(err, &gap):
			if gap.After != last || !last.less(gap.Until) {
				t.Fatalf("a gap from %v to %v behind %v", gap.After, gap.Until, last)
			}
			last = gap.Until
		case err != nil:
			if s.held != 0 {
				t.Fatalf("%d bytes are held when all was received", s.held)
			}
			return
		}
		for _, o := range outs {
			if !last.less(o.ID) || !slices.IsSorted(o.To) {
				t.Fatalf("output %+v behind %v", o, last)
			}
			last = o.ID
		}
	}
}
