package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// The pause before a process that died is started again, doubled up to the maximum while it dies quickly.
const (
	restartPause    = 200 * time.Millisecond
	maxRestartPause = 5 * time.Second
	// livedLong is how long a process must have lived for the pause to start over.
	livedLong = 10 * time.Second
	// stopPatience is how long a process may take to stop after SIGTERM before it is killed.
	stopPatience = 25 * time.Second
)

// process is a child that is started again whenever it dies, until its context ends: then it gets SIGTERM.
type process struct {
	name    string
	args    []string
	env     []string
	pidFile string
	logFile string
	say     func(format string, args ...any)
	ctx     context.Context
}

// supervise runs the process until p.ctx ends.
func (p *process) supervise() {
	ctx := p.ctx
	// Linux ties the signal that ends a child with its parent to the thread that started it (childAttributes).
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pause := restartPause
	for ctx.Err() == nil {
		began := time.Now()
		err := p.run(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > livedLong {
			pause = restartPause
		}
		p.say("%s ended (%v); it is started again in %v; its log is %s", p.name, err, pause, p.logFile)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		pause = min(2*pause, maxRestartPause)
	}
}

// run starts the process once and waits for its end.
func (p *process) run(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.OpenFile(p.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.CommandContext(ctx, self, p.args...)
	cmd.Env = append(os.Environ(), p.env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopPatience
	cmd.SysProcAttr = childAttributes()
	if err := cmd.Start(); err != nil {
		return err
	}
	if err := writePID(p.pidFile, cmd.Process.Pid); err != nil {
		p.say("%v", err)
	}
	defer os.Remove(p.pidFile)
	return cmd.Wait()
}

func writePID(file string, pid int) error {
	if err := os.WriteFile(file, []byte(strconv.Itoa(pid)+"\n"), 0o644); err != nil {
		return fmt.Errorf("writing the process id: %w", err)
	}
	return nil
}

// readPIDs returns the ids in all *.pid files of a directory.
func readPIDs(dir string) ([]int, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.pid"))
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			continue // it has just ended
		}
		var pid int
		if _, err := fmt.Sscan(string(data), &pid); err != nil {
			return nil, fmt.Errorf("%s holds no process id", f)
		}
		pids = append(pids, pid)
	}
	return pids, nil
}

// printer writes whole lines from several goroutines.
type printer struct {
	mu sync.Mutex
	w  *bufio.Writer
}

func newPrinter(w io.Writer) *printer { return &printer{w: bufio.NewWriter(w)} }

func (p *printer) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.w, format+"\n", args...)
	p.w.Flush()
}
