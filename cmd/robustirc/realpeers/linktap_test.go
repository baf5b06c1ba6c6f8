//go:build realpeers

package realpeers

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"

	"robustirc/linkgw/linktest"
)

// sayable is all that the gateway may ever say to a network, written without a look at package egress. Its name there is
// gateway.example.net with the SID 9GW, its description "A test", and its user, if any, 9GWAAAAAA.
var sayable = map[bool]*regexp.Regexp{
	false: regexp.MustCompile(`^(PASS linkpass( TS 6 :9GW)?|CAPAB :[A-Z ]+|SERVER gateway\.example\.net 1 (9GW \+ )?:A test|(:9GW )?SVINFO 6 6 0 :\d{10}|` +
		`:9GW EOB|PING :9GW|:9GW PING gateway\.example\.net :?[a-zA-Z0-9.]+|:9GW PONG gateway\.example\.net :[^ ,]+|:9GW SQUIT (00A|hub\.example\.net) :[A-Za-z ]+|` +
		`:9GW EUID [^ ]+ 1 \d{10} \+i robustirc gateway\.example\.net 0 9GWAAAAAA \* \* :Reads along for RobustIRC; has no influence|` +
		`:9GW UID [^ ]+ 1 \d{10} \+i robustirc gateway\.example\.net gateway\.example\.net 0 9GWAAAAAA \* :Reads along for RobustIRC; has no influence|` +
		`:9GW SJOIN [1-9]\d* #[^ ,]+ 0 :9GWAAAAAA|:9GWAAAAAA (PART #[^ ,]+ :.*|QUIT :.*|NICK [^ ]+ :[1-9]\d*))$`),
	true: regexp.MustCompile(`^(PASS :linkpass|PROTOCTL [^\x00-\x1f]+|SERVER gateway\.example\.net 1 :U6100-h-9GW A test|NETINFO \d+ \d+ 6100 \* 0 0 0 :[^ ]+|` +
		`:9GW EOS|:9GW PING gateway\.example\.net :?[a-zA-Z0-9.]+|:9GW PONG gateway\.example\.net :[^ ,]+|:9GW SQUIT (00A|hub\.example\.net) :[A-Za-z ]+)$`),
}

// tap stands between the gateway and its server, and holds every byte that the gateway says against sayable. With TLS it
// ends it on both sides, with the server's own certificate.
type tap struct {
	t       *testing.T
	live    *linktest.Network
	address string
	tls     bool
	allowed *regexp.Regexp
	work    sync.WaitGroup

	mu    sync.Mutex
	ln    net.Listener
	conns map[net.Conn]bool
	said  int
	links int
	bad   []string
}

// startTap makes a tap until the test ends, which fails when the gateway said what it may not.
func startTap(t *testing.T, live *linktest.Network, address string, secure bool) *tap {
	t.Helper()
	p := &tap{t: t, live: live, address: address, tls: secure, allowed: sayable[live.Kind == linktest.Unreal], conns: map[net.Conn]bool{}}
	p.open()
	t.Cleanup(func() {
		p.cut()
		p.work.Wait()
		t.Logf("the tap: %d links, %d lines of the gateway, %d of them not allowed", p.links, p.said, len(p.bad))
		if len(p.bad) > 0 || p.said < 5 {
			t.Errorf("the gateway said %d lines, not allowed are %q", p.said, p.bad)
		}
	})
	return p
}

// open lets the gateway connect.
func (p *tap) open() {
	p.t.Helper()
	ln, err := net.Listen("tcp", p.address)
	if err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	p.ln = ln
	p.mu.Unlock()
	p.work.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			p.work.Go(func() { p.serve(conn) })
		}
	})
}

// cut ends all connections, and lets nobody connect.
func (p *tap) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ln.Close()
	for c := range p.conns { // each is closed
		c.Close()
	}
}

func (p *tap) keep(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[c] = true
}

// serve is one link.
func (p *tap) serve(raw net.Conn) {
	defer raw.Close()
	out, err := net.Dial("tcp", p.live.Hub.Address(p.tls))
	if err != nil {
		return
	}
	defer out.Close()
	p.keep(raw)
	p.keep(out)
	gateway, server := raw, out
	if p.tls {
		pair, err := tls.X509KeyPair(p.live.Certificate.PEM, p.live.Certificate.KeyPEM)
		if err != nil {
			p.t.Error(err)
			return
		}
		gateway = tls.Server(raw, &tls.Config{Certificates: []tls.Certificate{pair}})
		server = tls.Client(out, &tls.Config{RootCAs: p.live.Certificate.Roots, ServerName: "127.0.0.1"})
	}
	p.mu.Lock()
	p.links++
	p.mu.Unlock()
	var back sync.WaitGroup
	back.Go(func() {
		io.Copy(gateway, server)
		raw.Close()
	})
	p.forward(server, bufio.NewReader(gateway))
	out.Close()
	back.Wait()
}

// forward gives the server what the gateway says, once it has been looked at.
func (p *tap) forward(server io.Writer, gateway *bufio.Reader) {
	for {
		line, err := gateway.ReadString('\n')
		if line != "" {
			p.look(line)
			if _, err := io.WriteString(server, line); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// look holds a line against what may be said; one that is not ended may not.
func (p *tap) look(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.said++
	text, whole := strings.CutSuffix(line, "\r\n")
	if !whole || !p.allowed.MatchString(text) {
		p.bad = append(p.bad, line)
	}
}

// TestTap holds that the tap sees what a gateway must never say, on either protocol.
func TestTap(t *testing.T) {
	for unreal, allowed := range sayable { // each by itself
		p := &tap{t: t, allowed: allowed}
		for _, line := range []string{":9GW MODE #a +b x!*@*", ":9GW TMODE 1 #a +o 00AAAAAAA", ":9GWAAAAAA PRIVMSG #a :hello", ":9GW KILL 00AAAAAAA :x", ":9GWAAAAAA KICK #a 00AAAAAAA :x",
			":9GW SJOIN 1 #a +m :@9GWAAAAAA", ":9GW SJOIN 1 #a +nt :9GWAAAAAA", ":9GW TOPIC #a :x", ":9GW SQUIT 00B :x", ":00A PONG gateway.example.net :x", ":9GW ENCAP * KLINE 0 * * :x", "", "QUIT",
			":9GW PONG gateway.example.net :x\r\n:9GW MODE #a +m"} {
			p.look(line + "\r\n")
		}
		p.look(":9GW PONG gateway.example.net :hub.example.net") // no end
		if len(p.bad) != p.said {
			t.Errorf("UnrealIRCd %v: of %d lines only %d are bad: %q", unreal, p.said, len(p.bad), p.bad)
		}
		p.look(":9GW PONG gateway.example.net :hub.example.net\r\n")
		if len(p.bad) != p.said-1 {
			t.Error("a PONG is bad")
		}
	}
}
