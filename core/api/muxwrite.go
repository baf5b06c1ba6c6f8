package api

import (
	"errors"
	"io"
	"slices"
	"time"

	"robustirc/core/ircserver"
	"robustirc/core/node"
	"robustirc/core/outputstream"
	"robustirc/core/robustsession"
)

// muxWriter is what the writing goroutine of a connection owns.
type muxWriter struct {
	*muxConn
	buf    []byte
	line   robustsession.LinesWriter
	follow outputsWriter
	ready  []*outputstream.Reader
	items  []outputstream.Item
	leader string
	list   []string
}

// write sends frames until the connection ends: everything that waits goes out in one write.
func (c *muxConn) write() {
	defer c.cancel()
	w := &muxWriter{muxConn: c}
	w.follow.w = w
	watch := time.NewTicker(muxWatch)
	defer watch.Stop()
	err := w.look(true)
	for err == nil {
		select {
		case <-c.ctx.Done():
			return
		case <-c.a.node.Done():
			return
		case <-watch.C:
			err = w.look(false)
		case <-c.wake:
		case <-c.group.Ready():
		}
		if err == nil {
			err = w.flush()
		}
	}
	if !errors.Is(err, io.ErrClosedPipe) && c.ctx.Err() == nil {
		c.a.log.Info("multiplexed connection is closed", "peer", c.peer, "cause", err)
	}
}

// look tells the client about the leader and the servers when they have changed. It fails once the node is out of
// service, so that the client goes elsewhere.
func (w *muxWriter) look(first bool) error {
	if err := w.a.node.Ready(); errors.Is(err, node.ErrOutOfService) {
		return err
	}
	leader, list := w.a.node.LeaderAddr(), w.a.node.Servers()
	if first || leader != w.leader || !slices.Equal(list, w.list) {
		w.leader, w.list = leader, list
		w.send(&robustsession.Servers{Leader: leader, List: list})
	}
	return nil
}

// flush writes what waits: first the answers, then the lines of the sessions that have any. It asks who has lines before
// it takes the answers: a session that has just been created has its Created among them then, and the client would drop
// lines that come before it.
func (w *muxWriter) flush() error {
	w.ready = w.group.Take(w.ready[:0])
	w.mu.Lock()
	w.buf = append(w.buf[:0], w.out...)
	w.out = keepSmall(w.out)
	w.ready = append(w.ready, w.resumed...)
	clear(w.resumed)
	w.resumed = w.resumed[:0]
	w.mu.Unlock()
	w.roomMade()
	for _, r := range w.ready {
		err := w.lines(r)
		if err == nil && len(w.buf) >= muxWrite {
			err = w.writeOut()
		}
		if err != nil {
			return err
		}
	}
	clear(w.ready)
	return w.writeOut()
}

func (w *muxWriter) writeOut() error {
	if len(w.buf) == 0 {
		return nil
	}
	w.nc.SetWriteDeadline(time.Now().Add(w.a.opts.WriteTimeout))
	_, err := w.nc.Write(w.buf)
	w.buf = keepSmall(w.buf)
	return err
}

// lines adds what waits for one reader, unless its session must give credit first.
func (w *muxWriter) lines(r *outputstream.Reader) error {
	s, followed := w.admit(r)
	if s == nil {
		return nil
	}
	items, err := r.Take(w.items[:0])
	sent, failed := w.deliver(s.id, items, followed)
	clear(items)
	w.items = items[:0]
	w.mu.Lock()
	defer w.mu.Unlock()
	s.used += sent
	var gap *outputstream.Gap
	switch {
	case err == nil || s.reader != r || s.replacing && errors.Is(err, outputstream.ErrSuperseded):
	case errors.As(err, &gap):
		w.buf = robustsession.AppendFrame(w.buf, &robustsession.Following{Session: uint64(s.id), Lost: true, Until: messageID(gap.Until)})
	default:
		w.unread(s)
		w.end(s, err)
	}
	return failed
}

// deliver adds what a session gets and returns how many bytes of text that is.
func (w *muxWriter) deliver(sid ircserver.SessionID, items []outputstream.Item, followed bool) (uint64, error) {
	if followed {
		return w.follow.append(sid, items)
	}
	return w.appendItems(uint64(sid), items), nil
}

// admit returns the reader's session if it may be sent lines.
func (w *muxWriter) admit(r *outputstream.Reader) (s *muxSession, followed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s = w.sessions[r.Session()]
	if s == nil || s.reader != r {
		return nil, false // detached, or attached anew
	}
	if s.used >= s.window() {
		s.blocked = true
		return nil, false
	}
	return s, s.followed
}

// appendItems adds Lines frames and returns how many bytes of text they hold.
func (w *muxWriter) appendItems(sid uint64, items []outputstream.Item) (sent uint64) {
	for len(items) > 0 {
		w.buf = w.line.Begin(w.buf, sid)
		for len(items) > 0 && w.line.Size(w.buf) < framePayload {
			it := items[0]
			w.buf = w.line.BeginLine(w.buf, messageID(it.ID))
			w.buf = it.AppendFor(w.buf, it.Caps)
			sent += uint64(w.line.EndLine(w.buf))
			w.a.metrics.lines.Inc()
			items = items[1:]
		}
		w.line.End(w.buf)
	}
	return sent
}

// end tells that no more lines of a session follow. Needs c.mu.
func (w *muxWriter) end(s *muxSession, err error) {
	f := &robustsession.End{Session: uint64(s.id), Status: robustsession.StatusOK}
	if !errors.Is(err, io.EOF) {
		e := classify(err)
		f.Status, f.Text = robustsession.Status(e.status), e.text
	}
	w.buf = robustsession.AppendFrame(w.buf, f)
	s.attached = errors.Is(err, outputstream.ErrGap) // it may still say goodbye
	if !s.working && !s.attached {
		w.forget(s)
	}
}

// keepSmall empties a buffer for reuse, or drops it when a burst has made it large.
func keepSmall(b []byte) []byte {
	if cap(b) > 2*muxWrite {
		return nil
	}
	return b[:0]
}
