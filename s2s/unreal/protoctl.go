package unreal

import (
	"strconv"
	"strings"
	"time"

	"robustirc/core/irc"
	"robustirc/s2s"
)

// minProtocol is UnrealIRCd 4.0 (its PROTOCTL EAUTH).
const minProtocol = 4000

// token acts on one token of PROTOCTL (protoctl.c:cmd_protoctl). Those that are not known do nothing.
func (l *Link) token(step *s2s.Step, name, value string) *s2s.LinkError {
	l.peer.Tokens[strings.Clone(name)] = strings.Clone(value)
	if len(l.peer.Tokens) > maxPeerTokens {
		return protocolError("the peer sent more than " + strconv.Itoa(maxPeerTokens) + " PROTOCTL tokens")
	}
	f := &l.codec.features
	switch name {
	case "MTAGS":
		f.Tags = true
	case "BIGLINES":
		f.BigLines = true
	case "NEXTBANS":
		f.NamedBans = true
	case "SJSBY":
		f.Setters = true
	case "EXTSWHOIS":
		f.SWhois = true
	case "MLOCK":
		f.Locks = true
	case "EAUTH":
		return l.eauth(step, value)
	case "SERVERS":
		return l.servers(step, value)
	case "SID":
		return l.sidToken(value)
	case "TS":
		return l.clock(value)
	case "CHANMODES", "PREFIX":
		l.modes(step)
	case "CHANNELCHARS":
		return l.channelChars(value)
	case "NICKCHARS":
		return l.nickChars(value)
	}
	return nil
}

// maxPeerTokens bounds what a peer can make us remember; UnrealIRCd 6 has 27.
const maxPeerTokens = 100

// eauth reads "name[,protocol[,flags[,software]]]".
func (l *Link) eauth(step *s2s.Step, value string) *s2s.LinkError {
	if l.gotEAuth {
		return protocolError("PROTOCTL EAUTH received twice")
	}
	part := strings.SplitN(value, ",", 4)
	for len(part) < 4 {
		part = append(part, "")
	}
	l.gotEAuth = true
	l.peer.Name, l.peer.Software = strings.Clone(part[0]), strings.Clone(part[3])
	l.setProtocol(part[1])
	if err := l.checkName(part[0]); err != nil {
		return err
	}
	if l.peer.Protocol != 0 && l.peer.Protocol < minProtocol {
		return protocolError("Server using old unsupported protocol from UnrealIRCd 3.2.x or earlier")
	}
	if !l.opts.Accept {
		return nil
	}
	return l.authenticate(step)
}

// authenticate is what an accepting server does at EAUTH (server.c:_verify_link).
func (l *Link) authenticate(step *s2s.Step) *s2s.LinkError {
	if !l.gotPass {
		return &s2s.LinkError{Cause: s2s.CausePassword, Text: "Missing password",
			Advice: "the peer must send PASS before PROTOCTL EAUTH: give it the link's password"}
	}
	if !l.passed {
		return wrongPassword()
	}
	step.Replies = append(step.Replies, "PASS :"+l.id.SendPassword)
	return nil
}

func (l *Link) checkName(name string) *s2s.LinkError {
	if l.id.PeerName == "" || strings.EqualFold(name, l.id.PeerName) {
		return nil
	}
	text := "the peer calls itself " + strings.Clone(name) + ", not " + l.id.PeerName
	if l.opts.Accept {
		text = noLinkBlock
	}
	return &s2s.LinkError{Cause: s2s.CausePeerIdentity, Text: text,
		Advice: "our configuration names another server for this address than me::name of the peer's says: correct the " +
			"name or the address in ours"}
}

func (l *Link) setProtocol(s string) {
	if n, err := strconv.Atoi(s); err == nil && l.peer.Protocol == 0 {
		l.peer.Protocol = n
	}
}

// servers notes the ids behind the peer, and answers a dialing peer with ours. A star marks an answer or continuation.
func (l *Link) servers(step *s2s.Step, value string) *s2s.LinkError {
	list, answer := strings.CutPrefix(value, "*")
	for sid := range strings.SplitSeq(list, ",") {
		if sid == string(l.id.SID) {
			return l.sidCollision(s2s.CauseSIDInUse, "Server Exists (or non-unique me::sid)")
		}
		if s2s.ValidSID(sid) && len(l.peer.Servers) < maxPeerServers {
			l.peer.Servers = append(l.peer.Servers, s2s.SID(strings.Clone(sid)))
		}
	}
	if l.opts.Accept && !answer && l.gotEAuth {
		step.Replies = append(step.Replies, l.earlyAuth("*")...)
	}
	return nil
}

