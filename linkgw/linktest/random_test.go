//go:build realpeers

package linktest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
)

func TestRealHybridRandom(t *testing.T) { playAtRandom(t, Hybrid) }

func TestRealSolanumRandom(t *testing.T) { playAtRandom(t, Solanum) }

// playAtRandom has clients on both servers do many things, among them splits in which both sides go on on their own, and
// now and then holds the models against what those on the hub see, and before the first split all: what both sides of a
// split set, or what a user who loses its nick on the way had set, stays different on the two servers. ROBUSTIRC_SEED is another seed than 1;
// what falls into one second is up to the clock all the same.
func playAtRandom(t *testing.T, k Kind) {
	seed := uint64(1)
	if s, err := strconv.ParseUint(os.Getenv("ROBUSTIRC_SEED"), 10, 64); err == nil {
		seed = s
	}
	t.Logf("ROBUSTIRC_SEED=%d", seed)
	s := newStage(t, k, false)
	s.n.Connect(s.f, s.cast["god"])
	p := &chancePlay{stage: s, chance: rand.New(rand.NewPCG(seed, 1)), players: []string{"anna", "bert", "carl", "emil", "zeus", "gina", "hugo", "ida"}}
	s.cast["zeus"].Oper()
	s.do("god", "JOIN #a", "JOIN #b", "JOIN #c[", "JOIN #C{") // and stays, or nobody on the hub could ask
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what was said:\n%s", strings.Join(p.said, "\n"))
		}
	})
	var everywhere *Server
	for round := range 6 {
		p.steps(60)
		s.check(fmt.Sprintf("round %d", round), everywhere)
		everywhere = s.n.Hub
		s.n.Split(s.f, s.cast["god"])
		p.steps(40)
		s.check(fmt.Sprintf("round %d, split", round), s.n.Hub)
		s.n.Connect(s.f, s.cast["god"])
		p.replace()
		s.check(fmt.Sprintf("round %d, linked again", round), s.n.Hub)
	}
}

// chancePlay is a play without a script.
type chancePlay struct {
	*stage
	chance  *rand.Rand
	players []string
	said    []string
}

func (p *chancePlay) pick(list ...string) string { return list[p.chance.IntN(len(list))] }

// steps has somebody do something, which may be refused, n times.
func (p *chancePlay) steps(n int) {
	for range n {
		c := p.cast[p.pick(p.players...)]
		line := p.line(c)
		p.said = append(p.said, c.Server.Name+" "+c.Nick+": "+line)
		c.Do(line)
		p.f.Fence() // or changes cross, and the servers themselves differ
	}
}

// replace connects those again whom a collision of nicks has cost the connection.
func (p *chancePlay) replace() {
	p.f.Fence()
	for i, r := range roles {
		if c := p.cast[r.nick]; c.Gone() {
			p.said = append(p.said, r.nick+" was killed")
			p.cast[r.nick] = nil
			p.enter(i)
		}
	}
	p.f.Fence()
}

func (p *chancePlay) channel() string { return p.pick("#a", "#b", "#c[", "#C{", "#A", "#free") }

func (p *chancePlay) nick() string { return p.cast[p.pick(p.players...)].Nick }

func (p *chancePlay) mask() string {
	return p.pick("*!*@bad.example", "x!*@*", "BAD!*@*", "bad!*@*", "*!*@127.0.0.9", "n!u@h[1]", "n!u@h{1}", "$a:somebody")
}

func (p *chancePlay) line(c *Client) string {
	ch := p.channel()
	switch p.chance.IntN(20) {
	case 0, 1, 2, 3:
		return "JOIN " + ch
	case 4:
		return "PART " + ch + p.pick("", " :bye")
	case 5:
		return "TOPIC " + ch + " :" + p.pick("", "one", "two: three", ":ünï")
	case 6, 7:
		return "MODE " + ch + " " + p.pick("+", "-") + p.pick("b", "e", "I", "q") + " " + p.mask()
	case 8, 9:
		return "MODE " + ch + " " + p.pick("+", "-") + p.pick("o", "h", "v") + " " + p.nick()
	case 10, 11:
		if ch == "#free" { // it must not be hidden from who is not there
			return "MODE " + ch + " " + p.pick("+", "-") + p.pick("m", "n", "t", "c", "P")
		}
		return "MODE " + ch + " " + p.pick("+", "-") + p.pick("m", "n", "t", "s", "p", "c", "C", "g", "z", "S", "T", "P", "R", "N", "K", "V", "L", "Q", "F")
	case 12:
		return "MODE " + ch + " " + p.pick("+l 5", "+l 20", "-l", "+k abc", "+k zzz", "-k abc", "-k zzz", "+j 5:9", "+j 3:20", "-j", "+f #b", "+f #a", "-f")
	case 13:
		return "MODE " + ch + " +ov-l+k " + p.nick() + " " + p.nick() + " key"
	case 14:
		return "KICK " + ch + " " + p.nick() + p.pick("", " :out")
	case 15:
		return p.pick("AWAY", "AWAY :gone", "AWAY :far: away")
	case 16:
		return "NICK " + p.pick(c.Nick+"_", "same", "SAME", "sa[me", "sa{me", strings.TrimRight(c.Nick, "_"), "n"+strconv.Itoa(p.chance.IntN(9)))
	case 17:
		return "MODE " + c.Nick + " " + p.pick("+x", "-x", "+i", "-i", "+w", "+D", "-D", "+g", "-g", "-w")
	case 18:
		return "INVITE " + p.nick() + " " + ch
	default:
		return p.pick("OMODE "+ch+" +o "+c.Nick, "OPME "+ch, "OJOIN "+ch, "JOIN "+ch+" key", "JOIN "+ch+" abc", "PRIVMSG "+ch+" :text", "KNOCK "+ch)
	}
}
