package translate_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"robustirc/linkgw/network"
	"robustirc/linkgw/translate"
)

const docsPath = "../../docs/translation.md"

// preamble is the part of the page that is prose.
const preamble = `# What becomes of a linked network's events

Made from the tables in linkgw/translate by its tests; do not edit.

` + "`robustirc link`" + ` keeps a RobustIRC network in step with another one. What a user there did is done by the same user here, as a
client's command, so that this network's own rules are asked; what servers, services and operators did, and what is as it is
since before, is made so by effects ([gateway.md](gateway.md)). Where a rule here refuses what the other network allowed, the
network repairs it and says so: that is counted as a divergence, by command and numeric.

| There | Here |
|---|---|
| a new user, also behind a split | effect USER (AWAY) |
| JOIN; a channel that is new | command JOIN, with the channel's key; what its founder is and its modes follow as effects |
| PART, KICK, MODE, TOPIC, NICK, AWAY, INVITE, KNOCK, QUIT of a user | the same command; ENTRY and TOPIC where setter or time differ |
| PRIVMSG and NOTICE to a channel, also to a status | the same command |
| a user's own modes | command MODE; what only servers set: effect UMODE |
| operator up and down | effect CLASS, of the configured class |
| MODE, KICK, TOPIC of who is no member, of an operator without a rank, of services, of a server | the effect of the same name |
| host, ident, real name, account | effect HOST, REALNAME, ACCOUNT |
| a quit whose text is not "Quit: " and words (ping timeout, K-line, "Client Quit", ...) | effect GONE with its text, which is final |
| what follows in a MODE in which its sender gives up a status of its own | effect MODE: here it is asked before each change whether the sender may |
| a topic set by services, or by an operator who is not on the channel | effect TOPIC with nick!user@host, and again with the setter as it is noted |
| KILL, collision without SAVE | effect KILL; SVSKILL: GONE |
| collision with SAVE | effect NICK |
| split | effect GONE, in batches, with the names of the two servers |
| a server's burst behind a split | effects |
| what services say to a channel, ` + "`$$*`" + ` | effect SAY; to the users of some servers only: nothing |
| WALLOPS | command of an operator, else effect |
| kline, gline, dline, zline | effect BAN, UNBAN; extended ones, resv, xline, shun, qline, filters: nothing |
| messages between users, and to services | nothing; counted as privacy |
| SASL, forced nicks and joins | nothing; what comes of them is told by the user's own server |

Every event has one outcome: translated (a command), effect-only, or skipped for a reason: no-equivalent, not-visible-in-mode,
privacy, services, parse-error, queue-drop, gap, out-of-scope (servers, questions, pings), void (it changes nothing there
either). Their sum is the number of events; otherwise the program says that it is wrong.

An import walks over everything and does what differs, in this order: users gone; channels that are no more; users; channels,
each with members, modes, lists, topic; network bans. It is the same at the first link, after a gap, and after a restart, when
the network tells what it has. When nothing differs it does nothing.

Not done: the same change made and taken back within one line may be seen as neither; who comes to match a mask of what is left out by a change of
nick or host is left out from the next import on; forced joins look like the user's own, so a channel that is +i here refuses,
and repairs, them; times of what users set are the new network's, and mended when it is behind by more than a second.

`

// TestDocs makes docs/translation.md, or holds that it is what the tables say.
func TestDocs(t *testing.T) {
	var b strings.Builder
	b.WriteString(preamble)
	n, err := network.New(network.Solanum(), network.Us{Server: "a.example", SID: "00G"})
	if err != nil {
		t.Fatal(err)
	}
	tr, err := translate.New(translate.Config{}, n)
	if err != nil {
		t.Fatal(err)
	}
	b.WriteString("## Rules\n\nNames map one to one, and stay as long as who has them.\n\n| Rule | What it does |\n|---|---|\n")
	for _, r := range tr.Rules() {
		if r.Rule == "" || r.Description == "" {
			t.Errorf("a rule has no id or description: %+v", r)
		}
		fmt.Fprintf(&b, "| %s | %s |\n", r.Rule, strings.ReplaceAll(r.Description, "|", `\|`))
	}
	for _, kind := range []struct {
		title string
		table func(string) []translate.ModeRow
	}{{"Channel modes", translate.ChannelModeTable}, {"User modes", translate.UserModeTable}} {
		for _, dialect := range []string{"solanum", "hybrid", "unreal6"} {
			fmt.Fprintf(&b, "\n## %s of %s\n\n| There | Here | |\n|---|---|---|\n", kind.title, dialect)
			rows := slices.SortedFunc(slices.Values(kind.table(dialect)), func(a, b translate.ModeRow) int { return int(a.Letter) - int(b.Letter) })
			for _, r := range rows {
				to := "none"
				if r.To != 0 {
					to = string(rune(r.To))
				}
				fmt.Fprintf(&b, "| %c | %s | %s |\n", r.Letter, to, describe(r))
			}
		}
	}
	if *update {
		if err := os.WriteFile(docsPath, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(docsPath)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != b.String() {
		t.Errorf("%s is not what the tables say (go test ./linkgw/translate -run TestDocs -update)", docsPath)
	}
}

func describe(r translate.ModeRow) string {
	if r.Note == "" {
		return string(r.Quality)
	}
	return string(r.Quality) + ": " + r.Note
}

// TestModeTables holds that the tables name modes that both networks have, each once, and all flags of the linked network.
func TestModeTables(t *testing.T) {
	ours := translate.DefaultLimits()
	for _, dialect := range []string{"solanum", "hybrid", "unreal6"} {
		rules, err := network.RulesOf(dialect)
		if err != nil {
			t.Fatal(err)
		}
		seen := ""
		for _, r := range translate.ChannelModeTable(dialect) {
			if strings.ContainsRune(seen, rune(r.Letter)) {
				t.Errorf("%s: %c is there twice", dialect, r.Letter)
			}
			seen += string(rune(r.Letter))
			if r.To != 0 && !strings.Contains(ours.ChanModes, string(rune(r.To))) || (r.To == 0) != (r.Quality == translate.None) {
				t.Errorf("%s: %+v", dialect, r)
			}
		}
		groups := strings.SplitN(rules.ChanModes, ",", 2)
		for _, letter := range strings.ReplaceAll(groups[1], ",", "") {
			if !strings.ContainsRune(seen, letter) {
				t.Errorf("%s: nothing is said of mode %c", dialect, letter)
			}
		}
		for _, r := range translate.UserModeTable(dialect) {
			if !strings.ContainsRune(ours.UserModes, rune(r.To)) {
				t.Errorf("%s: user mode %+v", dialect, r)
			}
		}
	}
}
