package ircserver

import (
	"time"

	"robustirc/core/irc"
)

// version is what 002, 004 and VERSION call this software.
const version = "robustirc-1"

// isupport sends 004 and 005.
func (s *Server) isupport(u *session) {}

// wireTime is how times are written in texts.
func wireTime(ns int64) string {
	return time.Unix(0, ns).UTC().Format("Mon Jan 2 2006 at 15:04:05 UTC")
}

var _ = irc.RPL_ISUPPORT
