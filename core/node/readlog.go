package node

import (
	"errors"
	"fmt"
	"io"
	"maps"

	"github.com/hashicorp/raft"

	"robustirc/core/ircserver"
)

// ErrLogCompacted is returned by LogReader.Next when entries it has not read were removed meanwhile, as a snapshot holds
// what they did. A new reader begins with that snapshot.
var ErrLogCompacted = errors.New("node: the log was compacted while it was read; begin again")

// LogReader reads the network's log as this replica has it: a state of the machine, and the inputs behind it up to the
// last one that was applied when the reader was made. Inputs that made the machine panic are given as what took their
// place. It is not safe for concurrent use.
type LogReader struct {
	logs  raft.LogStore
	dead  map[ircserver.InputID]death
	state []byte
	base  ircserver.InputID
	after ircserver.InputID // inputs up to this one are passed over

	index uint64            // the entry to read next
	skip  int               // how many of its inputs lie before what is read
	read  ircserver.InputID // the last input that was read

	last  position // the last entry to read
	chain uint32
}

// OpenLog returns a reader of the inputs after a number; 0 reads all there is. Where the log does not reach back so far,
// or after is 0, the reader begins with a state.
func (n *Node) OpenLog(after ircserver.InputID) (*LogReader, error) {
	if err := n.Ready(); err != nil {
		return nil, err
	}
	return n.fsm.openLog(after), nil
}

func (f *fsm) openLog(after ircserver.InputID) *LogReader {
	f.mu.RLock()
	defer f.mu.RUnlock()
	r := &LogReader{
		logs: f.logs, dead: maps.Clone(f.dead), base: f.base.input, after: after,
		index: f.base.index, skip: f.base.skip, read: f.base.input, last: f.at, chain: f.machine.Chain(),
	}
	r.last.input = f.machine.Inputs()
	if after == 0 || after < r.base {
		r.after = r.base
		if r.state = f.base.state; r.state == nil {
			r.state = ircserver.New(f.initial).AppendSnapshot(nil)
		}
	}
	return r
}

// State returns the state that the inputs are applied to, in the machine's canonical encoding, and the number of the
// last input that it holds. It is nil when the reader goes on behind an input that was asked for.
func (r *LogReader) State() ([]byte, ircserver.InputID) { return r.state, r.base }

// End returns the last input that will be read, and the rolling hash of all outputs up to it.
func (r *LogReader) End() (ircserver.InputID, uint32) { return r.last.input, r.chain }

// Next returns the inputs of the next entry that has some, and the number of the first. At the end it returns io.EOF.
func (r *LogReader) Next() (first ircserver.InputID, inputs []ircserver.Input, err error) {
	for r.index <= r.last.index {
		var l raft.Log
		if err := r.logs.GetLog(r.index, &l); err != nil {
			if errors.Is(err, raft.ErrLogNotFound) {
				return 0, nil, ErrLogCompacted
			}
			return 0, nil, fmt.Errorf("node: reading raft log entry %d: %w", r.index, err)
		}
		inputs, err := entryInputs(&l)
		if err != nil {
			return 0, nil, entryError(r.index, err)
		}
		r.index++
		if first, inputs = r.wanted(inputs); len(inputs) > 0 {
			return first, inputs, nil
		}
	}
	return 0, nil, io.EOF
}

// wanted counts the inputs of an entry, puts the replacements of those that died in place, and returns what was asked for.
func (r *LogReader) wanted(inputs []ircserver.Input) (ircserver.InputID, []ircserver.Input) {
	inputs = inputs[min(r.skip, len(inputs)):]
	r.skip = 0
	for i := range inputs {
		if d, ok := r.dead[r.read+1+ircserver.InputID(i)]; ok {
			inputs[i] = *d.replace(&inputs[i])
		}
	}
	first := r.read + 1
	r.read += ircserver.InputID(len(inputs))
	if first <= r.after {
		n := min(int(r.after-first)+1, len(inputs))
		inputs, first = inputs[n:], first+ircserver.InputID(n)
	}
	return first, inputs
}
