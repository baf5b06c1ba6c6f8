package ircserver

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// fixtureServer is a machine to take a snapshot of for testdata. Once a version of the encoding was released its
// snapshot stays as it is and must open; until then it may be removed and made anew with -update.
func fixtureServer() *Server {
	log := newGenerator(24).log(400)[:400]
	s := New(simConfig())
	for i := range log {
		s.Apply(&log[i])
	}
	return s
}

// TestOldSnapshotsOpen opens the snapshots of all versions there ever were, and saves them as they were: the version
// follows from the network's MachineVersion.
func TestOldSnapshotsOpen(t *testing.T) {
	const latest = "testdata/snapshot-v2.bin"
	if _, err := os.Stat(latest); errors.Is(err, os.ErrNotExist) && *update {
		if err := os.WriteFile(latest, fixtureServer().AppendSnapshot(nil), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for version, path := range []string{1: "testdata/snapshot-v1.bin", 2: latest} {
		if path == "" {
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Restore(b)
		if err != nil {
			t.Fatalf("%s does not open: %v. A change of a released encoding needs another version number; before its release, "+
				"remove the file and run go test -run TestOldSnapshotsOpen -update", path, err)
		}
		checkInvariants(t, s)
		if len(s.sessions) < 3 || len(s.channels) < 2 || s.inputs != 400 || version == 2 && len(s.gateways) == 0 {
			t.Errorf("%s: %d sessions, %d channels, %d gateways, %d inputs", path, len(s.sessions), len(s.channels), len(s.gateways), s.inputs)
		}
		if again := s.AppendSnapshot(nil); int(b[len(snapshotMagic)]) != version || !bytes.Equal(again, b) {
			t.Errorf("%s is another one when it is saved again", path)
		}
	}
}

// TestMachineVersionOneStaysAsItWas: on a network whose MachineVersion is 1 everything is encoded as binaries that know
// no other version do, and nobody is a gateway.
func TestMachineVersionOneStaysAsItWas(t *testing.T) {
	cfg := InitialConfig()
	if text := EncodeConfig(&cfg); text[0] != configVersion1 {
		t.Errorf("the configuration has version %d", text[0])
	}
	cfg.Gateways = []Gateway{{Name: "canary"}}
	if err := cfg.Validate(); err == nil {
		t.Error("gateways are valid")
	}
	s := New(InitialConfig())
	say := func(line, granted string) []Output {
		return slices.Clone(s.Apply(&Input{Kind: KindLine, Time: 2e18, Session: 1, Text: line, Granted: granted}))
	}
	s.Apply(&Input{Kind: KindCreate, Time: 2e18})
	say("PASS :gateway=x", "gateway:canary")
	if got := s.sessions[1].pass; got != "gateway=x" {
		t.Errorf("PASS leaves %q for NickServ", got)
	}
	outs := say("GATEWAY canary firehose", "")
	if len(outs) != 1 || !strings.Contains(outs[0].Line, " 421 * GATEWAY ") {
		t.Errorf("GATEWAY: %+v", outs)
	}
	say("NICK a", "")
	say("USER a 0 * :a", "")
	if outs := say("HELP", ""); strings.Contains(fmt.Sprint(outs), "GATEWAY") {
		t.Errorf("HELP: %+v", outs)
	}
	if b := s.AppendSnapshot(nil); b[len(snapshotMagic)] != snapshotVersion1 {
		t.Errorf("the snapshot has version %d", b[len(snapshotMagic)])
	}
}

// TestDue wants a tick to be due exactly when it would change something.
func TestDue(t *testing.T) {
	s := New(DefaultConfig())
	apply := func(kind Kind, at int64, session SessionID, text string) {
		s.Apply(&Input{Kind: kind, Time: at * 1e9, Session: session, Text: text})
	}
	due := func(at int64, want bool) {
		t.Helper()
		if got := s.Due(at * 1e9); got != want {
			t.Errorf("due at %d: %v", at, got)
		}
	}
	due(1000, false)
	apply(KindCreate, 1000, 0, "")
	due(1059, false)
	due(1060, true)
	apply(KindLine, 1001, 1, "NICK a")
	apply(KindLine, 1001, 1, "USER a 0 * a")
	due(1060, false)
	due(1600, false)
	apply(KindLine, 1300, 1, "PING x")
	due(1601, false)
	due(1899, false)
	due(1900, true)
	apply(KindCreate, 1890, 0, "")
	due(1899, false)
	apply(KindTick, 1900, 0, "")
	due(1949, false)
	due(1950, true)
	s.bans = []networkBan{{mask: "x", expiry: 1940e9}}
	due(1939, false)
	due(1940, true)
	c := DefaultConfig()
	c.Revision, c.RegistrationTimeout = 1, 1e9
	apply(KindConfig, 1901, 0, EncodeConfig(&c))
	due(1901, true)
	apply(KindTick, 1941, 0, "")
	due(1e9, false)
}

// TestTimeNeverGoesBack: a leader whose clock is behind that of the one before it changes nothing.
func TestTimeNeverGoesBack(t *testing.T) {
	s := New(DefaultConfig())
	for _, at := range []int64{1000, 1, 999} {
		outs := s.Apply(&Input{Kind: KindCreate, Time: at, Cookie: "c"})
		if s.Now() != 1000 || outs[0].Time != 1000 {
			t.Errorf("at %d the machine's time is %d, the output's %d", at, s.Now(), outs[0].Time)
		}
	}
	if s.start != 1000 || s.sessions[2].created != 1000 {
		t.Errorf("network created at %d, second session at %d", s.start, s.sessions[2].created)
	}
}

// TestChainCoversOutputs changes every part of an output, and wants another chain.
func TestChainCoversOutputs(t *testing.T) {
	a := NewAudience([]Recipient{{1, 0, 0}, {2, 0, 0}}, 0)
	chain := func(change func(*Output)) uint32 {
		o := Output{ID: OutputID{1, 1}, Time: 1, Line: "x", Account: "y", To: a}
		change(&o)
		var s Server
		s.chainOutput(&o)
		return s.Chain()
	}
	same := chain(func(*Output) {})
	for name, change := range map[string]func(*Output){
		"id": func(o *Output) { o.ID.Reply++ }, "time": func(o *Output) { o.Time++ }, "line": func(o *Output) { o.Line = "z" },
		"account": func(o *Output) { o.Account = "z" }, "final": func(o *Output) { o.Final = true },
		"recipients": func(o *Output) { o.To = NewAudience([]Recipient{{1, 0, 0}, {3, 0, 0}}, 0) },
		"capability": func(o *Output) { o.To = NewAudience([]Recipient{{1, 0, 0}, {2, 1, 0}}, 0) },
		"gateway":    func(o *Output) { o.To = NewAudience([]Recipient{{1, 0, 0}, {2, 0, 1}}, 0) },
		"skip":       func(o *Output) { o.To.skip = 2 },
		"cause":      func(o *Output) { o.Cause = 1 },
	} {
		if chain(change) == same {
			t.Errorf("the chain does not cover %s", name)
		}
	}
}
