// Package config reads link.toml, the configuration of a link gateway. docs/link.md describes it, docs/link.toml is an
// example that a test reads.
package config

import "time"

// File is a link.toml.
type File struct {
	Uplink  Uplink  `toml:"uplink"`
	Target  Target  `toml:"target"`
	Capture Capture `toml:"capture"`
	Mirror  Mirror  `toml:"mirror"`
	Limits  Limits  `toml:"limits"`
	Record  Record  `toml:"record"`
	Admin   Admin   `toml:"admin"`
	Metrics Metrics `toml:"metrics"`
	Log     Log     `toml:"log"`
}

// Uplink is the server of the existing network that is linked to, and who we are there.
type Uplink struct {
	// Address is host:port of its port for servers, Bind the local address to connect from ("" is any).
	Address string `toml:"address"`
	Bind    string `toml:"bind"`
	// Protocol is ts6 or unreal; Dialect is solanum, charybdis or hybrid, where known.
	Protocol string `toml:"protocol"`
	Dialect  string `toml:"dialect"`
	// Server, SID and Description are ours; Peer is the name that the peer must have ("" is any).
	Server      string `toml:"server"`
	SID         string `toml:"sid"`
	Description string `toml:"description"`
	Peer        string `toml:"peer"`
	// SendPasswordFile and AcceptPasswordFile hold the two passwords of the link.
	SendPasswordFile   string `toml:"send_password_file"`
	AcceptPasswordFile string `toml:"accept_password_file"`
	// Services are the names of the servers that the network trusts as services.
	Services []string `toml:"services"`
	// Plaintext does without TLS, which is only allowed to this machine itself.
	Plaintext bool      `toml:"plaintext"`
	TLS       UplinkTLS `toml:"tls"`
}

// UplinkTLS is how the peer's certificate is checked: by authorities, or by its fingerprint.
type UplinkTLS struct {
	CA string `toml:"ca"` // PEM; "" is the system's
	// Fingerprint is the SHA-256 of the certificate in hexadecimal, or of its public key in base64 (UnrealIRCd's spkifp).
	Fingerprint string `toml:"fingerprint"`
	ServerName  string `toml:"server_name"` // in the certificate; "" is the host of Address
	// Certificate and Key are ours, where the peer knows us by them.
	Certificate string `toml:"certificate"`
	Key         string `toml:"key"`
}

// Target is the RobustIRC network.
type Target struct {
	Servers      []string `toml:"servers"` // host:port of some nodes, or one domain with SRV records
	CA           string   `toml:"ca"`
	Gateway      string   `toml:"gateway"` // our name in its configuration
	PasswordFile string   `toml:"password_file"`
	Style        string   `toml:"style"` // firehose or sessions
}

// Capture is how much of the existing network is to be seen.
type Capture struct {
	Mode string `toml:"mode"` // strict-readonly, broadcast or observer
	// Channels are those that the observer is on; the rest is who it is.
	Channels []string `toml:"channels"`
	Nick     string   `toml:"nick"`
	Ident    string   `toml:"ident"`
	Host     string   `toml:"host"`
	Realname string   `toml:"realname"`
}

// Mirror is what is left out, and what is not mirrored one to one.
type Mirror struct {
	LeaveOutUsers    []string `toml:"leave_out_users"`    // nick!user@host
	LeaveOutChannels []string `toml:"leave_out_channels"` // names
	Hidden           bool     `toml:"hidden"`             // mirror channels that are secret or private
	ServiceUsers     bool     `toml:"service_users"`      // mirror the users of services
	OperClass        string   `toml:"oper_class"`         // class of operators on the new network; "" mirrors none
	Bans             bool     `toml:"bans"`               // mirror the network's bans
}

// Limits bound what the gateway takes.
type Limits struct {
	RingBytes  Bytes   `toml:"ring_bytes"`  // lines that wait in memory
	SpoolBytes Bytes   `toml:"spool_bytes"` // and on disk
	SpoolDir   string  `toml:"spool_dir"`
	Memory     Bytes   `toml:"memory"` // of the process, beyond which it unlinks; 0 is no limit
	Rate       float64 `toml:"rate"`   // lines a second to the new network; 0 is no limit
}

// Record is where a run is recorded.
type Record struct {
	Dir       string        `toml:"dir"` // "" records nothing
	FileBytes Bytes         `toml:"file_bytes"`
	FileAge   time.Duration `toml:"file_age"`
	KeepBytes Bytes         `toml:"keep_bytes"`
	KeepFor   time.Duration `toml:"keep_for"`
	KeepText  bool          `toml:"keep_text"`
	Notes     []string      `toml:"notes"`
}

// Admin is the socket of robustirc link status, stop and relink.
type Admin struct {
	Socket string `toml:"socket"`
}

// Metrics is where Prometheus reads.
type Metrics struct {
	Listen string `toml:"listen"` // "" is nowhere
}

// Log is how it is logged.
type Log struct {
	Level  string `toml:"level"`
	Format string `toml:"format"`
}

// Default is what holds where the file says nothing.
func Default() File {
	return File{
		Uplink: Uplink{Protocol: "ts6", Description: "RobustIRC link gateway"},
		Target: Target{Style: "firehose"},
		Capture: Capture{Mode: "strict-readonly", Ident: "robustirc",
			Realname: "Reads along for RobustIRC; has no influence"},
		Mirror: Mirror{Bans: true},
		Limits: Limits{RingBytes: 16 << 20, SpoolBytes: 1 << 30, SpoolDir: "/var/lib/robustirc-link/spool"},
		Record: Record{FileBytes: 256 << 20, FileAge: 24 * time.Hour, KeepBytes: 16 << 30, KeepFor: 14 * 24 * time.Hour},
		Admin:  Admin{Socket: "/run/robustirc-link/admin.sock"},
		Log:    Log{Level: "info", Format: "text"},
	}
}
