package bridge

import (
	"context"
	"errors"
)

// MaxBatch is the most lines one Post carries: the network remembers that many message ids per session, so that a
// retried batch acts once.
const MaxBatch = 32

// ErrSessionEnded is returned by Post and Delete when the network has ended the session; Receive delivers what it
// still had to say, and then io.EOF.
var ErrSessionEnded = errors.New("bridge: the session has ended")

// ErrBehind is returned by Receive when the session read so slowly that its output is no longer retained.
var ErrBehind = errors.New("bridge: output is no longer retained")

// Refusal is an error of Create whose text may be shown to the client.
type Refusal struct{ Reason string }

func (r *Refusal) Error() string { return "bridge: session refused: " + r.Reason }

// Client describes the client that a session is created for.
type Client struct {
	// Remote is its IP address, without a port.
	Remote string
	// TLS says that its connection is encrypted.
	TLS bool
}

// Network is where sessions live. Its methods may be called concurrently.
type Network interface {
	// Create starts a session that must answer a challenge before it may register. It waits for a leader as long as
	// ctx allows.
	Create(ctx context.Context, client Client) (Session, error)
}

// Lines are lines for a client.
type Lines interface {
	Len() int
	// AppendLine appends line i, without line ending.
	AppendLine(dst []byte, i int) []byte
}

// Session is one client's session. Post, Receive and Delete are each called by one goroutine at a time, but
// concurrently with each other.
type Session interface {
	// Prefix is the server's name.
	Prefix() string
	// Post returns once all lines, without line endings, are durable, each once, retrying as long as ctx allows. The
	// lines hold any byte except NUL, CR and LF.
	Post(ctx context.Context, lines []string) error
	// Receive waits for output and returns all that is pending, at least one line. It returns io.EOF after the session's
	// last line. The lines are valid until the next call.
	Receive(ctx context.Context) (Lines, error)
	// Delete ends the session with a quit message, retrying as long as ctx allows.
	Delete(ctx context.Context, quit string) error
	// Close frees what the session holds here; it ends nothing in the network.
	Close()
}
