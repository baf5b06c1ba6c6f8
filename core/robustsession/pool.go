package robustsession

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// Discover returns the servers of a network as host:port. A network that contains a comma or a colon is the list
// itself; otherwise it is a domain whose SRV records _robustirc._tcp are looked up, up to five times.
func Discover(ctx context.Context, network string) ([]string, error) {
	if strings.ContainsAny(network, ",:") {
		return literal(network)
	}
	var err error
	for try := range 5 {
		if try > 0 && !sleep(ctx, time.Second<<(try-1)) {
			return nil, ctx.Err()
		}
		var list []string
		if list, err = lookup(ctx, network); err == nil {
			return list, nil
		}
	}
	return nil, fmt.Errorf("looking up the servers of %s (SRV _robustirc._tcp.%s): %w", network, network, err)
}

func literal(network string) ([]string, error) {
	var list []string
	for s := range strings.SplitSeq(network, ",") {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		if _, _, err := net.SplitHostPort(s); err != nil {
			return nil, fmt.Errorf("server %q is not host:port: %w", s, err)
		}
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	if len(list) == 0 {
		return nil, errors.New("the list of servers is empty")
	}
	return list, nil
}

func lookup(ctx context.Context, network string) ([]string, error) {
	_, records, err := net.DefaultResolver.LookupSRV(ctx, "robustirc", "tcp", network)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, r := range records {
		list = append(list, net.JoinHostPort(strings.TrimSuffix(r.Target, "."), fmt.Sprint(r.Port)))
	}
	if len(list) == 0 {
		return nil, errors.New("there are no such records")
	}
	return list, nil
}

// sleep waits and reports whether ctx is still alive.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Backoff of a server that failed: short, because in our network the others take over within a second or two.
const (
	minBackoff = 50 * time.Millisecond
	maxBackoff = 2 * time.Second
)

// pool is what is known about a network's servers.
type pool struct {
	mu      sync.Mutex
	given   []string // what the user named; tried as well when all of list fail
	list    []string // what the network says
	ordered bool     // list is the network's, which puts the best first
	leader  string
	backoff map[string]backoff
}

type backoff struct {
	delay time.Duration
	until time.Time
}

func newPool(servers []string) *pool {
	return &pool{given: servers, list: servers, backoff: map[string]backoff{}}
}

// update notes what the network says about its servers; an empty list is ignored.
func (p *pool) update(list []string, leader string) {
	p.servers(list)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leader = leader
}

func (p *pool) servers(list []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(list) > 0 && !slices.Equal(list, p.list) {
		p.list, p.ordered = slices.Clone(list), true
	}
}

// failed puts a server into backoff.
func (p *pool) failed(server string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.backoff[server]
	b.delay = min(max(2*b.delay, minBackoff), maxBackoff)
	b.until = time.Now().Add(b.delay)
	p.backoff[server] = b
	if p.leader == server {
		p.leader = ""
	}
}

func (p *pool) worked(server string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.backoff, server)
}

// Whom to prefer of the servers that are not in backoff.
const (
	preferLeader = iota // or the first in the network's list, which ours puts first
	preferNone          // any, by chance: for streams, which every server can serve
)

// pick returns a server to try. While all are in backoff, it waits.
func (p *pool) pick(ctx context.Context, prefer int) (string, error) {
	for {
		server, wait := p.choose(time.Now(), prefer)
		if server != "" {
			return server, ctx.Err()
		}
		if !sleep(ctx, wait) {
			return "", ctx.Err()
		}
	}
}

func (p *pool) choose(now time.Time, prefer int) (server string, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if prefer == preferLeader && p.leader != "" && p.usable(p.leader, now) {
		return p.leader, 0
	}
	for _, list := range [][]string{p.list, p.given} {
		usable := slices.DeleteFunc(slices.Clone(list), func(s string) bool { return !p.usable(s, now) })
		if len(usable) > 0 && prefer == preferLeader && p.ordered {
			return usable[0], 0
		}
		if len(usable) > 0 {
			return usable[rand.IntN(len(usable))], 0
		}
	}
	wait = maxBackoff
	for _, s := range slices.Concat(p.list, p.given) {
		wait = min(wait, p.backoff[s].until.Sub(now))
	}
	return "", max(wait, time.Millisecond)
}

func (p *pool) usable(server string, now time.Time) bool {
	b, failed := p.backoff[server]
	return !failed || !now.Before(b.until)
}
