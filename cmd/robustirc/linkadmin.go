package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"robustirc/linkgw"
	"robustirc/linkgw/translate"
)

func linkStatusCommand(file *string) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "status --config link.toml",
		Example: "  robustirc link status --config link.toml --json | jq .coverage",
		Short:   "Show how a gateway that runs is",
		Long:    "Show how a gateway that runs is: over its admin socket. Exit code 1 when it is not linked on both sides, or something is wrong.",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := readLinkConfig(*file)
			if err != nil {
				return err
			}
			s, err := linkgw.NewAdminClient(f.Admin.Socket).Status()
			if err != nil {
				return err
			}
			if asJSON {
				err = printJSON(cmd.OutOrStdout(), s)
			} else {
				err = printLinkStatus(cmd.OutOrStdout(), &s, time.Now())
			}
			if err != nil {
				return err
			}
			if why := s.Unhealthy(); why != "" {
				return fmt.Errorf("the gateway is not well: %s", why)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func linkAskCommand(file *string, what, short string) *cobra.Command {
	return &cobra.Command{
		Use: what + " --config link.toml", Short: short, Example: "  robustirc link " + what + " --config link.toml", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			f, err := readLinkConfig(*file)
			if err != nil {
				return err
			}
			return linkgw.NewAdminClient(f.Admin.Socket).Do(what)
		},
	}
}

// printLinkStatus prints for people.
func printLinkStatus(out io.Writer, s *linkgw.Status, now time.Time) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(w, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	row("state", "%s", s.State)
	row("capture mode", "%s", s.Mode)
	row("us", "%s (%s), %s", s.Server, s.SID, s.Protocol)
	if l := s.Link; l != nil {
		row("linked to", "%s (%s), %s, TLS %t, for %v, heard %v ago", l.Peer, l.SID, l.Dialect, l.TLS, age(now, l.Since), age(now, l.Heard))
	}
	if s.LastError != "" {
		row("last end", "%s", s.LastError)
	}
	row("links", "%d", s.Links)
	row("existing network", "%d servers, %d users, %d channels", s.Network.Servers, s.Network.Users, s.Network.Channels)
	row("new network", "linked %t, %d lines posted, %d wait, %.1f s behind, %d imports", s.Target.Linked, s.Target.Posted, s.Target.Pending, s.Target.Behind, s.Target.Imports)
	if s.Target.LastError != "" {
		row("", "%s", s.Target.LastError)
	}
	row("queue", "%d lines, %d bytes in memory, %d on disk (most %d)", s.Spool.Items, s.Spool.MemoryBytes, s.Spool.DiskBytes, s.Spool.DiskPeak)
	if s.Spool.Error != "" {
		row("", "%s", s.Spool.Error)
	}
	if o := s.Observer; o != nil {
		row("observer", "present %t as %s on %s", o.Present, o.Nick, strings.Join(o.Channels, " "))
	}
	row("gaps", "%d, %d lines known to be missing", s.GapCount, s.GapLines)
	for _, g := range s.Gaps {
		end := "now"
		if !g.To.IsZero() {
			end = g.To.Format(time.RFC3339)
		}
		row("", "%s from %s to %s, %d lines", g.Reason, g.From.Format(time.RFC3339), end, g.Lines)
	}
	row("sent", "%s", countsText(s.Egress.Sent))
	row("blocked", "%s", countsText(s.Egress.Blocked))
	if err := w.Flush(); err != nil {
		return err
	}
	printCoverage(out, s)
	return nil
}

func age(now, then time.Time) time.Duration { return now.Sub(then).Round(time.Second) }

func countsText(m map[string]int64) string {
	var words []string
	for k, n := range m { // order does not matter: they are sorted
		words = append(words, fmt.Sprintf("%s %d", k, n))
	}
	slices.Sort(words)
	if len(words) == 0 {
		return "nothing"
	}
	return strings.Join(words, ", ")
}

// printCoverage prints what became of the events, by command.
func printCoverage(out io.Writer, s *linkgw.Status) {
	done, all := s.Coverage.Eligible()
	fmt.Fprintf(out, "\ncoverage: %d of %d eligible events", done, all)
	if all > 0 {
		fmt.Fprintf(out, " (%.2f %%)", 100*float64(done)/float64(all))
	}
	fmt.Fprintf(out, "\n%s\n", s.Statement)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "COMMAND\tSEEN\tTRANSLATED\tEFFECT ONLY\tSKIPPED\t")
	for i := range s.Coverage.Rows {
		r := &s.Coverage.Rows[i]
		var skipped []string
		for _, reason := range translate.Reasons {
			if n := r.Skipped[reason]; n > 0 {
				skipped = append(skipped, fmt.Sprintf("%s %d", reason, n))
			}
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%s\t\n", r.Command, r.Seen, r.Translated, r.EffectOnly, strings.Join(skipped, ", "))
	}
	w.Flush()
	for _, d := range s.Divergences {
		fmt.Fprintf(out, "divergence: %s %s, %d times\n", d.Command, d.Code, d.Count)
	}
	if s.CoverageBad != "" {
		fmt.Fprintf(out, "INTERNAL ERROR: %s\n", s.CoverageBad)
	}
}
