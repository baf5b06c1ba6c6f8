package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"robustirc/canary/compare"
	"robustirc/core/ircserver"
	"robustirc/core/robustsession"
)

// TestMain lets the test's own program be a version: under the name of a fault it is one that has it.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "canary" && os.Args[2] == "machine" {
		var opts MachineOptions
		if len(os.Args) > 3 {
			fmt.Sscanf(os.Args[3], "--digests=%d-%d", &opts.DigestFrom, &opts.DigestTo)
		}
		if err := serve(os.Stdin, os.Stdout, opts, faults[filepath.Base(os.Args[0])].spoiler()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// versionNamed is a version with a fault, or without one under a name that none has.
func versionNamed(t testing.TB, name string) Binary {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.Symlink(exe, path); err != nil {
		t.Fatal(err)
	}
	return Binary{Name: name, Path: path}
}

// fault is what is wrong with a version.
type fault struct {
	outputs func(in *ircserver.Input, o *ircserver.Output) (keep []ircserver.Output)
	whole   func(outs []ircserver.Output) []ircserver.Output
	input   func(in *ircserver.Input)
	want    compare.Class
	command string
}

func (f fault) spoiler() *spoiler {
	s := &spoiler{input: f.input}
	switch {
	case f.whole != nil:
		s.outputs = func(_ *ircserver.Input, outs []ircserver.Output) []ircserver.Output {
			return f.whole(slices.Clone(outs))
		}
	case f.outputs != nil:
		s.outputs = func(in *ircserver.Input, outs []ircserver.Output) (list []ircserver.Output) {
			for i := range outs {
				list = append(list, f.outputs(in, &outs[i])...)
			}
			return list
		}
	case f.input == nil:
		return nil
	}
	return s
}

// rewritten is an output with another line.
func rewritten(o *ircserver.Output, line string) []ircserver.Output {
	c := *o
	c.Line = line
	return []ircserver.Output{c}
}

// sent is an output to other recipients.
func sent(o *ircserver.Output, change func([]ircserver.Recipient) []ircserver.Recipient) []ircserver.Output {
	var to []ircserver.Recipient
	for r := range o.To.All {
		to = append(to, r)
	}
	c := *o
	c.To = ircserver.NewAudience(change(to), 0)
	return []ircserver.Output{c}
}

func only(command string, change func(o *ircserver.Output) []ircserver.Output) func(*ircserver.Input, *ircserver.Output) []ircserver.Output {
	return func(_ *ircserver.Input, o *ircserver.Output) []ircserver.Output {
		if kindOf(o.Line) == command {
			return change(o)
		}
		return []ircserver.Output{*o}
	}
}

// counter makes a version that is not deterministic.
var counter atomic.Int64

var faults = map[string]fault{
	"missing": {outputs: only("TOPIC", func(*ircserver.Output) []ircserver.Output { return nil }), want: compare.ClassMissing, command: "TOPIC"},
	"extra": {outputs: only("PART", func(o *ircserver.Output) []ircserver.Output { return []ircserver.Output{*o, *o} }),
		want: compare.ClassExtra, command: "PART"},
	"text": {outputs: only("366", func(o *ircserver.Output) []ircserver.Output { return rewritten(o, o.Line+"!") }), want: compare.ClassChanged, command: "366"},
	"numeric": {outputs: only("433", func(o *ircserver.Output) []ircserver.Output {
		return rewritten(o, strings.Replace(o.Line, " 433 ", " 437 ", 1))
	}), want: compare.ClassChanged, command: "433"},
	"source": {outputs: only("PRIVMSG", func(o *ircserver.Output) []ircserver.Output { return rewritten(o, ":x"+o.Line[1:]) }), want: compare.ClassSource,
		command: "PRIVMSG"},
	"loss": {outputs: only("PRIVMSG", func(o *ircserver.Output) []ircserver.Output {
		return sent(o, func(to []ircserver.Recipient) []ircserver.Recipient { return to[min(1, len(to)):] })
	}), want: compare.ClassLoss, command: "PRIVMSG"},
	"leak": {outputs: only("NOTICE", func(o *ircserver.Output) []ircserver.Output {
		return sent(o, func(to []ircserver.Recipient) []ircserver.Recipient {
			return append(slices.Clone(to), ircserver.Recipient{Session: 1 << 40})
		})
	}), want: compare.ClassLeak, command: "NOTICE"},
	"swapped": {whole: func(outs []ircserver.Output) []ircserver.Output {
		if len(outs) > 3 && kindOf(outs[0].Line) == "JOIN" && kindOf(outs[1].Line) == "MODE" {
			outs[0], outs[1] = outs[1], outs[0]
		}
		return outs
	}, want: compare.ClassIntra, command: "MODE"},
	"ban-ignored": {input: func(in *ircserver.Input) {
		if in.Kind == ircserver.KindLine {
			in.Text = strings.Replace(in.Text, " +b ", " +e ", 1)
		}
	}, want: compare.ClassChanged, command: "MODE"},
	"random": {outputs: only("PRIVMSG", func(o *ircserver.Output) []ircserver.Output { return rewritten(o, o.Line+fmt.Sprint(counter.Add(1))) })},
	"panic": {input: func(in *ircserver.Input) {
		if in.Kind == ircserver.KindLine && strings.HasPrefix(in.Text, "KICK") {
			panic("planted")
		}
	}, want: compare.ClassExtra, command: "PANIC"},
}

// writeLog makes the log of a small network with n lines, and returns the file.
func writeLog(t testing.TB, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m := ircserver.New(ircserver.DefaultConfig())
	w, err := robustsession.NewLogWriter(f, &robustsession.LogHeader{Network: "example.net", HasState: true})
	if err == nil {
		err = w.State(m.AppendSnapshot(nil))
	}
	if err != nil {
		t.Fatal(err)
	}
	chance := rand.New(rand.NewPCG(1, 2))
	var batch []ircserver.Input
	now := scenarioStart
	add := func(in ircserver.Input) ircserver.SessionID {
		now += int64(10 * time.Millisecond)
		in.Time = now
		batch = append(batch, in)
		m.Apply(&in)
		return ircserver.SessionID(m.Inputs())
	}
	var sessions []ircserver.SessionID
	for i := range 20 {
		id := add(ircserver.Input{Kind: ircserver.KindCreate, Remote: fmt.Sprintf("192.0.2.%d", i)})
		add(ircserver.Input{Kind: ircserver.KindLine, Session: id, Text: fmt.Sprintf("NICK user%d", i)})
		add(ircserver.Input{Kind: ircserver.KindLine, Session: id, Text: "USER u 0 * :A user"})
		sessions = append(sessions, id)
	}
	lines := []func() string{
		func() string { return fmt.Sprintf("JOIN #c%d", chance.IntN(5)) },
		func() string { return fmt.Sprintf("PRIVMSG #c%d :words %d", chance.IntN(5), chance.IntN(1000)) },
		func() string { return fmt.Sprintf("PRIVMSG #c%d :more words %d", chance.IntN(5), chance.IntN(1000)) },
		func() string { return fmt.Sprintf("NOTICE #c%d :words %d", chance.IntN(5), chance.IntN(1000)) },
		func() string { return fmt.Sprintf("PART #c%d", chance.IntN(5)) },
		func() string { return fmt.Sprintf("TOPIC #c%d :topic %d", chance.IntN(5), chance.IntN(1000)) },
		func() string { return fmt.Sprintf("NICK user%d", chance.IntN(20)) },
		func() string { return fmt.Sprintf("KICK #c%d user%d", chance.IntN(5), chance.IntN(20)) },
		func() string { return fmt.Sprintf("MODE #c%d +b user%d!*@*", chance.IntN(5), chance.IntN(20)) },
	}
	for len(batch) < n {
		add(ircserver.Input{Kind: ircserver.KindLine, Session: sessions[chance.IntN(len(sessions))], Text: lines[chance.IntN(len(lines))]()})
	}
	for at := 0; at < len(batch); at += 100 {
		w.Inputs(uint64(at)+1, ircserver.EncodeBatch(nil, batch[at:min(at+100, len(batch))]))
	}
	if err := w.End(robustsession.LogEnd{Last: uint64(m.Inputs()), Chain: m.Chain()}); err != nil {
		t.Fatal(err)
	}
	return path
}

// inside is a version with a fault, or without, that is no process of its own.
func inside(name string) Binary {
	return Binary{Name: name, serve: func(in io.Reader, out io.Writer, opts MachineOptions) error {
		return serve(in, out, opts, faults[name].spoiler())
	}}
}

func compareVersions(t *testing.T, log string, old, new Binary) *Outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	o, err := Compare(ctx, Options{Log: log, Old: old, New: new})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestEqualVersions are GO, with every delivery compared, and the same bytes every time.
func TestEqualVersions(t *testing.T) {
	t.Parallel()
	log := writeLog(t, 3000)
	var first []byte
	for range 2 {
		o := compareVersions(t, log, versionNamed(t, "old"), versionNamed(t, "new"))
		if o.Verdict.Word != compare.Go || o.Deliveries.Match < 1000 || o.Deliveries.Unexplained != 0 || o.State.Match != 3 || len(o.Groups) != 0 {
			t.Fatalf("%+v", o.Result)
		}
		b, err := json.Marshal(o.Result)
		if err != nil {
			t.Fatal(err)
		}
		if first != nil && !bytes.Equal(b, first) {
			t.Errorf("%s\nis not\n%s", b, first)
		}
		first = b
	}
}

// TestPlantedFaults has each fault found, first and in one group of its own, with a scenario that shows it.
func TestPlantedFaults(t *testing.T) {
	t.Parallel()
	log := writeLog(t, 2000)
	for name, f := range faults {
		if f.want == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := compareVersions(t, log, inside("old"), inside(name))
			if o.Verdict.Word != compare.NoGo || o.Verdict.Exit != compare.ExitUnexplained || len(o.Groups) == 0 {
				t.Fatalf("verdict %+v, %d groups", o.Verdict, len(o.Groups))
			}
			g := o.Groups[0]
			if g.Class != f.want || g.Command != f.command {
				t.Errorf("the first group is %s %s (%s), want %s %s", g.Class, g.Command, g.Title, f.want, f.command)
			}
			if f.input == nil && len(o.Groups) != 1 {
				t.Errorf("%d groups: %+v", len(o.Groups), o.Groups)
			}
			if f.input != nil && name != "panic" && o.State.Unexplained == 0 {
				t.Error("the states do not differ")
			}
			if len(g.Examples) == 0 || g.Examples[0].Note == "" {
				t.Errorf("examples: %+v", g.Examples)
			}
			lines := strings.Count(string(o.Scenario), "\n")
			if o.Scenario == nil || lines > 40 {
				t.Errorf("scenario of %d lines, %s:\n%s", lines, o.ScenarioNote, o.Scenario)
			}
		})
	}
}

