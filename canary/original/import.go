package original

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"robustirc/core/ircserver"
	"robustirc/core/robustsession"
)

// DefaultMessageOffset is the original's default of its flag -robustirc_message_offset.
const DefaultMessageOffset = 4648398125000000000

// Options say what to import.
type Options struct {
	// RaftDir is the original's -raftdir, of a node that does not run.
	RaftDir string
	// Out is the file for the log stream, and Out with IDsSuffix says which of its inputs is which entry of the original
	// (Record needs it). Neither may be there yet.
	Out string
	// Network is the name of the network, which the data does not hold: the original's -network_name.
	Network string
	// MessageOffset is the original's -robustirc_message_offset.
	MessageOffset uint64
	// Redactor hides what people said; nil shows all.
	Redactor *ircserver.Redactor
	// Progress, when not nil, is called now and then with the index of the entry that was read last, and of the last one.
	Progress func(index, last uint64)
}

// IDsSuffix is the end of the name of the file beside a log stream.
const IDsSuffix = ".ids"

// ErrNoLog is returned when a node's data does not hold its network's log.
var ErrNoLog = errors.New("there is nothing to import")

const progressEvery = 5000

// Import writes a log stream of what a node of the original has. Nothing is left when it fails.
func Import(ctx context.Context, o Options) (sum *Summary, err error) {
	s, err := openStore(o.RaftDir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	var made files
	defer func() { err = errors.Join(err, made.close(err != nil)) }()
	out, ids := made.create(o.Out), made.create(o.Out+IDsSuffix)
	if made.err != nil {
		return nil, made.err
	}
	body, err := os.CreateTemp("", "robustirc-import-*")
	if err != nil {
		return nil, fmt.Errorf("making room for the inputs: %w", err)
	}
	made.temporary(body)

	// The header says how many inputs there are: it is written last, in front of what was kept aside.
	to := &turnout{w: io.Discard}
	w, err := robustsession.NewLogWriter(to, &robustsession.LogHeader{})
	if err != nil {
		return nil, err
	}
	to.w = body
	c := newConverter(&o, w, ids)
	begin := c.m.AppendSnapshot(nil)
	if err := c.read(ctx, s, &o); err != nil {
		return nil, err
	}
	c.flush()
	if err := errors.Join(c.err, c.ids.Flush()); err != nil {
		return nil, fmt.Errorf("writing: %w", err)
	}
	return c.summary(), c.finish(out, body, begin)
}

// turnout lets a LogWriter write to one place, then to another.
type turnout struct{ w io.Writer }

func (t *turnout) Write(b []byte) (int, error) { return t.w.Write(b) }

// read takes the log when it is whole, else the newest snapshot and what follows it.
func (c *converter) read(ctx context.Context, s *store, o *Options) error {
	first, last, err := s.bounds()
	if err != nil {
		return err
	}
	each := func(e *entry) error {
		if o.Progress != nil && e.Index%progressEvery == 0 {
			o.Progress(e.Index, last)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		return c.entry(e)
	}
	next := uint64(1)
	if first != 1 {
		snapshot, err := newestSnapshot(o.RaftDir)
		if err != nil {
			return err
		}
		if snapshot == nil {
			return fmt.Errorf("%w: %s begins with entry %d, and there is no snapshot in %s/snapshots", ErrNoLog, s.dir, first, o.RaftDir)
		}
		if err := snapshot.each(c.seed, each); err != nil {
			return err
		}
		c.sum.Snapshot = true
		next = snapshot.Index + 1
		if first > next {
			return fmt.Errorf("%w: the newest snapshot ends with entry %d, and %s begins with entry %d; use another node", ErrNoLog, snapshot.Index, s.dir, first)
		}
	}
	if next > last {
		return c.err
	}
	return s.each(next, each)
}

// finish writes the log stream.
func (c *converter) finish(out, body *os.File, begin []byte) error {
	w, err := robustsession.NewLogWriter(out, &robustsession.LogHeader{
		Network: c.network, Node: "import-original", Version: "original RobustIRC", Redacted: c.redactor != nil, HasState: true, Last: c.n,
	})
	if err == nil {
		err = w.State(begin)
	}
	if err == nil {
		_, err = body.Seek(0, io.SeekStart)
	}
	if err == nil {
		_, err = io.Copy(out, body)
	}
	if err == nil {
		end := robustsession.LogEnd{Last: c.n}
		if c.m != nil {
			end.Chain = c.m.Chain()
		}
		err = w.End(end)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", out.Name(), err)
	}
	return nil
}

// files are the files of an import.
type files struct {
	made, temp []*os.File
	err        error
}

func (f *files) create(path string) *os.File {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		f.err = errors.Join(f.err, err)
		return nil
	}
	f.made = append(f.made, file)
	return file
}

func (f *files) temporary(file *os.File) { f.temp = append(f.temp, file) }

// close closes all files, and removes those that nobody needs.
func (f *files) close(failed bool) (err error) {
	for _, file := range f.made {
		err = errors.Join(err, file.Close())
		if failed {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}
	for _, file := range f.temp {
		err = errors.Join(err, file.Close(), os.Remove(file.Name()))
	}
	return err
}
