package replay

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"robustirc/core/ircserver"
)

// Recording takes the place of the old version's program: what it put out was written down, in the frames of a
// version's process (FrameWriter). Inputs that the recording has nothing about are not compared; one without outputs has
// a frame that says so.
type Recording struct {
	// Name is what the report calls it; Path is the file.
	Name, Path string
	// Normalize, when not nil, changes an output of the new version to how the recording would have it; one for which it
	// returns false is not compared.
	Normalize func(*Output) bool
	// Notes say in the report what the recording leaves out.
	Notes []string
}

// FrameWriter writes what a version's process writes. It is not safe for concurrent use.
type FrameWriter struct {
	w         *bufio.Writer
	buf, body []byte
	err       error
}

// NewFrameWriter returns a writer to w, which has to be closed with End.
func NewFrameWriter(w io.Writer) *FrameWriter {
	f := &FrameWriter{w: bufio.NewWriterSize(w, 64<<10)}
	_, f.err = f.w.WriteString(resultMagic)
	return f
}

// Outputs writes the outputs of an input, of which there may be none. The numbers of inputs ascend.
func (f *FrameWriter) Outputs(input uint64, outs []Output) error {
	list := make([]ircserver.Output, len(outs))
	for i, o := range outs {
		to := make([]ircserver.Recipient, len(o.To))
		for j, id := range o.To {
			to[j].Session = id
		}
		list[i] = ircserver.Output{Line: o.Line, To: ircserver.NewAudience(to, 0), Final: o.Final}
	}
	f.body = appendOutputs(f.body[:0], input, list)
	return f.frame(frameOutputs)
}

// End writes the end, behind the last input of the log, and all that was not written yet.
func (f *FrameWriter) End(input uint64) error {
	f.body = binary.AppendUvarint(f.body[:0], input)
	return errors.Join(f.frame(frameEnd), f.w.Flush())
}

func (f *FrameWriter) frame(kind byte) error {
	if f.err == nil {
		f.buf = appendFrame(f.buf[:0], kind, f.body)
		_, f.err = f.w.Write(f.buf)
	}
	return f.err
}

// compareRecorded runs a log through the new version and compares it with the recording.
func (c *collector) compareRecorded(ctx context.Context, opts *Options, progress func(input uint64)) error {
	f, err := os.Open(opts.Recorded.Path)
	if err != nil {
		return fmt.Errorf("opening what %s put out: %w", opts.Recorded.Name, err)
	}
	defer f.Close()
	recorded := &version{name: opts.Recorded.Name, r: NewFrameReader(f)}
	return withLog(opts.Log, func(log io.Reader) error {
		return runBeside(ctx, log, []*version{recorded}, []Binary{opts.New}, MachineOptions{}, func(r *round) error {
			progress(r.input)
			c.recorded(r, opts.Recorded)
			return nil
		})
	})
}

// recorded takes what the recording and the new version have for one input.
func (c *collector) recorded(r *round, rec *Recording) {
	old, outs := r.outputs[0], r.outputs[1]
	if old == nil {
		c.uncovered++
		return
	}
	c.covered++
	kept := outs[:0]
	for i := range outs {
		if rec.Normalize == nil || rec.Normalize(&outs[i]) {
			kept = append(kept, outs[i])
		}
	}
	c.round(&round{
		input: r.input, outputs: [][]Output{old, old, kept}, panics: []string{"", "", r.panics[1]}, digests: make([]*Frame, versions),
	})
}
