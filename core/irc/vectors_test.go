package irc

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"
)

// The vectors in testdata/parser-tests are those of the ircdocs parser-tests (CC0, see LICENSE there).

type messageAtoms struct {
	Tags   map[string]string
	Source string
	Verb   string
	Params []string
}

// loadVectors reads the tests of one vector file into a slice of T, and fails when there are none.
func loadVectors[T any](t *testing.T, name string) []T {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "parser-tests", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Tests []T }
	if err := yaml.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Tests) == 0 {
		t.Fatalf("%s: no vectors", name)
	}
	return file.Tests
}

func TestVectorsMessageSplit(t *testing.T) {
	for _, v := range loadVectors[struct {
		Input string
		Atoms messageAtoms
	}](t, "msg-split") {
		var m Message
		if err := m.Parse(v.Input); err != nil {
			t.Errorf("%q: %v", v.Input, err)
			continue
		}
		if m.Source != v.Atoms.Source || m.Command != v.Atoms.Verb || !slices.Equal(m.Params(), v.Atoms.Params) {
			t.Errorf("%q: got %+v, want %+v", v.Input, m, v.Atoms)
		}
		if tags := maps.Collect(m.AllTags()); !maps.Equal(tags, v.Atoms.Tags) {
			t.Errorf("%q: got tags %q, want %q", v.Input, tags, v.Atoms.Tags)
		}
		for key, want := range v.Atoms.Tags {
			if got, ok := m.Tag(key); !ok || got != want {
				t.Errorf("%q: Tag(%q) = %q, %v", v.Input, key, got, ok)
			}
		}
	}
}

func TestVectorsMessageJoin(t *testing.T) {
	for _, v := range loadVectors[struct {
		Desc    string
		Atoms   messageAtoms
		Matches []string
	}](t, "msg-join") {
		m := NewMessage(v.Atoms.Source, v.Atoms.Verb, v.Atoms.Params...)
		for _, key := range slices.Sorted(maps.Keys(v.Atoms.Tags)) {
			m.AddTag(key, v.Atoms.Tags[key])
		}
		if got := m.String(); !slices.Contains(v.Matches, got) {
			t.Errorf("%s: got %q, want one of %q", v.Desc, got, v.Matches)
		}
		if len(v.Atoms.Params) == 0 {
			continue
		}
		m = m.WithTrailing()
		if got := m.String(); !slices.Contains(v.Matches, got) && len(v.Matches) > 1 {
			t.Errorf("%s: with trailing: got %q, want one of %q", v.Desc, got, v.Matches)
		}
	}
}

func TestVectorsUserhost(t *testing.T) {
	for _, v := range loadVectors[struct {
		Source string
		Atoms  struct{ Nick, User, Host string }
	}](t, "userhost-split") {
		got := ParsePrefix(v.Source)
		if got != (Prefix{v.Atoms.Nick, v.Atoms.User, v.Atoms.Host}) {
			t.Errorf("%q: got %+v, want %+v", v.Source, got, v.Atoms)
		}
		if got.String() != v.Source {
			t.Errorf("%q: got %q back", v.Source, got.String())
		}
	}
}

func TestVectorsMask(t *testing.T) {
	for _, v := range loadVectors[struct {
		Mask           string
		Matches, Fails []string
	}](t, "mask-match") {
		for _, c := range []Casemapping{RFC1459, RFC1459Strict, ASCII} {
			for _, s := range v.Matches {
				if !MatchMask(c, v.Mask, s) {
					t.Errorf("%q does not match %q", v.Mask, s)
				}
			}
			for _, s := range v.Fails {
				if MatchMask(c, v.Mask, s) {
					t.Errorf("%q matches %q", v.Mask, s)
				}
			}
		}
	}
}
