package original

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"robustirc/canary/replay"
)

// dumpLine is one line of a dump.
func dumpLine(t *testing.T, index uint64, outs ...dumpOutput) string {
	t.Helper()
	if outs == nil {
		outs = []dumpOutput{}
	}
	b, err := json.Marshal(map[string]any{"Id": index, "Session": 1, "Input": "…", "Output": outs, "Compacted": false})
	if err != nil {
		t.Fatal(err)
	}
	return string(b) + "\n"
}

func hexOf(sessions ...uint64) map[string]bool {
	m := map[string]bool{"0x7": false}
	for _, s := range sessions {
		m[fmt.Sprintf("%#x", s)] = true
	}
	return m
}

// machineOf is the program of these tests itself: see TestMain.
func machineOf(t *testing.T) replay.Binary {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return replay.Binary{Name: "new", Path: self}
}

// TestMain is a version's process when it is called like one: "canary machine".
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "canary" && os.Args[2] == "machine" {
		if err := replay.Serve(os.Stdin, os.Stdout, replay.MachineOptions{}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func TestCompareWithADump(t *testing.T) {
	n := newNetwork(encodings[1])
	alice, bob := n.user("alice"), n.user("bob")
	n.say(alice, "JOIN #chan")
	n.say(bob, "JOIN #chan")
	said := n.say(alice, "PRIVMSG #chan :the words")
	quiet := n.say(alice, "PONG x")
	part := n.say(bob, "PART #chan :bye all")
	unknown := n.say(alice, "FOO bar")
	newer := n.say(alice, "PRIVMSG bob :newer than the snapshot")
	dir := t.TempDir()
	n.write(t, dir, 1)
	out := filepath.Join(dir, "out")
	sum, _, _ := importDir(t, dir, func(o *Options) { o.Out, o.Network = out, "irc.example.net" })

	host := func(s uint64) string { return fmt.Sprintf("robust/0x%x", s) }
	dump := dumpLine(t, said, dumpOutput{":alice!alice@" + host(alice) + " PRIVMSG #chan :<privacy filtered>", hexOf(bob)}, dumpOutput{"SJOIN for nobody", hexOf()}) +
		dumpLine(t, quiet) +
		dumpLine(t, part, dumpOutput{":bob!bob@" + host(bob) + " PART #chan", hexOf(alice, bob)}) +
		dumpLine(t, unknown, dumpOutput{":irc.example.net 421 alice FOO :Unknown command", hexOf(alice)}) +
		dumpLine(t, newer)
	ids, err := os.Open(out + IDsSuffix)
	if err != nil {
		t.Fatal(err)
	}
	defer ids.Close()
	var frames bytes.Buffer
	rec, err := Record(strings.NewReader(dump), ids, sum.Inputs, &frames)
	if err != nil {
		t.Fatal(err)
	}
	if *rec != (Recorded{Entries: 5, Outputs: 3, Dark: 1}) {
		t.Errorf("recorded: %+v", *rec)
	}
	path := filepath.Join(dir, "frames")
	if err := os.WriteFile(path, frames.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := replay.Compare(t.Context(), replay.Options{
		Log: out, New: machineOf(t), Recorded: &replay.Recording{Name: "the original", Path: path, Normalize: Normalize, Notes: []string{"a note"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Groups) != 1 || !strings.HasPrefix(o.Groups[0].Title, "PART has another") || o.Groups[0].Count != 2 {
		t.Errorf("groups: %+v", o.Groups)
	}
	if o.Deliveries.Match != 2 || o.Deliveries.Unexplained != 2 || o.Verdict.Exit != 4 || o.State.Events != 0 {
		t.Errorf("deliveries %+v, verdict %+v", o.Deliveries, o.Verdict)
	}
	if !strings.Contains(o.Verdict.Reasons[1].Text, "the original holds the answers to 4 inputs; 5 others") || o.Run.Notes[1] != "a note" {
		t.Errorf("reasons %+v, notes %q", o.Verdict.Reasons, o.Run.Notes)
	}
}

func TestRecordRefuses(t *testing.T) {
	ids := "s 1 100\ni 2 5\n"
	for _, c := range []struct {
		name, dump, ids string
		is              error
	}{
		{"no outputs", dumpLine(t, 5), ids, ErrEmptyDump},
		{"nothing", "", ids, ErrEmptyDump},
		{"no JSON", "Id", ids, ErrFormat},
		{"backwards", dumpLine(t, 5) + dumpLine(t, 5), ids, ErrFormat},
		{"no ids", dumpLine(t, 5), "what", ErrFormat},
	} {
		if _, err := Record(strings.NewReader(c.dump), strings.NewReader(c.ids), 9, &bytes.Buffer{}); !errors.Is(err, c.is) {
			t.Errorf("%s: error %v", c.name, err)
		}
	}
}

func TestSessionsForgetThoseThatEndedLongAgo(t *testing.T) {
	s := newSessions()
	for i := range uint64(keepEnded + 10) {
		s.add(1_000_000+i, 1+sessionID(i))
		if !s.end(1+sessionID(i)) || s.end(1+sessionID(i)) {
			t.Fatal("ends once")
		}
	}
	if len(s.ours) != keepEnded || len(s.theirs) != 0 || len(s.ended) != keepEnded {
		t.Errorf("%d, %d and %d are kept", len(s.ours), len(s.theirs), len(s.ended))
	}
	if got, unknown := s.rewrite("a robust/0xf4240 b@robust/0x10c8e0 robust/0x"); got != "a robust/0xf4240 b@robust/0x186a1 robust/0x" || unknown != 2 {
		t.Errorf("%q, %d unknown", got, unknown)
	}
}
