package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"robustirc/linkgw"
	"robustirc/linkgw/config"
	"robustirc/linkgw/translate"
)

func linkCheckCommand(file *string) *cobra.Command {
	var reach, show bool
	var from string
	cmd := &cobra.Command{
		Use:   "check --config link.toml",
		Short: "Check a configuration without linking, and print the block for the existing network's",
		Long: `Check all of a configuration that can be checked without linking: the file, passwords,
certificates, folders; with --reach also whether the new network takes the gateway and
whether the port of the existing network's server answers.

Then print the connect or link block that its operators paste into their configuration.`,
		Example: "  robustirc link check --config link.toml --reach --from 203.0.113.5",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := readLinkConfig(*file)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			cfg, err := checkLink(f)
			if err == nil && reach {
				err = reachLink(cmd.Context(), out, f, cfg)
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "the configuration is good: capture mode %s\n\n", f.Capture.Mode)
			b := blockValues{uplink: f.Uplink, from: from, broadcast: f.Capture.Mode == string(translate.Broadcast)}
			if show {
				b.send, b.accept = cfg.Identity.SendPassword, cfg.Identity.AcceptPassword
			}
			return printBlocks(out, b)
		},
	}
	cmd.Flags().BoolVar(&reach, "reach", false, "also connect to both networks; the existing one is not spoken to")
	cmd.Flags().BoolVar(&show, "show-passwords", false, "print the passwords in the block")
	cmd.Flags().StringVar(&from, "from", "203.0.113.5", "address that the existing network sees us connect from")
	return cmd
}

// checkLink reads all that the configuration names, and returns all that is wrong.
func checkLink(f *config.File) (linkgw.Config, error) {
	cfg, err := linkConfig(f, slog.New(slog.DiscardHandler))
	errs := []error{err}
	if _, err := readSecret(f.Target.PasswordFile); err != nil {
		errs = append(errs, err)
	}
	if _, err := clientTLS(f.Target.CA); err != nil {
		errs = append(errs, err)
	}
	for _, dir := range []string{f.Limits.SpoolDir, f.Record.Dir, filepath.Dir(f.Admin.Socket)} {
		if dir != "" {
			errs = append(errs, checkFolder(dir))
		}
	}
	if f.Uplink.Protocol == "unreal" && err == nil && cfg.Identity.SendPassword != cfg.Identity.AcceptPassword {
		errs = append(errs, errors.New("an UnrealIRCd link has one password for both directions: make the two password files alike (both \"*\" where its link block has spkifp or certfp)"))
	}
	if err := errors.Join(errs...); err != nil {
		return cfg, usageError{err}
	}
	return cfg, nil
}

// checkFolder finds out whether files can be made in a folder, or in the nearest one above that is there.
func checkFolder(dir string) error {
	for d := dir; ; d = filepath.Dir(d) {
		info, err := os.Stat(d)
		if errors.Is(err, os.ErrNotExist) && d != filepath.Dir(d) {
			continue
		}
		if err == nil && !info.IsDir() {
			err = errors.New("it is no folder")
		}
		if err == nil {
			var file *os.File
			if file, err = os.CreateTemp(d, ".robustirc-check-*"); err == nil {
				return errors.Join(file.Close(), os.Remove(file.Name()))
			}
		}
		return fmt.Errorf("%s cannot be written to: %w", dir, err)
	}
}

// reachTime is how long each network has to answer.
const reachTime = 10 * time.Second

// reachLink connects to both networks. Becoming the gateway would end one that runs, and so is not tried.
func reachLink(ctx context.Context, out io.Writer, f *config.File, cfg linkgw.Config) error {
	ctx, cancel := context.WithTimeout(ctx, reachTime)
	defer cancel()
	conn, err := cfg.Dialer.Dial(ctx)
	if err != nil {
		return fmt.Errorf("the existing network's server at %s does not answer: %w", f.Uplink.Address, err)
	}
	conn.Close()
	fmt.Fprintf(out, "%s answers\n", f.Uplink.Address)
	return reachTarget(ctx, out, f.Target)
}
