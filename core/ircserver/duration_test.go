package ircserver

import (
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	for _, c := range []struct {
		text string
		want time.Duration
		ok   bool
	}{
		{"30m", 30 * time.Minute, true},
		{"1d", 24 * time.Hour, true},
		{"1w2d", 9 * 24 * time.Hour, true},
		{"90", 90 * time.Second, true},
		{"1h30", time.Hour + 30*time.Second, true},
		{"2H5S", 2*time.Hour + 5*time.Second, true},
		{"0", 0, true},
		{"522w", 522 * 7 * 24 * time.Hour, true},
		{"523w", 0, false},
		{"522w522w", 0, false},
		{"99999999999999999999", 0, false},
		{"", 0, false},
		{"d", 0, false},
		{"1x", 0, false},
		{"-5", 0, false},
		{"1.5h", 0, false},
		{"192.0.2.1", 0, false},
		{"10/8", 0, false},
	} {
		got, ok := parseDuration(c.text)
		if got != c.want && ok || ok != c.ok {
			t.Errorf("%q is %v %v, want %v %v", c.text, got, ok, c.want, c.ok)
		}
	}
}

// FuzzDuration wants bounds, and that what is written is read again as the same.
func FuzzDuration(f *testing.F) {
	for _, s := range []string{"30m", "1w2d", "90", "0", "1h30", "99999999999w", "1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, ok := parseDuration(s)
		if !ok {
			return
		}
		if d < 0 || d > maxDuration {
			t.Fatalf("%q is %v", s, d)
		}
		if again, ok := parseDuration(formatDuration(d)); !ok || again != d {
			t.Fatalf("%q is %v, written %q, read %v", s, d, formatDuration(d), again)
		}
	})
}
