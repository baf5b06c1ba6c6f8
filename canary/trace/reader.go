package trace

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// Damage is a part of a file that cannot be read. Reader.Next goes on behind it when it is called again.
type Damage struct {
	File   string `json:"file"`
	Offset int64  `json:"offset"` // where it begins, in bytes
	Bytes  int64  `json:"bytes"`  // how many bytes are passed over
	What   string `json:"what"`   // what is wrong
	// Tail says that nothing readable follows in this file: what a crash leaves behind, or a file that is being written.
	Tail bool `json:"tail"`
}

// Error names file, offset and what is wrong.
func (d *Damage) Error() string {
	where := "damaged"
	if d.Tail {
		where = "torn at its end"
	}
	return fmt.Sprintf("capture file %s is %s at offset %d (%d bytes): %s", d.File, where, d.Offset, d.Bytes, d.What)
}

// ErrNoCapture is returned by Open when there is no capture file where it was told to look.
var ErrNoCapture = errors.New("no capture files")

// Reader reads the records of files in order. It holds one frame in memory. It is not safe for concurrent use.
type Reader struct {
	files []string
	current
	runID   string // of the last Header
	header  Header
	pending error // told before the next record
}

// current is the file that is being read.
type current struct {
	path   string
	file   source // nil: the next one has to be opened
	size   int64
	offset int64  // of the next frame
	left   uint32 // records of the frame that is being read
	dec    decoder
	up     *unpacker
	buf    []byte
}

// source is what a Reader needs of an open file.
type source interface {
	io.ReaderAt
	io.Closer
}

// Open prepares to read files, and folders with all the capture files in them in the order of their names, which is
// the order in which they were written. Close it after use.
func Open(paths ...string) (*Reader, error) {
	files, err := Files(paths...)
	if err != nil {
		return nil, err
	}
	up, err := newUnpacker()
	if err != nil {
		return nil, err
	}
	return &Reader{files: files, current: current{up: up}}, nil
}

// Files lists the capture files that paths name: files as they are, folders as the capture files in them.
func Files(paths ...string) ([]string, error) {
	var files []string
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, fmt.Errorf("opening a capture: %w", err)
		}
		if !info.IsDir() {
			files = append(files, p)
			continue
		}
		inside, err := filepath.Glob(filepath.Join(globEscape(p), "*"+Extension))
		if err != nil {
			return nil, fmt.Errorf("listing the captures in %s: %w", p, err)
		}
		slices.Sort(inside)
		files = append(files, inside...)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%w (*%s) in %q", ErrNoCapture, Extension, paths)
	}
	return files, nil
}

// globEscape takes the special meaning from the characters of a path.
func globEscape(p string) string {
	var b bytes.Buffer
	for i := range len(p) {
		if c := p[i]; c == '*' || c == '?' || c == '[' || c == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(p[i])
	}
	return b.String()
}

// Header is that of the run that the last record was of.
func (r *Reader) Header() Header { return r.header }

// Position names the file that is being read and the offset behind the last frame that was begun.
func (r *Reader) Position() (file string, offset int64) { return r.path, r.offset }

// Next fills rec with the next record. Its Line, Name and To are valid until the next call.
//
// It returns io.EOF at the end of the last file, a *Damage where something cannot be read, after which it can be called
// again for what follows, and other errors of the system, which do not go away.
func (r *Reader) Next(rec *Record) error {
	for {
		if err := r.pending; err != nil {
			r.pending = nil
			return err
		}
		if r.left == 0 {
			if err := r.advance(); err != nil {
				return err
			}
			continue
		}
		if err := r.dec.next(rec); err != nil {
			return r.badRecord(err)
		}
		r.left--
		if r.left == 0 && r.dec.body != "" {
			r.pending = r.badRecord(errRecord)
		}
		if rec.Kind != KindHeader || rec.Seq != 0 || r.newRun(rec) {
			return nil
		}
	}
}

// badRecord gives up the rest of a frame.
func (r *Reader) badRecord(err error) error {
	r.left = 0
	return &Damage{File: r.path, Offset: r.offset, What: err.Error() + " in the frame before"}
}

