package config

import (
	"encoding/base64"
	"encoding/hex"
	"net"
	"net/netip"
	"path/filepath"
	"strings"

	"robustirc/s2s"
)

// resolve makes paths count from the configuration's folder.
func (f *File) resolve(dir string) {
	for _, p := range []*string{
		&f.Uplink.SendPasswordFile, &f.Uplink.AcceptPasswordFile, &f.Uplink.TLS.CA, &f.Uplink.TLS.Certificate, &f.Uplink.TLS.Key,
		&f.Target.CA, &f.Target.PasswordFile, &f.Limits.SpoolDir, &f.Record.Dir, &f.Admin.Socket,
	} {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
}

// check notes all that cannot be.
func (f *File) check(r *reader) {
	f.Uplink.check(r)
	f.Target.check(r)
	f.Capture.check(r, f)
	f.Limits.check(r)
	f.Record.check(r)
	if f.Admin.Socket == "" {
		r.problem("admin.socket", "admin.socket is missing: robustirc link status and stop need it")
	}
	if l := f.Metrics.Listen; l != "" && !isAddress(l) {
		r.problem("metrics.listen", "metrics.listen: %q is not host:port", l)
	}
	oneOf(r, "log.level", f.Log.Level, "debug", "info", "warn", "error")
	oneOf(r, "log.format", f.Log.Format, "text", "json")
}

func oneOf(r *reader, key, value string, known ...string) {
	for _, k := range known {
		if value == k {
			return
		}
	}
	r.problem(key, "%s is one of %s, not %q", key, strings.Join(known, ", "), value)
}

// need notes a setting that is missing.
func need(r *reader, key, value, what string) bool {
	if value == "" {
		r.problem(key, "%s is missing: %s", key, what)
	}
	return value != ""
}

func (u *Uplink) check(r *reader) {
	if need(r, "uplink.address", u.Address, "host:port of the network's server for servers") && !isAddress(u.Address) {
		r.problem("uplink.address", "uplink.address: %q is not host:port", u.Address)
	}
	if u.Bind != "" {
		if _, err := netip.ParseAddr(u.Bind); err != nil {
			r.problem("uplink.bind", "uplink.bind: %q is no address of this machine", u.Bind)
		}
	}
	oneOf(r, "uplink.protocol", u.Protocol, "ts6", "unreal")
	if u.Dialect != "" {
		oneOf(r, "uplink.dialect", u.Dialect, "solanum", "charybdis", "hybrid")
		if u.Protocol == "unreal" {
			r.problem("uplink.dialect", "uplink.dialect is for TS6 only")
		}
	}
	u.checkNames(r)
	u.checkTLS(r)
}

func (u *Uplink) checkNames(r *reader) {
	if need(r, "uplink.server", u.Server, "our server name on the network, which its configuration has too") && !isServerName(u.Server) {
		r.problem("uplink.server", "uplink.server: %q is no server name: letters, digits, '-' and at least one dot, at most 63 bytes", u.Server)
	}
	if u.Peer != "" && !isServerName(u.Peer) {
		r.problem("uplink.peer", "uplink.peer: %q is no server name", u.Peer)
	}
	if u.Peer != "" && strings.EqualFold(u.Peer, u.Server) {
		r.problem("uplink.peer", "uplink.peer is our own name")
	}
	if need(r, "uplink.sid", u.SID, "our server id: a digit and two of A-Z and 0-9 that no server of the network has") && !s2s.ValidSID(u.SID) {
		r.problem("uplink.sid", "uplink.sid: %q is no server id: it is a digit and two of A-Z and 0-9", u.SID)
	}
	if u.Description == "" || len(u.Description) > 50 || strings.ContainsAny(u.Description, "\x00\r\n") {
		r.problem("uplink.description", "uplink.description has 1 to 50 bytes in one line")
	}
	need(r, "uplink.send_password_file", u.SendPasswordFile, "a file with the password that we send")
	need(r, "uplink.accept_password_file", u.AcceptPasswordFile, "a file with the password that the peer sends us")
	for _, name := range u.Services {
		if !isServerName(name) {
			r.problem("uplink.services", "uplink.services: %q is no server name", name)
		}
	}
}

func (u *Uplink) checkTLS(r *reader) {
	host, _, _ := net.SplitHostPort(u.Address)
	t := u.TLS
	switch {
	case u.Plaintext && !isLoopback(host):
		r.problem("uplink.plaintext", "uplink.plaintext is for this machine only (127.0.0.0/8, ::1, localhost): a link carries passwords and all that is said; use TLS, or a tunnel that ends here")
	case u.Plaintext && t != (UplinkTLS{}):
		r.problem("uplink.tls", "uplink.tls and uplink.plaintext exclude each other")
	case (t.Certificate == "") != (t.Key == ""):
		r.problem("uplink.tls.certificate", "uplink.tls needs both certificate and key, or neither")
	case t.Fingerprint != "" && !IsFingerprint(t.Fingerprint):
		r.problem("uplink.tls.fingerprint", "uplink.tls.fingerprint is the SHA-256 of the certificate in 64 hexadecimal digits, or of its public key in base64 (44 characters, UnrealIRCd's spkifp)")
	case t.Fingerprint != "" && t.CA != "":
		r.problem("uplink.tls.fingerprint", "uplink.tls.ca and uplink.tls.fingerprint exclude each other: with a fingerprint the certificate itself is known")
	}
}

// IsFingerprint reports whether s is a fingerprint of either form.
func IsFingerprint(s string) bool {
	if b, err := hex.DecodeString(strings.ReplaceAll(s, ":", "")); err == nil && len(b) == 32 {
		return true
	}
	b, err := base64.StdEncoding.DecodeString(s)
	return err == nil && len(b) == 32
}

func (t *Target) check(r *reader) {
	if len(t.Servers) == 0 {
		r.problem("target.servers", "target.servers is missing: host:port of some nodes of the RobustIRC network")
	}
	for _, s := range t.Servers {
		if s == "" || strings.ContainsAny(s, " /,") {
			r.problem("target.servers", "target.servers: %q is neither host:port nor a domain", s)
		}
	}
	if need(r, "target.gateway", t.Gateway, "our name under [[Gateways]] in the network's configuration") && strings.ContainsAny(t.Gateway, " :,") {
		r.problem("target.gateway", "target.gateway is one word")
	}
	need(r, "target.password_file", t.PasswordFile, "a file with the gateway's password")
	oneOf(r, "target.style", t.Style, "firehose", "sessions")
}

// maxObserved is how many channels an observer may be on.
const maxObserved = 1000

func (c *Capture) check(r *reader, f *File) {
	oneOf(r, "capture.mode", c.Mode, "strict-readonly", "broadcast", "observer")
	switch {
	case c.Mode == "broadcast" && f.Uplink.Protocol == "ts6":
		r.problem("capture.mode", "capture.mode broadcast is for UnrealIRCd (set::broadcast-channel-messages always); TS6 servers send the text of a channel only to servers with a member: use observer")
	case c.Mode == "observer" && len(c.Channels) == 0:
		r.problem("capture.channels", "capture.mode observer needs capture.channels")
	case c.Mode != "observer" && len(c.Channels) > 0:
		r.problem("capture.channels", "capture.channels is for capture.mode observer")
	case len(c.Channels) > maxObserved:
		r.problem("capture.channels", "capture.channels has more than %d channels", maxObserved)
	}
	for _, name := range c.Channels {
		if len(name) < 2 || name[0] != '#' || strings.ContainsAny(name, " ,\x00\r\n\a") {
			r.problem("capture.channels", "capture.channels: %q is no channel of a network: they begin with #", name)
		}
	}
	word := func(key, s string, most int) {
		if len(s) > most || strings.ContainsAny(s, " :!@,*?\x00\r\n") {
			r.problem(key, "%s is one word of at most %d bytes", key, most)
		}
	}
	word("capture.nick", c.Nick, 20)
	word("capture.ident", c.Ident, 10)
	word("capture.host", c.Host, 63)
	if c.Ident == "" || c.Realname == "" || len(c.Realname) > 50 || strings.ContainsAny(c.Realname, "\x00\r\n") {
		r.problem("capture.realname", "capture.ident and capture.realname are needed, the latter with at most 50 bytes")
	}
}

func (l *Limits) check(r *reader) {
	if l.RingBytes < 1<<20 {
		r.problem("limits.ring_bytes", "limits.ring_bytes is at least 1 MiB")
	}
	if l.SpoolBytes > 0 && l.SpoolDir == "" {
		r.problem("limits.spool_dir", "limits.spool_dir is missing: where lines wait that the new network cannot take yet")
	}
	if l.Memory > 0 && l.Memory < 64<<20 {
		r.problem("limits.memory", "limits.memory is at least 64 MiB, or 0 for no limit")
	}
	if l.Rate < 0 || l.Rate > 0 && l.Rate < 10 {
		r.problem("limits.rate", "limits.rate is at least 10 lines a second, or 0 for no limit")
	}
}

func (c *Record) check(r *reader) {
	if c.FileBytes < 1<<20 {
		r.problem("record.file_bytes", "record.file_bytes is at least 1 MiB")
	}
	if c.FileAge < 0 || c.KeepFor < 0 {
		r.problem("record.keep_for", "record.file_age and record.keep_for are not below 0")
	}
	if c.KeepBytes > 0 && c.KeepBytes < 2*c.FileBytes {
		r.problem("record.keep_bytes", "record.keep_bytes is at least twice record.file_bytes, or 0 to keep all")
	}
}

func isAddress(s string) bool {
	_, port, err := net.SplitHostPort(s)
	return err == nil && port != ""
}

func isServerName(s string) bool {
	return len(s) <= 63 && strings.Contains(s, ".") && strings.Trim(s, ".") == s &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == ""
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
