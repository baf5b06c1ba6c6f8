// Command robustirc is the one binary of RobustIRC: node, bridge and tools as subcommands.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitFailure = 1 // something went wrong while working
	exitUsage   = 2 // the command line or a configuration file is wrong
)

// usageError marks what the operator must correct in the command line or a file.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// exitCode is the answer of a command that has said everything already.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	err := rootCommand().ExecuteContext(ctx)
	if err == nil {
		return
	}
	if !errors.As(err, new(exitCode)) {
		fmt.Fprintf(os.Stderr, "robustirc: %v\n", err)
	}
	stop()
	if code := exitCode(0); errors.As(err, &code) {
		os.Exit(int(code))
	}
	if errors.As(err, new(usageError)) {
		os.Exit(exitUsage)
	}
	os.Exit(exitFailure)
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "robustirc",
		Short: "RobustIRC: an IRC network without netsplits",
		Long: `RobustIRC is an IRC network without netsplits: the server is a state machine that
is replicated over several nodes, any minority of which may die unnoticed.

Exit codes: 0 success, 1 failure, 2 wrong command line or configuration.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
	})
	root.AddCommand(demoCommand(), devCommand(), nodeCommand(), bridgeCommand(), benchCommand(), statusCommand(), configCommand(), canaryCommand(), linkCommand(), fakenetCommand(), traceCommand(), versionCommand())
	return root
}

// usageArgs makes a wrong number of arguments a usage error.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}

// noArgs refuses arguments.
var noArgs = usageArgs(cobra.NoArgs)
