package trace

import (
	"strings"

	"robustirc/core/irc"
)

// unrealRules are the lines of UnrealIRCd's server protocol; the classes are listed in classes.go.
var unrealRules = rules{
	"PASS": "x*", "PROTOCTL": "p*", "SERVER": "ndw", "SID": "ndnw", "SINFO": "ddllnt", "SDESC": "t",
	"NETINFO": "dddxdddn", "EOS": "", "SQUIT": "nt", "PING": "nn", "PONG": "nn", "ERROR": "t", "RRPC": "x*",
	"REPUTATION": "hd", "SVSNOOP": "nf", "SVSLUSERS": "d", "SVSMOTD": "t", "STARTTLS": "",

	"UID": "nddnhnnfhhit", "NICK": "nd", "QUIT": "t", "KILL": "nt", "SVSKILL": "nt", "AWAY": "t", "UMODE2": "f",
	"SETHOST": "h", "SETIDENT": "n", "SETNAME": "t", "CHGHOST": "nh", "CHGIDENT": "nn", "CHGNAME": "nt", "SVSNAME": "nt",
	"SWHOIS": "nt|nfndz",

	"SJOIN": "dcJ|dcOJ*", "JOIN": "cy", "PART": "ct", "KICK": "cnt", "MODE": "M", "TOPIC": "ct|csdt", "MLOCK": "dcf",
	"INVITE": "ncd", "KNOCK": "ct",

	"PRIVMSG": "Tm", "NOTICE": "Tm", "TAGMSG": "T", "WALLOPS": "t", "GLOBOPS": "t", "LOCOPS": "t", "SENDUMODE": "ft",
	"SMO": "ft", "SENDSNO": "ft", "SLOG": "nnnt", "SREPLY": "nnt",

	"SVSNICK": "nnd", "SVSJOIN": "ncy", "SVSPART": "nct", "SAJOIN": "ncy", "SAPART": "nct", "SVSO": "nf", "SVSSNO": "nf",
	"SVS2SNO": "nf", "SVSSILENCE": "nt", "SVSWATCH": "nt", "SVSNOLAG": "fn", "SVS2NOLAG": "fn", "TEMPSHUN": "nt",
	"SVSMODE": "M", "SVS2MODE": "M", "SVSLOGIN": "nnn", "SASL": "S", "TKL": "B", "SQLINE": "nt", "UNSQLINE": "n",
	"SVSNLINE": "ft|ftt", "MD": "D",

	"VERSION": "n*", "TIME": "n*", "ADMIN": "n*", "INFO": "n*", "MOTD": "n*", "RULES": "n*", "STATS": "n*", "TRACE": "n*",
	"LUSERS": "n*", "LINKS": "n*", "WHOIS": "n*", "WHOWAS": "n*", "WHO": "n*", "NAMES": "L*", "LIST": "L*", "ISON": "n*",
	"USERHOST": "n*", "CONNECT": "n*", "REHASH": "n*", "MODULE": "n*", "MAP": "n*",
}

// ts6Rules are the lines of TS6 as solanum, charybdis and ircd-hybrid speak it.
var ts6Rules = rules{
	"PASS": "x|xndn", "CAPAB": "p*", "SVINFO": "dddd", "SERVER": "ndt|ndw|ndnft|ndnfw", "SID": "ndnw|ndnfw", "SQUIT": "nt",
	"EOB": "", "PING": "nn", "PONG": "nn", "ERROR": "t", "ENCAP": "e",

	"EUID": "nddfnhhnhnt", "UID": "nddfnhhnt|nddfnhhhnnt", "NICK": "nd", "QUIT": "t", "KILL": "nq", "SAVE": "nd",
	"AWAY": "t", "OPER": "nn", "MODE": "M", "CHGHOST": "nh", "SIGNON": "nnhdn", "CERTFP": "x",

	"SJOIN": "dcOJ", "JOIN": "d|dcf", "PART": "ct", "KICK": "cnt", "REMOVE": "cnt", "TMODE": "dco", "BMASK": "dcnK",
	"EBMASK": "dcnE", "MLOCK": "dcf|dcdf", "TOPIC": "ct|csdt", "TB": "cdt|cdst", "ETB": "dcdst", "TBURST": "dcdst",
	"INVITE": "ncd", "KNOCK": "ct", "RESYNC": "c",

	"PRIVMSG": "Tm", "NOTICE": "Tm", "TAGMSG": "T", "ECHO": "nTm", "WALLOPS": "t", "OPERWALL": "t", "GLOBOPS": "t",
	"LOCOPS": "t|nt",

	"BAN": "B", "KLINE": "ndkkv", "UNKLINE": "nkk", "DLINE": "ndkv", "UNDLINE": "nk", "XLINE": "ntdv|ndtdv",
	"UNXLINE": "nt", "RESV": "ndnv|ndndv", "UNRESV": "nn",

	"SVSACCOUNT": "ndn", "SVSHOST": "ndh", "SVSMODE": "ndf", "SVSNICK": "ndnd", "SVSJOIN": "ncy", "SVSPART": "nct",
	"SVSKILL": "ndt", "SVSTAG": "ndf|nddft", "METADATA": "D",

	"ADMIN": "n*", "CONNECT": "n*", "ETRACE": "n*", "INFO": "n*", "LINKS": "n*", "LUSERS": "n*", "MOTD": "n*", "STATS": "n*",
	"TIME": "n*", "TRACE": "n*", "USERS": "n*", "VERSION": "n*", "WHOIS": "n*", "WHOWAS": "n*", "REHASH": "n*",
}

