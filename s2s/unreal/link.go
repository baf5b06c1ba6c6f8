package unreal

import (
	"crypto/subtle"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"robustirc/core/irc"
	"robustirc/s2s"
)

// Version is the UnrealProtocol that we speak (include/config.h:UnrealProtocol of 6.1).
const Version = 6100

// maxClockDelta is what the servers themselves accept (protoctl.c, MAX_SERVER_TIME_OFFSET).
const maxClockDelta = 60 * time.Second

// Options are what a link needs to know beyond its identity.
type Options struct {
	// Accept makes the side that waits for the peer to dial.
	Accept bool
	// Software is what we call ourselves; empty is "RobustIRC". Names with "anope" or "atheme" are taken for services.
	Software string
	// Network is the network's name (NETINFO), of which another than the peer's only makes it warn.
	Network string
	// Behind are the ids of the servers that we will introduce.
	Behind []s2s.SID
	// MaxUsers is the most users ever seen (NETINFO).
	MaxUsers int64
	// Booted is when we started; the zero time is the time of Start.
	Booted time.Time
	// ChannelChars must be the peer's set::allowed-channelchars; empty is "utf8", its default. NickChars is its
	// set::allowed-nickchars, "" by default.
	ChannelChars, NickChars string
	// ChanModes, UserModes and Prefix are the modes we announce, as the peer writes them (PROTOCTL); empty announces
	// none, which the peer accepts.
	ChanModes, UserModes, Prefix string
	// PeerAddress stands in the error we send to a peer that we refuse.
	PeerAddress string
}

// Link is the handshake with one directly linked server and the duties of the link. Not safe for concurrent use.
type Link struct {
	id   s2s.Identity
	opts Options

	codec Codec
	now   time.Time
	// sentServer and gotServer make the link; passed is whether the peer gave the right password.
	sentServer, gotServer, passed bool
	gotPass, gotEAuth             bool
	peer                          Peer
	burstEnded                    bool
}

// Peer is what the directly linked server said of itself.
type Peer struct {
	Name     string
	SID      s2s.SID
	Protocol int // UnrealProtocol; 0 when it has not said
	Software string
	Network  string
	// Servers are the ids behind it, with its own, if it told them before its burst.
	Servers []s2s.SID
	// Tokens are the PROTOCTL tokens by their names, the last value of each.
	Tokens map[string]string
	// ChanModes are the channel modes with their classes, which may change while the link is up.
	ChanModes irc.ModeSpec
}

var _ s2s.Link = (*Link)(nil)

// NewLink returns a link that has not begun. An empty AcceptPassword accepts any; see Peer for what to check instead.
func NewLink(id s2s.Identity, o Options) *Link {
	if id.MaxClockDelta == 0 {
		id.MaxClockDelta = maxClockDelta
	}
	if o.Software == "" {
		o.Software = "RobustIRC"
	}
	if o.ChannelChars == "" {
		o.ChannelChars = "utf8"
	}
	return &Link{id: id, opts: o, peer: Peer{Tokens: map[string]string{}}}
}

// Peer is what the peer has said of itself so far.
func (l *Link) Peer() Peer {
	p := l.peer
	p.Tokens, p.Servers = maps.Clone(p.Tokens), slices.Clone(p.Servers)
	return p
}

// Codec is set up for what was negotiated.
func (l *Link) Codec() s2s.Codec { return &l.codec }

// Established reports whether the peer has accepted us and we it.
func (l *Link) Established() bool { return l.sentServer && l.gotServer }

// Dialect is unreal6, unreal5 or unreal4 by the peer's UnrealProtocol, and empty before it is known.
func (l *Link) Dialect() string {
	switch v := l.peer.Protocol; {
	case v >= 6000:
		return "unreal6"
	case v >= 5000:
		return "unreal5"
	case v > 0:
		return "unreal4"
	}
	return ""
}

