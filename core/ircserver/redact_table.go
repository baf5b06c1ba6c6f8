package ircserver

import (
	"strings"

	"robustirc/core/irc"
)

// What a parameter is, for a Redactor. What no row knows is treated as a secret.
const (
	keepParam   = 'n' // a name, number or mode string
	textParam   = 't'
	hostParam   = 'h'
	maskParam   = 'm'
	secretParam = 'k'
)

// redaction is one command's row: the kinds of its first parameters, of those behind, and of the last, when there are
// more than lastFrom.
type redaction struct {
	first      string
	rest, last byte
	lastFrom   int
}

// kind is that of parameter i of n.
func (x redaction) kind(i, n int) byte {
	switch {
	case x.last != 0 && i >= x.lastFrom && i == n-1:
		return x.last
	case i < len(x.first):
		return x.first[i]
	case x.rest != 0:
		return x.rest
	}
	return secretParam
}

// allNames is the row of commands with nothing to hide.
var allNames = redaction{rest: keepParam}

// redactions has the commands of clients, services links and gateways, without MODE and CHANNEL (Redactor.modes).
var redactions = map[string]redaction{
	"NICK": {first: "nnnnhnnn", rest: keepParam, last: textParam, lastFrom: 7}, "USER": {first: "nnnhhn", rest: keepParam, last: textParam, lastFrom: 3},
	"CAP": allNames, "PING": {rest: secretParam}, "PONG": {rest: secretParam}, "QUIT": {rest: textParam}, "ERROR": {rest: textParam},
	"JOIN": {first: "nk"}, "PART": {first: "nt", rest: textParam}, "KICK": {first: "nn", rest: maskParam, last: textParam, lastFrom: 2},
	"INVITE": {first: "nn", rest: maskParam}, "KNOCK": {first: "n", rest: textParam}, "TOPIC": {first: "n", rest: keepParam, last: textParam, lastFrom: 1},
	"NAMES": allNames, "PRIVMSG": {first: "n", rest: textParam}, "NOTICE": {first: "n", rest: textParam},
	"SILENCE": {rest: maskParam}, "ACCEPT": allNames, "LIST": allNames, "WHO": {rest: maskParam}, "WHOIS": allNames,
	"WHOWAS": allNames, "ISON": allNames, "USERHOST": allNames, "USERIP": allNames, "SETNAME": {rest: textParam},
	"AWAY": {first: "t", rest: textParam}, "OPER": {first: "n"}, "GATEWAY": allNames, "SERVER": {first: "nn", rest: textParam},
	"KILL": {first: "n", rest: maskParam, last: textParam, lastFrom: 1}, "SVSKILL": {first: "n", rest: textParam},
	"GLINE": {rest: maskParam, last: textParam, lastFrom: 1}, "KLINE": {rest: maskParam, last: textParam, lastFrom: 1},
	"UNGLINE": {rest: maskParam}, "UNKLINE": {rest: maskParam},
	"WALLOPS": {first: "t", rest: textParam}, "GLOBOPS": {rest: textParam},
	"MOTD": allNames, "LUSERS": allNames, "VERSION": allNames, "TIME": allNames, "ADMIN": allNames, "INFO": allNames,
	"STATS": allNames, "LINKS": allNames, "MAP": allNames, "HELP": allNames, "REHASH": allNames, testCommand: allNames,
	"SQUIT": {first: "n", rest: textParam}, "SVSNICK": allNames, "SVSMODE": allNames, "SVS2MODE": allNames, "SVSJOIN": allNames,
	"SVSPART": {first: "nn", rest: textParam}, "SVSHOLD": {first: "nn", rest: textParam},
	"GONE": {rest: keepParam, last: textParam, lastFrom: 1}, "HOST": {first: "nnhh"}, "REALNAME": {first: "n", rest: textParam},
	"ACCOUNT": allNames, "CLASS": allNames, "UMODE": allNames, "MEMBERS": allNames, "ENTRY": {first: "nnmmn"}, "PARTED": {first: "nn", rest: textParam},
	"SAY": {first: "nmn", rest: textParam}, "BAN": {first: "nmmnn", rest: textParam}, "UNBAN": {first: "nm"}, "STATE": allNames,
}

// redactedMode says what the parameter of a channel mode is, and whether it has one. q is a status or a list, as the
// configuration has it; a nick is no mask.
func redactedMode(letter byte, add bool) (kind byte, ok bool) {
	for i := range modeTable {
		row := &modeTable[i]
		switch {
		case row.letter != letter:
		case letter == 'q':
			return maskParam, true
		case row.kind == irc.ModePrefix:
			return keepParam, true
		case row.kind == irc.ModeList:
			return maskParam, true
		case letter == 'k':
			return secretParam, true
		case row.kind == irc.ModeParam, row.kind == irc.ModeSetParam && add:
			return keepParam, true
		default:
			return 0, false
		}
	}
	return 0, false
}

// mayBeNick reports whether a parameter of mode q names somebody.
func mayBeNick(s string) bool { return s != "" && !strings.ContainsAny(s, "!@*?~$:") }
