package unreal

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"robustirc/core/irc"
	"robustirc/s2s"
)

// full understands all that UnrealIRCd 6.1 does.
var full = CodecOf(nil).features

// TestForms has a line in each row that no recording has, or that shows a rule, with the event's body and the canonical
// line where it is another.
func TestForms(t *testing.T) {
	for _, tt := range []struct{ line, event, body, canonical string }{
		{":001 uid a 0 1 a h 001AAAAAA 0 +ix vh ch fwAAAQ== :x", "user_introduced",
			`{"uid":"001AAAAAA","nick":"a","ts":1,"hops":0,"ident":"a","host":"vh","real_host":"h","cloak":"ch","vhost":"vh","ip":"127.0.0.1","account":"","modes":"+ix","realname":"x"}`,
			":001 UID a 0 1 a h 001AAAAAA 0 +ix vh ch fwAAAQ== :x"},
		{":001 UID a 0 1 a h 001AAAAAA acc +i vh ch AAAAAAAAAAAAAAAAAAAAAQ== :x", "user_introduced",
			`{"uid":"001AAAAAA","nick":"a","ts":1,"hops":0,"ident":"a","host":"h","real_host":"h","cloak":"ch","vhost":"vh","ip":"::1","account":"acc","modes":"+i","realname":"x"}`, ""},
		{":001 UID a 0 1 a h 001AAAAAA * +x * ch AAAAAAAAAAAAAP//CgAAAQ== :x", "user_introduced",
			`{"uid":"001AAAAAA","nick":"a","ts":1,"hops":0,"ident":"a","host":"ch","real_host":"h","cloak":"ch","ip":"10.0.0.1","account":"","modes":"+x","realname":"x"}`,
			":001 UID a 0 1 a h 001AAAAAA 0 +x * ch CgAAAQ== :x"},
		{":alice JOIN #a", "join", `{"channel":"#a"}`, ""},
		{":alice JOIN 0", "part_all", `{}`, ""},
		{":alice PART #a,#b", "part", `{"channels":["#a","#b"]}`, ""},
		{":001 SJOIN 5 #c + :001AAAAAA", "channel_burst", `{"channel":"#c","ts":5,"has_modes":true,"modes":"+","members":[{"user":"001AAAAAA"}]}`, ""},
		{":001 SJOIN 5 #c  :", "channel_burst", `{"channel":"#c","ts":5,"has_modes":false}`, ":001 SJOIN 5 #c :"},
		{":001 SJOIN 5 #c +lk 9 key :+@~%*001AAAAAA  <7,n!u@h>&~t:60:~q:x \"y 'z", "channel_burst",
			`{"channel":"#c","ts":5,"has_modes":true,"modes":"+lk","params":["9","key"],"members":[{"user":"001AAAAAA","status":"qaohv"}],"lists":[{"letter":"b","mask":"~time:60:~quiet:x","set_by":"n!u@h","set_at":7},{"letter":"e","mask":"y"},{"letter":"I","mask":"z"}]}`,
			":001 SJOIN 5 #c +lk 9 key :*~@%+001AAAAAA <7,n!u@h>&~time:60:~quiet:x \"y 'z"},
		{":001 MODE #c +o alice 5", "channel_modes", `{"channel":"#c","ts":5,"has_ts":true,"modes":"+o","params":["alice"]}`, ""},
		{":001 MODE #c +o alice 0", "channel_modes", `{"channel":"#c","has_ts":false,"modes":"+o","params":["alice"]}`, ""},
		{":001 MODE #c +o alice", "channel_modes", `{"channel":"#c","has_ts":false,"modes":"+o","params":["alice"]}`, ":001 MODE #c +o alice 0"},
		{"MODE #c &+nt  5", "channel_modes", `{"channel":"#c","ts":5,"has_ts":true,"modes":"+nt"}`, "MODE #c +nt 5"},
		{":alice MODE #c +l 5", "channel_modes", `{"channel":"#c","has_ts":false,"modes":"+l","params":["5"]}`, ""},
		{":alice MODE alice +i", "user_modes", `{"user":"alice","modes":"+i"}`, ":alice UMODE2 +i"},
		{":001 MODE alice +i", "user_modes", `{"user":"alice","modes":"+i"}`, ":001 SVSMODE alice +i"},
		{":00S SVSMODE 001AAAAAA +r-d+d acct", "user_modes", `{"user":"001AAAAAA","modes":"+r","account":"acct"}`, ":00S SVSMODE 001AAAAAA +rd acct"},
		{":00S SVS2MODE 001AAAAAA +d", "user_modes", `{"user":"001AAAAAA","modes":"+d","shown":true}`, ""},
		{":00S SVSMODE #c -o", "channel_modes", `{"channel":"#c","has_ts":false,"modes":"-o","service":true}`, ""},
		{":00S SVSMODE #c -b alice", "channel_modes", `{"channel":"#c","has_ts":false,"modes":"-b","params":["alice"],"service":true}`, ""},
		{":001 TOPIC #c alice 5 :x", "topic", `{"channel":"#c","text":"x","setter":"alice","set_at":5,"rule":"newer"}`, ""},
		{":alice TOPIC #c :", "topic", `{"channel":"#c","text":"","rule":"always"}`, ""},
		{":00S MLOCK 5 #c", "mode_lock", `{"channel":"#c","ts":5,"letters":""}`, ":00S MLOCK 5 #c :"},
		{":alice INVITE 001AAAAAA #c 1", "invite", `{"user":"001AAAAAA","channel":"#c","override":true}`, ""},
		{":alice!a@host PRIVMSG #c :x", "message", `{"kind":"PRIVMSG","target_kind":"channel","target":"#c","text":"x"}`, ":alice PRIVMSG #c :x"}, // send.c:linecache_usertype
		{":alice PRIVMSG ~@#c :x", "message", `{"kind":"PRIVMSG","target_kind":"status","target":"#c","status":"~@","text":"x"}`, ""},
		{":alice NOTICE $*.example.net :x", "message", `{"kind":"NOTICE","target_kind":"server_mask","target":"*.example.net","text":"x"}`, ""},
		{":alice PRIVMSG NickServ@services.example.net :x", "message", `{"kind":"PRIVMSG","target_kind":"user","target":"NickServ@services.example.net","text":"x"}`, ""},
		{":001 SMO o :x", "oper_message", `{"kind":"SENDUMODE","audience":"o","text":"x"}`, ":001 SENDUMODE o :x"},
		{":00S SREPLY 001AAAAAA W :C x", "standard_reply", `{"user":"001AAAAAA","kind":"WARN","text":"C x"}`, ""},
		{":00S SWHOIS alice :", "swhois", `{"user":"alice","remove":true}`, ""},
		{":00S SWHOIS alice - oper 0 :*", "swhois", `{"user":"alice","remove":true,"tag":"oper","text":"*"}`, ""},
		{":00S SWHOIS alice - oper 0 :", "swhois", `{"user":"alice","text":"-"}`, ":00S SWHOIS alice :-"}, // swhois.c: no line is the old form
		{":00S SVSNAME alice :x", "user_changed", `{"user":"alice","realname":"x"}`, ":00S CHGNAME alice :x"},
		{":00S SVSNLINE + a_b__c :x y", "network_ban", `{"kind":"nline","host":"x y","reason":"a b  c"}`, ""},
		{":00S SVSNLINE *", "network_ban", `{"remove":true,"kind":"nline","host":"*","extra":[{"key":"all"}]}`, ""},
		{":00S SVSNLINE - *", "network_ban", `{"remove":true,"kind":"nline","host":"*"}`, ""},
		{":alice RMTKL GZ *@* r* -silent", "network_ban", `{"remove":true,"kind":"rmtkl","host":"*@*","extra":[{"key":"types","value":"GZ"},{"key":"option","value":"r*"},{"key":"option","value":"-silent"}]}`, ""},
		{":001AAAAAA TEMPSHUN -002AAAAAA :x y", "force", `{"action":"tempshun","user":"002AAAAAA","params":["-","x y"]}`, ""},
		{":hub.example.net TKL + F pc b x 0 5 60 a_b__c simple :*m*", "network_ban",
			`{"kind":"spamfilter","host":"*m*","set_by":"x","set_at":5,"reason":"a b_c","extra":[{"key":"targets","value":"pc"},{"key":"action","value":"b"},{"key":"duration","value":"60"},{"key":"match_type","value":"simple"}]}`, ""},
		{":hub.example.net TKL - G u h x", "network_ban", `{"remove":true,"kind":"gline","user":"u","host":"h","set_by":"x"}`, ""},
		{":hub.example.net TKL + Q H n x 0 5 :r", "network_ban", `{"kind":"qline","user":"H","host":"n","set_by":"x","set_at":5,"reason":"r"}`, ""},
		{":hub.example.net TKL + ? a b c", "housekeeping", `{"command":"TKL","params":["+","?","a","b","c"]}`, ":hub.example.net TKL + ? a b c"},
		{":001 MD globalvar v :x", "metadata", `{"kind":"globalvar","target":"","key":"v","value":"x"}`, ""},
		{":001 MD member #c:001AAAAAA v", "metadata", `{"kind":"member","target":"#c:001AAAAAA","key":"v","unset":true}`, ""},
		{":001 SINFO 5 6100 a b,c,d,e * future :*", "server_info",
			`{"kind":"SINFO","facts":[{"key":"BOOTED","value":"5"},{"key":"PROTOCOL","value":"6100"},{"key":"USERMODES","value":"a"},{"key":"CHANMODES","value":"b,c,d,e"},{"key":"NICKCHARS"},{"key":"FUTURE","value":"future"},{"key":"SOFTWARE"}]}`, ""},
		{"SERVER old.example.net 1 :No flags", "server_introduced", `{"server":"old.example.net","hops":1,"description":"No flags"}`, ""},
		{"PROTOCTL A=1 NICKCHARS= B", "server_info", `{"kind":"PROTOCTL","facts":[{"key":"A","value":"1"},{"key":"NICKCHARS"},{"key":"B"}]}`, ""},
		{"STARTTLS", "handshake", `{"command":"STARTTLS"}`, ""},
		{":001 WHATEVER x", "unknown", `{"line":":001 WHATEVER x"}`, ""},
	} {
		c := NewCodec(full)
		e, err := c.Decode(tt.line)
		if err != nil {
			t.Errorf("%s: %v", tt.line, err)
			continue
		}
		if body, _ := json.Marshal(e.Body); e.Body.Name() != tt.event || strings.ReplaceAll(string(body), `\u0026`, "&") != tt.body {
			t.Errorf("%s:\n%s %s, want\n%s %s", tt.line, e.Body.Name(), body, tt.event, tt.body)
		}
		if tt.canonical == "" {
			tt.canonical = tt.line
		}
		if tt.event == "housekeeping" {
			continue // a ban of no known type is not written
		}
		if lines, err := c.Encode(e); err != nil || strings.Join(lines, "|") != tt.canonical {
			t.Errorf("%s: written as %q, %v", tt.line, lines, err)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, tt := range []struct {
		reason s2s.Reason
		line   string
	}{
		{s2s.ReasonEmpty, ""},
		{s2s.ReasonEmpty, ":001 "},
		{s2s.ReasonMalformed, "PING\x00"},
		{s2s.ReasonTooLong, "PRIVMSG #a :" + strings.Repeat("x", MaxBigLine)},
		{s2s.ReasonTooLong, "@a=" + strings.Repeat("x", 9000) + " PING x"},
		{s2s.ReasonParams, ":001 UID a 0 1 a h 001AAAAAA 0 + * * :x"},
		{s2s.ReasonSource, ":alice UID a 0 1 a h 001AAAAAA 0 + * * * :x"},
		{s2s.ReasonMalformed, ":001 UID a 0 x a h 001AAAAAA 0 + * * * :x"},
		{s2s.ReasonMalformed, ":001 UID a x 1 a h 001AAAAAA 0 + * * * :x"},
		{s2s.ReasonMalformed, ":001 UID a 0 1 a h alice 0 + * * * :x"},
		{s2s.ReasonMalformed, ":001 UID a 0 1 a h 001AAAAAA 0 + * * AAAA :x"},
		{s2s.ReasonMalformed, ":001 UID a 0 1 a h 001AAAAAA 0 + * * AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA :x"},
		{s2s.ReasonMalformed, ":001 SID a.b 2 01 :x"},
		{s2s.ReasonMalformed, ":001 SID a.b x 002 :x"},
		{s2s.ReasonMalformed, ":001 SJOIN x #c :a"},
		{s2s.ReasonMalformed, ":001 SJOIN 1 #c :<1>&a"},
		{s2s.ReasonMalformed, ":001 SJOIN 1 #c :<1,a&a"},
		{s2s.ReasonMalformed, ":001 SJOIN 1 #c :<x,a>&a"},
		{s2s.ReasonMalformed, ":001 SJOIN 1 #c :<1,a>"},
		{s2s.ReasonMalformed, ":001 SJOIN 1 #c :<1,a>^b"},
		{s2s.ReasonMalformed, ":alice JOIN #a,#b"},
		{s2s.ReasonMalformed, ":alice NICK a x"},
		{s2s.ReasonMalformed, ":001 TOPIC #c a x :y"},
		{s2s.ReasonMalformed, ":001 MLOCK x #c :n"},
		{s2s.ReasonMalformed, ":001 SREPLY a X :y"},
		{s2s.ReasonMalformed, ":001 SVSNICK a b x"},
		{s2s.ReasonMalformed, ":001 SWHOIS a + b x :y"},
		{s2s.ReasonMalformed, ":001 TKL + G u h s x 1 :r"},
		{s2s.ReasonMalformed, ":001 TKL + G u h s 1 x :r"},
		{s2s.ReasonParams, ":001 TKL + G u h s"},
		{s2s.ReasonParams, ":001 TKL + E u h s 0 1 :r"},
		{s2s.ReasonParams, ":001 TKL + F pc b s 0 1 60 r simple"},
		{s2s.ReasonParams, ":001 SVSNLINE + x"},
		{s2s.ReasonParams, ":001 MD client 001"},
		{s2s.ReasonSource, ":alice EOS"},
	} {
		_, err := NewCodec(full).Decode(tt.line)
		var pe *s2s.ParseError
		if !errors.As(err, &pe) || pe.Reason != tt.reason || pe.Detail == "" {
			t.Errorf("%.60q: %v, want %s", tt.line, err, tt.reason)
		}
	}
}

// TestMinimum holds that every command refuses one parameter less than its row says.
func TestMinimum(t *testing.T) {
	sourceOf := map[bool]string{true: ":001AAAAAA ", false: ":001 "}
	for _, cmd := range table {
		if cmd.min == 0 {
			continue
		}
		source := sourceOf[cmd.from&server == 0]
		if cmd.from == peer {
			source = ""
		}
		line := source + cmd.name + strings.Repeat(" x", cmd.min-1)
		_, err := NewCodec(full).Decode(line)
		var pe *s2s.ParseError
		if !errors.As(err, &pe) || pe.Reason != s2s.ReasonParams || pe.Command != cmd.name {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// TestManyParams holds that lines may have up to 30 parameters, and free text behind fifteen.
func TestManyParams(t *testing.T) {
	params := make([]string, 29)
	for i := range params {
		params[i] = fmt.Sprint("p", i)
	}
	for _, tt := range []struct {
		line string
		want []string
	}{
		{"SMOD " + strings.Join(params, " "), params},
		{"SMOD " + strings.Join(params[:15], "  ") + " :a b", append(append([]string(nil), params[:15]...), "a b")},
		{"SMOD " + strings.Join(params[:14], " ") + " :a b", append(append([]string(nil), params[:14]...), "a b")},
		{"SMOD " + strings.Join(params, " ") + " a b c", append(append([]string(nil), params...), "a b c")},
	} {
		e, err := NewCodec(full).Decode(":001 " + tt.line)
		got, _ := e.Body.(s2s.Housekeeping)
		if err != nil || strings.Join(got.Params, "|") != strings.Join(tt.want, "|") {
			t.Errorf("%s: %q, %v", tt.line, got.Params, err)
		}
	}
}

// TestSecrets holds that no event, error or line made of one has a password or what a client says to a mechanism.
func TestSecrets(t *testing.T) {
	c := NewCodec(full)
	for _, line := range []string{"PASS :hunter2", "PASS hunter2", ":hub.example.net SASL services.example.net 001AAAAAA C hunter2"} {
		e, err := c.Decode(line)
		if err != nil {
			t.Fatal(err)
		}
		data, _ := json.Marshal(e)
		lines, err := c.Encode(e)
		if strings.Contains(fmt.Sprint(string(data), lines, err), "hunter2") {
			t.Errorf("%s: %s, %q, %v", line, data, lines, err)
		}
		if _, ok := e.Body.(s2s.SASL); ok && err == nil {
			t.Errorf("%s was written as %q", line, lines)
		}
	}
	_, err := c.Decode(":hunter2 PASS hunter2")
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}

func TestExtendedBans(t *testing.T) {
	for _, tt := range [][2]string{
		{"~a:name", "~account:name"}, {"~q:~a:x", "~quiet:~account:x"}, {"~t:60:~q:~n:n!u@h", "~time:60:~quiet:~nickchange:n!u@h"},
		{"~f:#c:*!*@h", "~forward:#c:*!*@h"}, {"~m:external:~a:x", "~msgbypass:external:~account:x"}, {"~T:censor:*x:~a:y*", "~text:censor:*x:~a:y*"},
		{"*!*@h", "*!*@h"}, {"~", "~"}, {"~:x", "~:x"}, {"~z:x", "~z:x"}, {"~a", "~a"}, {"~unknown:x", "~unknown:x"},
	} {
		if got := namedBan(tt[0]); got != tt[1] {
			t.Errorf("%s by name is %s, want %s", tt[0], got, tt[1])
		}
		if got := namedBan(tt[1]); got != tt[1] {
			t.Errorf("%s by name is %s", tt[1], got)
		}
		if got := letteredBan(tt[1]); got != tt[0] {
			t.Errorf("%s by letter is %s, want %s", tt[1], got, tt[0])
		}
	}
}

// TestPeersWithout holds what is written to peers that do not understand everything.
func TestPeersWithout(t *testing.T) {
	burst := s2s.Event{Source: "001", Tags: "msgid=x", Body: s2s.ChannelBurst{Channel: "#c", TS: 5,
		Lists: []s2s.ListEntry{{Letter: "b", Mask: "~account:x", SetBy: "a", SetAt: 7}}}}
	swhois := s2s.Event{Source: "001", Body: s2s.SWhois{User: "a", Tag: "oper", Priority: 1, Text: "x"}}
	for _, tt := range []struct {
		f    Features
		e    s2s.Event
		want string
	}{
		{Features{}, burst, `:001 SJOIN 5 #c :&~a:x`},
		{Features{Tags: true}, burst, `@msgid=x :001 SJOIN 5 #c :&~a:x`},
		{Features{Setters: true, NamedBans: true}, burst, `:001 SJOIN 5 #c :<7,a>&~account:x`},
		{Features{}, swhois, ":001 SWHOIS a :x"},
		{Features{SWhois: true}, swhois, ":001 SWHOIS a + oper 1 :x"},
		{Features{}, s2s.Event{Source: "001", Body: s2s.ChannelModes{Channel: "#c", Modes: "+b", Params: []string{"~account:x"}}}, ":001 MODE #c +b ~a:x 0"},
	} {
		lines, err := NewCodec(tt.f).Encode(tt.e)
		if err != nil || strings.Join(lines, "|") != tt.want {
			t.Errorf("%+v: %q, %v, want %s", tt.f, lines, err, tt.want)
		}
	}
	if _, err := NewCodec(Features{}).Encode(s2s.Event{Body: s2s.ModeLock{Channel: "#c"}}); err == nil {
		t.Error("MLOCK was written to a peer that has not negotiated it")
	}
}

// TestSplitting holds the limits of lines that are written, and that nothing is lost between them.
func TestSplitting(t *testing.T) {
	spec, _ := irc.ParseModeSpec("beI,k,l,imnt", "(ov)@+")
	f := full
	f.ChanModes = &spec
	var burst s2s.ChannelBurst
	modes := s2s.ChannelModes{Channel: "#c", Modes: "+", TS: 5, HasTS: true}
	for i := range 200 {
		burst.Members = append(burst.Members, s2s.Member{User: s2s.UID(fmt.Sprintf("001AA%04d", i)), Status: "ov"})
		mask := fmt.Sprintf("*!*@%d.example.net", i)
		burst.Lists = append(burst.Lists, s2s.ListEntry{Letter: "b", Mask: mask, SetBy: "nick!user@host.example.net", SetAt: 1700000000})
		modes.Modes += "b"
		modes.Params = append(modes.Params, mask)
	}
	burst.Channel, burst.TS, burst.HasModes, burst.Modes = "#c", 5, true, "+nt"
	facts := s2s.ServerInfo{Kind: "PROTOCTL"}
	for i := range 40 {
		facts.Facts = append(facts.Facts, s2s.Fact{Key: fmt.Sprint("T", i), Value: strings.Repeat("x", i)})
	}
	var members, lists, params, tokens int
	for _, e := range []s2s.Event{{Source: "001", Body: burst}, {Source: "001", Body: modes}, {Body: facts}} {
		lines, err := NewCodec(f).Encode(e)
		if err != nil || len(lines) < 3 {
			t.Fatal(e.Body.Name(), len(lines), err)
		}
		for i, line := range lines {
			if len(line) > MaxLine {
				t.Errorf("%d bytes: %s", len(line), line)
			}
			back, err := NewCodec(f).Decode(line)
			if err != nil {
				t.Fatal(err)
			}
			switch b := back.Body.(type) {
			case s2s.ChannelBurst:
				members, lists = members+len(b.Members), lists+len(b.Lists)
				if b.HasModes != (i == 0) || b.TS != 5 {
					t.Errorf("line %d: %s", i, line)
				}
			case s2s.ChannelModes:
				params += len(b.Params)
				if len(b.Params) > maxModeParams || b.TS != 5 {
					t.Errorf("line %d: %s", i, line)
				}
			case s2s.ServerInfo:
				tokens += len(b.Facts)
				if len(b.Facts) > maxTokens {
					t.Errorf("line %d: %s", i, line)
				}
			}
		}
	}
	if members != 200 || lists != 200 || params != 200 || tokens != 40 {
		t.Errorf("%d members, %d list entries, %d parameters, %d tokens", members, lists, params, tokens)
	}
	if _, err := NewCodec(full).Encode(s2s.Event{Source: "001", Body: modes}); err == nil {
		t.Error("200 parameters were written without knowing what takes one")
	}
}

// TestOwnTags holds that no line of ours has a longer tag section than UnrealIRCd survives.
func TestOwnTags(t *testing.T) {
	long := "json=" + strings.Repeat("x", 5000)
	many := strings.TrimSuffix(strings.Repeat("a=bbbbbbbb;", 600), ";")
	for tags, want := range map[string]string{"": "", "a=b": "a=b", long: "", "a=b;" + long + ";c=d": "a=b;c=d", many: many[:11*372-1]} {
		lines, err := NewCodec(full).Encode(s2s.Event{Source: "001AAAAAA", Tags: tags, Body: s2s.Away{}})
		if err != nil {
			t.Fatal(err)
		}
		var m irc.Message
		if err := m.Parse(lines[0]); err != nil || len(m.Tags) > MaxOwnTags || m.Tags != want {
			t.Errorf("%.20s: %d bytes of tags, %v", tags, len(m.Tags), err)
		}
	}
}

// TestLongText holds that text is cut where the receiver would cut it, between characters.
func TestLongText(t *testing.T) {
	text := strings.Repeat("ü", 400)
	for _, tt := range []struct {
		f    Features
		want int
	}{{full, MaxLine}, {Features{}, MaxLine - len(":001AAAAAA PRIVMSG #c :") - 1}} {
		lines, err := NewCodec(tt.f).Encode(s2s.Event{Source: "001AAAAAA", Body: s2s.Message{Kind: s2s.Privmsg, Target: "#c", Text: text}})
		if err != nil || len(lines[0])-len(":001AAAAAA PRIVMSG #c :") != tt.want {
			t.Errorf("%d bytes, %v", len(lines[0]), err)
		}
	}
	lines, err := NewCodec(full).Encode(s2s.Event{Source: "001", Body: s2s.Metadata{Kind: "globalvar", Key: "v", Value: strings.Repeat("x", 9000)}})
	if err != nil || len(lines[0]) < 9000 {
		t.Errorf("%d bytes of MD, %v", len(lines[0]), err)
	}
}

// TestLongLine holds that only text is cut where lines are short.
func TestLongLine(t *testing.T) {
	long := strings.Repeat("x", 300)
	for _, b := range []s2s.Body{s2s.Kick{Channel: "#" + long, User: s2s.Ref(long)}, s2s.Query{Command: "WHOIS", Params: []string{long, long}}} {
		if lines, err := NewCodec(Features{}).Encode(s2s.Event{Source: "001AAAAAA", Body: b}); err == nil {
			t.Errorf("%s was cut: %q", b.Name(), lines)
		}
	}
}

// TestCannotSay holds that what the protocol has no words for is refused, and so is what would be another line.
func TestCannotSay(t *testing.T) {
	nick := "x"
	for _, e := range []s2s.Event{
		{}, {Body: s2s.UserSaved{}}, {Body: s2s.Oper{}}, {Body: s2s.ListBurst{}}, {Body: s2s.Resync{}}, {Body: s2s.NickHold{}},
		{Body: s2s.Unknown{}}, {Body: s2s.Unknown{Line: "a\nb"}}, {Body: s2s.Message{Kind: s2s.Echo}},
		{Body: s2s.Message{Kind: s2s.Privmsg, TargetKind: s2s.TargetHostMask, Target: "x"}},
		{Body: s2s.UserChanged{User: "a", Nick: &nick}}, {Body: s2s.UserChanged{User: "a", Host: &nick, IfTS: 5}}, {Body: s2s.UserChanged{User: "a"}},
		{Body: s2s.UserKilled{User: "a", IfTS: 5}}, {Body: s2s.Query{Command: "KICK"}}, {Body: s2s.Housekeeping{Command: "SVSMODE"}},
		{Body: s2s.Force{Action: "login"}}, {Body: s2s.Force{Action: "sasl", User: "a"}}, {Body: s2s.Force{Action: "nick", User: "a"}},
		{Body: s2s.Topic{Channel: "#c", Rule: s2s.TopicETB}}, {Body: s2s.Join{Channel: "#c", HasTS: true}}, {Body: s2s.Invite{User: "a", Channel: "#c", Notice: true}},
		{Body: s2s.NetworkBan{Kind: "resv", Host: "x"}}, {Body: s2s.NetworkBan{Kind: "gline", Host: "x", SetBy: "a", Duration: 5}},
		{Source: "001", Body: s2s.UserQuit{}}, {Source: "alice", Body: s2s.EndOfBurst{}}, {Source: "alice", Body: s2s.UserQuit{Reason: "a\r\nQUIT"}}, {Source: "a b", Body: s2s.Away{}}, {Tags: "a b", Source: "a", Body: s2s.Away{}},
		{Body: s2s.Kick{Channel: "#a b", User: "x"}}, {Body: s2s.Kick{Channel: "", User: "x"}}, {Body: s2s.Kick{Channel: ":a", User: "x"}},
		{Body: s2s.UserIntroduced{Nick: "a", Ident: "a", RealHost: "h", UID: "001AAAAAA", IP: "nonsense"}},
		{Body: s2s.ChannelBurst{Channel: "#c", Members: []s2s.Member{{User: "001AAAAAA", Status: "y"}}}},
		{Body: s2s.ChannelBurst{Channel: "#c", Members: []s2s.Member{{User: "@01AAAAAA"}}}},
		{Body: s2s.ChannelBurst{Channel: "#c", Lists: []s2s.ListEntry{{Letter: "q", Mask: "x"}}}},
		{Body: s2s.ChannelBurst{Channel: "#c", Lists: []s2s.ListEntry{{Letter: "b", Mask: ""}}}},
		{Body: s2s.ChannelBurst{Channel: "#c", Lists: []s2s.ListEntry{{Letter: "b", Mask: "x", SetBy: "a>b", SetAt: 5}}}},
		{Body: s2s.ChannelBurst{Channel: "#c", Lists: []s2s.ListEntry{{Letter: "b", Mask: strings.Repeat("x", 500)}}}},
		{Body: s2s.Kick{Channel: "#" + strings.Repeat("x", MaxLine), User: "x"}},
		{Body: s2s.Numeric{Code: 1000, Target: "a"}}, {Body: s2s.StandardReply{User: "a", Kind: "FOO"}}, {Body: s2s.ServerInfo{Kind: "GCAP"}},
		{Body: s2s.ServerInfo{Kind: "SINFO"}},
	} {
		sources := []s2s.Ref{e.Source}
		if e.Source == "" { // whoever says it
			sources = []s2s.Ref{"", "001", "alice"}
		}
		for _, e.Source = range sources {
			if lines, err := NewCodec(full).Encode(e); err == nil {
				t.Errorf("%+v was written as %q", e, lines)
			}
		}
	}
}

// TestSeveralProperties holds that a change of several properties is said in as many lines.
func TestSeveralProperties(t *testing.T) {
	a, b, c, none := "id", "host", "Real name", ""
	e := s2s.Event{Source: "001AAAAAA", Body: s2s.UserChanged{User: "001AAAAAA", Ident: &a, Host: &b, Realname: &c, Account: &none}}
	lines, err := NewCodec(full).Encode(e)
	want := ":001AAAAAA SETIDENT id|:001AAAAAA SETHOST host|:001AAAAAA SETNAME :Real name|:001AAAAAA SVSLOGIN * 001AAAAAA 0"
	if got := strings.Join(lines, "|"); err != nil || got != want {
		t.Errorf("%s, %v", got, err)
	}
}
