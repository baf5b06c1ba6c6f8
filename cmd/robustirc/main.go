// Command robustirc is the one binary of RobustIRC: node, bridge and tools as subcommands.
package main

import (
	"os"

	"github.com/spf13/cobra"
)

func main() {
	root := &cobra.Command{
		Use:   "robustirc",
		Short: "RobustIRC: an IRC network without netsplits",
	}
	if err := root.Execute(); err != nil {
		os.Exit(1)
	}
}
