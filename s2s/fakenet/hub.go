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

// HubConfig makes a Hub.
type HubConfig struct {
	Network Config
	// SendPassword is given to leaves, AcceptPassword wanted from them.
	SendPassword, AcceptPassword string
	// SendQ is how many bytes may wait for a leaf; who reads slower is cut off, as by real servers. 0 is 64 MiB.
	SendQ int64
	// PingEvery is after how much silence a leaf is asked for a sign; after twice that it is cut off. 0 is 60 s.
	PingEvery time.Duration
	// Duration ends the traffic, and Serve, that long after the first leaf's burst; 0 is never.
	Duration time.Duration
	// OnHappening is given everything that happens, by the goroutine of Serve, before it is sent.
	OnHappening func(Happening)
	// OnStatus is told how things are once a second.
	OnStatus func(Summary)
	Log      *slog.Logger
}

// Summary is what a run came to.
type Summary struct {
	Protocol    Protocol    `json:"protocol"`
	Seed        uint64      `json:"seed"`
	Scenario    string      `json:"scenario"`
	Elapsed     float64     `json:"elapsed_seconds"` // of traffic
	Rate        float64     `json:"rate"`            // actions a second, achieved
	Links       int         `json:"links"`           // now
	LinesSent   int         `json:"lines_sent"`
	BytesSent   int64       `json:"bytes_sent"`
	LinesHeard  int         `json:"lines_heard"`
	Unread      int         `json:"lines_unread"`   // of leaves, that have no meaning
	Unsayable   int         `json:"unsayable"`      // a fault of fakenet when not 0
	BurstMillis int64       `json:"burst_ms"`       // making the last burst
	BurstLines  int         `json:"burst_lines"`    // of the last burst
	LinkError   string      `json:"link_error"`     // the last that ended a link
	Stats       Stats       `json:"network"`        //
	Violations  []Violation `json:"violation_list"` // the first of them
}

// Hub serves a simulated network to leaves that dial it.
type Hub struct {
	cfg     HubConfig
	net     *Network
	inbox   chan arrival
	accept  chan net.Conn
	leaves  map[*wire]*leaf
	bySID   map[s2s.SID]*leaf
	begun   time.Time // of the traffic
	ended   time.Time // zero while there is some
	summary Summary
}

// leaf is one connection to the hub, linked or not yet.
type leaf struct {
	*wire
	link    s2s.Link
	address string
	name    string
	sid     s2s.SID // once it is linked
	heard   time.Time
	pinged  bool
}

// NewHub makes the network.
func NewHub(cfg HubConfig) (*Hub, error) {
	setDefault(&cfg.SendQ, 64<<20)
	setDefault(&cfg.PingEvery, time.Minute)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	n, err := New(cfg.Network)
	if err != nil {
		return nil, err
	}
	cfg.Network = n.Config()
	return &Hub{cfg: cfg, net: n, inbox: make(chan arrival), accept: make(chan net.Conn), leaves: map[*wire]*leaf{}, bySID: map[s2s.SID]*leaf{},
		summary: Summary{Protocol: cfg.Network.Protocol, Seed: cfg.Network.Seed, Scenario: cfg.Network.Scenario}}, nil
}

// Name is the server's.
func (h *Hub) Name() string { return h.cfg.Network.Server }

// pace is how often the simulation is asked for what has happened.
const pace = 5 * time.Millisecond

// Serve links leaves until the context ends or Config.Duration is over, and owns the network meanwhile. It closes the
// listener.
func (h *Hub) Serve(ctx context.Context, ln net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	defer ln.Close()
	work.Go(func() { h.acceptAll(ctx, ln) })
	tick := time.NewTicker(pace)
	defer tick.Stop()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-ctx.Done():
			h.closeAll("Server Terminating")
			return nil
		case conn := <-h.accept:
			h.greet(ctx, conn, &work)
		case a := <-h.inbox:
			h.arrived(a)
		case now := <-tick.C:
			h.deliver(h.net.Step(now))
		case now := <-second.C:
			h.look(now)
		}
		if h.over() {
			h.closeAll("The simulation is over")
			return nil
		}
	}
}

func (h *Hub) acceptAll(ctx context.Context, ln net.Listener) {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		select {
		case h.accept <- conn:
		case <-ctx.Done():
			conn.Close()
			return
		}
	}
}

func (h *Hub) over() bool {
	return h.cfg.Duration > 0 && !h.begun.IsZero() && time.Since(h.begun) >= h.cfg.Duration
}

