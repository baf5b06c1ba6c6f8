package original

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"robustirc/canary/replay"
	"robustirc/core/irc"
	"robustirc/core/ircserver"
)

// A dump (the original's -dump_canary_state) has a JSON value for each line that a client sent, but for PING and PONG,
// with what it put out and whom for:
//
//	{"Id": index of the entry, "Session": …, "Input": line, "Output": [{"Text": line, "InterestingFor": {"0x…": true}}]}
//
// The texts of PRIVMSG, NOTICE and PASS are hidden in it. It holds the answers of those entries that its newest snapshot
// has; others stand there without output.

// maxDumpLine bounds a line of a dump, in bytes: one with everybody on a large network as recipients.
const maxDumpLine = 64 << 20

// hidden is what stands in a dump for a text.
const hidden = "<privacy filtered>"

// ErrEmptyDump is returned for a dump that holds no output at all: there was no snapshot when it was made.
var ErrEmptyDump = errors.New("the dump holds no output at all: the original puts out anew only what its newest snapshot holds; take one (GET /snapshot of the running node, with the network password) before you stop it")

type dumpEntry struct {
	Id     uint64
	Output []dumpOutput
}

type dumpOutput struct {
	Text           string
	InterestingFor map[string]bool
}

// Recorded says what a recording holds.
type Recorded struct {
	// Entries and Outputs were taken over.
	Entries, Outputs uint64
	// Unknown are entries of the dump that the import did not have, Strangers recipients that are no sessions of ours
	// (pseudo-clients of services).
	Unknown, Strangers uint64
	// Dark are lines behind the last one that had output: the dump may have been made of an older snapshot.
	Dark uint64
}

// Record turns a dump of the original into a recording for canary/replay. ids is the file beside the capture
// (IDsSuffix), last the number of the capture's last input.
func Record(dump, ids io.Reader, last uint64, w io.Writer) (*Recorded, error) {
	r := &recorder{ids: newIDs(ids), out: replay.NewFrameWriter(w), sum: &Recorded{}}
	lines := bufio.NewScanner(dump)
	lines.Buffer(make([]byte, 64<<10), maxDumpLine)
	for n := 1; lines.Scan(); n++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		var e dumpEntry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("the dump's line %d: %w: %w", n, ErrFormat, err)
		}
		if err := r.entry(&e); err != nil {
			return nil, fmt.Errorf("the dump's line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the dump: %w", err)
	}
	if r.sum.Outputs == 0 {
		return nil, ErrEmptyDump
	}
	r.sum.Dark = uint64(len(r.dark))
	return r.sum, r.out.End(last)
}

type recorder struct {
	ids  *idsFile
	out  *replay.FrameWriter
	sum  *Recorded
	dark []uint64 // inputs without output that were not written yet: none may follow
	past uint64   // the index of the entry before
}

// maxDark bounds how many inputs without output are kept back until one with output follows.
const maxDark = 1_000_000

// entry takes one entry. Those without output are written when one with output follows: at the end of a dump they are
// not answers, but missing.
func (r *recorder) entry(e *dumpEntry) error {
	if e.Id <= r.past {
		return fmt.Errorf("%w: entry %d follows entry %d", ErrFormat, e.Id, r.past)
	}
	r.past = e.Id
	input, err := r.ids.input(e.Id)
	if err != nil {
		return err
	}
	if input == 0 {
		r.sum.Unknown++
		return nil
	}
	r.sum.Entries++
	outs := r.outputs(e.Output)
	if len(outs) == 0 {
		if len(r.dark) == maxDark {
			return fmt.Errorf("%w: %d entries without output one behind the other", ErrFormat, maxDark)
		}
		r.dark = append(r.dark, input)
		return nil
	}
	for _, quiet := range r.dark {
		if err := r.out.Outputs(quiet, nil); err != nil {
			return err
		}
	}
	r.dark = r.dark[:0]
	r.sum.Outputs += uint64(len(outs))
	return r.out.Outputs(input, outs)
}

// outputs leaves out what is for nobody.
func (r *recorder) outputs(list []dumpOutput) (outs []replay.Output) {
	for _, o := range list {
		to := r.recipients(o.InterestingFor)
		if len(to) == 0 {
			continue
		}
		line, _ := r.ids.sessions.rewrite(o.Text)
		out := replay.Output{Line: line, To: to}
		Normalize(&out)
		outs = append(outs, out)
	}
	return outs
}

func (r *recorder) recipients(m map[string]bool) (to []ircserver.SessionID) {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if !m[key] {
			continue
		}
		theirs, err := strconv.ParseUint(key, 0, 64)
		ours, ok := r.ids.sessions.ours[theirs]
		if err != nil || !ok {
			r.sum.Strangers++
			continue
		}
		to = append(to, ours)
	}
	slices.Sort(to)
	return slices.Compact(to)
}

// Normalize changes an output to how a dump has it: texts of PRIVMSG, NOTICE and PASS are hidden, the last parameter is
// written in one way, and which line ends a session is not recorded. Outputs for nobody are not compared.
func Normalize(o *replay.Output) bool {
	o.Final = false
	var m irc.Message
	if m.Parse(o.Line) != nil || m.NumParams() == 0 {
		return len(o.To) > 0
	}
	params := slices.Clone(m.Params())
	switch m.Command {
	case "PRIVMSG", "NOTICE", "PASS":
		params[len(params)-1] = hidden
	}
	params[len(params)-1] = ":" + strings.TrimRight(params[len(params)-1], " ")
	words := append([]string{m.Command}, params...)
	if m.Source != "" {
		words = append([]string{":" + m.Source}, words...)
	}
	o.Line = strings.Join(words, " ")
	return len(o.To) > 0
}

// idsFile reads which input is which entry, as Import wrote it: lines "s OURS THEIRS" for sessions, "e OURS 0" when
// they end, and "i INPUT INDEX" for lines of clients, in the order of inputs. It is read as far as a dump has come.
type idsFile struct {
	lines    *bufio.Scanner
	sessions *sessions
	index    uint64 // of the last "i"
	at       uint64 // its input
	line     int
}

func newIDs(r io.Reader) *idsFile {
	return &idsFile{lines: bufio.NewScanner(r), sessions: newSessions()}
}

// input returns the number of the input that an entry became, or 0. Indexes ascend from call to call.
func (f *idsFile) input(index uint64) (uint64, error) {
	for f.index < index && f.lines.Scan() {
		f.line++
		kind, rest, _ := strings.Cut(f.lines.Text(), " ")
		a, b, _ := strings.Cut(rest, " ")
		ours, err1 := strconv.ParseUint(a, 10, 64)
		theirs, err2 := strconv.ParseUint(b, 10, 64)
		switch {
		case err1 != nil || err2 != nil || kind != "s" && kind != "e" && kind != "i":
			return 0, fmt.Errorf("%w: line %d of the file with ids", ErrFormat, f.line)
		case kind == "s":
			f.sessions.add(theirs, ircserver.SessionID(ours))
		case kind == "e":
			f.sessions.end(ircserver.SessionID(ours))
		default:
			f.index, f.at = theirs, ours
		}
	}
	if err := f.lines.Err(); err != nil {
		return 0, fmt.Errorf("reading the file with ids: %w", err)
	}
	if f.index == index {
		return f.at, nil
	}
	return 0, nil
}
