package api

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"robustirc/core/ircserver"
)

func someHash(t testing.TB) string {
	h, err := bcrypt.GenerateFromPassword([]byte("x"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(h)
}

func TestConfigRoundTrip(t *testing.T) {
	hash := someHash(t)
	full := ircserver.DefaultConfig()
	full.NetworkName, full.NetworkInfo, full.MachineVersion = "irc.example", "An \"example\"", ircserver.MachineVersion
	full.SessionExpiration, full.RegistrationTimeout, full.PostMessageCooloff = time.Hour, 0, 0
	full.MaxSessions, full.MaxChannels, full.Owner, full.TestCommands = 5, 6, false, true
	full.MOTD, full.AdminInfo = []string{"one", ""}, [3]string{"a", "b", "c"}
	full.Classes = []ircserver.OperClass{{Name: "admin", Privileges: []string{"*"}}}
	full.Operators = []ircserver.Operator{{Name: "root", PasswordHash: hash, Class: "admin", Hosts: []string{"*@10.*"}}}
	full.ServicesPasswords = []string{hash}
	full.Gateways = []ircserver.Gateway{{Name: "canary", PasswordHash: hash}}
	full.TrustedBridges = []ircserver.NamedValue{{Name: strings.Repeat("ab", 32), Value: "b"}}
	full.Banned = []ircserver.NamedValue{{Name: "192.0.2.0/24", Value: "x"}, {Name: "2001:db8::1", Value: "y"}}
	full.AllowedOrigins = []string{"https://a"}
	full.OutputWindow, full.OutputBytes = time.Minute, 1<<20
	full.Limits.NickLen = 9
	for name, c := range map[string]ircserver.Config{"full": full, "default": ircserver.DefaultConfig()} {
		text, err := FormatConfig(&c)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseConfig(text, 1)
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		if a, b := ircserver.EncodeConfig(&c), ircserver.EncodeConfig(&got); a != b {
			t.Errorf("%s: %+v became %+v", name, c, got)
		}
	}
}

// TestEveryFieldIsInTheFile: a field of the machine's configuration that the file forgets would be reset by each edit.
func TestEveryFieldIsInTheFile(t *testing.T) {
	var c ircserver.Config
	fill(reflect.ValueOf(&c).Elem())
	c.Revision = 0 // it is in the header
	got := fileOf(&c).config()
	if !reflect.DeepEqual(got, c) {
		t.Errorf("%+v became %+v", c, got)
	}
}

// fill sets everything to something.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(7)
	default:
		panic(v.Kind())
	}
}

func TestOmittedKeysKeepTheirDefaults(t *testing.T) {
	got, err := ParseConfig("MaxSessions = 3\n[Limits]\nNickLen = 20\n", ircserver.MachineVersion)
	want := ircserver.DefaultConfig()
	want.MaxSessions, want.Limits.NickLen, want.MachineVersion = 3, 20, ircserver.MachineVersion
	if err != nil || ircserver.EncodeConfig(&got) != ircserver.EncodeConfig(&want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestBadConfigs(t *testing.T) {
	for text, want := range map[string]string{
		"MaxSessions = 1\nMaxSesions = 2\n":               "line 2: there is no setting MaxSesions",
		"[Limits]\nNikLen = 2\n":                          "line 2: there is no setting Limits.NikLen",
		"MaxSessions = \n":                                "line 1",
		"\n\nMaxSessions = \"many\"\n":                    "line 3",
		"SessionExpiration = \"10 parsecs\"\n":            "line 1",
		"MaxSessions = 99999999999999999999999\n":         "line 1",
		"OutputBytes = 0\n":                               "must be at least",
		"MaxSessions = -1\n":                              "negative",
		"NetworkName = \"no dot\"\n":                      "NetworkName",
		"[Banned]\n\"not an address\" = \"x\"\n":          "must be an IP address",
		"[TrustedBridges]\n\"plain key\" = \"x\"\n":       "must be the SHA-256",
		"[[IRC.Operators]]\nName=\"a\"\nPassword=\"b\"\n": "must be a bcrypt hash",
		"[[IRC.Services]]\nPassword=\"b\"\n":              "must be a bcrypt hash",
		"[[Gateways]]\nName=\"a\"\nPasswordHash=\"b\"\n":  "must be a bcrypt hash",
		"AdminInfo = [\"1\",\"2\",\"3\",\"4\"]\n":         "at most 3",
		"[Limits]\nNickLen = 4000\n":                      "NickLen is 4000",
	} {
		if _, err := ParseConfig(text, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func FuzzParseConfig(f *testing.F) {
	c := ircserver.DefaultConfig()
	text, err := FormatConfig(&c)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add("[[IRC.Operators]]\nName = 3")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseConfig(text, 1)
		if err != nil {
			return
		}
		again, err := FormatConfig(&c)
		if err != nil {
			t.Fatalf("%q was accepted and cannot be written: %v", text, err)
		}
		if d, err := ParseConfig(again, 1); err != nil || ircserver.EncodeConfig(&d) != ircserver.EncodeConfig(&c) {
			t.Fatalf("%q became %q: %v", text, again, err)
		}
	})
}

func TestHostOnly(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "192.0.2.1:80": "192.0.2.1", "[2001:DB8::1]:80": "2001:db8::1", "2001:db8::1": "2001:db8::1",
		" 192.0.2.1 ": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "[fe80::1%eth0]:5": "fe80::1",
		"": "", "host:80": "", "192.0.2.1:80:80": "", "1.2.3": "",
	} {
		if got := hostOnly(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// FuzzAcceptLine: what is accepted is a line, and differs from what was sent only by being cut.
func FuzzAcceptLine(f *testing.F) {
	f.Add("PRIVMSG #a :b")
	f.Add(strings.Repeat("\ufffd", 300))
	f.Fuzz(func(t *testing.T, in string) {
		out, err := acceptLine(in)
		if err == nil && (!strings.HasPrefix(in, out) || strings.ContainsAny(out, "\r\n\x00") || len(out) < len(in) && len(out) > 510) {
			t.Fatalf("%q became %q", in, out)
		}
	})
}

// TestDocumentedConfig: the example in docs/http-api.md is accepted, but for its shortened hashes.
func TestDocumentedConfig(t *testing.T) {
	doc, err := os.ReadFile("../../docs/http-api.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(doc), "error with its line.\n")
	if !ok {
		t.Fatal("the example was not found")
	}
	text := strings.ReplaceAll(rest, "$2a$10$…", someHash(t))
	c, err := ParseConfig(text, ircserver.MachineVersion)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Operators) != 1 || len(c.Banned) != 2 || c.Limits.NickLen != 30 {
		t.Errorf("read %+v", c)
	}
}
