package ts6

import (
	"encoding/json"
	"strings"
	"testing"

	"robustirc/s2s"
)

// rule is one line and what it means. canonical is how it is written, "" when as it is.
type rule struct {
	dialect         Dialect
	line, canonical string
	event           string // JSON
}

// rules has every command that is in the table, in each of its forms. Lines of which the recordings have examples are
// here too, where the meaning of a field is a rule worth reading.
var rules = []rule{
	// The link.
	{Solanum, "PASS secret TS 6 :00A", "PASS * TS 6 :00A", `{"event":"handshake","body":{"command":"PASS","params":["*","TS","6","00A"]}}`},
	{Hybrid, "PASS secret", "PASS *", `{"event":"handshake","body":{"command":"PASS","params":["*"]}}`},
	{Solanum, "pass secret TS 6 :00A", "PASS * TS 6 :00A", `{"event":"handshake","body":{"command":"PASS","params":["*","TS","6","00A"]}}`},
	{Solanum, ":00S encap * su :00AAAAAAB", ":00S ENCAP * SU :00AAAAAAB", `{"event":"user_changed","source":"00S","body":{"user":"00AAAAAAB","account":""}}`},
	{Solanum, "CAPAB :QS EX", "", `{"event":"handshake","body":{"command":"CAPAB","params":["QS EX"]}}`},
	{Solanum, "SVINFO 6 6 0 :1", "", `{"event":"handshake","body":{"command":"SVINFO","params":["6","6","0","1"]}}`},
	{Hybrid, "SERVER hub.example.net 1 1HA + :d", "", `{"event":"handshake","body":{"command":"SERVER","params":["hub.example.net","1","1HA","+","d"]}}`},
	{Solanum, ":services.example.net SERVER jupe.example.net 2 :held", "", `{"event":"server_introduced","source":"services.example.net","body":{"server":"jupe.example.net","hops":2,"description":"held"}}`},
	{Solanum, ":00A SID leaf.example.net 2 00B :(H) d", "", `{"event":"server_introduced","source":"00A","body":{"server":"leaf.example.net","sid":"00B","hops":2,"description":"d","hidden":true}}`},
	{Hybrid, ":1HA SID leaf.example.net 2 1HB +h :d", "", `{"event":"server_introduced","source":"1HA","body":{"server":"leaf.example.net","sid":"1HB","hops":2,"description":"d","hidden":true}}`},
	{Solanum, "SQUIT 00B :gone", "", `{"event":"server_gone","body":{"server":"00B","reason":"gone"}}`},
	{Solanum, "SQUIT", "", `{"event":"server_gone","body":{"server":""}}`},
	{Hybrid, ":1HB EOB", "", `{"event":"end_of_burst","source":"1HB","body":{}}`},
	{Solanum, "PING :00A", "", `{"event":"ping","body":{"origin":"00A"}}`},
	{Solanum, ":00B PING leaf.example.net :00G", "", `{"event":"ping","source":"00B","body":{"origin":"leaf.example.net","target":"00G"}}`},
	{Solanum, ":00A PONG hub.example.net :00G", "", `{"event":"pong","source":"00A","body":{"origin":"hub.example.net","target":"00G"}}`},
	{Solanum, "ERROR :why", "", `{"event":"closing","body":{"text":"why"}}`},
	{Solanum, ":00B ENCAP * GCAP :QS EX", "", `{"event":"server_info","source":"00B","body":{"kind":"GCAP","facts":[{"key":"QS"},{"key":"EX"}]}}`},
	{Solanum, ":00A 005 00GAAAAAA A=b :are supported", "", `{"event":"numeric","source":"00A","body":{"code":5,"target":"00GAAAAAA","params":["A=b","are supported"]}}`},

	// Users. TS may be more than 32 bits, and 0.
	{Solanum, ":00A EUID al 1 99999999999 +i u h.example 0 00AAAAAAB * * :Al", "", `{"event":"user_introduced","source":"00A","body":{"uid":"00AAAAAAB","nick":"al","ts":99999999999,"hops":1,"ident":"u","host":"h.example","real_host":"h.example","ip":"","account":"","modes":"+i","realname":"Al"}}`},
	{Solanum, ":00A EUID al 1 0 +i u h.example 0::1 00AAAAAAB real.example acct ::)", "", `{"event":"user_introduced","source":"00A","body":{"uid":"00AAAAAAB","nick":"al","ts":0,"hops":1,"ident":"u","host":"h.example","real_host":"real.example","ip":"0::1","account":"acct","modes":"+i","realname":":)"}}`},
	{Charybdis, ":00A UID al 1 5 +i u h.example 192.0.2.1 00AAAAAAB :Al", "", `{"event":"user_introduced","source":"00A","body":{"uid":"00AAAAAAB","nick":"al","ts":5,"hops":1,"ident":"u","host":"h.example","real_host":"h.example","ip":"192.0.2.1","account":"","modes":"+i","realname":"Al"}}`},
	{Hybrid, ":1HA UID al 1 5 +i u v.example r.example 192.0.2.1 1HAAAAAAB acct :Al", "", `{"event":"user_introduced","source":"1HA","body":{"uid":"1HAAAAAAB","nick":"al","ts":5,"hops":1,"ident":"u","host":"v.example","real_host":"r.example","ip":"192.0.2.1","account":"acct","modes":"+i","realname":"Al"}}`},
	{Hybrid, ":1HA UID al 1 5 +i u v.example 192.0.2.1 1HAAAAAAB * :Al", ":1HA UID al 1 5 +i u v.example v.example 192.0.2.1 1HAAAAAAB * :Al", `{"event":"user_introduced","source":"1HA","body":{"uid":"1HAAAAAAB","nick":"al","ts":5,"hops":1,"ident":"u","host":"v.example","real_host":"v.example","ip":"192.0.2.1","account":"","modes":"+i","realname":"Al"}}`},
	{Solanum, ":00AAAAAAB NICK new :7", "", `{"event":"nick_changed","source":"00AAAAAAB","body":{"nick":"new","ts":7}}`},
	{Solanum, ":00AAAAAAB QUIT :bye", "", `{"event":"user_quit","source":"00AAAAAAB","body":{"reason":"bye"}}`},
	{Solanum, ":00A KILL 00GAAAAAA :hub.example.net (Nick collision (new))", "", `{"event":"user_killed","source":"00A","body":{"user":"00GAAAAAA","path":"hub.example.net","reason":"Nick collision (new)"}}`},
	{Hybrid, ":1HA KILL nick :hub.example.net (Bad Nickname)", "", `{"event":"user_killed","source":"1HA","body":{"user":"nick","path":"hub.example.net","reason":"Bad Nickname"}}`},
	{Solanum, ":00A KILL 00GAAAAAA :path", "", `{"event":"user_killed","source":"00A","body":{"user":"00GAAAAAA","path":"path","reason":""}}`},
	{Solanum, ":00A SAVE 00GAAAAAA 7", "", `{"event":"user_saved","source":"00A","body":{"user":"00GAAAAAA","ts":7}}`},
	{Solanum, ":00AAAAAAB AWAY :out", "", `{"event":"away","source":"00AAAAAAB","body":{"text":"out"}}`},
	{Solanum, ":00AAAAAAB AWAY :", ":00AAAAAAB AWAY", `{"event":"away","source":"00AAAAAAB","body":{"text":""}}`},
	{Solanum, ":00AAAAAAB OPER god admin", "", `{"event":"oper","source":"00AAAAAAB","body":{"operator":"god","privileges":"admin"}}`},
	{Charybdis, ":00AAAAAAB ENCAP * OPER god", ":00AAAAAAB OPER god", `{"event":"oper","source":"00AAAAAAB","body":{"operator":"god"}}`},
	{Solanum, ":00AAAAAAB MODE 00AAAAAAB :+o", "", `{"event":"user_modes","source":"00AAAAAAB","body":{"user":"00AAAAAAB","modes":"+o"}}`},
	{Solanum, ":00A MODE #c +k key", "", `{"event":"channel_modes","source":"00A","body":{"channel":"#c","has_ts":false,"modes":"+k","params":["key"]}}`},
	{Solanum, ":00S CHGHOST 00AAAAAAB v.example", "", `{"event":"user_changed","source":"00S","body":{"user":"00AAAAAAB","host":"v.example"}}`},
	{Charybdis, ":00S ENCAP * CHGHOST 00AAAAAAB :v.example", "", `{"event":"user_changed","source":"00S","body":{"user":"00AAAAAAB","host":"v.example"}}`},
	{Solanum, ":00AAAAAAB SIGNON n u h 7 0", "", `{"event":"user_changed","source":"00AAAAAAB","body":{"user":"00AAAAAAB","nick":"n","nick_ts":7,"ident":"u","host":"h","account":""}}`},
	{Hybrid, ":1HAAAAAAB CERTFP abc", "", `{"event":"user_changed","source":"1HAAAAAAB","body":{"user":"1HAAAAAAB","certificate":"abc"}}`},
	{Solanum, ":00AAAAAAB ENCAP * CERTFP :abc", "", `{"event":"user_changed","source":"00AAAAAAB","body":{"user":"00AAAAAAB","certificate":"abc"}}`},
	{Solanum, ":00AAAAAAB ENCAP * REALHOST :r.example", "", `{"event":"user_changed","source":"00AAAAAAB","body":{"user":"00AAAAAAB","real_host":"r.example"}}`},
	{Solanum, ":00AAAAAAB ENCAP * LOGIN :acct", "", `{"event":"user_changed","source":"00AAAAAAB","body":{"user":"00AAAAAAB","account":"acct"}}`},

	// Channels.
	{Solanum, ":00A SJOIN 0 #c +ntlk 5 key :@+00AAAAAAB +00AAAAAAC 00AAAAAAD", "", `{"event":"channel_burst","source":"00A","body":{"channel":"#c","ts":0,"has_modes":true,"modes":"+ntlk","params":["5","key"],"members":[{"user":"00AAAAAAB","status":"ov"},{"user":"00AAAAAAC","status":"v"},{"user":"00AAAAAAD"}]}}`},
	{Solanum, ":00A SJOIN 5 #c 0 :+@00AAAAAAB", ":00A SJOIN 5 #c 0 :@+00AAAAAAB", `{"event":"channel_burst","source":"00A","body":{"channel":"#c","ts":5,"has_modes":false,"members":[{"user":"00AAAAAAB","status":"ov"}]}}`},
	{Solanum, ":00A SJOIN 5 #c +P :", "", `{"event":"channel_burst","source":"00A","body":{"channel":"#c","ts":5,"has_modes":true,"modes":"+P"}}`},
	{Hybrid, ":1HA SJOIN 5 #c + :@%+1HAAAAAAB ~1HAAAAAAC &1HAAAAAAD", "", `{"event":"channel_burst","source":"1HA","body":{"channel":"#c","ts":5,"has_modes":true,"modes":"+","members":[{"user":"1HAAAAAAB","status":"ohv"},{"user":"1HAAAAAAC","status":"q"},{"user":"1HAAAAAAD","status":"a"}]}}`},
	{Solanum, ":00AAAAAAB JOIN 5 #c +", "", `{"event":"join","source":"00AAAAAAB","body":{"channel":"#c","ts":5,"has_ts":true}}`},
	{Solanum, ":00AAAAAAB JOIN 0 #c +", "", `{"event":"join","source":"00AAAAAAB","body":{"channel":"#c","has_ts":true}}`},
	{Solanum, ":00AAAAAAB JOIN 0", "", `{"event":"part_all","source":"00AAAAAAB","body":{}}`},
	{Solanum, ":00AAAAAAB PART #a,#b", "", `{"event":"part","source":"00AAAAAAB","body":{"channels":["#a","#b"]}}`},
	{Solanum, ":00AAAAAAB KICK #c 00GAAAAAA :out", "", `{"event":"kick","source":"00AAAAAAB","body":{"channel":"#c","user":"00GAAAAAA","reason":"out"}}`},
	{Solanum, ":00AAAAAAB REMOVE #c 00GAAAAAA :out", ":00AAAAAAB KICK #c 00GAAAAAA :out", `{"event":"kick","source":"00AAAAAAB","body":{"channel":"#c","user":"00GAAAAAA","reason":"out"}}`},
	{Solanum, ":00AAAAAAB TMODE 5 #c +o-k 00GAAAAAA *", "", `{"event":"channel_modes","source":"00AAAAAAB","body":{"channel":"#c","ts":5,"has_ts":true,"modes":"+o-k","params":["00GAAAAAA","*"]}}`},
	{Charybdis, ":00A BMASK 5 #c q :a!*@* $a:x$#fwd", "", `{"event":"list_burst","source":"00A","body":{"channel":"#c","ts":5,"entries":[{"letter":"q","mask":"a!*@*"},{"letter":"q","mask":"$a:x$#fwd"}]}}`},
	{Solanum, ":00A EBMASK 5 #c b :a!*@* 6 x!y@z", "", `{"event":"list_burst","source":"00A","body":{"channel":"#c","ts":5,"entries":[{"letter":"b","mask":"a!*@*","set_by":"x!y@z","set_at":6}]}}`},
	{Solanum, ":00S MLOCK 5 #c :nt", "", `{"event":"mode_lock","source":"00S","body":{"channel":"#c","ts":5,"letters":"nt"}}`},
	{Hybrid, ":1SV MLOCK 5 #c 6 :nt", "", `{"event":"mode_lock","source":"1SV","body":{"channel":"#c","ts":5,"lock_ts":6,"letters":"nt"}}`},
	{Solanum, ":00AAAAAAB TOPIC #c :", "", `{"event":"topic","source":"00AAAAAAB","body":{"channel":"#c","text":"","rule":"always"}}`},
	{Solanum, ":00A TOPIC #c x!y@z 6 :t", "", `{"event":"topic","source":"00A","body":{"channel":"#c","text":"t","setter":"x!y@z","set_at":6,"rule":"always"}}`},
	{Hybrid, ":1HA TOPIC #c :t", "", `{"event":"topic","source":"1HA","body":{"channel":"#c","text":"t","rule":"always"}}`},
	{Solanum, ":00A TB #c 6 x!y@z :t", "", `{"event":"topic","source":"00A","body":{"channel":"#c","text":"t","setter":"x!y@z","set_at":6,"rule":"older"}}`},
	{Solanum, ":00A TB #c 6 :t", "", `{"event":"topic","source":"00A","body":{"channel":"#c","text":"t","set_at":6,"rule":"older"}}`},
	{Solanum, ":00S ETB 0 #c 6 x ::t", "", `{"event":"topic","source":"00S","body":{"channel":"#c","text":":t","setter":"x","set_at":6,"rule":"etb"}}`},
	{Hybrid, ":1HA TBURST 5 #c 6 x :", "", `{"event":"topic","source":"1HA","body":{"channel":"#c","text":"","setter":"x","set_at":6,"ts":5,"rule":"etb"}}`},
	{Solanum, ":00AAAAAAB INVITE 00GAAAAAA #c", "", `{"event":"invite","source":"00AAAAAAB","body":{"user":"00GAAAAAA","channel":"#c"}}`},
	{Hybrid, ":1HAAAAAAB INVITE 1GWAAAAAA #c 5", "", `{"event":"invite","source":"1HAAAAAAB","body":{"user":"1GWAAAAAA","channel":"#c","ts":5}}`},
	{Solanum, "ENCAP * INVITED 00AAAAAAB 00AAAAAAC :#c", "", `{"event":"invite","body":{"user":"00AAAAAAC","channel":"#c","inviter":"00AAAAAAB","notice":true}}`},
	{Solanum, ":00AAAAAAB KNOCK #c", "", `{"event":"knock","source":"00AAAAAAB","body":{"channel":"#c"}}`},
	{Hybrid, ":1HA RESYNC #c", "", `{"event":"resync","source":"1HA","body":{"channel":"#c"}}`},

	// Messages.
	{Solanum, "@time=1;msgid=x :00AAAAAAB PRIVMSG #c :hi", "", `{"event":"message","source":"00AAAAAAB","tags":"time=1;msgid=x","body":{"kind":"PRIVMSG","target_kind":"channel","target":"#c","text":"hi"}}`},
	{Solanum, ":00AAAAAAB PRIVMSG n@gateway.example.net :hi", "", `{"event":"message","source":"00AAAAAAB","body":{"kind":"PRIVMSG","target_kind":"user","target":"n@gateway.example.net","text":"hi"}}`},
	{Solanum, ":00AAAAAAB NOTICE =#c :hi", "", `{"event":"message","source":"00AAAAAAB","body":{"kind":"NOTICE","target_kind":"status","target":"#c","status":"=","text":"hi"}}`},
	{Hybrid, ":1HAAAAAAB NOTICE %#c :hi", "", `{"event":"message","source":"1HAAAAAAB","body":{"kind":"NOTICE","target_kind":"status","target":"#c","status":"%","text":"hi"}}`},
	{Solanum, ":00AAAAAAB PRIVMSG $$*.example.net :hi", "", `{"event":"message","source":"00AAAAAAB","body":{"kind":"PRIVMSG","target_kind":"server_mask","target":"*.example.net","text":"hi"}}`},
	{Solanum, ":00AAAAAAB NOTICE $#*.example :hi", "", `{"event":"message","source":"00AAAAAAB","body":{"kind":"NOTICE","target_kind":"host_mask","target":"*.example","text":"hi"}}`},
	{Solanum, ":hub.example.net NOTICE * :*** hi", "", `{"event":"message","source":"hub.example.net","body":{"kind":"NOTICE","target_kind":"everybody","target":"*","text":"*** hi"}}`},
	{Solanum, "@+typing=active :00AAAAAAB TAGMSG #c", "", `{"event":"message","source":"00AAAAAAB","tags":"+typing=active","body":{"kind":"TAGMSG","target_kind":"channel","target":"#c","text":""}}`},
	{Solanum, ":00GAAAAAA ECHO N 00AAAAAAB :hi", "", `{"event":"message","source":"00GAAAAAA","body":{"kind":"ECHO","target_kind":"user","target":"00AAAAAAB","text":"hi","echoes":"NOTICE"}}`},
	{Solanum, ":00A WALLOPS :w", "", `{"event":"oper_message","source":"00A","body":{"kind":"WALLOPS","text":"w"}}`},
	{Solanum, ":00AAAAAAB OPERWALL :w", "", `{"event":"oper_message","source":"00AAAAAAB","body":{"kind":"OPERWALL","text":"w"}}`},
	{Hybrid, ":1HA GLOBOPS :w", "", `{"event":"oper_message","source":"1HA","body":{"kind":"GLOBOPS","text":"w"}}`},
	{Hybrid, ":1HAAAAAAB LOCOPS *.example.net :w", "", `{"event":"oper_message","source":"1HAAAAAAB","server_mask":"*.example.net","body":{"kind":"LOCOPS","text":"w"}}`},
	{Solanum, ":00AAAAAAB ENCAP * ADMINWALL :w", "", `{"event":"oper_message","source":"00AAAAAAB","body":{"kind":"ADMINWALL","text":"w"}}`},
	{Solanum, ":00A ENCAP * SNOTE s :w", "", `{"event":"oper_message","source":"00A","body":{"kind":"SNOTE","audience":"s","text":"w"}}`},
	{Solanum, ":00AAAAAAB ENCAP * OPERSPY WHO :x", "", `{"event":"oper_message","source":"00AAAAAAB","body":{"kind":"OPERSPY","audience":"WHO","text":"x"}}`},
	{Solanum, ":00AAAAAAB ENCAP * TGINFO :3", "", `{"event":"oper_message","source":"00AAAAAAB","body":{"kind":"TGINFO","text":"3"}}`},

	// Bans: seconds, the reason for operators behind a bar.
	{Solanum, ":00A BAN K *u h.example 5 600 700 op :r|o", "", `{"event":"network_ban","source":"00A","body":{"kind":"kline","user":"*u","host":"h.example","set_by":"op","set_at":5,"duration":600,"lifetime":700,"reason":"r","oper_reason":"o"}}`},
	{Solanum, ":00A BAN R * #c 5 0 700 * :r", "", `{"event":"network_ban","source":"00A","body":{"remove":true,"kind":"resv","host":"#c","set_at":5,"lifetime":700,"reason":"r"}}`},
	{Solanum, ":00AAAAAAB KLINE * 600 u h :r", "", `{"event":"network_ban","source":"00AAAAAAB","body":{"kind":"kline","user":"u","host":"h","duration":600,"reason":"r"}}`},
	{Charybdis, ":00AAAAAAB ENCAP a.example.net KLINE 0 u h :r", "", `{"event":"network_ban","source":"00AAAAAAB","server_mask":"a.example.net","body":{"kind":"kline","user":"u","host":"h","reason":"r"}}`},
	{Hybrid, ":1HAAAAAAB UNKLINE a.example.net u h", "", `{"event":"network_ban","source":"1HAAAAAAB","server_mask":"a.example.net","body":{"remove":true,"kind":"kline","user":"u","host":"h"}}`},
	{Charybdis, ":00AAAAAAB ENCAP * UNKLINE u :h", "", `{"event":"network_ban","source":"00AAAAAAB","body":{"remove":true,"kind":"kline","user":"u","host":"h"}}`},
	{Hybrid, ":1HAAAAAAB DLINE * 600 192.0.2.1 :r", "", `{"event":"network_ban","source":"1HAAAAAAB","body":{"kind":"dline","host":"192.0.2.1","duration":600,"reason":"r"}}`},
	{Solanum, ":00AAAAAAB ENCAP * DLINE 600 192.0.2.1 :r", "", `{"event":"network_ban","source":"00AAAAAAB","body":{"kind":"dline","host":"192.0.2.1","duration":600,"reason":"r"}}`},
	{Hybrid, ":1HAAAAAAB UNDLINE * 192.0.2.1", "", `{"event":"network_ban","source":"1HAAAAAAB","body":{"remove":true,"kind":"dline","host":"192.0.2.1"}}`},
	{Solanum, ":00AAAAAAB ENCAP * UNDLINE :192.0.2.1", "", `{"event":"network_ban","source":"00AAAAAAB","body":{"remove":true,"kind":"dline","host":"192.0.2.1"}}`},
	{Hybrid, ":1HAAAAAAB XLINE * bad? 94404861771017 :r", "", `{"event":"network_ban","source":"1HAAAAAAB","body":{"kind":"xline","host":"bad?","duration":94404861771017,"reason":"r"}}`},
	{Solanum, ":00AAAAAAB XLINE * bad? 2 :r", "", `{"event":"network_ban","source":"00AAAAAAB","body":{"kind":"xline","host":"bad?","reason":"r"}}`},
	{Solanum, ":00AAAAAAB ENCAP * XLINE 600 bad? 2 :r", "", `{"event":"network_ban","source":"00AAAAAAB","body":{"kind":"xline","host":"bad?","duration":600,"reason":"r"}}`},
	{Hybrid, ":1HAAAAAAB UNXLINE * bad?", "", `{"event":"network_ban","source":"1HAAAAAAB","body":{"remove":true,"kind":"xline","host":"bad?"}}`},
	{Charybdis, ":00AAAAAAB ENCAP * UNXLINE :bad?", "", `{"event":"network_ban","source":"00AAAAAAB","body":{"remove":true,"kind":"xline","host":"bad?"}}`},
	{Hybrid, ":1HAAAAAAB RESV * 600 #c :r", "", `{"event":"network_ban","source":"1HAAAAAAB","body":{"kind":"resv","host":"#c","duration":600,"reason":"r"}}`},
	{Solanum, ":00AAAAAAB RESV * #c :r", "", `{"event":"network_ban","source":"00AAAAAAB","body":{"kind":"resv","host":"#c","reason":"r"}}`},
	{Solanum, ":00AAAAAAB ENCAP * RESV 600 n* 0 :r", "", `{"event":"network_ban","source":"00AAAAAAB","body":{"kind":"resv","host":"n*","duration":600,"reason":"r"}}`},
	{Hybrid, ":1HAAAAAAB UNRESV * #c", "", `{"event":"network_ban","source":"1HAAAAAAB","body":{"remove":true,"kind":"resv","host":"#c"}}`},
	{Charybdis, ":00AAAAAAB ENCAP * UNRESV :#c", "", `{"event":"network_ban","source":"00AAAAAAB","body":{"remove":true,"kind":"resv","host":"#c"}}`},

	// Services.
	{Solanum, ":00S ENCAP * SU 00AAAAAAB :acct", "", `{"event":"user_changed","source":"00S","body":{"user":"00AAAAAAB","account":"acct"}}`},
	{Solanum, ":00S ENCAP * SU :00AAAAAAB", "", `{"event":"user_changed","source":"00S","body":{"user":"00AAAAAAB","account":""}}`},
	{Solanum, ":00S ENCAP gateway.example.net RSFNC 00GAAAAAC Guest1 5 :6", "", `{"event":"force","source":"00S","server_mask":"gateway.example.net","body":{"action":"nick","user":"00GAAAAAC","params":["Guest1"],"ts":5,"if_ts":6}}`},
	{Solanum, ":00S ENCAP gateway.example.net SVSLOGIN 00GAAAAAJ * * * :acct", "", `{"event":"force","source":"00S","server_mask":"gateway.example.net","body":{"action":"login","user":"00GAAAAAJ","params":["*","*","*","acct"]}}`},
	{Solanum, ":00S ENCAP gateway.example.net SASL 00SAAAAAI 00GAAAAAJ D :F", "", `{"event":"sasl","source":"00S","server_mask":"gateway.example.net","body":{"from":"00SAAAAAI","to":"00GAAAAAJ","step":"D","params":["F"]}}`},
	{Solanum, ":00S ENCAP * NICKDELAY 0 :n", "", `{"event":"nick_hold","source":"00S","body":{"nick":"n","seconds":0}}`},
	{Hybrid, ":1SV SVSACCOUNT 1HAAAAAAB 5 *", "", `{"event":"user_changed","source":"1SV","body":{"user":"1HAAAAAAB","account":"","if_ts":5}}`},
	{Hybrid, ":1SV SVSHOST 1HAAAAAAB 5 v.example", "", `{"event":"user_changed","source":"1SV","body":{"user":"1HAAAAAAB","host":"v.example","if_ts":5}}`},
	{Hybrid, ":1SV SVSMODE 1HAAAAAAB 5 +r", "", `{"event":"user_modes","source":"1SV","body":{"user":"1HAAAAAAB","modes":"+r","if_ts":5}}`},
	{Hybrid, ":1SV SVSNICK 1GWAAAAAB 5 Guest1 6", "", `{"event":"force","source":"1SV","body":{"action":"nick","user":"1GWAAAAAB","params":["Guest1"],"ts":6,"if_ts":5}}`},
	{Hybrid, ":1SV SVSJOIN 1GWAAAAAB #c key", "", `{"event":"force","source":"1SV","body":{"action":"join","user":"1GWAAAAAB","params":["#c","key"]}}`},
	{Hybrid, ":1SV SVSPART 1GWAAAAAB #c :out", "", `{"event":"force","source":"1SV","body":{"action":"part","user":"1GWAAAAAB","params":["#c","out"]}}`},
	{Hybrid, ":1SV SVSKILL 1GWAAAAAB 5 :r", "", `{"event":"user_killed","source":"1SV","body":{"user":"1GWAAAAAB","reason":"r","quiet":true,"if_ts":5}}`},
	{Hybrid, ":1SV SVSTAG 1HAAAAAAB 5 320 +o :is tagged", "", `{"event":"swhois","source":"1SV","body":{"user":"1HAAAAAAB","text":"is tagged","numeric":320,"modes":"+o","if_ts":5}}`},
	{Hybrid, ":1SV SVSTAG 1HAAAAAAB 5 -", "", `{"event":"swhois","source":"1SV","body":{"user":"1HAAAAAAB","remove":true,"if_ts":5}}`},
	{Hybrid, ":1SV METADATA client 1HAAAAAAB cipher :c", "", `{"event":"metadata","source":"1SV","body":{"kind":"client","target":"1HAAAAAAB","key":"cipher","value":"c"}}`},
	{Hybrid, ":1SV METADATA client 1HAAAAAAB cipher", "", `{"event":"metadata","source":"1SV","body":{"kind":"client","target":"1HAAAAAAB","key":"cipher","unset":true}}`},
	{Solanum, ":00AAAAAAB ENCAP a.example.net GRANT 00GAAAAAA :admin", "", `{"event":"force","source":"00AAAAAAB","server_mask":"a.example.net","body":{"action":"grant","user":"00GAAAAAA","params":["admin"]}}`},
	{Solanum, ":00AAAAAAB ENCAP * EXTENDCHANS :00GAAAAAA", "", `{"event":"force","source":"00AAAAAAB","body":{"action":"extendchans","user":"00GAAAAAA"}}`},
	{Solanum, ":00AAAAAAB ENCAP * QUARANTINE 00GAAAAAA :r", "", `{"event":"force","source":"00AAAAAAB","body":{"action":"quarantine","user":"00GAAAAAA","params":["r"]}}`},
	{Solanum, ":00AAAAAAB ENCAP * UNQUARANTINE :00GAAAAAA", "", `{"event":"force","source":"00AAAAAAB","body":{"action":"unquarantine","user":"00GAAAAAA"}}`},
	{Solanum, ":00AAAAAAB ENCAP * DEHELPER :00GAAAAAA", "", `{"event":"force","source":"00AAAAAAB","body":{"action":"dehelper","user":"00GAAAAAA"}}`},

	// What has forms of its own among the questions.
	{Hybrid, ":1HAAAAAAB REHASH *.example.net CONF", "", `{"event":"query","source":"1HAAAAAAB","server_mask":"*.example.net","body":{"command":"REHASH","params":["CONF"]}}`},
	{Solanum, ":00AAAAAAB ENCAP * REHASH", "", `{"event":"query","source":"00AAAAAAB","body":{"command":"REHASH"}}`},
	{Hybrid, ":1HAAAAAAB ETRACE :1GWAAAAAA", "", `{"event":"query","source":"1HAAAAAAB","body":{"command":"ETRACE","params":["1GWAAAAAA"]}}`},
	{Solanum, ":00AAAAAAB ENCAP a.example.net ETRACE :00GAAAAAA", "", `{"event":"query","source":"00AAAAAAB","server_mask":"a.example.net","body":{"command":"ETRACE","params":["00GAAAAAA"]}}`},
	{Solanum, ":00A ENCAP a.example.net ACK", "", `{"event":"housekeeping","source":"00A","server_mask":"a.example.net","body":{"command":"ACK"}}`},
	{Solanum, ":00A BATCH :-x", "", `{"event":"housekeeping","source":"00A","body":{"command":"BATCH","params":["-x"]}}`},
	{Solanum, ":00S ENCAP * IDENTIFIED 00GAAAAAA :n", "", `{"event":"housekeeping","source":"00S","body":{"command":"IDENTIFIED","params":["00GAAAAAA","n"]}}`},
	{Solanum, ":00S ENCAP * MECHLIST :PLAIN,EXTERNAL", "", `{"event":"housekeeping","source":"00S","body":{"command":"MECHLIST","params":["PLAIN,EXTERNAL"]}}`},
	{Solanum, ":00A FROBNICATE a :b", "", `{"event":"unknown","source":"00A","body":{"line":":00A FROBNICATE a :b"}}`},
	{Solanum, ":00A ENCAP a.example.net FROBNICATE", "", `{"event":"unknown","source":"00A","server_mask":"a.example.net","body":{"line":":00A ENCAP a.example.net FROBNICATE"}}`},
}

