package network

import (
	"strconv"
	"strings"
)

// merged returns which of two parameters of a mode wins where the timestamps are equal, or what becomes of both.
func (r *Rules) merged(letter byte, ours, theirs string) string {
	var oursWin bool
	switch r.Merges[letter] {
	case MergeNumber:
		oursWin = atoi(ours) > atoi(theirs)
	case MergeFolded:
		oursWin = r.Casemapping.Fold(ours) > r.Casemapping.Fold(theirs)
	case MergePairs:
		a, b := pair(ours)
		c, d := pair(theirs)
		oursWin = a > c || a == c && b > d
	case MergeHistory:
		return mergeHistory(ours, theirs)
	case MergeFlood:
		return mergeFlood(ours, theirs)
	default:
		oursWin = ours > theirs
	}
	if oursWin {
		return ours
	}
	return theirs
}

// atoi reads the digits s begins with, as C does.
func atoi(s string) int64 {
	n, _ := strconv.ParseInt(number(s), 10, 64)
	return n
}

// pair reads "a:b".
func pair(s string) (a, b int64) {
	x, y, _ := strings.Cut(s, ":")
	return atoi(x), atoi(y)
}

// mergeHistory takes the greater of each of "lines:time" (unreal:chanmodes/history.c). Times are seconds, minutes, hours
// or days; the longer keeps its spelling.
func mergeHistory(ours, theirs string) string {
	a, b, _ := strings.Cut(ours, ":")
	c, d, _ := strings.Cut(theirs, ":")
	if atoi(a) < atoi(c) {
		a = c
	}
	if seconds(b) < seconds(d) {
		b = d
	}
	return a + ":" + b
}

// seconds reads a duration as UnrealIRCd writes it ("1h30m", "600"; unreal:conf.c:config_checkval).
func seconds(s string) (total int64) {
	for s != "" {
		n := 0
		for n < len(s) && '0' <= s[n] && s[n] <= '9' {
			n++
		}
		value, unit := atoi(s[:n]), int64(1)
		if n < len(s) {
			unit = map[byte]int64{'m': 60, 'h': 3600, 'd': 86400, 'w': 604800}[s[n]]
			if unit == 0 {
				unit = 1
			}
			n++
		}
		total += value * unit
		s = s[n:]
	}
	return total
}

// floodKinds are the kinds of limits of UnrealIRCd's +f in the order in which it writes them, and floodActions what each
// does when nothing is said (unreal:chanmodes/floodprot.c:floodtypes).
const (
	floodKinds   = "cjkmntr"
	floodActions = "CiKmN\x00\x00"
)

// flood is one limit of +f: "5j#R5" is five joins, against which +R is set for five minutes.
type flood struct {
	limit  int64
	action byte
	remove int64
}

// mergeFlood takes the greater of each part of "[5j#R5,10m#M2]:15" (unreal:chanmodes/floodprot.c:cmodef_sjoin_check).
func mergeFlood(ours, theirs string) string {
	a, per := parseFlood(ours)
	b, otherPer := parseFlood(theirs)
	if ours == theirs || a == nil || b == nil {
		return max(ours, theirs)
	}
	var parts []string
	for i := range len(floodKinds) {
		x, y := a[i], b[i]
		x = flood{max(x.limit, y.limit), max(x.action, y.action), max(x.remove, y.remove)}
		if x.limit > 0 {
			parts = append(parts, x.write(i))
		}
	}
	return "[" + strings.Join(parts, ",") + "]:" + strconv.FormatInt(max(per, otherPer), 10)
}

// write leaves out an action that goes without saying (unreal:chanmodes/floodprot.c:chmodefstrhelper).
func (f flood) write(kind int) string {
	s := strconv.FormatInt(f.limit, 10) + floodKinds[kind:kind+1]
	if f.action == 0 || f.action == floodActions[kind] && f.remove == 0 {
		return s
	}
	s += "#" + string([]byte{f.action})
	if f.remove > 0 {
		s += strconv.FormatInt(f.remove, 10)
	}
	return s
}

// parseFlood returns the limits by kind, and the period. They are nil when it is no "[…]:n".
func parseFlood(s string) ([]flood, int64) {
	inside, per, ok := strings.Cut(strings.TrimPrefix(s, "["), "]:")
	if !ok || !strings.HasPrefix(s, "[") {
		return nil, 0
	}
	limits := make([]flood, len(floodKinds))
	for part := range strings.SplitSeq(inside, ",") {
		digits := len(part) - len(strings.TrimLeft(part, "0123456789"))
		if digits == len(part) {
			continue
		}
		kind := strings.IndexByte(floodKinds, part[digits])
		if kind < 0 {
			continue
		}
		f := flood{limit: atoi(part[:digits]), action: floodActions[kind]}
		if action, ok := strings.CutPrefix(part[digits+1:], "#"); ok && action != "" {
			f.action, f.remove = action[0], atoi(action[1:])
		}
		limits[kind] = f
	}
	return limits, atoi(per)
}
