package robustsession

import (
	"context"
	"slices"
	"testing"
	"time"
)

func TestDiscoverLiteral(t *testing.T) {
	for in, want := range map[string][]string{
		"a:1,b:2": {"a:1", "b:2"}, "a:1": {"a:1"}, "a:1,a:1": {"a:1"}, "a:1,": {"a:1"}, " a:1 , [::1]:2": {"a:1", "[::1]:2"},
	} {
		if got, err := Discover(t.Context(), in); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
	for _, in := range []string{",", "a,b", "a:1,b", "a:1:2"} {
		if got, err := Discover(t.Context(), in); err == nil {
			t.Errorf("%q: %v", in, got)
		}
	}
}

func TestPoolPrefersTheLeaderAndAvoidsFailures(t *testing.T) {
	p := newPool([]string{"given:1"})
	now := time.Now()
	choose := func(prefer int) string {
		s, _ := p.choose(now, prefer)
		return s
	}
	if got := choose(preferLeader); got != "given:1" {
		t.Errorf("at first %q", got)
	}
	p.update([]string{"a:1", "b:2", "c:3"}, "b:2")
	if got := choose(preferLeader); got != "b:2" {
		t.Errorf("with a leader %q", got)
	}
	p.failed("b:2")
	if got := choose(preferLeader); got != "a:1" {
		t.Errorf("without it %q", got)
	}
	seen := map[string]bool{}
	for range 200 {
		seen[choose(preferNone)] = true
	}
	if seen["b:2"] || !seen["a:1"] || !seen["c:3"] {
		t.Errorf("streams go to %v", seen)
	}
	p.failed("a:1")
	p.failed("c:3")
	if got := choose(preferLeader); got != "given:1" {
		t.Errorf("when all have failed %q", got)
	}
	p.failed("given:1")
	if s, wait := p.choose(now, preferLeader); s != "" || wait <= 0 || wait > minBackoff+time.Second {
		t.Errorf("when there is nobody: %q after %s", s, wait)
	}
	p.worked("c:3")
	if got := choose(preferLeader); got != "c:3" {
		t.Errorf("after one has worked %q", got)
	}
	now = now.Add(time.Hour)
	if got := choose(preferLeader); got != "a:1" {
		t.Errorf("after the backoff %q", got)
	}
	p.update(nil, "")
	if got := choose(preferLeader); got != "a:1" {
		t.Errorf("an empty list was believed: %q", got)
	}
}

func TestPickWaitsAndGivesUp(t *testing.T) {
	p := newPool([]string{"a:1"})
	p.failed("a:1")
	if s, err := p.pick(t.Context(), preferNone); s != "a:1" || err != nil {
		t.Errorf("%q, %v", s, err)
	}
	for range 20 {
		p.failed("a:1")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if s, err := p.pick(ctx, preferNone); err == nil {
		t.Errorf("got %q while it is in backoff", s)
	}
}
