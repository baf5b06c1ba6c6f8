package unreal

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"robustirc/core/irc"
	"robustirc/s2s"
)

// section is a part of a recording in which one link was tried.
type section struct {
	name  string // recording, or recording: title
	lines []s2s.Recorded
}

// severalLinks are the recordings of several links one after the other.
var severalLinks = map[string]bool{"s02": true, "s03": true, "s20": true, "s26": true}

// sections splits recordings where their comments say that a new link is tried.
func sections(t testing.TB) (all []section) {
	t.Helper()
	for _, rec := range recordings(t, "") {
		parts := strings.SplitAfter(rec.text, "\n")
		cur, start := section{name: rec.name[:3]}, 0
		add := func(end int) {
			for _, l := range rec.lines {
				if l.Number > start && l.Number <= end {
					cur.lines = append(cur.lines, l)
				}
			}
			if slices.ContainsFunc(cur.lines, func(l s2s.Recorded) bool { return l.Received }) {
				all = append(all, cur)
			}
		}
		for i, raw := range parts {
			_, title, ok := strings.Cut(strings.TrimSpace(raw), "--- ")
			if !ok || raw[0] != '#' || !severalLinks[rec.name[:3]] {
				continue
			}
			add(i)
			cur, start = section{name: rec.name[:3] + ": " + title}, i
		}
		add(len(parts))
	}
	return all
}

// identity reads from the lines that were sent who we were.
func (s section) identity() (id s2s.Identity, o Options, now time.Time) {
	id = s2s.Identity{Server: "gateway.example.net", SID: "00G", PeerName: "hub.example.net", AcceptPassword: "linkpass"}
	o = Options{Software: "ExampleGateway-0.1", Network: "ExampleNet"}
	var m irc.Message
	for _, l := range s.lines {
		if m.Parse(l.Line) != nil {
			continue
		}
		for _, token := range m.Params() {
			key, value, _ := strings.Cut(token, "=")
			switch {
			case m.Command == "PASS" && !l.Received:
				id.SendPassword = token
				if token == "*" {
					id.AcceptPassword = "*"
				}
			case m.Command == "SERVER" && !l.Received:
				id.Server, id.Description = m.Param(0), m.Last()
				if _, _, d := splitVL(m.Last()); d != "" {
					id.Description = d
				}
			case m.Command != "PROTOCTL":
			case key == "TS" && now.IsZero():
				now = unixOf(value)
			case key == "TS" && l.Received:
				now = unixOf(value)
			case l.Received:
			case key == "SID":
				id.SID = s2s.SID(value)
			case key == "CHANMODES":
				o.ChanModes = value
			case key == "USERMODES":
				o.UserModes = value
			case key == "PREFIX":
				o.Prefix = value
			case key == "BOOTED":
				o.Booted = unixOf(value)
			}
		}
	}
	return id, o, now
}

func unixOf(s string) time.Time {
	n, _ := strconv.ParseInt(s, 10, 64)
	return time.Unix(n, 0)
}

// outcome is what a replayed link came to.
type outcome struct {
	link           *Link
	start, replies []string
	burstEnded     []string
	err            *s2s.LinkError
	rest           []s2s.Recorded
}

// replay feeds the lines that the network said to a link, until it is over.
func replay(t testing.TB, s section, id s2s.Identity, o Options, now time.Time) outcome {
	t.Helper()
	out := outcome{link: NewLink(id, o)}
	out.start = out.link.Start(now)
	for i, l := range s.lines {
		if !l.Received {
			continue
		}
		step, err := out.link.Line(now, l.Line)
		out.replies = append(out.replies, step.Replies...)
		if step.Parse != nil {
			t.Errorf("%s:%d: %v", s.name, l.Number, step.Parse)
		}
		if err == nil && len(step.Events) != 1 {
			t.Errorf("%s:%d: %d events", s.name, l.Number, len(step.Events))
		}
		if step.BurstEnded {
			out.burstEnded = append(out.burstEnded, l.Line)
		}
		if err != nil {
			if !errors.As(err, &out.err) {
				t.Fatalf("%s:%d: %v is no LinkError", s.name, l.Number, err)
			}
			out.rest = s.lines[i+1:]
			break
		}
	}
	return out
}

