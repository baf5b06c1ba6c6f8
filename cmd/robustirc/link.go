package main

import "github.com/spf13/cobra"

// linkCommand holds what has to do with links to servers of existing networks.
func linkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "link",
		Short: "Links to the servers of an existing network",
		Args:  noArgs,
	}
	cmd.AddCommand(linkDecodeCommand())
	return cmd
}
