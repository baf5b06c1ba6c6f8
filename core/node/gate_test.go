package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

// newTestGate returns a gate whose waits take no time and are written down.
func newTestGate() (*PasswordGate, *[]time.Duration) {
	var waits []time.Duration
	g := NewPasswordGate("secret", func() time.Time { return time.Unix(1000, 0) })
	g.sleep = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
	return g, &waits
}

func TestPasswordGateSlowsDown(t *testing.T) {
	g, waits := newTestGate()
	for range 14 {
		if err := g.Check(t.Context(), "192.0.2.1", "wrong"); !errors.Is(err, ErrWrongPassword) {
			t.Fatalf("got %v, want ErrWrongPassword", err)
		}
	}
	if got := len(*waits); got != 13 {
		t.Fatalf("%d waits, want 13: the first attempt is free", got)
	}
	want := gateFirstDelay
	for i, d := range *waits {
		if d != want {
			t.Errorf("wait %d is %v, want %v", i, d, want)
		}
		want = min(2*want, gateMaxDelay)
	}
	if err := g.Check(t.Context(), "192.0.2.2", "secret"); err != nil || len(*waits) != 13 {
		t.Errorf("another source: %v after %d waits, want nil and no wait", err, len(*waits))
	}
	if err := g.Check(t.Context(), "192.0.2.1", "secret"); err != nil {
		t.Errorf("the right password after wrong ones: %v", err)
	}
	n := len(*waits)
	if err := g.Check(t.Context(), "192.0.2.1", "secret"); err != nil || len(*waits) != n {
		t.Errorf("after a success: %v, %d waits more; want nil and none", err, len(*waits)-n)
	}
}

func TestPasswordGateIsBounded(t *testing.T) {
	g, _ := newTestGate()
	for i := range 2 * gateSources {
		_ = g.Check(t.Context(), fmt.Sprint(i), "wrong")
	}
	if len(g.sources) != gateSources || g.order.Len() != gateSources {
		t.Errorf("%d sources and %d in order, want %d", len(g.sources), g.order.Len(), gateSources)
	}
}

func TestPasswordGateRefusesCrowds(t *testing.T) {
	g, _ := newTestGate()
	_ = g.Check(t.Context(), "a", "wrong")
	entered, leave := make(chan struct{}, gateWaiters), make(chan struct{})
	g.sleep = func(context.Context, time.Duration) error { entered <- struct{}{}; <-leave; return nil }
	var wg sync.WaitGroup
	for range gateWaiters {
		wg.Go(func() { _ = g.Check(t.Context(), "a", "wrong") })
	}
	for range gateWaiters {
		<-entered
	}
	if err := g.Check(t.Context(), "a", "secret"); !errors.Is(err, ErrTooManyAttempts) {
		t.Errorf("got %v, want ErrTooManyAttempts", err)
	}
	close(leave)
	wg.Wait()
}

func TestGateKey(t *testing.T) {
	if a, b := gateKey("2001:db8::1"), gateKey("2001:db8::ffff:2"); a != b || a == gateKey("2001:db8:0:1::1") {
		t.Errorf("one network is %q and %q", a, b)
	}
	if a, b := gateKey("192.0.2.1"), gateKey("192.0.2.2"); a == b {
		t.Errorf("two addresses are %q", a)
	}
}
