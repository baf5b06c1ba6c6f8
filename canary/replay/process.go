package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// Binary is one version: a program of any release.
type Binary struct {
	// Name is what the report calls it; Path is the program.
	Name, Path string
	// serve takes the place of a program in tests: see Serve.
	serve func(in io.Reader, out io.Writer, opts MachineOptions) error
}

// process is a version at work.
type process struct {
	name string
	in   io.WriteCloser
	out  io.ReadCloser
	end  func() error // waits, after in and out were closed
}

// start runs a version's machine. It is killed when ctx ends.
func (b Binary) start(ctx context.Context, opts MachineOptions) (*process, error) {
	if b.serve != nil {
		return b.startInside(opts), nil
	}
	args := []string{"canary", "machine"}
	if opts.DigestTo > 0 {
		args = append(args, fmt.Sprintf("--digests=%d-%d", opts.DigestFrom, opts.DigestTo))
	}
	p := &process{name: b.Name}
	cmd := exec.CommandContext(ctx, b.Path, args...)
	cmd.WaitDelay = 5 * time.Second
	var stderr tail
	cmd.Stderr = &stderr
	var err error
	if p.in, err = cmd.StdinPipe(); err == nil {
		if p.out, err = cmd.StdoutPipe(); err == nil {
			err = cmd.Start()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("starting %s (%s): %w", b.Name, b.Path, err)
	}
	p.end = func() error {
		err := cmd.Wait()
		if ctx.Err() != nil && (errors.Is(err, context.Canceled) || cmd.ProcessState.ExitCode() < 0) {
			return nil // it was killed because of another
		}
		if err != nil {
			return fmt.Errorf("%w: %s", err, stderr.String())
		}
		return nil
	}
	return p, nil
}

// startInside runs a version within this process.
func (b Binary) startInside(opts MachineOptions) *process {
	inRead, inWrite := io.Pipe()
	outRead, outWrite := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := b.serve(inRead, outWrite, opts)
		inRead.CloseWithError(io.ErrClosedPipe)
		outWrite.CloseWithError(io.EOF)
		done <- err
	}()
	return &process{name: b.Name, in: inWrite, out: outRead, end: func() error {
		outRead.Close()
		err := <-done
		if errors.Is(err, io.ErrClosedPipe) {
			return nil
		}
		return err
	}}
}

// wait ends a process whose results were read and says what went wrong in it.
func (p *process) wait() error {
	p.in.Close()
	io.Copy(io.Discard, p.out)
	if err := p.end(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return nil
}

// tail keeps the end of what was written.
type tail struct{ b []byte }

// maxTail is how much of a version's error messages is shown.
const maxTail = 4 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.b = append(t.b, b...)
	if len(t.b) > maxTail {
		t.b = bytes.Clone(t.b[len(t.b)-maxTail:])
	}
	return len(b), nil
}

func (t *tail) String() string { return strings.TrimSpace(string(t.b)) }

// run hands a log to all of the binaries side by side and calls yield for each input that any has something for.
func run(ctx context.Context, log io.Reader, binaries []Binary, opts MachineOptions, yield func(*round) error) (err error) {
	return runBeside(ctx, log, nil, binaries, opts, yield)
}

// runBeside is run with versions that need no log in front of the binaries.
func runBeside(ctx context.Context, log io.Reader, list []*version, binaries []Binary, opts MachineOptions, yield func(*round) error) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var inputs []io.WriteCloser
	var processes []*process
	defer func() {
		if err != nil {
			cancel() // or they would be waited for
		}
		for _, p := range processes {
			if e := p.wait(); e != nil && (err == nil || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errInput)) {
				err = e // the process says better what went wrong
			}
		}
	}()
	for _, b := range binaries {
		p, err := b.start(ctx, opts)
		if err != nil {
			return err
		}
		processes = append(processes, p)
		list = append(list, &version{name: b.Name, r: NewFrameReader(p.out)})
		inputs = append(inputs, p.in)
	}
	fed := make(chan error, 1)
	go func() { fed <- broadcast(log, inputs) }()
	err = merge(list, yield)
	if err != nil {
		for _, p := range processes {
			p.out.Close() // so that it does not wait for a reader, and broadcast not for it
		}
	}
	if e := <-fed; e != nil && err == nil {
		err = e
	}
	return err
}
