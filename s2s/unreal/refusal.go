package unreal

import (
	"strings"

	"robustirc/s2s"
)

// noLinkBlock is what UnrealIRCd says to a server that it has no link block for (server.c:LINK_DEFAULT_ERROR_MSG).
const noLinkBlock = "Link denied (No link block found with your server name or link::incoming::mask did not match)"

// refusal is one reason for which UnrealIRCd closes a link.
type refusal struct {
	// text is the beginning of what it says.
	text   string
	cause  s2s.Cause
	advice string
}

// refusals are the texts of modules/server.c, modules/protoctl.c and modules/plaintext-policy.c, and of what ends links
// later. {name} and {sid} in an advice are ours.
var refusals = []refusal{
	{"Missing password", s2s.CausePassword,
		"the hub got no password before we introduced ourselves: configure the password of the hub's link {name} { password } block as the one we send"},
	{"Link denied (Authentication failed)", s2s.CausePassword,
		"the hub's link {name} block has another password, or wants a certificate we do not show: compare its password { } with the password we send; with spkifp or certfp it must be the fingerprint of our TLS certificate, and the password we send \"*\""},
	{"Link denied (No link block found", s2s.CauseUnknown,
		"the hub has no link {name} block, its link::incoming::mask does not match our address, or {name} is its own name: add the block or correct the mask in the hub's unrealircd.conf and /REHASH, or correct our name"},
	{"Servername (", s2s.CauseUnknown,
		"the hub's link block found for us has another name than {name}: correct one of the two"},
	{"Link denied (Not using TLS)", s2s.CausePlaintext,
		"the hub's link {name} { verify-certificate } needs TLS: dial the hub's TLS port"},
	{"Link denied (Certificate verification failed)", s2s.CauseUnknown,
		"the hub's link {name} { verify-certificate yes; } does not trust our certificate: use one of an authority it knows, or spkifp as password instead"},
	{"Servers need to use TLS", s2s.CausePlaintext,
		"the hub has set::plaintext-policy::server deny: dial its TLS port (6900 by convention); from another machine, plain text is possible only with server warn or allow there"},
	{"Server using outdates TLS", s2s.CausePlaintext,
		"the hub has set::outdated-tls-policy::server deny, and our TLS version or cipher is too old for it: use TLS 1.2 or later"},
	{"NON-TLS command received on TLS-only port", s2s.CausePlaintext,
		"we spoke plain text to a TLS port of the hub: turn TLS on in our configuration, or dial another port"},
	{"This port is for clients only", s2s.CauseUnknown,
		"the hub's listen block of that port has options { clientsonly; }: dial the port of its listen block with serversonly"},
	{"This port is for servers only", s2s.CauseProtocol,
		"the hub took us for a client: this is a fault of ours"},
	{"SID collision", s2s.CauseSIDInUse,
		"another server of the network has the id {sid}: give us another in our configuration"},
	{"Invalid SID", s2s.CauseProtocol,
		"our server id {sid} is none: configure a digit and two of A-Z0-9"},
	{"Trying to introduce a server with an invalid SID", s2s.CauseProtocol,
		"a server behind us has an id that is none: a digit and two of A-Z0-9 are needed"},
	{"Server Exists (or non-unique me::sid)", s2s.CauseSIDInUse,
		"the id {sid}, or one behind us, is already linked: an older link of ours is still up, or another server has the same me::sid"},
	{"Server Exists (just wait a moment", s2s.CauseSIDInUse,
		"the id {sid} is being linked at the same time elsewhere on the network: try again in a moment"},
	{"Server Exists (server trying to link with same name as myself)", s2s.CauseNameInUse,
		"our name {name} is the hub's own me::name: configure another"},
	{"Server Exists", s2s.CauseNameInUse,
		"a server called {name}, or one that we introduced, is already linked: configure another name, or end the other link (/SQUIT)"},
	{"Old link dropped, resyncing", s2s.CauseNameInUse,
		"another link with our name {name} took our place: only one process may dial; stop the other or give it another name"},
	{"Incorrect clock", s2s.CauseClock,
		"our clock and the hub's differ by more than 60 seconds: run NTP on both machines"},
	{"Incompatible set::allowed-channelchars", s2s.CauseCapability,
		"the hub's set::allowed-channelchars is not what we announce (utf8 by default): make our setting the hub's"},
	{"Incompatible set::allowed-nickchars", s2s.CauseCapability,
		"the hub's set::allowed-nickchars has utf8 and ours has not: make our setting the hub's"},
	{"Bad ulines", s2s.CauseUnknown,
		"take {name} out of the ulines { } block of the hub: it is for services"},
	{"Services detected but no ulines", s2s.CauseUnknown,
		"the hub takes our software name for services: call it something without anope or atheme, or add {name} to ulines { } on every server"},
	{"Banned server", s2s.CauseBanned,
		"the hub has a ban server { mask {name}; } block: remove it"},
	{"Denied by deny version", s2s.CauseBanned,
		"the hub has a deny version { } block for {name} or our software or protocol: remove or narrow it"},
	{"Disallowed by connection rule", s2s.CauseBanned,
		"the hub has a deny link { } block that matches {name}: remove it or change its rule"},
	{"Full class", s2s.CauseClass,
		"the class of the hub's link {name} { class } is full: raise its maxclients"},
	{"Max SendQ exceeded", s2s.CauseClass,
		"the hub had more for us than its class allows to wait: raise the sendq of the class of link {name} above the size of a burst (20M), and see that we read fast enough"},
	{"SendQ exceeded", s2s.CauseClass,
		"the hub had more for us than its class allows to wait: raise the sendq of the class of link {name} above the size of a burst (20M)"},
	{"Handshake data flood", s2s.CauseBanned,
		"the hub got more than set::handshake-data-flood before it knew us: raise it there"},
	{"Link aborted due to missing or banned modules", s2s.CauseCapability,
		"the hub has a require module or deny module { } block that we cannot meet: remove it or exempt us"},
	{"Got PROTOCTL", s2s.CauseProtocol, ourFault},
	{"PROTOCTL EAUTH received twice", s2s.CauseProtocol, ourFault},
	{"Server using old unsupported protocol", s2s.CauseProtocol, ourFault},
	{"Introduced another server with unsupported protocol", s2s.CauseProtocol, ourFault},
	{"Invalid SERVER message", s2s.CauseProtocol, ourFault},
	{"Not enough SERVER parameters", s2s.CauseProtocol, ourFault},
	{"Protocol error", s2s.CauseProtocol, ourFault},
	{"Server used NICK command", s2s.CauseProtocol, ourFault},
	{"Bogus server name", s2s.CauseProtocol,
		"our name {name} is no server name: it needs a dot, and only letters, digits, '-' and '.'"},
	{"Handshake Timeout", s2s.CauseProtocol,
		"the handshake took longer than the hub's set::handshake-timeout: see whether the network or this machine is slow"},
	{"Connection timeout", s2s.CauseProtocol,
		"the handshake took longer than the hub's set::handshake-timeout: see whether the network or this machine is slow"},
	{"Ping timeout", s2s.CauseSplit,
		"the hub heard nothing of us for twice the pingfreq of our class: see whether the network or this machine was down"},
}

