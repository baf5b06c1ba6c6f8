package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"

	"robustirc/canary/trace"
	"robustirc/linkgw"
	"robustirc/linkgw/config"
	"robustirc/linkgw/egress"
	"robustirc/linkgw/spool"
	"robustirc/linkgw/translate"
	"robustirc/s2s"
)

// runLink runs the gateway until it is stopped.
func runLink(cmd *cobra.Command, file string) error {
	f, err := readLinkConfig(file)
	if err != nil {
		return err
	}
	record, err := openRecord(f)
	if err != nil {
		return err
	}
	if record == nil {
		return runGateway(cmd.Context(), f, nil, nil)
	}
	return errors.Join(runGateway(cmd.Context(), f, record, nil), record.Close())
}

// gatewayGC is the gateway's garbage collection target in percent: its resident memory is about its live heap and half of it.
const gatewayGC = 50

// runGateway runs a gateway with all it needs until ctx ends. capture may be nil; begun, when not nil, is given the gateway
// before it links.
func runGateway(ctx context.Context, f *config.File, capture linkgw.Capture, begun func(*linkgw.Gateway)) error {
	log, err := newLogger(f.Log.Level, f.Log.Format)
	if err != nil {
		return err
	}
	slog.SetDefault(log)
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gatewayGC)
	}
	admin, err := linkgw.ListenAdmin(f.Admin.Socket)
	if err != nil {
		return err
	}
	defer admin.Close()
	target, err := newLinkTarget(ctx, f.Target, log)
	if err != nil {
		return err
	}
	defer target.Close()
	cfg, err := linkConfig(f, log)
	if err != nil {
		return err
	}
	cfg.Target, cfg.Capture = target, capture
	g, err := linkgw.New(cfg)
	if err != nil {
		return err
	}
	if begun != nil {
		begun(g)
	}
	return serveLink(ctx, g, admin, f.Metrics.Listen)
}

func readLinkConfig(file string) (*config.File, error) {
	if file == "" {
		return nil, usageError{errors.New("--config is missing: the file link.toml; docs/link.toml is an example")}
	}
	f, err := config.Read(file)
	if err != nil {
		return nil, usageError{err}
	}
	return f, nil
}

// serveLink runs the gateway with its admin socket and metrics.
func serveLink(ctx context.Context, g *linkgw.Gateway, admin net.Listener, metrics string) error {
	var work sync.WaitGroup
	defer work.Wait()
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if _, err := linkgw.NewMetrics(g, registry); err != nil {
		return err
	}
	servers := []*http.Server{serveHTTP(&work, admin, g.AdminHandler())}
	if metrics != "" {
		ln, err := net.Listen("tcp", metrics)
		if err != nil {
			servers[0].Close()
			return fmt.Errorf("listening for metrics: %w", err)
		}
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
		mux.Handle("GET /healthz", g.HealthHandler())
		servers = append(servers, serveHTTP(&work, ln, mux))
	}
	err := g.Run(ctx)
	stop, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for _, s := range servers {
		if s.Shutdown(stop) != nil {
			s.Close()
		}
	}
	return err
}

func serveHTTP(work *sync.WaitGroup, ln net.Listener, h http.Handler) *http.Server {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10}
	work.Go(func() {
		if err := s.Serve(ln); err != nil && !errors.Is(err, http.ErrServerClosed) {
			slog.Error("serving", "address", ln.Addr(), "error", err)
		}
	})
	return s
}

// linkConfig is all of a gateway's configuration but its target and record.
func linkConfig(f *config.File, log *slog.Logger) (linkgw.Config, error) {
	send, err := readSecret(f.Uplink.SendPasswordFile)
	if err != nil {
		return linkgw.Config{}, err
	}
	accept, err := readSecret(f.Uplink.AcceptPasswordFile)
	if err != nil {
		return linkgw.Config{}, err
	}
	dialer, err := newUplinkDialer(f.Uplink)
	if err != nil {
		return linkgw.Config{}, err
	}
	cfg := linkgw.Config{
		Identity: linkIdentity(f.Uplink, send, accept), Translate: linkTranslation(f), Dialer: dialer, Log: log,
		Spool:     spool.Options{Memory: int64(f.Limits.RingBytes), Disk: int64(f.Limits.SpoolBytes), Dir: f.Limits.SpoolDir},
		MaxMemory: uint64(f.Limits.Memory), PostRate: f.Limits.Rate,
	}
	if f.Capture.Mode == string(translate.Observer) {
		c := f.Capture
		cfg.Observing = &linkgw.Observing{Channels: c.Channels, Nick: c.Nick, Ident: c.Ident, Host: c.Host, Realname: c.Realname}
		if c.Host == "" {
			cfg.Observing.Host = f.Uplink.Server
		}
	}
	return cfg, nil
}

