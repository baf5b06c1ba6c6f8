package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/netip"
	"sync"
	"time"
)

// Limits of the password gate.
const (
	firstDelay = 100 * time.Millisecond // after the first wrong password of a source; doubles with each
	maxDelay   = 8 * time.Second
	maxQueue   = 10 * time.Second // a source whose turn is later than this is refused at once
	forgetting = 10 * time.Minute // without a wrong password, a source starts anew
	maxSources = 4096
)

var (
	errWrongPassword = errors.New("wrong password")
	errTooMany       = errors.New("too many wrong passwords from your address; try again later")
)

// gate checks the network password. A source that got it wrong waits its turn before its next try is looked at, twice
// as long with each mistake; others do not notice. It is safe for concurrent use and holds no lock while waiting.
type gate struct {
	password [32]byte // SHA-256
	now      func() time.Time

	mu      sync.Mutex
	sources map[netip.Prefix]*source
}

// source is an address that got the password wrong.
type source struct {
	delay time.Duration // of the next mistake
	next  time.Time     // when the next try is looked at
}

func newGate(password string, now func() time.Time) *gate {
	return &gate{password: sha256.Sum256([]byte(password)), now: now, sources: map[netip.Prefix]*source{}}
}

// check returns nil for the right password, errWrongPassword, errTooMany, or ctx's error.
func (g *gate) check(ctx context.Context, addr, password string) error {
	key := sourceOf(addr)
	wait := g.turn(key)
	if wait > maxQueue {
		return errTooMany
	}
	if wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	hash := sha256.Sum256([]byte(password))
	if subtle.ConstantTimeCompare(hash[:], g.password[:]) == 1 {
		g.right(key)
		return nil
	}
	g.wrong(key)
	return errWrongPassword
}

// sourceOf is whom a mistake is held against: an IPv4 address, or an IPv6 network of 64 bits.
func sourceOf(addr string) netip.Prefix {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return netip.Prefix{}
	}
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	p, _ := ip.Prefix(bits)
	return p
}

// turn reserves the source's next turn and returns how long it is away. Tries that run at the same time come one after
// the other.
func (g *gate) turn(key netip.Prefix) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.sources[key]
	if s == nil {
		return 0
	}
	now := g.now()
	wait := max(0, s.next.Sub(now))
	if wait <= maxQueue {
		s.next = now.Add(wait + s.delay)
	}
	return wait
}

func (g *gate) right(key netip.Prefix) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.sources, key)
}

func (g *gate) wrong(key netip.Prefix) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	s := g.sources[key]
	if s == nil {
		g.makeRoom(now)
		s = &source{delay: firstDelay}
		g.sources[key] = s
	} else {
		s.delay = min(2*s.delay, maxDelay)
	}
	if next := now.Add(s.delay); next.After(s.next) {
		s.next = next
	}
}

// makeRoom forgets sources that were quiet, or any one when all were not, once there are too many.
func (g *gate) makeRoom(now time.Time) {
	if len(g.sources) < maxSources {
		return
	}
	for key, s := range g.sources {
		if now.Sub(s.next) > forgetting {
			delete(g.sources, key)
		}
	}
	for key := range g.sources {
		if len(g.sources) < maxSources {
			return
		}
		delete(g.sources, key)
	}
}
