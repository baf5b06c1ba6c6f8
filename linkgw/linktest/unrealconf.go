package linktest

import (
	"os/exec"
	"path/filepath"
	"text/template"

	"robustirc/core/irc"
	"robustirc/s2s"
	"robustirc/s2s/unreal"
)

// What the configuration of UnrealIRCd has for tests of its own: VHOST with this login gives a host and a line of WHOIS.
const (
	VHostLogin, VHostPassword = "vlogin", "vpass"
	VHost, VHostLine          = "my.vhost.example", "has a virtual host"
	// OperVHost and OperLine are what operators get.
	OperVHost, OperLine = "oper.vhost.example", "is a god"
)

var unreal6 = software{
	env: "ROBUSTIRC_UNREALIRCD", binary: "bin/unrealircd", startLock: "bin/unrealircd",
	advice: "set ROBUSTIRC_UNREALIRCD to the directory that UnrealIRCd 6 was installed to (docs/link-unreal.md), which user nobody must own when the tests run as root",
	files: func(s *Server) map[string]string {
		return map[string]string{"unrealircd.conf": fill(unrealConf, s)}
	},
	command: func(place, dir string) *exec.Cmd {
		return exec.Command(filepath.Join(place, "bin/unrealircd"), "-F", "-f", filepath.Join(dir, "unrealircd.conf"))
	},
	link: func(id s2s.Identity) s2s.Link {
		id.AcceptPassword = LinkPassword // a link block has one password
		return unreal.NewLink(id, unreal.Options{})
	},
	casemapping: irc.ASCII,
	lists:       "beI",
	localUmodes: "s",
	localModes:  "Zd", // chanmodes/issecure.c, delayjoin.c
	whoisLines:  true,
}

// unreal5 differs in little of what is tested here.
var unreal5 = func() software {
	s := unreal6
	s.env = "ROBUSTIRC_UNREALIRCD5"
	s.advice = "set ROBUSTIRC_UNREALIRCD5 to the directory that UnrealIRCd 5.2 was installed to (docs/link-unreal.md), which user nobody must own when the tests run as root"
	return s
}()

var unrealConf = template.Must(template.New("unreal").Parse(`
include "{{.Place}}/conf/modules.default.conf";
include "{{.Place}}/conf/operclass.default.conf";
{{if ne .Kind "unreal5"}}include "{{.Place}}/conf/snomasks.default.conf";{{end}}
blacklist-module "tkldb"; blacklist-module "channeldb"; blacklist-module "reputation"; blacklist-module "connthrottle";
blacklist-module "geoip_classic"; blacklist-module "targetfloodprot"; blacklist-module "antirandom"; blacklist-module "blacklist";
blacklist-module "connect-flood"; blacklist-module "max-unknown-connections-per-ip";
loadmodule "{{if eq .Kind "unreal5"}}cloak{{else}}cloak_sha256{{end}}";
me { name "{{.Name}}"; info "{{.Description}}"; sid "{{.SID}}"; }
admin { "x"; }
class users { pingfreq 300; maxclients 500; sendq 4M; recvq 8000; }
class servers { pingfreq 300; connfreq 3600; maxclients 10; sendq 60M; }
allow { mask *; class users; maxperip 500; }
oper {{.Oper}} { mask *; class users; password "{{.OperPassword}}"; operclass netadmin-with-override; swhois "is a god"; vhost oper.vhost.example; }
vhost { vhost my.vhost.example; mask *; login vlogin; password vpass; swhois "has a virtual host"; }
listen { ip 127.0.0.1; port {{.Port}}; }
listen { ip 127.0.0.1; port {{.TLSPort}}; options { tls; } }
{{range .Leaves}}
link {{.}} { incoming { mask 127.0.0.1; } password "{{$.LinkPassword}}"; class servers; hub *; }
{{end}}
{{with .Other}}
link {{.Name}} {
	incoming { mask 127.0.0.1; }
	outgoing { hostname 127.0.0.1; {{if $.TLS}}port {{.TLSPort}}; options { tls; }{{else}}port {{.Port}}; options { insecure; }{{end}} }
	password "between"; class servers; hub *; verify-certificate no;
}
{{end}}
ulines { {{.Services}}; }
{{if eq .Kind "unreal5"}}
log "{{.Dir}}/log" { flags { oper; connects; server-connects; errors; kills; sadmin-commands; chg-commands; oper-override; tkl; spamfilter; flood; } }
{{else}}
log { source { all; } destination { file "{{.Dir}}/log"; } }
{{end}}
files { pidfile "{{.Dir}}/pid"; }
security-group known-users { identified yes; webirc yes; }
set {
	network-name "Ex"; default-server "{{.Name}}"; services-server "{{.Services}}"; sasl-server "{{.Services}}"; help-channel "#help"; kline-address "x@example.net";
	cloak-keys { {{range .CloakKeys}}"{{.}}"; {{end}} }
	tls { certificate "{{.Dir}}/cert.pem"; key "{{.Dir}}/key.pem"; }
	plaintext-policy { user allow; oper allow; server allow; }
	broadcast-channel-messages always;
	modes-on-connect "+ixw"; modes-on-join "+nt"; level-on-join op; allow-userhost-change always; who-limit 10000; maxchannelsperuser 100;
	anti-spam-quit-message-time 0;
	anti-flood {
		everyone { connect-flood 255:10; handshake-data-flood { amount 16k; ban-action kill; } }
		known-users { join-flood 255:10; nick-flood 255:10; away-flood 255:10; invite-flood 255:10; knock-flood 255:10; {{if ne .Kind "unreal5"}}vhost-flood 255:10;{{end}} lag-penalty 0; lag-penalty-bytes 0; }
		unknown-users { join-flood 255:10; nick-flood 255:10; away-flood 255:10; invite-flood 255:10; knock-flood 255:10; {{if ne .Kind "unreal5"}}vhost-flood 255:10;{{end}} lag-penalty 0; lag-penalty-bytes 0; }
	}
}
`))
