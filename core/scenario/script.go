package scenario

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Step is one thing that happens in a script.
type Step struct {
	// Line is the step's line number in the file, from 1.
	Line int
	// Verb is the first word; "line" when a client sends one.
	Verb string
	// Client is who sends the line (Verb "line"), or the verb's first argument.
	Client string
	// Args are the words after the verb, quoted ones unquoted; empty for "line".
	Args []string
	// Text is what the client sends (Verb "line"), or everything after the verb and the client.
	Text string
	// Quiet asks to leave the output out of the script.
	Quiet bool
}

// Output is one line that came out, for some clients.
type Output struct {
	// ID is input.reply; empty where the target cannot know it.
	ID string
	// To names the recipients.
	To []string
	// Final says that the recipients' sessions end with this line.
	Final bool
	Line  string
}

// Result is what a step gave: outputs, or text such as a dump.
type Result struct {
	Outputs []Output
	Text    []string
}

// Target is what a script runs against.
type Target interface {
	// Do makes the step happen. An error means that the script is wrong (an unknown verb or client).
	Do(Step) (Result, error)
}

// item is a step with its expected output, or a line that is kept as it is.
type item struct {
	source string
	step   *Step
	expect []string
}

// Script is a parsed scenario.
type Script struct {
	name  string
	items []item
}

// Parse reads a script; name is for messages.
func Parse(name string, text []byte) (*Script, error) {
	s := &Script{name: name}
	for i, line := range strings.Split(strings.TrimRight(string(text), "\n"), "\n") {
		switch {
		case strings.HasPrefix(line, "  "):
			if len(s.items) == 0 || s.items[len(s.items)-1].step == nil {
				return nil, fmt.Errorf("%s:%d: output that belongs to no step", name, i+1)
			}
			last := &s.items[len(s.items)-1]
			last.expect = append(last.expect, line)
		case line == "" || line[0] == '#':
			s.items = append(s.items, item{source: line})
		default:
			st, err := parseStep(line)
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %w", name, i+1, err)
			}
			st.Line = i + 1
			s.items = append(s.items, item{source: line, step: st})
		}
	}
	return s, nil
}

// Steps returns the steps in order.
func (s *Script) Steps() []Step {
	var steps []Step
	for _, it := range s.items {
		if it.step != nil {
			steps = append(steps, *it.step)
		}
	}
	return steps
}

func parseStep(line string) (*Step, error) {
	line, quiet := strings.CutPrefix(line, "quiet ")
	if name, text, ok := strings.Cut(line, ">"); ok && name != "" && !strings.ContainsAny(name, " =") {
		return &Step{Verb: "line", Client: name, Text: strings.TrimPrefix(text, " "), Quiet: quiet}, nil
	}
	verb, rest, _ := strings.Cut(line, " ")
	args, err := words(rest)
	if err != nil {
		return nil, err
	}
	st := &Step{Verb: verb, Args: args, Text: rest, Quiet: quiet}
	if len(args) > 0 {
		st.Client = args[0]
		st.Text = strings.TrimPrefix(strings.TrimPrefix(rest, args[0]), " ")
	}
	return st, nil
}

// words splits s at spaces that stand outside of double quotes, and removes the quotes.
func words(s string) ([]string, error) {
	var out []string
	var b strings.Builder
	quoted, any := false, false
	flush := func() {
		if any {
			out = append(out, b.String())
		}
		b.Reset()
		any = false
	}
	for _, r := range s {
		switch {
		case r == '"':
			quoted, any = !quoted, true
		case r == ' ' && !quoted:
			flush()
		default:
			b.WriteRune(r)
			any = true
		}
	}
	flush()
	if quoted {
		return nil, fmt.Errorf("a quote is not closed")
	}
	return out, nil
}

// Run makes every step happen and returns the script with what came out in the place of what was expected. The error
// names the line that could not be run.
func (s *Script) Run(t Target) ([]byte, error) {
	var b bytes.Buffer
	for _, it := range s.items {
		b.WriteString(it.source)
		b.WriteByte('\n')
		if it.step == nil {
			continue
		}
		r, err := t.Do(*it.step)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %s: %w", s.name, it.step.Line, it.source, err)
		}
		for _, line := range r.lines(it.step.Quiet) {
			b.WriteString("  " + line + "\n")
		}
	}
	return b.Bytes(), nil
}

func (r Result) lines(quiet bool) []string {
	if quiet {
		if len(r.Outputs)+len(r.Text) == 0 {
			return nil
		}
		return []string{"..."}
	}
	lines := slices.Clone(r.Text)
	for _, o := range r.Outputs {
		lines = append(lines, o.String())
	}
	return lines
}

// String is the output as it stands in a script, without the indentation.
func (o Output) String() string {
	to := slices.Sorted(slices.Values(o.To))
	id := o.ID
	if o.Final {
		id += "!"
	}
	return id + "  " + strings.Join(to, ",") + "  " + o.Line
}
