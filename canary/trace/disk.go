package trace

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Extension is how the names of capture files end.
const Extension = ".rbtrace"

// file is what the Writer needs of an open file.
type file interface {
	WriteAt(b []byte, off int64) (int, error)
	Truncate(size int64) error
	Sync() error
	Close() error
}

// fileSystem is what the Writer needs of the disk.
type fileSystem interface {
	create(path string) (file, error)
	remove(path string) error
}

type osFiles struct{}

// create makes a file that is not there yet, and its name durable.
func (osFiles) create(path string) (file, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, filePerm)
	if err != nil {
		return nil, err
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(path))
	}
	return f, nil
}

func (osFiles) remove(path string) error { return os.Remove(path) }

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// disk makes frames of records and writes them into files. The Writer's goroutine owns it.
type disk struct {
	opts   *Options
	redact *Redactor
	enc    encoder
	pack   *packer
	frame  []byte // that is being written

	number  int // of the file
	path    string
	file    file  // nil: another one has to be begun before the next frame
	size    int64 // of its whole frames
	begun   time.Time
	synced  time.Time
	dirty   bool // there are frames that no fsync has followed
	removed int
}

func newDisk(opts *Options, redact *Redactor) (*disk, error) {
	if err := os.MkdirAll(opts.Dir, dirPerm); err != nil {
		return nil, fmt.Errorf("making the folder for captures: %w", err)
	}
	p, err := newPacker()
	if err != nil {
		return nil, err
	}
	d := &disk{opts: opts, redact: redact, pack: p}
	return d, d.begin(1)
}

// begin makes the next file and writes its header.
func (d *disk) begin(firstSeq uint64) error {
	h := d.opts.Header
	h.File, h.FirstSeq = d.number+1, firstSeq
	line, err := json.Marshal(&h)
	if err != nil {
		return fmt.Errorf("encoding the header of the capture: %w", err)
	}
	var e encoder
	e.add(&Record{Kind: KindHeader, Wall: h.Started.UnixNano(), Line: string(line)})
	head := d.pack.append([]byte(fileMagic), &e)
	name := fmt.Sprintf("%s-%s-%06d%s", h.Started.UTC().Format("20060102T150405Z"), h.RunID, h.File, Extension)
	path := filepath.Join(d.opts.Dir, name)
	f, err := d.opts.files.create(path)
	if err != nil {
		return fmt.Errorf("making a capture file: %w", err)
	}
	if _, err := f.WriteAt(head, 0); err != nil {
		return errors.Join(fmt.Errorf("beginning capture file %s: %w", path, err), f.Close(), d.opts.files.remove(path))
	}
	d.number++
	d.path, d.file, d.size, d.dirty = path, f, int64(len(head)), true
	d.begun = d.opts.Now()
	d.synced = d.begun
	d.retain()
	return nil
}

// write appends the frame, in a new file when it is time for one. After an error it can be called again.
func (d *disk) write(first uint64) error {
	if d.file != nil && d.expired() {
		if err := d.end(); err != nil {
			return err
		}
	}
	if d.file == nil {
		if err := d.begin(first); err != nil {
			return err
		}
	}
	if _, err := d.file.WriteAt(d.frame, d.size); err != nil {
		// What is there of the frame is written over, or taken for the torn end of the file.
		return errors.Join(fmt.Errorf("writing capture file %s: %w", d.path, err), d.file.Truncate(d.size))
	}
	d.size += int64(len(d.frame))
	d.dirty = true
	return nil
}

func (d *disk) expired() bool {
	return d.size >= d.opts.FileBytes || d.opts.FileAge > 0 && d.opts.Now().Sub(d.begun) >= d.opts.FileAge
}

// sync makes what was written durable. A file whose fsync has failed is left behind: another try could seem to succeed
// although the data is lost.
func (d *disk) sync() error {
	if !d.dirty || d.file == nil {
		return nil
	}
	d.dirty = false
	d.synced = d.opts.Now()
	if err := d.file.Sync(); err != nil {
		f := d.file
		d.file = nil
		return errors.Join(fmt.Errorf("making capture file %s durable: %w", d.path, err), f.Close())
	}
	return nil
}

// end closes the file for good.
func (d *disk) end() error {
	if err := d.sync(); err != nil || d.file == nil {
		return err
	}
	f := d.file
	d.file = nil
	if err := f.Close(); err != nil {
		return fmt.Errorf("closing capture file %s: %w", d.path, err)
	}
	return nil
}

// retain removes files that are older or more than the options allow, but not the one that is being written. What
// cannot be removed is tried again with the next file.
func (d *disk) retain() {
	if d.opts.KeepBytes <= 0 && d.opts.KeepFor <= 0 {
		return
	}
	entries, err := os.ReadDir(d.opts.Dir)
	if err != nil {
		slog.Warn("old captures cannot be listed, to remove them", "error", err)
		return
	}
	total, over := int64(0), false
	for _, e := range slices.Backward(entries) { // the newest first, by their names
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || !isCapture(e.Name()) || e.Name() == filepath.Base(d.path) {
			continue
		}
		total += info.Size()
		over = over || d.surplus(total, info)
		if !over {
			continue
		}
		if err := d.opts.files.remove(filepath.Join(d.opts.Dir, e.Name())); err != nil {
			slog.Warn("an old capture cannot be removed", "error", err)
			continue
		}
		d.removed++
	}
}

// surplus says whether a file is to go; total is its size with that of all that are newer and stay. The file that is
// being written counts as full.
func (d *disk) surplus(total int64, info fs.FileInfo) bool {
	return d.opts.KeepBytes > 0 && total > d.opts.KeepBytes-d.opts.FileBytes ||
		d.opts.KeepFor > 0 && d.opts.Now().Sub(info.ModTime()) > d.opts.KeepFor
}

// isCapture reports whether a file has a name that begin makes.
func isCapture(name string) bool {
	stem, ok := strings.CutSuffix(name, Extension)
	if !ok || len(stem) < len("20060102T150405Z-r-000001") {
		return false
	}
	_, err := time.Parse("20060102T150405Z", stem[:16])
	return err == nil && stem[16] == '-' && stem[len(stem)-7] == '-'
}
