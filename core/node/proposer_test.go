package node

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"robustirc/core/ircserver"
)

// TestCallsAreNotSplit: entries are filled with whole calls, in order; only a call that is larger than an entry is in
// several. A gateway's posts are cut so that none is.
func TestCallsAreNotSplit(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var queue []item
		for range 1 + rng.IntN(20) {
			lines := make([]Line, 1+rng.IntN(1500))
			for i := range lines {
				lines[i].Text = strings.Repeat("x", rng.IntN(2)*rng.IntN(300))
			}
			for len(lines) > 0 {
				n := entryLines(lines)
				inputs := make([]ircserver.Input, n)
				for i := range inputs {
					inputs[i].Text = lines[i].Text
				}
				queue = append(queue, newCall(inputs, nil).items()...)
				lines = lines[n:]
			}
		}
		for len(queue) > 0 {
			n := batchLen(queue)
			if n == 0 || n > batchInputs || queue[0].i != 0 || n < len(queue) && queue[n].i != 0 {
				t.Fatalf("an entry of %d inputs begins with input %d of its call", n, queue[0].i)
			}
			queue = queue[n:]
		}
	}
	huge := make([]ircserver.Input, batchInputs+10)
	if n := batchLen(newCall(huge, nil).items()); n != batchInputs {
		t.Errorf("%d inputs of a call that is larger than an entry", n)
	}
}

// TestUnknownSessionsAreNotThrottled: a leader that has not applied the whole log cannot know who is exempt.
func TestUnknownSessionsAreNotThrottled(t *testing.T) {
	n := &Node{fsm: newTestFSM(t, newTraffic(t, 1).store)}
	if n.isThrottled(line(1, "x")) {
		t.Error("the line of a session that is not known yet waits")
	}
	n.fsm.apply(n.fsm.machine, &ircserver.Input{Kind: ircserver.KindCreate, Time: 1})
	if !n.isThrottled(line(1, "x")) || n.isThrottled(ircserver.Input{Kind: ircserver.KindDelete, Session: 1}) {
		t.Error("a session's lines are throttled, and nothing else")
	}
}

// TestHeldOutputsAreBounded: while a batch is applied, outputs with large lists of recipients do not pile up.
func TestHeldOutputsAreBounded(t *testing.T) {
	f := newTestFSM(t, newTraffic(t, 1).store)
	f.out.CreateSession(1)
	list := make([]ircserver.Recipient, maxHeldRecipients/4)
	for i := range list {
		list[i].Session = ircserver.SessionID(i + 1)
	}
	for i := range 10 {
		to := ircserver.NewAudience(slices.Clone(list), 0)
		outs := make([]ircserver.Output, 3) // of one input: they share their list
		for j := range outs {
			outs[j] = ircserver.Output{ID: ircserver.OutputID{Input: ircserver.InputID(i + 1), Reply: uint32(j + 1)}, To: to}
		}
		f.gather(outs)
		if want := 3 * ((i + 1) % 5); len(f.outs) != want {
			t.Fatalf("%d outputs are held after %d inputs, want %d", len(f.outs), i+1, want)
		}
	}
}
