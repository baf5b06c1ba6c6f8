package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"robustirc/core/bridge"
	"robustirc/core/robustsession"
)

// bridgeSettings are the flags of bridge.
type bridgeSettings struct {
	network, ca        string
	listen, listenTLS  []string
	cert, key, authKey string
	protocol           string
	logLevel, logFmt   string
	unthrottled        bool
	limits             bridge.Config
}

func bridgeCommand() *cobra.Command {
	var s bridgeSettings
	cmd := &cobra.Command{
		Use:   "bridge",
		Short: "Serve plain IRC, with or without TLS, in front of a remote network",
		Long: `Serve plain IRC, with or without TLS, in front of a remote network. Clients notice
nothing when any node of the network dies.

SIGHUP reads the TLS certificate again. SIGTERM and SIGINT end all sessions and
tell every client.`,
		Example: `  robustirc bridge --network robustirc.example.net
  robustirc bridge --network localhost:13001,localhost:13002,localhost:13003 \
    --tls-ca robustirc-data/tls/ca.pem --listen localhost:6668
  robustirc bridge --network robustirc.example.net --listen= --listen-tls :6697 \
    --tls-cert cert.pem --tls-key key.pem --bridge-auth-file bridge-key`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return runBridge(cmd.Context(), &s) },
	}
	f := cmd.Flags()
	f.StringVar(&s.network, "network", "", "nodes as host:port,host:port, or a domain with SRV records _robustirc._tcp (required)")
	f.StringVar(&s.ca, "tls-ca", "", "file with the authorities that signed the nodes' certificates (default: the system's)")
	f.StringSliceVar(&s.listen, "listen", []string{"localhost:6667"}, "addresses to serve plain IRC on")
	f.StringSliceVar(&s.listenTLS, "listen-tls", nil, "addresses to serve IRC over TLS on")
	f.StringVar(&s.cert, "tls-cert", "", "certificate of --listen-tls, PEM")
	f.StringVar(&s.key, "tls-key", "", "key of --listen-tls, PEM")
	f.StringVar(&s.authKey, "bridge-auth-file", "", "file with the key that makes the network trust the addresses this bridge reports (TrustedBridges)")
	f.StringVar(&s.protocol, "protocol", "mux", "mux, or http for networks that speak only RobustSession version 1")
	f.IntVar(&s.limits.MaxConns, "max-connections", bridge.Default.MaxConns, "connections at a time; negative: unlimited")
	f.IntVar(&s.limits.MaxPerIP, "max-per-ip", bridge.Default.MaxPerIP, "connections of one address (IPv6: /64) at a time, loopback excepted; negative: unlimited")
	f.BoolVar(&s.unthrottled, "unthrottled", false, "the network does not throttle: slow clients down that are far ahead of it, instead of closing them for flooding")
	f.StringVar(&s.logLevel, "log-level", "info", "debug, info, warn or error")
	f.StringVar(&s.logFmt, "log-format", "text", "text or json")
	return cmd
}

func runBridge(ctx context.Context, s *bridgeSettings) error {
	log, err := newLogger(s.logLevel, s.logFmt)
	if err != nil {
		return err
	}
	slog.SetDefault(log)
	tuneMemory()
	network, closeNetwork, err := s.connect(ctx, log)
	if err != nil {
		return err
	}
	defer closeNetwork()
	cfg := s.limits
	cfg.Network, cfg.Log = bridge.Remote(network), log
	cfg.Throttled = func() bool { return !s.unthrottled }
	srv := bridge.New(cfg)
	var work sync.WaitGroup
	defer work.Wait()
	failed := make(chan error, len(s.listen)+len(s.listenTLS))
	reload, err := s.open(srv, &work, failed)
	if err == nil {
		log.Info("bridge started", "listen", s.listen, "listen_tls", s.listenTLS)
		err = awaitStop(ctx, failed, reload)
	}
	stopCtx, cancel := context.WithTimeout(context.Background(), ircStopTime)
	defer cancel()
	return errors.Join(err, srv.Shutdown(stopCtx, "Bridge shutting down"))
}

// connect makes the client of the remote network.
func (s *bridgeSettings) connect(ctx context.Context, log *slog.Logger) (bridge.Creator, func(), error) {
	servers, err := discover(ctx, s.network)
	if err != nil {
		return nil, nil, err
	}
	tlsConfig, err := clientTLS(s.ca)
	if err != nil {
		return nil, nil, err
	}
	key := ""
	if s.authKey != "" {
		if key, err = readSecret(s.authKey); err != nil {
			return nil, nil, err
		}
	}
	switch s.protocol {
	case "mux":
		m := robustsession.NewMux(robustsession.MuxConfig{Servers: servers, BridgeKey: key, TLS: tlsConfig, Logger: log})
		return m, m.Close, nil
	case "http":
		c := robustsession.NewClient(robustsession.ClientConfig{Servers: servers, BridgeKey: key, TLS: tlsConfig, Logger: log})
		return c, c.Close, nil
	}
	return nil, nil, usageError{errors.New("--protocol is mux or http")}
}

// open opens the listeners, and returns how to reload their certificate.
func (s *bridgeSettings) open(srv *bridge.Server, work *sync.WaitGroup, failed chan<- error) (reload func() error, err error) {
	reload = func() error { return nil }
	if err := listenIRC(s.listen, nil, srv, work, failed); err != nil || len(s.listenTLS) == 0 {
		return reload, err
	}
	cert, err := loadCertificate(s.cert, s.key)
	if err != nil {
		return nil, err
	}
	return cert.reload, listenIRC(s.listenTLS, cert.serverConfig(), srv, work, failed)
}

// awaitStop returns when ctx ends or a listener fails, and reloads on SIGHUP.
func awaitStop(ctx context.Context, failed <-chan error, reload func() error) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-hangup:
			if err := reload(); err != nil {
				slog.Error("the TLS certificate was not reloaded; the old one stays", "error", err)
			}
		case err := <-failed:
			return err
		case <-ctx.Done():
			return nil
		}
	}
}
