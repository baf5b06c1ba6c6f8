package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"robustirc/s2s"
	"robustirc/s2s/fakenet"
)

// fakenetSettings are the flags of fakenet.
type fakenetSettings struct {
	net            fakenet.Config
	protocol, sid  string
	listen, link   string
	sendFile       string // password we send
	acceptFile     string // password we want
	peer           string
	cert, key, ca  string
	duration       time.Duration
	sendQ          int64
	truth          string
	replay         string
	speed          float64
	asJSON, silent bool
}

func fakenetCommand() *cobra.Command {
	s := fakenetSettings{net: fakenet.Config{Start: time.Now()}}
	cmd := &cobra.Command{
		Use:   "fakenet --protocol ts6|hybrid|unreal (--listen ADDRESS | --link ADDRESS)",
		Short: "Play an existing IRC network for a link: demo, tests, load",
		Long: `Play an existing IRC network: users, channels, services and servers that come, talk,
split and go, told to whoever links to it as a leaf (--listen), or brought along as the
leaf of a real hub (--link). The same --seed gives the same network and traffic.

As a hub it tells what real hubs tell: the text of a channel only where the leaf has a
member (UnrealIRCd: or by --broadcast). Traffic begins with the first leaf's end of burst.
What a leaf says and an observer must never say is counted as a violation.

With --replay a recorded link is played instead, at --speed times the recorded pace.

Passwords are read from files; without them both are "fakenet".

Exit code 1 when a leaf broke the rules of an observer, a line of it could not be read, or
the hub refused the link.`,
		Example: `  robustirc fakenet --protocol ts6 --listen 127.0.0.1:6900 --users 5000 --channels 2000 --rate 50
  robustirc fakenet --protocol unreal --listen :6900 --users 50000 --broadcast always --duration 5m --json
  robustirc fakenet --protocol hybrid --link 127.0.0.1:6667 --server load.example.net --sid 9LD \
    --users 5000 --send-password-file out --accept-password-file in
  robustirc fakenet --protocol ts6 --listen :6900 --replay capture.txt --speed 0`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.run(cmd) },
	}
	s.addFlags(cmd)
	return cmd
}

func (s *fakenetSettings) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.protocol, "protocol", "ts6", "ts6 (as solanum), hybrid (TS6 as ircd-hybrid) or unreal (UnrealIRCd 6)")
	f.StringVar(&s.listen, "listen", "", "be the hub: address to wait for leaves at")
	f.StringVar(&s.link, "link", "", "be a leaf: address of the hub to link to")
	f.IntVar(&s.net.Users, "users", 1000, "people")
	f.IntVar(&s.net.Channels, "channels", 200, "channels")
	f.IntVar(&s.net.Servers, "servers", 4, "servers, without services (hub only)")
	f.Float64Var(&s.net.Rate, "rate", 20, "what people do, a second; 0 is nothing")
	f.Uint64Var(&s.net.Seed, "seed", 1, "of everything that is left to chance")
	f.StringVar(&s.net.Scenario, "scenario", "mixed", "mix of traffic: "+strings.Join(fakenet.Scenarios(), ", "))
	f.StringVar(&s.net.Broadcast, "broadcast", fakenet.BroadcastAuto, "channel text of UnrealIRCd: auto (to members and of +H channels) or always")
	f.StringVar(&s.net.Server, "server", "", "our server name (default hub.example.net, as a leaf load.example.net)")
	f.StringVar(&s.sid, "sid", "", "our server id (default 00A, as a leaf 9LD)")
	f.StringVar(&s.net.Network, "network", "ExampleNet", "name of the network")
	f.StringVar(&s.peer, "peer", "", "server name that the hub must have (--link)")
	f.StringVar(&s.sendFile, "send-password-file", "", "file with the password to send")
	f.StringVar(&s.acceptFile, "accept-password-file", "", "file with the password to accept")
	f.StringVar(&s.acceptFile, "password-file", "", "file with the password of both directions")
	f.StringVar(&s.cert, "tls-cert", "", "certificate of --listen, PEM; makes it TLS")
	f.StringVar(&s.key, "tls-key", "", "key of --listen, PEM")
	f.StringVar(&s.ca, "tls-ca", "", "file with the authorities that signed the certificate of --link; makes it TLS")
	f.Int64Var(&s.sendQ, "sendq", 64<<20, "bytes that may wait for a leaf before it is cut off")
	f.DurationVar(&s.duration, "duration", 0, "end after so much traffic; 0 is never")
	f.StringVar(&s.truth, "truth", "", "file for what happens and who must see it, as JSON lines (--listen)")
	f.StringVar(&s.replay, "replay", "", "play this recorded link instead (--listen)")
	f.Float64Var(&s.speed, "speed", 1, "of --replay; 0 is at once")
	f.BoolVar(&s.asJSON, "json", false, "print a summary as JSON at the end")
	f.BoolVar(&s.silent, "quiet", false, "no status line")
}

