package main

import (
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"robustirc/canary/trace"
	"robustirc/linkgw"
	"robustirc/linkgw/config"
	"robustirc/linkgw/egress"
	"robustirc/s2s"
)

func linkReplayCommand(file *string) *cobra.Command {
	var speed string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "replay RECORD... [--config link.toml]",
		Short: "Run a record through the model and the translation again, without any network",
		Long: `Run a record (a file of it, or its folder) through the model of the existing network and
the translation again, without any network, and print what came of it: the coverage, and
how many lines would have been posted. The mirroring is configured as by --config, or by
default.

Exit code 1 when the record is damaged other than at its end, or the coverage does not
add up.`,
		Example: "  robustirc link replay --speed max /var/lib/robustirc-link/record",
		Args:    usageArgs(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			pace, err := parsePace(speed)
			if err != nil {
				return err
			}
			f := config.Default()
			if *file != "" {
				p, err := readLinkConfig(*file)
				if err != nil {
					return err
				}
				f = *p
			}
			log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
			r, err := trace.Open(args...)
			if err != nil {
				return usageError{err}
			}
			defer r.Close()
			sum, err := linkgw.Replay(cmd.Context(), r, replayConfig(&f), pace, log)
			if err != nil {
				return err
			}
			if asJSON {
				err = printJSON(cmd.OutOrStdout(), sum)
			} else {
				err = printReplay(cmd, &sum)
			}
			if err == nil && sum.CoverageBad != "" {
				err = fmt.Errorf("internal error: %s", sum.CoverageBad)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&speed, "speed", "max", "original, a factor such as 10, or max")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// parsePace reads --speed: 0 is as fast as it goes.
func parsePace(s string) (float64, error) {
	switch s {
	case "max":
		return 0, nil
	case "original":
		return 1, nil
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || n <= 0 || n > 1e6 {
		return 0, usageError{fmt.Errorf("--speed is original, max, or a factor above 0, not %q", s)}
	}
	return n, nil
}

// replayConfig is what a replay needs of a configuration; who we were stands in the record.
func replayConfig(f *config.File) linkgw.ReplayConfig {
	cfg := linkgw.ReplayConfig{Translate: linkTranslation(f)}
	cfg.Identity = func(h trace.Header) linkgw.Identity {
		return linkgw.Identity{Identity: s2s.Identity{Server: h.Us, SID: s2s.SID(h.SID), Description: f.Uplink.Description, MaxClockDelta: 100 * 365 * 24 * time.Hour},
			Protocol: egress.Protocol(h.Protocol), Dialect: h.Dialect, Services: f.Uplink.Services}
	}
	return cfg
}

func printReplay(cmd *cobra.Command, s *linkgw.ReplaySummary) error {
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "%d lines of %d links in %v: %d operations (recorded: %d), %d users and %d channels at the end, %d gaps\n",
		s.Lines, s.Links, time.Duration(s.Seconds*float64(time.Second)).Round(time.Millisecond), s.Operations, s.Recorded, s.Network.Users, s.Network.Channels, s.Gaps)
	for _, d := range s.Damage {
		fmt.Fprintf(out, "damaged: %s\n", d)
	}
	printCoverage(out, &linkgw.Status{Coverage: s.Coverage, Statement: s.Coverage.Statement()})
	return nil
}
