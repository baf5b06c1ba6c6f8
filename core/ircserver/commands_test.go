package ircserver

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"robustirc/core/irc"
	"robustirc/core/scenario"
)

// scenarioUses maps commands to the scenarios whose clients use them.
func scenarioUses(t *testing.T) map[string][]string {
	t.Helper()
	uses := map[string][]string{}
	for _, path := range scenarioFiles(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		script, err := scenario.Parse(path, text)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		for _, st := range script.Steps() {
			var m irc.Message
			if (st.Verb == "line" || st.Verb == "grant") && m.Parse(st.Text) == nil {
				cmd := irc.UpperCommand(m.Command)
				if !slices.Contains(uses[cmd], name) {
					uses[cmd] = append(uses[cmd], name)
				}
			}
		}
	}
	return uses
}

func TestEveryCommandHasAScenario(t *testing.T) {
	uses := scenarioUses(t)
	for _, c := range slices.Concat(table, linkTable) {
		if len(uses[c.name]) == 0 {
			t.Errorf("no scenario in testdata uses %s", c.name)
		}
		if c.run == nil || c.syntax == "" || c.help == "" || c.name != irc.UpperCommand(c.name) {
			t.Errorf("the row of %s is not complete", c.name)
		}
		if !strings.HasPrefix(c.syntax, c.name) {
			t.Errorf("the syntax of %s does not begin with its name: %q", c.name, c.syntax)
		}
	}
}

// TestEveryEffectHasAScenario: effects, and the commands of a gateway's users, are used by the link of a scenario.
func TestEveryEffectHasAScenario(t *testing.T) {
	uses := scenarioUses(t)
	for _, e := range gatewayTable {
		if !slices.ContainsFunc(uses[e.name], func(f string) bool { return strings.HasPrefix(f, "gateway") }) {
			t.Errorf("no scenario of gateways uses %s", e.name)
		}
		if e.run == nil || e.help == "" || !strings.HasPrefix(e.syntax, e.name+" ") {
			t.Errorf("the row of %s is not complete", e.name)
		}
	}
	for name := range guestCommands {
		if commands[name] == nil {
			t.Errorf("users of gateways may %s, which is no command", name)
		}
		if !slices.ContainsFunc(uses[name], func(f string) bool { return strings.HasPrefix(f, "gateway") }) {
			t.Errorf("no scenario of gateways uses %s of a user", name)
		}
	}
}

// commandsPage is docs/commands.md as the table has it.
func commandsPage() string {
	var b strings.Builder
	b.WriteString("# Commands\n\n")
	b.WriteString("Made from the command table (`core/ircserver/table.go`) by `go test ./core/ircserver -update`.\n\n")
	b.WriteString("| Command | What it does | Who may use it |\n|---|---|---|\n")
	for _, c := range table {
		who := "registered users"
		switch {
		case c.privilege != "":
			who = "operators with the privilege `" + c.privilege + "`"
		case c.unregistered:
			who = "everybody, before registration too"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", strings.ReplaceAll(c.syntax, "|", "\\|"), c.help, who)
	}
	b.WriteString("\n## Commands of services links\n\n")
	b.WriteString("What a session may send that `SERVER` has turned into a services link (`core/ircserver/linkcommands.go`), ")
	b.WriteString("with the name of one of its pseudo-clients as source, or none.\n\n")
	b.WriteString("| Command | What it does |\n|---|---|\n")
	for _, c := range linkTable {
		fmt.Fprintf(&b, "| `%s` | %s |\n", strings.ReplaceAll(c.syntax, "|", "\\|"), c.help)
	}
	b.WriteString("\n## Effects of gateways\n\n")
	b.WriteString("What the link of a gateway may send without source ([gateway.md](gateway.md), `core/ircserver/gatewaytable.go`). With the ")
	b.WriteString("uid of one of its users as source it may send " + strings.Join(slices.Sorted(maps.Keys(guestCommands)), ", ") + ".\n\n")
	b.WriteString("| Command | What it does |\n|---|---|\n")
	for _, c := range gatewayTable {
		fmt.Fprintf(&b, "| `%s` | %s |\n", strings.ReplaceAll(c.syntax, "|", "\\|"), c.help)
	}
	return b.String()
}

func TestCommandsPage(t *testing.T) {
	const path = "../../docs/commands.md"
	want := commandsPage()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s is not what the table says (%v); go test -run TestCommandsPage -update makes it anew", path, err)
	}
}

