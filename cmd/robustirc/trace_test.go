package main

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"robustirc/canary/trace"
)

func TestTraceCommands(t *testing.T) {
	dir := t.TempDir()
	w, err := trace.NewWriter(trace.Options{Dir: dir, Header: trace.Header{RunID: "cmd", Protocol: "ts6"}})
	if err != nil {
		t.Fatal(err)
	}
	w.Append(&trace.Record{Kind: trace.KindLinkIn, Line: ":00AAAAAAA PRIVMSG #c :some words"})
	w.Append(&trace.Record{Kind: trace.KindOutput, Input: 5, Reply: 1, To: []uint64{10, 255}, Line: ":alice!al@host.example PRIVMSG #c :some words"})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	out, err := run(t, "", "trace", "cat", dir)
	if err != nil || strings.Count(out, "\n") != 3 || !strings.Contains(out, "5.1 to a,ff  :alice!al@") || strings.Contains(out, "some words") {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = run(t, "", "trace", "cat", "--json", dir)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var rec struct {
		Seq  int
		Kind string
		To   []string
	}
	if err != nil || len(lines) != 3 || json.Unmarshal([]byte(lines[2]), &rec) != nil || rec.Seq != 2 || rec.Kind != "output" || len(rec.To) != 2 {
		t.Errorf("%v %+v\n%s", err, rec, out)
	}
	if out, err = run(t, "", "trace", "verify", dir); err != nil || !strings.HasPrefix(out, "2 records of 1 runs in 1 files; 0 lost in 0 gaps") {
		t.Errorf("%v\n%s", err, out)
	}
	files, err := trace.Files(dir)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(files[0], data[:len(data)-3], 0o600); err != nil {
		t.Fatal(err)
	}
	var usage usageError
	for _, command := range []string{"cat", "verify"} {
		if out, err := run(t, "", "trace", command, dir); err == nil || errors.As(err, &usage) || !strings.Contains(out, files[0]+" is torn at its end at offset ") {
			t.Errorf("%s of a torn file: %v\n%s", command, err, out)
		}
		for _, args := range [][]string{{"trace", command}, {"trace", command, "/nonexistent"}, {"trace", command, "--nonsense", dir}} {
			if _, err := run(t, "", args...); !errors.As(err, &usage) {
				t.Errorf("%q: %v", args, err)
			}
		}
	}
}
