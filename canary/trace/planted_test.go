package trace_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"robustirc/canary/trace"
	"robustirc/core/irc"
	"robustirc/s2s"
	"robustirc/s2s/ts6"
	"robustirc/s2s/unreal"
)

// In the lines below stand, each time another one: {T} a text, {H} a host name, {I} an address, {B} an address in base64,
// {R} a text without spaces, {S} a secret, {K} a channel key.
var planted = map[string][]string{
	"ts6": {
		"PASS {S} TS 6 :00A", "CAPAB :QS EX IE ENCAP", "SERVER hub.example.net 1 :{T}", "SERVER hub.example.net 1 1HA + :{T}",
		":00A SID leaf.example.net 2 00B :{T}", ":1HA SID leaf.example.net 2 1HB + :{T}", ":00A SQUIT 00B :{T}", "ERROR :{T}",
		":00A EUID alice 1 1700000000 +i ~al {H} {I} 00AAAAAAA {H} acct :{T}",
		":00A EUID bob 1 1700000000 +i bob {I} {I} 00AAAAAAB * * :{T}",
		":00A UID alice 1 1700000000 +i ~al {H} {I} 00AAAAAAC :{T}",
		":1HA UID alice 1 1700000000 +i ~al {H} {H} {I} 1HAAAAAAA acct :{T}",
		":00AAAAAAA QUIT :{T}", ":00AAAAAAA QUIT :Quit: {T}", ":00AAAAAAA QUIT :Killed (op ({T}))", ":00AAAAAAA QUIT :K-Lined {T}", ":00AAAAAAB KILL 00AAAAAAA :hub.example.net!{H}!oper!oper ({T})",
		":00A KILL 00AAAAAAA :hub.example.net ({T})", ":00AAAAAAA AWAY :{T}", ":00AAAAAAA CHGHOST 00AAAAAAA {H}",
		":00A ENCAP * CHGHOST 00AAAAAAA {H}", ":00AAAAAAA SIGNON alice al {H} 1700000000 acct", ":00AAAAAAA ENCAP * CERTFP :{S}",
		":1HAAAAAAA CERTFP :{S}", ":00AAAAAAA ENCAP * REALHOST {H}", ":00A SJOIN 1700000000 #c +ntlk 10 {K} :@00AAAAAAA +00AAAAAAB",
		":00A SJOIN 1700000000 #c +kntl {K} 10 :@00AAAAAAA", ":00AAAAAAA TMODE 1700000000 #c +kob {K} 00AAAAAAB *!*@{H}",
		":00AAAAAAA TMODE 1700000000 #c -k+l {K} 20", ":00AAAAAAA TMODE 1700000000 #c +kX {K} {K} {K}",
		":00A MODE #c +k {K}", ":00AAAAAAA PART #c :\"{T}\"", ":00AAAAAAA PART #c,#d :{T}", ":00AAAAAAA KICK #c 00AAAAAAB :{T}",
		":00AAAAAAA REMOVE #c 00AAAAAAB :{T}", ":00A BMASK 1700000000 #c b :*!*@{H} a!b@{I} *!*@{I}/24 $r:{R} $x:a!b@{H}#{R} $j:#d",
		":00A EBMASK 1700000000 #c b :*!*@{H} 1700000000 op!o@{H} *!*@*.{H} 1700000000 hub.example.net",
		":00AAAAAAA TOPIC #c :{T}", ":00A TOPIC #c op!o@{H} 1700000000 :{T}", ":00A TB #c 1700000000 op!o@{H} :{T}", ":00A TB #c 1700000000 :{T}",
		":00A ETB 0 #c 1700000000 op!o@{H} :{T}", ":1HA TBURST 1700000000 #c 1700000000 op!o@{H} :{T}", ":00AAAAAAA KNOCK #c :{T}",
		":00AAAAAAA PRIVMSG #c :{T}", ":00AAAAAAA PRIVMSG @#c :{T}", ":00AAAAAAA NOTICE #c :{T}", ":00AAAAAAA PRIVMSG 00AAAAAAB :{T}",
		":00AAAAAAA PRIVMSG #c :\x01ACTION {T}\x01", ":00AAAAAAA PRIVMSG #c :\x01SECRET {T}\x01", ":00AAAAAAA PRIVMSG $$*.example.net :{T}",
		":00AAAAAAA PRIVMSG NickServ :IDENTIFY {S}", ":00AAAAAAA PRIVMSG NickServ@services.example.net :IDENTIFY alice {S}",
		":00AAAAAAA PRIVMSG #c :/msg NickServ IDENTIFY {S}", ":00AAAAAAA PRIVMSG #c :identify {S}",
		":00A SID services.example.net 2 00S :{T}", ":00S EUID Helper 2 1700000000 +i svc {H} 0 00SAAAAAC * * :{T}", ":00AAAAAAA PRIVMSG 00SAAAAAC :{S}", ":00S EUID Guardian 2 1700000000 +S svc {H} 0 00SAAAAAB * * :{T}",
		":00AAAAAAA PRIVMSG 00SAAAAAB :set password {S}", ":00SAAAAAB NOTICE 00AAAAAAA :your password is {S}",
		":00AAAAAAA ECHO P 00AAAAAAB :{T}", ":00AAAAAAA WALLOPS :{T}", ":00AAAAAAA OPERWALL :{T}", ":1HAAAAAAA GLOBOPS :{T}",
		":1HAAAAAAA LOCOPS * :{T}", ":00A ENCAP * ADMINWALL :{T}", ":00A ENCAP * SNOTE s :{T}", ":00AAAAAAA ENCAP * OPERSPY WHO :{T}",
		":00A NOTICE * :{T}", "NOTICE * :{T}", ":00AAAAAAA BAN K * {H} 1700000000 60 60 op!o@{H} :{T}|{T}", ":00AAAAAAA BAN X * {R} 1700000000 60 60 * :{T}",
		":00AAAAAAA BAN R * badnick 1700000000 60 60 * :{T}", ":00AAAAAAA KLINE * 60 * {H} :{T}|{T}", ":00AAAAAAA ENCAP * KLINE 60 u* {I} :{T}",
		":00AAAAAAA UNKLINE * * {H}", ":00AAAAAAA ENCAP * UNKLINE * {H}", ":00AAAAAAA DLINE * 60 {I} :{T}", ":00AAAAAAA ENCAP * DLINE 60 {I}/24 :{T}",
		":00AAAAAAA ENCAP * XLINE 60 {R} 2 :{T}", ":00AAAAAAA ENCAP * UNXLINE {R}", ":1HAAAAAAA XLINE * {R} 60 :{T}", ":00AAAAAAA ENCAP * RESV 60 #bad 0 :{T}",
		":00S ENCAP hub.example.net SVSLOGIN 00AAAAAAA alice al {H} acct", ":00S ENCAP hub.example.net SASL 00SAAAAAA 00AAAAAAA C {S}",
		":00A ENCAP services.example.net SASL 00AAAAAAA * H {H} {I} P", ":00A ENCAP services.example.net SASL 00AAAAAAA 00SAAAAAA S EXTERNAL {S}",
		":00A ENCAP services.example.net SASL 00AAAAAAA 00SAAAAAA C :{S}", ":1HS SVSHOST 1HAAAAAAA 1700000000 {H}",
		":1HS SVSPART 1HAAAAAAA #c :{T}", ":1HS SVSJOIN 1HAAAAAAA #c {K}", ":1HS SVSKILL 1HAAAAAAA 1700000000 :{T}",
		":1HS SVSTAG 1HAAAAAAA 1700000000 320 +x :{T}", ":1HS METADATA client 1HAAAAAAA certfp :{S}", ":1HS METADATA client 1HAAAAAAA anything :{S}",
		"@time=2026-01-01T00:00:00.000Z;msgid=abc;solanum.chat/ip={I};+secret={S};label={S} :00AAAAAAA PRIVMSG #c :{T}",
		":00A 311 00GAAAAAA alice al {H} * :{T}", ":00A 301 00GAAAAAA alice :{T}", ":00A 404 00GAAAAAA #c :{T}", ":00A 999 00GAAAAAA {R} {R} :{T}",
		":00AAAAAAA FROBNICATE {S} {S} :{T}", ":00A ENCAP * FROBNICATE {S} :{T}", ":00AAAAAAA NICK", "{S}", ":00AAAAAAA IDENTIFY {S}", ":00AAAAAAA NS IDENTIFY {S}",
	},
	"unreal": {
		"PASS :{S}", "PROTOCTL EAUTH=hub.example.net,6100,Fhn6OoE,UnrealIRCd-6.1.8.1", "PROTOCTL NOQUIT NICKv2 SJOIN SECRET={S} {S}",
		"SERVER hub.example.net 1 :U6100-Fhn6OoE-001 {T}", ":001 SID leaf.example.net 2 002 :{T}", ":001 SDESC :{T}",
		"NETINFO 10 1700000000 6100 {S} 0 0 0 :ExampleNet", "ERROR :{T}", "SQUIT leaf.example.net :{T}",
		":001 UID alice 0 1700000000 al {H} 001AAAAAA acct +ix {H} {H} {B} :{T}", ":001 UID bob 0 1700000000 bob {I} 001AAAAAB 0 +i * * {B} :{T}",
		":001AAAAAA QUIT :{T}", ":001AAAAAB KILL 001AAAAAA :{T}", ":001AAAAAB SVSKILL 001AAAAAA :{T}", ":alice AWAY :{T}", ":alice SETHOST {H}",
		":alice SETNAME :{T}", ":001AAAAAB CHGHOST 001AAAAAA {H}", ":001AAAAAB CHGNAME alice :{T}", ":001 SWHOIS 001AAAAAA + oper 0 :{T}", ":001 SWHOIS alice :{T}",
		":001 SJOIN 1700000000 #c +ntkl {K} 10 :@001AAAAAA <1700000000,op!o@{H}>&*!*@{H} &~realname:{R} \"*!*@{I} '~account:acct",
		":001AAAAAA MODE #c +kv {K} bob", ":001AAAAAA MODE #c -k {K}", ":001 MODE #c +kob {K} bob *!*@{H} 1700000000", ":001AAAAAA MODE #c +kZ {K} {K}",
		":001AAAAAA MODE #c +b ~time:10:~realname:{R}", ":001AAAAAA MODE #c +b ~certfp:{S}", ":001AAAAAA MODE #c +b ~text:block:{R}",
		":alice PART #c :{T}", ":001AAAAAA KICK #c 001AAAAAB :{T}", ":001AAAAAA TOPIC #c alice!al@{H} 1700000000 :{T}", "TOPIC #c alice 1700000000 :{T}",
		":alice PRIVMSG #c :{T}", ":alice NOTICE @#c :{T}", ":001AAAAAA PRIVMSG 001AAAAAB :{T}", ":alice PRIVMSG NickServ@services.example.net :IDENTIFY {S}",
		":001AAAAAA KNOCK #c :{T}", ":alice WALLOPS :{T}", ":001 SENDUMODE o :{T}", ":001 SENDSNO s :{T}", ":001 SLOG info link LINK :{T}", ":001 SREPLY 001AAAAAA F :CODE CTX {T}",
		":services.example.net SVSPART 001AAAAAA #c :{T}", ":services.example.net SVSJOIN 001AAAAAA #c {K}", ":services.example.net SVSMODE alice +d acct",
		":hub.example.net SASL services.example.net 001AAAAAA C {S}", ":hub.example.net SASL services.example.net 001AAAAAA H {H} {I} P",
		":hub.example.net SASL services.example.net 001AAAAAA S EXTERNAL {S}",
		":hub.example.net TKL + G u {H} op!o@{H} 0 1700000000 :{T}", ":hub.example.net TKL + Z * {I} op!o@{H} 0 1700000000 :{T}", ":hub.example.net TKL - G u {H} op!o@{H}",
		":hub.example.net TKL + G ~realname: {R} op 0 1700000000 :{T}", ":hub.example.net TKL + F cpn block op!o@{H} 0 1700000000 60 {R} simple :{T}",
		":hub.example.net TKL + G %u %{H} op 0 1700000000 :{T}", ":hub.example.net TKL + E u {H} op!o@{H} 0 1700000000 gz :{T}", ":hub.example.net TKL + Q * badnick op!o@{H} 0 1700000000 :{T}",
		":001 MD client 001AAAAAA certfp :{S}", ":001 MD client 001AAAAAA webirc :{S}", ":001 MD client 001AAAAAA geoip :{S}", ":001 MD client 001AAAAAA unheard :{S}",
		"@s2s-md/certfp={S};s2s-md/geoip={S};s2s-md/tls_cipher={S} :001 UID eve 0 1700000000 e {H} 001AAAAAE 0 +i * {H} {B} :{T}",
		"@msgid=x;unrealircd.org/userhost=a@{H};unrealircd.org/userip=a@{I};unrealircd.org/geoip={S} :alice PRIVMSG #c :{T}",
		"@unrealircd.org/real-quit-reason={R} :alice QUIT :{T}", "@unrealircd.org/json-log={S} :001 SLOG info link LINK :{T}",
		":001 REPUTATION {I} 10", ":001 SVSNLINE + {R} :{T}", ":001 SQLINE badnick :{T}", ":001 TEMPSHUN +alice :{T}", ":001 RRPC x {S}",
		":hub.example.net 378 gwuser alice :{T}", ":hub.example.net 276 gwuser alice :{T}", ":alice FROBNICATE {S} :{T}", ":alice IDENTIFY {S}",
	},
	"op": {
		"PASS gateway={S}", "GATEWAY canary firehose", "USER 00AAAAAAA alice al {H} {I} 1700000000 acct * +i :{T}", "GONE 00AAAAAAA 00AAAAAAB :{T}",
		"KILL 00AAAAAAA op!o@{H} :{T}", "HOST 00AAAAAAA al {H} {I}", "REALNAME 00AAAAAAA :{T}", "AWAY 00AAAAAAA :{T}", "CHANNEL #c 1700000000 hub.example.net +ntk {K}",
		"CHANNEL #c 1700000000 op!o@{H} +kl {K} 10", "MODE #c op!o@{H} +kb {K} *!*@{H}", "ENTRY #c +b *!*@{H} op!o@{H} 1700000000", "TOPIC #c op!o@{H} 1700000000 :{T}",
		"PARTED #c 00AAAAAAA :{T}", "KICK #c 00AAAAAAA op!o@{H} :{T}", "INVITE 00AAAAAAA #c op!o@{H}", "SAY PRIVMSG op!o@{H} #c :{T}",
		"SAY NOTICE NickServ!s@{H} 00AAAAAAA :{S}", "WALLOPS op!o@{H} :{T}", "BAN kline u@{H} op!o@{H} 1700000000 0 :{T}", "BAN dline {I} op 1700000000 0 :{T}", "UNBAN kline u@{H}",
		":00AAAAAAA JOIN #c,#d {K},{K}", ":00AAAAAAA PRIVMSG #c :{T}", ":00AAAAAAA PRIVMSG nickserv :{S}", ":00AAAAAAA TOPIC #c :{T}", ":00AAAAAAA QUIT :{T}", ":00AAAAAAA AWAY :{T}",
		":00AAAAAAA PART #c :{T}", ":00AAAAAAA KICK #c bob :{T}", ":00AAAAAAA MODE #c +kb {K} *!*@{H}", ":00AAAAAAA MODE #c +kzb {K} {K} {K}", "UNHEARD {S} :{T}",
	},
	"client": {
		":alice!al@{H} PRIVMSG #c :{T}", ":alice!al@{H} NOTICE bob :{T}", ":alice!al@{I} QUIT :{T}", ":alice!al@{H} PART #c :{T}", ":alice!al@{H} KICK #c bob :{T}",
		":alice!al@{H} TOPIC #c :{T}", ":alice!al@{H} JOIN #c acct :{T}", ":alice!al@{H} AWAY :{T}", ":alice!al@{H} CHGHOST al {H}", ":alice!al@{H} SETNAME :{T}",
		":alice!al@{H} MODE #c +kb {K} *!*@{H}", ":alice!al@{H} MODE #c -k {K}", ":alice!al@{H} WALLOPS :{T}", ":alice!al@{H} KILL bob :{T}", "ERROR :{T}", ":NickServ!s@{H} NOTICE bob :{S}",
		":net 001 bob :{T}", ":net 301 bob alice :{T}", ":net 302 bob :alice=+al@{H} eve*=-e@{I}", ":net 311 bob alice al {H} * :{T}", ":net 314 bob alice al {H} * :{T}", ":net 312 bob alice net :{T}",
		":net 320 bob alice :{T}", ":net 322 bob #c 5 :{T}", ":net 324 bob #c +ntk {K}", ":net 328 bob #c :{T}", ":net 332 bob #c :{T}", ":net 333 bob #c op!o@{H} 1700000000", ":net 338 bob alice {I} :{T}",
		":net 338 bob alice al@{H} {I} :{T}", ":net 346 bob #c *!*@{H} op!o@{H} 1700000000", ":net 352 bob #c al {H} net alice H :0 {T}", ":net 353 bob = #c :@alice!al@{H} +eve!e@{I}", ":net 354 bob 152 #c al {I} {H} net alice H 0 5 acct :{T}",
		":net 367 bob #c *!*@{H} op!o@{H} 1700000000", ":net 372 bob :{T}", ":net 378 bob alice :{T}", ":net 396 bob {H} :{T}", ":net 421 bob {R} :{T}", ":net 432 bob {R} :{T}", ":net 728 bob #c q *!*@{H} op!o@{H} 1700000000",
		":net 730 bob :alice!al@{H}", ":net 900 bob bob!b@{H} acct :{T}", ":net 276 bob alice :{T}", "AUTHENTICATE {S}", ":net CAP * LS :sasl=PLAIN multi-prefix secret={S}", ":net FAIL JOIN CODE :{T}",
		":net USER 00AAAAAAA alice al {H} {I} 1700000000 acct * +i 1f :{T}", ":net AWAY 00AAAAAAA :{T}", ":net ENTRY #c +b *!*@{H} op!o@{H} 1700000000", ":net TOPIC #c op!o@{H} 1700000000 :{T}", ":net CHANNEL #c 1700000000 +ntk {K}",
		":net REPAIRED 00AAAAAAA TOPIC #c :{T}", ":net REFUSED KICK 00AAAAAAA :{T}", ":net REFUSED BAN u@{H} :{T}", ":net GATEWAY canary NICKLEN=30 SECRET={S}", "@time=2026-01-01T00:00:00.000Z;label={S} :alice!al@{H} PRIVMSG #c :{T}", ":net UNHEARD {S} :{T}", ":net 999 bob {R} :{T}",
	},
	"sent": {
		"PASS {S}", "PASS :nickserv={S}", "OPER admin {S}", "AUTHENTICATE {S}", "NICK alice", "USER al 0 * :{T}", "JOIN #c {K}", "PRIVMSG NickServ :IDENTIFY {S}", "NS IDENTIFY {S}", "NICKSERV :identify {S}", "IDENTIFY {S}",
		"PRIVMSG #c :{T}", "MODE #c +k {K}", "MODE #c +b *!*@{H}", "TOPIC #c :{T}", "QUIT :{T}", "AWAY :{T}", "UNHEARD {S}",
	},
}