// endings are the sections in which the hub refused us, and how. The others end because we, or an operator, wanted it.
var endings = map[string]s2s.Cause{
	"s20: more than 15 tokens on one PROTOCTL line: the 15th parameter swallows the rest of the line": s2s.CauseProtocol,
	"s20: wrong password":                            s2s.CausePassword,
	"s20: no PASS":                                   s2s.CausePassword,
	"s20: PASS after PROTOCTL EAUTH":                 s2s.CausePassword,
	"s20: missing EAUTH: SID= before EAUTH":          s2s.CauseProtocol,
	"s20: missing EAUTH and SID: PASS + SERVER only": s2s.CauseProtocol,
	"s20: EAUTH but no SID":                          s2s.CauseProtocol,
	"s20: EAUTH twice":                               s2s.CauseProtocol,
	"s20: SID twice":                                 s2s.CauseProtocol,
	"s20: SID after SERVER":                          s2s.CauseProtocol,
	"s20: invalid SID (starts with a letter)":        s2s.CauseProtocol,
	"s20: SID collision with the hub":                s2s.CauseSIDInUse,
	"s20: SID collision with the leaf":               s2s.CauseSIDInUse,
	"s20: SERVERS= announces a SID that is already linked (duplicate path)": s2s.CauseSIDInUse,
	"s20: unknown server name":                                    s2s.CauseUnknown,
	"s20: bogus server name":                                      s2s.CauseProtocol,
	"s20: server name of the hub itself":                          s2s.CauseUnknown,
	"s20: clock 120 s ahead":                                      s2s.CauseClock,
	"s20: clock 120 s behind":                                     s2s.CauseClock,
	"s20: hop count 2":                                            s2s.CauseProtocol,
	"s20: SERVER with too few parameters":                         s2s.CauseProtocol,
	"s20: banned server":                                          s2s.CauseBanned,
	"s20: deny version (protocol too old)":                        s2s.CauseBanned,
	"s20: clients-only port":                                      s2s.CauseUnknown,
	"s20: plain text to a TLS port":                               s2s.CausePlaintext,
	"s20: spkifp block, but no client certificate and a password": s2s.CausePassword,
	"s20: spkifp block, password * but wrong certificate":         s2s.CausePassword,
	"s20: CHANNELCHARS mismatch":                                  s2s.CauseCapability,
	"s20: old 3.2 protocol: NICK/USER style PROTOCTL without EAUTH, SERVER with numeric":           s2s.CauseProtocol,
	"s20: services software without ulines block":                                                  s2s.CauseUnknown,
	"s20: SINFO about ourselves after link":                                                        s2s.CauseProtocol,
	"s20: client commands on serversonly port":                                                     s2s.CauseProtocol,
	"s20: remote SERVER command after link (3.2 style)":                                            s2s.CauseProtocol,
	"s20: same name linked twice (second link drops the first): first link stays open in parallel": s2s.CauseNameInUse,
	"s20: same SID and same name linked twice":                                                     s2s.CauseNameInUse,
	"s26: plain text from 198.51.100.2":                                                            s2s.CausePlaintext,
}

// TestReplay feeds what the hub said in every recording to a link, and looks at what comes of it.
func TestReplay(t *testing.T) {
	n := 0
	for _, s := range sections(t) {
		id, o, now := s.identity()
		out := replay(t, s, id, o, now)
		n++
		checkEnding(t, s, out)
		checkStart(t, s, out)
		checkBurst(t, s, id, out)
		checkPongs(t, s, id, out)
		if len(out.rest) > 5 { // a second link took the place of the first
			again := replay(t, section{s.name + " (second)", out.rest}, id, o, now)
			checkBurst(t, section{s.name, out.rest}, id, again)
			n++
		}
	}
	if n < 60 {
		t.Errorf("%d links", n)
	}
}

