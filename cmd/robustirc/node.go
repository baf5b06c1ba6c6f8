package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/cobra"

	"robustirc/core/api"
	"robustirc/core/bridge"
	"robustirc/core/ircserver"
	"robustirc/core/node"
)

// nodeStopTime is how long a node may take to stop after its IRC clients were told.
const nodeStopTime = 10 * time.Second

func nodeCommand() *cobra.Command {
	var s nodeSettings
	var file string
	cmd := &cobra.Command{
		Use:   "node",
		Short: "Run one node of a network",
		Long: `Run one node of a network, as a service does.

A new network is started by giving all of its first members the same --bootstrap
list; a node that is added later is given --join. Every flag can stand in a TOML
file instead, named by --config, with "_" in place of "-"; the flag wins.

SIGHUP reads the TLS certificate again. SIGTERM and SIGINT stop in good order:
IRC clients are told, leadership is handed over, then the node stops.`,
		Example: `  robustirc node --config /etc/robustirc/node.toml
  robustirc node --id a --listen :60667 --advertise a.example.net:60667 \
    --tls-cert cert.pem --tls-key key.pem --password-file password \
    --bootstrap a=a.example.net:60667,b=b.example.net:60667,c=c.example.net:60667
  robustirc node --id d --advertise d.example.net:60667 --join a.example.net:60667 \
    --tls-cert cert.pem --tls-key key.pem --password-file password`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.load(cmd, file); err != nil {
				return err
			}
			return runNode(cmd.Context(), &s)
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "TOML file with these settings")
	s.bind(cmd.Flags())
	return cmd
}

// config makes a node's configuration from the operator's settings.
func (s *nodeSettings) config(log *slog.Logger, metrics prometheus.Registerer) (node.Config, error) {
	peers, err := s.peers()
	if err != nil {
		return node.Config{}, err
	}
	password, err := networkPassword(s.PasswordFile)
	if err != nil {
		return node.Config{}, err
	}
	initial := ircserver.DefaultConfig()
	initial.NetworkName = s.NetworkName
	id := s.ID
	if id == "" {
		id = s.Advertise
	}
	return node.Config{
		ID: id, Dir: s.Data, Listen: s.Listen, Advertise: s.Advertise,
		TLS:      node.TLSFiles{Cert: s.TLSCert, Key: s.TLSKey, CA: s.TLSCA},
		Password: password, Bootstrap: peers, Join: s.Join,
		InitialConfig: initial, Version: version(),
		SnapshotThreshold: s.SnapshotEvery, TrailingLogs: s.TrailingLogs,
		Compression: s.Compression, TestCommands: s.TestCommands,
		Logger: log, Registerer: metrics,
	}, nil
}

// runNode runs a node until ctx ends or the node stops by itself.
func runNode(ctx context.Context, s *nodeSettings) error {
	log, err := newLogger(s.LogLevel, s.LogFormat)
	if err != nil {
		return err
	}
	slog.SetDefault(log)
	tuneMemory()
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	cfg, err := s.config(log, metrics)
	if err != nil {
		return err
	}
	n, err := node.Open(cfg)
	if err != nil {
		return fmt.Errorf("starting the node: %w", err)
	}
	r := &runningNode{node: n, log: log, quit: make(chan struct{}), failed: make(chan error, 8)}
	r.serveHTTP(cfg.Password, metrics)
	if err := r.serveIRC(s, cfg, metrics); err != nil {
		return errors.Join(err, r.stop())
	}
	log.Info("node started", "id", cfg.ID, "address", n.Status().Addr)
	err = r.wait(ctx)
	return errors.Join(err, r.stop())
}

// runningNode is a node with everything that serves it in this process.
type runningNode struct {
	node   *node.Node
	api    *api.API
	http   *http.Server
	irc    *bridge.Server // nil when no listener is configured
	cert   *reloadingCertificate
	log    *slog.Logger
	work   sync.WaitGroup
	failed chan error    // a listener's
	quit   chan struct{} // closed by POST /quit
	once   sync.Once
}

func (r *runningNode) serveHTTP(password string, metrics *prometheus.Registry) {
	r.api = api.New(api.Options{
		Node: r.node, Password: password, Gate: r.node.PasswordGate(), Quit: func() { r.once.Do(func() { close(r.quit) }) },
		Registerer: metrics, Gatherer: metrics, Logger: r.log,
	})
	r.http = api.Server(r.api, r.log)
	r.work.Go(func() {
		if err := r.http.Serve(r.node.HTTPListener()); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			r.failed <- fmt.Errorf("serving HTTP: %w", err)
		}
	})
}

// serveIRC opens the plain IRC listeners.
func (r *runningNode) serveIRC(s *nodeSettings, cfg node.Config, metrics prometheus.Registerer) error {
	if len(s.IRCListen)+len(s.IRCTLSListen) == 0 {
		return nil
	}
	network := nodeNetwork{r.node}
	r.irc = bridge.New(bridge.Config{Network: network, Throttled: network.throttled, ServerName: s.NetworkName, Log: r.log})
	registerBridgeMetrics(metrics, r.irc)
	if err := listenIRC(s.IRCListen, nil, r.irc, &r.work, r.failed); err != nil || len(s.IRCTLSListen) == 0 {
		return err
	}
	var err error
	if r.cert, err = loadCertificate(cfg.TLS.Cert, cfg.TLS.Key); err != nil {
		return err
	}
	return listenIRC(s.IRCTLSListen, r.cert.serverConfig(), r.irc, &r.work, r.failed)
}

// wait returns when the node is to stop; an error means that it must. A node that has taken itself out of service goes
// on: its status says why, and it still keeps the log for the others.
func (r *runningNode) wait(ctx context.Context) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-hangup:
			r.reload()
		case <-ctx.Done():
			return nil
		case <-r.quit:
			return nil
		case err := <-r.failed:
			return err
		}
	}
}

// reload reads the certificates again.
func (r *runningNode) reload() {
	err := r.node.ReloadTLS()
	if r.cert != nil {
		err = errors.Join(err, r.cert.reload())
	}
	if err != nil {
		r.log.Error("the TLS certificate was not reloaded; the old one stays", "error", err)
		return
	}
	r.log.Info("the TLS certificate was reloaded")
}

// stop tells the IRC clients, hands over leadership, and stops.
func (r *runningNode) stop() error {
	var errs []error
	if r.irc != nil {
		ctx, cancel := context.WithTimeout(context.Background(), ircStopTime)
		errs = append(errs, r.irc.Shutdown(ctx, "Server shutting down"))
		cancel()
	}
	ctx, cancel := context.WithTimeout(context.Background(), nodeStopTime)
	defer cancel()
	errs = append(errs, r.node.Shutdown(ctx))
	r.api.Close()
	r.http.Close()
	r.work.Wait()
	return errors.Join(errs...)
}
