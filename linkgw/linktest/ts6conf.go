package linktest

import (
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"

	"robustirc/core/irc"
	"robustirc/s2s/ts6"
)

// Accounts of the configurations. Leaves may link by any name of LeafNames with the same passwords.
const (
	OperName     = "god"
	OperPassword = "godpass"
	// LinkPassword is what servers and leaves send, AcceptPassword what they are sent.
	LinkPassword   = "linkpass"
	AcceptPassword = "acceptpass"
	// ServicesName is the leaf that the servers trust as services.
	ServicesName = "services.example.net"
)

// LeafNames are the names of leaves that the first server lets link.
var LeafNames = []string{"gateway.example.net", "second.example.net", "third.example.net", "load.example.net", ServicesName}

var hybrid = software{
	env: "ROBUSTIRC_IRCD_HYBRID", fallback: "/usr/sbin/ircd-hybrid",
	advice: "install Debian's ircd-hybrid, or set ROBUSTIRC_IRCD_HYBRID to the binary",
	files:  func(s *Server) map[string]string { return map[string]string{"ircd.conf": fill(hybridConf, s)} },
	command: func(place, dir string) *exec.Cmd {
		return exec.Command(place, "-foreground", "-configfile", dir+"/ircd.conf", "-pidfile", dir+"/pid", "-logfile", dir+"/log",
			"-klinefile", dir+"/kline.db", "-dlinefile", dir+"/dline.db", "-xlinefile", dir+"/xline.db", "-resvfile", dir+"/resv.db")
	},
	link:        ts6Link(ts6.Hybrid),
	casemapping: irc.ASCII,
	lists:       "beI",
	whoisLines:  true,
}

var solanum = software{
	env: "ROBUSTIRC_SOLANUM", binary: "bin/solanum",
	advice: "set ROBUSTIRC_SOLANUM to the directory that solanum was installed to (the prefix it was built for), which user nobody must own when the tests run as root (docs/s2s.md)",
	files:  func(s *Server) map[string]string { return map[string]string{"ircd.conf": fill(solanumConf, s)} },
	command: func(place, dir string) *exec.Cmd {
		return exec.Command(filepath.Join(place, "bin/solanum"), "-foreground", "-configfile", dir+"/ircd.conf", "-pidfile", dir+"/pid", "-logfile", dir+"/log")
	},
	link:        ts6Link(ts6.Solanum),
	casemapping: irc.RFC1459,
	lists:       "beIq",
	localUmodes: "",
}

// cloakKeys are no secret: their network lives as long as a test.
var cloakKeys = []string{strings.Repeat("aB3", 30) + "x", strings.Repeat("bC4", 30) + "y", strings.Repeat("cD5", 30) + "z"}

func fill(tmpl *template.Template, s *Server) string {
	var b strings.Builder
	if err := tmpl.Execute(&b, struct {
		*Server
		Leaves                       []string
		Oper, OperPassword           string
		LinkPassword, AcceptPassword string
		Services                     string
		Place                        string
		CloakKeys                    []string // UnrealIRCd's, the same on all servers
	}{s, LeafNames, OperName, OperPassword, LinkPassword, AcceptPassword, ServicesName, s.place, cloakKeys}); err != nil {
		panic(err)
	}
	return b.String()
}

