package s2s

import "time"

// Identity is who we are and what we expect of the peer.
type Identity struct {
	Server      string // our server name
	SID         SID
	Description string
	// SendPassword and AcceptPassword are the link's two passwords ("*" where a certificate stands for them).
	SendPassword, AcceptPassword string
	// PeerName is the server name the peer must give; "" accepts any.
	PeerName string
	// MaxClockDelta ends the link when the peer's clock differs by more; 0 is what servers of the protocol allow.
	MaxClockDelta time.Duration
}

// Step is what came of one line.
type Step struct {
	// Events are for the model of the network, in order (usually one, or none).
	Events []Event
	// Replies are lines to send to the peer, in order, without line ending.
	Replies []string
	// BurstEnded is true on the line that ends the peer's burst.
	BurstEnded bool
	// Parse is the reason when the line could not be read; the link goes on.
	Parse *ParseError
}

// Link is one link's handshake and duties. Not safe for concurrent use.
type Link interface {
	// Start returns the lines that open the link, when we dial.
	Start(now time.Time) []string
	// Line takes one line from the peer. An error is a *LinkError: the link is over.
	Line(now time.Time, line string) (Step, error)
	// EndBurst returns the lines that follow our own burst, which its owner sends once Established holds.
	EndBurst() []string
	// Established reports whether the peer has accepted us and we it.
	Established() bool
	// Codec is set up for what was negotiated.
	Codec() Codec
	// Dialect names the peer's software family once it is known: solanum, charybdis, hybrid, unreal4, unreal5,
	// unreal6.
	Dialect() string
}

// Cause is why a link cannot be or is over.
type Cause string

// The causes of a LinkError.
const (
	CausePassword     Cause = "password"       // the peer refuses our password, or we its
	CauseUnknown      Cause = "not_authorised" // no link block for our name or address
	CauseNameInUse    Cause = "name_in_use"
	CauseSIDInUse     Cause = "sid_in_use"
	CauseClock        Cause = "clock"
	CauseCapability   Cause = "capability" // something that one side needs is missing
	CausePlaintext    Cause = "plaintext"  // the peer demands TLS
	CauseProtocol     Cause = "protocol"   // a line out of order, a version that is not supported
	CausePeerIdentity Cause = "peer_identity"
	CauseClass        Cause = "class_full"
	CauseBanned       Cause = "banned"
	CauseSplit        Cause = "split"  // the peer ended an established link
	CauseClosed       Cause = "closed" // for a reason we do not know
)

// LinkError ends a link. Advice tells the operator what to change, and in which server's configuration.
type LinkError struct {
	Cause  Cause
	Text   string // what the peer said, or what we found
	Advice string
}

// Error is the cause, the text and the advice.
func (e *LinkError) Error() string {
	return "link: " + string(e.Cause) + ": " + e.Text + " (" + e.Advice + ")"
}