func (s *fakenetSettings) run(cmd *cobra.Command) error {
	s.net.Protocol, s.net.SID = fakenet.Protocol(s.protocol), s2s.SID(s.sid)
	idle := s.net.Rate == 0
	if idle {
		s.net.Rate = idleRate
	}
	send, accept, err := s.passwords(cmd.Flags().Changed("password-file"))
	switch {
	case err != nil:
		return err
	case (s.listen == "") == (s.link == ""):
		return usageError{errors.New("say either --listen ADDRESS, to be a hub, or --link ADDRESS, to be a leaf")}
	case s.replay != "" && s.link != "":
		return usageError{errors.New("a recording is played as the hub: use --replay with --listen")}
	case s.replay != "":
		return s.runReplay(cmd)
	case s.link != "":
		return s.runLeaf(cmd, send, accept, !idle)
	}
	return s.runHub(cmd, send, accept)
}

// idleRate is so low that nothing happens.
const idleRate = 1e-6

// passwords reads the passwords to send and to accept.
func (s *fakenetSettings) passwords(both bool) (send, accept string, err error) {
	const standard = "fakenet"
	send, accept = standard, standard
	if s.acceptFile != "" {
		if accept, err = readSecret(s.acceptFile); err != nil {
			return "", "", err
		}
	}
	switch {
	case s.sendFile != "":
		send, err = readSecret(s.sendFile)
	case both:
		send = accept
	}
	return send, accept, err
}

func (s *fakenetSettings) runHub(cmd *cobra.Command, send, accept string) error {
	cfg := fakenet.HubConfig{Network: s.net, SendPassword: send, AcceptPassword: accept, SendQ: s.sendQ, Duration: s.duration, Log: slog.Default()}
	if s.truth != "" {
		file, err := os.Create(s.truth)
		if err != nil {
			return fmt.Errorf("writing the truth: %w", err)
		}
		defer file.Close()
		cfg.Network.Truth = true
		enc := json.NewEncoder(file)
		cfg.OnHappening = func(h fakenet.Happening) {
			if err := enc.Encode(h); err != nil {
				slog.Error("the truth cannot be written", "file", s.truth, "error", err)
			}
		}
	}
	out := cmd.ErrOrStderr()
	if !s.silent {
		cfg.OnStatus = func(x fakenet.Summary) {
			fmt.Fprintf(out, "%d links  %d users  %d channels  %d servers  %d happenings (%.0f/s)  %d lines sent  %d violations\n",
				x.Links, x.Stats.Users, x.Stats.Channels, x.Stats.Servers, x.Stats.Happenings, x.Rate, x.LinesSent, x.Stats.Violations)
		}
	}
	hub, err := fakenet.NewHub(cfg)
	if err != nil {
		return usageError{err}
	}
	ln, err := s.listener()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s speaks %s at %s; leaves link with any name and id that are free\n", hub.Name(), s.protocol, ln.Addr())
	if err := hub.Serve(cmd.Context(), ln); err != nil {
		return err
	}
	sum := hub.Summary()
	if err := s.print(cmd.OutOrStdout(), sum); err != nil {
		return err
	}
	if sum.Stats.Violations > 0 || sum.Unread > 0 {
		return fmt.Errorf("leaves broke the rules of an observer %d times, and %d of their lines could not be read", sum.Stats.Violations, sum.Unread)
	}
	return nil
}

