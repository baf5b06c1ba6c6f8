package ircserver

import (
	"bytes"
	"errors"
	"os"
	"testing"
)

// fixtureServer is a machine to take a snapshot of for testdata. Once a version of the encoding was released its
// snapshot stays as it is and must open; until then it may be removed and made anew with -update.
func fixtureServer() *Server {
	log := newGenerator(7).log(400)
	s := New(simConfig())
	for i := range log {
		s.Apply(&log[i])
	}
	return s
}

// TestOldSnapshotsOpen opens the snapshots of all versions there ever were.
func TestOldSnapshotsOpen(t *testing.T) {
	const path = "testdata/snapshot-v1.bin"
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && *update {
		b, err = fixtureServer().AppendSnapshot(nil), os.WriteFile(path, fixtureServer().AppendSnapshot(nil), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	s, err := Restore(b)
	if err != nil {
		t.Fatalf("%s does not open: %v. A change of a released encoding needs another version number; before its release, "+
			"remove the file and run go test -run TestOldSnapshotsOpen -update", path, err)
	}
	checkInvariants(t, s)
	if len(s.sessions) < 3 || len(s.channels) < 2 || s.inputs != 400 {
		t.Errorf("%s: %d sessions, %d channels, %d inputs", path, len(s.sessions), len(s.channels), s.inputs)
	}
	if again := s.AppendSnapshot(nil); !bytes.Equal(again, b) {
		t.Errorf("%s is another one when it is saved again", path)
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