// maxPeerServers is more than any network has.
const maxPeerServers = 4096

func (l *Link) sidCollision(cause s2s.Cause, text string) *s2s.LinkError {
	return &s2s.LinkError{Cause: cause, Text: text, Advice: "our server id " + string(l.id.SID) +
		" is that of a server of the network: give us another in our configuration"}
}

func (l *Link) sidToken(value string) *s2s.LinkError {
	switch {
	case l.opts.Accept && !l.gotEAuth:
		return protocolError("Got PROTOCTL SID before EAUTH, that's the wrong order!")
	case l.gotServer:
		return protocolError("Got PROTOCTL SID after SERVER, that's the wrong order!")
	case l.peer.SID != "":
		return protocolError("Got PROTOCTL SID twice")
	}
	return l.setSID(value)
}

func (l *Link) setSID(sid string) *s2s.LinkError {
	switch {
	case sid == "":
		return protocolError("Server using old unsupported protocol: the peer gave no server id")
	case !s2s.ValidSID(sid):
		return protocolError("Invalid SID. The first character must be a digit and the other two characters must be " +
			"A-Z0-9. Eg: 0AA.")
	case sid == string(l.id.SID):
		return l.sidCollision(s2s.CauseSIDInUse, "SID collision")
	}
	l.peer.SID = s2s.SID(strings.Clone(sid))
	return nil
}

// clock ends the link when the clocks differ, also when the peer says its time again later. Times of 1970 are no clocks
// (protoctl.c).
func (l *Link) clock(value string) *s2s.LinkError {
	theirs, err := strconv.ParseInt(value, 10, 64)
	if err != nil || theirs < 10000 {
		return nil
	}
	apart := time.Unix(theirs, 0).Sub(l.now.Truncate(time.Second))
	if apart.Abs() <= l.id.MaxClockDelta {
		return nil
	}
	return &s2s.LinkError{Cause: s2s.CauseClock,
		Text:   "Incorrect clock. Our clocks are " + strconv.FormatInt(int64(apart.Abs()/time.Second), 10) + " seconds apart.",
		Advice: "the peer's clock is " + either(apart > 0, "ahead of", "behind") + " ours: run NTP on both machines"}
}

// modes reads the peer's channel modes from the tokens it has sent so far. A set that cannot be read leaves what was
// known before.
func (l *Link) modes(step *s2s.Step) {
	chanmodes, ok := l.peer.Tokens["CHANMODES"]
	if !ok {
		return // CHANMODES comes before PREFIX
	}
	spec, err := irc.ParseModeSpec(chanmodes, l.peer.Tokens["PREFIX"])
	if err != nil {
		step.Parse = &s2s.ParseError{Reason: s2s.ReasonMalformed, Command: "PROTOCTL", Detail: err.Error()}
		return
	}
	l.peer.ChanModes = spec
	l.codec.features.ChanModes = &spec
}

// channelChars must be alike, or the same name could be two channels.
func (l *Link) channelChars(value string) *s2s.LinkError {
	if value == l.opts.ChannelChars || !l.opts.Accept {
		return nil // who is dialed decides; it knows ours
	}
	return &s2s.LinkError{Cause: s2s.CauseCapability, Text: "Incompatible set::allowed-channelchars setting",
		Advice: "the peer has set::allowed-channelchars " + strings.Clone(value) + ", and we " + l.opts.ChannelChars +
			": make them the same"}
}

// nickChars may differ, except that who allows UTF-8 takes no peer that would kill those who use it.
func (l *Link) nickChars(value string) *s2s.LinkError {
	if !l.opts.Accept || !strings.Contains(l.opts.NickChars, "utf8") || strings.Contains(value, "utf8") {
		return nil
	}
	return &s2s.LinkError{Cause: s2s.CauseCapability, Text: "Incompatible set::allowed-nickchars setting",
		Advice: "we allow UTF-8 in nicks, and the peer's set::allowed-nickchars does not: make them the same"}
}