// ts6Encap are what stands inside ENCAP.
var ts6Encap = rules{
	"GCAP": "p", "OPER": "nn", "CHGHOST": "nh", "CERTFP": "x*", "REALHOST": "h", "LOGIN": "n", "INVITED": "nnc",
	"ADMINWALL": "t", "SNOTE": "nt", "OPERSPY": "nt", "TGINFO": "nu", "KLINE": "dkkv", "UNKLINE": "kk", "DLINE": "dkv",
	"UNDLINE": "k", "XLINE": "dtdv", "UNXLINE": "t", "RESV": "dndv", "UNRESV": "n", "SU": "nn", "RSFNC": "nnddd",
	"SVSLOGIN": "nnnhn", "SASL": "S", "NICKDELAY": "dn", "GRANT": "nn", "EXTENDCHANS": "n", "QUARANTINE": "nt",
	"UNQUARANTINE": "n", "DEHELPER": "n", "MECHLIST": "p", "IDENTIFIED": "nnn", "ACK": "", "ETRACE": "n*", "PRIVS": "n*",
	"MODLIST": "n*", "REHASH": "n*", "MODRESTART": "n*", "RESTART": "n*", "DIE": "n*",
}

// opRules are the effects of a gateway (docs/gateway.md), which have no source.
var opRules = rules{
	"PASS": "x*", "GATEWAY": "nn", "USER": "nnnhhdnnft", "GONE": "At", "KILL": "nst", "NICK": "nn", "HOST": "nnhh",
	"REALNAME": "nt", "ACCOUNT": "nn", "AWAY": "nt", "CLASS": "nn", "OPER": "nn", "UMODE": "nf", "MEMBERS": "cdJ*", "CHANNEL": "cdso",
	"MODE": "cso", "ENTRY": "cfksd", "TOPIC": "csdt", "PARTED": "cnt", "KICK": "cnst", "INVITE": "ncs", "SAY": "nsTm",
	"WALLOPS": "st", "BAN": "nksddt", "UNBAN": "nk", "PING": "n", "STATE": "n", "QUIT": "t",
}

// sentRules are what clients send, and what a gateway sends for its users.
var sentRules = rules{
	"PASS": "x*", "OPER": "x*", "AUTHENTICATE": "x*", "CAP": "np", "NICK": "n", "USER": "nnut", "JOIN": "cy", "PART": "ct",
	"MODE": "M", "TOPIC": "ct", "KICK": "cLt", "AWAY": "t", "QUIT": "t", "PRIVMSG": "Tm", "NOTICE": "Tm", "TAGMSG": "T",
	"INVITE": "nc", "KNOCK": "ct", "WALLOPS": "t", "PING": "n", "PONG": "n", "NAMES": "L", "LIST": "L", "WHO": "nu",
	"WHOIS": "n*", "WHOWAS": "nd", "ISON": "n*", "USERHOST": "n*", "USERIP": "n*", "LUSERS": "", "MOTD": "n", "VERSION": "n",
	"SETNAME": "t", "MONITOR": "bL", "TIME": "n", "ADMIN": "n", "INFO": "n",
}

