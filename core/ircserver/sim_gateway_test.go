package ircserver

import (
	"strconv"
	"strings"
	"testing"
)

// startGateway adds a session that becomes the link of a gateway, which may be there already, and some of its users.
func (g *generator) startGateway(add func(Input)) {
	add(Input{Kind: KindCreate, Remote: "192.0.2.10"})
	id := SessionID(g.inputs)
	name := g.pick("canary", "canary", "other", "nobody")
	add(Input{Kind: KindLine, Session: id, Text: "PASS :*", Granted: grantGateway + name})
	add(Input{Kind: KindLine, Session: id, Text: "GATEWAY " + name + " " + g.pick("firehose", "sessions", "firehose", "slowly")})
	g.gateway, g.gwLines = id, 0
	for range 2 + g.IntN(6) {
		add(g.gatewayLine("USER " + g.uid() + " " + g.nick() + " id h.example " + g.address() + " 1700000000 " + g.pick("*", "acct") + " " + g.pick("*", "all") + " " + g.pick("+", "+ix", "+Zrw") + " :" + g.text()))
	}
	add(g.gatewayLine("MEMBERS " + g.channel() + " 1600000000 " + g.members()))
}

func (g *generator) gatewayLine(text string) Input {
	g.gwLines += uint64(g.IntN(8) / 2) // at times the id of the line before
	return Input{Kind: KindLine, Session: g.gateway, ClientMsgID: SequentialID | g.gwLines, Text: strings.TrimRight(text, " ")}
}

// gatewayInput adds a line of the gateway: of one of its users, or an effect.
func (g *generator) gatewayInput(add func(Input)) {
	switch g.IntN(10) {
	case 0, 1, 2, 3:
		add(g.gatewayLine(":" + g.uid() + " " + g.line()))
	case 4:
		add(g.gatewayLine("MEMBERS " + g.channel() + " 1600000000 " + g.members()))
	case 5:
		add(g.gatewayLine("CHANNEL " + g.channel() + " 1600000000 * " + g.modes()))
	case 6:
		add(g.gatewayLine("MODE " + g.channel() + " * " + g.modes()))
	default:
		row := gatewayTable[g.IntN(len(gatewayTable))]
		add(g.gatewayLine(g.effectFromSyntax(row.name, row.syntax)))
	}
}

// effectFromSyntax is fromSyntax with uids and times.
func (g *generator) effectFromSyntax(name, syntax string) string {
	for _, uid := range []string{"<uid>", "<statuses>,<uid>"} {
		for strings.Contains(syntax, uid) {
			value := g.uid()
			if uid != "<uid>" {
				value = g.pick("o", "v", "qv", "") + "," + value
			}
			syntax = strings.Replace(syntax, uid, value, 1)
		}
	}
	syntax = strings.NewReplacer("<created>", "1600000000", "<time>", "1650000000", "<signon>", "1700000000", "<set at>", "1", "<expires>",
		g.pick("0", "9", "1900000000"), "<ident>", "id", "<ip|*>", g.address(), "<account|*>", "*", "<class|*>", g.pick("*", "all"),
		"<by>", g.pick("*", "irc.example", "x!y@z"), "<setter>", "someone", "<PRIVMSG|NOTICE>", g.pick("PRIVMSG", "NOTICE"),
		"<+modes>", g.modeWord(), "<statuses>", "o", "<+|-><letter>", g.pick("+b", "-b", "+e", "+q", "+I"), "<kind>", g.pick("kline", "gline", "dline", "x")).Replace(syntax)
	return g.fromSyntax(name, syntax)
}

func (g *generator) uid() string { return "0AA" + strconv.Itoa(g.IntN(9)) }

func (g *generator) address() string { return g.pick("192.0.2.1", "192.0.2.7", "2001:db8::7", "*") }

func (g *generator) members() string {
	var b strings.Builder
	for range 1 + g.IntN(4) {
		b.WriteString(g.pick("", "o", "v", "qh") + "," + g.uid() + " ")
	}
	return b.String()
}

// TestEffectsAreIdempotent applies every kind of effect twice to networks that the simulation has made: nothing comes of
// the second time but what cannot be done being refused again. Messages are said each time.
func TestEffectsAreIdempotent(t *testing.T) {
	applied := map[string]int{}
	for seed := range uint64(40) {
		g := newGenerator(1000 + seed)
		s := New(simConfig())
		var log []Input
		for len(log) < 300 || g.gateway == 0 {
			g.pass()
			g.step(func(in Input) {
				in.Time = g.now
				g.inputs++
				log = append(log, in)
			})
		}
		for i := range log {
			s.Apply(&log[i])
		}
		link := s.sessions[g.gateway]
		if link == nil || !link.isGateway() {
			continue
		}
		for range 400 {
			row := gatewayTable[g.IntN(len(gatewayTable))]
			text := strings.TrimRight(g.effectFromSyntax(row.name, row.syntax), " ")
			if row.name == "MODE" || row.name == "CHANNEL" {
				text = row.name + " " + g.channel() + map[string]string{"MODE": " * ", "CHANNEL": " 1600000000 * "}[row.name] + g.modes()
			}
			in := Input{Kind: KindLine, Session: link.id, Text: text, Time: s.now}
			first := len(s.Apply(&in))
			again := s.Apply(&in)
			switch row.name {
			case "SAY", "WALLOPS", "PING", "STATE":
				continue
			}
			if first > 0 {
				applied[row.name]++
			}
			for _, o := range again {
				stays := row.name == "NICK" && strings.Contains(o.Line, " USER ") // it is told again which nick it is
				if !stays && !strings.Contains(o.Line, " REFUSED ") {
					t.Fatalf("seed %d: a second %q gives %q", 1000+seed, text, o.Line)
				}
			}
		}
	}
	for _, row := range gatewayTable {
		switch row.name {
		case "SAY", "WALLOPS", "PING", "STATE":
		default:
			if applied[row.name] < 3 {
				t.Errorf("%s came to something %d times only", row.name, applied[row.name])
			}
		}
	}
}
