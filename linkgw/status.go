package linkgw

import (
	"maps"
	"time"

	"robustirc/linkgw/egress"
	"robustirc/linkgw/translate"
)

// State is what the gateway does.
type State string

// The states.
const (
	StateStarting      State = "starting"
	StateWaitingTarget State = "waiting for the new network"
	StateWaiting       State = "waiting to link again"
	StateDialling      State = "connecting"
	StateLinking       State = "linking"
	StateBurst         State = "reading the burst"
	StateLinked        State = "linked"
	StateStopped       State = "stopped"
)

// Status is how the gateway is.
type Status struct {
	State    State     `json:"state"`
	Mode     string    `json:"mode"` // capture mode
	Protocol string    `json:"protocol"`
	Server   string    `json:"server"`
	SID      string    `json:"sid"`
	Started  time.Time `json:"started"`
	// Link is nil without one.
	Link      *LinkStatus `json:"link,omitempty"`
	Links     int         `json:"links"` // made since the start
	NextLink  time.Time   `json:"next_link,omitzero"`
	LastError string      `json:"last_error,omitempty"`

	Target   TargetStatus    `json:"target"`
	Spool    SpoolStatus     `json:"spool"`
	Gaps     []Gap           `json:"gaps"`
	GapCount int64           `json:"gap_count"`
	GapLines uint64          `json:"gap_lines"`
	Egress   egress.Stats    `json:"egress"` // of all links
	Observer *ObserverStatus `json:"observer,omitempty"`

	Network     NetworkStatus          `json:"network"`
	Coverage    translate.Coverage     `json:"coverage"`
	Statement   string                 `json:"statement"`      // what is not covered at all
	CoverageBad string                 `json:"coverage_error"` // "" while the outcomes add up to the events
	Divergences []translate.Divergence `json:"divergences"`
	Rules       []translate.RuleCount  `json:"rules"`
	MemoryBytes uint64                 `json:"memory_bytes"`
}

// LinkStatus is a link that stands, or is being made.
type LinkStatus struct {
	Number  int       `json:"number"`
	Peer    string    `json:"peer"`
	SID     string    `json:"sid"`
	Dialect string    `json:"dialect"`
	TLS     bool      `json:"tls"`
	Since   time.Time `json:"since"`
	Heard   time.Time `json:"heard"` // last
	Burst   bool      `json:"burst_over"`
}

// TargetStatus is the new network.
type TargetStatus struct {
	Linked  bool   `json:"linked"`
	Session uint64 `json:"session,omitempty"`
	Opened  int    `json:"opened"` // how often
	Posted  int64  `json:"posted"`
	Acked   uint64 `json:"acked_id"`
	Pending int    `json:"pending"` // operations that wait to be posted
	// Behind is how many seconds ago what is being done happened.
	Behind    float64 `json:"behind_seconds"`
	LastError string  `json:"last_error,omitempty"`
	Imports   int     `json:"imports"` // that were finished
}

// SpoolStatus is what waits.
type SpoolStatus struct {
	Items       int64  `json:"items"`
	MemoryBytes int64  `json:"memory_bytes"`
	DiskBytes   int64  `json:"disk_bytes"`
	DiskPeak    int64  `json:"disk_peak_bytes"`
	Error       string `json:"error,omitempty"`
}

// NetworkStatus is what is known of the existing network.
type NetworkStatus struct {
	Servers  int `json:"servers"`
	Users    int `json:"users"`
	Channels int `json:"channels"`
}

// counts are what metrics show beside the status.
type counts struct {
	downs map[string]int64 // by reason
	lag   func(seconds float64)
	sent  map[string]int64 // of links that are over
	block map[string]int64
}

func newCounts() counts {
	return counts{downs: map[string]int64{}, lag: func(float64) {}, sent: map[string]int64{}, block: map[string]int64{}}
}

func (g *Gateway) setState(s State) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.status.State = s
}

// publish puts what only the leaf goroutine knows into the status.
func (g *Gateway) publish(s *session) {
	l := s.leaf
	name, sid := peerOf(l.link)
	link := LinkStatus{Number: s.number, Peer: name, SID: string(sid), Dialect: l.link.Dialect(), TLS: isTLS(s.conn), Since: l.begun, Heard: l.heard, Burst: l.burstOver}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.status.Link = &link
	switch {
	case l.burstOver:
		g.status.State = StateLinked
	case l.established:
		g.status.State = StateBurst
	}
	g.status.Egress = l.guard.Stats()
	if l.observer != nil && l.observer.model != nil {
		g.status.Observer = l.observer.status()
	}
}

// keepEgress adds the counts of a link that is over.
func (g *Gateway) keepEgress(s *session) {
	g.mu.Lock()
	defer g.mu.Unlock()
	stats := s.leaf.guard.Stats()
	for k, n := range stats.Sent { // order does not matter: sums
		g.counts.sent[k] += n
	}
	for k, n := range stats.Blocked { // order does not matter: sums
		g.counts.block[k] += n
	}
	g.status.Egress = egress.Stats{}
}

// Status returns how things are.
func (g *Gateway) Status() Status {
	g.mu.Lock()
	s := g.status
	s.Links = g.relinks.made
	s.Gaps = append([]Gap{}, g.gaps.list...)
	s.GapCount, s.GapLines = g.gaps.count, g.gaps.lines
	s.Egress = egress.Stats{Sent: maps.Clone(g.counts.sent), Blocked: maps.Clone(g.counts.block)}
	for k, n := range g.status.Egress.Sent { // order does not matter: sums
		s.Egress.Sent[k] += n
	}
	for k, n := range g.status.Egress.Blocked { // order does not matter: sums
		s.Egress.Blocked[k] += n
	}
	g.mu.Unlock()
	q := g.queue.Stats()
	s.Spool = SpoolStatus{Items: q.Items, MemoryBytes: q.MemoryBytes, DiskBytes: q.DiskBytes, DiskPeak: q.DiskPeak}
	if q.Err != nil {
		s.Spool.Error = q.Err.Error()
	}
	s.MemoryBytes = memory()
	return s
}