var hybridConf = template.Must(template.New("hybrid").Parse(`
serverinfo {
	name = "{{.Name}}"; sid = "{{.SID}}"; description = "{{.Description}}"; hub = yes;
	network_name = "Ex"; network_description = "Ex"; default_max_clients = 1000; max_nick_length = 30; max_topic_length = 300;
	rsa_private_key_file = "{{.Dir}}/key.pem"; tls_certificate_file = "{{.Dir}}/cert.pem";
};
admin { name = "x"; description = "x"; email = "x"; };
class { name = "users"; ping_time = 300 seconds; number_per_ip_local = 500; number_per_ip_global = 500; max_number = 500; sendq = 1000 kbytes; recvq = 8000 bytes; max_channels = 60; };
class { name = "server"; ping_time = 300 seconds; connectfreq = 1 hour; max_number = 10; sendq = 20000 kbytes; };
listen {
	host = "127.0.0.1"; port = {{.Port}};
	flags = tls; port = {{.TLSPort}};
};
auth { user = "*spoofed@*"; class = "users"; spoof = "spoofed.example.org"; flags = exceed_limit, can_flood, no_tilde; };
auth { user = "*exempt@*"; class = "users"; flags = exceed_limit, can_flood, no_tilde, kline_exempt; };
auth { user = "*plain@*"; class = "users"; flags = exceed_limit, can_flood; };
auth { user = "*@*"; class = "users"; flags = exceed_limit, can_flood, no_tilde; };
operator {
	name = "{{.Oper}}"; user = "*@*"; password = "{{.OperPassword}}"; encrypted = no; class = "users"; umodes = wallop;
	flags = admin, connect, connect:remote, die, dline, globops, join:resv, kill, kill:remote, kline, locops, module, nick:resv, opme, rehash, remoteban, resv,
		restart, set, squit, squit:remote, undline, unkline, unresv, unxline, wallops, xline;
};
{{range .Leaves}}
connect { name = "{{.}}"; host = "127.0.0.1"; send_password = "{{$.AcceptPassword}}"; accept_password = "{{$.LinkPassword}}"; class = "server"; hub_mask = "*"; };
{{end}}
{{with .Other}}
connect {
	name = "{{.Name}}"; host = "127.0.0.1"; port = {{if $.TLS}}{{.TLSPort}}{{else}}{{.Port}}{{end}};
	send_password = "between"; accept_password = "between"; class = "server"; hub_mask = "*";{{if $.TLS}} flags = tls;{{end}}
};
{{end}}
service { name = "{{.Services}}"; };
shared { name = "*"; user = "*@*"; type = dline, kline, resv, undline, unkline, unresv, unxline, xline; };
channel {
	disable_fake_channels = yes; knock_client_count = 100; knock_delay_channel = 0 seconds; invite_client_count = 1000; invite_delay_channel = 0 seconds;
	max_channels = 60; enable_extbans = yes; default_join_flood_count = 0;
};
general {
	disable_auth = yes; ts_max_delta = 300 seconds; ts_warn_delta = 300 seconds; throttle_count = 1000; anti_nick_flood = no; away_count = 1000;
	pace_wait_simple = 0 seconds; pace_wait = 0 seconds; default_floodcount = 1000; anti_spam_exit_message_time = 0 seconds; no_oper_flood = yes;
	max_targets = 10;
	invisible_on_connect = no; stats_k_oper_only = no; specials_in_ident = 2;
};
modules { path = "/usr/lib/ircd-hybrid/modules"; path = "/usr/lib/ircd-hybrid/modules/extra"; path = "/usr/lib/ircd-hybrid/modules/autoload"; };
`))