// planter makes lines of which every planted string is another one, and remembers them.
type planter struct {
	n       int
	planted []string
	secrets []string // those of them that are secrets
}

var placeholder = regexp.MustCompile(`\{[THIBSKR]\}`)

func (p *planter) line(pattern string) string {
	return placeholder.ReplaceAllStringFunc(pattern, func(kind string) string {
		p.n++
		s, search := "", ""
		switch kind[1] {
		case 'T':
			s = fmt.Sprintf("planted%05d word%05d, more", p.n, p.n)
			search = fmt.Sprintf("word%05d", p.n)
		case 'H':
			s = fmt.Sprintf("host%05d.domain%05d.example", p.n, p.n)
			search = fmt.Sprintf("domain%05d", p.n)
		case 'I':
			s = fmt.Sprintf("198.18.%d.%d", p.n/250, p.n%250)
		case 'B':
			s = base64.StdEncoding.EncodeToString([]byte{198, 18, byte(p.n / 250), byte(p.n % 250)})
		case 'S':
			s = fmt.Sprintf("hunter%05dX", p.n)
		case 'R':
			s = fmt.Sprintf("word%05d", p.n)
		case 'K':
			s = fmt.Sprintf("key%05d", p.n)
		}
		if search == "" {
			search = s
		}
		p.planted = append(p.planted, search)
		if kind[1] == 'S' || kind[1] == 'K' {
			p.secrets = append(p.secrets, search)
		}
		return s
	})
}

