package trace

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// run is the Writer's goroutine.
func (w *Writer) run() {
	defer close(w.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var batch queue
	for {
		w.wait(timer)
		flushes, last := w.take(&batch)
		err := w.store(&batch)
		if len(flushes) > 0 || last || w.opts.Now().Sub(w.disk.synced) >= w.opts.SyncEvery {
			err = errors.Join(err, w.disk.sync())
		}
		for _, c := range flushes {
			c <- err
		}
		w.note(err, 0)
		if last {
			w.finish(err)
			return
		}
	}
}

// wait returns when records should be written: FlushEvery after the first of them, or when there are FlushBytes of them.
func (w *Writer) wait(timer *time.Timer) {
	timer.Reset(w.opts.SyncEvery)
	select {
	case <-w.wake:
	case <-w.quit:
		return
	case <-timer.C:
		return
	}
	timer.Reset(w.opts.FlushEvery)
	for !w.urgent() {
		select {
		case <-w.wake:
		case <-w.quit:
			return
		case <-timer.C:
			return
		}
	}
}

// urgent reports whether a frame is full or somebody waits.
func (w *Writer) urgent() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.queue.bytes >= w.opts.FlushBytes || len(w.flushes) > 0
}

// take exchanges the queue with an empty one.
func (w *Writer) take(batch *queue) (flushes []chan error, last bool) {
	batch.reset(w.opts.QueueBytes / 4)
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.lost) > 0 && len(w.queue.records) == 0 {
		// Nothing has come since the disk takes records again.
		w.seq++
		w.tellGaps(w.Elapsed())
		w.seq--
	}
	*batch, w.queue = w.queue, *batch
	w.stats.QueueBytes = 0
	flushes, w.flushes = w.flushes, nil
	return flushes, w.closed
}

// store redacts and writes a batch of records.
func (w *Writer) store(batch *queue) error {
	d := w.disk
	var err error
	d.enc.reset()
	for i := range batch.complete() {
		r := &batch.records[i]
		d.redact.Record(r)
		d.enc.add(r)
		if d.enc.full(w.opts.FlushBytes) {
			err = errors.Join(err, w.frame())
		}
	}
	return errors.Join(err, w.frame())
}

// frame writes the records that were collected. It tries until the disk takes them, while further records wait in the
// queue and then are lost; when the Writer is closed it tries once more.
func (w *Writer) frame() error {
	d := w.disk
	if d.enc.count == 0 {
		return nil
	}
	d.frame = d.pack.append(d.frame[:0], &d.enc)
	defer d.enc.reset()
	for pause := w.opts.retry; ; pause = min(2*pause, 30*time.Second) {
		err := d.write(d.enc.first)
		w.note(err, d.enc.count)
		if err == nil {
			return nil
		}
		if w.pause(pause) {
			if err = d.write(d.enc.first); err == nil {
				w.note(nil, d.enc.count)
				return nil
			}
			w.abandon(d.enc.count)
			return err
		}
	}
}

// pause waits and reports whether the Writer was closed.
func (w *Writer) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-w.quit:
		return true
	case <-timer.C:
		return false
	}
}

// abandon counts records that were queued and cannot be written any more.
func (w *Writer) abandon(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stats.Lost += uint64(n)
}

// note keeps the statistics, and logs when the disk begins to fail and when it works again.
func (w *Writer) note(err error, records int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	was := w.stats.Err
	w.stats.Err = err
	w.stats.Files, w.stats.Removed = w.disk.number, w.disk.removed
	switch {
	case err != nil && was == nil:
		slog.Error("the capture cannot be written; records wait, and are left out when too many do", "error", err)
	case err == nil && was != nil:
		slog.Info("the capture is written again", "lost", w.stats.Lost)
	}
	if err == nil && records > 0 {
		w.stats.Written += uint64(records)
		w.stats.Bytes += uint64(len(w.disk.frame))
	}
}

// finish closes the file and says what was lost.
func (w *Writer) finish(err error) {
	err = errors.Join(err, w.disk.end())
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.failed = fmt.Errorf("the capture was not written to its end (%d records of %d lost): %w", w.stats.Lost, w.stats.Records, err)
	}
	for _, c := range w.flushes {
		c <- ErrClosed
	}
}