// Summary is how things are. It is for the goroutine of Serve, and for others when Serve has returned.
func (h *Hub) Summary() Summary {
	s := h.summary
	s.Stats, s.Violations, s.Links = h.net.Stats(), h.net.Violations(), len(h.bySID)
	if !h.begun.IsZero() {
		end := h.ended
		if end.IsZero() {
			end = time.Now()
		}
		s.Elapsed = end.Sub(h.begun).Seconds()
		var acts uint64
		for _, count := range s.Stats.Actions { // order does not matter: a sum
			acts += count
		}
		s.Rate = float64(acts) / s.Elapsed
	}
	for _, l := range h.leaves { // order does not matter: a sum
		s.LinesSent += l.lines
		s.BytesSent += l.bytes
	}
	return s
}

// maxConnections bounds what strangers can open.
const maxConnections = 64

func (h *Hub) greet(ctx context.Context, conn net.Conn, work *sync.WaitGroup) {
	if len(h.leaves) >= maxConnections {
		conn.Close()
		return
	}
	host, _, err := net.SplitHostPort(conn.RemoteAddr().String())
	if err != nil {
		host = conn.RemoteAddr().String()
	}
	c := h.cfg.Network
	id := s2s.Identity{Server: c.Server, SID: c.SID, Description: c.Description, SendPassword: h.cfg.SendPassword, AcceptPassword: h.cfg.AcceptPassword}
	l := &leaf{wire: newWire(ctx, conn, h.cfg.SendQ, h.inbox, work), link: newLink(c, id, true, host, h.net.ownServers(), c.Users), address: host, heard: time.Now()}
	h.leaves[l.wire] = l
	if c.Protocol != Unreal {
		l.say(":"+c.Server+" NOTICE * :*** Looking up your hostname...", ":"+c.Server+" NOTICE * :*** Couldn't look up your hostname")
	}
	l.say(l.link.Start(time.Now())...)
	h.flush(l)
}

func (h *Hub) arrived(a arrival) {
	l := h.leaves[a.from]
	if l == nil {
		return
	}
	now := time.Now()
	l.heard, l.pinged = now, false
	for _, line := range a.lines {
		h.summary.LinesHeard++
		if !h.line(l, now, line) {
			return
		}
	}
	if a.err != nil {
		h.drop(l, cause(a.err))
		return
	}
	h.flush(l)
}

// line takes one line of a leaf. It reports whether the leaf is still there.
func (h *Hub) line(l *leaf, now time.Time, line string) bool {
	step, err := l.link.Line(now, line)
	if step.Parse != nil {
		h.summary.Unread++
	}
	if l.sid == "" && !h.admit(l) {
		return false
	}
	l.say(step.Replies...)
	if err != nil {
		h.drop(l, err.Error())
		return false
	}
	if l.sid == "" && l.link.Established() {
		if err := h.attach(l, now); err != nil {
			h.drop(l, err.Error())
			return false
		}
	}
	if l.sid != "" {
		for _, e := range step.Events {
			h.deliver(h.net.Hear(now, l.sid, e))
		}
	}
	if step.BurstEnded && !h.net.Running() {
		h.begun = now
		h.net.Begin(now)
	}
	return h.leaves[l.wire] != nil
}

// admit refuses a leaf whose name or id is in use, in the words of the server that we play. UnrealIRCd lets a leaf take
// the place of its own older link (server.c:cmd_server).
func (h *Hub) admit(l *leaf) bool {
	name, sid := peerOf(l.link)
	if name == "" || sid == "" {
		return true
	}
	err := h.net.Free(name, sid)
	if old := h.bySID[sid]; err != nil && old != nil && old.name == name && h.cfg.Network.Protocol == Unreal {
		old.say(fmt.Sprintf("ERROR :Closing Link: %s[%s] (Old link dropped, resyncing)", old.name, old.address))
		h.drop(old, "Old link dropped, resyncing")
		err = h.net.Free(name, sid)
	}
	if err == nil {
		return true
	}
	l.say(inUse(h.cfg.Network.Protocol, errors.Is(err, ErrSIDInUse), name, l.address)...)
	h.drop(l, err.Error())
	return false
}

// inUse is how servers say that a name or an id is taken (m_server.c:mr_server, hyb:m_server.c:mr_server,
// unreal protoctl.c, server.c).
func inUse(p Protocol, sid bool, name, address string) []string {
	what := map[bool][3]string{true: {"SID", "Server ID already exists", "SID collision"}, false: {"Server", "Server already exists", "Server Exists (non-unique server name)"}}[sid]
	switch p {
	case TS6:
		return []string{"ERROR :" + what[0] + " already exists.", "ERROR :Closing Link: " + address + " (" + what[0] + " Exists)"}
	case Hybrid:
		return []string{"ERROR :Closing Link: " + address + " (" + what[1] + ")"}
	}
	return []string{fmt.Sprintf("ERROR :Closing Link: %s[%s] (%s)", name, address, what[2])}
}

