package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"robustirc/canary/original"
	"robustirc/canary/replay"
	"robustirc/core/ircserver"
	"robustirc/core/robustsession"
)

func canaryImportOriginalCommand() *cobra.Command {
	var o original.Options
	var text bool
	cmd := &cobra.Command{
		Use:   "import-original --raftdir DIR --out FILE",
		Short: "Make a capture for canary log of the data of the original RobustIRC",
		Long: `Make a capture for canary log of the data of the original RobustIRC.

--raftdir is what a node of the original has as -raftdir. The node must not run: stop it, or
copy its directory while it is stopped. The directory is only read. Entries and snapshots may
be in both of its encodings.

What people said, addresses and keys are hidden in the capture, unless --text; passwords are
never in it. What has no equivalent here is named and counted. Beside FILE, FILE.ids says which
input is which entry of the original: canary log --old-dump needs it.

Exit code 0 when the capture is written; 1 when the data cannot be read; 2 for wrong flags.`,
		Example: `  robustirc canary import-original --raftdir /var/lib/robustirc-copy --network irc.example.net --out original.rirclog
  robustirc canary log --capture original.rirclog --report report.html`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.RaftDir == "" || o.Out == "" {
				return usageError{errors.New("--raftdir DIR and --out FILE are needed")}
			}
			if !text {
				key := make([]byte, 32)
				rand.Read(key) // never fails: it ends the program instead
				o.Redactor = ircserver.NewRedactor(key)
			}
			return importOriginal(cmd, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.RaftDir, "raftdir", "", "the directory of a node of the original that does not run")
	f.StringVar(&o.Out, "out", "", "file for the capture; it must not be there yet")
	f.StringVar(&o.Network, "network", "robustirc.net", "name of the network, the original's -network_name")
	f.Uint64Var(&o.MessageOffset, "message-offset", original.DefaultMessageOffset, "the original's -robustirc_message_offset")
	f.BoolVar(&text, "text", false, "keep everything, people's words, keys and addresses too")
	return cmd
}

func importOriginal(cmd *cobra.Command, o original.Options) error {
	p := newProgress(os.Stderr)
	begun := false
	o.Progress = func(index, last uint64) {
		if !begun {
			p.begin("reading the original's log", last)
			begun = true
		}
		p.at(index)
	}
	sum, err := original.Import(cmd.Context(), o)
	if begun {
		p.end()
	}
	if errors.Is(err, fs.ErrExist) || errors.Is(err, original.ErrInUse) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	showImport(cmd.OutOrStdout(), o.Out, sum)
	return nil
}

// showImport prints what an import did.
func showImport(w io.Writer, path string, sum *original.Summary) {
	from := "the whole log"
	if sum.Snapshot {
		from = "the newest snapshot and the log behind it"
	}
	fmt.Fprintf(w, "%s: %d inputs (%d sessions, %d lines) of entries %d to %d: %s\n", path, sum.Inputs, sum.Sessions, sum.Lines, sum.First, sum.Last, from)
	show := func(title string, list []original.Count) {
		if len(list) > 0 {
			fmt.Fprintf(w, "\n%s\n", title)
		}
		for _, c := range list {
			fmt.Fprintf(w, "%8d  %s\n", c.N, c.What)
		}
	}
	show("Entries that made no input:", sum.Skipped)
	show("What has no equivalent here:", sum.Lost)
	fmt.Fprintf(w, "\nNext: robustirc canary log --capture %s --report report.html\n", path)
}

// recording turns the dump of the original into what is compared with the capture. done removes it.
func (c *canaryLog) recording(last uint64) (rec *replay.Recording, done func(), err error) {
	switch {
	case c.old != "":
		return nil, nil, usageError{errors.New("--old and --old-dump exclude each other")}
	case c.flags.network != "":
		return nil, nil, usageError{errors.New("--old-dump goes with --capture, a file of canary import-original --text")}
	}
	if err := whole(c.capture); err != nil {
		return nil, nil, err
	}
	ids, err := os.Open(c.capture + original.IDsSuffix)
	if err != nil {
		return nil, nil, usageError{fmt.Errorf("--old-dump needs the file beside the capture that canary import-original wrote: %w", err)}
	}
	defer ids.Close()
	dump, err := os.Open(c.oldDump)
	if err != nil {
		return nil, nil, usageError{fmt.Errorf("--old-dump: %w", err)}
	}
	defer dump.Close()
	frames, err := os.CreateTemp("", "robustirc-recording-*")
	if err != nil {
		return nil, nil, fmt.Errorf("making room for the recording: %w", err)
	}
	done = func() { os.Remove(frames.Name()) }
	sum, err := original.Record(dump, ids, last, frames)
	if err = errors.Join(err, frames.Close()); err != nil {
		done()
		return nil, nil, fmt.Errorf("%s: %w", c.oldDump, err)
	}
	return &replay.Recording{Name: "the original RobustIRC", Path: frames.Name(), Normalize: original.Normalize, Notes: recordingNotes(sum)}, done, nil
}

// whole refuses a redacted capture: a dump shows hosts, topics and reasons as they were.
func whole(capture string) error {
	f, err := os.Open(capture)
	if err != nil {
		return usageError{err}
	}
	defer f.Close()
	frame, err := robustsession.NewLogReader(f).Next()
	if err != nil {
		return fmt.Errorf("%s: %w", capture, err)
	}
	if frame.Header == nil || frame.Header.Redacted {
		return usageError{fmt.Errorf("%s is redacted, and the dump is not: make the capture with canary import-original --text", capture)}
	}
	return nil
}

// recordingNotes say what is not compared.
func recordingNotes(sum *original.Recorded) []string {
	notes := []string{
		fmt.Sprintf("the original's dump: %d lines of clients with %d outputs; texts of PRIVMSG and NOTICE are not in it, nor PING, PONG and the ends of sessions", sum.Entries, sum.Outputs),
	}
	if sum.Dark > 0 {
		notes = append(notes, fmt.Sprintf("the dump's last %d lines have no outputs and were not compared: they may be newer than its snapshot", sum.Dark))
	}
	if sum.Unknown > 0 {
		notes = append(notes, fmt.Sprintf("%d lines of the dump are not in the capture", sum.Unknown))
	}
	if sum.Strangers > 0 {
		notes = append(notes, fmt.Sprintf("%d recipients in the dump are no sessions: pseudo-clients of services", sum.Strangers))
	}
	return notes
}