// ourFault is for what a correct implementation never hears.
const ourFault = "the hub does not understand what we say: this is a fault of ours, or the hub is no UnrealIRCd 4, 5 or 6"

// closed makes a typed error of the peer's ERROR, "Closing Link: name[address] (text)".
func (l *Link) closed(text string) *s2s.LinkError {
	text = strings.Clone(closingReason(text))
	if l.Established() && strings.HasPrefix(text, "Missing password") {
		return &s2s.LinkError{Cause: s2s.CauseProtocol, Text: text, Advice: ourFault} // for a SERVER behind us
	}
	for _, r := range refusals {
		if strings.HasPrefix(text, r.text) {
			advice := strings.NewReplacer("{name}", l.id.Server, "{sid}", string(l.id.SID)).Replace(r.advice)
			return &s2s.LinkError{Cause: r.cause, Text: text, Advice: advice}
		}
	}
	if l.Established() {
		return &s2s.LinkError{Cause: s2s.CauseSplit, Text: text,
			Advice: "the hub ended the link; its log says who or what wanted it"}
	}
	return &s2s.LinkError{Cause: s2s.CauseClosed, Text: text,
		Advice: "the hub's log says why it refused " + l.id.Server}
}

// closingReason takes the reason out of "Closing Link: name[address] (reason)".
func closingReason(text string) string {
	rest, ok := strings.CutPrefix(text, "Closing Link: ")
	if !ok {
		return text
	}
	_, reason, ok := strings.Cut(rest, "] (")
	if !ok {
		return text
	}
	return strings.TrimSuffix(reason, ")")
}
