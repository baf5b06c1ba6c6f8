package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"strings"

	"robustirc/core/robustsession"
	"robustirc/linkgw"
	"robustirc/linkgw/config"
)

// linkTarget reaches the RobustIRC network as its gateway.
type linkTarget struct {
	mux *robustsession.Mux
	cfg robustsession.GatewayConfig
}

// newLinkTarget makes the client; it connects when needed.
func newLinkTarget(ctx context.Context, t config.Target, log *slog.Logger) (*linkTarget, error) {
	servers, err := discover(ctx, strings.Join(t.Servers, ","))
	if err != nil {
		return nil, err
	}
	tlsConfig, err := clientTLS(t.CA)
	if err != nil {
		return nil, err
	}
	password, err := readSecret(t.PasswordFile)
	if err != nil {
		return nil, err
	}
	return makeLinkTarget(servers, tlsConfig, robustsession.GatewayConfig{Name: t.Gateway, Password: password, Style: robustsession.Style(t.Style)}, log), nil
}

func makeLinkTarget(servers []string, tlsConfig *tls.Config, cfg robustsession.GatewayConfig, log *slog.Logger) *linkTarget {
	return &linkTarget{robustsession.NewMux(robustsession.MuxConfig{Servers: servers, TLS: tlsConfig, Logger: log}), cfg}
}

// Close lets go of the network.
func (t *linkTarget) Close() { t.mux.Close() }

// Open makes us the network's gateway.
func (t *linkTarget) Open(ctx context.Context) (linkgw.TargetLink, error) {
	g, err := t.mux.OpenGateway(ctx, t.cfg)
	var refused *robustsession.Error
	if errors.As(err, &refused) && refused.Status == robustsession.StatusForbidden {
		return nil, &linkgw.RefusedError{Reason: err.Error() + "; compare [target] gateway and password_file with [[Gateways]] in the network's configuration"}
	}
	if err != nil {
		return nil, err
	}
	if t.cfg.Style == robustsession.Sessions {
		return newUserStreams(g), nil
	}
	return gatewayLink{g}, nil
}

// gatewayLink is a link in style firehose.
type gatewayLink struct{ g *robustsession.Gateway }

func (l gatewayLink) Session() uint64 { return l.g.Session() }
func (l gatewayLink) FirstID() uint64 { return robustsession.FirstGatewayLine }
func (l gatewayLink) Close()          { l.g.Close() }

func (l gatewayLink) Post(ctx context.Context, ids []uint64, lines []string) error {
	return l.g.Post(ctx, ids, lines)
}

func (l gatewayLink) KeepAlive(ctx context.Context) error { return l.g.KeepAlive(ctx) }

func (l gatewayLink) Receive(ctx context.Context) ([]linkgw.Output, error) {
	list, err := l.g.Receive(ctx)
	return linkOutputs(list), linkError(err)
}

// linkError says in the gateway's words what ended a stream.
func linkError(err error) error {
	var gap *robustsession.GapError
	switch {
	case errors.As(err, &gap):
		return &linkgw.MissedError{Detail: gap.Error()}
	case errors.Is(err, io.EOF):
		return errors.New("the new network ended the gateway's link")
	}
	return err
}

func linkOutputs(list []robustsession.Output) []linkgw.Output {
	outputs := make([]linkgw.Output, len(list))
	for i := range list {
		o := &list[i]
		outputs[i] = linkgw.Output{Input: o.ID.ID, Reply: uint32(o.ID.Reply), Time: o.Time, Cause: o.Cause, To: recipients(o), Line: o.Line, Final: o.Final}
	}
	return outputs
}

// recipients are To without Skip; To is shared, and copied only where Skip is in it.
func recipients(o *robustsession.Output) []uint64 {
	if o.Skip == 0 {
		return o.To
	}
	var list []uint64
	for id := range o.Recipients() {
		list = append(list, id)
	}
	return list
}