// Start returns the lines that open the link when we dial. What follows waits for the peer's password, so that nothing
// else of us is told to who only listens at its address.
func (l *Link) Start(now time.Time) []string {
	l.begin(now)
	if l.opts.Accept {
		return nil
	}
	return append([]string{"PASS :" + l.id.SendPassword}, l.earlyAuth("")...)
}

func (l *Link) begin(now time.Time) {
	l.now = now
	if l.opts.Booted.IsZero() {
		l.opts.Booted = now
	}
}

// earlyAuth are EAUTH and SERVERS; star marks the latter as an answer (server.c:_send_protoctl_servers).
func (l *Link) earlyAuth(star string) []string {
	lines := []string{"PROTOCTL EAUTH=" + l.id.Server + "," + strconv.Itoa(Version) + ",," + l.opts.Software}
	line := "PROTOCTL SERVERS=" + star + string(l.id.SID)
	for _, sid := range l.opts.Behind {
		if len(line)+len(",00A") > MaxLine-len("\r\n") {
			lines = append(lines, line)
			line = "PROTOCTL SERVERS=*" + string(sid) // a star on continuations of either
			continue
		}
		line += "," + string(sid)
	}
	return append(lines, line)
}

// introduction is what completes our side of the handshake: the tokens in lines that the peer can take, and SERVER.
func (l *Link) introduction() []string {
	l.sentServer = true
	lines := append(protoctlLines(l.tokens()),
		"SERVER "+l.id.Server+" 1 :U"+strconv.Itoa(Version)+"-h-"+string(l.id.SID)+" "+l.id.Description)
	return lines
}

// tokens are what we understand and what we announce of ourselves (serv.c:send_proto).
func (l *Link) tokens() []string {
	t := strings.Fields("NOQUIT NICKv2 SJOIN SJOIN2 UMODE2 VL SJ3 TKLEXT TKLEXT2 NICKIP ESVID NEXTBANS SJSBY MTAGS")
	if l.opts.ChanModes != "" {
		t = append(t, "CHANMODES="+l.opts.ChanModes)
	}
	if l.opts.UserModes != "" {
		t = append(t, "USERMODES="+l.opts.UserModes)
	}
	t = append(t, "BOOTED="+strconv.FormatInt(l.opts.Booted.Unix(), 10))
	if l.opts.Prefix != "" {
		t = append(t, "PREFIX="+l.opts.Prefix)
	}
	return append(t, "SID="+string(l.id.SID), "MLOCK", "TS="+strconv.FormatInt(l.now.Unix(), 10), "EXTSWHOIS",
		"NICKCHARS="+l.opts.NickChars, "CHANNELCHARS="+l.opts.ChannelChars, "BIGLINES")
}

// protoctlLines puts tokens into as many lines as they need.
func protoctlLines(tokens []string) []string {
	w := &writer{name: "PROTOCTL"}
	facts := make([]s2s.Fact, len(tokens))
	for i, t := range tokens {
		facts[i].Key, facts[i].Value, _ = strings.Cut(t, "=")
	}
	says(writeProtoctl)(w, s2s.ServerInfo{Kind: "PROTOCTL", Facts: facts})
	return w.lines
}

// EndBurst returns the lines that follow our own burst.
func (l *Link) EndBurst() []string {
	network := l.opts.Network
	if network == "" {
		network = l.peer.Network
	}
	if network == "" {
		network = "*"
	}
	return []string{
		"NETINFO " + strconv.FormatInt(l.opts.MaxUsers, 10) + " " + strconv.FormatInt(l.now.Unix(), 10) + " " +
			strconv.Itoa(Version) + " * 0 0 0 :" + network,
		":" + string(l.id.SID) + " EOS",
	}
}

// Line takes one line from the peer. An error is a *s2s.LinkError: the link is over, though Step may hold a last reply.
func (l *Link) Line(now time.Time, line string) (s2s.Step, error) {
	l.begin(now)
	e, parse := l.codec.in.read(line)
	if parse != nil {
		return l.unreadable(parse)
	}
	var step s2s.Step
	if err := l.take(&step, &e, line); err != nil {
		return l.refuse(step, err)
	}
	step.Events = append(step.Events, e)
	return step, nil
}