// newRun takes in the Header that begins each file, and reports whether it is the first of its run.
func (r *Reader) newRun(rec *Record) bool {
	var h Header
	if err := rec.Body(&h); err != nil {
		r.pending = &Damage{File: r.path, Offset: r.offset, What: "the header of the run is no JSON"}
		return false
	}
	r.header = h
	again := h.RunID == r.runID
	r.runID = h.RunID
	return !again
}

// advance goes to the next frame, in the next file when there is none in this one.
func (r *Reader) advance() error {
	if r.file == nil {
		if len(r.files) == 0 {
			return io.EOF
		}
		path := r.files[0]
		r.files = r.files[1:]
		return r.begin(path)
	}
	if r.offset >= r.size {
		return r.close()
	}
	return r.frame()
}

// Close closes the file that is being read.
func (r *Reader) Close() error {
	r.files, r.left, r.pending = nil, 0, nil
	return r.close()
}

func (u *current) close() error {
	if u.file == nil {
		return nil
	}
	err := u.file.Close()
	u.file = nil
	if err != nil {
		return fmt.Errorf("closing capture file %s: %w", u.path, err)
	}
	return nil
}

// begin opens another file and checks how it begins.
func (u *current) begin(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening capture file %s: %w", path, err)
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return fmt.Errorf("opening capture file %s: %w", path, err)
	}
	return u.start(path, f, info.Size())
}

// start begins to read a file.
func (u *current) start(path string, f source, size int64) error {
	u.path, u.file, u.size, u.offset = path, f, size, int64(len(fileMagic))
	magic, err := u.read(0, len(fileMagic))
	if err != nil {
		return err
	}
	if len(magic) < len(fileMagic) {
		u.offset = 0
		return u.damage(u.size, "it ends before its first frame")
	}
	if same := string(magic[:7]) == fileMagic[:7]; same && magic[7] != fileMagic[7] {
		u.offset = 0
		return u.damage(u.size, fmt.Sprintf("format version %d, this program reads version %d: use a newer one", magic[7], fileMagic[7]))
	} else if !same {
		u.offset = 0
		return u.skip("it does not begin as a capture file does")
	}
	return nil
}

// read returns n bytes at offset, fewer where the file ends.
func (u *current) read(offset int64, n int) ([]byte, error) {
	n = int(min(int64(n), u.size-offset))
	u.buf = slices.Grow(u.buf[:0], n)[:n]
	got, err := u.file.ReadAt(u.buf, offset)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("reading capture file %s at offset %d: %w", u.path, offset, err)
	}
	return u.buf[:got], nil
}

// frame reads the frame at offset.
func (u *current) frame() error {
	head, err := u.read(u.offset, frameHeaderLen)
	if err != nil {
		return err
	}
	h, ok := parseFrameHeader(head)
	if !ok {
		return u.skip("there is no frame")
	}
	payload, err := u.read(u.offset+frameHeaderLen, int(h.payload))
	if err != nil {
		return err
	}
	if len(payload) < int(h.payload) {
		return u.skip("the last frame is not whole")
	}
	body, err := u.up.unpack(h, payload)
	if err != nil {
		return u.damage(frameHeaderLen+int64(h.payload), err.Error())
	}
	u.offset += frameHeaderLen + int64(h.payload)
	u.dec.reset(body)
	u.left = h.count
	return nil
}

// damage passes over n bytes and says what is wrong with them.
func (u *current) damage(n int64, what string) error {
	d := &Damage{File: u.path, Offset: u.offset, Bytes: n, What: what}
	u.offset += n
	d.Tail = u.offset >= u.size
	return d
}

// skip passes over bytes up to the header of the next frame.
func (u *current) skip(what string) error {
	const window = 64 << 10
	for at := u.offset + 1; at < u.size; at += window - frameHeaderLen {
		b, err := u.read(at, window)
		if err != nil {
			return err
		}
		if i := findFrame(b); i >= 0 {
			return u.damage(at+int64(i)-u.offset, what)
		}
	}
	return u.damage(u.size-u.offset, what)
}

// findFrame returns where the first whole frame header begins in b, or -1.
func findFrame(b []byte) int {
	for from := 0; ; {
		i := bytes.Index(b[from:], []byte(frameMagic))
		if i < 0 {
			return -1
		}
		if _, ok := parseFrameHeader(b[from+i:]); ok {
			return from + i
		}
		from += i + 1
	}
}
