package irc

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTruncate(t *testing.T) {
	for _, v := range []struct {
		s    string
		max  int
		want string
	}{
		{"abc", 5, "abc"}, {"abc", 3, "abc"}, {"abc", 2, "ab"}, {"abc", 0, ""}, {"abc", -1, ""}, {"", 0, ""},
		{"aä", 2, "a"}, {"aä", 3, "aä"}, {"ä", 1, ""}, {"€uro", 2, ""}, {"€uro", 3, "€"}, {"x😀y", 4, "x"}, {"x😀y", 5, "x😀"},
		{"a\x80\x80\x80\x80", 3, "a\x80\x80"}, {"a\x80b", 1, "a"}, {"\xff\xff\xff", 2, "\xff\xff"}, {"\xe2\x82", 1, "\xe2"},
	} {
		if got := Truncate(v.s, v.max); got != v.want {
			t.Errorf("%q to %d: got %q, want %q", v.s, v.max, got, v.want)
		}
	}
	s := strings.Repeat("aä€😀", 10)
	for n := range len(s) {
		if got := Truncate(s, n); !utf8.ValidString(got) || len(got) > n || len(got) < n-3 {
			t.Errorf("to %d: %q", n, got)
		}
	}
}

func TestSplitWords(t *testing.T) {
	for _, v := range []struct {
		words       string
		prefix, max int
		want        []string
	}{
		{"", 0, 10, nil},
		{"a bb ccc", 0, 8, []string{"a bb ccc"}},
		{"a bb ccc", 0, 7, []string{"a bb", "ccc"}},
		{"a bb ccc", 4, 8, []string{"a bb", "ccc"}},
		{"abcdef g", 0, 3, []string{"abc", "g"}},
		{"g abcdef", 0, 3, []string{"g", "abc"}},
	} {
		got := slices.Collect(SplitWords(v.prefix, slices.Values(strings.Fields(v.words)), v.max))
		if !slices.Equal(got, v.want) {
			t.Errorf("%q: got %q, want %q", v.words, got, v.want)
		}
	}
	for line := range SplitTargets(0, slices.Values([]string{"a", "b", "c"}), 3) {
		if line != "a,b" {
			t.Errorf("%q", line)
		}
		break
	}
}

// TestSplitWordsNames is the case that the first RobustIRC got wrong: no member may be missing.
func TestSplitWordsNames(t *testing.T) {
	var nicks, got []string
	for i := range 500 {
		nicks = append(nicks, fmt.Sprintf("@member%d", i))
	}
	m := NewMessage("irc.example.org", RPL_NAMREPLY.Code(), "me", "=", "#channel", "")
	for line := range SplitWords(len(m.String()), slices.Values(nicks), MaxLine-2) {
		m.SetParams("me", "=", "#channel", line)
		if err := CheckClientLine(m.String()); err != nil {
			t.Error(err)
		}
		got = append(got, strings.Fields(line)...)
	}
	if !slices.Equal(got, nicks) {
		t.Errorf("%d of %d", len(got), len(nicks))
	}
}
