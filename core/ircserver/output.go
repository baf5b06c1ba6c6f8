package ircserver

import (
	"cmp"
	"slices"
)

// OutputID orders outputs: first by input, then by reply number from 1.
type OutputID struct {
	Input InputID
	Reply uint32
}

// Less reports whether id comes before other.
func (id OutputID) Less(other OutputID) bool {
	return id.Input < other.Input || id.Input == other.Input && id.Reply < other.Reply
}

// Caps is the set of IRCv3 capabilities a session has negotiated.
type Caps uint32

// The capabilities. The numbers are part of the snapshot format and never change.
const (
	CapMultiPrefix Caps = 1 << iota
	CapUserhostInNames
	// CapLink is no capability: it marks the links of services and gateways, whom the network trusts with more of its
	// retained output than others.
	CapLink Caps = 1 << 31
)

// Recipient is a session an output is for, with the capabilities it had at that point of the log.
type Recipient struct {
	Session SessionID
	Caps    Caps
	// Gateway is the link of the gateway whose stream carries what the session is sent (style firehose); zero for all
	// that have a stream of their own.
	Gateway SessionID
}

// Audience is a set of recipients. Its slice is shared between outputs and never changed.
type Audience struct {
	list []Recipient // sorted by Session
	skip SessionID   // in list, but not a recipient (the sender of a channel message)
	hash uint32      // of the sessions in list; see digest.go
	via  *gatewayed  // nil when list has no user of a firehose gateway
}

// All calls yield for each recipient in ascending order of session.
func (a Audience) All(yield func(Recipient) bool) {
	for _, r := range a.list {
		if r.Session != a.skip && !yield(r) {
			return
		}
	}
}

// NewAudience is the audience of list, in any order, without skip (zero skips nobody). It takes ownership of list.
// For those who restore outputs or make them in tests; the machine has its own ways.
func NewAudience(list []Recipient, skip SessionID) Audience {
	a := newAudience(list)
	a.skip = skip
	return a
}

// Parts returns what NewAudience needs to make an equal audience. The list must not be changed.
func (a Audience) Parts() (list []Recipient, skip SessionID) { return a.list, a.skip }

// Len returns the number of recipients.
func (a Audience) Len() int {
	n := len(a.list)
	if a.skip != 0 && a.has(a.skip) {
		n--
	}
	return n
}

// has reports whether id is in the list.
func (a Audience) has(id SessionID) bool {
	_, ok := slices.BinarySearchFunc(a.list, id, func(r Recipient, id SessionID) int { return cmp.Compare(r.Session, id) })
	return ok
}

// Output is one line for one audience.
type Output struct {
	ID OutputID
	// Time is the machine's time when the output was made, in nanoseconds since 1970 (server-time).
	Time int64
	// Line is the canonical message without tags and line ending, shared by all recipients.
	Line string
	// Account is the sender's account, or "" (account-tag).
	Account string
	// Cause is the ClientMsgID of the gateway's line that this is an effect of; zero when it is none, or has no id.
	Cause uint64
	// To are the recipients.
	To Audience
	// Final says that the recipients' sessions end with this line.
	Final bool
}

// AppendFor appends what a recipient with these capabilities is shown, without line ending.
func (o *Output) AppendFor(dst []byte, caps Caps) []byte {
	return append(dst, o.Line...)
}
