package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"robustirc/canary/trace"
)

// traceCommand holds what reads captures of the link gateway and the canary.
func traceCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "trace",
		Short: "Reads captures of the link gateway and the canary",
		Long: `Reads the capture files (*` + trace.Extension + `) that the link gateway and the canary write.
A folder stands for all the captures in it, in the order in which they were written.`,
		Args: noArgs,
	}
	cmd.AddCommand(traceCatCommand(), traceVerifyCommand())
	return cmd
}

// filesArgs wants at least one file or folder.
func filesArgs(cmd *cobra.Command, args []string) error {
	if err := cobra.MinimumNArgs(1)(cmd, args); err != nil {
		return usageError{fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
	}
	return nil
}

func traceCatCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "cat [--json] FILE|FOLDER...",
		Short: "Print the records of captures",
		Long: `Print the records of captures, one in a line: number, seconds since the run began, kind,
what belongs to the kind, and the line. Ids are hexadecimal.

What is damaged is named on standard error and passed over; the exit code is then 1.
The end of a file that is still being written, or whose writer was killed, counts as damaged.
Exit codes: 0 all was read, 1 something could not be read, 2 wrong command line or no such file.`,
		Example: "  robustirc trace cat --json /var/lib/robustirc/capture | jq -r 'select(.kind == \"link-in\").line'",
		Args:    filesArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := trace.Open(args...)
			if err != nil {
				return usageError{err}
			}
			damaged, err := catTrace(cmd.OutOrStdout(), cmd.ErrOrStderr(), r, asJSON)
			if err := errors.Join(err, r.Close()); err != nil {
				return err
			}
			if damaged > 0 {
				return fmt.Errorf("%d parts of the captures could not be read", damaged)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print each record as JSON")
	return cmd
}

// catTrace prints all records to out, and what is damaged to errs.
func catTrace(out, errs io.Writer, r *trace.Reader, asJSON bool) (damaged int, err error) {
	w := bufio.NewWriter(out)
	var rec trace.Record
	var buf []byte
	for {
		var damage *trace.Damage
		switch err := r.Next(&rec); {
		case err == io.EOF:
			return damaged, w.Flush()
		case errors.As(err, &damage):
			damaged++
			if _, err := fmt.Fprintln(errs, damage); err != nil {
				return damaged, err
			}
			continue
		case err != nil:
			return damaged, errors.Join(err, w.Flush())
		}
		if buf, err = appendRecord(buf[:0], &rec, asJSON); err != nil {
			return damaged, err
		}
		if _, err := w.Write(buf); err != nil {
			return damaged, fmt.Errorf("writing records: %w", err)
		}
	}
}

func appendRecord(b []byte, rec *trace.Record, asJSON bool) ([]byte, error) {
	if !asJSON {
		return append(rec.AppendText(b), '\n'), nil
	}
	js, err := json.Marshal(rec)
	if err != nil {
		return b, fmt.Errorf("encoding record %d: %w", rec.Seq, err)
	}
	return append(append(b, js...), '\n'), nil
}

func traceVerifyCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify [--json] FILE|FOLDER...",
		Short: "Check that captures are whole",
		Long: `Read captures from end to end, check every checksum, and check that every number of the
run is there or told of by a gap. A gap is a stretch that the writer could not store and
says so; it is listed and is no error.

Exit codes: 0 whole, 1 something is damaged or missing, 2 wrong command line or no such file.`,
		Example: "  robustirc trace verify /var/lib/robustirc/capture",
		Args:    filesArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := trace.Files(args...); err != nil {
				return usageError{err}
			}
			v, err := trace.Verify(args...)
			if err != nil {
				return err
			}
			if err := printVerification(cmd.OutOrStdout(), &v, asJSON); err != nil {
				return fmt.Errorf("writing what was found: %w", err)
			}
			if !v.Whole() {
				return fmt.Errorf("the captures are not whole: %d parts are damaged, %d stretches of records are missing", v.Damages, v.Missings)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print what was found as JSON")
	return cmd
}

func printVerification(w io.Writer, v *trace.Verification, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(v)
	}
	b := fmt.Appendf(nil, "%d records of %d runs in %d files; %d lost in %d gaps\n", v.Records, v.Runs, v.Files, v.Lost, len(v.Gaps))
	for _, g := range v.Gaps {
		b = fmt.Appendf(b, "gap      %d-%d: %d records, %s\n", g.From, g.To, g.Lines, g.Reason)
	}
	for _, m := range v.Missing {
		b = fmt.Appendf(b, "missing  %d-%d of run %s: neither record nor gap\n", m.From, m.To, m.RunID)
	}
	for _, d := range v.Damage {
		b = fmt.Appendf(b, "damaged  %s\n", d)
	}
	_, err := w.Write(b)
	return err
}
