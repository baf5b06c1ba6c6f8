package main

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syndtr/goleveldb/leveldb"
)

// originalData writes what a node of the original has, in JSON: a session that registers and speaks.
func originalData(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	db, err := leveldb.OpenFile(filepath.Join(dir, "raftlog"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	message := func(kind int, data string) string {
		return fmt.Sprintf(`{"Id":{},"Session":{"Id":1001},"Type":%d,"Data":%q,"UnixNano":1700000000000000000}`, kind, data)
	}
	for i, data := range []string{message(0, "secret-auth"), message(2, "NICK alice"), message(2, "USER alice 0 * :Alice"), message(2, "AWAY :words-that-are-secret")} {
		entry := fmt.Sprintf(`{"Index":%d,"Term":1,"Type":0,"Data":%q}`, i+1, base64.StdEncoding.EncodeToString([]byte(data)))
		if err := db.Put(binary.BigEndian.AppendUint64(nil, uint64(i+1)), []byte(entry), nil); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestImportOriginalCommand(t *testing.T) {
	dir, out := originalData(t), filepath.Join(t.TempDir(), "out.rirclog")
	args := []string{"canary", "import-original", "--raftdir", dir, "--message-offset", "1000", "--network", "irc.example.net", "--out", out}
	text, err := run(t, "", args...)
	if err != nil {
		t.Fatal(err)
	}
	if want := out + ": 4 inputs (1 sessions, 3 lines) of entries 1 to 4: the whole log\n"; !strings.HasPrefix(text, want) {
		t.Errorf("it says %q, want %q", text, want)
	}
	b, err := os.ReadFile(out)
	if err != nil || strings.Contains(string(b), "secret") {
		t.Errorf("the capture holds secrets, or there is none: %v", err)
	}
	dump := filepath.Join(t.TempDir(), "dump")
	if err := os.WriteFile(dump, []byte(`{"Id":2,"Output":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want string
		args []string
	}{
		{"file exists", args},
		{"--raftdir DIR and --out FILE", []string{"canary", "import-original"}},
		{"is redacted", []string{"canary", "log", "--capture", out, "--old-dump", dump}},
		{"exclude each other", []string{"canary", "log", "--capture", out, "--old-dump", dump, "--old", dump}},
	} {
		if _, err := run(t, "", c.args...); !errors.As(err, new(usageError)) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want a usage error with %q", c.args, err, c.want)
		}
	}

	whole := filepath.Join(t.TempDir(), "whole.rirclog")
	if _, err := run(t, "", append(args[:len(args)-1:len(args)-1], whole, "--text")...); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(whole); err != nil || !strings.Contains(string(b), "words-that-are-secret") || strings.Contains(string(b), "secret-auth") {
		t.Errorf("--text: the words are not there, or the session's secret is: %v", err)
	}
	if _, err := run(t, "", "canary", "log", "--capture", whole, "--old-dump", dump); err == nil || !strings.Contains(err.Error(), "no output at all") {
		t.Errorf("an empty dump: %v", err)
	}
	os.Remove(whole + ".ids")
	if _, err := run(t, "", "canary", "log", "--capture", whole, "--old-dump", dump); !errors.As(err, new(usageError)) || !strings.Contains(err.Error(), "beside the capture") {
		t.Errorf("without the file beside the capture: %v", err)
	}
}
