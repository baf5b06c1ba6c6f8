package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/bcrypt"

	"robustirc/canary/compare"
	"robustirc/canary/report"
	"robustirc/linkgw"
	"robustirc/linkgw/config"
	"robustirc/s2s/fakenet"
)

// demo is the main job on an embedded default: an existing network, a new one, the gateway between them, and the judge.
type demo struct {
	protocol        string
	users, channels int
	rate            float64
	length          time.Duration
	fault           string
	report          string
	data            string
	stay            bool

	out *printer
	log *slog.Logger
	dir string
}

func demoCommand() *cobra.Command {
	var d demo
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show everything at once: an existing network, its mirror, and the verdict",
		Long: `Show everything at once, within a minute: a simulated existing network (robustirc fakenet), a
RobustIRC network of three nodes, the gateway that mirrors the one into the other, and the
canary that compares what the users of both see. It writes report.html and prints the
verdict and the addresses to look at.

With --fault something is done wrong on purpose, to see what a NO-GO looks like. The
thresholds are made for a minute and not for a migration: the report says which.

The exit code is the verdict's: 0 for GO; see robustirc canary compare --help.`,
		Example: `  robustirc demo
  robustirc demo --protocol unreal --users 2000 --stay
  robustirc demo --fault leak`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return d.run(cmd) },
	}
	f := cmd.Flags()
	f.StringVar(&d.protocol, "protocol", "ts6", "ts6 (as solanum), hybrid (TS6 as ircd-hybrid) or unreal (UnrealIRCd 6)")
	f.IntVar(&d.users, "users", 1000, "people on the existing network")
	f.IntVar(&d.channels, "channels", 60, "its channels")
	f.Float64Var(&d.rate, "rate", 300, "what people do, a second")
	f.DurationVar(&d.length, "for", 45*time.Second, "how long to compare")
	f.StringVar(&d.fault, "fault", "", "plant a fault: "+faultNames())
	f.StringVar(&d.report, "report", "report.html", "where the report goes")
	f.StringVar(&d.data, "data", "", "directory for the network's data (default: a new one, removed at the end)")
	f.BoolVar(&d.stay, "stay", false, "keep running afterwards, until Ctrl-C")
	return cmd
}

