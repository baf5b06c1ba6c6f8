package trace

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// Options says where and how a Writer writes. Zero values take the defaults.
type Options struct {
	Dir    string // where the files go; made when it is not there
	Header Header // of the run; RunID is needed, Redacted, File and FirstSeq are set by the Writer

	// KeepText stores texts and addresses as they are. Secrets are taken out all the same.
	KeepText bool

	FlushEvery time.Duration // how long a record waits to be written; 500 ms
	FlushBytes int           // records of this size are written at once; 256 KiB, at most 4 MiB
	SyncEvery  time.Duration // how long a written record waits for fsync; 5 s
	QueueBytes int           // of records that wait for the disk, beyond which they are left out; 32 MiB. As many may be under way to the disk, twice

	FileBytes int64         // a file of this size is followed by another; 256 MiB
	FileAge   time.Duration // so is one of this age; 0 never
	KeepBytes int64         // the oldest files are removed so that all of them stay below this; 0 keeps them
	KeepFor   time.Duration // files that were last written longer ago are removed; 0 keeps them

	// Now is the wall clock; time.Now if nil.
	Now func() time.Time

	files fileSystem // the disk; a test's own
	retry time.Duration
}

func (o *Options) complete() error {
	if o.Dir == "" || !validRunID(o.Header.RunID) {
		return fmt.Errorf("a capture needs a folder and a run id of 1 to 64 letters, digits and '-', not %q and %q", o.Dir, o.Header.RunID)
	}
	o.FlushEvery = orDefault(o.FlushEvery, 500*time.Millisecond)
	o.FlushBytes = min(orDefault(o.FlushBytes, 256<<10), maxFrame/2)
	o.SyncEvery = orDefault(o.SyncEvery, 5*time.Second)
	o.QueueBytes = orDefault(o.QueueBytes, 32<<20)
	o.FileBytes = orDefault(o.FileBytes, 256<<20)
	o.retry = orDefault(o.retry, time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.files == nil {
		o.files = osFiles{}
	}
	o.Header.Redacted = !o.KeepText
	return nil
}

func orDefault[T int | int64 | time.Duration](v, otherwise T) T {
	if v <= 0 {
		return otherwise
	}
	return v
}

func validRunID(id string) bool {
	for i := range len(id) {
		if c := id[i]; !isAlnum(c) && c != '-' {
			return false
		}
	}
	return len(id) >= 1 && len(id) <= 64
}

// Stats is what a Writer has done so far.
type Stats struct {
	Records    uint64 // appended
	Lost       uint64 // of them, left out: each of these is in a Gap once records can be stored again
	Gaps       uint64 // stretches of lost records
	Written    uint64 // records that are in a file
	Bytes      uint64 // that were written
	QueueBytes int    // of the records that wait
	Files      int    // that were begun
	Removed    int    // old files that were removed
	Err        error  // why the disk does not take records at present; nil while it does
}

// ErrClosed is returned by Flush when the Writer is closed.
var ErrClosed = errors.New("the capture is closed")

// Writer writes the records of one run. Append may be called by any number of goroutines; one goroutine of the Writer's
// own redacts, compresses and writes.
type Writer struct {
	opts  Options
	began time.Time
	wake  chan struct{} // capacity 1: there is something to do
	quit  chan struct{} // closed by Close
	done  chan struct{} // closed when the goroutine has ended

	mu      sync.Mutex
	queue   queue
	seq     uint64
	lost    []Gap // that no record tells of yet
	stats   Stats
	closed  bool
	flushes []chan error // those who wait for the queue to be written
	failed  error        // what Close returns

	disk *disk // the goroutine's
}

// maxGaps is how many gaps are kept apart that no record tells of yet; then the last of them grows.
const maxGaps = 16

// NewWriter makes the first file of a run and begins to write. The key of the redaction is drawn at random and lives in
// this process's memory only.
func NewWriter(opts Options) (*Writer, error) {
	if err := opts.complete(); err != nil {
		return nil, err
	}
	redact, err := NewRedactor(RedactorOptions{Protocol: opts.Header.Protocol, KeepText: opts.KeepText, Services: opts.Header.Services})
	if err != nil {
		return nil, err
	}
	w := &Writer{
		opts: opts, began: opts.Now(),
		wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}),
	}
	if w.opts.Header.Started.IsZero() {
		w.opts.Header.Started = w.began.UTC()
	}
	if w.disk, err = newDisk(&w.opts, redact); err != nil {
		return nil, err
	}
	w.stats.Files = 1
	go w.run()
	return w, nil
}

// Elapsed is the time since the run began, for Record.Mono.
func (w *Writer) Elapsed() time.Duration { return w.opts.Now().Sub(w.began) }

// Append stores a record, whose Seq it sets and returns; Mono is set when it is 0. It copies what it keeps and does not
// wait for the disk: when too many records wait already, r is counted in a Gap. After Close it does nothing and returns 0.
func (w *Writer) Append(r *Record) uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return 0
	}
	if r.Mono == 0 {
		r.Mono = w.Elapsed()
	}
	w.seq++
	w.stats.Records++
	r.Seq = w.seq
	if reason := w.refuse(r); reason != "" {
		w.lose(reason)
		return r.Seq
	}
	w.tellGaps(r.Mono)
	r.Seq = w.seq
	w.put(r)
	return r.Seq
}

