package ircserver

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"robustirc/core/scenario"
)

// shape is what of an output does not depend on what people said.
func shape(outs []Output) string {
	var b strings.Builder
	for _, o := range outs {
		fmt.Fprintf(&b, "%d.%d %v\n", o.ID.Input, o.ID.Reply, o.To.sessions())
	}
	return b.String()
}

func (a Audience) sessions() (ids []SessionID) {
	for r := range a.All {
		ids = append(ids, r.Session)
	}
	return ids
}

// differsRedacted are scenarios in which the machine looks into what is redacted: a mask or a word of a text.
var differsRedacted = map[string]string{
	"bans": "masks with wildcards in the middle of a host, and CIDR ranges", "extban": "bans of real names",
	"who": "masks of hosts and real names", "mode-list": "lists by mask", "silence": "masks of hosts",
	"gateway-network": "bans of networks by CIDR",
}

// TestRedactedLogsHaveTheSameShape applies the log of every scenario redacted, and once more from a redacted state in the
// middle: the same outputs go to the same recipients.
func TestRedactedLogsHaveTheSameShape(t *testing.T) {
	for _, path := range scenarioFiles(t) {
		name := strings.TrimSuffix(filepath.Base(path), ".txt")
		t.Run(name, func(t *testing.T) {
			bare := newBare(t)
			scenario.Check(t, path, bare, false)
			r := NewRedactor([]byte("key"))
			plain, hidden := New(scenarioConfig()), New(scenarioConfig())
			differs := false
			for i, in := range bare.log {
				if i == len(bare.log)/2 {
					state, err := r.State(plain.AppendSnapshot(nil))
					if err != nil {
						t.Fatal(err)
					}
					if hidden, err = Restore(state); err != nil {
						t.Fatal(err)
					}
				}
				want := shape(plain.Apply(&in))
				secret := in
				r.Input(&secret)
				got := hidden.Apply(&secret)
				differs = differs || shape(got) != want
				if shape(got) != want && differsRedacted[name] == "" {
					t.Fatalf("input %d %q, redacted %q: outputs to\n%swant\n%s%v", i+1, in.Text, secret.Text, shape(got), want, got)
				}
			}
			if !differs && differsRedacted[name] != "" {
				t.Error("this scenario is no exception any more")
			}
		})
	}
}

// TestRedactedLogsHoldNoSecrets plants unique words wherever somebody can write something, and looks for them in the
// redacted inputs, states and outputs.
func TestRedactedLogsHoldNoSecrets(t *testing.T) {
	n := 0
	secret := func() string { n++; return fmt.Sprintf("S3cret%dx", n) }
	cfg := scenarioConfig()
	cfg.Operators = []Operator{{Name: "op", PasswordHash: secret(), Hosts: []string{"*@" + secret() + ".example"}}}
	cfg.ServicesPasswords = []string{secret()}
	cfg.Gateways = []Gateway{{Name: "canary", PasswordHash: secret()}}
	cfg.Banned = []NamedValue{{"192.0.2.77", secret()}}
	cfg.Revision = 1
	s, r := New(scenarioConfig()), NewRedactor([]byte("key"))
	sees := func(what string) {
		t.Helper()
		if strings.Contains(what, "S3cret") || strings.Contains(what, "192.0.2.") {
			t.Errorf("a secret is left: %q", what)
		}
	}
	hidden := New(scenarioConfig())
	now := scenarioStart
	do := func(in Input) SessionID {
		t.Helper()
		now++
		in.Time = now
		s.Apply(&in)
		id := SessionID(s.Inputs())
		red := in
		r.Input(&red)
		sees(fmt.Sprintf("%+v", red))
		for _, o := range hidden.Apply(&red) {
			sees(o.Line)
		}
		return id
	}
	do(Input{Kind: KindConfig, Text: EncodeConfig(&cfg)})
	a := do(Input{Kind: KindCreate, Remote: "192.0.2.1", Cookie: secret(), AuthHash: [32]byte{1}})
	b := do(Input{Kind: KindCreate, Remote: "192.0.2.2"})
	for i, id := range []SessionID{a, b} {
		for _, line := range []string{"PASS nickserv=%s", "NICK user%d", "USER user 0 * :%s"} {
			if strings.Contains(line, "%d") {
				line = fmt.Sprintf(line, i)
			} else {
				line = fmt.Sprintf(line, secret())
			}
			do(Input{Kind: KindLine, Session: id, Text: line})
		}
	}
	texts := []string{
		"JOIN #a %s", "MODE #a +k %s", "MODE #a +b *!*@%s.example", "MODE #a +b ~r:*%s*", "MODE #a +lk 5 %s", "TOPIC #a :%s and %s", "AWAY :%s",
		"PRIVMSG #a :%s", "NOTICE #a :%s", "PRIVMSG user1 :\x01DCC %s\x01", "PRIVMSG #a :\x01ACTION %s\x01", "PRIVMSG NickServ :IDENTIFY %s", "NS IDENTIFY %s",
		"PART #a :%s", "KICK #a user1 :%s", "QUIT :%s", "OPER op %s", "PASS %s", "PING %s", "PONG %s", "NICKSERV REGISTER %s %s", "KNOCK #a :%s",
		"SILENCE +*!*@%s.example", "SETNAME :%s", "WALLOPS :%s", "GLOBOPS :%s", "KILL user1 :%s", "GLINE *@%s.example :%s", "FROBNICATE %s :%s",
		"@+draft/x=%s PRIVMSG #a :%s", "AUTHENTICATE %s", "CAP REQ :multi-prefix", "WHO *%s.example",
	}
	for _, line := range texts {
		words := make([]any, strings.Count(line, "%s"))
		for i := range words {
			words[i] = secret()
		}
		do(Input{Kind: KindLine, Session: a, Text: fmt.Sprintf(line, words...)})
		state, err := r.State(s.AppendSnapshot(nil))
		if err != nil {
			t.Fatal(err)
		}
		sees(string(state))
	}
	do(Input{Kind: KindDelete, Session: b, Text: secret()})
	if n < 45 {
		t.Errorf("only %d secrets were planted", n)
	}
}

