package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"robustirc/s2s"
	"robustirc/s2s/fakenet"
)

// TestFakenetUsage holds that a wrong command line is refused before anything is done, with words that help.
func TestFakenetUsage(t *testing.T) {
	for args, want := range map[string]string{
		"":                                     "--listen ADDRESS",
		"--listen :0 --link :0":                "--listen ADDRESS",
		"--link :1 --replay x":                 "use --replay with --listen",
		"--listen :0 --protocol p10":           "no protocol",
		"--listen :0 --scenario x":             "there is no scenario",
		"--listen :0 --users 0":                "users must be",
		"--listen :0 --sid A00":                "server id",
		"--listen :0 --replay /nowhere":        "reading the recording",
		"--listen :0 --replay fakenet_test.go": "no lines of a link",
		"--listen :0 --tls-cert x":             "both --tls-cert and --tls-key",
		"--listen :0 more":                     "unknown command",
		"--link 127.0.0.1:1 --protocol x":      "no protocol",
	} {
		cmd := rootCommand()
		cmd.SetArgs(append([]string{"fakenet"}, strings.Fields(args)...))
		if err := cmd.ExecuteContext(t.Context()); !errors.As(err, new(usageError)) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", args, err, want)
		}
	}
}

// TestFakenetTLS links the command to itself with TLS, for a moment: as a hub that ends when its traffic is over, and as
// a leaf that an hour would not end.
func TestFakenetTLS(t *testing.T) {
	certs, err := ensureCertificates(t.TempDir(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	hub := make(chan error, 1)
	var out bytes.Buffer
	go func() {
		hub <- runFakenet(t, &out, "--listen", address, "--tls-cert", certs.Cert, "--tls-key", certs.Key, "--users", "50", "--channels", "5", "--duration", "300ms", "--json", "--quiet")
	}()
	var leaf error
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) { // until it listens
		leaf = runFakenet(t, io.Discard, "--link", address, "--tls-ca", certs.CA, "--users", "1", "--channels", "1", "--rate", "0", "--duration", "1h", "--quiet")
		if errors.As(leaf, new(*s2s.LinkError)) {
			break
		}
	}
	if le := new(s2s.LinkError); !errors.As(leaf, &le) || le.Cause != s2s.CauseSplit {
		t.Errorf("the leaf ended with %v", leaf)
	}
	err = <-hub
	var sum fakenet.Summary
	if jsonErr := json.Unmarshal(out.Bytes(), &sum); jsonErr != nil || sum.Stats.Users == 0 || sum.LinesSent == 0 {
		t.Errorf("%v: %s", jsonErr, out.Bytes())
	}
	if err == nil || !strings.Contains(err.Error(), "broke the rules") { // a leaf with channels of its own is no observer
		t.Errorf("the hub ended with %v", err)
	}
}

func runFakenet(t *testing.T, out io.Writer, args ...string) error {
	cmd := rootCommand()
	cmd.SetOut(out)
	cmd.SetErr(io.Discard)
	cmd.SetArgs(append([]string{"fakenet"}, args...))
	return cmd.ExecuteContext(t.Context())
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