// codecs have all capabilities; charybdis stands for a link with none.
var ruleCodecs = map[Dialect]*Codec{Solanum: NewCodec(Solanum, everything...), Charybdis: NewCodec(Charybdis), Hybrid: NewCodec(Hybrid, everything...)}

func TestRules(t *testing.T) {
	used := map[*command]bool{}
	for _, r := range rules {
		c := ruleCodecs[r.dialect]
		e, err := c.Decode(r.line)
		if err != nil {
			t.Errorf("%s: %v", r.line, err)
			continue
		}
		used[c.in.cmd] = true
		data, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if string(data) != unescaped(r.event) {
			t.Errorf("%s\nmeans %s\nwant  %s", r.line, data, r.event)
		}
		want := r.canonical
		if want == "" {
			want = r.line
		}
		lines, err := c.Encode(e)
		if err != nil || strings.Join(lines, "\n") != want {
			t.Errorf("%s\nwritten %q, %v\nwant    %q", r.line, lines, err, want)
		}
	}
	for i := range commands {
		if cmd := &commands[i]; !used[cmd] && !isQuery(cmd) {
			t.Errorf("no rule shows %s (ENCAP: %v)", cmd.name, cmd.encap)
		}
	}
}

// unescaped writes &, < and > as encoding/json does.
func unescaped(s string) string {
	return strings.NewReplacer("&", `\u0026`, "<", `\u003c`, ">", `\u003e`).Replace(s)
}

