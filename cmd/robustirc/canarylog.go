package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"robustirc/canary/replay"
	"robustirc/core/robustsession"
)

// canaryLog is a run of canary log.
type canaryLog struct {
	flags                      adminFlags
	reports                    reportFlags
	capture, old, new, example string
	oldDump                    string
	text                       bool
	progress                   *progress
}

func canaryLogCommand() *cobra.Command {
	var c canaryLog
	cmd := &cobra.Command{
		Use:   "log {--from NETWORK | --capture FILE} [--old BINARY] [--new BINARY]",
		Short: "Run a network's log through two versions of this program and compare what users see",
		Long: `Run a network's log through two versions of this program and compare what users see.

The log is fetched from a node (redacted there, unless --text) and kept in the capture
file; fetched again, only what is new is fetched. Both versions get the same inputs, the old
one twice: a version that differs from itself is the finding. --old and --new are programs
of any release and this program where they are left out. --old-dump takes the place of an old
version: what the original RobustIRC put out (docs/migrating-from-robustirc.md).

Exit code 0 for GO; 4 when anything differs.`,
		Example: `  robustirc canary log --from localhost:13001 --tls-ca robustirc-data/tls/ca.pem \
    --password-file robustirc-data/password --old /usr/bin/robustirc --report report.html`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd) },
	}
	f := cmd.Flags()
	c.flags.bind(f)
	f.Lookup("network").Usage += "; alias: --from"
	f.StringVar(&c.flags.network, "from", "", "is --network")
	f.StringVar(&c.capture, "capture", "", "file that keeps the log (default with --from: canary-log.rirclog)")
	f.BoolVar(&c.text, "text", false, "fetch everything, people's words, keys and addresses too")
	f.StringVar(&c.old, "old", "", "the version that runs now (default: this program)")
	f.StringVar(&c.oldDump, "old-dump", "", "what the original RobustIRC dumped of itself, for a capture of canary import-original --text")
	f.StringVar(&c.new, "new", "", "the version to judge (default: this program)")
	f.StringVar(&c.reports.json, "json", "", "write the result as JSON to this file (- is standard output)")
	f.StringArrayVar(&c.reports.reports, "report", nil, "write a report to this file, once or more often: "+reportFormats)
	f.StringVar(&c.example, "scenario", "", "write the smallest scenario of the first difference to this file")
	return cmd
}

func (c *canaryLog) run(cmd *cobra.Command) error {
	ctx := cmd.Context()
	c.progress = newProgress(os.Stderr)
	if c.flags.network == "" && c.capture == "" {
		return usageError{errors.New("--from NETWORK or --capture FILE is missing")}
	}
	c.capture = cmp.Or(c.capture, "canary-log.rirclog")
	if c.flags.network != "" {
		if err := c.fetch(ctx); err != nil {
			return err
		}
	}
	old, err := versionAt("old", c.old)
	if err != nil {
		return err
	}
	new, err := versionAt("new", c.new)
	if err != nil {
		return err
	}
	last, err := lastInput(c.capture, nil)
	if err != nil {
		return err
	}
	opts := replay.Options{Log: c.capture, Old: old, New: new, Progress: c.progress.at}
	if c.oldDump != "" {
		var done func()
		if opts.Recorded, done, err = c.recording(last); err != nil {
			return err
		}
		defer done()
	}
	c.progress.begin("comparing", last)
	o, err := replay.Compare(ctx, opts)
	c.progress.end()
	if err != nil {
		return err
	}
	return c.show(cmd.OutOrStdout(), o)
}

// versionAt is the program at a path, or this one.
func versionAt(name, path string) (replay.Binary, error) {
	if path == "" {
		self, err := os.Executable()
		if err != nil {
			return replay.Binary{}, fmt.Errorf("finding this program: %w", err)
		}
		return replay.Binary{Name: name + " (this program)", Path: self}, nil
	}
	if _, err := os.Stat(path); err != nil {
		return replay.Binary{}, usageError{fmt.Errorf("--%s: %w", name, err)}
	}
	return replay.Binary{Name: fmt.Sprintf("%s (%s)", name, filepath.Base(path)), Path: path}, nil
}

