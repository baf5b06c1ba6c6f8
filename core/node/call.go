package node

import (
	"sync"

	"robustirc/core/ircserver"
)

// call is a group of inputs whose submitter waits for all of them. The inputs may travel in several raft entries.
type call struct {
	inputs []ircserver.Input
	finish func(*call) // called once, when nothing is left; it must not block

	mu      sync.Mutex
	left    int
	results []ircserver.InputID // the numbers that the inputs got
	index   uint64              // the highest raft index of an entry that carried one of the inputs
	err     error               // the first error
}

// item is one input of a call.
type item struct {
	call *call
	i    int
}

func (it item) input() *ircserver.Input { return &it.call.inputs[it.i] }

func newCall(inputs []ircserver.Input, finish func(*call)) *call {
	return &call{inputs: inputs, finish: finish, left: len(inputs), results: make([]ircserver.InputID, len(inputs))}
}

// items returns the call's inputs one by one.
func (c *call) items() []item {
	all := make([]item, len(c.inputs))
	for i := range all {
		all[i] = item{c, i}
	}
	return all
}

// done records that an input was applied by the entry at index.
func (it item) done(id ircserver.InputID, index uint64) { it.settle(id, index, nil) }

// fail records that an input was not applied, or that nobody knows.
func (it item) fail(err error) { it.settle(0, 0, err) }

func (it item) settle(id ircserver.InputID, index uint64, err error) {
	c := it.call
	c.mu.Lock()
	c.results[it.i] = id
	c.index = max(c.index, index)
	if c.err == nil {
		c.err = err
	}
	c.left--
	last := c.left == 0
	c.mu.Unlock()
	if last {
		c.finish(c)
	}
}
