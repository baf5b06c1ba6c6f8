package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// childVariable makes this test binary, run as a child, wait for its end as a node would.
const childVariable = "ROBUSTIRC_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		select {} // until a signal
	}
	os.Exit(m.Run())
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("timed out waiting until " + what)
		}
	}
}

func TestSupervisionStartsAgainWhatDiesAndStopsInTheEnd(t *testing.T) {
	dir := t.TempDir()
	var said bytes.Buffer
	ctx, cancel := context.WithCancel(context.Background())
	p := process{
		name: "child", env: []string{childVariable + "=1"}, ctx: ctx, say: newPrinter(&said).say,
		pidFile: filepath.Join(dir, "child.pid"), logFile: filepath.Join(dir, "child.log"),
	}
	done := make(chan struct{})
	go func() { defer close(done); p.supervise() }()
	running := func(other int) int {
		pid := 0
		eventually(t, "the child runs", func() bool {
			pids, err := readPIDs(dir)
			if err == nil && len(pids) == 1 && pids[0] != other {
				pid = pids[0]
			}
			return pid != 0
		})
		return pid
	}
	first := running(0)
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	second := running(first)
	cancel()
	<-done
	if err := syscall.Kill(second, 0); err != syscall.ESRCH {
		t.Errorf("the child still runs: %v", err)
	}
	if pids, err := readPIDs(dir); err != nil || len(pids) > 0 {
		t.Errorf("process ids %v are left over, %v", pids, err)
	}
	if text := said.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "killed") {
		t.Errorf("said %q", text)
	}
}
