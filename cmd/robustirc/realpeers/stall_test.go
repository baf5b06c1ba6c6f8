//go:build realpeers

package realpeers

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// stalls measures how long the machine itself does nothing: the longest time that a small write takes to reach the disk
// that the nodes share, from when it was due. What a node cannot do better is no fault of the node.
type stalls struct {
	mu    sync.Mutex
	worst time.Duration
	since time.Time // when the write under way was due
}

// watchStalls measures until the test ends.
func watchStalls(t *testing.T, dir string) *stalls {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "stalls"))
	if err != nil {
		t.Fatal(err)
	}
	s := &stalls{since: time.Now()}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		defer f.Close()
		for {
			select {
			case <-time.After(50 * time.Millisecond):
			case <-stop:
				return
			}
			if _, err := f.WriteAt(make([]byte, 4096), 0); err != nil {
				t.Errorf("measuring the disk: %v", err)
				return
			}
			f.Sync()
			s.note()
		}
	}()
	t.Cleanup(func() { close(stop); <-done })
	return s
}

func (s *stalls) note() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.worst = max(s.worst, time.Since(s.since))
	s.since = time.Now()
}

// take returns the worst since the last call.
func (s *stalls) take() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	worst := max(s.worst, time.Since(s.since))
	s.worst = 0
	return worst
}
