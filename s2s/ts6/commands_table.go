package ts6

import "robustirc/s2s"

// command is one row of the table.
type command struct {
	name  string
	encap bool // it stands inside ENCAP
	// min is how many parameters there must be; the last of these must not be empty (parse.c:handle_command).
	min    int
	from   sources
	decode func(*reader) (s2s.Body, *s2s.ParseError)
	encode func(*writer, s2s.Body)
}

// inEncap marks the rows of what is said inside ENCAP.
const inEncap = true

// commands is all that is known. Minima are those of solanum's struct Message tables and hybrid's args_min, whichever is
// lower, without the command itself.
var commands = []command{
	// The link.
	{"PASS", false, 1, peer, decodeHandshake, encodeHandshake},
	{"CAPAB", false, 1, peer, decodeHandshake, encodeHandshake},
	{"SVINFO", false, 4, servers, decodeHandshake, encodeHandshake},
	{"SERVER", false, 3, servers, decodeServer, encodeServer},
	{"SID", false, 4, servers, decodeSID, encodeSID},
	{"SQUIT", false, 0, anybody, decodeSquit, encodeSquit},
	{"EOB", false, 0, servers, decodeEOB, encodeNothing},
	{"PING", false, 1, anybody, decodePing, encodePing},
	{"PONG", false, 1, anybody, decodePong, encodePing},
	{"ERROR", false, 0, servers, decodeError, encodeError},
	{"GCAP", inEncap, 1, servers, decodeGCAP, encodeGCAP},

	// Users.
	{"EUID", false, 11, servers, decodeEUID, encodeEUID},
	{"UID", false, 8, servers, decodeUID, encodeUID},
	{"NICK", false, 2, user, decodeNick, encodeNick},
	{"QUIT", false, 0, user, decodeQuit, encodeQuit},
	{"KILL", false, 1, anybody, decodeKill, encodeKill},
	{"SAVE", false, 2, servers, decodeSave, encodeSave},
	{"AWAY", false, 0, user, decodeAway, encodeAway},
	{"OPER", false, 1, user, decodeOper, encodeOper},
	{"OPER", inEncap, 1, user, decodeOper, encodeOper},
	{"MODE", false, 2, anybody, decodeMode, encodeMode},
	{"CHGHOST", false, 2, anybody, decodeChghost, encodeChghost},
	{"CHGHOST", inEncap, 2, anybody, decodeChghost, encodeChghost},
	{"SIGNON", false, 5, user, decodeSignon, encodeSignon},
	{"CERTFP", false, 1, user, decodeCertfp, encodeOwn},
	{"CERTFP", inEncap, 1, user, decodeCertfp, encodeOwn},
	{"REALHOST", inEncap, 1, user, decodeRealhost, encodeOwn},
	{"LOGIN", inEncap, 1, user, decodeLogin, encodeOwn},

	// Channels.
	{"SJOIN", false, 3, servers, decodeSjoin, encodeSjoin},
	{"JOIN", false, 1, user, decodeJoin, encodeJoin},
	{"PART", false, 1, user, decodePart, encodePart},
	{"KICK", false, 2, anybody, decodeKick, encodeKick},
	{"REMOVE", false, 2, anybody, decodeKick, encodeKick},
	{"TMODE", false, 3, anybody, decodeTmode, encodeTmode},
	{"BMASK", false, 4, servers, decodeBmask, encodeBmask},
	{"EBMASK", false, 4, servers, decodeEbmask, encodeEbmask},
	{"MLOCK", false, 2, anybody, decodeMlock, encodeMlock},
	{"TOPIC", false, 1, anybody, decodeTopic, encodeTopic},
	{"TB", false, 3, servers, decodeTB, encodeTB},
	{"ETB", false, 4, anybody, decodeETB, encodeETB},
	{"TBURST", false, 4, anybody, decodeETB, encodeETB},
	{"INVITE", false, 2, user, decodeInvite, encodeInvite},
	{"INVITED", inEncap, 3, anybody, decodeInvited, encodeInvited},
	{"KNOCK", false, 1, user, decodeKnock, encodeKnock},
	{"RESYNC", false, 1, servers, decodeResync, encodeResync},

	// Messages.
	{"PRIVMSG", false, 2, anybody, decodeMessage, encodeMessage},
	{"NOTICE", false, 2, anybody, decodeMessage, encodeMessage},
	{"TAGMSG", false, 1, anybody, decodeMessage, encodeMessage},
	{"ECHO", false, 2, user, decodeEcho, encodeEcho},
	{"WALLOPS", false, 1, anybody, decodeOperMessage, encodeOperMessage},
	{"OPERWALL", false, 1, anybody, decodeOperMessage, encodeOperMessage},
	{"GLOBOPS", false, 1, anybody, decodeOperMessage, encodeOperMessage},
	{"LOCOPS", false, 2, anybody, decodeLocops, encodeLocops},
	{"ADMINWALL", inEncap, 1, anybody, decodeOperMessage, encodeOperMessage},
	{"SNOTE", inEncap, 2, anybody, decodeOperMessage, encodeOperMessage},
	{"OPERSPY", inEncap, 1, anybody, decodeOperMessage, encodeOperMessage},
	{"TGINFO", inEncap, 1, anybody, decodeOperMessage, encodeOperMessage},

	// Bans.
	{"BAN", false, 8, anybody, decodeBan, encodeBan},
	{"KLINE", false, 5, anybody, decodeKline, encodeKline},
	{"KLINE", inEncap, 4, anybody, decodeKline, encodeKline},
	{"UNKLINE", false, 3, anybody, decodeUnkline, encodeUnkline},
	{"UNKLINE", inEncap, 2, anybody, decodeUnkline, encodeUnkline},
	{"DLINE", false, 4, anybody, decodeDline, encodeDline},
	{"DLINE", inEncap, 3, anybody, decodeDline, encodeDline},
	{"UNDLINE", false, 2, anybody, decodeUndline, encodeUnban},
	{"UNDLINE", inEncap, 1, anybody, decodeUndline, encodeUnban},
	{"XLINE", false, 4, anybody, decodeXline, encodeXline},
	{"XLINE", inEncap, 4, anybody, decodeXline, encodeXline},
	{"UNXLINE", false, 2, anybody, decodeUnxline, encodeUnban},
	{"UNXLINE", inEncap, 1, anybody, decodeUnxline, encodeUnban},
	{"RESV", false, 3, anybody, decodeResv, encodeResv},
	{"RESV", inEncap, 4, anybody, decodeResv, encodeResv},
	{"UNRESV", false, 2, anybody, decodeUnresv, encodeUnban},
	{"UNRESV", inEncap, 1, anybody, decodeUnresv, encodeUnban},

	// Services.
	{"SU", inEncap, 1, servers, decodeSU, encodeSU},
	{"RSFNC", inEncap, 3, servers, decodeRSFNC, encodeRSFNC},
	{"SVSLOGIN", inEncap, 5, servers, decodeForce, encodeForce},
	{"SASL", inEncap, 4, servers, decodeSasl, encodeSasl},
	{"NICKDELAY", inEncap, 2, servers, decodeNickDelay, encodeNickDelay},
	{"SVSACCOUNT", false, 3, anybody, decodeSvsaccount, encodeSvsaccount},
	{"SVSHOST", false, 3, anybody, decodeSvshost, encodeSvshost},
	{"SVSMODE", false, 3, anybody, decodeSvsmode, encodeSvsmode},
	{"SVSNICK", false, 3, anybody, decodeSvsnick, encodeSvsnick},
	{"SVSJOIN", false, 2, anybody, decodeForce, encodeForce},
	{"SVSPART", false, 2, anybody, decodeForce, encodeForce},
	{"SVSKILL", false, 2, anybody, decodeSvskill, encodeSvskill},
	{"SVSTAG", false, 3, anybody, decodeSvstag, encodeSvstag},
	{"METADATA", false, 3, anybody, decodeMetadata, encodeMetadata},

	// What operators do to a user on its server.
	{"GRANT", inEncap, 2, anybody, decodeForce, encodeForce},
	{"EXTENDCHANS", inEncap, 1, anybody, decodeForce, encodeForce},
	{"QUARANTINE", inEncap, 2, anybody, decodeForce, encodeForce},
	{"UNQUARANTINE", inEncap, 1, anybody, decodeForce, encodeForce},
	{"DEHELPER", inEncap, 1, anybody, decodeForce, encodeForce},

	// Questions and orders to servers.
	{"ADMIN", false, 0, anybody, decodeQuery, encodeQuery},
	{"CONNECT", false, 2, anybody, decodeQuery, encodeQuery},
	{"ETRACE", false, 0, anybody, decodeQuery, encodeQuery},
	{"INFO", false, 0, anybody, decodeQuery, encodeQuery},
	{"LINKS", false, 0, anybody, decodeQuery, encodeQuery},
	{"LUSERS", false, 0, anybody, decodeQuery, encodeQuery},
	{"MOTD", false, 0, anybody, decodeQuery, encodeQuery},
	{"STATS", false, 1, anybody, decodeQuery, encodeQuery},
	{"TIME", false, 0, anybody, decodeQuery, encodeQuery},
	{"TRACE", false, 0, anybody, decodeQuery, encodeQuery},
	{"USERS", false, 0, anybody, decodeQuery, encodeQuery},
	{"VERSION", false, 0, anybody, decodeQuery, encodeQuery},
	{"WHOIS", false, 1, anybody, decodeQuery, encodeQuery},
	{"WHOWAS", false, 1, anybody, decodeQuery, encodeQuery},
	{"REHASH", false, 2, anybody, decodeRehash, encodeRehash},
	{"DIE", inEncap, 0, anybody, decodeQuery, encodeQuery},
	{"ETRACE", inEncap, 0, anybody, decodeQuery, encodeQuery},
	{"MODLIST", inEncap, 0, anybody, decodeQuery, encodeQuery},
	{"MODLOAD", inEncap, 1, anybody, decodeQuery, encodeQuery},
	{"MODRELOAD", inEncap, 1, anybody, decodeQuery, encodeQuery},
	{"MODRESTART", inEncap, 0, anybody, decodeQuery, encodeQuery},
	{"MODUNLOAD", inEncap, 1, anybody, decodeQuery, encodeQuery},
	{"PRIVS", inEncap, 0, anybody, decodeQuery, encodeQuery},
	{"REHASH", inEncap, 0, anybody, decodeQuery, encodeQuery},
	{"RESTART", inEncap, 0, anybody, decodeQuery, encodeQuery},
	{"SETFILTER", inEncap, 1, anybody, decodeQuery, encodeQuery},
	{"SHEDDING", inEncap, 1, anybody, decodeQuery, encodeQuery},

	// Understood, and of no meaning to those who mirror a network.
	{"ACK", inEncap, 0, anybody, decodeHousekeeping, encodeHousekeeping},
	{"BATCH", false, 1, anybody, decodeHousekeeping, encodeHousekeeping},
	{"IDENTIFIED", inEncap, 2, anybody, decodeHousekeeping, encodeHousekeeping},
	{"MECHLIST", inEncap, 1, anybody, decodeHousekeeping, encodeHousekeeping},
}

// numeric is the row of all replies.
var numeric = &command{"numeric", false, 1, servers, nil, nil}

// plain and encaps find a row by its name.
var plain, encaps = map[string]*command{}, map[string]*command{}

func init() {
	// The rows name functions that look rows up, which only an init can resolve.
	numeric.decode, numeric.encode = decodeNumeric, encodeNumeric
	for i := range commands {
		if cmd := &commands[i]; cmd.encap {
			encaps[cmd.name] = cmd
		} else {
			plain[cmd.name] = cmd
		}
	}
}
