package ircserver

import (
	"math"
	"strconv"
	"strings"
	"time"

	"robustirc/core/irc"
)

// effect is one effect that a gateway wants: its line and the gateway.
type effect struct {
	*call
	g    *gateway
	name string // of the command
}

// effectRow is one row of gatewayTable.
type effectRow struct {
	name      string
	minParams int
	// run makes it so, and returns why not, or "". What is so already is not done, and shown to nobody.
	run          func(s *Server, e *effect) string
	syntax, help string
}

// gatewayTable is the command table of gateways' links: effects, which no rule of this network holds.
var gatewayTable = []effectRow{
	// gatewayusers.go
	{"USER", 10, (*Server).effectUser, "USER <uid> <nick> <ident> <host> <ip|*> <signon> <account|*> <class|*> <+modes> :<real name>", "Brings a user, or makes one that is there so."},
	{"GONE", 1, (*Server).effectGone, "GONE <uid>{ <uid>} :<reason>", "Removes users who left."},
	{"KILL", 2, (*Server).effectKill, "KILL <uid> <by> [:<reason>]", "Removes a user who was removed."},
	{"NICK", 2, (*Server).effectNick, "NICK <uid> <nick>", "Renames a user."},
	{"HOST", 3, (*Server).effectHost, "HOST <uid> <ident> <host> [<ip>]", "Changes a user's ident and host."},
	{"REALNAME", 2, (*Server).effectRealname, "REALNAME <uid> :<real name>", "Changes a user's real name."},
	{"ACCOUNT", 2, (*Server).effectAccount, "ACCOUNT <uid> <account|*>", "Logs a user in, or out."},
	{"AWAY", 1, (*Server).effectAway, "AWAY <uid> [:<message>]", "Marks a user as away, or back."},
	{"CLASS", 2, (*Server).effectClass, "CLASS <uid> <class|*>", "Makes a user an operator of a class, or none."},
	{"UMODE", 2, (*Server).effectUmode, "UMODE <uid> <modes>", "Changes modes of a user."},
	// gatewaychannels.go
	{"MEMBERS", 3, (*Server).effectMembers, "MEMBERS <channel> <created> <statuses>,<uid>{ <statuses>,<uid>}", "Puts users into a channel, with exactly these statuses."},
	{"CHANNEL", 4, (*Server).effectChannel, "CHANNEL <channel> <created> <by> <+modes>{ <parameter>}", "Gives a channel exactly these modes and time of creation."},
	{"MODE", 3, (*Server).effectMode, "MODE <channel> <by> <modes>{ <parameter>}", "Changes modes of a channel."},
	{"ENTRY", 5, (*Server).effectEntry, "ENTRY <channel> <+|-><letter> <mask> <setter> <time>", "Adds an entry of a list, or takes it away."},
	{"TOPIC", 4, (*Server).effectTopic, "TOPIC <channel> <setter> <time> :<topic>", "Changes a topic."},
	{"PARTED", 2, (*Server).effectParted, "PARTED <channel> <uid> [:<reason>]", "Lets a user leave a channel."},
	{"KICK", 3, (*Server).effectKick, "KICK <channel> <uid> <by> [:<reason>]", "Removes a user from a channel."},
	{"INVITE", 3, (*Server).effectInvite, "INVITE <uid> <channel> <by>", "Invites a user."},
	// gatewaynetwork.go
	{"SAY", 4, (*Server).effectSay, "SAY <PRIVMSG|NOTICE> <by> <target> :<text>", "Sends a message of somebody who is no session to a channel, @#channel, a uid or $*."},
	{"WALLOPS", 2, (*Server).effectWallops, "WALLOPS <by> :<text>", "Sends a message to all users with mode +w."},
	{"BAN", 6, (*Server).effectBan, "BAN <kind> <user@host or address> <setter> <set at> <expires> :<reason>", "Bans from the network; the gateway's own users are exempt."},
	{"UNBAN", 2, (*Server).effectUnban, "UNBAN <kind> <user@host or address>", "Removes such a ban."},
	{"PING", 1, (*Server).effectPing, "PING <token>", "Is answered with PONG."},
	{"STATE", 1, (*Server).effectState, "STATE <token>", "Tells what the network has of the gateway."},
}

var gatewayCommands map[string]*effectRow

func init() { // not an initialiser: handlers refer to the table
	gatewayCommands = make(map[string]*effectRow, len(gatewayTable))
	for i := range gatewayTable {
		gatewayCommands[gatewayTable[i].name] = &gatewayTable[i]
	}
}

// paramRange is which parameters of a line name users; none when last is below first.
type paramRange struct{ first, last int }

var noUsers = paramRange{0, -1}

// guestRow is a client command that gateways' users have.
type guestRow struct {
	users paramRange
	// ensure is the second look, nil when there is none.
	ensure func(s *Server, l *look)
}

// guestCommands are the client commands of gateways' users.
var guestCommands map[string]guestRow

func init() { // not an initialiser: handlers refer to the table
	guestCommands = map[string]guestRow{
		"JOIN": {noUsers, (*Server).ensureJoin}, "PART": {noUsers, (*Server).ensurePart}, "NICK": {noUsers, (*Server).ensureNick},
		"MODE": {paramRange{2, math.MaxInt}, (*Server).ensureMode}, "TOPIC": {noUsers, (*Server).ensureTopic},
		"KICK": {paramRange{1, 1}, (*Server).ensureKick}, "AWAY": {noUsers, nil}, "QUIT": {noUsers, nil},
		"PRIVMSG": {paramRange{0, 0}, nil}, "NOTICE": {paramRange{0, 0}, nil}, "INVITE": {paramRange{0, 0}, nil},
		"KNOCK": {noUsers, nil}, "WALLOPS": {noUsers, nil},
	}
}

// words are the parameters from number i on, one by one, however many there are.
func (e *effect) words(i int) []string { return strings.Fields(e.rest(i)) }

// optional is a parameter for which * stands when there is none.
func (e *effect) optional(i int) string {
	if p := e.Param(i); p != "*" {
		return p
	}
	return ""
}

// maxSource is the longest source that an effect may name, in bytes.
const maxSource = 200

// source is whom clients see as the source of an effect: what the parameter says, or for * the network.
func (s *Server) source(e *effect, i int) string {
	by := sourceName(e.Param(i))
	if by == "*" {
		return s.name()
	}
	return by
}

// sourceName is a source as one word, or * for what is none.
func sourceName(by string) string {
	if by == "" || by[0] == ':' || strings.IndexByte(by, ' ') >= 0 {
		return "*"
	}
	return irc.Truncate(by, maxSource)
}

// maxSeconds is the last time that a gateway may name, in the year 2242: the machine counts nanoseconds.
const maxSeconds = 1 << 33

// parseSeconds reads a time in seconds since 1970.
func parseSeconds(word string) (ns int64, ok bool) {
	n, err := strconv.ParseInt(word, 10, 64)
	return n * int64(time.Second), err == nil && n >= 0 && n <= maxSeconds
}

// badTime is why a line with a time that is none is refused.
const badTime = "Not a time in seconds since 1970"

// one returns the user that parameter i names, or nil, of which the gateway is told.
func (s *Server) one(e *effect, i int) *session { return s.guest(e.g, e.name, e.Param(i)) }