// refuse says why a record cannot be stored, or "".
func (w *Writer) refuse(r *Record) GapReason {
	switch {
	case len(r.Line) > MaxLine/2 || len(r.Name) > MaxName || len(r.To) > MaxRecipients || r.Kind == 0:
		return GapTooLong
	case w.queue.bytes+sizeOf(r)+len(w.lost)*gapSize <= w.opts.QueueBytes:
		return ""
	case w.stats.Err != nil:
		return GapDisk
	}
	return GapQueue
}

// lose counts the record with the newest Seq as lost.
func (w *Writer) lose(reason GapReason) {
	w.stats.Lost++
	n := len(w.lost)
	if n == 0 || n < maxGaps && w.lost[n-1].Reason != reason {
		w.lost = append(w.lost, Gap{From: w.seq, Reason: reason})
		w.stats.Gaps++
		n++
	}
	w.lost[n-1].To = w.seq
	w.lost[n-1].Lines++
}

// tellGaps puts records of the gaps in place of the newest Seq and moves that on.
func (w *Writer) tellGaps(mono time.Duration) {
	for i := range w.lost {
		r, err := NewRecord(KindGap, "", &w.lost[i])
		if err != nil {
			continue // a Gap always has a JSON
		}
		r.Seq, r.Mono = w.seq, mono
		w.seq++
		w.stats.Records++
		w.put(&r)
	}
	w.lost = w.lost[:0]
}

// put queues a record and wakes the goroutine where there is reason to.
func (w *Writer) put(r *Record) {
	first := w.queue.bytes == 0
	before := w.queue.bytes / w.opts.FlushBytes
	w.queue.put(r)
	w.stats.QueueBytes = w.queue.bytes
	if first || w.queue.bytes/w.opts.FlushBytes != before {
		w.signal()
	}
}

func (w *Writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Stats returns what was done so far.
func (w *Writer) Stats() Stats {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stats
}

// Flush returns when all that was appended before is written and fsynced, or with the reason why it is not.
func (w *Writer) Flush() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return ErrClosed
	}
	c := make(chan error, 1)
	w.flushes = append(w.flushes, c)
	w.mu.Unlock()
	w.signal()
	return <-c
}

// Close writes and fsyncs what waits and closes the file. Its error says what could not be written. It may be called
// more than once.
func (w *Writer) Close() error {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		if len(w.lost) > 0 {
			w.seq++
			w.tellGaps(w.Elapsed())
			w.seq--
		}
		close(w.quit)
	}
	w.mu.Unlock()
	<-w.done
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failed
}

// queue is the records that wait, with what they hold copied into two arrays.
type queue struct {
	records []Record
	spans   []span
	text    []byte
	ids     []uint64
	bytes   int
}

// span is where a record's parts are in the queue's arrays: each begins where the one before ended.
type span struct{ name, line, to int }

// recordSize is what a waiting record is counted for beside its texts and recipients, gapSize what the record of a gap is.
const (
	recordSize = 176
	gapSize    = recordSize + 160
)

func sizeOf(r *Record) int { return recordSize + len(r.Name) + len(r.Line) + 8*len(r.To) }

func (q *queue) put(r *Record) {
	q.text = append(append(q.text, r.Name...), r.Line...)
	from := len(q.ids)
	q.ids = append(q.ids, r.To...)
	if !ascending(q.ids[from:]) {
		slices.Sort(q.ids[from:])
		q.ids = q.ids[:from+len(slices.Compact(q.ids[from:]))]
	}
	q.spans = append(q.spans, span{name: len(r.Name), line: len(r.Line), to: len(q.ids) - from})
	q.bytes += sizeOf(r)
	kept := *r
	kept.Name, kept.Line, kept.To = "", "", nil
	q.records = append(q.records, kept)
}

func ascending(ids []uint64) bool {
	for i := 1; i < len(ids); i++ {
		if ids[i] <= ids[i-1] {
			return false
		}
	}
	return true
}

// complete gives the records their texts and recipients and returns them.
func (q *queue) complete() []Record {
	text, ids := string(q.text), q.ids
	for i, s := range q.spans {
		r := &q.records[i]
		r.Name, r.Line, r.To = text[:s.name], text[s.name:s.name+s.line], ids[:s.to:s.to]
		text, ids = text[s.name+s.line:], ids[s.to:]
	}
	return q.records
}

// reset empties the queue, and gives back memory that a rush has left behind.
func (q *queue) reset(keep int) {
	if cap(q.text) > keep {
		*q = queue{}
		return
	}
	*q = queue{records: q.records[:0], spans: q.spans[:0], text: q.text[:0], ids: q.ids[:0]}
}

// filePerm and dirPerm keep captures to their owner.
const (
	filePerm os.FileMode = 0o600
	dirPerm  os.FileMode = 0o700
)
