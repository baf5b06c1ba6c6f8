package node

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"robustirc/core/ircserver"
)

// traffic makes a seeded log of what happens on a network: sessions that come, talk and go, ticks, new configurations,
// digests, changes of membership, and messages of death. It writes the log into a store as raft would.
type traffic struct {
	t      testing.TB
	rng    *rand.Rand
	store  *raft.InmemStore
	codec  Compression
	deaths int // one line in so many is a message of death; zero: none

	index    uint64
	input    ircserver.InputID
	now      int64
	sessions []ircserver.SessionID
	pending  []ircserver.Input // registrations to be finished
	revision uint64
}

func newTraffic(t testing.TB, seed uint64) *traffic {
	t.Helper()
	t.Logf("seed %d", seed)
	return &traffic{
		t: t, rng: rand.New(rand.NewPCG(seed, 1)), store: raft.NewInmemStore(), codec: CompressNone,
		now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano(),
	}
}

// add appends an entry to the log and returns it.
func (g *traffic) add(kind raft.LogType, data []byte) *raft.Log {
	g.index++
	l := &raft.Log{Index: g.index, Term: 1 + g.index/50, Type: kind, Data: data}
	if err := g.store.StoreLog(l); err != nil {
		g.t.Fatal(err)
	}
	return l
}

// batch appends an entry with these inputs.
func (g *traffic) batch(inputs ...ircserver.Input) *raft.Log {
	g.t.Helper()
	data, err := encodeEntry(inputs, g.codec)
	if err != nil {
		g.t.Fatal(err)
	}
	return g.add(raft.LogCommand, data)
}

// entry appends a random entry and returns it.
func (g *traffic) entry() *raft.Log {
	switch g.rng.IntN(25) {
	case 0:
		return g.add(raft.LogNoop, nil)
	case 1:
		g.input++
		c := raft.Configuration{}
		for i := range 1 + g.rng.IntN(4) {
			c.Servers = append(c.Servers, raft.Server{ID: raft.ServerID(fmt.Sprint("node", i)), Address: raft.ServerAddress(fmt.Sprint("host:", i))})
		}
		g.rng.Shuffle(len(c.Servers), func(i, j int) { c.Servers[i], c.Servers[j] = c.Servers[j], c.Servers[i] })
		return g.add(raft.LogConfiguration, raft.EncodeConfiguration(c))
	}
	var inputs []ircserver.Input
	for range g.rng.IntN(12) {
		inputs = append(inputs, g.next())
	}
	return g.batch(inputs...)
}

// next is the next input.
func (g *traffic) next() ircserver.Input {
	g.input++
	g.now += g.rng.Int64N(int64(100 * time.Millisecond))
	in := g.choose()
	in.Time = g.now
	return in
}

func (g *traffic) choose() ircserver.Input {
	if len(g.pending) > 0 && g.rng.IntN(3) > 0 {
		in := g.pending[0]
		g.pending = g.pending[1:]
		return in
	}
	switch n := g.rng.IntN(100); {
	case n < 8 || len(g.sessions) == 0:
		return g.create()
	case n < 10:
		return g.end()
	case n < 12:
		return ircserver.Input{Kind: ircserver.KindTick}
	case n < 14:
		return ircserver.Input{Kind: ircserver.KindDigest}
	case n < 15:
		return g.configure()
	}
	return g.line()
}

func (g *traffic) create() ircserver.Input {
	id := ircserver.SessionID(g.input)
	g.sessions = append(g.sessions, id)
	for _, line := range []string{fmt.Sprint("NICK n", id), "USER u 0 * :Real Name", "JOIN #a,#b"} {
		g.pending = append(g.pending, ircserver.Input{Kind: ircserver.KindLine, Session: id, Text: line})
	}
	return ircserver.Input{Kind: ircserver.KindCreate, Remote: "192.0.2.1", AuthHash: [32]byte{1, byte(id)}}
}

// end ends a session; what is pending for it is then ignored by the machine.
func (g *traffic) end() ircserver.Input {
	i := g.rng.IntN(len(g.sessions))
	id := g.sessions[i]
	g.sessions = append(g.sessions[:i], g.sessions[i+1:]...)
	return ircserver.Input{Kind: ircserver.KindDelete, Session: id, Text: "gone"}
}

func (g *traffic) configure() ircserver.Input {
	return ircserver.Input{Kind: ircserver.KindConfig, Text: ircserver.EncodeConfig(g.config())}
}

// config is a configuration that keeps few outputs, so that trimming is part of every test.
func (g *traffic) config() *ircserver.Config {
	g.revision++
	c := testConfig()
	c.Revision = g.revision
	c.OutputBytes = 20_000 + 1000*int(g.revision%5)
	c.MOTD = []string{fmt.Sprint("revision ", g.revision)}
	return &c
}

func testConfig() ircserver.Config {
	c := ircserver.DefaultConfig()
	c.TestCommands = true
	c.OutputBytes = 20_000
	return c
}

func (g *traffic) line() ircserver.Input {
	s := g.sessions[g.rng.IntN(len(g.sessions))]
	text := [...]string{
		"PRIVMSG #a :hello", "PRIVMSG #b,#a :both", "TOPIC #a :new topic", "PART #b :bye", "JOIN #b", "NAMES #a", "WHO #a",
		"MODE #a +b *!*@bad", "MODE #a -b *!*@bad", "AWAY :out", "AWAY", "PING x", "NOTICE #b :note", "LIST", "NICK other",
	}[g.rng.IntN(15)]
	if g.deaths > 0 && g.rng.IntN(g.deaths) == 0 {
		text = "PANIC"
	}
	return ircserver.Input{Kind: ircserver.KindLine, Session: s, Text: text, ClientMsgID: g.rng.Uint64()}
}

// register returns the inputs that make a session of id, which must be the number of the first of them.
func register(id ircserver.SessionID, nick string) []ircserver.Input {
	return []ircserver.Input{
		{Kind: ircserver.KindCreate, Time: 1, Remote: "192.0.2.1"},
		line(id, "NICK "+nick), line(id, "USER u 0 * :Real Name"), line(id, "JOIN #a"),
	}
}

func line(id ircserver.SessionID, text string) ircserver.Input {
	return ircserver.Input{Kind: ircserver.KindLine, Session: id, Text: text, Time: 1}
}
