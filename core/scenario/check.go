package scenario

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// Check runs the script in the file against t and reports the first line that differs; with update it rewrites the
// file instead.
func Check(tb testing.TB, path string, t Target, update bool) {
	tb.Helper()
	want, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	s, err := Parse(path, want)
	if err != nil {
		tb.Fatal(err)
	}
	got, err := s.Run(t)
	if err != nil {
		tb.Fatal(err)
	}
	switch {
	case bytes.Equal(got, want):
	case update:
		if err := os.WriteFile(path, got, 0o644); err != nil {
			tb.Fatal(err)
		}
	default:
		tb.Error(difference(path, string(want), string(got)))
	}
}

// difference describes the first lines that differ, with the step they belong to.
func difference(path, want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	i, step := 0, ""
	for i < len(w) && i < len(g) && w[i] == g[i] {
		if w[i] != "" && w[i][0] != '#' && w[i][0] != ' ' {
			step = w[i]
		}
		i++
	}
	around := func(lines []string) string {
		return strings.Join(lines[min(i, len(lines)):min(i+6, len(lines))], "\n\t")
	}
	return path + ": after step " + step + "\nwant:\n\t" + around(w) + "\ngot:\n\t" + around(g) + "\n(go test -run TestScenarios -update rewrites it)"
}
