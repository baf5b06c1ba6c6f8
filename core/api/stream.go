package api

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"robustirc/core/ircserver"
	"robustirc/core/outputstream"
	"robustirc/core/robustsession"
)

// partingPause is how long a stream stays open after the session's last line. A bridge that has sent a DELETE needs the
// answer, then another message on the stream, to see an orderly end; the DELETE may have gone to another node.
const partingPause = 250 * time.Millisecond

// maxLeaderless is after how many pings in a row without a leader a stream ends: no election takes that long, so this
// node is cut off, and the client may find one that is not.
const maxLeaderless = 3

// streamBuffer is what a stream borrows while it writes.
type streamBuffer struct {
	items []outputstream.Item
	line  []byte
	json  []byte
}

var streamBuffers = sync.Pool{New: func() any { return new(streamBuffer) }}

// stream is one GetMessages request.
type stream struct {
	a  *API
	w  http.ResponseWriter
	rc *http.ResponseController
	r  *outputstream.Reader

	extended   time.Time // when the write deadline was set last
	leaderless int       // how many pings in a row found no leader
}

// getMessages answers GET /robustirc/v1/<sid>/messages.
func (a *API) getMessages(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet {
		return refuse(http.StatusMethodNotAllowed, "Use GET")
	}
	sid, err := a.session(r)
	if err != nil {
		return err
	}
	after := robustsession.ID{}
	if s := r.URL.Query().Get("lastseen"); s != "" {
		if after, err = robustsession.ParseID(s); err != nil {
			return refuse(http.StatusBadRequest, "%v", err)
		}
	}
	reader, err := a.node.Stream(r.Context(), sid, outputID(after))
	if err != nil {
		return err
	}
	defer reader.Close()
	a.metrics.streams.Inc()
	defer a.metrics.streams.Dec()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	s := &stream{a: a, w: w, rc: http.NewResponseController(w), r: reader}
	s.serve(r)
	s.rc.SetWriteDeadline(time.Time{})
	return nil
}

// outputID is the id that a lastseen names; a reply number that is out of range is behind all replies.
func outputID(id robustsession.ID) ircserver.OutputID {
	return ircserver.OutputID{Input: ircserver.InputID(id.ID), Reply: uint32(min(id.Reply, 1<<32-1))}
}

func messageID(id ircserver.OutputID) robustsession.ID {
	return robustsession.ID{ID: uint64(id.Input), Reply: uint64(id.Reply)}
}

// serve writes until the session ends, the client goes away or the node does.
func (s *stream) serve(r *http.Request) {
	if s.write(s.ping) != nil {
		return
	}
	ping := time.NewTicker(s.a.opts.PingInterval)
	defer ping.Stop()
	for {
		var err error
		select {
		case <-s.r.Ready():
			err = s.write(s.pending)
		case <-ping.C:
			if s.cutOff() {
				return
			}
			err = s.write(s.ping)
		case <-r.Context().Done():
			return
		case <-s.a.node.Done():
			return
		}
		if errors.Is(err, io.EOF) {
			s.part(r)
		}
		if err != nil {
			return
		}
	}
}

// cutOff notes whether there is a leader and reports whether there was none for too long.
func (s *stream) cutOff() bool {
	s.leaderless++
	if s.a.node.LeaderAddr() != "" {
		s.leaderless = 0
	}
	return s.leaderless >= maxLeaderless
}

// part ends the stream of a session that has ended.
func (s *stream) part(r *http.Request) {
	pause := time.NewTimer(partingPause)
	defer pause.Stop()
	select {
	case <-pause.C:
		s.write(s.ping)
	case <-r.Context().Done():
	}
}

// ping adds a ping. Its list of servers must never be empty: the stock bridge would panic.
func (s *stream) ping(b *streamBuffer) error {
	if servers := s.a.leaderFirst(); len(servers) > 0 {
		b.json = robustsession.AppendPingMessage(b.json, servers)
	}
	return nil
}

// leaderFirst lists the servers. Bridges send their POSTs to the first in the list, and the leader need not forward
// them. (Content-Location would tell them too, but the stock bridge adds what it says to its list again and again.)
func (a *API) leaderFirst() []string {
	servers := slices.Clone(a.node.Servers())
	if i := slices.Index(servers, a.node.LeaderAddr()); i > 0 {
		servers[0], servers[i] = servers[i], servers[0]
	}
	return servers
}

// pending adds the lines that wait, up to outputstream.MaxItems; the reader is ready again at once if there are more.
func (s *stream) pending(b *streamBuffer) (err error) {
	b.items, err = s.r.Take(b.items)
	for _, it := range b.items {
		b.line = it.AppendFor(b.line[:0], it.Caps)
		b.json = robustsession.AppendLineMessage(b.json, messageID(it.ID), it.Time, b.line)
	}
	s.a.metrics.lines.Add(float64(len(b.items)))
	return err
}

// write sends what fill adds to a buffer, at once.
func (s *stream) write(fill func(*streamBuffer) error) error {
	b := streamBuffers.Get().(*streamBuffer)
	defer b.release()
	filled := fill(b)
	if len(b.json) == 0 {
		return filled
	}
	s.extendDeadline()
	if _, err := s.w.Write(b.json); err != nil {
		return err
	}
	if err := s.rc.Flush(); err != nil {
		return err
	}
	return filled
}

// extendDeadline gives the client Options.WriteTimeout at least. Setting a deadline costs more than writing a line, so it is set
// now and then, far enough ahead that the next ping renews it in time.
func (s *stream) extendDeadline() {
	if now := time.Now(); now.Sub(s.extended) > s.a.opts.PingInterval/2 {
		s.extended = now
		s.rc.SetWriteDeadline(now.Add(s.a.opts.WriteTimeout + 2*s.a.opts.PingInterval))
	}
}

// release returns the buffer unless a burst has made it large.
func (b *streamBuffer) release() {
	if cap(b.json) > 256<<10 {
		return
	}
	clear(b.items)
	b.items, b.line, b.json = b.items[:0], b.line[:0], b.json[:0]
	streamBuffers.Put(b)
}
