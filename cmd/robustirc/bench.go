package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"robustirc/cmd/robustirc/bench"
	"robustirc/core/robustsession"
)

// benchSettings are the flags of bench that are not fields of bench.Config.
type benchSettings struct {
	irc         []string
	network, ca string
	protocol    string
	mode        string
	data        string
	signal      string
	asJSON      bool
}

func benchCommand() *cobra.Command {
	var s benchSettings
	var cfg bench.Config
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Load a network and check that every message arrives exactly once",
		Long: `Load any IRC server (--irc) or a RobustSession network (--network) with many sessions,
and check that every message arrives exactly once and in order.

Modes: saturate keeps --window messages of every sender in flight; rate sends --rate
messages per second over all senders; idle sends nothing and shows the memory.
Exit code 1 when something was lost, doubled or disconnected.`,
		Example: `  robustirc bench --irc 127.0.0.1:6667 --sessions 50 --channel-size 5 --window 32 --data robustirc-data
  robustirc bench --network localhost:13001,localhost:13002,localhost:13003 \
    --tls-ca robustirc-data/tls/ca.pem --protocol http --sessions 500 --window 1 --json
  robustirc bench --irc 127.0.0.1:6667 --sessions 2 --channel-size 2 --senders 1 \
    --mode rate --rate 20 --duration 10s --kill-pid 4711   # gap while a node dies`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg.Progress = cmd.ErrOrStderr()
			return runBench(cmd, &s, cfg)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&s.irc, "irc", nil, "addresses of an IRC server; sessions take them in turn")
	f.StringVar(&s.network, "network", "", "RobustSession network: host:port,host:port or a domain")
	f.StringVar(&s.ca, "tls-ca", "", "file with the authorities that signed the nodes' certificates")
	f.StringVar(&s.protocol, "protocol", "mux", "of --network: mux, http (HTTP/1.1, two connections per session like the stock bridge) or h2")
	f.StringVar(&s.mode, "mode", "saturate", "saturate, rate or idle")
	f.StringVar(&s.data, "data", "", "data directory of robustirc dev: report its node processes")
	f.IntVar(&cfg.Sessions, "sessions", 50, "sessions")
	f.IntVar(&cfg.Idle, "idle", 0, "further sessions that join nothing and say nothing")
	f.IntVar(&cfg.ChannelSize, "channel-size", 5, "sessions per channel; 0: they join none")
	f.IntVar(&cfg.Senders, "senders", 1<<30, "sessions that talk, spread evenly (default: all)")
	f.IntVar(&cfg.Window, "window", 1, "messages in flight per sender (saturate)")
	f.Float64Var(&cfg.Rate, "rate", 20, "messages per second over all senders (rate)")
	f.IntVar(&cfg.Size, "size", 100, "bytes of text per message")
	f.DurationVar(&cfg.Warmup, "warmup", time.Second, "time before measuring")
	f.DurationVar(&cfg.Duration, "duration", 5*time.Second, "time of measuring")
	f.DurationVar(&cfg.Drain, "drain", 20*time.Second, "silence after which missing messages count as lost")
	f.IntVar(&cfg.Parallel, "parallel", 20, "sessions set up at a time")
	f.IntSliceVar(&cfg.PIDs, "pids", nil, "processes whose CPU time and memory to report")
	f.IntVar(&cfg.KillPID, "kill-pid", 0, "process to signal while measuring")
	f.StringVar(&s.signal, "kill-signal", "KILL", "KILL, TERM, STOP or CONT")
	f.DurationVar(&cfg.KillAfter, "kill-after", 2*time.Second, "when to signal it")
	f.BoolVar(&s.asJSON, "json", false, "print JSON, durations in nanoseconds")
	return cmd
}

func runBench(cmd *cobra.Command, s *benchSettings, cfg bench.Config) error {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	tuneMemory()
	done, err := s.complete(cmd.Context(), &cfg)
	if err != nil {
		return err
	}
	defer done()
	res, err := bench.Run(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	print := res.Table
	if s.asJSON {
		print = res.JSON
	}
	if err := print(cmd.OutOrStdout()); err != nil {
		return err
	}
	if !res.OK() {
		return errors.New("messages were lost or doubled, or sessions disconnected")
	}
	return nil
}

// complete fills in what needs work, and returns how to undo it.
func (s *benchSettings) complete(ctx context.Context, cfg *bench.Config) (done func(), err error) {
	cfg.Mode = bench.Mode(s.mode)
	if cfg.Mode != bench.Saturate && cfg.Mode != bench.Rate && cfg.Mode != bench.Idle {
		return nil, usageError{errors.New("--mode is saturate, rate or idle")}
	}
	if cfg.Sessions < 1 || cfg.Idle < 0 || cfg.Window < 1 || cfg.Rate <= 0 {
		return nil, usageError{errors.New("--sessions, --window and --rate must be positive")}
	}
	var ok bool
	if cfg.Signal, ok = map[string]syscall.Signal{"KILL": syscall.SIGKILL, "TERM": syscall.SIGTERM, "STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT}[s.signal]; !ok {
		return nil, usageError{errors.New("--kill-signal is KILL, TERM, STOP or CONT")}
	}
	if s.data != "" {
		pids, err := readPIDs(s.data)
		if err != nil {
			return nil, err
		}
		cfg.PIDs = append(cfg.PIDs, pids...)
	}
	switch {
	case len(s.irc) > 0 && s.network == "":
		cfg.Dial = bench.DialIRC(s.irc)
		return func() {}, nil
	case len(s.irc) == 0 && s.network != "":
		return s.dialNetwork(ctx, cfg)
	}
	return nil, usageError{errors.New("give either --irc or --network")}
}

func (s *benchSettings) dialNetwork(ctx context.Context, cfg *bench.Config) (func(), error) {
	servers, err := discover(ctx, s.network)
	if err != nil {
		return nil, err
	}
	tlsConfig, err := clientTLS(s.ca)
	if err != nil {
		return nil, err
	}
	switch s.protocol {
	case "mux":
		m := robustsession.NewMux(robustsession.MuxConfig{Servers: servers, TLS: tlsConfig})
		cfg.Dial = bench.DialRobust([]bench.Creator{m})
		return m.Close, nil
	case "http", "h2":
		c := robustsession.NewClient(robustsession.ClientConfig{Servers: servers, TLS: tlsConfig, HTTP1: s.protocol == "http"})
		cfg.Dial = bench.DialRobust([]bench.Creator{c})
		return c.Close, nil
	}
	return nil, usageError{fmt.Errorf("--protocol is mux, http or h2")}
}
