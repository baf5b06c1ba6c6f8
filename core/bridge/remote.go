package bridge

import (
	"context"
	"errors"

	"robustirc/core/robustsession"
)

// Creator makes sessions of a remote network: robustsession.Mux or robustsession.Client.
type Creator interface {
	Create(ctx context.Context, opts robustsession.Options) (robustsession.Session, error)
}

// Remote is the Network that a RobustSession client reaches. Failover is the client's: sessions survive the loss of
// any node.
func Remote(c Creator) Network { return remote{c} }

type remote struct{ Creator }

func (r remote) Create(ctx context.Context, client Client) (Session, error) {
	s, err := r.Creator.Create(ctx, robustsession.Options{Remote: client.Remote, TLS: client.TLS, Challenge: true})
	if err != nil {
		return nil, refusal(err)
	}
	return remoteSession{s}, nil
}

// refusal makes the network's refusals presentable to clients.
func refusal(err error) error {
	var e *robustsession.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Status {
	case robustsession.StatusForbidden:
		return &Refusal{"You are banned from this network"}
	case robustsession.StatusLimit:
		return &Refusal{"This network is full"}
	}
	return err
}

type remoteSession struct{ robustsession.Session }

func (s remoteSession) Post(ctx context.Context, lines []string) error {
	return ended(s.Session.Post(ctx, lines...))
}

func (s remoteSession) Delete(ctx context.Context, quit string) error {
	return ended(s.Session.Delete(ctx, quit))
}

// ended tells a session that is over from failures. A flood is one too: the network is about to end the session.
func ended(err error) error {
	var e *robustsession.Error
	if errors.As(err, &e) && (e.Status == robustsession.StatusNoSession || e.Status == robustsession.StatusLimit) {
		return ErrSessionEnded
	}
	return err
}

// Receive translates the one loss that a stream can meet: lines that are no longer retained.
func (s remoteSession) Receive(ctx context.Context) (Lines, error) {
	lines, err := s.Session.Receive(ctx)
	var e *robustsession.Error
	if errors.As(err, &e) && e.Status == robustsession.StatusGone {
		err = ErrBehind
	}
	return remoteLines(lines), err
}

type remoteLines []robustsession.Line

func (l remoteLines) Len() int { return len(l) }

func (l remoteLines) AppendLine(dst []byte, i int) []byte { return append(dst, l[i].Text...) }
