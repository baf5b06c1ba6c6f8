//go:build realpeers

package realpeers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestCanaryLog fetches the log of a running network twice and runs it through two versions: the same ones are GO, and
// one that has another numeric is told apart by exactly that. What was said does not leave the network.
func TestCanaryLog(t *testing.T) {
	n := startNetwork(t, "--unthrottled")
	c := dialRaw(t, n.irc, "talker", "#log")
	for i := range 200 {
		c.send(fmt.Sprintf("PRIVMSG #log :S3cret words %d", i))
	}
	c.send("NAMES #log")
	c.send("TOPIC #log :S3cret topic")
	waitUntil(t, "the topic is set", func() bool { return len(c.arrivals("TOPIC #log")) > 0 })
	capture := filepath.Join(t.TempDir(), "capture")
	canary := func(exit int, args ...string) string {
		t.Helper()
		args = append([]string{"canary", "log", "--from", n.servers[0], "--tls-ca", filepath.Join(n.dir, "tls", "ca.pem"),
			"--password-file", filepath.Join(n.dir, "password"), "--capture", capture}, args...)
		cmd := exec.Command(binary, args...)
		out, _ := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != exit {
			t.Fatalf("exit code %d, want %d:\n%s", cmd.ProcessState.ExitCode(), exit, out)
		}
		return string(out)
	}
	if out := canary(0); !strings.HasPrefix(out, "GO\n") || !strings.Contains(out, "0 of ") {
		t.Errorf("equal versions:\n%s", out)
	}
	other := filepath.Join(t.TempDir(), "other")
	script := fmt.Sprintf("#!/bin/sh\nLC_ALL=C\nexport LC_ALL\n%s \"$@\" | sed 's/ 366 talker / 367 talker /g'\n", binary)
	if err := os.WriteFile(other, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	scenario := filepath.Join(t.TempDir(), "scenario.txt")
	out := canary(4, "--new", other, "--scenario", scenario)
	if !strings.HasPrefix(out, "NO-GO\n") || strings.Count(out, "changed: ") != 1 || !strings.Contains(out, "366 has another command") {
		t.Errorf("another numeric:\n%s", out)
	}
	if text, err := os.ReadFile(scenario); err != nil || !strings.Contains(string(text), " 366 c1 ") && !strings.Contains(string(text), " 366 talker ") {
		t.Errorf("the scenario: %v\n%s", err, text)
	}
	if b, err := os.ReadFile(capture); err != nil || strings.Contains(string(b), "S3cret") {
		t.Errorf("what was said is in the capture, or there is none: %v", err)
	}
}
