package fakenet

import (
	"strings"
	"testing"
	"time"
)

// FuzzHear lets a leaf say anything, and holds that nothing breaks and the state stays in order.
func FuzzHear(f *testing.F) {
	for _, seed := range []string{
		":00G EUID a 1 5 +i u h 0 00GAAAAAB * * :r\n:00G SJOIN 1 #x + :@00GAAAAAB\n:00GAAAAAB NICK b :6\n:00GAAAAAB QUIT :bye",
		":00GAAAAAA JOIN 1 #q +\n:00GAAAAAA PART #q\n:00GAAAAAA JOIN 0\n:00GAAAAAA KILL 00AAAAAAA :x (y)",
		":00G SID b.example 2 00X :d\n:00X EUID c 1 5 +i u h 0 00XAAAAAB * * :r\n:00G SQUIT 00X :gone\n:00G PING x :100",
		":00GAAAAAA WHOIS 00A :observer\n:00GAAAAAA VERSION :00A\n:00GAAAAAA STATS u :100\n:00GAAAAAA LINKS 00A :*",
		":00G UID d 1 5 u h 00GAAAAAC 0 +ix * c fwAAAQ== :r\n:00G SJOIN 5 #y +nt :@00GAAAAAC &*!*@x",
		":00GAAAAAA AWAY :x\nSQUIT 00A :y\n:zzz PRIVMSG #a :x\n:9ZZ EOS\n:00G MD client 00GAAAAAA a :b",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, p := range protocols {
			c := small(p, 1)
			c.Users, c.Channels, c.Servers = 20, 5, 3
			n, codec := mustNew(t, c), testCodec(p)
			attach(t, n, 3)
			for line := range strings.SplitSeq(text, "\n") {
				e, err := codec.Decode(line)
				if err != nil {
					continue
				}
				for _, h := range n.Hear(start, "00G", e) {
					encode(nil, codec, h.Event) // a name that the leaf made up may be none that can be said
				}
			}
			n.Begin(start)
			n.Step(start.Add(50 * time.Millisecond))
			n.check(t)
			n.Detach(start.Add(time.Second), "00G", "over")
			n.check(t)
		}
	})
}
