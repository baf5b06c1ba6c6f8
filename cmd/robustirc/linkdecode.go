package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"robustirc/s2s"
	"robustirc/s2s/ts6"
	"robustirc/s2s/unreal"
)

// linkCodecs make a codec for the lines of a recorded link, by protocol.
var linkCodecs = map[string]func([]s2s.Recorded) s2s.Codec{
	"ts6":    func(lines []s2s.Recorded) s2s.Codec { return ts6.CodecOf(lines) },
	"unreal": func(lines []s2s.Recorded) s2s.Codec { return unreal.CodecOf(lines) },
}

func linkDecodeCommand() *cobra.Command {
	var protocol string
	cmd := &cobra.Command{
		Use:   "decode --protocol ts6|unreal FILE",
		Short: "Print the events of a recorded link",
		Long: `Print the events of a recorded link as JSON lines, and then how many lines, events,
unknown commands and errors there were. FILE has lines "<milliseconds> < line" for what
came from the network and "<milliseconds> > line" for what was sent; the rest are comments.

Exit code 1 when a command is unknown or a line cannot be read. Passwords are not shown.`,
		Example: "  robustirc link decode --protocol ts6 capture.txt | jq -c 'select(.sent | not)'",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			codec, ok := linkCodecs[protocol]
			if !ok {
				return usageError{fmt.Errorf("--protocol is one of %s", strings.Join(slices.Sorted(maps.Keys(linkCodecs)), ", "))}
			}
			text, err := os.ReadFile(args[0])
			if err != nil {
				return usageError{fmt.Errorf("reading the recording: %w", err)}
			}
			lines := s2s.ParseTranscript(string(text))
			if len(lines) == 0 {
				return usageError{fmt.Errorf("%s holds no lines of a link: each is \"<milliseconds> < line\" or \"<milliseconds> > line\"", args[0])}
			}
			sum, err := decodeRecording(cmd.OutOrStdout(), codec(lines), lines)
			if err != nil {
				return fmt.Errorf("writing events: %w", err)
			}
			if sum.Unknown+sum.Errors > 0 {
				return fmt.Errorf("%d commands are unknown and %d lines cannot be read", sum.Unknown, sum.Errors)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&protocol, "protocol", "", "server protocol of the recording: ts6 or unreal (required)")
	return cmd
}

// decodedLine is the outcome of one line.
type decodedLine struct {
	Line  int             `json:"line"` // in the file
	Sent  bool            `json:"sent,omitempty"`
	Event *s2s.Event      `json:"event,omitempty"`
	Error *s2s.ParseError `json:"error,omitempty"`
}

// decodeSummary counts the outcomes. Unknown commands are events too.
type decodeSummary struct {
	Lines   int `json:"lines"`
	Events  int `json:"events"`
	Unknown int `json:"unknown"`
	Errors  int `json:"errors"`
}

// decodeRecording writes an outcome for each line, and their numbers.
func decodeRecording(out io.Writer, codec s2s.Codec, lines []s2s.Recorded) (decodeSummary, error) {
	w := bufio.NewWriter(out)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	var sum decodeSummary
	for _, l := range lines {
		sum.Lines++
		d := decodedLine{Line: l.Number, Sent: !l.Received}
		e, err := codec.Decode(l.Line)
		if pe, ok := err.(*s2s.ParseError); ok {
			d.Error = pe
			sum.Errors++
		} else {
			d.Event = &e
			sum.Events++
			if _, unknown := e.Body.(s2s.Unknown); unknown {
				sum.Unknown++
			}
		}
		if err := enc.Encode(d); err != nil {
			return sum, err
		}
	}
	if err := enc.Encode(struct {
		Summary decodeSummary `json:"summary"`
	}{sum}); err != nil {
		return sum, err
	}
	return sum, w.Flush()
}
