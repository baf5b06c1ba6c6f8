package node

import (
	"fmt"
	"testing"
	"time"
)

func TestNewcomersAreBounded(t *testing.T) {
	n, now := newNewcomers(), time.Unix(0, 0)
	count := func(tries int, remote func(i int) string) (allowed int) {
		for i := range tries {
			if n.allow(remote(i), now) {
				allowed++
			}
		}
		return allowed
	}
	one := func(int) string { return "192.0.2.1" }
	if got := count(5000, one); got != createBurst {
		t.Errorf("one address got %d sessions at once, want %d", got, createBurst)
	}
	if got := count(10, func(i int) string { return fmt.Sprintf("198.51.100.%d", i) }); got != 10 {
		t.Errorf("other addresses got %d of 10 sessions", got)
	}
	now = now.Add(10 * time.Second)
	if got := count(5000, one); got != 10*createRate {
		t.Errorf("10 s later it got %d more, want %d", got, 10*createRate)
	}
	if got := count(5000, func(i int) string { return fmt.Sprintf("2001:db8:1:2::%x", i+1) }); got != createBurst {
		t.Errorf("one IPv6 customer got %d sessions, want %d", got, createBurst)
	}
	for _, local := range []string{"127.0.0.1", "::1"} {
		if got := count(5000, func(int) string { return local }); got != 5000 {
			t.Errorf("%s got %d of 5000 sessions", local, got)
		}
	}
	count(3*createSources, func(i int) string { return fmt.Sprintf("10.%d.%d.1", i/256, i%256) })
	if len(n.sources) > createSources || n.order.Len() != len(n.sources) {
		t.Errorf("%d addresses are remembered", len(n.sources))
	}
}
