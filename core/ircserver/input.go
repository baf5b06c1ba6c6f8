package ircserver

// SessionID names a session: the number of the input that created it. It is never reused.
type SessionID uint64

// InputID numbers inputs in commit order, from 1.
type InputID uint64

// Kind says what an Input asks for.
type Kind uint8

// The kinds of inputs. The numbers are part of the log format and never change.
const (
	KindInvalid Kind = iota
	// KindCreate creates a session; its id becomes the input's number.
	KindCreate
	// KindDelete ends a session; Text is the quit message.
	KindDelete
	// KindLine is one line a session sent.
	KindLine
	// KindTick lets time pass: expiries and timeouts that are due happen.
	KindTick
	// KindConfig replaces the network configuration; Text is Config's canonical encoding.
	KindConfig
	// KindDigest makes every node compute its state digest at this point of the log.
	KindDigest
	// KindMembers replaces the list of nodes (for MAP and LINKS); Text is one "id address" line per node.
	KindMembers
	// KindDead stands for an input that made the machine panic: the session is told and closed, nothing else happens.
	KindDead
)

// SequentialID is set in client message ids that grow within their session. The last 32 ids of a session are remembered,
// and a retry that comes later acts again, unless ids are sequential: then whatever is not greater than the last is a
// retry, however late. A line can be very late: one that lies in the buffers of a node that hangs, or behind a broken
// network, is read when all is well again.
const SequentialID = 1 << 63

// Input is one entry of the log. It is complete: no replica fills anything in.
type Input struct {
	Kind Kind
	// Time is when the proposing leader stamped it, in nanoseconds since 1970.
	Time int64
	// Session is the session concerned; zero for KindCreate, KindTick, KindConfig, KindDigest and KindMembers.
	Session SessionID
	// ClientMsgID deduplicates retries of one line of one session; zero means it is never a retry. See SequentialID.
	ClientMsgID uint64
	// Text is the line, quit message or payload, without line ending. Secrets were taken out (see Claims).
	Text string
	// Remote is the client's address (IP without port): always set on KindCreate; on KindLine only when it changed.
	Remote string
	// AuthHash is the SHA-256 of the session's secret (KindCreate).
	AuthHash [32]byte
	// Cookie, when not empty, must come back in a PONG before the session may register (KindCreate).
	Cookie string
	// TLS says that the client's own connection was encrypted (KindCreate): user mode Z.
	TLS bool
	// Granted names the operator block, or "services", whose password the edge has verified for this line.
	Granted string
}
