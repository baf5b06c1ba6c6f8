package node

import (
	"fmt"
	"runtime/debug"

	"github.com/hashicorp/raft"

	"robustirc/core/ircserver"
)

// # Messages of death
//
// An input that makes the machine panic may have changed half of what it wanted to change. The replica throws the
// machine away and makes it anew: the last state it holds (base), and on top of it the inputs since, read back from
// raft's log. In place of the input that panicked the machine gets KindDead, which tells and closes the session. Should
// that panic too, the input does nothing but consume its number. Every replica does the same, because the machine is
// deterministic, and does it again whenever it replays that part of the log.
//
// The outputs of the inputs before are not made again: they were delivered, and are equal.

// base is a state that the machine can be made from.
type base struct {
	state []byte            // ircserver's canonical encoding; nil is the state of an empty log
	input ircserver.InputID // the last input that the state holds
	index uint64            // the raft entry to go on with
	skip  int               // how many of that entry's inputs the state already holds
}

// death is what became of an input that panicked.
type death uint8

const (
	buried  death = 1 + iota // replaced by KindDead
	ignored                  // KindDead panicked as well: replaced by an input that does nothing
)

// panicked is a panic of the machine.
type panicked struct {
	value any
	stack []byte
}

// try applies an input. This is the one place where a panic of the machine is caught; the machine is then unusable.
func (f *fsm) try(m *ircserver.Server, in *ircserver.Input) (outs []ircserver.Output, p *panicked) {
	defer func() {
		if r := recover(); r != nil {
			outs, p = nil, &panicked{value: r, stack: debug.Stack()}
		}
	}()
	return f.apply(m, in), nil
}

// bury makes the machine anew without the input that panicked and returns what its replacement put out. An error means
// that this replica cannot go on.
func (f *fsm) bury(index uint64, pos int, in *ircserver.Input, p *panicked) ([]ircserver.Output, error) {
	if err := f.rebuild(index, pos); err != nil {
		return nil, err
	}
	id := f.machine.Inputs() + 1
	f.logger.Error("an input made the machine panic: its session is closed, the network lives on; please report this",
		"input", id, "index", index, "session", in.Session, "kind", in.Kind, "command", f.stats.commandName(in), "length", len(in.Text),
		"panic", p.value, "stack", string(p.stack))
	f.logger.Debug("the input that made the machine panic", "input", id, "text", in.Text) // people's words: not in an ordinary log
	f.stats.death()
	d := buried
	outs, again := f.try(f.machine, d.replace(in))
	if again != nil {
		f.logger.Error("closing the session panicked too: the input is ignored", "input", id, "panic", again.value, "stack", string(again.stack))
		if err := f.rebuild(index, pos); err != nil {
			return nil, err
		}
		d = ignored
		if outs, again = f.try(f.machine, d.replace(in)); again != nil {
			return nil, fmt.Errorf("node: the machine panics on an input that does nothing, after input %d: %v", id-1, again.value)
		}
	}
	f.dead[id] = d
	f.rebase(index, pos)
	return outs, nil
}

// replace returns what is applied in place of an input that panicked.
func (d death) replace(in *ircserver.Input) *ircserver.Input {
	if d == ignored {
		return &ircserver.Input{Kind: ircserver.KindInvalid, Time: in.Time}
	}
	r := *in
	r.Kind, r.Text = ircserver.KindDead, ""
	return &r
}

// rebase takes the machine as it is now, behind input pos of entry index, as the new base: should the next input panic
// too, that costs the size of the state and not the length of the log. Where the state cannot be encoded the old base has
// to do, with what died since.
func (f *fsm) rebase(index uint64, pos int) {
	state, err := f.encodeState()
	if err != nil {
		f.logger.Error("keeping the old base for messages of death", "error", err)
		return
	}
	f.setBase(state, index, pos+1)
}

// setBase notes a state of the machine as it is now. Needs f.mu.
func (f *fsm) setBase(state []byte, index uint64, skip int) {
	f.base = base{state: state, input: f.machine.Inputs(), index: index, skip: skip}
	clear(f.dead)
}

// rebuild makes the machine anew, up to but not including input pos of entry index.
func (f *fsm) rebuild(index uint64, pos int) error {
	m, err := f.base.machine(f.initial)
	if err != nil {
		return err
	}
	skip := f.base.skip
	for i := f.base.index; i <= index; i++ {
		var l raft.Log
		if err := f.logs.GetLog(i, &l); err != nil {
			return fmt.Errorf("node: making the state anew after a panic: reading raft log entry %d: %w", i, err)
		}
		inputs, err := entryInputs(&l)
		if err != nil {
			return entryError(i, err)
		}
		if i == index {
			inputs = inputs[:pos]
		}
		if err := f.reapply(m, inputs[min(skip, len(inputs)):]); err != nil {
			return err
		}
		skip = 0
	}
	f.machine = m
	return nil
}

func (b *base) machine(initial ircserver.Config) (*ircserver.Server, error) {
	if b.state == nil {
		return ircserver.New(initial), nil
	}
	m, err := ircserver.Restore(b.state)
	if err != nil {
		return nil, fmt.Errorf("node: making the state anew after a panic: %w", err)
	}
	return m, nil
}

// reapply applies inputs that were applied before, with the replacements they got then.
func (f *fsm) reapply(m *ircserver.Server, inputs []ircserver.Input) error {
	for i := range inputs {
		in := &inputs[i]
		if d, ok := f.dead[m.Inputs()+1]; ok {
			in = d.replace(in)
		}
		if _, p := f.try(m, in); p != nil {
			return fmt.Errorf("node: input %d panicked when it was applied again, but not the first time: %v\n%s", m.Inputs(), p.value, p.stack)
		}
	}
	return nil
}
