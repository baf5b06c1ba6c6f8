package original

import (
	"net"
	"strconv"
	"strings"

	"robustirc/core/ircserver"
)

// keepEnded is how many sessions that ended are remembered: their hosts stand in bans and in what is sent later.
const keepEnded = 100_000

// sessions says which session of ours is which of the original's. Not safe for concurrent use.
type sessions struct {
	ours   map[uint64]ircserver.SessionID
	theirs map[ircserver.SessionID]uint64 // those that have not ended
	ended  []uint64                       // in the order in which they ended, a ring of keepEnded
	next   int
}

func newSessions() *sessions {
	return &sessions{ours: map[uint64]ircserver.SessionID{}, theirs: map[ircserver.SessionID]uint64{}}
}

func (s *sessions) add(theirs uint64, ours ircserver.SessionID) {
	s.ours[theirs], s.theirs[ours] = ours, theirs
}

// end notes that a session of ours has ended, and forgets the one that ended keepEnded ago. It reports whether it had
// not ended before.
func (s *sessions) end(ours ircserver.SessionID) bool {
	theirs, ok := s.theirs[ours]
	if !ok {
		return false
	}
	delete(s.theirs, ours)
	if len(s.ended) < keepEnded {
		s.ended = append(s.ended, theirs)
		return true
	}
	delete(s.ours, s.ended[s.next])
	s.ended[s.next] = theirs
	s.next = (s.next + 1) % keepEnded
	return true
}

// hostPrefix begins the host that both programs show of a session; its id follows in hexadecimal digits.
const hostPrefix = "robust/0x"

// rewrite replaces the hosts of the original's sessions by those of ours, and reports how many it did not know.
func (s *sessions) rewrite(line string) (out string, unknown int) {
	if !strings.Contains(line, hostPrefix) {
		return line, 0
	}
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(line, hostPrefix)
		b.WriteString(before)
		if !ok {
			return b.String(), unknown
		}
		b.WriteString(hostPrefix)
		n := len(after) - len(strings.TrimLeft(after, "0123456789abcdefABCDEF"))
		ours, known := ircserver.SessionID(0), false
		if id, err := strconv.ParseUint(after[:n], 16, 64); err == nil {
			ours, known = s.ours[id]
		}
		if known {
			b.WriteString(strconv.FormatUint(uint64(ours), 16))
		} else {
			b.WriteString(after[:n])
			unknown++
		}
		line = after[n:]
	}
}

// hostOnly takes the port off an address that has one.
func hostOnly(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return strings.Trim(strings.TrimSpace(address), "[]")
}