// unreadable goes on after a line without meaning, except where it was to be a part of the handshake.
func (l *Link) unreadable(parse *s2s.ParseError) (s2s.Step, error) {
	step := s2s.Step{Parse: parse}
	if parse.Command == "SERVER" && !l.gotServer {
		return l.refuse(step, protocolError("the peer's SERVER cannot be read: "+parse.Detail))
	}
	return step, nil
}

// refuse ends the link from our side; who accepts tells the peer why, as the servers do.
func (l *Link) refuse(step s2s.Step, err *s2s.LinkError) (s2s.Step, error) {
	if l.opts.Accept && err.Cause != s2s.CauseSplit && err.Cause != s2s.CauseClosed {
		step.Replies = append(step.Replies, "ERROR :Closing Link: "+l.peer.Name+"["+l.opts.PeerAddress+"] ("+err.Text+")")
	}
	return step, err
}

// take acts on an event of the link. The body may be completed.
func (l *Link) take(step *s2s.Step, e *s2s.Event, line string) *s2s.LinkError {
	if !l.gotServer && !mayPrecede(e.Body) {
		return protocolError("the peer said " + e.Body.Name() + " before it introduced itself")
	}
	switch b := e.Body.(type) {
	case s2s.Closing:
		return l.closed(b.Text)
	case s2s.Handshake:
		return l.handshake(step, b, line)
	case s2s.ServerInfo:
		return l.serverInfo(step, e, b)
	case s2s.ServerIntroduced:
		return l.serverIntroduced(step, e, b)
	case s2s.EndOfBurst:
		l.endOfBurst(step, e.Source)
	case s2s.Ping:
		l.ping(step, b)
	case s2s.ServerGone:
		return l.serverGone(b)
	}
	return nil
}

// mayPrecede reports whether a peer that we do not know yet may say this. Of what is no part of the handshake nothing
// but talk may, so that a stranger cannot change what we know of the network.
func mayPrecede(b s2s.Body) bool {
	switch b := b.(type) {
	case s2s.ServerInfo:
		return b.Kind == "PROTOCTL"
	case s2s.Closing, s2s.Handshake, s2s.ServerIntroduced, s2s.Ping, s2s.Pong, s2s.Numeric, s2s.Message, s2s.OperMessage,
		s2s.Unknown:
		return true
	}
	return false
}

func (l *Link) handshake(step *s2s.Step, b s2s.Handshake, line string) *s2s.LinkError {
	if b.Command != "PASS" || l.gotPass {
		return nil
	}
	l.gotPass, l.passed = true, l.accepts(passwordOf(line))
	if l.opts.Accept {
		return nil // EAUTH decides
	}
	if !l.passed {
		return wrongPassword()
	}
	step.Replies = l.introduction()
	return nil
}

// passwordOf reads what Decode leaves out.
func passwordOf(line string) string {
	var m irc.Message
	if m.Parse(line) != nil {
		return ""
	}
	return m.Param(0)
}

func (l *Link) accepts(password string) bool {
	return l.id.AcceptPassword == "" || subtle.ConstantTimeCompare([]byte(password), []byte(l.id.AcceptPassword)) == 1
}

// serverInfo learns from PROTOCTL, which the direct peer may send again at any time, and from NETINFO.
func (l *Link) serverInfo(step *s2s.Step, e *s2s.Event, b s2s.ServerInfo) *s2s.LinkError {
	if e.Source != "" {
		return nil
	}
	if b.Kind == "NETINFO" {
		l.peer.Network = strings.Clone(fact(b, "NETWORK"))
	}
	if b.Kind != "PROTOCTL" {
		return nil
	}
	for _, f := range b.Facts {
		if err := l.token(step, f.Key, f.Value); err != nil {
			return err
		}
	}
	return nil
}

