package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"robustirc/canary/replay"
)

func canaryCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "canary",
		Short: "Compare what users see now with what they would see",
		Args:  noArgs,
	}
	cmd.AddCommand(canaryLiveCommand(), canaryCompareCommand(), canaryLogCommand(), canaryReportCommand(), canaryAcceptCommand(), canaryMachineCommand(), canaryImportOriginalCommand())
	return cmd
}

// canaryMachineCommand is one version's side of canary log. Every release keeps it.
func canaryMachineCommand() *cobra.Command {
	var digests string
	cmd := &cobra.Command{
		Use:     "machine",
		Short:   "Apply a network's log from standard input and write what came of it (for canary log)",
		Hidden:  true,
		Example: "  robustirc canary machine < canary-log.rirclog > outputs",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			var opts replay.MachineOptions
			if digests != "" {
				if _, err := fmt.Sscanf(strings.Replace(digests, "-", " ", 1), "%d %d", &opts.DigestFrom, &opts.DigestTo); err != nil {
					return usageError{fmt.Errorf("--digests: want FROM-TO, not %q", digests)}
				}
			}
			return replay.Serve(cmd.InOrStdin(), os.Stdout, opts)
		},
	}
	cmd.Flags().StringVar(&digests, "digests", "", "inputs FROM-TO after each of which the state's digest is written")
	return cmd
}