func (d *demo) run(cmd *cobra.Command) (err error) {
	spoil, ok := demoFaults[d.fault]
	if d.fault != "" && !ok {
		return usageError{fmt.Errorf("--fault: there is no fault %q; there are %s", d.fault, faultNames())}
	}
	if d.protocol == "ts6" || d.protocol == "hybrid" || d.protocol == "unreal" {
		d.out = newPrinter(cmd.OutOrStdout())
	} else {
		return usageError{fmt.Errorf("--protocol: %q is none of ts6, hybrid, unreal", d.protocol)}
	}
	d.log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	slog.SetDefault(d.log)
	d.dir = d.data
	if d.dir == "" {
		if d.dir, err = os.MkdirTemp("", "robustirc-demo-"); err != nil {
			return fmt.Errorf("making a directory for the demo: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(d.dir)) }()
	}
	return d.show(cmd.Context(), spoil)
}

// show runs everything, and stops it in the order in which it depends on each other.
func (d *demo) show(ctx context.Context, spoil func(*judge) linkgw.Capture) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	begin := time.Now()
	net, err := d.startNetwork(ctx)
	if err != nil {
		return err
	}
	defer net.stop()
	hub, err := d.startHub(ctx)
	if err != nil {
		return err
	}
	defer hub.stop()
	d.out.say("%4.0f s  both networks are up: a simulated one of %d users and %d channels (%s), and three RobustIRC nodes", time.Since(begin).Seconds(), d.users, d.channels, d.protocol)
	options := d.options()
	file := d.linkConfig(net, hub.addr)
	j, err := newJudge(options, d.header(file), nil)
	if err != nil {
		return err
	}
	capture := linkgw.Capture(j)
	if spoil != nil {
		capture = spoil(j)
	}
	res, err := d.judge(ctx, begin, file, j, capture)
	if err != nil {
		return err
	}
	if err := writeReport(d.report, res); err != nil {
		return err
	}
	if err := d.conclude(res, begin); err != nil {
		return err
	}
	d.addresses(net)
	if d.stay {
		d.out.say("\nCtrl-C ends everything.")
		<-ctx.Done()
	}
	if res.Verdict.Exit != 0 {
		return exitCode(res.Verdict.Exit)
	}
	return nil
}

// judge runs the gateway for as long as is compared. With --stay it goes on until everything ends.
func (d *demo) judge(ctx context.Context, begin time.Time, file *config.File, j *judge, capture linkgw.Capture) (*compare.Result, error) {
	var work sync.WaitGroup
	linked, unlink := context.WithCancel(ctx)
	defer func() { unlink(); work.Wait(); j.close() }()
	ended := make(chan error, 1)
	gateways := make(chan *linkgw.Gateway, 1)
	work.Go(func() { ended <- runGateway(linked, file, capture, func(g *linkgw.Gateway) { gateways <- g }) })
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	var g *linkgw.Gateway
	var over <-chan time.Time
	for {
		select {
		case err := <-ended:
			if err == nil {
				err = errors.New("it was stopped")
			}
			return nil, fmt.Errorf("the gateway ended: %w", err)
		case g = <-gateways:
		case <-tick.C:
			if g == nil {
				continue
			}
			switch status := g.Status(); {
			case over == nil && status.Target.Imports > 0:
				over = time.After(d.length - 5*time.Second)
			case over == nil && time.Since(begin) > demoPatience:
				return nil, fmt.Errorf("the gateway is not linked after %v: %s: %s", demoPatience, status.State, status.LastError)
			}
			g.CheckState()
			r := j.result()
			d.out.say("%4.0f s  %d deliveries compared, %d of them unexplained", time.Since(begin).Seconds(), r.Deliveries.Compared(), r.Deliveries.Unexplained)
		case <-over:
			return j.result(), nil
		case <-ctx.Done():
			return nil, errors.New("interrupted")
		}
	}
}

// conclude prints the verdict.
func (d *demo) conclude(res *compare.Result, begin time.Time) error {
	var b bytes.Buffer
	if err := report.Write(&b, "text", res); err != nil {
		return err
	}
	path, err := filepath.Abs(d.report)
	if err != nil {
		path = d.report
	}
	d.out.say("%4.0f s  the report is %s\n\n%s", time.Since(begin).Seconds(), path, b.String())
	return nil
}

func (d *demo) addresses(n *demoNetwork) {
	if !d.stay {
		d.out.say("With --stay everything goes on, to look at: status pages, metrics, and an IRC port where the mirrored users are.")
		return
	}
	d.out.say("Plain IRC, among the mirrored users:  irssi -c %s -p %s", hostOf(n.dev.settings.IRC), portOf(n.dev.settings.IRC))
	for _, node := range n.dev.nodes {
		d.out.say("Status and metrics of %s:  https://%s/  https://%s/metrics  (user robustirc, password in %s)", node.id, node.addr, node.addr, n.dev.passwordFile)
	}
}

// demoNetwork is the new network, as robustirc dev runs it.
type demoNetwork struct {
	dev    *devNetwork
	cancel context.CancelFunc
	ended  chan error
}

func (n *demoNetwork) stop() {
	n.cancel()
	if err := <-n.ended; err != nil {
		slog.Error("the RobustIRC network did not stop well", "error", err)
	}
}

// startNetwork starts three nodes and names the gateway in their configuration.
func (d *demo) startNetwork(ctx context.Context) (*demoNetwork, error) {
	ports, err := demoPorts(3)
	if err != nil {
		return nil, err
	}
	s := &devSettings{Data: filepath.Join(d.dir, "network"), Port: ports, IRC: "127.0.0.1:0", Nodes: 3, NetworkName: "demo.robustirc.net", LogLevel: "info"}
	dev, err := prepareDev(s, newPrinter(io.Discard))
	if err != nil {
		return nil, err
	}
	irc, err := net.Listen("tcp", s.IRC)
	if err != nil {
		return nil, fmt.Errorf("listening for IRC clients: %w", err)
	}
	s.IRC = irc.Addr().String()
	ctx, cancel := context.WithCancel(ctx)
	n := &demoNetwork{dev: dev, cancel: cancel, ended: make(chan error, 1)}
	for _, node := range dev.nodes {
		dev.start(node)
	}
	go func() {
		err := dev.run(ctx, irc)
		dev.stopNodes()
		dev.work.Wait()
		n.ended <- errors.Join(err, closed(irc))
	}()
	if err := d.nameGateway(ctx, dev); err != nil {
		n.stop()
		return nil, err
	}
	return n, nil
}

// closed closes a listener that may be closed already.
func closed(l net.Listener) error {
	if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// demoPatience is how long everything may take to start.
const demoPatience = time.Minute

// demoSecret is the gateway's password, on a network that lives for a minute on this machine alone.
const demoSecret = "demo-gateway"

func (d *demo) nameGateway(ctx context.Context, dev *devNetwork) error {
	admin, err := newAdminClient(dev.servers(), dev.certs.CA, dev.password)
	if err != nil {
		return err
	}
	if err := admin.awaitReady(ctx, time.Minute); err != nil {
		return fmt.Errorf("the RobustIRC network did not start: %w", err)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(demoSecret), bcrypt.MinCost)
	if err != nil {
		return err
	}
	return admin.editConfig(ctx, map[string]any{"Gateways": []map[string]any{{"Name": "canary", "PasswordHash": string(hash)}}})
}

// demoPorts finds n consecutive ports that are free, below those of outgoing connections.
func demoPorts(n int) (int, error) {
	for base := 13001; base < 32000; base += n {
		free := true
		for port := base; port < base+n && free; port++ {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
			if free = err == nil; free {
				free = l.Close() == nil
			}
		}
		if free {
			return base, nil
		}
	}
	return 0, errors.New("there are no free ports on this machine")
}

// demoHub is the existing network.
type demoHub struct {
	addr   string
	cancel context.CancelFunc
	ended  chan error
}

func (h *demoHub) stop() {
	h.cancel()
	if err := <-h.ended; err != nil {
		slog.Error("the simulated network did not stop well", "error", err)
	}
}

func (d *demo) startHub(ctx context.Context) (*demoHub, error) {
	hub, err := fakenet.NewHub(fakenet.HubConfig{
		Network: fakenet.Config{Protocol: fakenet.Protocol(d.protocol), Users: d.users, Channels: d.channels, Rate: d.rate, Seed: 1, Start: time.Now(),
			Broadcast: fakenet.BroadcastAlways},
		SendPassword: demoSecret, AcceptPassword: demoSecret, Log: d.log,
	})
	if err != nil {
		return nil, usageError{err}
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for the gateway: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	h := &demoHub{addr: ln.Addr().String(), cancel: cancel, ended: make(chan error, 1)}
	go func() { h.ended <- hub.Serve(ctx, ln) }()
	return h, nil
}

// faultNames lists what --fault takes.
func faultNames() string {
	var names []string
	for name := range demoFaults {
		names = append(names, name)
	}
	slices.Sort(names)
	return fmt.Sprint(names)
}
