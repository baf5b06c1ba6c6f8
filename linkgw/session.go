package linkgw

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"robustirc/canary/trace"
	"robustirc/linkgw/egress"
	"robustirc/linkgw/spool"
	"robustirc/s2s"
)

// The kinds of items in the queue.
const (
	itemDial uint8 = 1 + iota // a link begins
	itemLine                  // a line of the peer
	itemDown                  // the link is over
	itemTick                  // nothing; time goes on
)

// maxPeerLine is the longest line that is read: UnrealIRCd has 16 KiB.
const maxPeerLine = 64 << 10

// writeTime is how long a write to the peer may take. What we say is little, and fits its buffers.
const writeTime = 5 * time.Second

// lastWriteTime is how long it may take once the gateway is to stop.
const lastWriteTime = 300 * time.Millisecond

// session is one link: its connection, and the goroutine that is its leaf.
type session struct {
	g      *Gateway
	number int
	conn   net.Conn
	leaf   *leaf
	chunks chan chunk
	ended  chan struct{} // closed when the leaf goroutine has ended

	dropping bool
	up       bool
	shown    int // stage that the status shows
}

// stage is how far the link is.
func (s *session) stage() int {
	switch {
	case s.leaf.burstOver:
		return 2
	case s.leaf.established:
		return 1
	}
	return 0
}

// chunk is what was read at once.
type chunk struct {
	lines []string
	err   error
}

// Reasons for which we end a link.
var (
	errStopped  = errors.New("stopped by the operator")
	errRelink   = errors.New("the operator asked for a new link")
	errFell     = errors.New("lines were dropped while the new network was behind; a new burst makes up for them")
	errMemory   = errors.New("the memory's limit is reached")
	errLongLine = errors.New("the peer sent a line longer than any server's")
)

// goodbyes are what is said to the network, which need not know more.
var goodbyes = map[error]string{errStopped: "Stopped", context.Canceled: "Stopped", errRelink: "Relinking", errFell: "Relinking", errMemory: "Out of memory"}

// runSession is one link from its first line to its last. It returns why it is over.
func (g *Gateway) runSession(ctx context.Context, conn net.Conn, number int) (err error) {
	s := &session{g: g, number: number, conn: conn, chunks: make(chan chunk), ended: make(chan struct{})}
	if s.leaf, err = newLeaf(g.cfg.Identity, g.cfg.Observing, deadlineWriter{ctx, conn}, s.sent); err != nil {
		conn.Close()
		return err
	}
	var work sync.WaitGroup
	defer work.Wait()
	defer conn.Close()
	defer close(s.ended)
	defer context.AfterFunc(ctx, func() { conn.SetWriteDeadline(time.Now().Add(lastWriteTime)) })() // a write that is stuck
	defer func() {
		if v := recover(); v != nil {
			err = panicked("the link", v, debug.Stack())
			s.lastWords("Internal error")
		}
	}()
	work.Go(s.read)
	err = s.own(ctx)
	s.down(err)
	return err
}

// deadlineWriter gives each write a time, and a short one to the last of them.
type deadlineWriter struct {
	ctx  context.Context
	conn net.Conn
}

func (w deadlineWriter) Write(p []byte) (int, error) {
	limit := writeTime
	if w.ctx.Err() != nil {
		limit = lastWriteTime
	}
	if err := w.conn.SetWriteDeadline(time.Now().Add(limit)); err != nil {
		return 0, err
	}
	return w.conn.Write(p)
}

// read hands lines to the leaf goroutine, which never lets it wait.
func (s *session) read() {
	r := bufio.NewReaderSize(s.conn, maxPeerLine)
	for {
		var c chunk
		c.lines, c.err = readLines(r)
		select {
		case s.chunks <- c:
		case <-s.ended:
			return
		}
		if c.err != nil {
			return
		}
	}
}

// readLines waits for a line, and takes what others have come with it.
func readLines(r *bufio.Reader) ([]string, error) {
	const most = 256
	var lines []string
	for len(lines) < most {
		raw, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return lines, errLongLine
		}
		if err != nil {
			return lines, err
		}
		if line := strings.TrimRight(string(raw), "\r\n"); line != "" {
			lines = append(lines, line)
		}
		if len(lines) > 0 && r.Buffered() == 0 {
			break
		}
	}
	return lines, nil
}

