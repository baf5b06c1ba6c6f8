package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestCanaryFile: what is wrong with a canary.toml is told with its line, whatever it is, and what is right is taken.
func TestCanaryFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "canary.toml")
	for text, want := range map[string]string{
		"[gates]\nsoak = \"2h\"\nunexplained = 1e-4": "",
		"[gates]\nsoak = ":                           "canary.toml:2: ",
		"[gates]\nsoack = \"2h\"\n":                  "canary.toml:2: unknown key \"gates.soack\"",
		"\n[gates":                                   "canary.toml:2: ",
		"[[rule]]\nid = \"x\"":                       "rule \"x\": it needs",
		"\x00\xff=":                                  "canary.toml",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		o, err := canaryOptions(file, time.Time{})
		switch {
		case want == "" && (err != nil || o.Gates.Soak != 2*time.Hour || o.Gates.UpperPPB != 100_000):
			t.Errorf("%q: %+v, %v", text, o.Gates, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
