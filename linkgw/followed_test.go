package linkgw

import (
	"testing"
	"time"

	"robustirc/s2s/fakenet"
)

// TestFollowedAfterImport holds that the end of a gap is written down at once, so that the gap of a crash that follows
// begins there.
func TestFollowedAfterImport(t *testing.T) {
	w := newWorld(t, hubConfig(fakenet.TS6)).run()
	await(t, "it is in step", func() bool { return w.g.Status().Target.Imports == 1 })
	relinked := time.Now()
	w.g.Relink()
	await(t, "it is in step again", func() bool { return w.g.Status().Target.Imports == 2 })
	f := newFollowed(w.cfg.Spool.Dir)
	if at, err := f.read(); err != nil || at.Before(relinked) {
		t.Errorf("followed up to %v (%v), and the link was made again after %v", at, err, relinked)
	}
}
