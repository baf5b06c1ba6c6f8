package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/spf13/cobra"
	"golang.org/x/crypto/bcrypt"
)

func configCommand() *cobra.Command {
	var flags adminFlags
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Read and change the network configuration",
		Long: `Read and change the network configuration, which all nodes share: operators, limits,
throttling, message of the day. Settings of one node are flags of robustirc node.`,
	}
	flags.bind(cmd.PersistentFlags())
	cmd.AddCommand(configGetCommand(&flags), configSetCommand(&flags), configEditCommand(&flags), configHashCommand())
	return cmd
}

func configGetCommand(flags *adminFlags) *cobra.Command {
	return &cobra.Command{
		Use:     "get [KEY]",
		Short:   "Print the configuration as TOML, or one key of it",
		Example: "  robustirc config get --network localhost:13001,localhost:13002 --tls-ca ca.pem --password-file password\n  robustirc config get PostMessageCooloff --network robustirc.example.net",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := flags.client(cmd.Context())
			if err != nil {
				return err
			}
			text, _, err := client.config(cmd.Context())
			if err != nil {
				return err
			}
			if len(args) == 0 {
				_, err := io.WriteString(cmd.OutOrStdout(), text)
				return err
			}
			var doc map[string]any
			if _, err := toml.Decode(text, &doc); err != nil {
				return err
			}
			value, ok := lookUp(doc, strings.Split(args[0], "."))
			if !ok {
				return usageError{fmt.Errorf("there is no setting %s", args[0])}
			}
			return toml.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{args[0]: value})
		},
	}
}

func configSetCommand(flags *adminFlags) *cobra.Command {
	return &cobra.Command{
		Use:     "set KEY VALUE",
		Short:   "Set one key; the value is TOML, quotes around plain text may be left out",
		Example: "  robustirc config set PostMessageCooloff 0s --network localhost:13001,localhost:13002 --tls-ca ca.pem --password-file password\n  robustirc config set MOTD '[\"Welcome\", \"to the network\"]' --network robustirc.example.net",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := flags.client(cmd.Context())
			if err != nil {
				return err
			}
			return client.editConfig(cmd.Context(), map[string]any{args[0]: parseValue(args[1])})
		},
	}
}

// parseValue reads a TOML value; what is none is plain text.
func parseValue(text string) any {
	var doc struct{ V any }
	if _, err := toml.Decode("V = "+text, &doc); err != nil || doc.V == nil {
		return text
	}
	return doc.V
}

func configEditCommand(flags *adminFlags) *cobra.Command {
	return &cobra.Command{
		Use:     "edit",
		Short:   "Edit the configuration with $EDITOR",
		Example: "  EDITOR=nano robustirc config edit --network robustirc.example.net --password-file password",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := flags.client(cmd.Context())
			if err != nil {
				return err
			}
			return editConfig(cmd.Context(), client)
		},
	}
}

// editConfig lets the operator edit the configuration. What the network does not accept stays in a file.
func editConfig(ctx context.Context, client *adminClient) error {
	text, revision, err := client.config(ctx)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp("", "robustirc-config-*.toml") // readable by its owner only
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := runEditor(ctx, f.Name()); err != nil {
		return err
	}
	edited, err := os.ReadFile(f.Name())
	if err != nil {
		return err
	}
	if string(edited) != text {
		if err := client.setConfig(ctx, string(edited), revision); err != nil {
			return fmt.Errorf("%w\nyour version is kept in %s", err, f.Name())
		}
	}
	return os.Remove(f.Name())
}

func runEditor(ctx context.Context, file string) error {
	editor := strings.Fields(os.Getenv("EDITOR"))
	if len(editor) == 0 {
		editor = []string{"vi"}
	}
	cmd := exec.CommandContext(ctx, editor[0], append(editor[1:], file)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("running the editor: %w", err)
	}
	return nil
}

func configHashCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "hash",
		Short:   "Read a password from standard input and print its bcrypt hash, for operators, services and gateways",
		Example: "  robustirc config hash < password",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
			if line = strings.TrimRight(line, "\r\n"); line == "" {
				return usageError{fmt.Errorf("there is no password on standard input: %w", errors.Join(err, io.ErrUnexpectedEOF))}
			}
			hash, err := bcrypt.GenerateFromPassword([]byte(line), bcrypt.DefaultCost)
			if err != nil {
				return fmt.Errorf("hashing the password: %w", err)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), string(hash))
			return err
		},
	}
}