// isQuery reports whether a row is one of the many questions, which are all alike and tested by TestQueries.
func isQuery(cmd *command) bool {
	probe := reader{cmd: cmd, args: []string{"a", "b", "c"}}
	body, err := cmd.decode(&probe)
	_, query := body.(s2s.Query)
	return err == nil && query && cmd.name != "REHASH"
}

func TestQueries(t *testing.T) {
	c := ruleCodecs[Solanum]
	n := 0
	for i := range commands {
		cmd := &commands[i]
		if !isQuery(cmd) || encaps[cmd.name] != nil && !cmd.encap {
			continue // those are hybrid's
		}
		n++
		line := ":00AAAAAAB " + cmd.name + " a b :00G"
		if cmd.encap {
			line = ":00AAAAAAB ENCAP gateway.example.net " + cmd.name + " a b :c d"
		}
		e, err := c.Decode(line)
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if q, ok := e.Body.(s2s.Query); !ok || q.Command != cmd.name || len(q.Params) != 3 {
			t.Errorf("%s: %v", line, e)
		}
		if lines, err := c.Encode(e); err != nil || strings.Join(lines, "|") != line {
			t.Errorf("%s: written %q, %v", line, lines, err)
		}
	}
	if n < 20 {
		t.Errorf("%d questions", n)
	}
}

