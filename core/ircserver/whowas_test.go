package ircserver

import (
	"fmt"
	"testing"
)

// TestWhowasIsBounded: the latest departures are remembered, and no more.
func TestWhowasIsBounded(t *testing.T) {
	s := New(DefaultConfig())
	u := &session{id: 1, registered: true}
	for i := range 3 * maxWhowas {
		u.setIdentity(fmt.Sprint("n", i), "u", "h")
		s.remember(u)
	}
	if len(s.whowas) != maxWhowas || s.whowas[0].nick != fmt.Sprint("n", 2*maxWhowas) || cap(s.whowas) > 3*maxWhowas {
		t.Errorf("%d remembered, room for %d, the oldest is %s", len(s.whowas), cap(s.whowas), s.whowas[0].nick)
	}
}