func checkEnding(t *testing.T, s section, out outcome) {
	t.Helper()
	want, refused := endings[s.name]
	switch {
	case out.err == nil && refused:
		t.Errorf("%s: no error, want %s", s.name, want)
	case out.err == nil:
	case !refused && out.err.Cause != s2s.CauseSplit, refused && out.err.Cause != want:
		t.Errorf("%s: %v, want %q", s.name, out.err, want)
	case out.err.Text == "" || len(out.err.Advice) < 40 || strings.ContainsAny(out.err.Advice, "{}") && strings.Contains(out.err.Advice, "{name}"):
		t.Errorf("%s: no help in %v", s.name, out.err)
	}
}

// checkStart holds that we open a link as the recording's script did where it did so in one go, which the hub accepted.
func checkStart(t *testing.T, s section, out outcome) {
	t.Helper()
	var sent []string
	for _, l := range s.lines {
		if !l.Received && len(sent) < 7 {
			sent = append(sent, l.Line)
		}
	}
	if len(sent) < 7 || !strings.HasPrefix(sent[5], "PROTOCTL NICKCHARS=") || !out.link.Established() {
		return
	}
	if got, want := strings.Join(out.start, "\n"), strings.Join(sent[:3], "\n"); got != want {
		t.Errorf("%s: opened with\n%s\nwant\n%s", s.name, got, want)
	}
	got := strings.Join(out.replies[:3], " ")
	want := strings.Join(sent[3:7], " ")
	if sameButTimes(got) != sameButTimes(want) {
		t.Errorf("%s: introduced ourselves with\n%s\nwant\n%s", s.name, sameButTimes(got), sameButTimes(want))
	}
}

var times = regexp.MustCompile(`(BOOTED|TS)=[0-9]+`)

// sameButTimes takes out of an introduction where its lines end, our flags, and the clock.
func sameButTimes(s string) string {
	s = strings.NewReplacer("PROTOCTL ", "", "U6100-Fhin6OoEM-", "U6100-h-", "U6100-x-", "U6100-h-").Replace(s)
	return times.ReplaceAllString(s, "$1=")
}

// checkBurst holds that an accepted link ends its burst once, with the hub's own EOS.
func checkBurst(t *testing.T, s section, id s2s.Identity, out outcome) {
	t.Helper()
	if !out.link.Established() {
		if len(out.burstEnded) > 0 || !slices.ContainsFunc(s.lines, func(l s2s.Recorded) bool { return strings.HasPrefix(l.Line, "ERROR") }) {
			t.Errorf("%s: not established, burst ended %q", s.name, out.burstEnded)
		}
		return
	}
	if len(out.burstEnded) != 1 || out.burstEnded[0] != ":001 EOS" {
		t.Errorf("%s: burst ended with %q", s.name, out.burstEnded)
	}
	p := out.link.Peer()
	if p.Name != "hub.example.net" || p.SID != "001" || p.Network != "ExampleNet" || out.link.Dialect() != "unreal6" {
		t.Errorf("%s: peer %+v, dialect %q", s.name, p, out.link.Dialect())
	}
	if _, ok := p.ChanModes.SymbolLetter('~'); !ok || p.ChanModes.Class('f') != irc.ModeParam {
		t.Errorf("%s: modes not known", s.name)
	}
	f := out.link.Codec().(*Codec).Features()
	if !f.Tags || !f.BigLines || !f.NamedBans || !f.Setters || !f.SWhois || !f.Locks {
		t.Errorf("%s: features %+v", s.name, f)
	}
	want := "NETINFO 0 " + strconv.FormatInt(out.link.now.Unix(), 10) + " 6100 * 0 0 0 :ExampleNet|:" + string(id.SID) + " EOS"
	if got := strings.Join(out.link.EndBurst(), "|"); got != want {
		t.Errorf("%s: our burst ends with %s, want %s", s.name, got, want)
	}
}