// own is the leaf goroutine.
func (s *session) own(ctx context.Context) error {
	g := s.g
	s.push(itemDial, "", true)
	if err := s.leaf.start(g.cfg.Clock.Now()); err != nil {
		return err
	}
	tick := g.cfg.Clock.After(time.Second)
	for {
		select {
		case c := <-s.chunks:
			if err := s.take(g.cfg.Clock.Now(), c); err != nil {
				return err
			}
		case <-tick:
			if err := s.tick(g.cfg.Clock.Now()); err != nil {
				return err
			}
			tick = g.cfg.Clock.After(time.Second)
		case <-g.relink:
			return errRelink
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// take answers lines first, and only then hands them on.
func (s *session) take(now time.Time, c chunk) error {
	for _, line := range c.lines {
		err := s.leaf.line(now, line)
		s.g.capture(&trace.Record{Kind: trace.KindLinkIn, Line: line})
		s.push(itemLine, line, false)
		if !s.up && s.leaf.established {
			s.established(now)
		}
		if err != nil {
			return err
		}
	}
	if stage := s.stage(); stage != s.shown {
		s.shown = stage
		s.g.publish(s)
	}
	if c.err != nil && errors.Is(c.err, io.EOF) {
		return &s2s.LinkError{Cause: s2s.CauseClosed, Text: "the peer closed the connection", Advice: "its log says why; a sendq that is smaller than the network's burst does this without a word"}
	}
	return c.err
}

// push queues something. When there is no room, all that follows is dropped until there is a new link: a part of it would
// make the model wrong.
func (s *session) push(kind uint8, text string, always bool) {
	now := s.g.cfg.Clock.Now()
	it := spool.Item{Kind: kind, At: now, Text: text}
	if always {
		s.g.queue.PushAlways(it)
		return
	}
	if !s.dropping && s.g.queue.Push(it) != nil {
		s.dropping = true
		s.g.log.Error("the queue is full in memory and on disk: lines are dropped until the new network has caught up, then the link is made again",
			"spool_bytes", s.g.queue.Stats().DiskBytes)
		s.g.gap(now, GapOverflow)
	}
	if s.dropping {
		s.g.missed(GapOverflow, 1)
	}
}

// established notes that the link stands.
func (s *session) established(now time.Time) {
	s.up = true
	name, sid := peerOf(s.leaf.link)
	s.g.log.Info("linked", "peer", name, "sid", sid, "dialect", s.leaf.link.Dialect(), "number", s.number)
	up := trace.LinkUp{Peer: name, SID: string(sid), Protocol: string(s.g.cfg.Identity.Protocol), Dialect: s.leaf.link.Dialect(),
		Software: softwareOf(s.leaf.link), Capabilities: capabilitiesOf(s.leaf.link), TLS: isTLS(s.conn), Number: s.number}
	s.g.captureBody(trace.KindLinkUp, name, now, up)
}

// tick looks at the time and at limits.
func (s *session) tick(now time.Time) error {
	s.push(itemTick, "", false)
	s.g.publish(s)
	if s.g.overMemory() {
		return errMemory
	}
	if s.g.stale.Swap(false) {
		s.dropping = true
	}
	if s.dropping && s.g.queue.Stats().Items == 0 && s.g.mayRelink(now) {
		return errFell
	}
	return s.leaf.tick(now)
}

// down says goodbye where that is for us to say, and tells the mirror.
func (s *session) down(err error) {
	var link *s2s.LinkError
	var blocked *egress.BlockedError
	clean := false
	switch {
	case errors.As(err, &link):
	case errors.As(err, &blocked):
		clean = s.lastWords("Internal error")
	default:
		clean = s.lastWords(goodbyeText(err))
	}
	s.g.publish(s)
	s.g.keepEgress(s)
	name, _ := peerOf(s.leaf.link)
	down := trace.LinkDown{Peer: name, Reason: downReason(err), Detail: err.Error(), Clean: clean}
	s.g.captureBody(trace.KindLinkDown, name, time.Time{}, down)
	text, _ := json.Marshal(down) // strings always have a JSON
	s.push(itemDown, string(text), true)
}

func goodbyeText(err error) string {
	for known, text := range goodbyes { // order does not matter: one matches
		if errors.Is(err, known) {
			return text
		}
	}
	return "Leaving"
}

// downReason is a word for the record and for metrics.
func downReason(err error) string {
	var link *s2s.LinkError
	var blocked *egress.BlockedError
	switch {
	case errors.As(err, &link):
		return string(link.Cause)
	case errors.As(err, &blocked):
		return "egress"
	case errors.Is(err, errPanic):
		return "panic"
	case errors.Is(err, errStopped):
		return "stopped"
	case errors.Is(err, errRelink):
		return "relink"
	case errors.Is(err, errFell):
		return "overflow"
	case errors.Is(err, errMemory):
		return "memory"
	case errors.Is(err, errSilent), errors.Is(err, errHandshakeTime):
		return "timeout"
	}
	return "connection"
}

// lastWords leaves the network as well as can be: also after a fault of ours, in which the leaf may be in any state.
func (s *session) lastWords(reason string) (said bool) {
	defer func() {
		if recover() != nil {
			said = false
		}
	}()
	if !s.leaf.established || s.leaf.goodbye(reason) != nil {
		return false
	}
	s.awaitClose()
	return true
}

// closeTime is how long the peer has to close the connection after our goodbye, which it does once it has read it.
const closeTime = 300 * time.Millisecond

func (s *session) awaitClose() {
	timeout := time.NewTimer(closeTime)
	defer timeout.Stop()
	for {
		select {
		case c := <-s.chunks:
			if c.err != nil {
				return
			}
		case <-timeout.C:
			return
		}
	}
}

// sent is shown what goes to the peer.
func (s *session) sent(line string) {
	s.g.capture(&trace.Record{Kind: trace.KindLinkOut, Line: line})
}
