package node

import (
	"container/list"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/netip"
	"sync"
	"time"
)

// ErrWrongPassword is returned by PasswordGate.Check when the password is wrong.
var ErrWrongPassword = errors.New("node: wrong network password")

// ErrTooManyAttempts is returned by PasswordGate.Check when a source already has gateWaiters attempts waiting.
var ErrTooManyAttempts = errors.New("node: too many attempts with a wrong password; try again later")

// The gate's limits.
const (
	gateFirstDelay = 10 * time.Millisecond // after one failure; doubles with each
	// gateMaxDelay is below dialTimeout: a peer behind the same address as somebody who guesses still gets in.
	gateMaxDelay = time.Second
	gateForget   = 10 * time.Minute // without an attempt, a source's failures are forgotten
	gateSources  = 4096             // remembered sources; the longest silent one is forgotten first
	gateWaiters  = 8                // attempts of one source that may wait at once
)

// PasswordGate checks the network password and slows down each source that gets it wrong: 10, 20, 40 ms … up to 1 s
// before its next attempt is looked at. Sources do not wait for each other. It is safe for concurrent use.
type PasswordGate struct {
	hash  [sha256.Size]byte
	clock func() time.Time
	sleep func(context.Context, time.Duration) error

	mu      sync.Mutex // never held while waiting
	sources map[string]*list.Element
	order   list.List // of *gateSource, the longest silent first
}

// gateSource is a source that got the password wrong.
type gateSource struct {
	name     string
	failures int
	waiting  int
	last     time.Time
}

// NewPasswordGate returns a gate for one password.
func NewPasswordGate(password string, clock func() time.Time) *PasswordGate {
	return &PasswordGate{
		hash: sha256.Sum256([]byte(password)), clock: clock, sleep: sleepContext,
		sources: map[string]*list.Element{},
	}
}

// Check reports whether password is right, after the wait that source (an IP address) has earned. It returns
// ErrWrongPassword, ErrTooManyAttempts or the context's error.
func (g *PasswordGate) Check(ctx context.Context, source, password string) error {
	return g.attempt(ctx, source, func() bool {
		got := sha256.Sum256([]byte(password))
		return subtle.ConstantTimeCompare(got[:], g.hash[:]) == 1
	})
}

// attempt is Check for any kind of proof.
func (g *PasswordGate) attempt(ctx context.Context, source string, proven func() bool) error {
	source = gateKey(source)
	waiter, delay, err := g.enter(source)
	if err != nil {
		return err
	}
	if delay > 0 {
		err = g.sleep(ctx, delay)
	}
	if err == nil && !proven() {
		err = ErrWrongPassword
	}
	g.leave(source, waiter, err)
	return err
}

// gateKey is what failures are held against: an IPv4 address, or an IPv6 network of 64 bits, which one customer has.
func gateKey(source string) string {
	ip, err := netip.ParseAddr(source)
	if err != nil || ip.Unmap().Is4() {
		return source
	}
	network, _ := ip.Prefix(64)
	return network.String()
}

// enter returns the record of a source that has to wait, counted as waiting, and for how long.
func (g *PasswordGate) enter(source string) (*gateSource, time.Duration, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.sources[source]
	if e == nil {
		return nil, 0, nil
	}
	s := e.Value.(*gateSource)
	if s.waiting == 0 && g.clock().Sub(s.last) > gateForget {
		g.forget(e)
		return nil, 0, nil
	}
	if s.waiting >= gateWaiters {
		return nil, 0, ErrTooManyAttempts
	}
	s.waiting++
	return s, penalty(s.failures), nil
}

// leave records how an attempt went.
func (g *PasswordGate) leave(source string, waiter *gateSource, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if waiter != nil {
		waiter.waiting--
	}
	e := g.sources[source]
	switch {
	case err == nil && e != nil:
		g.forget(e)
	case errors.Is(err, ErrWrongPassword):
		if e == nil {
			e = g.order.PushBack(&gateSource{name: source})
			g.sources[source] = e
		}
		s := e.Value.(*gateSource)
		s.failures, s.last = s.failures+1, g.clock()
		g.order.MoveToBack(e)
		if len(g.sources) > gateSources {
			g.forget(g.order.Front())
		}
	}
}

func (g *PasswordGate) forget(e *list.Element) {
	delete(g.sources, e.Value.(*gateSource).name)
	g.order.Remove(e)
}

// penalty is the wait after so many failures.
func penalty(failures int) time.Duration {
	d := gateFirstDelay
	for i := 1; i < failures && d < gateMaxDelay; i++ {
		d *= 2
	}
	return min(d, gateMaxDelay)
}

// sleepContext waits for d or until ctx is done.
func sleepContext(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
