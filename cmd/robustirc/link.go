package main

import (
	"errors"

	"github.com/spf13/cobra"
)

// linkCommand runs the link gateway, and holds what has to do with links to servers of existing networks.
func linkCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "link --config link.toml",
		Short: "Follow an existing IRC network, and keep a RobustIRC network in step with it",
		Long: `Link to an existing IRC network (solanum, charybdis, ircd-hybrid, UnrealIRCd) as a leaf
server that changes nothing there, and keep a RobustIRC network in step with it: every
user is a session there, doing what the user does. docs/link.md explains it.

SIGTERM and SIGINT leave the network in a clean way, within a second. The users stay on
the new network for its SessionExpiration, so that a restart takes them over.

Exit code 1 when the link was ended by a fault, or the new network refuses the gateway.`,
		Example: `  robustirc link check --config link.toml
  robustirc link --config link.toml
  robustirc link status --config link.toml`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "" {
				return usageError{errors.New("--config is missing: the file link.toml; docs/link.toml is an example; see robustirc link --help")}
			}
			return runLink(cmd, file)
		},
	}
	cmd.PersistentFlags().StringVar(&file, "config", "", "configuration of the gateway (required, but for decode)")
	cmd.AddCommand(linkDecodeCommand(), linkCheckCommand(&file), linkStatusCommand(&file), linkReplayCommand(&file),
		linkAskCommand(&file, "stop", "End a gateway that runs, with a clean goodbye to the existing network"),
		linkAskCommand(&file, "relink", "Have a gateway that runs make a new link at once, whatever the rule of one in five minutes says"))
	return cmd
}
