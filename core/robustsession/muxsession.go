package robustsession

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// muxSession is a session of a Mux.
type muxSession struct {
	m            *Mux
	id           uint64
	auth, prefix string

	posting chan struct{} // holds the one token of who may post
	acked   chan *Posted
	ready   chan struct{} // signalled when Receive has something to return
	closed  chan struct{} // closed by Close

	// The rest belongs to m.mu.
	follow     *followed // not nil: what the session gets comes as outputs
	remote     string
	remoteTold bool  // on the current connection
	post       *Post // without its Posted
	lines      []Line
	held       uint64 // bytes in lines
	consumed   uint64 // bytes that Receive has returned and no Credit told
	last       ID
	err        error // why the session is over
}

func newMuxSession(m *Mux, f *Created, remote string) *muxSession {
	return &muxSession{
		m: m, id: f.Session, auth: f.Auth, prefix: f.Prefix, remote: remote, remoteTold: true,
		posting: make(chan struct{}, 1), acked: make(chan *Posted, 1), ready: make(chan struct{}, 1),
		closed: make(chan struct{}),
	}
}

func (s *muxSession) ID() string     { return fmt.Sprintf("%#x", s.id) }
func (s *muxSession) Prefix() string { return s.prefix }

func (s *muxSession) SetRemote(addr string) {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if addr != s.remote {
		s.remote, s.remoteTold = addr, false
	}
}

// Post sends the lines in frames of at most MaxPostLines, each after the one before was acknowledged.
func (s *muxSession) Post(ctx context.Context, lines ...string) error {
	for _, l := range lines {
		if err := CheckLine(l); err != nil {
			return &Error{StatusBadRequest, err.Error()}
		}
	}
	done, err := s.turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	for len(lines) > 0 {
		n := min(len(lines), MaxPostLines)
		if err := s.postSome(ctx, lines[:n]); err != nil {
			return err
		}
		lines = lines[n:]
	}
	return nil
}

// turn waits until no other post is under way; call done behind the post.
func (s *muxSession) turn(ctx context.Context) (done func(), err error) {
	select {
	case s.posting <- struct{}{}:
		return func() { <-s.posting }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *muxSession) postSome(ctx context.Context, lines []string) error {
	if err := s.begin(lines); err != nil {
		return err
	}
	return s.await(ctx)
}

// await waits for the answer to the post under way.
func (s *muxSession) await(ctx context.Context) error {
	select {
	case a := <-s.acked:
		if a.Status != StatusOK {
			return &Error{a.Status, a.Text}
		}
		return nil
	case <-s.closed:
		return ErrClosed
	case <-s.m.ctx.Done():
		return ErrClosed
	case <-ctx.Done():
		s.giveUp()
		return ctx.Err()
	}
}

// giveUp leaves the post under way to its fate.
func (s *muxSession) giveUp() {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.post = nil
	select {
	case <-s.acked: // it came in this moment; the next post must not take it for its own
	default:
	}
}

// begin makes the lines the post under way.
func (s *muxSession) begin(lines []string) error {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	numbered := make([]PostLine, len(lines))
	for i, l := range lines {
		s.m.last++
		numbered[i] = PostLine{s.m.last, l}
	}
	return s.start(numbered)
}

// start makes numbered lines the post under way. Needs m.mu.
func (s *muxSession) start(lines []PostLine) error {
	if s.err != nil {
		return s.over()
	}
	s.m.last++
	s.post = &Post{Session: s.id, Seq: s.m.last, Lines: lines}
	s.sendPost()
	return nil
}

// over is what a post gets once the session is over.
func (s *muxSession) over() error {
	if errors.Is(s.err, io.EOF) {
		return &Error{StatusNoSession, "the session has ended"}
	}
	return s.err
}

func (s *muxSession) sendPost() {
	s.post.Remote = ""
	if !s.remoteTold && s.m.conn != nil {
		s.post.Remote, s.remoteTold = s.remote, true
	}
	s.m.send(s.post)
}

// resume attaches the session on a new connection and repeats the post under way.
func (s *muxSession) resume() {
	s.consumed = 0 // held says it
	s.attach()
	s.remoteTold = false
	if s.post != nil {
		s.sendPost()
	}
}

// attach asks for what comes after s.last.
func (s *muxSession) attach() {
	a := Attach{Session: s.id, Auth: s.auth, LastSeen: s.last, Held: s.held}
	if s.follow != nil {
		s.m.send((*Follow)(&a))
		return
	}
	s.m.send(&a)
}

// answer hands a Posted to the post it belongs to.
func (s *muxSession) answer(a *Posted) {
	if s.post == nil || a.Seq != s.post.Seq && a.Status != StatusNoSession {
		return // of a post that was given up
	}
	s.post = nil
	s.acked <- a
	if s.err != nil {
		delete(s.m.sessions, s.id)
	}
}

// received queues lines for Receive. A line it has already is dropped, whatever the server thinks.
func (s *muxSession) received(lines []Line) {
	for _, l := range lines {
		if !s.last.less(l.ID) || s.follow != nil {
			continue
		}
		s.last = l.ID
		s.held += uint64(len(l.Text))
		s.lines = append(s.lines, l)
	}
	s.signal()
}

func (id ID) less(other ID) bool {
	return id.ID < other.ID || id.ID == other.ID && id.Reply < other.Reply
}

func (s *muxSession) signal() {
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// end notes why no more lines come.
func (s *muxSession) end(f *End) {
	switch f.Status {
	case StatusOK, StatusNoSession: // the latter when it ended between two connections
		s.finish(io.EOF)
	default:
		s.finish(&Error{f.Status, f.Text})
	}
	if s.post == nil {
		delete(s.m.sessions, s.id)
	}
}

func (s *muxSession) finish(err error) {
	if s.err == nil {
		s.err = err
	}
	s.signal()
}

func (s *muxSession) Receive(ctx context.Context) ([]Line, error) {
	for {
		if lines, err := s.take(); err != nil || len(lines) > 0 {
			return lines, err
		}
		select {
		case <-s.ready:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// take returns what has arrived and gives the server credit for it.
func (s *muxSession) take() ([]Line, error) {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if len(s.lines) == 0 {
		if s.err != nil {
			s.signal() // for the next call
		}
		return nil, s.err
	}
	lines := s.lines
	s.lines = nil
	s.consume(s.held, SessionWindow)
	return lines, nil
}

// consume says that n of the held bytes were taken; the server is told now and then.
func (s *muxSession) consume(n, window uint64) {
	s.held -= n
	s.consumed += n
	if s.consumed > window/4 && s.err == nil {
		s.m.send(&Credit{s.id, s.consumed})
		s.consumed = 0
	}
}

func (s *muxSession) Delete(ctx context.Context, quit string) error {
	p := &pendingDelete{frame: Delete{s.id, s.auth, quit}, result: make(chan *Deleted, 1)}
	s.m.mu.Lock()
	s.m.deletes[s.id] = p
	s.m.send(&p.frame)
	s.m.mu.Unlock()
	select {
	case d := <-p.result:
		if d.Status != StatusOK && d.Status != StatusNoSession {
			return &Error{d.Status, d.Text}
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.m.ctx.Done():
		return ErrClosed
	}
}

func (s *muxSession) Close() {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.forget()
}

// forget detaches the session and drops it.
func (s *muxSession) forget() {
	if s.err == nil {
		s.m.send(&Detach{s.id})
	}
	s.finish(ErrClosed)
	delete(s.m.sessions, s.id)
	select {
	case <-s.closed:
	default:
		close(s.closed)
	}
}
