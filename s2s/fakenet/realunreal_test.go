//go:build realpeers

package fakenet

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"robustirc/linkgw/network"
	"robustirc/s2s"
)

// ROBUSTIRC_UNREALIRCD is the directory that UnrealIRCd 6 was installed to, with bin/unrealircd, conf and modules; user
// nobody must be able to read it and to write to its data and tmp when the tests run as root. Without it the tests of
// UnrealIRCd say that they are skipped.

const unrealConfig = `
include "$PREFIX/conf/modules.default.conf";
include "$PREFIX/conf/snomasks.default.conf";
blacklist-module "tkldb"; blacklist-module "channeldb"; blacklist-module "reputation"; blacklist-module "connthrottle"; blacklist-module "geoip_classic";
loadmodule "cloak_sha256";
me { name "hub.example.net"; info "Hub"; sid "001"; }
admin { "x"; }
class servers { pingfreq 60; connfreq 3600; maxclients 10; sendq 60M; }
listen { ip 127.0.0.1; port $PORT; }
listen { ip 127.0.0.1; port $TLSPORT; options { tls; } }
link load.example.net { incoming { mask 127.0.0.1; } password "in"; class servers; }
link second.example.net { incoming { mask 127.0.0.1; } password "in"; class servers; }
log { source { all; } destination { file "$DIR/log"; } }
files { pidfile "$DIR/pid"; }
set {
	network-name "ExampleNet"; default-server "hub.example.net"; services-server "services.example.net"; help-channel "#help"; kline-address "x@example.net";
	cloak-keys { "$KEYa1B"; "$KEYb2C"; "$KEYc3D"; }
	tls { certificate "$DIR/cert.pem"; key "$DIR/key.pem"; }
}
`

