package robustsession

import (
	"context"
	"errors"
	"fmt"
)

// Line is one line a session received.
type Line struct {
	ID   ID
	Text string // without line ending, at most 512 bytes and tags
}

// Session is one session of a network, through Client or Mux.
type Session interface {
	// ID is the session's id as the network wrote it.
	ID() string
	// Prefix is the network's server name.
	Prefix() string
	// Post hands in lines and returns when all are durable. It retries through all failures until ctx is done; an error
	// other than ctx's means the session is over or a line was refused (*Error). Calls happen one after the other.
	Post(ctx context.Context, lines ...string) error
	// Receive returns the lines that have arrived, in order and each once, waiting for at least one. After the session's
	// last line it returns io.EOF, otherwise why the session is over (*Error with StatusGone: it read too slowly), or
	// ctx's error. The slice is the caller's.
	Receive(ctx context.Context) ([]Line, error)
	// SetRemote changes the client address that later posts report.
	SetRemote(addr string)
	// Delete ends the session; the lines that follow, up to io.EOF, can still be received.
	Delete(ctx context.Context, quit string) error
	// Close lets go of the session without ending it.
	Close()
}

// Options describe the client for whom a session is created. They count only with a bridge key the network trusts.
type Options struct {
	// Remote is the client's address as host:port.
	Remote string
	// TLS says that the client's own connection is encrypted. (Mux only.)
	TLS bool
	// Challenge demands that the client returns a PING cookie before it may register. (Mux only.)
	Challenge bool
}

// Status is the network's answer to a request, in both protocols; the numbers are HTTP's.
type Status int

// The statuses of the multiplexed protocol.
const (
	StatusOK          Status = 200
	StatusBadRequest  Status = 400 // line too long or with forbidden bytes
	StatusForbidden   Status = 403 // banned address
	StatusNoSession   Status = 404 // never existed, ended, or wrong secret
	StatusConflict    Status = 409 // another connection attached to the session
	StatusGone        Status = 410 // lines that were not seen are no longer retained
	StatusLimit       Status = 429 // session limit, or flood
	StatusUnavailable Status = 503 // try again, here or elsewhere
)

// Error is a request the network refused for good.
type Error struct {
	Status Status
	Text   string
}

func (e *Error) Error() string {
	return fmt.Sprintf("robustsession: the network refused: %s (status %d)", e.Text, e.Status)
}

// ErrClosed is returned by a session after Close, and by all sessions of a closed client.
var ErrClosed = errors.New("robustsession: closed")
