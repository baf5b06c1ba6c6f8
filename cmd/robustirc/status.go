package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"robustirc/core/node"
)

func statusCommand() *cobra.Command {
	var flags adminFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the state of all nodes; it works without a leader",
		Long:  "Show the state of all nodes; it works without a leader. Exit code 1 when a node does not serve.",
		Example: `  robustirc status --network localhost:13001,localhost:13002,localhost:13003 \
    --tls-ca robustirc-data/tls/ca.pem --password-file robustirc-data/password`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := flags.client(cmd.Context())
			if err != nil {
				return err
			}
			list := client.statuses(cmd.Context())
			if asJSON {
				return printJSON(cmd.OutOrStdout(), list)
			}
			return printStatus(cmd.OutOrStdout(), list)
		},
	}
	flags.bind(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// serverStatus is one node's status, or why it could not be asked.
type serverStatus struct {
	Server string
	Error  string `json:",omitempty"`
	State  string
	node.Status
}

// status asks one node.
func (c *adminClient) status(ctx context.Context, server string) serverStatus {
	s := serverStatus{Server: server}
	reply, _, err := c.do(ctx, server, http.MethodGet, "/status", http.Header{"Accept": {"application/json"}}, nil)
	var parsed struct{ Node node.Status }
	if err == nil {
		err = json.Unmarshal(reply, &parsed)
	}
	if err != nil {
		s.Error = err.Error()
		return s
	}
	s.State, s.Status = parsed.Node.State, parsed.Node
	return s
}

func (c *adminClient) statuses(ctx context.Context) []serverStatus {
	list := make([]serverStatus, len(c.servers))
	for i, server := range c.servers {
		list[i] = c.status(ctx, server)
	}
	return list
}

// printJSON prints a value for programs.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func printStatus(w io.Writer, list []serverStatus) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NODE\tADDRESS\tSTATE\tTERM\tAPPLIED\tSESSIONS\tCHANNELS\tVERSION\tPROBLEM")
	down := 0
	for _, s := range list {
		problem := s.Error
		if problem == "" {
			problem = s.NotReady
		}
		if problem != "" {
			down++
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%s\t%s\n", s.ID, s.Server, s.State, s.Term, s.Applied, s.Sessions, s.Channels, s.Version, problem)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if down > 0 {
		return fmt.Errorf("%d of %d nodes do not serve", down, len(list))
	}
	return nil
}
