package replay

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
)

// version is one process's results, read ahead of the comparison by one goroutine.
type version struct {
	name string
	r    *FrameReader
	head Frame // the next frame
	done bool  // head is the end
}

// advance reads the next frame.
func (v *version) advance() error {
	f, err := v.r.Next()
	if err != nil {
		return fmt.Errorf("%s: after input %d: %w", v.name, v.head.Input, err)
	}
	if f.Input < v.head.Input {
		return fmt.Errorf("%s: input %d follows input %d", v.name, f.Input, v.head.Input)
	}
	v.head, v.done = f, f.Kind == frameEnd
	return nil
}

// round is what all versions wrote for one input; the slices have an element for each version.
type round struct {
	input   uint64
	outputs [][]Output
	panics  []string
	digests []*Frame
}

// merge reads all versions input by input and calls yield for each input for which any has something.
func merge(versions []*version, yield func(*round) error) error {
	for _, v := range versions {
		if err := v.advance(); err != nil {
			return err
		}
	}
	for {
		input, ended := uint64(0), true
		for _, v := range versions {
			if !v.done && (ended || v.head.Input < input) {
				input, ended = v.head.Input, false
			}
		}
		if ended {
			return sameEnd(versions)
		}
		r := &round{input: input, outputs: make([][]Output, len(versions)), panics: make([]string, len(versions)), digests: make([]*Frame, len(versions))}
		for i, v := range versions {
			if err := v.take(r, i); err != nil {
				return err
			}
		}
		if err := yield(r); err != nil {
			return err
		}
	}
}

// take moves what a version has for a round's input into it.
func (v *version) take(r *round, i int) error {
	for !v.done && v.head.Input == r.input {
		f := v.head
		switch f.Kind {
		case frameOutputs:
			r.outputs[i] = f.Outputs
		case framePanic:
			r.panics[i] = f.Text
		case frameDigest:
			r.digests[i] = &f
		}
		if err := v.advance(); err != nil {
			return err
		}
	}
	return nil
}

func sameEnd(versions []*version) error {
	for _, v := range versions[1:] {
		if v.head.Input != versions[0].head.Input {
			return fmt.Errorf("%s ended after input %d, %s after input %d", versions[0].name, versions[0].head.Input, v.name, v.head.Input)
		}
	}
	return nil
}

// errInput is wrapped by errors of handing a version its input: it has ended.
var errInput = errors.New("handing a version its input")

// broadcast copies what it reads to all writers at once, and closes them. One that fails ends the rest: the versions go
// on side by side.
func broadcast(from io.Reader, to []io.WriteCloser) error {
	defer func() {
		for _, w := range to {
			w.Close()
		}
	}()
	buf := make([]byte, 256<<10)
	errs := make([]error, len(to))
	for {
		n, err := from.Read(buf)
		if n > 0 {
			var each sync.WaitGroup
			for i, w := range to {
				each.Go(func() { _, errs[i] = w.Write(buf[:n]) })
			}
			each.Wait()
			if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
				return fmt.Errorf("%w: %w", errInput, errs[i])
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the log: %w", err)
		}
	}
}
