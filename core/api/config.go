package api

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"golang.org/x/crypto/bcrypt"

	"robustirc/core/ircserver"
)

// configFile is the network configuration as operators write it. The fields are those of ircserver.Config.
type configFile struct {
	NetworkName         string
	NetworkInfo         string
	MachineVersion      uint32
	SessionExpiration   time.Duration
	RegistrationTimeout time.Duration
	PostMessageCooloff  time.Duration
	MaxSessions         int
	MaxChannels         int
	Owner, Admin        bool
	Halfop              bool
	TestCommands        bool `toml:",omitempty"`
	DefaultUserModes    string
	MOTD                []string
	AdminInfo           []string
	OutputWindow        time.Duration
	OutputBytes         int
	AllowedOrigins      []string
	TrustedBridges      map[string]string
	Banned              map[string]string
	IRC                 ircBlock
	Gateways            []gatewayBlock
	Classes             []classBlock
	Limits              ircserver.Limits
}

// ircBlock holds who may become operator or services.
type ircBlock struct {
	Operators []operatorBlock
	Services  []servicesBlock
}

type operatorBlock struct {
	Name, Password, Class string
	Hosts                 []string
}

type servicesBlock struct{ Password string }

type gatewayBlock struct{ Name, PasswordHash string }

type classBlock struct {
	Name       string
	Privileges []string
}

// ParseConfig reads a network configuration in TOML. What the file leaves out has its default, or for MachineVersion
// the one given, which must not go back by accident; a key that does not exist is an error.
func ParseConfig(text string, machineVersion uint32) (ircserver.Config, error) {
	def := ircserver.DefaultConfig()
	def.MachineVersion = machineVersion
	f := fileOf(&def)
	md, err := toml.Decode(text, f)
	if err != nil {
		return ircserver.Config{}, tomlError(text, err)
	}
	if err := errors.Join(unknownKeys(text, &md), f.check()); err != nil {
		return ircserver.Config{}, err
	}
	cfg := f.config()
	if err := cfg.Validate(); err != nil {
		return ircserver.Config{}, err
	}
	return cfg, nil
}

// FormatConfig writes a network configuration as TOML that ParseConfig reads.
func FormatConfig(c *ircserver.Config) (string, error) {
	var b bytes.Buffer
	e := toml.NewEncoder(&b)
	e.Indent = ""
	if err := e.Encode(fileOf(c)); err != nil {
		return "", fmt.Errorf("writing the configuration as TOML: %w", err)
	}
	return b.String(), nil
}

// tomlError is a syntax or type error with the line it is in. (The library's own ErrorWithPosition panics on some text.)
func tomlError(text string, err error) error {
	var p toml.ParseError
	if !errors.As(err, &p) {
		return err
	}
	lines := strings.Split(text, "\n")
	n := min(max(p.Position.Line, 1), len(lines))
	return fmt.Errorf("line %d: %s\n\t%.200s", n, p.Message, strings.TrimSpace(lines[n-1]))
}

// unknownKeys says which keys of the file mean nothing.
func unknownKeys(text string, md *toml.MetaData) error {
	var errs []error
	for _, key := range md.Undecoded() {
		errs = append(errs, fmt.Errorf("line %d: there is no setting %s", lineOf(text, key), key))
	}
	return errors.Join(errs...)
}

// lineOf finds the line that sets a key, as well as one can without the parser; 0 when it does not.
func lineOf(text string, key toml.Key) int {
	name := key[len(key)-1]
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.Trim(line, " \t\r\n[\"'")
		if rest, ok := strings.CutPrefix(line, name); ok && (rest == "" || strings.ContainsAny(rest[:1], " \t=]\"'.")) {
			return n
		}
	}
	return 0
}

// minOutputBytes keeps the retained output large enough for clients that change servers, and bounded.
const minOutputBytes = 1 << 20

