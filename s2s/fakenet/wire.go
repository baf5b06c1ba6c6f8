package fakenet

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// maxLine is the longest line that is read, with its tags; who sends a longer one is put out.
const maxLine = 64 << 10

// maxChunks bounds what waits for the writer beside the bytes of Config.SendQ.
const maxChunks = 1 << 14

// wire is one connection: a goroutine that reads lines, and one that writes what was queued. Whoever made it owns it and
// calls its methods.
type wire struct {
	conn      net.Conn
	out       chan []byte
	queued    atomic.Int64
	sendQ     int64
	pending   []byte // of the owner, to be queued by flush
	lines     int    // written to pending, ever
	bytes     int64
	overflown bool
	finished  bool // nothing more is queued
}

// arrival is what a reader hands to the owner: lines, and why there will be no more.
type arrival struct {
	from  *wire
	lines []string
	err   error
}

var errLineTooLong = errors.New("fakenet: the peer's line is too long")

// newWire starts the two goroutines, which end when the connection is closed.
func newWire(ctx context.Context, conn net.Conn, sendQ int64, inbox chan<- arrival, work *sync.WaitGroup) *wire {
	w := &wire{conn: conn, out: make(chan []byte, maxChunks), sendQ: sendQ}
	work.Go(func() { w.read(ctx, inbox) })
	work.Go(w.write)
	return w
}

func (w *wire) read(ctx context.Context, inbox chan<- arrival) {
	r := bufio.NewReaderSize(w.conn, maxLine)
	for {
		a := arrival{from: w}
		a.lines, a.err = readLines(r)
		select {
		case inbox <- a:
		case <-ctx.Done():
			return
		}
		if a.err != nil {
			return
		}
	}
}

// readLines waits for a line, and takes what other lines have come with it, up to a bound.
func readLines(r *bufio.Reader) ([]string, error) {
	const most = 512
	var lines []string
	for len(lines) < most {
		raw, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return lines, errLineTooLong
		}
		if err != nil {
			return lines, err
		}
		if line := strings.TrimRight(string(raw), "\r\n"); line != "" {
			lines = append(lines, line)
		}
		if next, _ := r.Peek(r.Buffered()); len(lines) > 0 && bytes.IndexByte(next, '\n') < 0 {
			break
		}
	}
	return lines, nil
}

// write sends what is queued until the queue is closed, or the peer is.
func (w *wire) write() {
	failed := false
	for chunk := range w.out {
		if !failed {
			_, err := w.conn.Write(chunk)
			failed = err != nil
		}
		w.queued.Add(-int64(len(chunk)))
	}
	w.conn.Close()
}

// say adds lines to what is pending.
func (w *wire) say(lines ...string) {
	for _, l := range lines {
		w.pending = append(append(w.pending, l...), "\r\n"...)
	}
	w.lines += len(lines)
}

// flush queues what is pending. It reports false when the peer is too slow for its SendQ.
func (w *wire) flush() bool {
	if len(w.pending) == 0 || w.finished {
		w.pending = w.pending[:0]
		return !w.overflown
	}
	if w.queued.Load()+int64(len(w.pending)) > w.sendQ {
		w.overflown, w.pending = true, nil
		return false
	}
	chunk := w.pending
	w.pending = make([]byte, 0, min(2*len(chunk), 64<<10))
	w.queued.Add(int64(len(chunk)))
	w.bytes += int64(len(chunk))
	select {
	case w.out <- chunk:
		return true
	default:
		w.overflown = true
		return false
	}
}

// lingerTime is how long what is queued may still be written when the connection ends.
const lingerTime = 2 * time.Second

// finish writes what is queued, for a moment, and closes.
func (w *wire) finish() {
	if w.finished {
		return
	}
	w.finished = true
	w.conn.SetWriteDeadline(time.Now().Add(lingerTime))
	w.conn.SetReadDeadline(time.Now())
	close(w.out)
}

// cause tells an ordinary end from others.
func cause(err error) string {
	if errors.Is(err, io.EOF) {
		return "Remote host closed the connection"
	}
	return err.Error()
}
