package unreal

import "robustirc/s2s"

// command is one row of the table.
type command struct {
	name string
	// min is how many parameters the command must have.
	min    int
	from   sources
	decode func(r *reader) (s2s.Body, *s2s.ParseError)
	encode func(w *writer, b s2s.Body) bool
}

// numeric is the row of all numeric replies.
var numeric = command{"", 1, anybody, readNumeric, says(writeNumeric)}

// commands is the table by name.
var commands = func() map[string]*command {
	m := make(map[string]*command, len(table))
	for i := range table {
		m[table[i].name] = &table[i]
	}
	return m
}()

// table has every command that servers say to each other. Who may say it is taken from the source where UnrealIRCd
// refuses others, and is anybody elsewhere: services say things in the name of their servers and of their users.
var table = []command{
	// servers and the link
	{"PASS", 1, peer, readPass, says(writeHandshake)},
	{"STARTTLS", 0, peer, readHandshake, says(writeHandshake)},
	{"PROTOCTL", 1, peer, readProtoctl, says(writeProtoctl)},
	{"SERVER", 2, servers, readServer, says(writeServer)},
	{"SID", 4, server, readSID, says(writeServer)}, // without a source it could not be told from SERVER
	{"SINFO", 6, servers, readSINFO, says(writeSINFO)},
	{"SDESC", 1, anybody, readSDESC, says(writeSDESC)},
	{"NETINFO", 8, servers, readNETINFO, says(writeNETINFO)},
	{"EOS", 0, servers, readEOS, says(writeEOS)},
	{"SQUIT", 1, anybody, readSQUIT, says(writeSQUIT)},
	{"PING", 1, anybody, readPing, says(writePing)},
	{"PONG", 1, anybody, readPong, says(writePong)},
	{"ERROR", 0, servers, readClosing, says(writeClosing)},
	{"SMOD", 0, servers, readHousekeeping, says(writeHousekeepingText)},
	{"RRPC", 1, anybody, readHousekeeping, says(writeHousekeepingText)},
	{"REPUTATION", 1, anybody, readHousekeeping, says(writeHousekeeping)},
	{"TSCTL", 0, anybody, readHousekeeping, says(writeHousekeeping)},
	{"BATCH", 1, anybody, readHousekeeping, says(writeHousekeeping)},
	{"SVSNOOP", 2, anybody, readHousekeeping, says(writeHousekeeping)},
	{"SVSLUSERS", 1, anybody, readHousekeeping, says(writeHousekeeping)},
	{"SVSMOTD", 1, anybody, readHousekeeping, says(writeHousekeepingText)},
	{"SVSFLINE", 1, anybody, readHousekeeping, says(writeHousekeepingText)},

	// users
	{"UID", 12, servers, readUID, says(writeUID)},
	{"NICK", 1, user, readNick, says(writeNick)},
	{"QUIT", 0, user, readQuit, says(writeQuit)},
	{"KILL", 1, anybody, readKill, says(writeKill)},
	{"SVSKILL", 1, anybody, readKill, says(writeKill)},
	{"AWAY", 0, user, readAway, says(writeAway)},
	{"UMODE2", 1, user, readUMODE2, says(writeUMODE2)},
	{"SETHOST", 1, user, readSet(setHost), says(writeSet)},
	{"SETIDENT", 1, user, readSet(setIdent), says(writeSet)},
	{"SETNAME", 1, user, readSet(setRealname), says(writeSetText)},
	{"CHGHOST", 2, anybody, readChange(setHost), says(writeChange)},
	{"CHGIDENT", 2, anybody, readChange(setIdent), says(writeChange)},
	{"CHGNAME", 2, anybody, readChange(setRealname), says(writeChangeText)},
	{"SVSNAME", 2, anybody, readChange(setRealname), says(writeChangeText)},
	{"SWHOIS", 2, anybody, readSWhois, says(writeSWhois)},

	// channels
	{"SJOIN", 3, servers, readSJOIN, says(writeSJOIN)},
	{"JOIN", 1, user, readJoin, writeJoin},
	{"PART", 1, user, readPart, says(writePart)},
	{"KICK", 2, anybody, readKick, says(writeKick)},
	{"MODE", 2, anybody, readMode, says(writeMode)},
	{"TOPIC", 2, anybody, readTopic, says(writeTopic)},
	{"MLOCK", 2, anybody, readMLOCK, says(writeMLOCK)},
	{"INVITE", 2, anybody, readInvite, says(writeInvite)},
	{"KNOCK", 1, user, readKnock, says(writeKnock)},

	// messages
	{"PRIVMSG", 2, anybody, readMessage, says(writeMessage)},
	{"NOTICE", 2, anybody, readMessage, says(writeMessage)},
	{"TAGMSG", 1, anybody, readTagMsg, says(writeTagMsg)},
	{"WALLOPS", 1, anybody, readWallops, says(writeWallops)},
	{"GLOBOPS", 1, anybody, readWallops, says(writeWallops)},
	{"LOCOPS", 1, anybody, readWallops, says(writeWallops)},
	{"SENDUMODE", 2, anybody, readSendMode, says(writeSendMode)},
	{"SMO", 2, anybody, readSendMode, says(writeSendMode)},
	{"SENDSNO", 2, anybody, readSendMode, says(writeSendMode)},
	{"SLOG", 4, servers, readSLOG, says(writeSLOG)},
	{"SREPLY", 3, anybody, readSREPLY, says(writeSREPLY)},

	// services and operators acting on users
	{"SVSNICK", 2, servers, readForceNick, says(writeForceNick)},
	{"SVSJOIN", 2, anybody, readForceAs("join"), says(writeForce)},
	{"SVSPART", 2, anybody, readForceAs("part"), says(writeForcePart)},
	{"SAJOIN", 2, anybody, readForceAs("sajoin"), says(writeForce)},
	{"SAPART", 2, anybody, readForceAs("sapart"), says(writeForcePart)},
	{"SVSO", 2, anybody, readForceAs("svso"), says(writeForce)},
	{"SVSSNO", 1, anybody, readForceAs("svssno"), says(writeForce)},
	{"SVS2SNO", 1, anybody, readForceAs("svs2sno"), says(writeForce)},
	{"SVSSILENCE", 2, anybody, readForceAs("svssilence"), says(writeForceText)},
	{"SVSWATCH", 2, anybody, readForceAs("svswatch"), says(writeForceText)},
	{"SVSNOLAG", 2, anybody, readForceNoLag, says(writeForceNoLag)},
	{"SVS2NOLAG", 2, anybody, readForceNoLag, says(writeForceNoLag)},
	{"TEMPSHUN", 1, anybody, readTempShun, says(writeTempShun)},
	{"SVSMODE", 2, anybody, readSVSMODE, writeSVSMODE},
	{"SVS2MODE", 2, anybody, readSVSMODE, writeSVSMODE},
	{"SVSLOGIN", 3, anybody, readSVSLOGIN, says(writeSVSLOGIN)},
	{"SASL", 4, anybody, readSASL, says(writeSASL)},

	// network bans and metadata
	{"TKL", 5, servers, readTKL, says(writeTKL)},
	{"SQLINE", 1, anybody, readSQLINE, says(writeSQLINE)},
	{"UNSQLINE", 1, anybody, readSQLINE, says(writeSQLINE)},
	{"SVSNLINE", 1, anybody, readSVSNLINE, says(writeSVSNLINE)},
	{"RMTKL", 2, anybody, readRMTKL, says(writeRMTKL)},
	{"MD", 2, servers, readMD, says(writeMD)},

	// questions that users ask of servers
	{"VERSION", 0, user, readQuery, says(writeQuery)},
	{"TIME", 0, user, readQuery, says(writeQuery)},
	{"ADMIN", 0, user, readQuery, says(writeQuery)},
	{"INFO", 0, user, readQuery, says(writeQuery)},
	{"MOTD", 0, user, readQuery, says(writeQuery)},
	{"BOTMOTD", 0, user, readQuery, says(writeQuery)},
	{"OPERMOTD", 0, user, readQuery, says(writeQuery)},
	{"RULES", 0, user, readQuery, says(writeQuery)},
	{"STAFF", 0, user, readQuery, says(writeQuery)},
	{"SPAMREPORT", 1, user, readQuery, says(writeQuery)},
	{"CREDITS", 0, user, readQuery, says(writeQuery)},
	{"LICENSE", 0, user, readQuery, says(writeQuery)},
	{"STATS", 0, user, readQuery, says(writeQuery)},
	{"TRACE", 0, user, readQuery, says(writeQuery)},
	{"LUSERS", 0, user, readQuery, says(writeQuery)},
	{"LINKS", 0, user, readQuery, says(writeQuery)},
	{"MAP", 0, user, readQuery, says(writeQuery)},
	{"MODULE", 0, user, readQuery, says(writeQuery)},
	{"LAG", 0, user, readQuery, says(writeQuery)},
	{"CONNECT", 0, user, readQuery, says(writeQuery)},
	{"USERS", 0, user, readQuery, says(writeQuery)},
	{"WHOIS", 1, user, readQuery, says(writeQuery)},
	{"WHOWAS", 1, user, readQuery, says(writeQuery)},
	{"WHO", 0, user, readQuery, says(writeQuery)},
	{"NAMES", 0, user, readQuery, says(writeQuery)},
	{"LIST", 0, user, readQuery, says(writeQuery)},
	{"ISON", 1, user, readQuery, says(writeQuery)},
	{"USERHOST", 1, user, readQuery, says(writeQuery)},
	{"USERIP", 1, user, readQuery, says(writeQuery)},
	{"DCCDENY", 0, user, readQuery, says(writeQuery)},
	{"REHASH", 0, user, readQuery, says(writeQuery)},
}
