package trace

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// killedEnv makes this test binary a process that writes a capture until it is killed.
const killedEnv = "TRACE_TEST_WRITE_INTO"

// writeUntilKilled prints the Seq up to which records have waited longer than FlushEvery and a grace.
func writeUntilKilled(dir string) {
	const flush = 20 * time.Millisecond
	w, err := NewWriter(Options{Dir: dir, Header: testHeader(), KeepText: true, FlushEvery: flush, FileBytes: 300_000})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for n := 0; ; n++ {
		r := sample(n)
		w.Append(&r)
		if n%500 == 0 {
			before := n + 1
			for w.Stats().Written < uint64(before) {
				time.Sleep(time.Millisecond)
			}
			fmt.Println(before)
		}
	}
}

func TestMain(m *testing.M) {
	if dir := os.Getenv(killedEnv); dir != "" {
		writeUntilKilled(dir)
	}
	os.Exit(m.Run())
}

// TestKilledProcess kills a process that writes (SIGKILL), several times: everything that it had written is read, and
// at most the torn end of the last file is damaged.
func TestKilledProcess(t *testing.T) {
	for round := range 5 {
		dir := t.TempDir()
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), killedEnv+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		written := 0
		for range 3 + 4*round {
			if !lines.Scan() {
				break
			}
			if written, err = strconv.Atoi(strings.TrimSpace(lines.Text())); err != nil {
				t.Fatal(lines.Text())
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed
		records, damage := readAll(t, dir)
		if len(damage) > 1 || len(damage) == 1 && !damage[0].Tail {
			t.Errorf("%v", damage)
		}
		if len(records)-1 < written || written == 0 {
			t.Errorf("%d records are read, %d were written", len(records)-1, written)
		}
		if r := records[1]; r.Mono != 0 {
			records[1].Mono = 0 // stamped
		}
		checkSamples(t, records[1:])
	}
}