// clientRules are what clients receive, and what a gateway is told on its link. Numerics are in numericRules.
var clientRules = rules{
	"NICK": "n", "QUIT": "t", "JOIN": "c|cnt", "PART": "ct", "KICK": "cnt", "MODE": "M", "TOPIC": "ct|csdt", "INVITE": "nc",
	"PRIVMSG": "Tm", "NOTICE": "Tm", "TAGMSG": "T", "WALLOPS": "t", "KILL": "nt", "ERROR": "t", "PING": "n", "PONG": "nn",
	"AWAY": "t|nt", "ACCOUNT": "n|nn", "CHGHOST": "nh", "SETNAME": "t", "CAP": "nnp|nnbp", "AUTHENTICATE": "x*",
	"BATCH": "n*", "FAIL": "nnt", "WARN": "nnt", "NOTE": "nnt", "KNOCK": "ct",

	"GATEWAY": "np*", "USER": "nnn|nnnhhdnnfnt", "CHANNEL": "cdo", "MEMBERS": "cJ*", "ENTRY": "cfksd", "READY": "d|nd",
	"STATE": "n", "REPAIRED": "nnga", "REFUSED": "ngt",
}

// numericRules are the replies that have more than the receiver's nick, names of users and channels, and a text.
var numericRules = rules{
	"004": "nnppp*", "005": "np*", "008": "nft", "010": "nndt", "221": "nf", "302": "nR", "303": "nN", "307": "nnt",
	"311": "nnnhnt", "314": "nnnhnt", "312": "nnnt", "317": "nnddt|nndt", "319": "nnC", "322": "ncdt", "324": "nco", "328": "nct",
	"329": "ncd", "330": "nnnt", "333": "ncsd", "338": "nnht|nnsht", "340": "nR", "346": "ncksd", "348": "ncksd", "351": "nnnt",
	"352": "ncnhnnft", "353": "nbcN", "367": "ncksd", "378": "nnt", "379": "nnt", "396": "nht", "421": "nut", "432": "nut", "403": "nct", "476": "nct", "601": "nnnhdt",
	"600": "nnnhdt", "728": "ncbksd", "729": "ncbt", "730": "nN", "731": "nN", "900": "nsnt", "901": "nst", "276": "nnx",
	"354": "ng*", "365": "ngt", "364": "nnnt", "391": "nnt",
}

// numericRule is the rule of a numeric: what is in the table; else of those that core/irc knows the nick of who receives
// it, names, and a text; and of others the nick and a text.
func numericRule(n irc.Numeric) string {
	if spec, ok := numericRules[n.Code()]; ok {
		return spec
	}
	if n.Name() != "" {
		return "nt|ngt|nggt|ngggt|ng*"
	}
	return "nt|nut|nuut|nuuut|nu*"
}

// knownCapabilities are the names in lower case that CAP, 005 and others may have.
var knownCapabilities = set(`account-notify account-tag away-notify batch cap-notify chghost draft/channel-rename
	draft/chathistory draft/event-playback draft/languages draft/metadata-2 draft/multiline draft/no-implicit-names
	draft/persistence draft/pre-away draft/read-marker draft/relaymsg draft/resume draft/extended-isupport
	draft/extended-monitor draft/message-redaction draft/account-registration echo-message
	extended-join extended-monitor identify-msg invite-notify labeled-response message-ids message-tags monitor multi-prefix
	no-implicit-names sasl server-time setname standard-replies sts tls userhost-in-names account-registration
	solanum.chat/identify-msg solanum.chat/oper solanum.chat/realhost unrealircd.org/json-log unrealircd.org/link-security
	unrealircd.org/plaintext-policy robustirc.net/id NICKv2 SJOIN2`)

// knownValues are the names whose values are kept.
var knownValues = set(`AWAYLEN CASEMAPPING CHANLIMIT CHANMODES CHANNELLEN CHANTYPES CHANNELCHARS CPRIVMSG ELIST EXCEPTS
	EXTBAN HOSTLEN INVEX KEYLEN KICKLEN LISTENTRIES LINELEN MAXBANS MAXCHANNELS MAXLIST MAXNICKLEN MAXTARGETS MODES MONITOR
	NAMELEN NETWORK NICKLEN PREFIX REALLEN SILENCE STATUSMSG TARGMAX TOPICLEN USERLEN USERMODES WATCH WHOX FOUNDER UTF8MAPPING
	BOOTED EAUTH SERVERS SID TS NICKCHARS SAFELIST QUITLEN LINELEN DEAF CALLERID FNC KNOCK MODE UHNAMES`)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}
