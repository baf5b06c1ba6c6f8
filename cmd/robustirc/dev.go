package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"robustirc/core/api"
	"robustirc/core/bridge"
	"robustirc/core/robustsession"
)

// devSettings are the flags of dev.
type devSettings struct {
	Data        string
	Port        int
	IRC         string
	NodeIRCPort int
	Nodes       int
	NetworkName string
	Unthrottled bool
	LogLevel    string
	// Test settings, passed to the nodes.
	testCommands      bool
	snapshotThreshold uint64
	trailingLogs      uint64
}

func devCommand() *cobra.Command {
	var s devSettings
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run a whole network of three nodes on this machine",
		Long: `Run a whole network on this machine: three node processes with certificates and a
password made for it, and a bridge that serves plain IRC.

Kill any node, as often as you like: it is started again, and no client notices.
Ctrl-C stops everything in good order; started again, the network continues.`,
		Example: `  robustirc dev
  robustirc dev --data /tmp/net --port 14001 --irc 127.0.0.1:6668
  robustirc dev --unthrottled --node-irc-port 6670   # for benchmarks`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runDev(cmd.Context(), &s, newPrinter(cmd.OutOrStdout()))
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.Data, "data", "robustirc-data", "directory of the network's data, certificates, password and logs")
	f.IntVar(&s.Port, "port", 13001, "port of the first node; the others have the next ones")
	f.StringVar(&s.IRC, "irc", "127.0.0.1:6667", "address of the plain IRC port, which survives any node")
	f.IntVar(&s.NodeIRCPort, "node-irc-port", 0, "let the nodes serve plain IRC too, on this port and the next ones")
	f.IntVar(&s.Nodes, "nodes", 3, "how many nodes to run")
	f.StringVar(&s.NetworkName, "network-name", "robustirc.localhost", "name of a new network, which is also its server's name")
	f.BoolVar(&s.Unthrottled, "unthrottled", false, "do not throttle sessions, for benchmarks")
	f.StringVar(&s.LogLevel, "log-level", "info", "of the nodes, whose logs are in the data directory")
	f.BoolVar(&s.testCommands, "test-commands", false, "enable the command that makes the machine panic (tests only)")
	f.Uint64Var(&s.snapshotThreshold, "snapshot-threshold", 0, "passed to the nodes")
	f.Uint64Var(&s.trailingLogs, "trailing-logs", 0, "passed to the nodes")
	for _, hidden := range []string{"test-commands", "snapshot-threshold", "trailing-logs"} {
		_ = f.MarkHidden(hidden) // exists
	}
	return cmd
}

// devNetwork is a running dev network.
type devNetwork struct {
	settings     *devSettings
	out          *printer
	certs        certificates
	passwordFile string
	password     string
	nodes        []*devNode
	work         sync.WaitGroup
}

// devNode is one node process.
type devNode struct {
	id, addr string
	process  process
	stop     context.CancelFunc
	ended    chan struct{}
}

// runDev runs the network until ctx ends.
func runDev(ctx context.Context, s *devSettings, out *printer) error {
	d, err := prepareDev(s, out)
	if err != nil {
		return err
	}
	irc, err := net.Listen("tcp", s.IRC)
	if err != nil {
		return usageError{fmt.Errorf("listening for IRC clients: %w; choose another address with --irc", err)}
	}
	defer irc.Close()
	for _, n := range d.nodes {
		d.start(n)
	}
	defer d.work.Wait()
	err = d.run(ctx, irc)
	d.stopNodes()
	return err
}

// run serves IRC once the network is ready, and stops the bridge when ctx ends.
func (d *devNetwork) run(ctx context.Context, irc net.Listener) error {
	admin, err := newAdminClient(d.servers(), d.certs.CA, d.password)
	if err != nil {
		return err
	}
	d.out.say("starting %d nodes in %s …", len(d.nodes), d.settings.Data)
	if err := admin.awaitReady(ctx, time.Minute); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("the network did not start: %w; the logs are %s", err, filepath.Join(d.settings.Data, "*.log"))
	}
	if d.settings.Unthrottled {
		if err := admin.editConfig(ctx, map[string]any{"PostMessageCooloff": "0s"}); err != nil {
			return fmt.Errorf("switching throttling off: %w", err)
		}
	}
	return d.serveIRC(ctx, irc)
}

func (d *devNetwork) serveIRC(ctx context.Context, irc net.Listener) error {
	tlsConfig, err := clientTLS(d.certs.CA)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	mux := robustsession.NewMux(robustsession.MuxConfig{
		Servers: d.servers(), BridgeKey: api.BridgeKey(d.password), TLS: tlsConfig, Logger: log,
	})
	defer mux.Close()
	srv := bridge.New(bridge.Config{
		Network: bridge.Remote(mux), Throttled: func() bool { return !d.settings.Unthrottled }, Log: log,
	})
	served := make(chan error, 1)
	go func() { served <- srv.Serve(irc, nil) }()
	d.announce()
	<-ctx.Done()
	d.out.say("stopping …")
	stopCtx, cancel := context.WithTimeout(context.Background(), ircStopTime)
	defer cancel()
	return errors.Join(srv.Shutdown(stopCtx, "Server shutting down"), <-served)
}

