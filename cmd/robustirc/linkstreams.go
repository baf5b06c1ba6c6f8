package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"

	"robustirc/core/robustsession"
	"robustirc/linkgw"
)

// userStreams is a link in style sessions: with a stream per user, as real clients have, all of which come out of
// Receive.
type userStreams struct {
	gatewayLink
	out    chan []linkgw.Output
	failed chan error // capacity 1: of the link's own stream
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
}

func newUserStreams(g *robustsession.Gateway) *userStreams {
	ctx, cancel := context.WithCancel(context.Background())
	s := &userStreams{gatewayLink: gatewayLink{g}, out: make(chan []linkgw.Output), failed: make(chan error, 1), ctx: ctx, cancel: cancel}
	s.work.Go(s.followLink)
	return s
}

// followLink reads the link's own stream, and attaches the users that it tells of.
func (s *userStreams) followLink() {
	for {
		list, err := s.gatewayLink.Receive(s.ctx)
		for _, o := range list {
			if session, ok := userSession(o.Line); ok {
				s.work.Go(func() { s.followUser(session) })
			}
		}
		if !s.hand(list) {
			return
		}
		if err != nil {
			s.failed <- err
			return
		}
	}
}

// userSession reads the session out of ":<network> USER <uid> <nick> <session>", or the longer form of the state.
func userSession(line string) (uint64, bool) {
	word := strings.Fields(line)
	at := 4
	if len(word) > 12 {
		at = 11
	}
	if len(word) < 5 || word[1] != "USER" || at == 4 && len(word) != 5 {
		return 0, false
	}
	session, err := strconv.ParseUint(strings.TrimPrefix(word[at], "0x"), 16, 64)
	return session, err == nil
}

// followUser reads one user's stream to its end.
func (s *userStreams) followUser(session uint64) {
	u, err := s.g.Attach(s.ctx, session, robustsession.ID{})
	if err != nil {
		if s.ctx.Err() == nil {
			slog.Debug("a user's stream was not attached", "session", session, "error", err)
		}
		return
	}
	defer u.Close()
	for {
		list, err := u.Receive(s.ctx)
		if !s.hand(linkOutputs(list)) {
			return
		}
		var gap *robustsession.GapError
		if err != nil && !errors.As(err, &gap) {
			if !errors.Is(err, io.EOF) && s.ctx.Err() == nil {
				slog.Debug("a user's stream is over", "session", session, "error", err)
			}
			return
		}
	}
}

// hand gives outputs to who receives. It reports false when the link is closed.
func (s *userStreams) hand(list []linkgw.Output) bool {
	if len(list) == 0 {
		return s.ctx.Err() == nil
	}
	select {
	case s.out <- list:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// Receive returns outputs of any of the streams.
func (s *userStreams) Receive(ctx context.Context) ([]linkgw.Output, error) {
	select {
	case list := <-s.out:
		return list, nil
	case err := <-s.failed:
		return nil, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close ends all streams, and waits for them.
func (s *userStreams) Close() {
	s.cancel()
	s.gatewayLink.Close()
	s.work.Wait()
}
