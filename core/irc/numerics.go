package irc

// Numeric is a reply code, sent as three digits.
type Numeric uint16

// The numerics used so far; the full table follows.
const (
	RPL_WELCOME Numeric = 1
)