// runPlanted writes all lines of a protocol, and everything else that a run has, and returns what was planted and all
// that came out of it: the files as they are, their records as text and as JSON, and the log.
func runPlanted(t *testing.T, protocol string, keep bool) (p *planter, out string) {
	t.Helper()
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	defer slog.SetDefault(before)
	dir := t.TempDir()
	w, err := trace.NewWriter(trace.Options{Dir: dir, KeepText: keep, Header: trace.Header{RunID: "planted", Protocol: protocol, Started: time.Unix(1_800_000_000, 0)}})
	if err != nil {
		t.Fatal(err)
	}
	p = &planter{}
	add := func(kind trace.Kind, name, line string) { w.Append(&trace.Record{Kind: kind, Name: name, Line: line}) }
	for range 3 {
		for _, l := range planted[protocol] {
			add(trace.KindLinkIn, "", p.line(l))
			add(trace.KindLinkOut, "", p.line(l))
		}
		for _, l := range planted["op"] {
			add(trace.KindOp, "", p.line(l))
		}
		for _, l := range planted["client"] {
			add(trace.KindOutput, "", p.line(l))
			add(trace.KindProbe, "probe-1", p.line(l))
		}
		for _, l := range planted["sent"] {
			add(trace.KindProbeSent, "probe-1", p.line(l))
		}
	}
	if !keep { // what the program says itself is its own affair, but that is held too
		add(trace.KindNote, "note", p.line("error={S} n=5 took=3.5ms {T}"))
		add(trace.KindGap, "", p.line(`{"from":1,"to":2,"lines":2,"reason":"{T}","text":"{S}"}`))
		add(trace.KindLinkDown, "hub", p.line(`{"peer":"hub","reason":"closed","detail":"{T} {H}","text":"{S}"}`))
		add(trace.KindLinkUp, "hub", p.line(`{"peer":"{T}","capabilities":["{S}"],"software":"{T}","text":"{S}"}`))
		add(trace.KindCheckpoint, "hub", p.line(`{"name":"{T}","digest":"{S}","counts":{"{T}":5}}`))
		add(trace.KindAcked, "", p.line("{S}"))
		add(trace.KindHeader, "", p.line("{S}"))
		add(trace.Kind(200), p.line("{T}"), p.line("{S}"))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return p, dump(t, dir) + log.String()
}

// dump is all that is in a folder of captures, in every form that can be had of it.
func dump(t *testing.T, dir string) string {
	t.Helper()
	var b bytes.Buffer
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(data)
	}
	r, err := trace.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		var rec trace.Record
		if err := r.Next(&rec); errors.Is(err, io.EOF) {
			return b.String()
		} else if err != nil {
			t.Fatal(err)
		}
		js, err := rec.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(rec.AppendText(append(js, '\n')), '\n'))
		b.WriteString(rec.Line)
	}
}