var solanumConf = template.Must(template.New("solanum").Parse(`
loadmodule "extensions/ip_cloaking_4.0";
loadmodule "extensions/extb_account"; loadmodule "extensions/extb_channel"; loadmodule "extensions/extb_extgecos"; loadmodule "extensions/extb_realname";
loadmodule "extensions/chm_adminonly"; loadmodule "extensions/chm_operonly"; loadmodule "extensions/chm_sslonly"; loadmodule "extensions/chm_nonotice";
loadmodule "extensions/m_omode"; loadmodule "extensions/m_okick"; loadmodule "extensions/m_ojoin"; loadmodule "extensions/m_opme"; loadmodule "extensions/m_remove";
loadmodule "extensions/m_adminwall"; loadmodule "extensions/umode_noctcp"; loadmodule "extensions/helpops"; loadmodule "extensions/sasl_usercloak";
serverinfo {
	name = "{{.Name}}"; sid = "{{.SID}}"; description = "{{.Description}}"; network_name = "Ex"; default_max_clients = 1000; nicklen = 30;
	ssl_private_key = "{{.Dir}}/key.pem"; ssl_cert = "{{.Dir}}/cert.pem"; ssld_count = 1;
};
admin { name = "x"; description = "x"; email = "x"; };
class "users" { ping_time = 5 minutes; number_per_ident = 500; number_per_ip = 500; number_per_ip_global = 500; number_per_cidr = 500; max_number = 500; sendq = 1000 kbytes; };
class "server" { ping_time = 5 minutes; connectfreq = 1 hour; max_number = 10; max_autoconn = 0; sendq = 20 megabytes; };
listen { host = "127.0.0.1"; port = {{.Port}}; sslport = {{.TLSPort}}; };
auth { user = "*spoofed@*"; class = "users"; spoof = "spoofed.example.org"; flags = exceed_limit, flood_exempt, no_tilde, spambot_exempt; };
auth { user = "*exempt@*"; class = "users"; flags = exceed_limit, flood_exempt, no_tilde, spambot_exempt, kline_exempt; };
auth { user = "*plain@*"; class = "users"; flags = exceed_limit, flood_exempt, spambot_exempt; };
auth { user = "*@*"; class = "users"; flags = exceed_limit, flood_exempt, no_tilde, spambot_exempt; };
privset "all" {
	privs = oper:general, oper:privs, oper:testline, oper:kill, oper:operwall, oper:message, usermode:servnotice, auspex:oper, auspex:hostname, auspex:umodes,
		auspex:cmodes, oper:routing, oper:kline, oper:unkline, oper:xline, oper:resv, oper:cmodes, oper:mass_notice, oper:wallops, oper:remoteban,
		oper:admin, oper:die, oper:rehash, oper:spy, oper:grant, snomask:nick_changes, usermode:helpops;
};
operator "{{.Oper}}" { user = "*@*"; password = "{{.OperPassword}}"; flags = ~encrypted; privset = "all"; };
{{range .Leaves}}
connect "{{.}}" { host = "127.0.0.1"; send_password = "{{$.AcceptPassword}}"; accept_password = "{{$.LinkPassword}}"; class = "server"; flags = topicburst; };
{{end}}
{{with .Other}}
connect "{{.Name}}" {
	host = "127.0.0.1"; port = {{if $.TLS}}{{.TLSPort}}{{else}}{{.Port}}{{end}};
	send_password = "between"; accept_password = "between"; class = "server"; flags = topicburst{{if $.TLS}}, ssl{{end}};
	{{if $.TLS}}fingerprint = "{{$.Fingerprint}}";{{end}}
};
{{end}}
service { name = "{{.Services}}"; };
exempt { ip = "127.0.0.0/8"; };
channel {
	use_invex = yes; use_except = yes; use_forward = yes; use_knock = yes; knock_delay = 0 seconds; knock_delay_channel = 0 seconds; max_chans_per_user = 60;
	default_split_user_count = 0; default_split_server_count = 0; no_create_on_split = no; no_join_on_split = no;
	displayed_usercount = 0; max_bans = 100; burst_topicwho = yes; autochanmodes = "+nt"; invite_notify_notice = yes;
};
general {
	disable_auth = yes; ts_max_delta = 300 seconds; ts_warn_delta = 300 seconds; throttle_count = 1000; throttle_duration = 1; default_floodcount = 1000;
	anti_nick_flood = no; default_umodes = "+w"; oper_umodes = wallop, operwall; oper_snomask = "+s"; burst_away = yes; away_interval = 0; pace_wait = 0 seconds;
	pace_wait_simple = 0 seconds; post_registration_delay = 0 seconds; max_targets = 10; client_exit = yes; hide_opers_in_whois = no; hide_opers = no;
	use_propagated_bans = yes; anti_spam_exit_message_time = 0 seconds; use_whois_actually = yes; hide_spoof_ips = yes; no_oper_flood = yes;
	operspy_admin_only = no; operspy_dont_care_user_info = no; caller_id_wait = 0 seconds; sasl_service = "SaslServ";
	certfp_method = sha256;
};
`))
