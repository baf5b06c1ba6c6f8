package node

import (
	"fmt"
	"runtime/debug"
	"sync/atomic"
)

// A failure is what all stores of a node share: the first error that says the disk cannot be trusted any more. From
// then on they refuse everything, so that nothing is acknowledged after it: an fsync that failed once may succeed when
// it is tried again although the data is lost.
type failure struct {
	first atomic.Pointer[error]
	// stop is called once, with the first error. It ends the process; in tests it may return.
	stop func(error)
	// closing is set before the stores are closed: errors are then no news.
	closing atomic.Bool
}

// fail records err and stops the node; it returns err.
func (f *failure) fail(err error) error {
	if !f.closing.Load() && f.first.CompareAndSwap(nil, &err) {
		f.stop(err)
	}
	return err
}

// err returns the first error, or nil.
func (f *failure) err() error {
	if e := f.first.Load(); e != nil {
		return *e
	}
	return nil
}

// guard runs one operation of a store; when it fails, the node stops.
func (f *failure) guard(file, doing string, op func() error) error {
	if err := f.err(); err != nil {
		return err
	}
	if err := faultless(op); err != nil {
		return f.fail(fmt.Errorf("node: %s: %s: %w; nothing is acknowledged any more: check the disk, then start this node again", file, doing, err))
	}
	return nil
}

// faultless turns a panic of the store (which a damaged page can cause) into an error.
func faultless(op func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // a page that cannot be read panics instead of ending the process
	defer catchFault(&err)
	return op()
}

// catchFault, deferred, turns a panic into *err.
func catchFault(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("the store panicked: %v", r)
	}
}
