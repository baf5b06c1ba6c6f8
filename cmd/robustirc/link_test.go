package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeLinkConfig writes a good configuration with its secrets and returns its path.
func writeLinkConfig(t *testing.T, change ...string) string {
	t.Helper()
	dir := t.TempDir()
	text := `
[uplink]
address = "127.0.0.1:1"
server = "gateway.example.net"
sid = "9GW"
send_password_file = "send"
accept_password_file = "accept"
plaintext = true
[target]
servers = ["localhost:1"]
gateway = "canary"
password_file = "password"
[limits]
spool_dir = "spool"
[admin]
socket = "admin.sock"
`
	for i := 0; i+1 < len(change); i += 2 {
		text = strings.Replace(text, change[i], change[i+1], 1)
	}
	for name, content := range map[string]string{"link.toml": text, "send": "out", "accept": "in", "password": "secret"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "link.toml")
}

func runLinkCommand(args ...string) (string, error) {
	var out bytes.Buffer
	cmd := rootCommand()
	cmd.SetOut(&out)
	cmd.SetArgs(append([]string{"link"}, args...))
	err := cmd.Execute()
	return out.String(), err
}

// TestLinkCheck holds that what is good is said to be, with the block to paste, and that what is missing is told.
func TestLinkCheck(t *testing.T) {
	out, err := runLinkCommand("check", "--config", writeLinkConfig(t), "--show-passwords", "--from", "192.0.2.7")
	for _, want := range []string{"the configuration is good", `connect "gateway.example.net"`, `host = "192.0.2.7"`, `send_password = "in"`, `accept_password = "out"`, "# ircd-hybrid"} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%q is not in %q, %v", want, out, err)
		}
	}
	out, err = runLinkCommand("check", "--config", writeLinkConfig(t))
	if err != nil || strings.Contains(out, `"in"`) || !strings.Contains(out, "(what is in ") {
		t.Errorf("it shows passwords, or not where they are: %s %v", out, err)
	}
	for change, want := range map[[2]string]string{
		{`"accept"`, `"nosuchfile"`}: "nosuchfile",
		{`"password"`, `"nothing"`}:  "nothing",
		{`"spool"`, `"send/x"`}:      "cannot be written to",
		{`server = "gateway.example.net"`, "protocol = \"unreal\"\nserver = \"gateway.example.net\""}: "one password for both directions",
		{`sid = "9GW"`, `sid = "x"`}: "link.toml:5:1: uplink.sid",
	} {
		if _, err := runLinkCommand("check", "--config", writeLinkConfig(t, change[0], change[1])); !errors.As(err, new(usageError)) && !strings.Contains(want, "nosuch") && want != "nothing" || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", change[1], err, want)
		}
	}
	if _, err := runLinkCommand("check", "--reach", "--config", writeLinkConfig(t)); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Error(err)
	}
}

// TestLinkUsage holds that commands without a configuration or a gateway that runs say what to do.
func TestLinkUsage(t *testing.T) {
	file := writeLinkConfig(t)
	for args, want := range map[string]string{
		"":                           "--config is missing",
		"status":                     "--config is missing",
		"status --config " + file:    "does it run?",
		"stop --config " + file:      "does it run?",
		"relink --config " + file:    "does it run?",
		"--config /nosuch/link.toml": "reading the configuration",
	} {
		if _, err := runLinkCommand(strings.Fields(args)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", args, err, want)
		}
	}
}