// TestParseErrors holds the reason for which a line is refused.
func TestParseErrors(t *testing.T) {
	for _, c := range []struct {
		dialect Dialect
		line    string
		reason  s2s.Reason
		command string
	}{
		{Solanum, "", s2s.ReasonEmpty, ""},
		{Solanum, ":PING", s2s.ReasonEmpty, ""},
		{Solanum, ":00A PING\x00x", s2s.ReasonMalformed, ""},
		{Solanum, "PING :" + strings.Repeat("x", maxBytes), s2s.ReasonTooLong, ""},
		{Solanum, ":00A TMODE 1", s2s.ReasonParams, "TMODE"},
		{Solanum, ":00A WALLOPS :", s2s.ReasonParams, "WALLOPS"},
		{Solanum, ":00A EUID a 1 5 +i u h 0 00AAAAAAB * :r", s2s.ReasonParams, "EUID"},
		{Solanum, ":00A EUID a 1 5 +i u h 0 00AAAAAAB * * x :r", s2s.ReasonParams, "EUID"},
		{Solanum, ":00A UID a 1 5 +i u h 0 :00AAAAAAB", s2s.ReasonParams, "UID"},
		{Solanum, ":00A TOPIC #t :x", s2s.ReasonParams, "TOPIC"},
		{Hybrid, ":1HA TOPIC #t", s2s.ReasonParams, "TOPIC"},
		{Solanum, ":00A SJOIN 5 #c +", s2s.ReasonParams, "SJOIN"},
		{Solanum, ":00AAAAAAB JOIN 5 #c", s2s.ReasonParams, "JOIN"},
		{Solanum, ":00A EUID a 1 5 +i u h 0 AAAAAAAAB * * :r", s2s.ReasonMalformed, "EUID"},
		{Solanum, ":00A EUID a 1 now +i u h 0 00AAAAAAB * * :r", s2s.ReasonMalformed, "EUID"},
		{Solanum, ":00A SJOIN 5 #c + :@", s2s.ReasonMalformed, "SJOIN"},
		{Solanum, ":00A SJOIN 9223372036854775808 #c + :", s2s.ReasonMalformed, "SJOIN"},
		{Solanum, ":00A BMASK 5 #c b ::x", s2s.ReasonMalformed, "BMASK"},
		{Solanum, ":00A BMASK 5 #c bb :x", s2s.ReasonMalformed, "BMASK"},
		{Solanum, ":00A EBMASK 5 #c b :x 5", s2s.ReasonMalformed, "EBMASK"},
		{Solanum, ":00A EBMASK 5 #c b :x y z", s2s.ReasonMalformed, "EBMASK"},
		{Solanum, ":00A BAN D * h 5 6 7 * :r", s2s.ReasonMalformed, "BAN"},
		{Solanum, ":00AAAAAAB ECHO X y :z", s2s.ReasonMalformed, "ECHO"},
		{Solanum, ":00A NICK a :5", s2s.ReasonSource, "NICK"},
		{Solanum, "NICK foo 5", s2s.ReasonSource, "NICK"},
		{Solanum, ":00AAAAAAB EUID a 1 5 +i u h 0 00AAAAAAB * * :r", s2s.ReasonSource, "EUID"},
		{Solanum, ":alice SJOIN 5 #c + :", s2s.ReasonSource, "SJOIN"},
		{Solanum, ":00A PASS x", s2s.ReasonSource, "PASS"},
		{Solanum, ":00AAAAAAB 001 x :y", s2s.ReasonSource, "numeric"},
	} {
		_, err := ruleCodecs[c.dialect].Decode(c.line)
		pe, ok := err.(*s2s.ParseError)
		if !ok || pe.Reason != c.reason || pe.Command != c.command || pe.Detail == "" {
			t.Errorf("%.60q: %v, want %s", c.line, err, c.reason)
		}
	}
}

