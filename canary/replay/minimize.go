package replay

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"robustirc/core/ircserver"
	"robustirc/core/robustsession"
)

// Bounds of the search for a small reproduction.
const (
	maxCandidates = 200_000 // inputs before the difference that are looked at
	maxTrials     = 600     // runs of both versions
)

// numbered is an input with its number in the log.
type numbered struct {
	id uint64
	ircserver.Input
}

// reproducer looks for few inputs that show one difference.
type reproducer struct {
	ctx    context.Context
	opts   *Options
	print  string // the difference's fingerprint
	state  []byte // what the inputs are applied to
	trials int
}

// reproduce makes the smallest scenario it finds of the first difference.
func (o *Outcome) reproduce(ctx context.Context, opts *Options, c *collector) error {
	at := c.groups[c.first].First.Seq
	list, err := candidates(opts.Log, at)
	if err != nil {
		o.ScenarioNote = "there is no scenario: " + err.Error()
		return nil
	}
	empty := ircserver.New(ircserver.DefaultConfig())
	r := &reproducer{ctx: ctx, opts: opts, print: c.first, state: empty.AppendSnapshot(nil)}
	list = fromEmpty(list)
	for _, try := range [][]numbered{related(list, at), list} {
		ok, err := r.shows(try)
		if err != nil {
			return err
		}
		if ok {
			if list, err = r.reduce(try); err != nil {
				return err
			}
			o.Scenario, err = r.scenario(list)
			o.ScenarioNote = fmt.Sprintf("%d of the %d inputs up to the first difference show it on an empty network", len(list), at)
			return err
		}
	}
	o.ScenarioNote = "there is no scenario: on an empty network the inputs of the log do not show the first difference, it depends on the state the log begins with or on its configuration"
	return nil
}

// candidates are the inputs up to a number.
func candidates(path string, last uint64) (list []numbered, err error) {
	err = eachInput(path, func(_ *robustsession.LogHeader, id uint64, in *ircserver.Input) error {
		if id > last {
			return errEnough
		}
		if len(list) == maxCandidates {
			return fmt.Errorf("the first difference is more than %d inputs into the log", maxCandidates)
		}
		list = append(list, numbered{id, *in})
		return nil
	})
	return list, err
}

// fromEmpty leaves out what a scenario does not start with: configurations and members of the network it came from.
func fromEmpty(list []numbered) []numbered {
	return slices.DeleteFunc(slices.Clone(list), func(n numbered) bool {
		switch n.Kind {
		case ircserver.KindConfig, ircserver.KindMembers, ircserver.KindDigest, ircserver.KindInvalid:
			return true
		}
		return false
	})
}

// related are the inputs of the session that the last input is of, and of no other.
func related(list []numbered, last uint64) []numbered {
	session := uint64(list[len(list)-1].Session)
	return slices.DeleteFunc(slices.Clone(list), func(n numbered) bool {
		return n.id != last && n.id != session && uint64(n.Session) != session
	})
}

// renumber makes the inputs fit to be applied one after the other: a session has the number of the input that creates
// it. Inputs of sessions that nothing creates are left out.
func renumber(list []numbered) []ircserver.Input {
	ids := map[ircserver.SessionID]ircserver.SessionID{}
	var inputs []ircserver.Input
	for _, n := range list {
		in := n.Input
		if in.Kind == ircserver.KindCreate {
			ids[ircserver.SessionID(n.id)] = ircserver.SessionID(len(inputs) + 1)
		} else if in.Session != 0 {
			id, ok := ids[in.Session]
			if !ok {
				continue
			}
			in.Session = id
		}
		inputs = append(inputs, in)
	}
	return inputs
}

// log is a log stream of the state and these inputs.
func (r *reproducer) log(inputs []ircserver.Input) ([]byte, error) {
	var b bytes.Buffer
	w, err := robustsession.NewLogWriter(&b, &robustsession.LogHeader{HasState: true, Last: uint64(len(inputs))})
	if err == nil {
		err = w.State(r.state)
	}
	const batch = 1000
	for at := 0; at < len(inputs) && err == nil; at += batch {
		err = w.Inputs(uint64(at)+1, ircserver.EncodeBatch(nil, inputs[at:min(at+batch, len(inputs))]))
	}
	if err == nil {
		err = w.End(robustsession.LogEnd{Last: uint64(len(inputs))})
	}
	return b.Bytes(), err
}

// shows reports whether the inputs show the difference. A version that cannot take them shows nothing.
func (r *reproducer) shows(list []numbered) (shown bool, err error) {
	r.trials++
	log, err := r.log(renumber(list))
	if err != nil {
		return false, err
	}
	c := newCollector("", "")
	_ = run(r.ctx, bytes.NewReader(log), []Binary{r.opts.Old, r.opts.New}, MachineOptions{}, func(x *round) error { // a version that fails shows nothing
		c.round(&round{
			input: x.input, outputs: [][]Output{x.outputs[0], x.outputs[0], x.outputs[1]}, panics: []string{x.panics[0], x.panics[0], x.panics[1]},
			digests: make([]*Frame, versions),
		})
		if c.groups[r.print] != nil {
			shown = true
			return errEnough
		}
		return nil
	})
	if shown || r.ctx.Err() == nil {
		return shown, nil
	}
	return false, r.ctx.Err()
}

// reduce removes stretches of inputs, from half of them down to single ones, as long as the difference shows (ddmin).
func (r *reproducer) reduce(list []numbered) ([]numbered, error) {
	for size := max(1, len(list)/2); ; size = max(1, size/2) {
		removed := false
		for at := 0; at < len(list) && r.trials < maxTrials; {
			try := slices.Concat(list[:at], list[min(at+size, len(list)):])
			ok, err := r.shows(try)
			if err != nil {
				return nil, err
			}
			if ok {
				list, removed = try, true
			} else {
				at += size
			}
		}
		if size == 1 && !removed || r.trials >= maxTrials {
			return list, nil
		}
	}
}

// scenarioStart is when every scenario begins (core/ircserver's scenarios): 2026-01-01 00:00:00 UTC.
var scenarioStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