// lastInput reads a capture to its end and returns the number of its last input. cut, when not nil, is told where the
// last whole frame ends, should the capture end within one.
func lastInput(path string, cut func(offset int64) error) (last uint64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, usageError{err}
	}
	defer f.Close()
	r := robustsession.NewLogReader(f)
	for {
		frame, err := r.Next()
		switch {
		case err == io.EOF:
			return last, nil
		case err == io.ErrUnexpectedEOF && cut != nil:
			return last, cut(r.Offset)
		case err != nil:
			return last, fmt.Errorf("%s: %w", path, err)
		case frame.Header != nil:
			last = max(last, frame.Header.State)
		case frame.Kind == robustsession.LogFrameInputs:
			n, err := replay.BatchLen(frame.Payload)
			if err != nil {
				return last, fmt.Errorf("%s: the inputs from number %d on: %w", path, frame.First, err)
			}
			last = max(last, frame.First+uint64(n)-1)
		}
	}
}

// fetch brings the capture up to date, from the first node that serves its log, and goes on with another when that ends.
func (c *canaryLog) fetch(ctx context.Context) error {
	client, err := c.flags.client(ctx)
	if err != nil {
		return err
	}
	last := uint64(0)
	if _, err := os.Stat(c.capture); err == nil {
		if last, err = lastInput(c.capture, func(at int64) error { return os.Truncate(c.capture, at) }); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(c.capture, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return usageError{err}
	}
	defer f.Close()
	var errs []error
	for _, server := range client.servers {
		err := c.fetchFrom(ctx, client, server, f, &last)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			var cutErr error
			last, cutErr = lastInput(c.capture, func(at int64) error { return os.Truncate(c.capture, at) })
			err = errors.Join(err, cutErr)
		}
		if err == nil {
			return f.Close()
		}
		if ctx.Err() != nil || errors.As(err, new(refusal)) {
			return err
		}
		errs = append(errs, fmt.Errorf("%s: %w", server, err))
	}
	return fmt.Errorf("fetching the log (what came is kept in %s): %w", c.capture, errors.Join(errs...))
}

func (c *canaryLog) fetchFrom(ctx context.Context, client *adminClient, server string, f *os.File, last *uint64) error {
	path := fmt.Sprintf("%s?after=%d", robustsession.LogPath, *last)
	if c.text {
		path += "&text=1"
	}
	resp, err := client.open(ctx, server, http.MethodGet, path, nil, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	r := robustsession.NewLogReader(io.TeeReader(resp.Body, f))
	defer c.progress.end()
	for {
		frame, err := r.Next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err // lastInput cuts off what is not whole, next time
		case frame.Header != nil:
			c.progress.begin("fetching from "+server, frame.Header.Last)
		case frame.Kind == robustsession.LogFrameInputs:
			n, err := replay.BatchLen(frame.Payload)
			if err != nil {
				return err
			}
			*last = frame.First + uint64(n) - 1
			c.progress.at(*last)
		}
	}
}

// show writes the reports and the scenario and prints the result.
func (c *canaryLog) show(w io.Writer, o *replay.Outcome) error {
	if c.example != "" && o.Scenario != nil {
		if err := os.WriteFile(c.example, o.Scenario, 0o600); err != nil {
			return fmt.Errorf("writing the scenario: %w", err)
		}
	}
	err := c.reports.show(w, o.Result)
	if c.reports.json != "-" && (err == nil || errors.As(err, new(exitCode))) {
		if o.ScenarioNote != "" {
			fmt.Fprintf(w, "\n%s\n", o.ScenarioNote)
		}
		if o.Scenario != nil && c.example == "" {
			fmt.Fprintf(w, "\n%s", o.Scenario)
		}
	}
	return err
}
