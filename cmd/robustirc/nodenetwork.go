package main

import (
	"context"
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"robustirc/core/bridge"
	"robustirc/core/ircserver"
	"robustirc/core/node"
	"robustirc/core/outputstream"
)

// nodeNetwork is the bridge's network when it runs inside a node: no encoding and no connection in between.
type nodeNetwork struct{ node *node.Node }

func (n nodeNetwork) Create(ctx context.Context, client bridge.Client) (bridge.Session, error) {
	created, err := n.node.Create(ctx, node.CreateRequest{Remote: client.Remote, TLS: client.TLS, Challenge: true})
	switch {
	case errors.Is(err, node.ErrBanned):
		return nil, &bridge.Refusal{Reason: "You are banned from this network"}
	case errors.Is(err, node.ErrTooManySessions):
		return nil, &bridge.Refusal{Reason: "This network is full"}
	case errors.Is(err, node.ErrTooManyNew):
		return nil, &bridge.Refusal{Reason: "Too many new connections from your address; try again later"}
	case err != nil:
		return nil, err
	}
	reader, err := n.node.Stream(ctx, created.Session, ircserver.OutputID{})
	if err != nil {
		return nil, err
	}
	return &nodeSession{node: n.node, id: created.Session, prefix: created.Prefix, reader: reader}, nil
}

// throttled reports whether the network throttles sessions.
func (n nodeNetwork) throttled() bool { return n.node.NetworkConfig().PostMessageCooloff > 0 }

type nodeSession struct {
	node   *node.Node
	id     ircserver.SessionID
	prefix string
	reader *outputstream.Reader
	last   uint64 // the number of the last line; there is one Post at a time
}

func (s *nodeSession) Prefix() string { return s.prefix }

func (s *nodeSession) Post(ctx context.Context, lines []string) error {
	batch := make([]node.Line, len(lines))
	for i, l := range lines {
		s.last++
		batch[i] = node.Line{ID: s.last | ircserver.SequentialID, Text: l}
	}
	err := s.node.Post(ctx, s.id, "", batch)
	if errors.Is(err, node.ErrNoSession) || errors.Is(err, node.ErrFlood) || errors.Is(err, node.ErrBanned) {
		return bridge.ErrSessionEnded
	}
	return err
}

func (s *nodeSession) Receive(ctx context.Context) (bridge.Lines, error) {
	items, err := s.reader.Next(ctx)
	if errors.Is(err, outputstream.ErrGap) {
		err = bridge.ErrBehind
	}
	return nodeLines(items), err
}

type nodeLines []outputstream.Item

func (l nodeLines) Len() int { return len(l) }

func (l nodeLines) AppendLine(dst []byte, i int) []byte { return l[i].AppendFor(dst, l[i].Caps) }

func (s *nodeSession) Delete(ctx context.Context, quit string) error {
	return s.node.Delete(ctx, s.id, quit)
}

func (s *nodeSession) Close() { s.reader.Close() }

// registerBridgeMetrics exports a bridge's counters.
func registerBridgeMetrics(r prometheus.Registerer, srv *bridge.Server) {
	stat := func(pick func(bridge.Stats) float64) func() float64 {
		return func() float64 { return pick(srv.Stats()) }
	}
	gauge := func(name, help string, pick func(bridge.Stats) float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, stat(pick)))
	}
	counter := func(name, help string, pick func(bridge.Stats) float64) {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, stat(pick)))
	}
	gauge("irc_listener_connections", "IRC connections open.", func(s bridge.Stats) float64 { return float64(s.Conns) })
	gauge("irc_listener_pending_connections", "IRC connections that have not sent a line yet.", func(s bridge.Stats) float64 { return float64(s.Pending) })
	counter("irc_listener_accepted_connections_total", "IRC connections accepted.", func(s bridge.Stats) float64 { return float64(s.Accepted) })
	counter("irc_listener_refused_connections_total", "IRC connections refused for a limit.", func(s bridge.Stats) float64 { return float64(s.Refused) })
	counter("irc_listener_closed_connections_total", "IRC connections closed for flood, silence or slow reading.", func(s bridge.Stats) float64 { return float64(s.Closed) })
	counter("irc_listener_lines_received_total", "Lines received from IRC clients.", func(s bridge.Stats) float64 { return float64(s.LinesIn) })
	counter("irc_listener_lines_sent_total", "Lines sent to IRC clients.", func(s bridge.Stats) float64 { return float64(s.LinesOut) })
	counter("irc_listener_sent_bytes_total", "Bytes sent to IRC clients.", func(s bridge.Stats) float64 { return float64(s.BytesOut) })
}
