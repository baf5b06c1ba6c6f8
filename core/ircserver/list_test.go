package ircserver

import (
	"slices"
	"testing"
	"time"
)

func TestListBounds(t *testing.T) {
	now := int64(100 * time.Minute)
	ch := newChannel("#a", int64(90*time.Minute)) // 10 minutes old
	ch.topic, ch.topicTime = "t", int64(95*time.Minute)
	ch.members = make([]*member, 3)
	for filter, want := range map[string]bool{
		"": true, ">2": true, ">3": false, "<4": true, "<3": false, ">1,<5": true,
		"C>9": true, "C>10": false, "C<11": true, "C<10": false, "c>9": true,
		"T>4": true, "T>5": false, "T<6": true, "T<5": false,
		"#A": true, "#b": false, "#b,#a": true, "!#a": false, "!#b": true, "*,!#?": false, "!": false,
		"C": false, "T": false, ">99999999999999999999": false,
	} {
		f, ok := parseListFilter(filter)
		if got := ok && f.selects(ch, now); got != want {
			t.Errorf("%q selects: %v, want %v", filter, got, want)
		}
	}
	ch.topic = ""
	for _, filter := range []string{"T>0", "T<1000"} {
		if f, _ := parseListFilter(filter); f.selects(ch, now) {
			t.Errorf("%q selects a channel without topic", filter)
		}
	}
}

// FuzzListFilter wants no more of a filter than the line has room for, and that looking channels up by name finds the
// same as looking at them all.
func FuzzListFilter(f *testing.F) {
	for _, s := range []string{"", "#a", ">3,<10", "C<5,T>9", "*a*,!#ab", "#a,#b,#A", ",,", "!", "C>18446744073709551615", "T<-1"} {
		f.Add(s)
	}
	s := New(DefaultConfig())
	for _, name := range []string{"#a", "#ab", "#b", "#long-name", "#É"} {
		s.channels[foldChan(name)] = newChannel(name, 0)
	}
	f.Fuzz(func(t *testing.T, arg string) {
		filter, ok := parseListFilter(arg)
		if !ok {
			return
		}
		if n := len(filter.masks) + len(filter.notMasks) + len(filter.bounds); n > len(arg) {
			t.Fatalf("%d filters in %d bytes", n, len(arg))
		}
		selected := func(list []*channel) (names []string) {
			for _, ch := range list {
				if filter.selects(ch, int64(time.Hour)) {
					names = append(names, ch.name)
				}
			}
			return names
		}
		all := listFilter{}
		if got, want := selected(s.listCandidates(&filter)), selected(s.listCandidates(&all)); !slices.Equal(got, want) {
			t.Fatalf("%q: looking up finds %q, looking at all %q", arg, got, want)
		}
	})
}
