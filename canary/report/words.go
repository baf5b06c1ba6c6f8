package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"robustirc/canary/compare"
)

// meaning says in a sentence what a verdict is.
func meaning(word compare.Word) string {
	switch word {
	case compare.Go:
		return "The network may migrate: nothing was found that users would notice, and enough was seen to say so."
	case compare.GoWithDebt:
		return "The network may migrate with what was accepted: every difference that is left was accepted by name."
	case compare.NoGo:
		return "The network must not migrate: users would see differences that nobody has explained."
	}
	return "There is no verdict: not enough was seen, or what was measured cannot be trusted."
}

// number groups thousands.
func number[T int | int64 | uint64](n T) string {
	s := strconv.FormatInt(int64(n), 10)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return sign + s
}

// ppb is a share in parts per billion, as percent or, where it is small, as a power.
func ppb(n int64) string {
	switch {
	case n == 0:
		return "0"
	case n >= 1e9:
		return "100 %"
	case n >= 1e5:
		return strings.TrimRight(strings.TrimRight(strconv.FormatFloat(float64(n)/1e7, 'f', 3, 64), "0"), ".") + " %"
	}
	return strconv.FormatFloat(float64(n)/1e9, 'e', 1, 64)
}

// duration is rounded to what one wants to read.
func duration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	case d < time.Second:
		return d.Round(100 * time.Microsecond).String()
	case d < time.Minute:
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// plural is a number with its noun.
func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "y") {
		return number(n) + " " + strings.TrimSuffix(noun, "y") + "ies"
	}
	return number(n) + " " + noun + "s"
}

// about says where and when the run was.
func about(r *compare.Result) string {
	parts := []string{r.Run.Network}
	if r.Run.Protocol != "" {
		parts = append(parts, strings.TrimSpace(r.Run.Protocol+" "+r.Run.Dialect))
	}
	if r.Run.Mode != "" {
		parts = append(parts, r.Run.Mode)
	}
	if !r.Run.Started.IsZero() {
		parts = append(parts, r.Run.Started.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	if r.Run.Duration > 0 {
		parts = append(parts, duration(r.Run.Duration))
	}
	return strings.Join(parts, " · ")
}

// statusWord is a group's status in words.
func statusWord(g *compare.Group) string {
	switch g.Status {
	case compare.StatusNoise:
		return "noise: as frequent between two servers of the existing network"
	case compare.StatusAccepted:
		return fmt.Sprintf("accepted by rule %s: a debt", g.Rule)
	}
	if g.Follows != "" {
		return "a consequence"
	}
	return "unexplained"
}