// announce says where everything is.
func (d *devNetwork) announce() {
	d.out.say("\nThe network is up. Plain IRC:   irssi -c %s -p %s", hostOf(d.settings.IRC), portOf(d.settings.IRC))
	if d.settings.NodeIRCPort > 0 {
		for i, n := range d.nodes {
			d.out.say("Plain IRC at %s:   127.0.0.1:%d (its clients are cut when it dies)", n.id, d.settings.NodeIRCPort+i)
		}
	}
	for _, n := range d.nodes {
		d.out.say("Status of %s:   https://%s/   user robustirc, password in %s", n.id, n.addr, d.passwordFile)
	}
	d.out.say("Authority:   %s", d.certs.CA)
	d.out.say("Stock bridge:   robustirc-bridge -network %s -tls_ca_file %s -listen localhost:7777 -motd_path= ",
		strings.Join(d.servers(), ","), d.certs.CA)
	d.out.say("Processes:   %s   (kill -9 any of them)\n\nCtrl-C stops the network.", filepath.Join(d.settings.Data, "*.pid"))
}

func hostOf(addr string) string { h, _, _ := net.SplitHostPort(addr); return h }
func portOf(addr string) string { _, p, _ := net.SplitHostPort(addr); return p }

func (d *devNetwork) servers() []string {
	var list []string
	for _, n := range d.nodes {
		list = append(list, n.addr)
	}
	return list
}

// prepareDev makes what is missing in the data directory.
func prepareDev(s *devSettings, out *printer) (*devNetwork, error) {
	if s.Nodes < 1 {
		return nil, usageError{errors.New("a network needs at least one node")}
	}
	dir, err := filepath.Abs(s.Data)
	if err != nil {
		return nil, err
	}
	s.Data = dir
	d := &devNetwork{settings: s, out: out, passwordFile: filepath.Join(dir, "password")}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the data directory: %w", err)
	}
	if d.certs, err = ensureCertificates(filepath.Join(dir, "tls"), time.Now()); err != nil {
		return nil, err
	}
	if d.password, err = ensurePassword(d.passwordFile); err != nil {
		return nil, err
	}
	for i := range s.Nodes {
		d.nodes = append(d.nodes, d.node(i))
	}
	for i, n := range d.nodes {
		if err := d.writeSettings(i, n); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func ensurePassword(file string) (string, error) {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		var b [16]byte
		_, _ = rand.Read(b[:]) // never fails (crypto/rand)
		if err := os.WriteFile(file, []byte(hex.EncodeToString(b[:])+"\n"), 0o600); err != nil {
			return "", fmt.Errorf("making the network password: %w", err)
		}
	}
	return readSecret(file)
}

func (d *devNetwork) node(i int) *devNode {
	id := fmt.Sprintf("node%d", i+1)
	dir := d.settings.Data
	ctx, cancel := context.WithCancel(context.Background())
	n := &devNode{id: id, addr: fmt.Sprintf("localhost:%d", d.settings.Port+i), stop: cancel, ended: make(chan struct{})}
	n.process = process{
		name: id, args: []string{"node", "--config", filepath.Join(dir, id+".toml")},
		pidFile: filepath.Join(dir, id+".pid"), logFile: filepath.Join(dir, id+".log"), say: d.out.say,
	}
	n.process.ctx = ctx
	return n
}

// writeSettings writes a node's settings, which also show how a network is set up by hand.
func (d *devNetwork) writeSettings(i int, n *devNode) error {
	s := d.settings
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# Written by robustirc dev at every start.")
	line("id = %q", n.id)
	line("data = %q", filepath.Join(s.Data, n.id))
	line("listen = %q", fmt.Sprintf("127.0.0.1:%d", s.Port+i))
	line("advertise = %q", n.addr)
	line("tls_cert = %q", d.certs.Cert)
	line("tls_key = %q", d.certs.Key)
	line("tls_ca = %q", d.certs.CA)
	line("password_file = %q", d.passwordFile)
	var members []string
	for _, m := range d.nodes {
		members = append(members, fmt.Sprintf("%q", m.id+"="+m.addr))
	}
	line("bootstrap = [%s]", strings.Join(members, ", "))
	line("network_name = %q", s.NetworkName)
	line("log_level = %q", s.LogLevel)
	line("test_commands = %v", s.testCommands)
	line("snapshot_threshold = %d", s.snapshotThreshold)
	line("trailing_logs = %d", s.trailingLogs)
	if s.NodeIRCPort > 0 {
		line("irc_listen = [%q]", fmt.Sprintf("127.0.0.1:%d", s.NodeIRCPort+i))
	}
	if err := os.WriteFile(filepath.Join(s.Data, n.id+".toml"), []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("writing a node's settings: %w", err)
	}
	return nil
}

func (d *devNetwork) start(n *devNode) {
	d.work.Go(func() {
		defer close(n.ended)
		n.process.supervise()
	})
}

// stopNodes stops the followers, then the leader: so no election happens on the way.
func (d *devNetwork) stopNodes() {
	leader := ""
	if admin, err := newAdminClient(d.servers(), d.certs.CA, d.password); err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		leader, _ = admin.leader(ctx) // without one the order does not matter
		cancel()
	}
	for _, leaders := range []bool{false, true} {
		var waits []chan struct{}
		for _, n := range d.nodes {
			if (n.addr == leader) == leaders {
				n.stop()
				waits = append(waits, n.ended)
			}
		}
		for _, w := range waits {
			<-w
		}
	}
}
