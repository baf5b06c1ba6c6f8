package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/bcrypt"
)

// run executes the program in this process.
func run(t *testing.T, stdin string, args ...string) (stdout string, err error) {
	t.Helper()
	root := rootCommand()
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetIn(strings.NewReader(stdin))
	root.SetArgs(args)
	err = root.ExecuteContext(context.Background())
	return out.String(), err
}

// Every subcommand explains itself with an example, unless it only groups others.
func TestEveryCommandHasHelp(t *testing.T) {
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Short == "" {
			t.Errorf("%s has no short description", c.CommandPath())
		}
		if c.Runnable() && c.Example == "" && c.Name() != "version" {
			t.Errorf("%s has no example", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(rootCommand())
}

func TestWrongCommandLinesAreUsageErrors(t *testing.T) {
	for _, args := range [][]string{
		{"dev", "--no-such-flag"},
		{"node", "surplus"},
		{"node", "--bootstrap", "a", "--password-file", "/dev/null"},
		{"bridge"},
		{"bridge", "--network", "a:1,b:2", "--protocol", "smoke-signals", "--listen="},
		{"bench"},
		{"bench", "--irc", "localhost:1", "--mode", "x"},
		{"bench", "--irc", "localhost:1", "--kill-signal", "HUP"},
		{"bench", "--irc", "localhost:1", "--network", "a:1,b:2"},
		{"status"},
		{"dev", "--nodes", "0", "--data", "/nonexistent"},
	} {
		if _, err := run(t, "", args...); !errors.As(err, new(usageError)) {
			t.Errorf("%q: %v is no usage error", args, err)
		}
	}
}

func TestVersion(t *testing.T) {
	if out, err := run(t, "", "version"); err != nil || !strings.HasPrefix(out, "robustirc ") {
		t.Errorf("%q, %v", out, err)
	}
}

func TestHashedPasswordsVerify(t *testing.T) {
	out, err := run(t, "secret\n", "config", "hash")
	if err != nil {
		t.Fatal(err)
	}
	if err := bcrypt.CompareHashAndPassword([]byte(strings.TrimSpace(out)), []byte("secret")); err != nil {
		t.Error(err)
	}
	if _, err := run(t, "", "config", "hash"); !errors.As(err, new(usageError)) {
		t.Errorf("no password: %v", err)
	}
}

// loadSettings parses a command line of node with a settings file.
func loadSettings(t *testing.T, file string, args ...string) (nodeSettings, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "node.toml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	var s nodeSettings
	cmd := &cobra.Command{}
	s.bind(cmd.Flags())
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	err := s.load(cmd, path)
	if err != nil {
		err = errors.New(strings.ReplaceAll(err.Error(), path, "node.toml"))
	}
	return s, err
}

func TestFlagsWinOverTheFileAndTheFileOverDefaults(t *testing.T) {
	s, err := loadSettings(t, `
id = "file"
listen = ":1"
bootstrap = ["a=a:1", "b=b:2"]
irc_listen = ["127.0.0.1:6667"]
`, "--id", "flag", "--bootstrap", "c=c:3", "--bootstrap", "d=d:4")
	if err != nil {
		t.Fatal(err)
	}
	if s.ID != "flag" || s.Listen != ":1" || s.Compression != "none" || !slices.Equal(s.IRCListen, []string{"127.0.0.1:6667"}) {
		t.Errorf("%+v", s)
	}
	peers, err := s.peers()
	if err != nil || len(peers) != 2 || peers[1].ID != "d" || peers[1].Addr != "d:4" {
		t.Errorf("%v, %v", peers, err)
	}
}

func TestMistakesInTheFileNameTheirLine(t *testing.T) {
	for file, want := range map[string]string{
		"id = \"a\"\nlisten_on = \":1\"\n": `node.toml:2: unknown key "listen_on"; robustirc node --help lists the known ones`,
		"\n\n[limits]\nx = 1\n":            `node.toml:3: unknown key "limits"`,
		"id = \"a\nlisten = 3":             "node.toml:1: ",
		"id = 7":                           "line 1 ",
	} {
		if _, err := loadSettings(t, file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", file, err, want)
		}
	}
}

func TestPasswordComesFromFileOrEnvironment(t *testing.T) {
	t.Setenv(passwordVariable, "from the environment")
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{file: "from a file", "": "from the environment"} {
		if got, err := networkPassword(name); err != nil || got != want {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
	t.Setenv(passwordVariable, "")
	if _, err := networkPassword(""); !errors.As(err, new(usageError)) {
		t.Errorf("no password: %v", err)
	}
}

func TestConfigurationKeys(t *testing.T) {
	doc := map[string]any{"A": int64(1), "T": map[string]any{"B": "x"}}
	if err := setKey(doc, []string{"T", "B"}, parseValue(`["y"]`)); err != nil {
		t.Fatal(err)
	}
	if v, ok := lookUp(doc, []string{"T", "B"}); !ok || !slices.Equal(v.([]any), []any{"y"}) {
		t.Errorf("%v, %v", v, ok)
	}
	if err := setKey(doc, []string{"A", "B"}, 1); err == nil {
		t.Error("a value was taken for a table")
	}
	if _, ok := lookUp(doc, []string{"T", "C"}); ok {
		t.Error("found what is not there")
	}
	for text, want := range map[string]any{"500ms": "500ms", "7": int64(7), "true": true, `"7"`: "7"} {
		if got := parseValue(text); got != want {
			t.Errorf("%s: %#v", text, got)
		}
	}
}