// TestRedactedGatewaysHoldNoSecrets does so for what gateways bring.
func TestRedactedGatewaysHoldNoSecrets(t *testing.T) {
	s, r := newGatewayServer(t, "firehose"), NewRedactor([]byte("key"))
	r.Input(&Input{Kind: KindLine, Session: s.link, Text: "PASS :*", Granted: "gateway:canary"})
	planted := 0
	for _, line := range []string{
		"USER 0AA bob id %s.example 192.0.2.7 1 * * + :%s", "USER 0AB carol id h 192.0.2.8 1 * * + :x", "MEMBERS #a 1 o,0AA ,0AB", "HOST 0AA id %s.example 192.0.2.9",
		"REALNAME 0AA :%s", "AWAY 0AA :%s", "CHANNEL #a 1 irc.example +ntk %s", "MODE #a irc.example +bk *!*@%s.example %s", "ENTRY #a +b *!*@%s.example x!y@%s.example 1",
		"TOPIC #a x 1 :%s", "SAY PRIVMSG x!y@%s.example #a :%s", "SAY NOTICE * 0AA :%s", "WALLOPS x!y@%s.example :%s", "BAN kline *@%s.example oper 1 0 :%s",
		"UNBAN kline *@%s.example", ":0AA PRIVMSG #a :%s", ":0AA TOPIC #a :%s", ":0AA MODE #a +k %s", ":0AA JOIN #b %s", ":0AA AWAY :%s", ":0AA KICK #a carol :%s",
		"INVITE 0AB #a x!y@%s.example", "PARTED #b 0AA :%s", "KICK #a 0AA x!y@%s.example :%s", "PING %s", ":0AA QUIT :%s", "KILL 0AB x!y@%s.example :%s", "GONE 0AA 0AB :%s",
	} {
		words := make([]any, strings.Count(line, "%s"))
		for i := range words {
			planted++
			words[i] = fmt.Sprintf("S3cret%dx", planted)
		}
		in := Input{Kind: KindLine, Session: s.link, Text: fmt.Sprintf(line, words...)}
		s.do("%s", in.Text)
		r.Input(&in)
		state, err := r.State(s.AppendSnapshot(nil))
		if err != nil {
			t.Fatal(err)
		}
		for _, seen := range []string{in.Text, string(state)} {
			if at := strings.Index(seen, "S3cret"); at >= 0 {
				t.Errorf("after %q: a secret is left: %q", line, seen[max(0, at-20):at+12])
			}
		}
	}
}