// check says what the machine cannot know: secrets and addresses that are none.
func (f *configFile) check() error {
	var errs []error
	for _, o := range f.IRC.Operators {
		if _, err := bcrypt.Cost([]byte(o.Password)); err != nil {
			errs = append(errs, fmt.Errorf("operator %q: Password must be a bcrypt hash: %v", o.Name, err))
		}
	}
	for i, s := range f.IRC.Services {
		if _, err := bcrypt.Cost([]byte(s.Password)); err != nil {
			errs = append(errs, fmt.Errorf("IRC.Services %d: Password must be a bcrypt hash: %v", i+1, err))
		}
	}
	for _, g := range f.Gateways {
		if _, err := bcrypt.Cost([]byte(g.PasswordHash)); err != nil {
			errs = append(errs, fmt.Errorf("gateway %q: PasswordHash must be a bcrypt hash: %v", g.Name, err))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(f.TrustedBridges)) {
		if b, err := hex.DecodeString(key); err != nil || len(b) != 32 {
			errs = append(errs, fmt.Errorf("TrustedBridges %.80q: must be the SHA-256 of the bridge's key, 64 hexadecimal digits", key))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(f.Banned)) {
		_, err1 := netip.ParseAddr(key)
		_, err2 := netip.ParsePrefix(key)
		if err1 != nil && err2 != nil {
			errs = append(errs, fmt.Errorf("key Banned %.80q: must be an IP address or a CIDR range", key))
		}
	}
	if f.OutputBytes < minOutputBytes {
		errs = append(errs, fmt.Errorf("OutputBytes is %d: must be at least %d, or sessions could not be resumed", f.OutputBytes, minOutputBytes))
	}
	if len(f.AdminInfo) > 3 {
		errs = append(errs, fmt.Errorf("AdminInfo has %d lines, at most 3 are shown", len(f.AdminInfo)))
	}
	return errors.Join(errs...)
}

// fileOf is c as a file.
func fileOf(c *ircserver.Config) *configFile {
	f := &configFile{
		NetworkName: c.NetworkName, NetworkInfo: c.NetworkInfo, MachineVersion: c.MachineVersion,
		SessionExpiration: c.SessionExpiration, RegistrationTimeout: c.RegistrationTimeout, PostMessageCooloff: c.PostMessageCooloff,
		MaxSessions: c.MaxSessions, MaxChannels: c.MaxChannels,
		Owner: c.Owner, Admin: c.Admin, Halfop: c.Halfop, TestCommands: c.TestCommands, DefaultUserModes: c.DefaultUserModes,
		MOTD: c.MOTD, AdminInfo: c.AdminInfo[:], OutputWindow: c.OutputWindow, OutputBytes: c.OutputBytes,
		AllowedOrigins: c.AllowedOrigins, TrustedBridges: asMap(c.TrustedBridges), Banned: asMap(c.Banned), Limits: c.Limits,
	}
	for _, o := range c.Operators {
		f.IRC.Operators = append(f.IRC.Operators, operatorBlock{o.Name, o.PasswordHash, o.Class, o.Hosts})
	}
	for _, p := range c.ServicesPasswords {
		f.IRC.Services = append(f.IRC.Services, servicesBlock{p})
	}
	for _, cl := range c.Classes {
		f.Classes = append(f.Classes, classBlock(cl))
	}
	for _, g := range c.Gateways {
		f.Gateways = append(f.Gateways, gatewayBlock(g))
	}
	return f
}

// config is f as the machine has it, without revision.
func (f *configFile) config() ircserver.Config {
	c := ircserver.Config{
		NetworkName: f.NetworkName, NetworkInfo: f.NetworkInfo, MachineVersion: f.MachineVersion,
		SessionExpiration: f.SessionExpiration, RegistrationTimeout: f.RegistrationTimeout, PostMessageCooloff: f.PostMessageCooloff,
		MaxSessions: f.MaxSessions, MaxChannels: f.MaxChannels,
		Owner: f.Owner, Admin: f.Admin, Halfop: f.Halfop, TestCommands: f.TestCommands, DefaultUserModes: f.DefaultUserModes,
		MOTD: f.MOTD, OutputWindow: f.OutputWindow, OutputBytes: f.OutputBytes,
		AllowedOrigins: f.AllowedOrigins, TrustedBridges: asTable(f.TrustedBridges), Banned: asTable(f.Banned), Limits: f.Limits,
	}
	copy(c.AdminInfo[:], f.AdminInfo)
	for _, o := range f.IRC.Operators {
		c.Operators = append(c.Operators, ircserver.Operator{Name: o.Name, PasswordHash: o.Password, Class: o.Class, Hosts: o.Hosts})
	}
	for _, s := range f.IRC.Services {
		c.ServicesPasswords = append(c.ServicesPasswords, s.Password)
	}
	for _, cl := range f.Classes {
		c.Classes = append(c.Classes, ircserver.OperClass(cl))
	}
	for _, g := range f.Gateways {
		c.Gateways = append(c.Gateways, ircserver.Gateway(g))
	}
	return c
}

func asMap(table []ircserver.NamedValue) map[string]string {
	m := make(map[string]string, len(table))
	for _, v := range table {
		m[v.Name] = v.Value
	}
	return m
}

func asTable(m map[string]string) []ircserver.NamedValue {
	var table []ircserver.NamedValue
	for _, name := range slices.Sorted(maps.Keys(m)) {
		table = append(table, ircserver.NamedValue{Name: name, Value: m[name]})
	}
	return table
}

// revisionHeader names the revision of a configuration that was read, and the one that an edit is based on.
const revisionHeader = "X-RobustIRC-Config-Revision"

func (a *API) getConfig(w http.ResponseWriter, r *http.Request) error {
	c := a.node.NetworkConfig()
	text, err := FormatConfig(c)
	if err != nil {
		return err
	}
	w.Header().Set(revisionHeader, strconv.FormatUint(c.Revision, 10))
	w.Header().Set("Content-Type", "application/toml; charset=utf-8")
	_, err = io.WriteString(w, text)
	return err
}

func (a *API) postConfig(w http.ResponseWriter, r *http.Request) error {
	revision, err := strconv.ParseUint(r.Header.Get(revisionHeader), 10, 64)
	if err != nil {
		return refuse(http.StatusBadRequest, "The header %s must name the revision that the edit is based on, as GET /config gave it", revisionHeader)
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if err != nil {
		return refuse(http.StatusBadRequest, "The configuration could not be read: %v", err)
	}
	cfg, err := ParseConfig(string(text), a.node.NetworkConfig().MachineVersion)
	if err != nil {
		return refuse(http.StatusBadRequest, "%v", err)
	}
	return a.node.SetNetworkConfig(r.Context(), revision, cfg)
}