// TestAVersionThatDiffersFromItself is no verdict about the new one.
func TestAVersionThatDiffersFromItself(t *testing.T) {
	t.Parallel()
	o := compareVersions(t, writeLog(t, 500), inside("random"), inside("new"))
	if o.Verdict.Word != compare.NoGo || o.Verdict.Reasons[0].Gate != "self" || o.Scenario != nil {
		t.Errorf("%+v", o.Verdict)
	}
}

// TestBadInput has errors name what is wrong.
func TestBadInput(t *testing.T) {
	t.Parallel()
	log := writeLog(t, 500)
	good, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	old := versionNamed(t, "old")
	for name, want := range map[string]string{"cut": "offset", "damaged": "checksum", "empty": "no inputs", "other": "no beginning", "absent": "no such file"} {
		path := filepath.Join(t.TempDir(), name)
		data := map[string][]byte{"cut": good[:len(good)-3], "damaged": bytes.Replace(good, []byte("PRIVMSG"), []byte("PRIVNSG"), 1), "empty": {}, "other": []byte("something else")}[name]
		if name != "absent" {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Compare(t.Context(), Options{Log: path, Old: old, New: old}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	for path, want := range map[string]string{"/nowhere/robustirc": "starting new", "/bin/false": "new", "/bin/cat": "new: exit status"} {
		_, err := Compare(t.Context(), Options{Log: log, Old: old, New: Binary{Name: "new", Path: path}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}

func FuzzFrame(f *testing.F) {
	f.Add([]byte(resultMagic + "E\x01\x05"))
	f.Add(appendFrame([]byte(resultMagic), frameOutputs, appendOutputs(nil, 7, []ircserver.Output{{Line: "PING", To: ircserver.NewAudience([]ircserver.Recipient{{Session: 3}}, 0)}})))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := NewFrameReader(bytes.NewReader(data))
		for {
			if _, err := r.Next(); err != nil {
				return
			}
		}
	})
}

// BenchmarkCompare is one log through three processes, with everything compared.
func BenchmarkCompare(b *testing.B) {
	const inputs = 200_000
	log := writeLog(b, inputs)
	old, same := versionNamed(b, "old"), versionNamed(b, "new")
	b.ResetTimer()
	for range b.N {
		if _, err := Compare(b.Context(), Options{Log: log, Old: old, New: same}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(inputs)*float64(b.N)/b.Elapsed().Seconds(), "inputs/s")
}
