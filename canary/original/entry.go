package original

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"
)

// ErrFormat is wrapped by errors about bytes that the original does not write.
var ErrFormat = errors.New("not understood as data of the original RobustIRC")

// protobufMark is the first byte of what is encoded as protobuf; everything else is JSON.
const protobufMark = 'p'

// entryKind is what an entry of raft's log is for (raft.LogType).
type entryKind uint8

const entryCommand entryKind = 0

func (k entryKind) String() string {
	names := []string{"command", "noop", "add peer", "remove peer", "barrier", "configuration"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// entry is one entry of raft's log.
type entry struct {
	Index      uint64
	Type       entryKind
	Data       []byte
	AppendedAt time.Time
}

// decodeEntry reads an entry in either encoding.
func decodeEntry(b []byte) (e entry, err error) {
	if len(b) == 0 {
		return e, fmt.Errorf("%w: an entry of 0 bytes", ErrFormat)
	}
	if b[0] == protobufMark {
		return protobufEntry(b[1:])
	}
	if err = json.Unmarshal(b, &e); err != nil {
		err = fmt.Errorf("%w: an entry in JSON: %w", ErrFormat, err)
	}
	return e, err
}

func protobufEntry(b []byte) (e entry, err error) {
	err = eachField(b, func(f field) error {
		switch f.num {
		case 1:
			e.Index = f.n
		case 3:
			if f.n > math.MaxUint8 {
				return fmt.Errorf("%w: an entry of type %d", ErrFormat, f.n)
			}
			e.Type = entryKind(f.n)
		case 4:
			e.Data = f.b
		case 6:
			return e.appended(f.b)
		}
		return nil
	})
	return e, err
}

// appended reads a google.protobuf.Timestamp.
func (e *entry) appended(b []byte) error {
	var seconds, nanos int64
	err := eachField(b, func(f field) error {
		switch f.num {
		case 1:
			seconds = int64(f.n)
		case 2:
			nanos = int64(f.n)
		}
		return nil
	})
	e.AppendedAt = time.Unix(seconds, nanos)
	return err
}

// messageKind is what a message is (robust.Type).
type messageKind int64

const (
	createSession messageKind = iota
	deleteSession
	ircFromClient
	ircToClient
	ping
	messageOfDeath
	configuration
	state
	anyMessage
)

func (k messageKind) String() string {
	names := []string{"create_session", "delete_session", "irc_from_client", "irc_to_client", "ping", "message_of_death", "config", "state", "any"}
	if k >= 0 && int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("type %d", int64(k))
}

// id names a message or a session; Reply is not zero for the pseudo-clients of services.
type id struct{ Id, Reply uint64 }

// message is what an entry with a command holds.
type message struct {
	// Id is zero in what was written since ids are the offset and the index of the entry.
	Id, Session     id
	Type            messageKind
	Data            string
	UnixNano        int64
	ClientMessageId uint64
	Revision        uint64
	RemoteAddr      string
}

// decodeMessage reads a message in either encoding.
func decodeMessage(b []byte) (m message, err error) {
	if len(b) > 0 && b[0] == protobufMark {
		return protobufMessage(b[1:])
	}
	if err = json.Unmarshal(b, &m); err != nil {
		err = fmt.Errorf("%w: a message in JSON: %w", ErrFormat, err)
	}
	return m, err
}

func protobufMessage(b []byte) (m message, err error) {
	err = eachField(b, func(f field) (err error) {
		switch f.num {
		case 1:
			m.Id, err = decodeID(f.b)
		case 2:
			m.Session, err = decodeID(f.b)
		case 3:
			m.Type = messageKind(f.n)
		case 4:
			m.Data = f.str()
		case 5:
			m.UnixNano = int64(f.n)
		case 8:
			m.ClientMessageId = f.n
		case 9:
			m.Revision = f.n
		case 10:
			m.RemoteAddr = f.str()
		}
		return err
	})
	return m, err
}

func decodeID(b []byte) (i id, err error) {
	err = eachField(b, func(f field) error {
		switch f.num {
		case 1:
			i.Id = f.n
		case 2:
			i.Reply = f.n
		}
		return nil
	})
	return i, err
}

// time is when a message was accepted, in nanoseconds since 1970: as it says, or, before messages said so, as its own
// id says, which was a time then. A message with neither was accepted when its entry was appended; zero is not known.
func (m *message) time(e *entry) int64 {
	switch {
	case m.UnixNano > 0:
		return m.UnixNano
	case m.Id.Id > 0 && m.Id.Id < math.MaxInt64:
		return int64(m.Id.Id)
	case e.AppendedAt.Unix() > 0 && e.AppendedAt.Year() < 2200:
		return e.AppendedAt.UnixNano()
	}
	return 0
}
