package node

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"robustirc/core/ircserver"
)

// After a change of format: go test ./core/node -run TestOldFormatsOpen -write-format NAME. What was released stays as
// it is; before the first release v1 is written anew.
var writeFormat = flag.String("write-format", "", "write testdata/format/NAME in the formats of today")

// TestOldFormatsOpen starts a replica on every data directory that some version once wrote: a snapshot with the state
// and outputs of three sessions, and a log that goes on behind it, with compressed entries and a message of death.
func TestOldFormatsOpen(t *testing.T) {
	t.Parallel()
	root := filepath.Join("testdata", "format")
	if *writeFormat != "" {
		writeFormatFixture(t, filepath.Join(root, *writeFormat))
	}
	dirs, err := os.ReadDir(root)
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, d := range dirs {
		t.Run(d.Name(), func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(filepath.Join(root, d.Name()))); err != nil {
				t.Fatal(err)
			}
			n := &network{t: t, replicas: map[string]*replica{}}
			r := &replica{id: "a", dir: dir}
			n.replicas["a"] = r
			n.restart(r)
			defer n.stop(r)
			eventually(t, "it has applied the log", func() bool { _, _, input := r.f.applied(); return input >= 19 })
			if got := r.f.stats.restores.Load(); got != 1 {
				t.Errorf("%d snapshots were restored", got)
			}
			if term, err := r.disk.stable.GetUint64([]byte("CurrentTerm")); err != nil || term == 0 {
				t.Errorf("term %d, %v", term, err)
			}
			var nicks []string
			r.f.view(func(m *ircserver.Server) {
				for _, s := range m.Sessions() {
					nicks = append(nicks, fmt.Sprintf("%d %s %x", s.ID, s.Nick, s.AuthHash[:2]))
				}
			})
			if got := strings.Join(nicks, ", "); got != "2 alice 0102, 10 carol 0102" {
				t.Errorf("sessions: %s", got)
			}
			alice := lines(t, r.f, 2)
			for _, want := range []string{"in the snapshot", "in the log", "compressed", " QUIT "} {
				if count(alice, want) != 1 {
					t.Errorf("alice's lines do not have %q once: %q", want, alice)
				}
			}
			if bob := lines(t, r.f, 6); !strings.HasPrefix(bob[len(bob)-1], "ERROR") {
				t.Errorf("bob's lines: %q", bob)
			}
		})
	}
}

// writeFormatFixture makes a data directory and leaves out what bbolt allocates in advance.
func writeFormatFixture(t *testing.T, dir string) {
	t.Helper()
	n := newNetwork(t, "a")
	r := n.replicas["a"]
	var inputs []ircserver.Input
	for i, nick := range []string{"alice", "bob", "carol"} {
		more := register(ircserver.SessionID(2+4*i), nick)
		more[0].AuthHash = [32]byte{1, 2, 3}
		inputs = append(inputs, more...)
	}
	n.propose(inputs...)
	n.propose(line(10, "PRIVMSG #a :in the snapshot"))
	if err := r.raft.Snapshot().Error(); err != nil {
		t.Fatal(err)
	}
	n.propose(line(10, "PRIVMSG #a :in the log"), line(6, "PANIC"))
	data, err := encodeEntry([]ircserver.Input{line(10, "PRIVMSG #a :compressed"), line(10, "PRIVMSG #a :"+strings.Repeat("many words ", 40)), line(10, "PRIVMSG #a :"+strings.Repeat("many words ", 40))}, CompressZstd)
	if err != nil || Compression(data[0]) != CompressZstd {
		t.Fatalf("not compressed: %v", err)
	}
	if err := r.raft.Apply(data, 0).Error(); err != nil {
		t.Fatal(err)
	}
	n.stop(r)
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755), os.CopyFS(filepath.Join(dir, snapshotDir), os.DirFS(filepath.Join(r.dir, snapshotDir)))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{logFile, stableFile} {
		compactBolt(t, filepath.Join(r.dir, name), filepath.Join(dir, name))
	}
}

func compactBolt(t *testing.T, from, to string) {
	t.Helper()
	src, err := bbolt.Open(from, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	dst, err := bbolt.Open(to, 0o600, &bbolt.Options{NoFreelistSync: true, PageSize: 1024})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(bbolt.Compact(dst, src, 0), dst.Close()); err != nil {
		t.Fatal(err)
	}
}
