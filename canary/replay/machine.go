package replay

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"robustirc/core/ircserver"
	"robustirc/core/robustsession"
)

// digestEvery is after how many inputs states are compared.
const digestEvery = 1000

// MachineOptions are what a version's process is told on its command line.
type MachineOptions struct {
	// DigestEvery is after how many inputs a digest is written (0: digestEvery); DigestFrom and DigestTo name a stretch of
	// inputs that each have one.
	DigestEvery, DigestFrom, DigestTo uint64
}

// machine is one version at work: this one.
type machine struct {
	opts MachineOptions
	m    *ircserver.Server
	out  *bufio.Writer
	buf  []byte
	body []byte
	// digested is the input after which the last digest was written.
	digested uint64

	// base and since are what the machine is made anew from when it panics.
	base  []byte
	since []ircserver.Input

	// spoil, when not nil, makes this another version: what it does to inputs and outputs is a fault that tests plant.
	spoil *spoiler
}

// spoiler changes inputs before they are applied, and what came of them.
type spoiler struct {
	input   func(in *ircserver.Input)
	outputs func(in *ircserver.Input, outs []ircserver.Output) []ircserver.Output
}

// maxSince is how many inputs are kept for making the machine anew.
const maxSince = 20_000

// Serve applies a log stream, or several that follow one another, and writes what came of it. It is what "robustirc
// canary machine" does. Where a later stream begins with a state that lies ahead, the machine goes on with that.
func Serve(in io.Reader, out io.Writer, opts MachineOptions) error { return serve(in, out, opts, nil) }

func serve(in io.Reader, out io.Writer, opts MachineOptions, spoil *spoiler) error {
	if opts.DigestEvery == 0 {
		opts.DigestEvery = digestEvery
	}
	s := &machine{opts: opts, spoil: spoil, out: bufio.NewWriterSize(out, 256<<10)}
	if _, err := s.out.WriteString(resultMagic); err != nil {
		return err
	}
	if err := s.read(robustsession.NewLogReader(in)); err != nil {
		return errors.Join(err, s.out.Flush())
	}
	if s.m == nil {
		return fmt.Errorf("reading the log: it holds no state to begin with")
	}
	s.digest(uint64(s.m.Inputs()))
	s.frame(frameEnd, binary.AppendUvarint(s.body[:0], uint64(s.m.Inputs())))
	return s.out.Flush()
}

func (s *machine) read(r *robustsession.LogReader) error {
	var state []byte
	for {
		f, err := r.Next()
		if err == io.EOF {
			return s.load(state)
		}
		if err != nil {
			return fmt.Errorf("reading the log: %w", err)
		}
		switch f.Kind {
		case robustsession.LogFrameState:
			state = append(state, f.Payload...)
		case robustsession.LogFrameInputs:
			if err := s.load(state); err != nil {
				return err
			}
			state = nil
			if err := s.batch(f.First, f.Payload); err != nil {
				return err
			}
		}
	}
}

// load makes a state the machine's, when it is not one that the machine is beyond.
func (s *machine) load(state []byte) error {
	if len(state) == 0 {
		return nil
	}
	m, err := ircserver.Restore(state)
	if err != nil {
		return fmt.Errorf("the log's state: %w", err)
	}
	if s.m == nil || m.Inputs() > s.m.Inputs() {
		s.m, s.base, s.since = m, state, nil
	}
	return nil
}

func (s *machine) batch(first uint64, encoded []byte) error {
	inputs, err := ircserver.DecodeBatch(encoded)
	if err != nil {
		return fmt.Errorf("the inputs from number %d on: %w", first, err)
	}
	if s.m == nil {
		return fmt.Errorf("reading the log: input %d comes before any state", first)
	}
	next := uint64(s.m.Inputs()) + 1
	if first > next {
		return fmt.Errorf("reading the log: input %d follows input %d", first, next-1)
	}
	for i := range inputs {
		if first+uint64(i) < next {
			continue // of a stream that overlaps with the one before
		}
		if err := s.apply(&inputs[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *machine) apply(in *ircserver.Input) error {
	id := uint64(s.m.Inputs()) + 1
	outs, text := s.try(in)
	if text != "" {
		var err error
		if outs, err = s.bury(id, in, text); err != nil {
			return err
		}
	}
	s.keep(*in)
	if len(outs) > 0 {
		s.body = appendOutputs(s.body[:0], id, outs)
		s.frame(frameOutputs, s.body)
	}
	if id%s.opts.DigestEvery == 0 || s.opts.DigestFrom <= id && id <= s.opts.DigestTo {
		s.digest(id)
	}
	return nil
}

func (s *machine) digest(id uint64) {
	if s.digested == id {
		return
	}
	s.digested = id
	state := s.m.Digest()
	s.body = append(binary.AppendUvarint(s.body[:0], id), state[:]...)
	s.frame(frameDigest, binary.LittleEndian.AppendUint32(s.body, s.m.Chain()))
}

// try applies an input; text is what the machine panicked with.
func (s *machine) try(in *ircserver.Input) (outs []ircserver.Output, text string) {
	defer func() {
		if r := recover(); r != nil {
			outs, text = nil, fmt.Sprint("panic: ", r)
		}
	}()
	if s.spoil != nil && s.spoil.input != nil {
		s.spoil.input(in)
	}
	outs = s.m.Apply(in)
	if s.spoil != nil && s.spoil.outputs != nil {
		outs = s.spoil.outputs(in, outs)
	}
	return outs, ""
}

// bury makes the machine anew and applies what a node applies in place of an input that made it panic.
func (s *machine) bury(id uint64, in *ircserver.Input, text string) ([]ircserver.Output, error) {
	s.frame(framePanic, append(binary.AppendUvarint(s.body[:0], id), text...))
	m, err := ircserver.Restore(s.base)
	if err != nil {
		return nil, fmt.Errorf("making the machine anew after a panic at input %d: %w", id, err)
	}
	for i := range s.since {
		m.Apply(&s.since[i])
	}
	s.m = m
	dead := *in
	dead.Kind, dead.Text = ircserver.KindDead, ""
	*in = dead
	outs, again := s.try(in)
	if again != "" {
		return nil, fmt.Errorf("input %d: closing its session panicked as well: %s", id, again)
	}
	return outs, nil
}

// keep notes an input for bury, or the state when there are many.
func (s *machine) keep(in ircserver.Input) {
	s.since = append(s.since, in)
	if len(s.since) >= maxSince {
		s.base, s.since = s.m.AppendSnapshot(s.base[:0]), s.since[:0]
	}
}

func (s *machine) frame(kind byte, payload []byte) {
	s.buf = appendFrame(s.buf[:0], kind, payload)
	s.out.Write(s.buf) // an error stays with the writer until Flush
}

// BatchLen returns how many inputs a batch of a log stream holds.
func BatchLen(batch []byte) (int, error) {
	inputs, err := ircserver.DecodeBatch(batch)
	return len(inputs), err
}