// attach makes the leaf a part of the network and tells it all there is.
func (h *Hub) attach(l *leaf, now time.Time) error {
	name, sid := peerOf(l.link)
	told, err := h.net.Attach(now, name, sid, "")
	if err != nil {
		return err
	}
	l.name, l.sid = name, sid
	h.bySID[sid] = l
	h.deliver(told)
	begin, lines := time.Now(), l.lines
	for _, e := range h.net.Burst(sid) {
		h.encode(l, e)
	}
	l.say(l.link.EndBurst()...)
	for _, e := range h.net.AfterBurst(sid) {
		h.encode(l, e)
	}
	h.summary.BurstMillis, h.summary.BurstLines = time.Since(begin).Milliseconds(), l.lines-lines
	h.cfg.Log.Info("linked", "server", name, "sid", sid, "lines", l.lines-lines, "bytes", len(l.pending), "took", time.Since(begin))
	return nil
}

func (h *Hub) encode(l *leaf, e s2s.Event) {
	h.summary.Unsayable += l.encode(l.link.Codec(), e, h.cfg.Log)
}

// encode adds an event to what is pending. It returns 1 when it cannot be said.
func (w *wire) encode(c s2s.Codec, e s2s.Event, log *slog.Logger) int {
	out, lines, err := encode(w.pending, c, e)
	if err != nil {
		log.Error("an event of the simulation cannot be said", "event", e.Body.Name(), "error", err)
		return 1
	}
	w.pending, w.lines = out, w.lines+lines
	return 0
}

// deliver sends what happened to those who are told.
func (h *Hub) deliver(list []Happening) {
	for i := range list {
		if h.cfg.OnHappening != nil {
			h.cfg.OnHappening(list[i])
		}
		for _, sid := range list[i].Links {
			if l := h.bySID[sid]; l != nil {
				h.encode(l, list[i].Event)
			}
		}
	}
	if len(list) == 0 {
		return
	}
	for _, l := range h.bySID { // order does not matter: each leaf gets its own
		h.flush(l)
	}
}

// flush queues what is pending, and cuts off who is too slow: solanum says nothing then (send.c:send_linebuf).
func (h *Hub) flush(l *leaf) {
	if l.flush() {
		return
	}
	if h.cfg.Network.Protocol == Unreal {
		l.say(fmt.Sprintf("ERROR :Closing Link: %s[%s] (Max SendQ exceeded)", l.name, l.address))
	}
	h.drop(l, "Max SendQ exceeded")
}

// drop ends a connection, and with it the link.
func (h *Hub) drop(l *leaf, reason string) {
	if h.leaves[l.wire] == nil {
		return
	}
	delete(h.leaves, l.wire)
	if !l.overflown {
		l.flush()
	}
	l.finish()
	h.summary.LinesSent += l.lines
	h.summary.BytesSent += l.bytes
	h.summary.LinkError = reason
	h.cfg.Log.Info("a leaf is gone", "server", l.name, "address", l.address, "reason", reason)
	if l.sid != "" {
		delete(h.bySID, l.sid)
		h.deliver(h.net.Detach(time.Now(), l.sid, reason))
	}
}

func (h *Hub) closeAll(reason string) {
	h.ended = time.Now()
	for _, l := range h.leaves { // order does not matter: all of them end
		l.say("ERROR :Closing Link: " + l.address + " (" + reason + ")")
		h.drop(l, reason)
	}
}

// look asks leaves that are silent for a sign, and cuts off those that gave none.
func (h *Hub) look(now time.Time) {
	for _, l := range h.leaves { // order does not matter: each leaf on its own
		silent := now.Sub(l.heard)
		switch {
		case silent >= 2*h.cfg.PingEvery || l.sid == "" && silent >= h.cfg.PingEvery:
			if h.cfg.Network.Protocol == Unreal {
				l.say(fmt.Sprintf("ERROR :Closing Link: %s[%s] (Ping timeout: %d seconds)", l.name, l.address, int(silent.Seconds())))
			}
			h.drop(l, "Ping timeout")
		case silent >= h.cfg.PingEvery && !l.pinged:
			l.pinged = true
			l.say("PING :" + h.cfg.Network.Server)
			h.flush(l)
		}
	}
	if h.cfg.OnStatus != nil {
		h.cfg.OnStatus(h.Summary())
	}
}
