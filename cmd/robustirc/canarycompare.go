package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"robustirc/canary/compare"
	"robustirc/canary/report"
	"robustirc/canary/trace"
)

// reportFlags are those of commands that end with a verdict.
type reportFlags struct {
	rules, json string
	reports     []string
}

func (r *reportFlags) bind(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&r.rules, "rules", "", "canary.toml with thresholds and rules of your own (docs/canary.md)")
	f.StringVar(&r.json, "json", "", "write the result as JSON to this file (- is standard output)")
	f.StringArrayVar(&r.reports, "report", nil, "write a report to this file, once or more often: "+reportFormats)
}

// show writes the reports and prints the result; the verdict's exit code is the error.
func (r *reportFlags) show(out io.Writer, res *compare.Result) error {
	if r.json != "" {
		if err := writeReportAs(r.json, "json", res); err != nil {
			return err
		}
	}
	for _, file := range r.reports {
		if err := writeReport(file, res); err != nil {
			return err
		}
	}
	if r.json != "-" {
		if err := report.Write(out, "text", res); err != nil {
			return err
		}
	}
	if res.Verdict.Exit != 0 {
		return exitCode(res.Verdict.Exit)
	}
	return nil
}

func canaryCompareCommand() *cobra.Command {
	var flags reportFlags
	cmd := &cobra.Command{
		Use:   "compare [--rules canary.toml] FILE|FOLDER...",
		Short: "Judge a recorded run of the link gateway",
		Long: `Judge a recorded run of the link gateway: what users of the existing network saw against
what the same users were shown by the new one. A folder stands for all captures in it.
With other rules the same capture can be judged again, without new traffic; the same
capture and rules give the same bytes of JSON.

Exit codes, added up: 0 GO, 1 internal error, 2 wrong command line, 4 unexplained
differences, 8 not enough was seen, 16 lag, 32 capacity, 64 safety of the live network.`,
		Example: `  robustirc canary compare /var/lib/robustirc-link/record --report report.html
  robustirc canary compare --rules canary.toml capture.rtrace --json - | jq .verdict`,
		Args: filesArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			options, err := canaryOptions(flags.rules, time.Now())
			if err != nil {
				return err
			}
			res, err := compareCapture(options, args, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return flags.show(cmd.OutOrStdout(), res)
		},
	}
	flags.bind(cmd)
	return cmd
}

// compareCapture judges captures. What is damaged is named on errs and is a gap of the run.
func compareCapture(options compare.Options, files []string, errs io.Writer) (*compare.Result, error) {
	engine, err := compare.New(options)
	if err != nil {
		return nil, err
	}
	r, err := trace.Open(files...)
	if err != nil {
		return nil, usageError{err}
	}
	defer r.Close()
	progress := newProgress(os.Stderr)
	progress.begin("comparing", 0)
	defer progress.end()
	var rec trace.Record
	for {
		var damage *trace.Damage
		switch err := r.Next(&rec); {
		case err == io.EOF:
			res := engine.Result()
			return &res, nil
		case errors.As(err, &damage):
			fmt.Fprintln(errs, damage)
		case err != nil:
			return nil, fmt.Errorf("reading the capture: %w", err)
		default:
			engine.Add(&rec)
			progress.at(rec.Seq)
		}
	}
}

func canaryReportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "report RESULT.json FILE...",
		Short: "Write a result again in other formats",
		Long:  "Write a result (--json of the other commands) again in other formats, by the names of the files: " + reportFormats + ".",
		Example: `  robustirc canary report result.json report.html summary.md
  robustirc canary report result.json junit.xml`,
		Args: usageArgs(cobra.MinimumNArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			res, err := readResult(args[0])
			if err != nil {
				return err
			}
			for _, file := range args[1:] {
				if err := writeReport(file, res); err != nil {
					return err
				}
			}
			return nil
		},
	}
	return cmd
}

// readResult reads a JSON report.
func readResult(file string) (*compare.Result, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, usageError{err}
	}
	var r compare.Result
	if err := json.Unmarshal(b, &r); err != nil || r.Schema == 0 {
		return nil, usageError{fmt.Errorf("%s is no JSON report of a canary", file)}
	}
	if r.Schema > compare.SchemaVersion {
		return nil, usageError{fmt.Errorf("%s was written by a newer version (schema %d, this program knows %d)", file, r.Schema, compare.SchemaVersion)}
	}
	return &r, nil
}
