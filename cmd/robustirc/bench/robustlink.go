package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"robustirc/core/robustsession"
)

// Creator makes RobustSession sessions: robustsession.Mux or robustsession.Client.
type Creator interface {
	Create(ctx context.Context, opts robustsession.Options) (robustsession.Session, error)
}

// robustLink is a session of a RobustSession network. A Post that has returned is in the network.
type robustLink struct {
	session robustsession.Session
	pending []robustsession.Line // received and not looked at
	text    []byte
	ctx     context.Context
	cancel  context.CancelFunc
}

// DialRobust returns a Config.Dial for RobustSession; session i is created by creators[i % n].
func DialRobust(creators []Creator) func(context.Context, int) (Link, error) {
	return func(ctx context.Context, i int) (Link, error) {
		s, err := creators[i%len(creators)].Create(ctx, robustsession.Options{})
		if err != nil {
			return nil, err
		}
		l := &robustLink{session: s}
		l.ctx, l.cancel = context.WithCancel(context.Background())
		return l, nil
	}
}

func (l *robustLink) Register(ctx context.Context, nick string) error {
	if err := l.session.Post(ctx, "NICK "+nick, "USER "+nick+" 0 * :bench"); err != nil {
		return err
	}
	return l.await(ctx, "001")
}

func (l *robustLink) Join(ctx context.Context, channel string) error {
	if err := l.session.Post(ctx, "JOIN "+channel); err != nil {
		return err
	}
	return l.await(ctx, "366")
}

// await receives until a numeric comes.
func (l *robustLink) await(ctx context.Context, numeric string) error {
	for {
		for len(l.pending) > 0 {
			line := []byte(l.pending[0].Text)
			l.pending = l.pending[1:]
			switch command := string(commandOf(line)); {
			case command == numeric:
				return nil
			case isFailure(command):
				return fmt.Errorf("the network said %q", line)
			}
		}
		var err error
		if l.pending, err = l.session.Receive(ctx); err != nil && len(l.pending) == 0 {
			return err
		}
	}
}

// Acks says that a Send that returned is in the network.
func (l *robustLink) Acks() bool { return true }

func (l *robustLink) Send(ctx context.Context, lines [][]byte) (bool, error) {
	texts := make([]string, len(lines))
	for i, b := range lines {
		texts[i] = string(bytes.TrimRight(b, "\r\n"))
	}
	return true, l.session.Post(ctx, texts...)
}

func (l *robustLink) Receive(ctx context.Context, message func([]byte)) error {
	for {
		for _, line := range l.pending {
			if i := strings.Index(line.Text, " PRIVMSG #"); i < 0 {
				continue
			}
			l.text = append(l.text[:0], line.Text...)
			if text, ok := privmsgText(l.text); ok {
				message(text)
			}
		}
		var err error
		if l.pending, err = l.session.Receive(l.ctx); err != nil && len(l.pending) == 0 {
			if l.ctx.Err() != nil {
				return nil
			}
			if err == io.EOF {
				err = fmt.Errorf("the network ended the session")
			}
			return err
		}
	}
}

func (l *robustLink) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = l.session.Delete(ctx, "done") // what stays behind expires
	l.cancel()
	l.session.Close()
}