func (s *fakenetSettings) print(out io.Writer, summary any) error {
	if !s.asJSON {
		return nil
	}
	return printJSON(out, summary)
}

func (s *fakenetSettings) runLeaf(cmd *cobra.Command, send, accept string, traffic bool) error {
	cfg := fakenet.LeafConfig{Network: s.net, SendPassword: send, AcceptPassword: accept, PeerName: s.peer, Duration: s.duration, Traffic: traffic, Log: slog.Default()}
	if cfg.Network.Server == "" {
		cfg.Network.Server = "load.example.net"
	}
	if cfg.Network.SID == "" {
		cfg.Network.SID = "9LD"
	}
	cfg.Network.NickPrefix, cfg.Network.ChannelPrefix = "L", "load-"
	out := cmd.ErrOrStderr()
	if !s.silent {
		cfg.OnStatus = func(x fakenet.LeafSummary) {
			fmt.Fprintf(out, "linked to %s (%s)  %d users  %d channels  %d happenings  %d lines sent  %d heard\n",
				x.Peer, x.Dialect, x.Stats.Users, x.Stats.Channels, x.Stats.Happenings, x.LinesSent, x.LinesHeard)
		}
	}
	leaf, err := fakenet.NewLeaf(cfg)
	if err != nil {
		return usageError{err}
	}
	conn, err := s.dial(cmd.Context())
	if err != nil {
		return err
	}
	if err := leaf.Run(cmd.Context(), conn); err != nil {
		return err
	}
	return s.print(cmd.OutOrStdout(), leaf.Summary())
}

// listener waits for leaves, with TLS when there is a certificate.
func (s *fakenetSettings) listener() (net.Listener, error) {
	if (s.cert == "") != (s.key == "") {
		return nil, usageError{errors.New("TLS needs both --tls-cert and --tls-key")}
	}
	ln, err := net.Listen("tcp", s.listen)
	if err != nil {
		return nil, fmt.Errorf("listening for leaves: %w", err)
	}
	if s.cert == "" {
		return ln, nil
	}
	pair, err := tls.LoadX509KeyPair(s.cert, s.key)
	if err != nil {
		ln.Close()
		return nil, usageError{fmt.Errorf("loading the certificate: %w", err)}
	}
	return tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}), nil
}

// dial connects to the hub, with TLS when there are authorities to check its certificate with.
func (s *fakenetSettings) dial(ctx context.Context) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	connect := dialer.DialContext
	if s.ca != "" {
		pem, err := os.ReadFile(s.ca)
		if err != nil {
			return nil, usageError{fmt.Errorf("reading the authorities: %w", err)}
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, usageError{fmt.Errorf("%s holds no certificate", s.ca)}
		}
		connect = (&tls.Dialer{NetDialer: dialer, Config: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}).DialContext
	}
	conn, err := connect(ctx, "tcp", s.link)
	if err != nil {
		return nil, fmt.Errorf("dialling the hub: %w", err)
	}
	return conn, nil
}

// runReplay plays the recording to one leaf after the other.
func (s *fakenetSettings) runReplay(cmd *cobra.Command) error {
	text, err := os.ReadFile(s.replay)
	if err != nil {
		return usageError{fmt.Errorf("reading the recording: %w", err)}
	}
	r := fakenet.Replay{Lines: s2s.ParseTranscript(string(text)), Speed: s.speed, Now: time.Now}
	if len(r.Lines) == 0 {
		return usageError{fmt.Errorf("%s holds no lines of a link: each is \"<milliseconds> < line\" or \"<milliseconds> > line\"", s.replay)}
	}
	ln, err := s.listener()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(cmd.Context(), func() { ln.Close() })
	defer stop()
	defer ln.Close()
	fmt.Fprintf(cmd.ErrOrStderr(), "%s is played at %s\n", s.replay, ln.Addr())
	for {
		conn, err := ln.Accept()
		if err != nil {
			if cmd.Context().Err() != nil {
				return nil
			}
			return fmt.Errorf("listening for leaves: %w", err)
		}
		result, err := r.Run(cmd.Context(), conn)
		if err != nil {
			slog.Error("a replay ended early", "error", err)
		}
		if err := s.print(cmd.OutOrStdout(), result); err != nil {
			return err
		}
	}
}
