package trace

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"
)

func newRedactor(t testing.TB, protocol string) *Redactor {
	t.Helper()
	r, err := NewRedactor(RedactorOptions{Protocol: protocol, Key: []byte("a key of the tests")})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestEveryFieldOfEveryCommand plants a secret in each parameter of each command there is a rule for, of every numeric and
// of commands without rule, also in the source, the tags and inside what parameters are made of. Nothing that is no name
// must come through, wherever it stands.
func TestEveryFieldOfEveryCommand(t *testing.T) {
	for _, protocol := range []string{"ts6", "unreal"} {
		r := newRedactor(t, protocol)
		n := 0
		hush := func() string { n++; return fmt.Sprintf("Hush=%06d", n) }
		check := func(how func(string) string, line string) {
			if out := how(line); strings.Contains(out, "Hush") {
				t.Errorf("%s: %q becomes %q", protocol, line, out)
			}
		}
		for name, kind := range map[string]struct {
			rules rules
			how   func(string) string
		}{
			"link": {r.link.rules, r.Link}, "op": {opRules, r.Op}, "client": {clientRules, r.Client}, "sent": {sentRules, r.Sent},
		} {
			_ = name
			for _, command := range commandsOf(kind.rules) {
				for params := 1; params <= 13; params += 2 {
					line := command
					for range params {
						line += " " + hush()
					}
					check(kind.how, line)
					check(kind.how, ":001AAAAAA "+line+" :"+hush()+" and "+hush())
					check(kind.how, ":"+hush()+" "+line)
					check(kind.how, "@+a="+hush()+";"+hush()+"=1;msgid="+hush()+" :a!b@"+hush()+" "+line)
				}
				check(kind.how, ":00A "+command+" #c +ovbk "+strings.Repeat("a!b@"+hush()+" ", 5))
				check(kind.how, ":00A "+command+" 1 #c +k "+hush())
				check(kind.how, ":00A "+command+" $r:"+hush()+" ~text:"+hush()+" <"+hush()+">&a!b@"+hush()+" :&~x:"+hush())
			}
		}
		if n < 10_000 {
			t.Errorf("%s: only %d secrets", protocol, n)
		}
	}
}

func commandsOf(r rules) []string {
	list := []string{"UNHEARD", "PRIVMSGX"}
	for c := range r {
		list = append(list, c)
	}
	for c := range ts6Encap {
		list = append(list, "ENCAP * "+c)
	}
	for n := range 1000 {
		if n%7 == 0 || n < 20 || n > 250 && n < 500 || numericRules[fmt.Sprintf("%03d", n)] != "" {
			list = append(list, fmt.Sprintf("%03d", n))
		}
	}
	return list
}

var tokenPattern = regexp.MustCompile(`~r1:[0-9a-f]{16}:[0-9]+:[a-z.+]+`)

// TestEqualTextsHaveEqualTokens follows one text and one host from the link to the outputs, through each form they have.
func TestEqualTextsHaveEqualTokens(t *testing.T) {
	r := newRedactor(t, "ts6")
	u, err := NewRedactor(RedactorOptions{Protocol: "unreal", Key: []byte("a key of the tests")})
	if err != nil {
		t.Fatal(err)
	}
	const body = "Hello there, 42 see https://example.org/"
	texts := map[string]string{
		"TS6":             r.Link(":00AAAAAAA PRIVMSG #c :" + body),
		"UnrealIRCd":      u.Link("@msgid=x :alice PRIVMSG #c :" + body),
		"gateway":         r.Op(":00AAAAAAA PRIVMSG #c :" + body),
		"effect":          r.Op("SAY PRIVMSG a!b@c #c :" + body),
		"output":          r.Client(":alice!al@host.example PRIVMSG #c :" + body),
		"sent":            r.Sent("PRIVMSG #c :" + body),
		"topic":           r.Link(":00A TB #c 1700000000 :" + body),
		"topic, reply":    r.Client(":net 332 bob #c :" + body),
		"action":          r.Client(":alice!al@h PRIVMSG #c :\x01ACTION " + body + "\x01"),
		"quit":            r.Link(":00AAAAAAA QUIT :" + body),
		"quit, prefix":    r.Client(":alice!al@h QUIT :Quit: " + body),
		"part, in quotes": r.Link(":00AAAAAAA PART #c :\"" + body + "\""),
		"kill, path":      r.Link(":00A KILL 00AAAAAAA :hub.example.net!host!op!op (" + body + ")"),
		"away":            r.Client(":net 301 bob alice :" + body),
		"realname":        r.Link(":00A EUID alice 1 1 +i al host 0 00AAAAAAA * * :" + body),
	}
	want := tokenPattern.FindString(texts["output"])
	if want == "" || !strings.HasSuffix(want, ":64:ww.dwu") {
		t.Errorf("token %q", want)
	}
	for name, line := range texts {
		if got := tokenPattern.FindString(line); got != want {
			t.Errorf("%s: %q has the token %q, want %q", name, line, got, want)
		}
	}
	if other := r.Client(":a!b@c PRIVMSG #c :" + body + "."); strings.Contains(other, want) {
		t.Error("another text has the same token")
	}
	for _, host := range []string{"Some.Host.example.org", "192.0.2.77", "2001:db8::7", "user/alice"} {
		want := r.tok.host(host)
		for _, line := range []string{
			r.Link(":00A EUID alice 1 1 +i al " + host + " 0 00AAAAAAA * * :x"), r.Op("USER 00AAAAAAA alice al " + host + " * 1 * * +i :x"),
			r.Client(":alice!al@" + host + " JOIN #c"), r.Client(":net 311 bob alice al " + host + " * :x"),
			r.Link(":00AAAAAAA TMODE 1 #c +b *!*@" + host), u.Link(":alice MODE #c +b *!*@" + host), r.Op("ENTRY #c +b *!*@" + host + " x 1"),
		} {
			if !strings.Contains(line, want) {
				t.Errorf("%s is %s, but not in %q", host, want, line)
			}
		}
	}
}

// TestBansOfTokens holds that a ban that fits a host fits its token, for the forms of bans that are usual.
func TestBansOfTokens(t *testing.T) {
	tok := newTokens([]byte("k"))
	for mask, host := range map[string]string{
		"192.0.2.7": "192.0.2.7", "192.0.2.*": "192.0.2.200", "*.dsl.example.net": "p1.dsl.example.net", "P1.DSL.example.net": "p1.dsl.example.net",
	} {
		m, h := tok.hostMask(mask), tok.host(host)
		if prefix, ok := strings.CutSuffix(m, "*"); ok {
			m, h = prefix, h[:min(len(prefix), len(h))]
		} else if suffix, ok := strings.CutPrefix(m, "*"); ok {
			m, h = suffix, h[max(0, len(h)-len(suffix)):]
		}
		if m != h {
			t.Errorf("%s on %s: %s on %s", mask, host, tok.hostMask(mask), tok.host(host))
		}
	}
	for mask, addr := range map[string]string{"192.0.2.0/24": "192.0.2.9", "2001:db8:7::/48": "2001:db8:7::1", "192.0.2.9/32": "192.0.2.9"} {
		m, h := tok.hostMask(mask), netip.MustParseAddr(tok.host(addr))
		if p, err := netip.ParsePrefix(m); err == nil && p.Contains(h) || m == h.String() {
			continue
		}
		t.Errorf("%s on %s: %s on %s", mask, addr, m, h)
	}
	for _, opaque := range []string{"192.0.0.0/16", "*example*", "1?2", "2001:db8::/32"} {
		if m := tok.hostMask(opaque); !strings.HasSuffix(m, ".mask"+hostSuffix) || strings.ContainsAny(m, "*?") {
			t.Errorf("%s is %s", opaque, m)
		}
	}
	if tok.host("192.0.2.1")[:19] != tok.host("192.0.2.2")[:19] || tok.host("192.0.2.1")[:19] == tok.host("192.0.3.1")[:19] {
		t.Error("addresses of one /24 must share their network's half")
	}
	if tok.hostMask("*") != "*" || newTokens([]byte("l")).host("a.example") == tok.host("a.example") {
		t.Error("tokens must depend on the key, and * must stay")
	}
}

// TestRedactedForms holds lines against what becomes of them.
func TestRedactedForms(t *testing.T) {
	r := newRedactor(t, "ts6")
	for line, want := range map[string]string{
		":00A SJOIN 1700000000 #c +ntk secret :@00AAAAAAA +00AAAAAAB":   ":00A SJOIN 1700000000 #c +ntk ~k :@00AAAAAAA +00AAAAAAB",
		":00AAAAAAA TMODE 1700000000 #c +k-o secret 00AAAAAAB":          ":00AAAAAAA TMODE 1700000000 #c +k-o ~k 00AAAAAAB",
		":00AAAAAAA TMODE 1700000000 #c -k *":                           ":00AAAAAAA TMODE 1700000000 #c -k *",
		":00AAAAAAA TOPIC #c :":                                         ":00AAAAAAA TOPIC #c :",
		":00AAAAAAA AWAY":                                               ":00AAAAAAA AWAY",
		"PASS hunter2 TS 6 :00A":                                        "PASS ~x TS 6 :00A",
		"CAPAB :QS EX IE EUID ENCAP TB":                                 "CAPAB :QS EX IE EUID ENCAP TB",
		":00A  MLOCK 1700000000 #c :":                                   ":00A MLOCK 1700000000 #c :",
		":00AAAAAAA FROBNICATE some thing :that is not known":           ":00AAAAAAA FROBNICATE ~u:4 ~u:5 :~u:17",
		":00A 999 00GAAAAAA thing :":                                    ":00A 999 00GAAAAAA ~u:5 :",
		"":                                                              "~u:0",
		":00AAAAAAA QUIT :Ping timeout: 120 seconds":                    ":00AAAAAAA QUIT :Ping timeout: 120 seconds",
		":00AAAAAAA QUIT :Client Quit":                                  ":00AAAAAAA QUIT :Client Quit",
		"PING :00A":                                                     "PING :00A",
		":00AAAAAAA PRIVMSG NickServ@services.example.net :IDENTIFY pw": ":00AAAAAAA PRIVMSG NickServ@services.example.net :~x",
		":00A 404 00GAAAAAA #c :Cannot send to channel":                 ":00A 404 00GAAAAAA #c :Cannot send to channel",
	} {
		if got := r.Link(line); got != want {
			t.Errorf("%q\n got %q\nwant %q", line, got, want)
		}
	}
	for line, want := range map[string]string{
		":net REPAIRED 00AAAAAAA MODE #c :+ko ~k alice":                                 ":net REPAIRED 00AAAAAAA MODE #c :+ko ~k alice",
		":net REPAIRED 00AAAAAAA MODE #c :+ok alice secret":                             ":net REPAIRED 00AAAAAAA MODE #c :+ok alice ~k",
		":net REPAIRED 00AAAAAAA JOIN #c :joined":                                       ":net REPAIRED 00AAAAAAA JOIN #c :joined",
		":net MEMBERS #c o,00AAAAAAA ,00AAAAAAB":                                        ":net MEMBERS #c o,00AAAAAAA ,00AAAAAAB",
		":net GATEWAY canary NICKLEN=30 PREFIX=(ohv)@%+":                                ":net GATEWAY canary NICKLEN=30 PREFIX=(ohv)@%+",
		":net 005 bob NETWORK=X CHANMODES=beI,k,l,imnpst :are supported by this server": ":net 005 bob NETWORK=X CHANMODES=beI,k,l,imnpst :are supported by this server",
	} {
		if got := r.Client(line); got != want {
			t.Errorf("%q\n got %q\nwant %q", line, got, want)
		}
	}
	// The reason of a netsplit is the names of servers, which stay when they are known.
	const split = ":alice!al@* QUIT :hub.example.net leaf.example.net"
	if got := r.Client(split); got == split {
		t.Errorf("%q", got)
	}
	r.Link("SERVER hub.example.net 1 :x")
	r.Link(":00A SID leaf.example.net 2 00B :x")
	if got := r.Client(split); got != split {
		t.Errorf("%q", got)
	}
	if _, err := NewRedactor(RedactorOptions{Protocol: "smtp"}); err == nil {
		t.Error("a protocol that is not known is accepted")
	}
}

// FuzzRedact redacts any line by all rules: it does not panic, and of a secret in place of the last parameter nothing
// stays.
func FuzzRedact(f *testing.F) {
	for _, s := range []string{
		":00A SJOIN 1 #c +kl k 5 :@00AAAAAAA", "@a=b;msgid=c :x!y@z PRIVMSG #c :\x01ACTION t\x01", ":00A ENCAP * SASL a b C d", "TKL + G u h s 0 1 :r",
		"MODE #c +b ~t:10:~r:x", ":a 302 b :c=+d@e", "KILL x :a!b!c!d (e)", "MD client 001AAAAAA certfp :x", ":001 UID a 0 1 b c 001AAAAAA 0 +i * d fwAAAQ== :e",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		for _, protocol := range []string{"ts6", "unreal", ""} {
			for _, keep := range []bool{false, true} {
				r, err := NewRedactor(RedactorOptions{Protocol: protocol, Key: []byte("k"), KeepText: keep})
				if err != nil {
					t.Fatal(err)
				}
				r.Note(line)
				for _, how := range []func(string) string{r.Link, r.Op, r.Client, r.Sent} {
					how(line)
					if keep || strings.ContainsAny(line, ":\r\n\x00") {
						continue
					}
					if out := how(line + " :Hush=1 Hush=2"); strings.Contains(out, "Hush") {
						t.Errorf("%q becomes %q", line, out)
					}
				}
			}
		}
	})
}

var benchLines = []string{
	":00AAAAAAB PRIVMSG #chan17 :hello everybody, this is what people say in channels all day long",
	":00A EUID alice 1 1700000000 +i ~alice host17.example.net 192.0.2.17 00AAAAAAC * acct :Alice Example",
	":00A SJOIN 1700000000 #chan17 +nt :@00AAAAAAA 00AAAAAAB 00AAAAAAC 00AAAAAAD 00AAAAAAE",
	":00AAAAAAB QUIT :Quit: leaving",
	":00AAAAAAB TMODE 1700000000 #chan17 +b *!*@spam.example.net",
}

func BenchmarkRedact(b *testing.B) {
	r := newRedactor(b, "ts6")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.Link(benchLines[i%len(benchLines)])
	}
}

func TestNotes(t *testing.T) {
	r := newRedactor(t, "")
	got := r.Note("reason=queue from=17 took=3.5ms full=true error=secret said words")
	if !strings.HasPrefix(got, "reason=queue from=17 took=3.5ms full=true error=~r1:") || strings.Contains(got, "secret") || strings.Contains(got, "words") || len(strings.Fields(got)) != 7 {
		t.Errorf("%q", got)
	}
}
