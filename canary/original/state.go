package original

import "time"

// serverState is what a snapshot says the server knew.
type serverState struct {
	sessions []sessionState
	channels []channelState
	holds    []holdState
	config   configState
	hasConf  bool
	// last is the index of the last entry it holds.
	last uint64
}

type sessionState struct {
	id                                       id
	auth, nick, user, realname, away         string
	svid, pass, serverName, remote           string
	channels, invited, modes                 []string
	created, lastActivity                    int64 // nanoseconds since 1970; 0: not known
	operator, server, loggedIn, loginUnknown bool
}

// registered reports whether the session had logged in. What was written before that was noted had with nick and user.
func (s *sessionState) registered() bool {
	return s.loggedIn || s.loginUnknown && s.nick != "" && s.user != ""
}

type channelState struct {
	name, topicNick, topic, key string
	topicTime                   int64
	members                     []memberState
	modes, bans                 []string
}

// memberState is a member of a channel: the nick in lower case, and whether it is an operator.
type memberState struct {
	nick string
	op   bool
}

type holdState struct {
	nick, duration, reason string
	added                  int64
}

func (h *holdState) left(now int64) time.Duration {
	d, err := time.ParseDuration(h.duration)
	if err != nil {
		return 0
	}
	return d - time.Duration(now-h.added)
}

// decodeState reads a snapshot's state (message Snapshot of its snapshot.proto).
func decodeState(b []byte) (*serverState, error) {
	s := &serverState{}
	err := eachField(b, func(f field) error {
		switch f.num {
		case 1:
			v, err := decodeSession(f.b)
			s.sessions = append(s.sessions, v)
			return err
		case 2:
			v, err := decodeChannel(f.b)
			s.channels = append(s.channels, v)
			return err
		case 3:
			v, err := decodeHold(f.b)
			s.holds = append(s.holds, v)
			return err
		case 5:
			s.hasConf = true
			return s.config.decode(f.b)
		case 6:
			s.last = f.n
		}
		return nil
	})
	return s, err
}

// timestamp reads a Timestamp, which knows a zero of its own.
func timestamp(b []byte) (nanos int64, err error) {
	zero := false
	err = eachField(b, func(f field) error {
		switch f.num {
		case 1:
			nanos = int64(f.n)
		case 2:
			zero = f.n != 0
		}
		return nil
	})
	if zero || nanos < 0 {
		nanos = 0
	}
	return nanos, err
}

func decodeSession(b []byte) (s sessionState, err error) {
	s.loginUnknown = true
	texts := map[int32]*string{
		2: &s.auth, 3: &s.nick, 4: &s.user, 5: &s.realname, 9: &s.away, 13: &s.svid, 14: &s.pass, 23: &s.remote,
	}
	lists := map[int32]*[]string{6: &s.channels, 11: &s.invited, 12: &s.modes}
	err = eachField(b, func(f field) (err error) {
		if text := texts[int32(f.num)]; text != nil {
			*text = f.str()
		}
		if list := lists[int32(f.num)]; list != nil {
			*list = append(*list, f.str())
		}
		switch f.num {
		case 1:
			s.id, err = decodeID(f.b)
		case 7:
			s.lastActivity, err = timestamp(f.b)
		case 8:
			s.operator = f.n != 0
		case 15:
			s.server = f.n != 0
		case 18:
			s.serverName, _, err = mapEntry(f.b) // its field 1 is the name
		case 21:
			s.loginUnknown, s.loggedIn = f.n == 0, f.n == 1
		case 22:
			s.created = int64(f.n)
		}
		return err
	})
	return s, err
}

func decodeChannel(b []byte) (c channelState, err error) {
	texts := map[int32]*string{1: &c.name, 2: &c.topicNick, 4: &c.topic, 8: &c.key}
	err = eachField(b, func(f field) (err error) {
		if text := texts[int32(f.num)]; text != nil {
			*text = f.str()
		}
		switch f.num {
		case 3:
			c.topicTime, err = timestamp(f.b)
		case 5:
			m, err := decodeMember(f.b)
			c.members = append(c.members, m)
			return err
		case 6:
			c.modes = append(c.modes, f.str())
		case 7:
			pattern, _, err := mapEntry(f.b) // its field 1 is the pattern as it was given
			c.bans = append(c.bans, pattern)
			return err
		}
		return err
	})
	return c, err
}

// decodeMember reads a nick and its statuses: strings with one character, whose number is 0 for an operator.
func decodeMember(b []byte) (m memberState, err error) {
	nick, modes, err := mapEntry(b)
	if err != nil {
		return m, err
	}
	m.nick = nick
	err = eachField(modes, func(f field) error {
		m.op = m.op || f.num == 1 && f.str() == "\x00"
		return nil
	})
	return m, err
}

func decodeHold(b []byte) (h holdState, err error) {
	nick, value, err := mapEntry(b)
	if err != nil {
		return h, err
	}
	h.nick = nick
	err = eachField(value, func(f field) (err error) {
		switch f.num {
		case 1:
			h.added, err = timestamp(f.b)
		case 2:
			h.duration = f.str()
		case 3:
			h.reason = f.str()
		}
		return err
	})
	return h, err
}