func linkIdentity(u config.Uplink, send, accept string) linkgw.Identity {
	return linkgw.Identity{
		Identity: s2s.Identity{Server: u.Server, SID: s2s.SID(u.SID), Description: u.Description, SendPassword: send, AcceptPassword: accept, PeerName: u.Peer},
		Protocol: egress.Protocol(u.Protocol), Dialect: u.Dialect, Services: u.Services,
	}
}

func linkTranslation(f *config.File) translate.Config {
	m := f.Mirror
	return translate.Config{Mode: translate.CaptureMode(f.Capture.Mode), LeaveOutUsers: m.LeaveOutUsers, LeaveOutChannels: m.LeaveOutChannels,
		LeaveOutHidden: !m.Hidden, LeaveOutServices: !m.ServiceUsers, Services: f.Uplink.Services, OperClass: m.OperClass, Bans: m.Bans}
}

// openRecord begins a record, or returns nil when none is wanted.
func openRecord(f *config.File) (*trace.Writer, error) {
	r := f.Record
	if r.Dir == "" {
		return nil, nil
	}
	w, err := trace.NewWriter(trace.Options{
		Dir: r.Dir, KeepText: r.KeepText, FileBytes: int64(r.FileBytes), FileAge: r.FileAge, KeepBytes: int64(r.KeepBytes), KeepFor: r.KeepFor,
		Header: recordHeader(f),
	})
	if err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	return w, nil
}

// recordHeader describes a run.
func recordHeader(f *config.File) trace.Header {
	id := make([]byte, 4)
	_, _ = rand.Read(id) // never fails (crypto/rand)
	return trace.Header{RunID: time.Now().UTC().Format("20060102-150405-") + hex.EncodeToString(id), Version: version(), Protocol: f.Uplink.Protocol,
		Dialect: f.Uplink.Dialect, Us: f.Uplink.Server, SID: f.Uplink.SID, Network: f.Target.Gateway, Mode: trace.Mode(f.Capture.Mode),
		Style: trace.Style(f.Target.Style), Notes: f.Record.Notes, Services: f.Uplink.Services,
		LeavesHidden: !f.Mirror.Hidden, LeavesChannels: f.Mirror.LeaveOutChannels}
}

// uplinkDialer connects to the existing network's server.
type uplinkDialer struct {
	address string
	dialer  net.Dialer
	tls     *tls.Config // nil for plaintext
}

func newUplinkDialer(u config.Uplink) (*uplinkDialer, error) {
	d := &uplinkDialer{address: u.Address, dialer: net.Dialer{KeepAlive: 30 * time.Second}}
	if u.Bind != "" {
		d.dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(u.Bind)}
	}
	if u.Plaintext {
		return d, nil
	}
	cfg, err := clientTLS(u.TLS.CA)
	if err != nil {
		return nil, err
	}
	if cfg.ServerName = u.TLS.ServerName; cfg.ServerName == "" {
		cfg.ServerName, _, _ = net.SplitHostPort(u.Address)
	}
	if u.TLS.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(u.TLS.Certificate, u.TLS.Key)
		if err != nil {
			return nil, usageError{fmt.Errorf("our certificate for the link: %w", err)}
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	if u.TLS.Fingerprint != "" {
		cfg.InsecureSkipVerify = true // the certificate itself is known, whoever signed it
		cfg.VerifyConnection = func(c tls.ConnectionState) error { return checkFingerprint(c.PeerCertificates, u.TLS.Fingerprint) }
	}
	d.tls = cfg
	return d, nil
}

// checkFingerprint holds the peer's certificate against the SHA-256 of it, or of its public key.
func checkFingerprint(chain []*x509.Certificate, want string) error {
	if len(chain) == 0 {
		return errors.New("the peer shows no certificate")
	}
	whole, key := sha256.Sum256(chain[0].Raw), sha256.Sum256(chain[0].RawSubjectPublicKeyInfo)
	have, haveKey := hex.EncodeToString(whole[:]), base64.StdEncoding.EncodeToString(key[:])
	plain := strings.ToLower(strings.ReplaceAll(want, ":", ""))
	if subtle.ConstantTimeCompare([]byte(plain), []byte(have)) == 1 || subtle.ConstantTimeCompare([]byte(want), []byte(haveKey)) == 1 {
		return nil
	}
	return fmt.Errorf("the peer's certificate has the fingerprint %s (public key %s), not %s: if it was renewed, correct uplink.tls.fingerprint", have, haveKey, want)
}

// Dial connects.
func (d *uplinkDialer) Dial(ctx context.Context) (net.Conn, error) {
	if d.tls == nil {
		return d.dialer.DialContext(ctx, "tcp", d.address)
	}
	return (&tls.Dialer{NetDialer: &d.dialer, Config: d.tls}).DialContext(ctx, "tcp", d.address)
}
