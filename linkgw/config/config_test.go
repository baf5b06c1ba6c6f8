package config

import (
	"errors"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

func example(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile("../../docs/link.toml")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestExample(t *testing.T) {
	f, err := Read("../../docs/link.toml")
	if err != nil {
		t.Fatal(err)
	}
	if f.Uplink.SID != "9GW" || f.Uplink.SendPasswordFile != "../../docs/link-send" || f.Capture.Mode != "observer" || f.Limits.SpoolBytes != 1<<30 {
		t.Errorf("%+v", f)
	}
}

// TestExampleShowsDefaults holds that what is commented out is every other setting, with its default.
func TestExampleShowsDefaults(t *testing.T) {
	all := regexp.MustCompile(`(?m)^# (\w+ = )`).ReplaceAllString(example(t), "$1")
	var raw map[string]any
	r := reader{name: "example", text: all, lines: strings.Split(all, "\n")}
	if err := r.decode(&raw); err != nil {
		t.Fatal(err)
	}
	r.compare("", raw, reflect.TypeFor[File]())
	for _, p := range r.problems {
		t.Error(p)
	}
	have := 0
	for _, table := range raw {
		have += len(table.(map[string]any))
	}
	want := 0
	for i := range reflect.TypeFor[File]().NumField() {
		want += reflect.TypeFor[File]().Field(i).Type.NumField()
	}
	if want += reflect.TypeFor[UplinkTLS]().NumField(); have+len(raw["uplink"].(map[string]any)["tls"].(map[string]any)) != want {
		t.Errorf("the example shows %d settings of %d", have, want)
	}
	got, def := Default(), Default()
	if err := r.decode(&got); err != nil {
		t.Fatal(err)
	}
	def.Uplink.Address, def.Uplink.Server, def.Uplink.SID, def.Uplink.Peer = got.Uplink.Address, got.Uplink.Server, got.Uplink.SID, got.Uplink.Peer
	def.Uplink.SendPasswordFile, def.Uplink.AcceptPasswordFile, def.Uplink.Services = got.Uplink.SendPasswordFile, got.Uplink.AcceptPasswordFile, got.Uplink.Services
	def.Target.Servers, def.Target.Gateway, def.Target.PasswordFile = got.Target.Servers, got.Target.Gateway, got.Target.PasswordFile
	def.Capture.Mode, def.Capture.Channels, def.Record.Dir = got.Capture.Mode, got.Capture.Channels, got.Record.Dir
	def.Mirror.LeaveOutChannels, def.Mirror.LeaveOutUsers, def.Record.Notes = []string{}, []string{}, []string{}
	def.Metrics = got.Metrics
	if !reflect.DeepEqual(got, def) {
		t.Errorf("the example shows\n%+v, the defaults are\n%+v", got, def)
	}
}

// TestProblems holds that each mistake is told with its place, and what to do.
func TestProblems(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{`sid = "9GW"`, `sid = "GW9"`, `x.toml:9:1: uplink.sid: "GW9" is no server id`},
		{`sid = "9GW"`, ``, `uplink.sid is missing`},
		{`sid = "9GW"`, `sdi = "9GW"`, `x.toml:9:1: there is no setting "uplink.sdi"; did you mean "sid"?`},
		{`sid = "9GW"`, `sid = 9`, `x.toml:9:1: uplink.sid: it is a string`},
		{`sid = "9GW"`, `sid = "9GW`, `x.toml:9:`},
		{`sid = "9GW"`, `sid = "9GW"` + "\nsid = \"8GW\"", `sid`},
		{`address = "irc.example.net:6697"`, `address = "irc.example.net"`, `is not host:port`},
		{`protocol = "ts6"`, `protocol = "p10"`, `uplink.protocol is one of ts6, unreal, not "p10"`},
		{`server = "gateway.example.net"`, `server = "gateway"`, `no server name`},
		{`# plaintext = false`, `plaintext = true`, `uplink.plaintext is for this machine only`},
		{`# dialect = ""`, `dialect = "bahamut"`, `uplink.dialect is one of`},
		{`# bind = ""`, `bind = "eth0"`, `no address of this machine`},
		{`# fingerprint = ""`, `fingerprint = "abc"`, `64 hexadecimal digits`},
		{`# certificate = ""`, `certificate = "x"`, `needs both certificate and key`},
		{`[uplink.tls]`, `[uplink.tsl]`, `there is no setting "uplink.tsl"; did you mean "tls"?`},
		{`mode = "observer"`, `mode = "broadcast"`, `broadcast is for UnrealIRCd`},
		{`mode = "observer"`, `mode = "strict-readonly"`, `capture.channels is for capture.mode observer`},
		{`channels = ["#help", "#lobby"]`, `channels = ["help"]`, `no channel of a network`},
		{`channels = ["#help", "#lobby"]`, `channels = "#help"`, `it is a list of strings`},
		{`# style = "firehose"`, `style = "drip"`, `target.style is one of`},
		{`# ring_bytes = "16 MiB"`, `ring_bytes = "16 MB"`, `a size is a number of bytes`},
		{`# ring_bytes = "16 MiB"`, `ring_bytes = 1`, `at least 1 MiB`},
		{`# file_age = "24h"`, `file_age = 24`, `a duration is a string`},
		{`# keep_text = false`, `keep_text = "no"`, `it is true or false`},
		{`# rate = 0`, `rate = "much"`, `it is a number`},
		{`# rate = 0`, `rate = 1`, `at least 10`},
		{`# listen = ""`, `listen = "9617"`, `is not host:port`},
		{`# socket = "/run/robustirc-link/admin.sock"`, `socket = ""`, `admin.socket is missing`},
		{`[log]`, "[log]\nlevel = \"loud\"", `log.level is one of`},
		{`[admin]`, "[admni]", `there is no setting "admni"; did you mean "admin"?`},
	} {
		text := example(t)
		changed := strings.Replace(text, c.old, c.new, 1)
		if changed == text {
			t.Errorf("%q is not in the example", c.old)
		}
		_, err := Parse("x.toml", changed)
		var p *Problem
		if err == nil || !strings.Contains(err.Error(), c.want) || !errors.As(err, &p) || !strings.HasPrefix(err.Error(), "x.toml:") {
			t.Errorf("%q: %v, want %q", c.new, err, c.want)
		}
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	_, err := Parse("x.toml", "[uplink]\naddress = \"x\"\nsid = \"a\"\n[log]\nlevel = \"x\"\n")
	text := ""
	if err != nil {
		text = err.Error()
	}
	for _, want := range []string{"uplink.address", "uplink.sid", "uplink.server", "send_password_file", "target.servers", "target.gateway", "log.level", `    sid = "a"` + "\n    ^"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not told: %s", want, text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(example(f))
	f.Add("[uplink]\nsid = 3\n[[target]]\n")
	f.Add("[limits]\nring_bytes = -1\n")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := Parse("f.toml", text); err != nil && err.Error() == "" {
			t.Error("an error without words")
		}
	})
}
