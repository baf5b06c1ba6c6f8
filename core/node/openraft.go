package node

import (
	"fmt"

	"github.com/hashicorp/raft"
)

// openRaft starts raft on these stores. Raft restores the newest snapshot once and then reads the log behind it; where
// that is damaged it panics, which is turned into the error that says so.
func openRaft(conf *raft.Config, f *fsm, s *stores, trans raft.Transport) (r *raft.Raft, err error) {
	defer func() {
		if p := recover(); p != nil {
			r, err = nil, fmt.Errorf("node: starting raft on %s: %v; %s", s.dir, p, repair)
		}
		if damage := s.failure.err(); damage != nil {
			if r != nil {
				r.Shutdown().Error() // the damage is what matters
			}
			r, err = nil, damage
		}
	}()
	r, err = raft.NewRaft(conf, f, s.log, s.stable, s.snapshots, trans)
	if err != nil {
		return nil, fmt.Errorf("node: starting raft on %s: %w", s.dir, err)
	}
	return r, nil
}
