package unreal

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/golden")

// TestGolden holds the events of every transcript against testdata/golden, one JSON line each. What a hub says of its
// modules and logs is the same everywhere and fills half of the recordings: only the first recording shows it.
func TestGolden(t *testing.T) {
	c := NewCodec(Features{})
	for i, rec := range recordings(t, "") {
		var b strings.Builder
		for _, l := range rec.lines {
			if name := commandOf(l.Line); i > 0 && (name == "SMOD" || name == "SLOG") {
				continue
			}
			e, err := c.Decode(l.Line)
			if err != nil {
				b.WriteString("error: " + err.Error() + "\n")
				continue
			}
			data, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			b.WriteString(string(data) + "\n")
		}
		compareGolden(t, rec.name+".jsonl", b.String())
	}
}

// compareGolden compares got with a file of testdata/golden, or writes it.
func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata/golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	wantLines, gotLines := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	for i := range max(len(wantLines), len(gotLines)) {
		if line(wantLines, i) != line(gotLines, i) {
			t.Errorf("%s:%d\nwant %s\ngot  %s", path, i+1, line(wantLines, i), line(gotLines, i))
			return
		}
	}
}

func line(list []string, i int) string {
	if i >= len(list) {
		return "(none)"
	}
	return list[i]
}