// TestEncodeRefuses holds that nothing is written that would become other lines or drop the link.
func TestEncodeRefuses(t *testing.T) {
	text := "x"
	for _, c := range []struct {
		dialect Dialect
		event   s2s.Event
	}{
		{Solanum, s2s.Event{Source: "00G", Body: s2s.OperMessage{Kind: "WALLOPS"}}},
		{Solanum, s2s.Event{Source: "00G", Body: s2s.OperMessage{Kind: "WALLOPS", Text: "a\r\nQUIT"}}},
		{Solanum, s2s.Event{Source: "00G", Body: s2s.Topic{Channel: "#c", Setter: "x", SetAt: 5, Rule: s2s.TopicAlways}}},
		{Solanum, s2s.Event{Source: "00G", Body: s2s.Kick{Channel: "#a b", User: "x"}}},
		{Solanum, s2s.Event{Source: "00G x", Body: s2s.Kick{Channel: "#a", User: "x"}}},
		{Solanum, s2s.Event{Source: "00G", Body: s2s.Kick{Channel: "", User: "x"}}},
		{Solanum, s2s.Event{Source: "00GAAAAAA", Body: s2s.Join{Channel: "#c"}}},
		{Solanum, s2s.Event{Source: "00G", Body: s2s.SASL{From: "a", To: "b", Step: "C"}}},
		{Solanum, s2s.Event{Source: "00G", Body: s2s.UserChanged{User: "00GAAAAAA", Realname: &text}}},
		{Solanum, s2s.Event{Source: "00GAAAAAA", Body: s2s.UserChanged{User: "00GAAAAAA", Nick: &text}}},
		{Solanum, s2s.Event{Source: "00G", Body: s2s.UserChanged{User: "00GAAAAAA", Certificate: &text}}},
		{Solanum, s2s.Event{Source: "00G", Body: s2s.UserChanged{User: "00GAAAAAA"}}},
		{Solanum, s2s.Event{Source: "00G", Body: s2s.Force{Action: "dance", User: "x"}}},
		{Solanum, s2s.Event{Source: "00G", Body: s2s.ListBurst{Channel: "#c"}}},
		{Solanum, s2s.Event{Source: "00G", Body: s2s.ListBurst{Channel: "#c", Entries: []s2s.ListEntry{{Letter: "b", Mask: ":x"}}}}},
		{Solanum, s2s.Event{Source: "00G", Body: s2s.ChannelBurst{Channel: "#c", Lists: []s2s.ListEntry{{Letter: "b", Mask: "x"}}}}},
		{Hybrid, s2s.Event{Source: "00G", Body: s2s.StandardReply{User: "x", Kind: "FAIL", Text: "x"}}},
		{Hybrid, s2s.Event{Source: "1GW", Body: s2s.Query{Command: "REHASH"}}},
		{Solanum, s2s.Event{Body: s2s.Unknown{Line: "a\nb"}}},
	} {
		if lines, err := ruleCodecs[c.dialect].Encode(c.event); err == nil {
			t.Errorf("%#v becomes %q", c.event, lines)
		}
	}
}
