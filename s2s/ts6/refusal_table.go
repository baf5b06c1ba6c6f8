package ts6

import (
	"strings"

	"robustirc/s2s"
)

// refusal is one way to be refused or put out, known by the words that servers say.
type refusal struct {
	words  string // part of the text; the first row that matches counts
	cause  s2s.Cause
	advice string // $NAME and $SID are ours
}

// The advice that several refusals share.
const (
	adviceSID      = "another server of the network has this SID: give the link a SID of its own in our configuration; $SID is refused"
	adviceName     = "the network already has a server $NAME: either our last link is still known (wait for its ping timeout), or give the link another server name"
	adviceConnect  = `add a connect block with the name "$NAME" to the peer's ircd.conf, with our address as host, and rehash it`
	adviceHubMask  = `allow servers behind us: add hub_mask = "*" to the connect block of $NAME in the peer's ircd.conf (charybdis, hybrid), and rehash it`
	adviceBug      = "this is a fault of ours: keep the log of the link and report it"
	adviceCertfp   = "set the fingerprint of our certificate as fingerprint (solanum, charybdis) or tls_certificate_fingerprint (hybrid) in the connect block of $NAME in the peer's ircd.conf"
	adviceDialect  = "the peer needs our SID in PASS: set the dialect of the link to solanum, and its SID ($SID) to a digit followed by two of A-Z and 0-9"
	adviceThrottle = "we connected too often: wait, or put our address into an exempt block of the peer's ircd.conf, and rehash it"
	adviceTimeout  = "the peer heard nothing of us for its ping_time: look for a network that loses packets, or a process of ours that hung"
)

// refusals lists what solanum, charybdis and hybrid say, in their m_server.c, s_serv.c, client.c, m_svinfo.c, parse.c,
// m_nick.c and listener.c.
var refusals = []refusal{
	{"Invalid credentials", s2s.CausePassword, `set accept_password in the connect block of $NAME in the peer's ircd.conf to the password we send, and rehash it`},
	{"Invalid password", s2s.CausePassword, `set accept_password in the connect block of $NAME in the peer's ircd.conf to the password we send (encrypted = no unless it is a crypt), and rehash it`},
	{"Bad Password", s2s.CausePassword, `set accept_password in the connect block of $NAME in the peer's ircd.conf to the password we send, and rehash it`},
	{"Invalid fingerprint", s2s.CausePassword, adviceCertfp},
	{"Invalid certificate", s2s.CausePassword, adviceCertfp},
	{"requires SSL/TLS but is plaintext", s2s.CausePlaintext, "connect with TLS: switch it on in our configuration, with the port of the peer's sslport listener; or take ssl out of the flags of the connect block of $NAME"},
	{"Invalid servername introduced", s2s.CauseProtocol, adviceBug},
	{"Invalid servername", s2s.CauseUnknown, adviceConnect},
	{"No connect {} block", s2s.CauseUnknown, adviceConnect},
	{"Lost connect{} block", s2s.CauseUnknown, adviceConnect},
	{"Invalid host", s2s.CauseUnknown, "set host in the connect block of $NAME in the peer's ircd.conf to the address that we connect from, and rehash it"},
	{"I'm a leaf not a hub", s2s.CauseUnknown, "set hub = yes in the serverinfo block of the peer's ircd.conf, or link to the network's hub"},
	{"No matching hub_mask", s2s.CauseUnknown, adviceHubMask},
	{"Leafed server", s2s.CauseUnknown, "take the leaf_mask that matches out of the connect block of $NAME in the peer's ircd.conf"},
	{"name mismatch", s2s.CausePeerIdentity, `the peer's connect block for us has another name than "$NAME": make them the same`},
	{"Mismatching server name", s2s.CausePeerIdentity, `the peer's connect block for us has another name than "$NAME": make them the same`},

	{"SID already exists", s2s.CauseSIDInUse, adviceSID},
	{"SID Exists", s2s.CauseSIDInUse, adviceSID},
	{"erver ID already exists", s2s.CauseSIDInUse, adviceSID},
	{"ID Collision", s2s.CauseSIDInUse, adviceSID},
	{"already in use by", s2s.CauseSIDInUse, adviceSID},
	{"Server juped", s2s.CauseBanned, "services hold the name $NAME: have an operator of the network release it (OperServ JUPE)"},
	{"Server already exists", s2s.CauseNameInUse, adviceName},
	{"Server Exists", s2s.CauseNameInUse, adviceName},
	{"Server exists", s2s.CauseNameInUse, adviceName},
	{"already exists", s2s.CauseNameInUse, adviceName},
	{"Bogus server ID", s2s.CauseProtocol, "set the SID of the link in our configuration to a digit followed by two of A-Z and 0-9"},
	{"Bogus SID", s2s.CauseProtocol, "set the SID of the link in our configuration to a digit followed by two of A-Z and 0-9"},
	{"Invalid SID", s2s.CauseProtocol, "set the SID of the link in our configuration to a digit followed by two of A-Z and 0-9"},
	{"Bogus server name", s2s.CauseProtocol, "give the link a server name like a host's, with a dot: $NAME is none"},

	{"Excessive TS delta", s2s.CauseClock, "set both clocks with NTP; the peer allows what ts_max_delta in the general block of its ircd.conf says"},
	{"Missing required CAPABs", s2s.CauseCapability, "offer QS EX IE ENCAP: take the list of capabilities out of our configuration, or add them to it"},
	{"AOP/QOP capabilities", s2s.CauseCapability, "offer QOP if the peer's ircd.conf has enable_owner, and AOP if it has enable_admin, in its channel block"},
	{"Incompatible TS version", s2s.CauseProtocol, adviceDialect},
	{"Non-TS server", s2s.CauseProtocol, adviceDialect},
	{"Mixing client and server protocol", s2s.CauseProtocol, adviceBug},
	{"CAPAB received twice", s2s.CauseProtocol, adviceBug},
	{"Insufficient parameters", s2s.CauseProtocol, adviceBug},
	{"Invalid UID", s2s.CauseProtocol, adviceBug},
	{"Bad nickname introduced", s2s.CauseProtocol, "nicks of ours are longer than the peer allows: set the limit of our network to the peer's NICKLEN"},
	{"TS5 nickname introduced", s2s.CauseProtocol, adviceBug},
	{"Use a different port", s2s.CauseProtocol, "connect to a port whose listen block in the peer's ircd.conf has no client flag"},

	{"no more connections allowed in class", s2s.CauseClass, "raise max_number of the class that the connect block of $NAME names in the peer's ircd.conf, and rehash it"},
	{"All connections in use", s2s.CauseClass, "the peer has no connections left: raise its limit of open files, or its max_clients"},
	{"server is full", s2s.CauseClass, "the peer has no connections left: raise max_clients in its ircd.conf"},
	{"D-lined", s2s.CauseBanned, "remove the D-line on our address on the peer (UNDLINE), and exempt the address"},
	{"Banned", s2s.CauseBanned, "remove the ban on our address on the peer (UNDLINE, UNKLINE), and exempt the address"},
	{"throttled", s2s.CauseBanned, adviceThrottle},

	{"SendQ exceeded", s2s.CauseSplit, "raise sendq of the class that the connect block of $NAME names in the peer's ircd.conf to four times the network's burst"},
	{"Ping timeout", s2s.CauseSplit, adviceTimeout},
	{"timed out", s2s.CauseSplit, adviceTimeout},
	{"Overridden", s2s.CauseSplit, "another connection with the name $NAME took this one's place: run one link only"},
}

