package main

import (
	"errors"
	"strings"
	"testing"
)

// TestFakenetUsage holds that a wrong command line is refused before anything is done, with words that help.
func TestFakenetUsage(t *testing.T) {
	for args, want := range map[string]string{
		"":                                     "--listen ADDRESS",
		"--listen :0 --link :0":                "--listen ADDRESS",
		"--link :1 --replay x":                 "use --replay with --listen",
		"--listen :0 --protocol p10":           "no protocol",
		"--listen :0 --scenario x":             "there is no scenario",
		"--listen :0 --users 0":                "users must be",
		"--listen :0 --sid A00":                "server id",
		"--listen :0 --replay /nowhere":        "reading the recording",
		"--listen :0 --replay fakenet_test.go": "no lines of a link",
		"--listen :0 more":                     "unknown command",
		"--link 127.0.0.1:1 --protocol x":      "no protocol",
	} {
		cmd := rootCommand()
		cmd.SetArgs(append([]string{"fakenet"}, strings.Fields(args)...))
		if err := cmd.ExecuteContext(t.Context()); !errors.As(err, new(usageError)) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", args, err, want)
		}
	}
}
