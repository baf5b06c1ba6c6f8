package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"robustirc/core/node"
)

// nodeSettings are what an operator sets for a node, by flags or in a TOML file with the same names ("_" for "-").
type nodeSettings struct {
	ID            string   `toml:"id"`
	Data          string   `toml:"data"`
	Listen        string   `toml:"listen"`
	Advertise     string   `toml:"advertise"`
	TLSCert       string   `toml:"tls_cert"`
	TLSKey        string   `toml:"tls_key"`
	TLSCA         string   `toml:"tls_ca"`
	PasswordFile  string   `toml:"password_file"`
	Bootstrap     []string `toml:"bootstrap"`
	Join          string   `toml:"join"`
	NetworkName   string   `toml:"network_name"`
	IRCListen     []string `toml:"irc_listen"`
	IRCTLSListen  []string `toml:"irc_tls_listen"`
	Compression   string   `toml:"compression"`
	LogLevel      string   `toml:"log_level"`
	LogFormat     string   `toml:"log_format"`
	TestCommands  bool     `toml:"test_commands"`
	SnapshotEvery uint64   `toml:"snapshot_threshold"`
	TrailingLogs  uint64   `toml:"trailing_logs"`
}

// bind registers the flags. Their usage texts are the documentation of the file's keys as well.
func (s *nodeSettings) bind(f *pflag.FlagSet) {
	f.StringVar(&s.ID, "id", "", "name of this node in the cluster, for all time (default: the advertised address)")
	f.StringVar(&s.Data, "data", "/var/lib/robustirc", "directory of the log and snapshots")
	f.StringVar(&s.Listen, "listen", ":60667", "address for clients, other nodes and status pages, all over TLS")
	f.StringVar(&s.Advertise, "advertise", "", "host:port under which nodes and clients reach this node (default: the listener's address)")
	f.StringVar(&s.TLSCert, "tls-cert", "", "file with the certificate chain in PEM form")
	f.StringVar(&s.TLSKey, "tls-key", "", "file with the certificate's key in PEM form")
	f.StringVar(&s.TLSCA, "tls-ca", "", "file with the authorities that other nodes' certificates must be signed by")
	f.StringVar(&s.PasswordFile, "password-file", "", "file with the network password (default: $"+passwordVariable+")")
	f.StringSliceVar(&s.Bootstrap, "bootstrap", nil, "the members of a new network as id=host:port, the same list on each; ignored once there is data")
	f.StringVar(&s.Join, "join", "", "host:port of any member of an existing network to join; ignored once there is data")
	f.StringVar(&s.NetworkName, "network-name", "robustirc.net", "name of a new network, which is also its server's name")
	f.StringSliceVar(&s.IRCListen, "irc-listen", nil, "addresses to serve plain IRC on; its clients are cut when this node goes")
	f.StringSliceVar(&s.IRCTLSListen, "irc-tls-listen", nil, "addresses to serve IRC over TLS on")
	f.StringVar(&s.Compression, "compression", "none", "of stored data: none or zstd")
	f.StringVar(&s.LogLevel, "log-level", "info", "debug, info, warn or error")
	f.StringVar(&s.LogFormat, "log-format", "text", "text or json")
	f.Uint64Var(&s.SnapshotEvery, "snapshot-threshold", 0, "log entries (batches of messages) between snapshots (default 8192)")
	f.Uint64Var(&s.TrailingLogs, "trailing-logs", 0, "log entries kept behind a snapshot for other nodes to catch up (default 4096)")
	f.BoolVar(&s.TestCommands, "test-commands", false, "enable the command that makes the machine panic (tests only)")
	_ = f.MarkHidden("test-commands") // exists
}

// load reads the file, over which flags given on the command line take precedence.
func (s *nodeSettings) load(cmd *cobra.Command, file string) error {
	if file == "" {
		return nil
	}
	given := givenFlags(cmd.Flags())
	data, err := os.ReadFile(file)
	if err != nil {
		return usageError{fmt.Errorf("reading the node's settings: %w", err)}
	}
	if err := decodeSettings(file, string(data), "robustirc node --help", s); err != nil {
		return usageError{err}
	}
	return given()
}

// givenFlags remembers the flags that were given, and returns how to set them again.
func givenFlags(f *pflag.FlagSet) (restore func() error) {
	var sets []func() error
	f.Visit(func(fl *pflag.Flag) {
		if list, ok := fl.Value.(pflag.SliceValue); ok {
			values := slices.Clone(list.GetSlice()) // decoding reuses the memory
			sets = append(sets, func() error { return list.Replace(values) })
			return
		}
		value := fl.Value.String()
		sets = append(sets, func() error { return fl.Value.Set(value) })
	})
	return func() error {
		var errs []error
		for _, set := range sets {
			errs = append(errs, set())
		}
		return errors.Join(errs...)
	}
}

// decodeSettings decodes TOML; keys that mean nothing are errors, all of them at once. known says where the others are
// listed. The library panics on some malformed texts; that is an error too.
func decodeSettings(file, text, known string, into any) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%s: it is not TOML: %v", file, v)
		}
	}()
	md, err := toml.Decode(text, into)
	var syntax toml.ParseError
	if errors.As(err, &syntax) {
		return fmt.Errorf("%s:%d: %s", file, syntax.Position.Line, syntax.Message)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	var errs []error
	for _, key := range md.Undecoded() {
		errs = append(errs, fmt.Errorf("%s:%d: unknown key %q; %s lists the known ones", file, lineOf(text, key[len(key)-1]), key, known))
	}
	return errors.Join(errs...)
}

// lineOf is the line on which a top-level key or a table stands.
func lineOf(text, key string) int {
	at := regexp.MustCompile(`(?m)^[ \t]*\[*[ \t]*["']?` + regexp.QuoteMeta(key) + `["']?[ \t]*[=\].]`).FindStringIndex(text)
	if at == nil {
		return 1
	}
	return 1 + strings.Count(text[:at[0]], "\n")
}

// peers parses the list of members.
func (s *nodeSettings) peers() ([]node.Peer, error) {
	var peers []node.Peer
	for _, p := range s.Bootstrap {
		id, addr, ok := strings.Cut(p, "=")
		if !ok || id == "" || addr == "" {
			return nil, usageError{fmt.Errorf("bootstrap: %q is not of the form id=host:port", p)}
		}
		peers = append(peers, node.Peer{ID: id, Addr: addr})
	}
	return peers, nil
}