// serverIntroduced completes the link with the peer's SERVER.
func (l *Link) serverIntroduced(step *s2s.Step, e *s2s.Event, b s2s.ServerIntroduced) *s2s.LinkError {
	if e.Source != "" && l.gotServer {
		return nil
	}
	if l.gotServer {
		return protocolError("the peer sent SERVER twice")
	}
	if err := l.mayIntroduce(e.Source, b); err != nil {
		return err
	}
	l.gotServer, l.peer.Name = true, strings.Clone(b.Server)
	l.setProtocol(strings.TrimPrefix(before(b.Flags, "-"), "U"))
	b.SID = l.peer.SID
	e.Body = b
	if !l.sentServer {
		step.Replies = append(step.Replies, l.introduction()...)
	}
	return nil
}

// mayIntroduce holds the rules of server.c:cmd_server against the peer.
func (l *Link) mayIntroduce(source s2s.Ref, b s2s.ServerIntroduced) *s2s.LinkError {
	switch {
	case !l.gotPass || l.opts.Accept && !l.gotEAuth:
		return &s2s.LinkError{Cause: s2s.CausePassword, Text: "Missing password",
			Advice: "the peer sent no PASS before it introduced itself: give its link block for us a password"}
	case !l.passed:
		return wrongPassword()
	case source != "" || b.Hops != 1:
		return protocolError("Invalid SERVER message, hop count must be 1")
	}
	if err := l.checkName(b.Server); err != nil {
		return err
	}
	if b.SID != "" && l.peer.SID != "" && b.SID != l.peer.SID {
		return protocolError("the peer gave two server ids, " + string(l.peer.SID) + " and " + string(b.SID))
	}
	if l.peer.SID == "" {
		return l.setSID(string(b.SID))
	}
	return nil
}

// endOfBurst sees whether it is the peer's own: those of the servers behind it come before their users, and mean
// nothing for us.
func (l *Link) endOfBurst(step *s2s.Step, source s2s.Ref) {
	if l.Established() && !l.burstEnded && (source == "" || l.isPeer(string(source))) {
		l.burstEnded, step.BurstEnded = true, true
	}
}

func (l *Link) isPeer(name string) bool {
	return name == string(l.peer.SID) || strings.EqualFold(name, l.peer.Name)
}

func (l *Link) isUs(name string) bool {
	return name == string(l.id.SID) || strings.EqualFold(name, l.id.Server)
}

// ping answers what is for us, whoever asks (pingpong.c:cmd_ping).
func (l *Link) ping(step *s2s.Step, b s2s.Ping) {
	if b.Target != "" && !l.isUs(b.Target) {
		return
	}
	if !isWord(b.Origin) {
		return
	}
	step.Replies = append(step.Replies, ":"+string(l.id.SID)+" PONG "+l.id.Server+" :"+b.Origin)
}

// serverGone ends the link when the server that goes is one of its two ends.
func (l *Link) serverGone(b s2s.ServerGone) *s2s.LinkError {
	if name := string(b.Server); l.Established() && (l.isUs(name) || l.isPeer(name)) {
		return &s2s.LinkError{Cause: s2s.CauseSplit, Text: "SQUIT " + strings.Clone(name) + ": " + strings.Clone(b.Reason),
			Advice: "an operator or a server of the network ended the link; its log says who"}
	}
	return nil
}

func before(s, sep string) string {
	head, _, _ := strings.Cut(s, sep)
	return head
}

func protocolError(text string) *s2s.LinkError {
	return &s2s.LinkError{Cause: s2s.CauseProtocol, Text: text,
		Advice: "the peer must be UnrealIRCd 4, 5 or 6, and the port one of a listen block with options { serversonly; }"}
}

func wrongPassword() *s2s.LinkError {
	return &s2s.LinkError{Cause: s2s.CausePassword, Text: "Link denied (Authentication failed)",
		Advice: "the peer gave another password than we accept: make the password of its link block for us the one that " +
			"our configuration accepts (\"*\" where that block has a certificate or spkifp)"}
}
