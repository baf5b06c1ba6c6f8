package fakenet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"robustirc/s2s"
)

// LeafConfig makes a Leaf.
type LeafConfig struct {
	// Network is what the leaf brings along; AsLeaf is set.
	Network Config
	// SendPassword is given to the hub, AcceptPassword wanted from it.
	SendPassword, AcceptPassword string
	// PeerName is the server name that the hub must give; "" accepts any.
	PeerName string
	// Duration ends the traffic and the link that long after the bursts; 0 is never.
	Duration time.Duration
	// Traffic says that the leaf's users do something; without it they are only there.
	Traffic bool
	// OnEvent is given everything that the hub says, by the goroutine of Run.
	OnEvent func(s2s.Event)
	// OnSynced is called once when the hub has read our burst and ended its own.
	OnSynced func()
	OnStatus func(LeafSummary)
	Log      *slog.Logger
}

// LeafSummary is what a run as a leaf came to.
type LeafSummary struct {
	Protocol   Protocol `json:"protocol"`
	Dialect    string   `json:"dialect"` // of the hub
	Peer       string   `json:"peer"`
	Seed       uint64   `json:"seed"`
	LinesSent  int      `json:"lines_sent"`
	LinesHeard int      `json:"lines_heard"`
	Unknown    int      `json:"lines_unknown"` // of the hub, whose command is not known
	Unread     int      `json:"lines_unread"`  // of the hub, that have no meaning
	Unsayable  int      `json:"unsayable"`
	// BurstAccepted is how long the hub took to read our burst, and BurstHeard to tell its own, since the link stood.
	BurstAccepted float64        `json:"burst_accepted_seconds"`
	BurstHeard    float64        `json:"burst_heard_seconds"`
	Heard         map[string]int `json:"heard"` // events of the hub by name
	Stats         Stats          `json:"network"`
}

// Leaf links a simulated network to a real hub.
type Leaf struct {
	cfg     LeafConfig
	net     *Network
	link    s2s.Link
	wire    *wire
	inbox   chan arrival
	stood   time.Time // when the link stood
	told    bool      // the hub's burst has ended
	synced  bool
	begun   time.Time
	summary LeafSummary
}

// NewLeaf makes the network.
func NewLeaf(cfg LeafConfig) (*Leaf, error) {
	cfg.Network.AsLeaf = true
	n, err := New(cfg.Network)
	if err != nil {
		return nil, err
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	c := n.Config()
	id := s2s.Identity{Server: c.Server, SID: c.SID, Description: c.Description, SendPassword: cfg.SendPassword, AcceptPassword: cfg.AcceptPassword, PeerName: cfg.PeerName}
	return &Leaf{cfg: cfg, net: n, link: newLink(c, id, false, "", n.ownServers(), c.Users), inbox: make(chan arrival),
		summary: LeafSummary{Protocol: c.Protocol, Seed: c.Seed, Heard: map[string]int{}}}, nil
}

// Summary is how things are. It is for the goroutine of Run, and for others when Run has returned.
func (l *Leaf) Summary() LeafSummary {
	s := l.summary
	s.Stats, s.Dialect = l.net.Stats(), l.link.Dialect()
	s.Peer, _ = peerOf(l.link)
	if l.wire != nil {
		s.LinesSent = l.wire.lines
	}
	return s
}

// Run links over a connection until the context ends, Duration is over, or the hub ends the link, which is an error.
func (l *Leaf) Run(ctx context.Context, conn net.Conn) error {
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	const sendQ = 1 << 30 // the hub may take its time
	l.wire = newWire(ctx, conn, sendQ, l.inbox, &work)
	defer l.wire.finish()
	l.wire.say(l.link.Start(time.Now())...)
	l.wire.flush()
	tick := time.NewTicker(pace)
	defer tick.Stop()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-ctx.Done():
			l.leave()
			return nil
		case a := <-l.inbox:
			if err := l.arrived(a); err != nil {
				return err
			}
		case now := <-tick.C:
			if err := l.step(now); err != nil {
				return err
			}
		case <-second.C:
			if l.cfg.OnStatus != nil {
				l.cfg.OnStatus(l.Summary())
			}
		}
		if l.cfg.Duration > 0 && l.synced && time.Since(l.begun) >= l.cfg.Duration {
			l.leave()
			return nil
		}
	}
}

