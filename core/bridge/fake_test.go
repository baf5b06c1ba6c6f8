package bridge

import (
	"context"
	"io"
	"strings"
	"sync"
)

// fakeNetwork is an in-memory network: every posted line is echoed to its session as ":srv ECHO <line>", QUIT and Delete
// end the session with ERROR. Gates let tests hold posts.
type fakeNetwork struct {
	mu        sync.Mutex
	sessions  []*fakeSession
	createErr error
	hold      chan struct{} // when not nil, Post waits until it is closed
	noDelete  bool          // Delete blocks until its context ends
}

func (n *fakeNetwork) Create(ctx context.Context, client Client) (Session, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.createErr != nil {
		return nil, n.createErr
	}
	s := &fakeSession{net: n, client: client, wake: make(chan struct{}, 1)}
	n.sessions = append(n.sessions, s)
	return s, nil
}

func (n *fakeNetwork) session(i int) *fakeSession {
	n.mu.Lock()
	defer n.mu.Unlock()
	if i < len(n.sessions) {
		return n.sessions[i]
	}
	return nil
}

type fakeSession struct {
	net    *fakeNetwork
	client Client
	wake   chan struct{}

	mu      sync.Mutex
	batches [][]string
	out     []string
	ended   bool
	behind  bool
	quit    string
	closed  bool
}

func (s *fakeSession) Prefix() string { return "srv" }

func (s *fakeSession) Post(ctx context.Context, lines []string) error {
	s.net.mu.Lock()
	hold := s.net.hold
	s.net.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return ErrSessionEnded
	}
	s.batches = append(s.batches, append([]string(nil), lines...))
	for _, l := range lines {
		s.out = append(s.out, ":srv ECHO "+l)
		if text, ok := strings.CutPrefix(l, "QUIT :"); ok {
			s.endLocked("Quit: " + text)
		}
	}
	s.wakeLocked()
	return nil
}

func (s *fakeSession) endLocked(quit string) {
	s.ended, s.quit = true, quit
	s.out = append(s.out, "ERROR :Closing Link: x ("+quit+")")
	s.wakeLocked()
}

func (s *fakeSession) wakeLocked() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *fakeSession) send(lines ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out = append(s.out, lines...)
	s.wakeLocked()
}

func (s *fakeSession) Receive(ctx context.Context) (Lines, error) {
	for {
		s.mu.Lock()
		out, ended, behind := s.out, s.ended, s.behind
		s.out = nil
		s.mu.Unlock()
		switch {
		case behind:
			return nil, ErrBehind
		case len(out) > 0:
			return fakeLines(out), nil
		case ended:
			return nil, io.EOF
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (s *fakeSession) Delete(ctx context.Context, quit string) error {
	if s.net.noDelete {
		<-ctx.Done()
		return ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return ErrSessionEnded
	}
	s.endLocked(quit)
	return nil
}

func (s *fakeSession) Close() { s.mu.Lock(); defer s.mu.Unlock(); s.closed = true }

func (s *fakeSession) lines() (all []string, batches int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.batches {
		all = append(all, b...)
	}
	return all, len(s.batches)
}

func (s *fakeSession) quitMessage() string { s.mu.Lock(); defer s.mu.Unlock(); return s.quit }

type fakeLines []string

func (l fakeLines) Len() int { return len(l) }

func (l fakeLines) AppendLine(dst []byte, i int) []byte { return append(dst, l[i]...) }
