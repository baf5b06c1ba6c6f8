package s2s

import "fmt"

// Codec turns lines of one protocol into events and back. Its settings (what was negotiated) are set by the Link.
type Codec interface {
	// Decode reads one line without its line ending. The error is always a *ParseError.
	Decode(line string) (Event, error)
	// Encode appends the canonical line or lines of e, each without line ending. It fails for events that the protocol
	// cannot say.
	Encode(e Event) ([]string, error)
}

// Reason is why a line could not be read, for counters.
type Reason string

// The reasons of a ParseError.
const (
	ReasonEmpty     Reason = "empty"      // no command
	ReasonMalformed Reason = "malformed"  // a field is not what it must be
	ReasonParams    Reason = "parameters" // too few or too many of them
	ReasonSource    Reason = "source"     // a kind of source that may not say this
	ReasonTooLong   Reason = "too_long"   // over the protocol's limit
)

// ParseError is a line that has no meaning, and why.
type ParseError struct {
	Reason  Reason `json:"reason"`
	Command string `json:"command,omitempty"`
	Detail  string `json:"detail"`
}

// Error says what is wrong with the line, without the line's text (it may hold secrets).
func (e *ParseError) Error() string {
	return fmt.Sprintf("s2s: %s: %s: %s", e.Command, e.Reason, e.Detail)
}
