package robustsession

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// httpSession is a session of a Client. One goroutine reads its stream.
type httpSession struct {
	c                *Client
	id, auth, prefix string
	cancel           context.CancelFunc // ends the stream
	posting          chan struct{}      // holds the one token of who may post
	ready            chan struct{}      // signalled when Receive has something to return
	space            chan struct{}      // signalled when Receive has made room

	mu      sync.Mutex
	remote  string
	lines   []Line
	deleted bool
	err     error // why the session is over
}

func newHTTPSession(c *Client, r *CreateReply, remote string) *httpSession {
	s := &httpSession{
		c: c, id: r.Sessionid, auth: r.Sessionauth, prefix: r.Prefix, remote: remote,
		posting: make(chan struct{}, 1), ready: make(chan struct{}, 1), space: make(chan struct{}, 1),
	}
	ctx, cancel := context.WithCancel(c.ctx)
	s.cancel = cancel
	c.done.Go(func() { s.stream(ctx) })
	return s
}

func (s *httpSession) ID() string     { return s.id }
func (s *httpSession) Prefix() string { return s.prefix }

func (s *httpSession) SetRemote(addr string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remote = addr
}

func (s *httpSession) address() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.remote
}

// Post posts one line after the other; the protocol has no way to post several at once.
func (s *httpSession) Post(ctx context.Context, lines ...string) error {
	for _, l := range lines {
		if err := CheckLine(l); err != nil {
			return &Error{StatusBadRequest, err.Error()}
		}
	}
	select {
	case s.posting <- struct{}{}:
		defer func() { <-s.posting }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for _, l := range lines {
		if err := s.postOne(ctx, l); err != nil {
			return err
		}
	}
	return nil
}

func (s *httpSession) postOne(ctx context.Context, line string) error {
	if s.isClosed() {
		return ErrClosed
	}
	body, err := json.Marshal(PostRequest{Data: line, ClientMessageId: messageID(line)})
	if err != nil {
		return fmt.Errorf("posting: %w", err)
	}
	_, err = s.c.do(ctx, &call{method: http.MethodPost, path: s.id + "/message", auth: s.auth, remote: s.address(), body: body})
	if err != nil {
		return fmt.Errorf("posting: %w", err)
	}
	return nil
}

// messageID draws a line's id as the stock bridge does: its FNV hash and 31 random bits.
func messageID(line string) uint64 {
	h := fnv.New32()
	io.WriteString(h, line)
	return uint64(h.Sum32())<<32 | uint64(1+rand.Int32N(1<<31-1))
}

func (s *httpSession) Receive(ctx context.Context) ([]Line, error) {
	for {
		s.mu.Lock()
		lines, err := s.lines, s.err
		s.lines = nil
		s.mu.Unlock()
		if len(lines) > 0 {
			notify(s.space)
			return lines, nil
		}
		if err != nil {
			notify(s.ready) // for the next call
			return nil, err
		}
		select {
		case <-s.ready:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (s *httpSession) Delete(ctx context.Context, quit string) error {
	s.mu.Lock()
	s.deleted = true
	s.mu.Unlock()
	body, err := json.Marshal(DeleteRequest{quit})
	if err != nil {
		return fmt.Errorf("deleting the session: %w", err)
	}
	_, err = s.c.do(ctx, &call{method: http.MethodDelete, path: s.id, auth: s.auth, remote: s.address(), body: body})
	var refused *Error
	if errors.As(err, &refused) && refused.Status == StatusNoSession {
		return nil
	}
	if err != nil {
		return fmt.Errorf("deleting the session: %w", err)
	}
	return nil
}

func (s *httpSession) Close() {
	s.finish(ErrClosed)
	s.cancel()
}

func (s *httpSession) finish(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
	notify(s.ready)
}

// stream reads the session's lines from one server after the other until the session is over.
func (s *httpSession) stream(ctx context.Context) {
	defer s.cancel()
	var last ID
	for {
		server, err := s.c.pool.pick(ctx, preferNone)
		if err != nil {
			s.finish(ErrClosed)
			return
		}
		err = s.streamFrom(ctx, server, &last)
		if refused, ok := err.(*Error); ok && refused.Status < 500 {
			s.finish(s.ending(refused))
			return
		}
		if ctx.Err() == nil && !s.isDeleted() {
			s.c.pool.failed(server)
		}
	}
}

func (s *httpSession) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err == ErrClosed
}

func (s *httpSession) isDeleted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deleted
}

// ending is what Receive returns when the network knows the session no longer: it has ended, and all its lines came.
func (s *httpSession) ending(refused *Error) error {
	if refused.Status == StatusNoSession {
		return io.EOF
	}
	return refused
}

// streamFrom reads from one server until its stream ends.
func (s *httpSession) streamFrom(ctx context.Context, server string, last *ID) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watchdog := time.AfterFunc(attemptTimeout, cancel)
	defer watchdog.Stop()
	resp, err := s.c.request(ctx, server, &call{
		method: http.MethodGet, path: s.id + "/messages?lastseen=" + last.String(), auth: s.auth, remote: s.address(),
	})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	messages := messageReader{r: resp.Body}
	for {
		watchdog.Reset(silence)
		var m Message
		if err := messages.next(&m); err != nil {
			return fmt.Errorf("reading the stream: %w", err)
		}
		switch m.Type {
		case TypePing:
			s.c.pool.worked(server)
			s.c.pool.servers(m.Servers)
		case TypeLine:
			if last.less(m.Id) {
				*last = m.Id
				watchdog.Stop()
				if err := s.queue(ctx, Line{m.Id, m.Data}); err != nil {
					return err
				}
			}
		}
	}
}

// queue hands a line to Receive; it waits while too many are there.
func (s *httpSession) queue(ctx context.Context, l Line) error {
	for {
		s.mu.Lock()
		full := len(s.lines) >= maxQueued
		if !full {
			s.lines = append(s.lines, l)
		}
		s.mu.Unlock()
		if !full {
			notify(s.ready)
			return nil
		}
		select {
		case <-s.space:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