// TestNothingPlantedIsStored is the acceptance test of C-34: over 1,000 unique secrets, texts and addresses in the
// fields of the commands of both protocols, of gateway lines, of outputs and of probes, none of which is written.
func TestNothingPlantedIsStored(t *testing.T) {
	for _, protocol := range []string{"ts6", "unreal"} {
		p, out := runPlanted(t, protocol, false)
		if len(p.planted) < 1000 {
			t.Errorf("%s: only %d strings were planted", protocol, len(p.planted))
		}
		lower := irc.ASCII.Fold(out)
		for _, s := range p.planted {
			if i := strings.Index(lower, irc.ASCII.Fold(s)); i >= 0 {
				t.Errorf("%s: %s is stored: …%q…", protocol, s, out[max(0, i-200):min(len(out), i+60)])
			}
		}
		t.Logf("%s: %d planted strings", protocol, len(p.planted))
	}
}

// TestKeptTextHoldsNoSecrets holds that secrets are taken out of a capture that keeps texts, and texts are not.
func TestKeptTextHoldsNoSecrets(t *testing.T) {
	for _, protocol := range []string{"ts6", "unreal"} {
		p, out := runPlanted(t, protocol, true)
		for _, s := range p.secrets {
			if i := strings.Index(out, s); i >= 0 {
				t.Errorf("%s: %s is stored: …%q…", protocol, s, out[max(0, i-200):min(len(out), i+60)])
			}
		}
		kept := 0
		for _, s := range p.planted {
			if strings.Contains(out, s) {
				kept++
			}
		}
		if kept < len(p.planted)/2 || !strings.Contains(out, `"redacted":false`) {
			t.Errorf("%s: %d of %d strings are kept", protocol, kept, len(p.planted))
		}
	}
}

// TestRedactedLinesAreRead holds that the codecs read every planted line that they could read before, as the same event.
func TestRedactedLinesAreRead(t *testing.T) {
	for protocol, codecs := range map[string][]s2s.Codec{
		"ts6":    {ts6.NewCodec(ts6.Solanum), ts6.NewCodec(ts6.Hybrid)},
		"unreal": {unreal.CodecOf(nil)},
	} {
		red, err := trace.NewRedactor(trace.RedactorOptions{Protocol: protocol})
		if err != nil {
			t.Fatal(err)
		}
		var p planter
		read := 0
		for _, pattern := range planted[protocol] {
			line := p.line(pattern)
			redacted := red.Link(line)
			for _, c := range codecs {
				want, err := c.Decode(line)
				if err != nil {
					continue
				}
				read++
				if got, err := c.Decode(redacted); err != nil || got.Body.Name() != want.Body.Name() || got.Source != want.Source && !strings.Contains(line, "@") {
					t.Errorf("%q\n%q\n%v", line, redacted, err)
				}
			}
		}
		if read < 50 {
			t.Errorf("%s: %d lines are read", protocol, read)
		}
	}
}
