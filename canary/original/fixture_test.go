package original

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc64"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/syndtr/goleveldb/leveldb"
	"google.golang.org/protobuf/encoding/protowire"
)

// began is when the networks of these tests began.
const began = 1_700_000_000_000_000_000

// encoding writes what the original writes, in one of its two ways.
type encoding struct {
	name     string
	protobuf bool
}

var encodings = []encoding{{"json", false}, {"protobuf", true}}

// pb appends fields of a protobuf message.
type pb []byte

func (p pb) uint(num protowire.Number, v uint64) pb {
	return protowire.AppendVarint(protowire.AppendTag(p, num, protowire.VarintType), v)
}

func (p pb) fixed(num protowire.Number, v uint64) pb {
	return protowire.AppendFixed64(protowire.AppendTag(p, num, protowire.Fixed64Type), v)
}

func (p pb) str(num protowire.Number, v string) pb {
	return protowire.AppendString(protowire.AppendTag(p, num, protowire.BytesType), v)
}

func (p pb) msg(num protowire.Number, v pb) pb { return p.str(num, string(v)) }

func (e encoding) message(m *message) []byte {
	if !e.protobuf {
		b, err := json.Marshal(m)
		if err != nil {
			panic(err)
		}
		return b
	}
	p := pb("p").msg(1, pb{}.fixed(1, m.Id.Id).fixed(2, m.Id.Reply)).msg(2, pb{}.fixed(1, m.Session.Id).fixed(2, m.Session.Reply))
	p = p.uint(3, uint64(m.Type)).str(4, m.Data).uint(5, uint64(m.UnixNano)).str(6, "a server")
	return p.uint(8, m.ClientMessageId).uint(9, m.Revision).str(10, m.RemoteAddr)
}

func (e encoding) entry(index uint64, kind entryKind, data []byte) []byte {
	at := time.Unix(0, began).Add(time.Duration(index) * time.Second)
	if !e.protobuf {
		b, err := json.Marshal(struct {
			Index, Term      uint64
			Type             entryKind
			Data, Extensions []byte
			AppendedAt       time.Time
		}{index, 1, kind, data, nil, at})
		if err != nil {
			panic(err)
		}
		return b
	}
	return pb("p").uint(1, index).uint(2, 1).uint(3, uint64(kind)).str(4, string(data)).msg(6, pb{}.uint(1, uint64(at.Unix())).uint(2, uint64(at.Nanosecond())))
}

// network makes a log of the original.
type network struct {
	encoding
	index   uint64
	entries map[uint64][]byte
}

func newNetwork(e encoding) *network { return &network{encoding: e, entries: map[uint64][]byte{}} }

func (n *network) add(m message) uint64 {
	n.index++
	if m.UnixNano == 0 {
		m.UnixNano = began + int64(n.index)*int64(time.Second)
	}
	n.entries[n.index] = n.entry(n.index, entryCommand, n.message(&m))
	return n.index
}

func (n *network) raft(kind entryKind) {
	n.index++
	n.entries[n.index] = n.entry(n.index, kind, nil)
}

// create returns the new session's id.
func (n *network) create() uint64 {
	return DefaultMessageOffset + n.add(message{Type: createSession, Data: "auth"})
}

func (n *network) say(session uint64, format string, args ...any) uint64 {
	return n.add(message{
		Type: ircFromClient, Session: id{Id: session}, Data: fmt.Sprintf(format, args...), ClientMessageId: n.index + 1000, RemoteAddr: "192.0.2.7:4711",
	})
}

func (n *network) user(nick string) uint64 {
	s := n.create()
	n.say(s, "NICK %s", nick)
	n.say(s, "USER %s 0 * :Real name", nick)
	return s
}

// write stores the entries from index from on as a node's raft log.
func (n *network) write(t testing.TB, dir string, from uint64) {
	t.Helper()
	db, err := leveldb.OpenFile(filepath.Join(dir, "raftlog"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for index, b := range n.entries {
		if index < from {
			continue
		}
		if err := db.Put(binary.BigEndian.AppendUint64(nil, index), b, nil); err != nil {
			t.Fatal(err)
		}
	}
	for key, value := range map[string]string{"stablestore-CurrentTerm": "\x00\x00\x00\x00\x00\x00\x00\x01", "stablestore-LastVoteCand": "a"} {
		if err := db.Put([]byte(key), []byte(value), nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// snapshot writes one whose state is given and that holds the entries from one index to another.
func (n *network) snapshot(t testing.TB, dir string, state pb, from, to uint64) {
	t.Helper()
	var b []byte
	add := func(e []byte) {
		if n.protobuf {
			b = binary.BigEndian.AppendUint64(b, uint64(len(e)))
		}
		b = append(b, e...)
	}
	if n.protobuf {
		b = append(b, 'p')
	}
	add(n.entry(0, entryCommand, n.message(&message{Type: 7, Data: base64.StdEncoding.EncodeToString(state)})))
	for i := from; i <= to; i++ {
		if n.entries[i] != nil {
			add(n.entries[i])
		}
	}
	dir = filepath.Join(dir, "snapshots", fmt.Sprintf("1-%d-1700000000000", to))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	sum := crc64.New(crc64.MakeTable(crc64.ECMA))
	sum.Write(b)
	meta, err := json.Marshal(map[string]any{"Version": 1, "ID": filepath.Base(dir), "Index": to, "Term": 1, "CRC": sum.Sum(nil), "Size": len(b)})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"meta.json": meta, "state.bin": b} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