// ended explains what the peer said when it closed the link.
func (l *Link) ended(text string) *s2s.LinkError {
	for _, r := range refusals {
		if strings.Contains(text, r.words) {
			return l.newError(r.cause, text, r.advice)
		}
	}
	if l.state == linkEstablished {
		return l.newError(s2s.CauseSplit, text, "an operator or the peer itself ended the link; it is tried again. The peer's log says more")
	}
	return l.newError(s2s.CauseClosed, text, "the peer's log and its operators' notices say more")
}

// linkError is what we found out ourselves, with the advice of the cause.
func (l *Link) linkError(cause s2s.Cause, text string) *s2s.LinkError {
	advice := map[s2s.Cause]string{
		s2s.CauseSIDInUse:     adviceSID,
		s2s.CauseNameInUse:    adviceName,
		s2s.CauseClock:        "set both clocks with NTP, or allow a larger difference in our configuration",
		s2s.CausePassword:     "set the password we accept in our configuration to send_password in the connect block of $NAME in the peer's ircd.conf",
		s2s.CausePeerIdentity: "the address leads to another server than configured: correct the address or the peer's name in our configuration",
		s2s.CauseCapability:   "the peer is no solanum, charybdis or hybrid that can be linked to; its release may be too old",
	}[cause]
	return l.newError(cause, text, advice)
}

func (l *Link) protocolError(text string) *s2s.LinkError {
	return l.newError(s2s.CauseProtocol, text, "check that address and port are those of a TS6 server's server port, and the dialect in our configuration")
}

func (l *Link) newError(cause s2s.Cause, text, advice string) *s2s.LinkError {
	return &s2s.LinkError{Cause: cause, Text: strings.Clone(text), Advice: strings.NewReplacer("$NAME", l.id.Server, "$SID", string(l.id.SID)).Replace(advice)}
}
