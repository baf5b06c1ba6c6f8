package irc_test

import (
	"fmt"
	"slices"

	"robustirc/core/irc"
)

func ExampleMessage_Parse() {
	var m irc.Message
	if err := m.Parse("@time=2026-01-02T03:04:05.678Z :alice!a@host privmsg #go :hello there"); err != nil {
		fmt.Println(err)
		return
	}
	at, _ := m.Tag("time")
	fmt.Println(at)
	fmt.Println(m.Prefix().Name, irc.UpperCommand(m.Command), m.Param(0), m.Last())
	// Output:
	// 2026-01-02T03:04:05.678Z
	// alice PRIVMSG #go hello there
}

func ExampleNewMessage() {
	no := irc.ERR_NOSUCHNICK
	m := irc.NewMessage("irc.example", no.Code(), "alice", "bob", no.Text()).WithTrailing()
	fmt.Println(m.String())
	join := irc.NewMessage("alice!a@host", "JOIN", "#go")
	fmt.Println(join.String())
	// Output:
	// :irc.example 401 alice bob :No such nick/channel
	// :alice!a@host JOIN #go
}

func ExampleSplitWords() {
	nicks := []string{"@alice", "+bob", "carol", "dave"}
	for line := range irc.SplitWords(len(":s 353 me = #go :"), slices.Values(nicks), 30) {
		m := irc.NewMessage("s", irc.RPL_NAMREPLY.Code(), "me", "=", "#go", line).WithTrailing()
		fmt.Println(m.String())
	}
	// Output:
	// :s 353 me = #go :@alice +bob
	// :s 353 me = #go :carol dave
}

func ExampleCompileMask() {
	ban := irc.CompileMask(irc.RFC1459, irc.CanonicalMask("*.Example.org"))
	fmt.Println(ban, ban.Match(irc.RFC1459.Fold("Alice!a@host.example.org")))
	// Output: *!*@*.Example.org true
}

func ExampleParseModes() {
	spec, err := irc.ParseModeSpec("beI,k,l,imnst", "(ov)@+")
	if err != nil {
		fmt.Println(err)
		return
	}
	changes, errs := irc.ParseModes(spec, []string{"+ob-vx", "alice", "*!*@spam.example", "bob"})
	fmt.Println(irc.FormatModes(changes, 2, 400), errs)
	// Output: [+ob alice *!*@spam.example -v bob] [irc: unknown mode: x]
}

func ExampleISupport_Lines() {
	var s irc.ISupport
	s.Set("NETWORK", "My Net")
	s.Set("NICKLEN", "30")
	for _, tokens := range s.Lines(400) {
		params := append(append([]string{"alice"}, tokens...), irc.RPL_ISUPPORT.Text())
		m := irc.NewMessage("irc.example", irc.RPL_ISUPPORT.Code(), params...).WithTrailing()
		fmt.Println(m.String())
	}
	// Output: :irc.example 005 alice NETWORK=My\x20Net NICKLEN=30 :are supported by this server
}
