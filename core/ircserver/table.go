package ircserver

// table is the command table, one row per command, by family.
var table = []commandRow{
	// registration.go
	{"PASS", 1, true, "", (*Server).cmdPass, "PASS <password>", "Gives a password before registration: services=, oper= or nickserv= parts, separated by colons."},
	{"NICK", 0, true, "", (*Server).cmdNick, "NICK <nickname>", "Takes or changes your nickname."},
	{"USER", 4, true, "", (*Server).cmdUser, "USER <username> 0 * :<realname>", "Gives your user name and real name when you register."},
	{"CAP", 1, true, "", (*Server).cmdCap, "CAP LS [302] | LIST | REQ :<caps> | END", "Negotiates IRCv3 capabilities."},
	{"PING", 0, true, "", (*Server).cmdPing, "PING <token>", "Asks for a PONG that is ordered behind everything received before."},
	{"PONG", 0, true, "", (*Server).cmdPong, "PONG <token>", "Answers a PING."},
	{"QUIT", 0, true, "", (*Server).cmdQuit, "QUIT [:<reason>]", "Leaves the network."},
	{"ERROR", 0, true, "", (*Server).cmdError, "ERROR", "Is for servers; ignored from clients."},
	{testCommand, 0, false, "", (*Server).cmdPanic, "PANIC", "Makes the server fail, where tests of that are allowed."},
	// join.go, kick.go, invite.go, topic.go, names.go
	{"JOIN", 1, false, "", (*Server).cmdJoin, "JOIN <channel>{,<channel>} [<key>{,<key>}] | JOIN 0", "Joins channels."},
	{"PART", 1, false, "", (*Server).cmdPart, "PART <channel>{,<channel>} [:<reason>]", "Leaves channels."},
	{"KICK", 2, false, "", (*Server).cmdKick, "KICK <channel> <nick>{,<nick>} [:<reason>]", "Removes members from a channel."},
	{"INVITE", 0, false, "", (*Server).cmdInvite, "INVITE [<nick> <channel>]", "Invites somebody to a channel; without parameters lists your invitations."},
	{"KNOCK", 1, false, "", (*Server).cmdKnock, "KNOCK <channel> [:<message>]", "Asks the operators of a closed channel to let you in."},
	{"TOPIC", 1, false, "", (*Server).cmdTopic, "TOPIC <channel> [:<topic>]", "Shows or changes a channel's topic."},
	{"NAMES", 0, false, "", (*Server).cmdNames, "NAMES [<channel>{,<channel>}]", "Lists the members of channels."},
	// mode.go
	{"MODE", 1, false, "", (*Server).cmdMode, "MODE <channel or nick> [<modes> {<parameter>}]", "Shows or changes modes."},
	// message.go
	{"PRIVMSG", 0, false, "", (*Server).cmdPrivmsg, "PRIVMSG <target>{,<target>} :<text>", "Sends a message to users or channels."},
	{"NOTICE", 0, true, "", (*Server).cmdNotice, "NOTICE <target>{,<target>} :<text>", "Sends a notice, which is never answered automatically."},
	// ignore.go
	{"SILENCE", 0, false, "", (*Server).cmdSilence, "SILENCE [{+|-}<mask>]", "Lists or changes the masks whose messages you do not receive."},
	{"ACCEPT", 0, false, "", (*Server).cmdAccept, "ACCEPT *|[-]<nick>{,[-]<nick>}", "Lists or changes who may message you while you are +g."},
	// list.go who.go whois.go whowas.go userquery.go
	{"LIST", 0, false, "", (*Server).cmdList, "LIST [<filter or channel>{,…}]", "Lists channels."},
	{"WHO", 0, false, "", (*Server).cmdWho, "WHO [<channel or mask> [o]]", "Lists users."},
	{"WHOIS", 0, false, "", (*Server).cmdWhois, "WHOIS [<server>] <nick>{,<nick>}", "Shows what is known about users."},
	{"WHOWAS", 0, false, "", (*Server).cmdWhowas, "WHOWAS <nick>{,<nick>} [<count>]", "Shows what is known about users who left."},
	{"ISON", 1, false, "", (*Server).cmdIson, "ISON <nick>{ <nick>}", "Tells which of the nicknames are in use."},
	{"USERHOST", 1, false, "", (*Server).cmdUserhost, "USERHOST <nick>{ <nick>}", "Shows user and host of up to five nicknames."},
	{"USERIP", 1, false, "", (*Server).cmdUserip, "USERIP <nick>{ <nick>}", "Shows user and address of up to five nicknames; others' addresses only to operators."},
	{"AWAY", 0, false, "", (*Server).cmdAway, "AWAY [:<message>]", "Marks you as away, or back."},
	{"SETNAME", 1, false, "", (*Server).cmdSetname, "SETNAME :<realname>", "Changes your real name."},
	// info.go
	{"MOTD", 0, false, "", (*Server).cmdMotd, "MOTD", "Shows the message of the day."},
	{"LUSERS", 0, false, "", (*Server).cmdLusers, "LUSERS", "Shows how many users and channels there are."},
	{"VERSION", 0, false, "", (*Server).cmdVersion, "VERSION", "Shows the server's version and what it supports."},
	{"TIME", 0, false, "", (*Server).cmdTime, "TIME", "Shows the network's time."},
	{"ADMIN", 0, false, "", (*Server).cmdAdmin, "ADMIN", "Shows who runs the network."},
	{"INFO", 0, false, "", (*Server).cmdInfo, "INFO", "Shows what this software is."},
	{"STATS", 0, false, "", (*Server).cmdStats, "STATS <letter>", "Shows statistics; some letters are for operators."},
	{"LINKS", 0, false, "", (*Server).cmdLinks, "LINKS", "Lists the servers of the network."},
	{"MAP", 0, false, "", (*Server).cmdMap, "MAP", "Shows the nodes of the network."},
	{"HELP", 0, true, "", (*Server).cmdHelp, "HELP [<command>]", "Shows help."},
	{"REHASH", 0, false, "", (*Server).cmdRehash, "REHASH", "Is not needed: says what to use instead."},
	// oper.go, bans.go
	{"OPER", 2, false, "", (*Server).cmdOper, "OPER <name> <password>", "Makes you an operator."},
	{"KILL", 1, false, "kill", (*Server).cmdKill, "KILL <nick> [:<reason>]", "Removes a user from the network."},
	{"GLINE", 0, false, "ban", (*Server).cmdGline, "GLINE [-force] [<duration>] <nick or user@host> [:<reason>]", "Bans from the network, for ever or for so long (30m, 1w2d, seconds); hosts may be CIDR ranges; without parameters lists the bans."},
	{"UNGLINE", 1, false, "ban", (*Server).cmdUngline, "UNGLINE <user@host>", "Removes a network ban."},
	{"KLINE", 0, false, "ban", (*Server).cmdGline, "KLINE [-force] [<duration>] <nick or user@host> [:<reason>]", "Is GLINE: there is one server."},
	{"UNKLINE", 1, false, "ban", (*Server).cmdUngline, "UNKLINE <user@host>", "Is UNGLINE: there is one server."},
	{"WALLOPS", 1, false, "wallops", (*Server).cmdWallops, "WALLOPS :<text>", "Sends a message to all users with mode +w."},
	{"GLOBOPS", 1, false, "globops", (*Server).cmdGlobops, "GLOBOPS :<text>", "Sends a message to all operators."},
	// services.go
	{"SERVER", 2, true, "", (*Server).cmdServer, "SERVER <name> <hops> :<info>", "Turns a session whose PASS proved it into a services link."},
	// gateway.go
	{gatewayCommand, 2, true, "", (*Server).cmdGateway, "GATEWAY <name> <style>", "Turns a session whose PASS proved it into the link of a gateway."},
	// services.go
	{"NICKSERV", 0, false, "", alias("NickServ"), "NICKSERV <text>", "Is PRIVMSG NickServ."},
	{"NS", 0, false, "", alias("NickServ"), "NS <text>", "Is PRIVMSG NickServ."},
	{"CHANSERV", 0, false, "", alias("ChanServ"), "CHANSERV <text>", "Is PRIVMSG ChanServ."},
	{"CS", 0, false, "", alias("ChanServ"), "CS <text>", "Is PRIVMSG ChanServ."},
	{"OPERSERV", 0, false, "", alias("OperServ"), "OPERSERV <text>", "Is PRIVMSG OperServ."},
	{"OS", 0, false, "", alias("OperServ"), "OS <text>", "Is PRIVMSG OperServ."},
	{"MEMOSERV", 0, false, "", alias("MemoServ"), "MEMOSERV <text>", "Is PRIVMSG MemoServ."},
	{"MS", 0, false, "", alias("MemoServ"), "MS <text>", "Is PRIVMSG MemoServ."},
	{"HOSTSERV", 0, false, "", alias("HostServ"), "HOSTSERV <text>", "Is PRIVMSG HostServ."},
	{"HS", 0, false, "", alias("HostServ"), "HS <text>", "Is PRIVMSG HostServ."},
	{"BOTSERV", 0, false, "", alias("BotServ"), "BOTSERV <text>", "Is PRIVMSG BotServ."},
	{"BS", 0, false, "", alias("BotServ"), "BS <text>", "Is PRIVMSG BotServ."},
}