// TestCapabilitiesFitOneLine is what capList relies on.
func TestCapabilitiesFitOneLine(t *testing.T) {
	cfg := DefaultConfig()
	n := len(":" + cfg.NetworkName + " CAP  LS :")
	n += cfg.Limits.limitRanges()[0].max // the nick
	for _, row := range capTable {
		n += len(row.name) + 1 + len(row.value) + 1
	}
	if n > irc.MaxLine-2 {
		t.Errorf("CAP LS takes %d bytes: split it, with * in the lines before the last", n)
	}
}

func TestClaims(t *testing.T) {
	for _, c := range []struct {
		line, redacted string
		claims         []Claim
	}{
		{"PRIVMSG #a :OPER a b", "PRIVMSG #a :OPER a b", nil},
		{"OPER admin secret", "OPER admin *", []Claim{{"admin", "secret"}}},
		{"oper admin :secret with spaces", "OPER admin *", []Claim{{"admin", "secret with spaces"}}},
		{"@a=b :x  OPER  admin  secret more", "OPER admin *", []Claim{{"admin", "secret"}}},
		{"OPER admin", "OPER admin", nil},
		{"OPER", "OPER", nil},
		{"PASS secret", "PASS :nickserv=secret", nil},
		{"PASS :se:cr=et", "PASS :nickserv=se:cr=et", nil},
		{"PASS :NICKSERV=secret", "PASS :nickserv=secret", nil},
		{"PASS services=mars", "PASS :*", []Claim{{"services", "mars"}}},
		{"PASS :network=x:services=ma:rs:oper=admin hunter2:nickserv=n", "PASS :nickserv=n", []Claim{{"services", "ma:rs"}, {"admin", "hunter2"}}},
		{"PASS :oper=services hunter2", "PASS :*", nil},
		{"PASS gateway=mars", "PASS :*", []Claim{{"gateway:", "mars"}}},
		{"PASS :nickserv=n:Gateway=ma:rs x", "PASS :nickserv=n", []Claim{{"gateway:", "ma:rs x"}}},
		{"PASS :oper=gateway:canary hunter2", "PASS :*", nil},
		{"PASS :oper=admin", "PASS :*", nil},
		{"PASS oper=admin hunter2", "PASS :*", []Claim{{"admin", "hunter2"}}},
		{"PASS oper=admin hun ter2", "PASS :*", []Claim{{"admin", "hun ter2"}}},
		{"PASS nickserv=correct horse", "PASS :nickserv=correct horse", nil},
		{"PASS", "PASS", nil},
		{"PASS :*", "PASS :*", nil},
		{"PASSWORD x", "PASSWORD x", nil},
		{"", "", nil},
	} {
		redacted, claims := Claims(c.line)
		if redacted != c.redacted || !slices.Equal(claims, c.claims) {
			t.Errorf("%q: %q %v", c.line, redacted, claims)
		}
		again, _ := Claims(redacted)
		if again != redacted {
			t.Errorf("%q: redacted again is %q", c.line, again)
		}
	}
}

// FuzzClaims wants no password in what is logged.
func FuzzClaims(f *testing.F) {
	f.Add("", "OPER", "admin", "PASSWORDHERE")
	f.Add("@a=b :x ", "pass", "services=x:oper=a", "PASSWORDHERE")
	f.Fuzz(func(t *testing.T, before, cmd, middle, secret string) {
		line := before + cmd + " " + middle + " " + secret
		redacted, claims := Claims(line)
		if len(claims) == 0 {
			return
		}
		for _, c := range claims {
			if len(c.Password) > 8 && !strings.Contains(c.Name, c.Password) && strings.Count(line, c.Password) == 1 && strings.Contains(redacted, c.Password) {
				t.Errorf("%q: %q still has the password %q", line, redacted, c.Password)
			}
		}
	})
}