// checkPongs holds that every PONG of the script is one of ours too, in the same order.
func checkPongs(t *testing.T, s section, id s2s.Identity, out outcome) {
	t.Helper()
	isPong := func(line string) bool { return strings.HasPrefix(line, ":"+string(id.SID)+" PONG ") }
	var want, got []string
	for _, l := range s.lines {
		if !l.Received && isPong(l.Line) {
			want = append(want, l.Line)
		}
	}
	for _, r := range out.replies {
		if isPong(r) {
			got = append(got, r)
		}
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s: answered\n%s\nwant\n%s", s.name, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// dial returns a link on which the peer has said these lines, and the last error.
func dial(t *testing.T, lines ...string) (*Link, s2s.Step, error) {
	t.Helper()
	return speak(t, NewLink(testIdentity, Options{}), lines...)
}

var (
	testIdentity = s2s.Identity{Server: "gw.example.net", SID: "00G", Description: "Gateway", SendPassword: "ours",
		AcceptPassword: "theirs", PeerName: "hub.example.net"}
	testNow = time.Unix(1800000000, 0)
)

func speak(t *testing.T, l *Link, lines ...string) (*Link, s2s.Step, error) {
	t.Helper()
	l.Start(testNow)
	var all s2s.Step
	for i, line := range lines {
		step, err := l.Line(testNow, line)
		all.Events = append(all.Events, step.Events...)
		all.Replies = append(all.Replies, step.Replies...)
		all.BurstEnded, all.Parse = step.BurstEnded, step.Parse
		if err != nil {
			if i < len(lines)-1 {
				t.Fatalf("%q: %v", line, err)
			}
			return l, all, err
		}
	}
	return l, all, nil
}

var hello = []string{"PASS :theirs", "PROTOCTL EAUTH=hub.example.net,6100,Fhn6OoE,UnrealIRCd-6.1.8.1", "PROTOCTL SERVERS=*001,002",
	"PROTOCTL VL MTAGS CHANMODES=beI,fkL,lFH,imnt PREFIX=(qaohv)~&@%+ SID=001 TS=1800000000",
	"SERVER hub.example.net 1 :U6100-Fhn6OoE-001 Hub"}

// TestLinkErrors has a rule of the handshake in each row: what the peer says, and why that ends the link.
func TestLinkErrors(t *testing.T) {
	for _, tt := range []struct {
		name  string
		cause s2s.Cause
		lines []string
	}{
		{"wrong password", s2s.CausePassword, []string{"PASS :wrong"}},
		{"no password", s2s.CausePassword, hello[4:]},
		{"another name in EAUTH", s2s.CausePeerIdentity, []string{hello[0], "PROTOCTL EAUTH=other.example.net,6100,,x"}},
		{"another name in SERVER", s2s.CausePeerIdentity, []string{hello[0], "SERVER other.example.net 1 :U6100-x-001 Hub"}},
		{"EAUTH twice", s2s.CauseProtocol, []string{hello[0], hello[1], hello[1]}},
		{"too old", s2s.CauseProtocol, []string{hello[0], "PROTOCTL EAUTH=hub.example.net,2351,,x"}},
		{"our own id", s2s.CauseSIDInUse, []string{hello[0], "PROTOCTL SID=00G"}},
		{"our own id behind it", s2s.CauseSIDInUse, []string{hello[0], "PROTOCTL SERVERS=*001,00G"}},
		{"id that is none", s2s.CauseProtocol, []string{hello[0], "PROTOCTL SID=A01"}},
		{"id twice", s2s.CauseProtocol, []string{hello[0], "PROTOCTL SID=001", "PROTOCTL SID=001"}},
		{"id after SERVER", s2s.CauseProtocol, append(slices.Clone(hello), "PROTOCTL SID=003")},
		{"two ids", s2s.CauseProtocol, []string{hello[0], "PROTOCTL SID=002", hello[4]}},
		{"no id", s2s.CauseProtocol, []string{hello[0], "SERVER hub.example.net 1 :Hub"}},
		{"clock ahead", s2s.CauseClock, []string{hello[0], "PROTOCTL TS=1800000061"}},
		{"clock behind", s2s.CauseClock, []string{hello[0], "PROTOCTL TS=1799999939"}},
		{"clock later", s2s.CauseClock, append(slices.Clone(hello), "PROTOCTL TS=1799990000")},
		{"hops", s2s.CauseProtocol, []string{hello[0], "SERVER hub.example.net 2 :U6100-x-001 Hub"}},
		{"unreadable SERVER", s2s.CauseProtocol, []string{hello[0], "SERVER hub.example.net x :U6100-x-001 Hub"}},
		{"SERVER twice", s2s.CauseProtocol, append(slices.Clone(hello), hello[4])},
		{"SERVER with a source", s2s.CauseProtocol, []string{hello[0], ":001 SERVER hub.example.net 1 :U6100-x-001 Hub"}},
		{"state before SERVER", s2s.CauseProtocol, []string{hello[0], ":001 UID a 0 1 a h 001AAAAAA 0 + * * * :x"}},
		{"too many tokens", s2s.CauseProtocol, append(slices.Clone(hello), manyTokens()...)},
		{"SQUIT of us", s2s.CauseSplit, append(slices.Clone(hello), "SQUIT gw.example.net :go")},
		{"SQUIT of us by id", s2s.CauseSplit, append(slices.Clone(hello), ":001 SQUIT 00G :go")},
		{"SQUIT of the peer", s2s.CauseSplit, append(slices.Clone(hello), "SQUIT HUB.example.net :go")},
		{"unknown reason", s2s.CauseClosed, []string{"ERROR :Closing Link: [127.0.0.1] (Whatever)"}},
		{"unknown reason later", s2s.CauseSplit, append(slices.Clone(hello), "ERROR :Closing Link: gw.example.net[::1] (Whatever)")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := dial(t, tt.lines...)
			var le *s2s.LinkError
			if !errors.As(err, &le) || le.Cause != tt.cause || le.Advice == "" || le.Text == "" {
				t.Errorf("%v, want %s", err, tt.cause)
			}
		})
	}
}

func manyTokens() (lines []string) {
	for i := range 10 {
		line := "PROTOCTL"
		for j := range 10 {
			line += " T" + strconv.Itoa(i*10+j)
		}
		lines = append(lines, line)
	}
	return lines[:10]
}

// TestRefusals holds that each reason of UnrealIRCd has its cause and an advice about our name.
func TestRefusals(t *testing.T) {
	for _, r := range refusals {
		_, _, err := dial(t, "ERROR :Closing Link: gw.example.net[192.0.2.1] ("+r.text+")")
		var le *s2s.LinkError
		if !errors.As(err, &le) || le.Cause != r.cause || le.Text != r.text || strings.Contains(le.Advice, "{name}") {
			t.Errorf("%s: %v", r.text, err)
		}
	}
}

// TestLinkGoesOn has what must not end a link.
func TestLinkGoesOn(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lines []string
	}{
		{"clock at the limit", []string{"PROTOCTL TS=1800000060", "PROTOCTL TS=1799999940"}},
		{"clock of 1970", []string{"PROTOCTL TS=0"}},
		{"an unreadable line", []string{":001 UID too few"}},
		{"an unknown command", []string{":001 FROBNICATE"}},
		{"SQUIT of another", []string{":001 SQUIT leaf.example.net :x"}},
		{"bad CHANMODES", []string{"PROTOCTL CHANMODES=bb,,"}},
		{"another's SERVER", []string{":001 SERVER behind.example.net 2 :x"}},
	} {
		if _, _, err := dial(t, append(slices.Clone(hello), tt.lines...)...); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// TestRuntimeProtoctl holds that the modes follow what the peer announces while it is linked, and stay when it cannot be
// read.
func TestRuntimeProtoctl(t *testing.T) {
	l, _, _ := dial(t, hello...)
	class := func() irc.ModeClass { spec := l.Peer().ChanModes; return spec.Class('Z') }
	if class() != irc.ModeUnknown {
		t.Fatal("Z is known")
	}
	for _, line := range []string{"PROTOCTL CHANMODES=beI,fkL,lFH,imntZ", "PROTOCTL CHANMODES=bb"} {
		if _, err := l.Line(testNow, line); err != nil {
			t.Fatal(err)
		}
		if class() != irc.ModeFlag || l.codec.features.ChanModes.Class('Z') != irc.ModeFlag {
			t.Errorf("after %s: Z is not known", line)
		}
	}
}

// TestBurstEnd holds that only the peer's own EOS ends the burst, by id or name, and once.
func TestBurstEnd(t *testing.T) {
	for _, own := range []string{":001 EOS", ":hub.example.net EOS", "EOS"} {
		l, _, _ := dial(t, hello...)
		for _, tt := range []struct {
			line string
			ends bool
		}{{":002 EOS", false}, {":leaf.example.net EOS", false}, {own, true}, {own, false}} {
			step, err := l.Line(testNow, tt.line)
			if err != nil || step.BurstEnded != tt.ends {
				t.Errorf("%s: %v, %v", tt.line, step.BurstEnded, err)
			}
		}
	}
}

func TestPing(t *testing.T) {
	for _, tt := range [][2]string{
		{"PING :hub.example.net", ":00G PONG gw.example.net :hub.example.net"},
		{":alice PING alice :gw.example.net", ":00G PONG gw.example.net :alice"},
		{":leaf.example.net PING leaf.example.net :00G", ":00G PONG gw.example.net :leaf.example.net"},
		{":leaf.example.net PING leaf.example.net :other.example.net", ""},
		{"PING ::x", ""},
	} {
		l, _, _ := dial(t, hello...)
		step, err := l.Line(testNow, tt[0])
		if got := strings.Join(step.Replies, "|"); err != nil || got != tt[1] {
			t.Errorf("%s: %q, %v", tt[0], got, err)
		}
	}
}

// TestSilentStranger holds that who does not know the password hears nothing of us but it.
func TestSilentStranger(t *testing.T) {
	_, step, err := dial(t, "PASS :guess")
	if err == nil || len(step.Replies) > 0 {
		t.Errorf("%q, %v", step.Replies, err)
	}
}

// TestTwoLinks links our dialing side to our accepting side, both ways round of who has servers behind.
func TestTwoLinks(t *testing.T) {
	hubID := s2s.Identity{Server: "hub.example.net", SID: "001", Description: "Hub", SendPassword: "theirs",
		AcceptPassword: "ours", PeerName: "gw.example.net"}
	leaf := NewLink(testIdentity, Options{Network: "Net", Behind: []s2s.SID{"00H"}})
	hub := NewLink(hubID, Options{Accept: true, Network: "Net", ChanModes: "beI,fkL,lFH,imnt", Prefix: "(ov)@+", Behind: manySIDs(300)})
	toHub, toLeaf := leaf.Start(testNow), hub.Start(testNow)
	deliver := func(l *Link, lines []string) (replies []string, ended bool) {
		for _, line := range lines {
			step, err := l.Line(testNow, line)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			replies, ended = append(replies, step.Replies...), ended || step.BurstEnded
		}
		return replies, ended
	}
	for range 4 {
		toLeaf, _ = deliver(hub, toHub)
		toHub, _ = deliver(leaf, toLeaf)
	}
	if !leaf.Established() || !hub.Established() || len(toHub)+len(toLeaf) > 0 {
		t.Fatalf("not established: %q, %q", toHub, toLeaf)
	}
	if _, ended := deliver(hub, leaf.EndBurst()); !ended {
		t.Error("the hub did not see the end of the leaf's burst")
	}
	if _, ended := deliver(leaf, hub.EndBurst()); !ended {
		t.Error("the leaf did not see the end of the hub's burst")
	}
	if p := leaf.Peer(); len(p.Servers) != 301 || p.Network != "Net" || p.Protocol != Version {
		t.Errorf("the hub is %+v", p)
	}
	if p := hub.Peer(); len(p.Servers) != 2 || p.Name != "gw.example.net" || p.SID != "00G" {
		t.Errorf("the leaf is %+v", p)
	}
}

func manySIDs(n int) (list []s2s.SID) {
	for i := range n {
		list = append(list, s2s.SID("1"+string(rune('A'+i/26%26))+string(rune('A'+i%26))))
	}
	return list
}

// TestAccept holds that we refuse who dials us as UnrealIRCd would, and say so.
func TestAccept(t *testing.T) {
	eauth := "PROTOCTL EAUTH=gw.example.net,6100,,x"
	for _, tt := range []struct {
		cause s2s.Cause
		text  string
		lines []string
	}{
		{s2s.CausePassword, "Missing password", []string{eauth}},
		{s2s.CausePassword, "Link denied (Authentication failed)", []string{"PASS :bad", eauth}},
		{s2s.CausePeerIdentity, noLinkBlock, []string{"PASS :ours", "PROTOCTL EAUTH=x.example.net,6100,,x"}},
		{s2s.CauseProtocol, "Got PROTOCTL SID before EAUTH, that's the wrong order!", []string{"PASS :ours", "PROTOCTL SID=00G"}},
		{s2s.CauseSIDInUse, "SID collision", []string{"PASS :ours", eauth, "PROTOCTL SID=001"}},
		{s2s.CauseSIDInUse, "Server Exists (or non-unique me::sid)", []string{"PASS :ours", eauth, "PROTOCTL SERVERS=001"}},
		{s2s.CauseClock, "Incorrect clock. Our clocks are 100 seconds apart.", []string{"PASS :ours", eauth, "PROTOCTL TS=1800000100"}},
		{s2s.CauseCapability, "Incompatible set::allowed-channelchars setting", []string{"PASS :ours", eauth, "PROTOCTL CHANNELCHARS=any"}},
		{s2s.CauseCapability, "Incompatible set::allowed-nickchars setting", []string{"PASS :ours", eauth, "PROTOCTL NICKCHARS="}},
		{s2s.CauseProtocol, "Invalid SERVER message, hop count must be 1", []string{"PASS :ours", eauth, "SERVER gw.example.net 2 :U6100-x-00G x"}},
	} {
		id := s2s.Identity{Server: "hub.example.net", SID: "001", SendPassword: "theirs", AcceptPassword: "ours", PeerName: "gw.example.net"}
		_, step, err := speak(t, NewLink(id, Options{Accept: true, NickChars: "utf8", PeerAddress: "192.0.2.1"}), tt.lines...)
		var le *s2s.LinkError
		if !errors.As(err, &le) || le.Cause != tt.cause || le.Text != tt.text {
			t.Errorf("%q: %v", tt.lines, err)
			continue
		}
		if last := step.Replies[len(step.Replies)-1]; !strings.HasPrefix(last, "ERROR :Closing Link: ") || !strings.HasSuffix(last, "[192.0.2.1] ("+tt.text+")") {
			t.Errorf("%q: said %q", tt.lines, last)
		}
	}
}

func TestDialect(t *testing.T) {
	for version, want := range map[string]string{"6100": "unreal6", "6000": "unreal6", "5002": "unreal5", "4203": "unreal4", "": ""} {
		l, _, err := dial(t, "PASS :theirs", "PROTOCTL EAUTH=hub.example.net,"+version+",F,x")
		if err != nil || l.Dialect() != want {
			t.Errorf("%s: %q, %v", version, l.Dialect(), err)
		}
	}
	l, _, err := dial(t, "PASS :theirs", "PROTOCTL SID=001", "SERVER hub.example.net 1 :U5002-F-001 Hub") // no EAUTH
	if err != nil || l.Dialect() != "unreal5" {
		t.Errorf("by SERVER: %q, %v", l.Dialect(), err)
	}
}
