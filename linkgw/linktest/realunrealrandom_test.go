//go:build realpeers

package linktest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// TestRealUnrealRandom has operators on both servers do many things at random, among them splits in which both sides go on
// on their own, and now and then holds the model against what those on the hub see: what both sides of a split set in
// one second stays different on the two. ROBUSTIRC_SEED repeats a run.
func TestRealUnrealRandom(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s, err := strconv.ParseUint(os.Getenv("ROBUSTIRC_SEED"), 10, 64); err == nil {
		seed = s
	}
	t.Logf("ROBUSTIRC_SEED=%d", seed)
	r := &randomNet{unrealNet: startUnreal(t, false), rnd: rand.New(rand.NewPCG(seed, 1))}
	r.carol.Oper()
	r.dave.Oper()
	r.clients = []*Client{r.alice, r.bob, r.carol, r.dave}
	for _, c := range r.clients {
		c.Must("JOIN #a,#b,#c")
	}
	Settle(r.f, r.clients...)
	for round := range 8 {
		for range 30 {
			r.step()
		}
		what := fmt.Sprintf("round %d", round)
		Settle(r.f, r.clients...)
		r.agree(what, r.hub()...)
		if round%2 == 0 {
			continue
		}
		r.Split(r.f, r.oper)
		for range 20 {
			r.step()
		}
		for _, c := range r.clients {
			c.Do()
		}
		r.Connect(r.f, r.oper)
		Settle(r.f, r.clients...)
		r.agree(what+" and a split", r.hub()...)
	}
}

type randomNet struct {
	*unrealNet
	rnd     *rand.Rand
	clients []*Client // alice, bob, carol, dave, or who came back as one of them
}

// hub are the clients on the first server.
func (r *randomNet) hub() []*Client { return []*Client{r.clients[0], r.clients[2]} }

// reconnect has a client quit and come back under its first nick.
func (r *randomNet) reconnect(c *Client) *Client {
	c.Send("QUIT :back soon")
	c.Ended()
	c = r.Dial(r.t, c.Server, ClientOptions{Nick: c.ident, Ident: c.ident, Realname: "Back: " + c.ident, TLS: r.rnd.IntN(2) == 0})
	c.Oper()
	c.Do("JOIN " + r.channel())
	return c
}

func (r *randomNet) pick(list ...string) string { return list[r.rnd.IntN(len(list))] }

func (r *randomNet) channel() string { return r.pick("#a", "#b", "#c", "#D", "#d") }

func (r *randomNet) nick() string { return r.clients[r.rnd.IntN(len(r.clients))].Nick }

// step has a client do something, which may be refused.
func (r *randomNet) step() {
	i := r.rnd.IntN(len(r.clients))
	if r.rnd.IntN(25) == 0 {
		r.clients[i] = r.reconnect(r.clients[i])
	} else {
		r.clients[i].Do(r.line(r.clients[i]))
	}
	r.f.Fence() // or changes cross, and the servers themselves differ
}

func (r *randomNet) mask() string {
	return r.pick("*!*@bad.example", "x!*@*", "~account:troll", "~a:friend", "~q:*!*@quiet.example", "~time:99:z!*@*", "~quiet:~account:u", "*!*@127.0.0.1", "BAD!*@*", "bad!*@*")
}

func (r *randomNet) line(c *Client) string {
	ch := r.channel()
	switch r.rnd.IntN(20) {
	case 0, 1:
		return "JOIN " + ch
	case 2:
		return "PART " + ch + " :bye"
	case 3:
		return "TOPIC " + ch + " :" + r.pick("", "one", "two: three", "ünï")
	case 4, 5:
		return "MODE " + ch + " " + r.pick("+", "-") + r.pick("b", "e", "I") + " " + r.mask()
	case 6, 7:
		return r.pick("MODE ", "SAMODE ") + ch + " " + r.pick("+", "-") + r.pick("q", "a", "o", "h", "v") + " " + r.nick()
	case 8: // no lists: who sets them with SAMODE is known to its own server only; no +D, which hides members
		return "SAMODE " + ch + " " + r.pick("+", "-") + r.pick("m", "n", "t", "s", "p", "c", "C", "G", "K", "M", "Q", "S", "T", "V", "P", "i", "R", "N", "z", "O")
	case 9:
		return "SAMODE " + ch + " " + r.pick("+l 5", "+l 20", "-l", "+k abc", "+k zzz", "-k abc", "+f [5j#R5]:15", "+f [10m,3j#i9]:20", "-f", "+H 10:1h", "+H 20:30m", "-H", "+L #b", "+L #a", "-L", "+F normal", "+F strict", "-F")
	case 10:
		return "MODE " + ch + " +ovb-l+k " + r.nick() + " " + r.nick() + " " + r.mask() + " key"
	case 11:
		return "KICK " + ch + " " + r.nick() + " :out"
	case 12:
		return r.pick("AWAY", "AWAY :gone", "AWAY :far: away")
	case 13:
		return "NICK " + c.ident + r.pick("", "1", "2", "_")
	case 14:
		return "MODE " + c.Nick + " " + r.pick("+x", "-x", "-t", "+B", "-B", "+i", "-i", "+w", "+D", "-D", "+q", "-q", "+H", "-H", "+R", "+T-T", "+p", "-r")
	case 15:
		return r.pick("SETHOST ", "CHGHOST "+r.nick()+" ") + r.pick("h1.example", "h2.example", "h3.example")
	case 16:
		return r.pick("SETIDENT ", "CHGIDENT "+r.nick()+" ") + r.pick("id1", "id2")
	case 17:
		return r.pick("SETNAME ", "CHGNAME "+r.nick()+" ") + ":" + r.pick("A: b", "Cé")
	case 18:
		return r.pick("SAJOIN ", "SAPART ") + r.nick() + " " + ch
	default:
		return r.pick("PRIVMSG ", "NOTICE ", "TAGMSG ") + ch + " :text"
	}
}
