package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestLinkDecode(t *testing.T) {
	const dir = "../../s2s/ts6/testdata/transcripts/"
	for _, c := range []struct {
		args    []string
		failure string // "" is none
		last    string // line of the output
	}{
		{[]string{"--protocol", "ts6", dir + "solanum/01-handshake-empty.txt"}, "", `{"summary":{"lines":22,"events":22,"unknown":0,"errors":0}}`},
		{[]string{"--protocol", "ts6", dir + "hybrid/13n-unknown-command.txt"}, "3 commands are unknown", `{"summary":{"lines":23,"events":23,"unknown":3,"errors":0}}`},
		{[]string{"--protocol", "ts6", dir + "solanum/13m-error-insufficient-params.txt"}, "1 lines cannot be read", `{"summary":{"lines":27,"events":26,"unknown":0,"errors":1}}`},
		{[]string{"--protocol", "unreal", "../../s2s/unreal/testdata/transcripts/s04-burst-populated.txt"}, "", `{"summary":{"lines":85,"events":85,"unknown":0,"errors":0}}`},
		{[]string{"--protocol", "p10", dir + "solanum/01-handshake-empty.txt"}, "--protocol is one of", ""},
		{[]string{"--protocol", "ts6", "linkdecode_test.go"}, "holds no lines of a link", ""},
		{[]string{"--protocol", "ts6", "nosuchfile"}, "reading the recording", ""},
	} {
		var out bytes.Buffer
		cmd := rootCommand()
		cmd.SetOut(&out)
		cmd.SetArgs(append([]string{"link", "decode"}, c.args...))
		err := cmd.Execute()
		if (err == nil) != (c.failure == "") || err != nil && !strings.Contains(err.Error(), c.failure) {
			t.Errorf("%v: error %v, want %q", c.args, err, c.failure)
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if got := lines[len(lines)-1]; got != c.last {
			t.Errorf("%v: ends with %s, want %s", c.args, got, c.last)
		}
		if strings.Contains(out.String(), "gwpass") || strings.Contains(out.String(), "linkpass") {
			t.Errorf("%v: shows a password", c.args)
		}
	}
}