// startUnreal runs UnrealIRCd until the test ends, as a user who is not root, and returns its addresses, the second of
// which wants TLS.
func startUnreal(t *testing.T) (plain, secure string) {
	t.Helper()
	prefix := os.Getenv("ROBUSTIRC_UNREALIRCD")
	if prefix == "" {
		t.Skip("SKIPPED: set ROBUSTIRC_UNREALIRCD to the directory that UnrealIRCd 6 was installed to")
	}
	dir, err := os.MkdirTemp("", "robustirc-fakenet-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	writeCertificate(t, dir)
	port, tlsPort := freePort(t), freePort(t)
	config := strings.NewReplacer("$PREFIX", prefix, "$PORT", port, "$TLSPORT", tlsPort, "$DIR", dir, "$KEY", strings.Repeat("aB3", 30)).Replace(unrealConfig)
	if err := os.WriteFile(filepath.Join(dir, "ircd.conf"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	defer lockUnreal(t, prefix)()
	cmd := exec.Command(filepath.Join(prefix, "bin/unrealircd"), "-F", "-f", filepath.Join(dir, "ircd.conf"))
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, t.Output(), t.Output()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Getuid() == 0 { // it refuses to run as root
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	plain, secure = net.JoinHostPort("127.0.0.1", port), net.JoinHostPort("127.0.0.1", tlsPort)
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", secure); err == nil {
			c.Close()
			return plain, secure
		} else if time.Now().After(end) {
			t.Fatalf("UnrealIRCd does not listen: %v", err)
		}
	}
}

// lockUnreal has one server start at a time: each empties the installation's tmp before it puts its modules there
// (modules.c:DeleteTempModules). The lock ends with the function that is returned.
func lockUnreal(t *testing.T, prefix string) func() {
	t.Helper()
	f, err := os.Open(filepath.Join(prefix, "bin/unrealircd"))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	return func() { f.Close() }
}

// writeCertificate writes cert.pem and key.pem of a certificate that signs itself.
func writeCertificate(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "hub.example.net"}, DNSNames: []string{"hub.example.net"}, NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// follow has the gateway's model follow what a leaf hears.
func follow(t *testing.T, rules network.Rules, server string, sid s2s.SID) (*network.Network, func(s2s.Event)) {
	t.Helper()
	model, err := network.New(rules, network.Us{Server: server, SID: sid})
	if err != nil {
		t.Fatal(err)
	}
	return model, func(e s2s.Event) { model.Apply(time.Now().Unix(), e) }
}

// TestRealUnreal holds that a real UnrealIRCd accepts fakenet as a leaf with 5,000 users, and that the model of a second
// one that links afterwards, with TLS, is what the first brought along.
func TestRealUnreal(t *testing.T) {
	plain, secure := startUnreal(t)
	first := runLeaf(t, plain, LeafConfig{Network: Config{Protocol: Unreal, Server: "load.example.net", SID: "9LD", Users: 5000, Channels: 1000, Seed: 1, NickPrefix: "L", ChannelPrefix: "l-"}, AcceptPassword: "in"})
	first.await(t)

	model, hear := follow(t, network.Unreal6(), "second.example.net", "9LE")
	conn, err := tls.Dial("tcp", secure, &tls.Config{InsecureSkipVerify: true}) // made for this test, by itself
	if err != nil {
		t.Fatal(err)
	}
	second := runLeafOver(t, conn, LeafConfig{Network: Config{Protocol: Unreal, Server: "second.example.net", SID: "9LE", Users: 10, Channels: 2, Seed: 2, NickPrefix: "S", ChannelPrefix: "s-"}, AcceptPassword: "in", OnEvent: hear})
	second.await(t)
	s := second.end(t)
	f := first.end(t)
	t.Logf("UnrealIRCd read the burst of 5,000 users in %.3f s (%d lines), and told it in %.3f s (%d lines)", f.BurstAccepted, f.LinesSent, s.BurstHeard, s.LinesHeard)
	t.Logf("the second heard %v; ignored %v", s.Heard, model.Stats().Ignored)
	for _, x := range []LeafSummary{f, s} {
		if x.Dialect != "unreal6" || x.Unknown+x.Unread+x.Unsayable != 0 || x.Heard["user_killed"] != 0 || x.Heard["numeric"] != 0 {
			t.Errorf("%+v", x)
		}
	}
	m := &mirror{t: t, n: first.net, model: model}
	m.compareBurst()
}

// TestRealUnrealTraffic holds that what the leaf's users do passes a real UnrealIRCd without a complaint, and that the
// model of a second leaf follows it: when the first leaves, the model is what the first then had.
func TestRealUnrealTraffic(t *testing.T) {
	plain, _ := startUnreal(t)
	model, hear := follow(t, network.Unreal6(), "second.example.net", "9LE")
	gone := make(chan struct{})
	second := runLeaf(t, plain, LeafConfig{Network: Config{Protocol: Unreal, Server: "second.example.net", SID: "9LE", Users: 10, Channels: 2, Seed: 2, NickPrefix: "S", ChannelPrefix: "s-"}, AcceptPassword: "in", OnEvent: func(e s2s.Event) {
		select {
		case <-gone:
		default:
			if _, over := e.Body.(s2s.ServerGone); over {
				close(gone)
			} else {
				hear(e)
			}
		}
	}})
	second.await(t)
	first := runLeaf(t, plain, LeafConfig{Network: Config{Protocol: Unreal, Server: "load.example.net", SID: "9LD", Users: 500, Channels: 50, Seed: 1, Rate: 2000, NickPrefix: "L", ChannelPrefix: "l-"}, Traffic: true, Duration: 2 * time.Second, AcceptPassword: "in", OnEvent: func(e s2s.Event) {
		if _, ok := e.Body.(s2s.Numeric); ok {
			t.Logf("the hub complains: %+v", e.Body)
		}
	}})
	first.await(t)
	if err := <-first.done; err != nil {
		t.Fatalf("the hub ends the link: %v", err)
	}
	select {
	case <-gone:
	case <-time.After(patience):
		t.Fatal("the second leaf is not told that the first left")
	}
	f, s := first.Summary(), second.end(t)
	t.Logf("%d happenings; the second leaf heard %v; ignored %v", f.Stats.Happenings, s.Heard, model.Stats().Ignored)
	if f.Heard["user_killed"] != 0 || f.Heard["numeric"] != 0 || f.Unknown+f.Unread+f.Unsayable+s.Unknown+s.Unread != 0 {
		t.Errorf("%+v\n%+v", f, s)
	}
	for _, name := range []string{"user_introduced", "user_quit", "part", "nick_changed", "away", "channel_modes", "kick", "topic"} {
		if s.Heard[name] == 0 {
			t.Errorf("the second leaf heard of no %s", name)
		}
	}
	(&mirror{t: t, n: first.net, model: model}).compareBurst()
}

// compareBurst holds that the model, which may know more servers, has all users and channels as they are.
func (m *mirror) compareBurst() {
	m.t.Helper()
	if _, users, channels := m.model.Sizes(); users != len(m.n.byUID) || channels != len(m.n.order) {
		m.t.Fatalf("the model has %d users and %d channels; there are %d and %d; ignored: %v", users, channels, len(m.n.byUID), len(m.n.order), m.model.Stats().Ignored)
	}
	for _, u := range m.n.byUID {
		m.compareUser(u)
	}
	for _, c := range m.n.order {
		m.compareChannel(c)
	}
	if err := m.model.CheckInvariants(); err != nil {
		m.t.Error(err)
	}
}