// leave takes our server off the network.
func (l *Leaf) leave() {
	if _, sid := peerOf(l.link); l.link.Established() {
		ref := s2s.Ref(sid)
		if l.net.cfg.Protocol == Unreal {
			ref = s2s.Ref(l.net.cfg.Server)
		}
		l.encode(s2s.Event{Source: s2s.Ref(l.net.cfg.SID), Body: s2s.ServerGone{Server: ref, Reason: "The simulation is over"}})
	}
	l.wire.flush()
}

func (l *Leaf) encode(e s2s.Event) {
	l.summary.Unsayable += l.wire.encode(l.link.Codec(), e, l.cfg.Log)
}

func (l *Leaf) arrived(a arrival) error {
	now := time.Now()
	for _, line := range a.lines {
		l.summary.LinesHeard++
		if err := l.line(now, line); err != nil {
			l.wire.flush()
			return err
		}
	}
	if a.err != nil {
		return fmt.Errorf("fakenet: the hub closed the link: %s", cause(a.err))
	}
	return l.flush()
}

var errSlowHub = errors.New("fakenet: the hub reads too slowly")

func (l *Leaf) flush() error {
	if !l.wire.flush() {
		return errSlowHub
	}
	return nil
}

func (l *Leaf) line(now time.Time, line string) error {
	step, err := l.link.Line(now, line)
	l.wire.say(step.Replies...)
	if err != nil {
		return err
	}
	if step.Parse != nil {
		l.summary.Unread++
		l.cfg.Log.Warn("the hub said what cannot be read", "line", line, "reason", step.Parse.Detail)
	}
	if l.stood.IsZero() && l.link.Established() {
		l.burst(now)
	}
	for _, e := range step.Events {
		l.event(now, e)
	}
	if step.BurstEnded {
		l.told, l.summary.BurstHeard = true, now.Sub(l.stood).Seconds()
	}
	l.sync(now)
	return nil
}

// burst tells the hub what we bring along, and asks for a sign that it has read it.
func (l *Leaf) burst(now time.Time) {
	l.stood = now
	name, sid := peerOf(l.link)
	l.net.AttachUplink(now, sid)
	for _, e := range l.net.Burst(sid) {
		l.encode(e)
	}
	l.wire.say(l.link.EndBurst()...)
	if c := l.net.cfg; c.Protocol == Unreal {
		l.encode(s2s.Event{Source: s2s.Ref(c.SID), Body: s2s.Ping{Origin: c.Server, Target: name}})
	}
	l.cfg.Log.Info("linked", "server", name, "dialect", l.link.Dialect(), "lines", l.wire.lines)
}

func (l *Leaf) event(now time.Time, e s2s.Event) {
	l.summary.Heard[e.Body.Name()]++
	switch b := e.Body.(type) {
	case s2s.Unknown:
		l.summary.Unknown++
		l.cfg.Log.Warn("the hub said what is not known", "line", b.Line)
	case s2s.Pong:
		if l.summary.BurstAccepted == 0 {
			l.summary.BurstAccepted = max(now.Sub(l.stood).Seconds(), 1e-9)
		}
	}
	if l.cfg.OnEvent != nil {
		l.cfg.OnEvent(e)
	}
	l.deliver(l.net.HearUplink(now, e))
}

// sync begins the traffic when both bursts are over.
func (l *Leaf) sync(now time.Time) {
	if l.synced || !l.told || l.summary.BurstAccepted == 0 {
		return
	}
	l.synced, l.begun = true, now
	if l.cfg.Traffic {
		l.net.Begin(now)
	}
	if l.cfg.OnSynced != nil {
		l.cfg.OnSynced()
	}
}

func (l *Leaf) step(now time.Time) error {
	l.deliver(l.net.Step(now))
	return l.flush()
}

func (l *Leaf) deliver(list []Happening) {
	for i := range list {
		if len(list[i].Links) > 0 {
			l.encode(list[i].Event)
		}
	}
}
