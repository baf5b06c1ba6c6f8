package translate

import (
	"errors"
	"fmt"
	"strings"

	"robustirc/core/irc"
)

// CaptureMode is how much of the linked network is seen (docs/link.md).
type CaptureMode string

// The capture modes.
const (
	StrictReadonly CaptureMode = "strict-readonly" // state only on TS6
	Broadcast      CaptureMode = "broadcast"       // UnrealIRCd with broadcast-channel-messages: all channel text
	Observer       CaptureMode = "observer"        // text of the channels that a pseudo-client is on
)

// Config is how to translate.
type Config struct {
	// Mode is named in the coverage statement.
	Mode CaptureMode
	// LeaveOutUsers are masks (nick!user@host) of users who are not mirrored, LeaveOutChannels such of channels' names.
	LeaveOutUsers, LeaveOutChannels []string
	// LeaveOutHidden leaves out channels that are secret or private, as long as they are.
	LeaveOutHidden bool
	// LeaveOutServices leaves out the services' own users. What they do is mirrored all the same.
	LeaveOutServices bool
	// Services are the names of the servers whose users are services.
	Services []string
	// OperClass is the class of operators on the new network; "" mirrors no operator.
	OperClass string
	// Bans mirrors network bans.
	Bans bool
	// GapReason is shown for users who left while nobody looked.
	GapReason string
}

// withDefaults checks a configuration and fills what is not said.
func (c Config) withDefaults() (Config, error) {
	if c.Mode == "" {
		c.Mode = StrictReadonly
	}
	if c.GapReason == "" {
		c.GapReason = "Left while the link was down"
	}
	switch {
	case c.Mode != StrictReadonly && c.Mode != Broadcast && c.Mode != Observer:
		return c, fmt.Errorf("translate: there is no capture mode %q; it is %s, %s or %s", c.Mode, StrictReadonly, Broadcast, Observer)
	case strings.ContainsAny(c.OperClass, " :*"):
		return c, fmt.Errorf("translate: %q cannot be a class of operators: it is one word", c.OperClass)
	}
	for _, mask := range append(append([]string(nil), c.LeaveOutUsers...), c.LeaveOutChannels...) {
		if mask == "" {
			return c, errors.New("translate: a mask of what to leave out is empty")
		}
	}
	return c, nil
}

// filter is what is left out.
type filter struct {
	users, channels []irc.Mask
	services        map[string]bool // server names in lower case
}

func newFilter(c Config) filter {
	f := filter{services: map[string]bool{}}
	for _, m := range c.LeaveOutUsers {
		f.users = append(f.users, irc.CompileMask(casemapping, irc.CanonicalMask(m)))
	}
	for _, m := range c.LeaveOutChannels {
		f.channels = append(f.channels, irc.CompileMask(casemapping, m))
	}
	for _, s := range c.Services {
		f.services[irc.ASCII.Fold(s)] = true
	}
	return f
}

// anyMatches folds as Mask wants it.
func anyMatches(masks []irc.Mask, s string) bool {
	if len(masks) == 0 {
		return false
	}
	s = casemapping.Fold(s)
	for i := range masks {
		if masks[i].Match(s) {
			return true
		}
	}
	return false
}
