//go:build realpeers

package realpeers

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The limits that bad input is held to.
const (
	halfOpen = 10_000
	// maxGrowth is how much more memory a process may hold after it than before, in bytes: a node retains 64 MiB of
	// output and the newest log entries, and the garbage collector lets that grow threefold.
	maxGrowth = 448 << 20
	// maxDelay is how long a healthy client may wait for another's line meanwhile.
	maxDelay = 5 * time.Second
)

// pair are two healthy clients, each on another way into the network.
type pair struct {
	from, to *rawClient
	said     int
}

// talks says a line and fails when it does not arrive soon.
func (p *pair) talks(t *testing.T, during string) {
	t.Helper()
	p.said++
	text := fmt.Sprintf("healthy %d.", p.said)
	begin := time.Now()
	p.from.send("PRIVMSG #healthy :" + text)
	waitUntil(t, "a line arrives "+during, func() bool { return len(p.to.arrivals(text)) == 1 })
	if d := time.Since(begin); d > maxDelay {
		t.Errorf("%s a line took %v", during, d)
	}
}

// TestBadInput sends everything a hostile client can think of to a real network. Each kind gets a clear answer or is
// closed; two healthy clients talk on; no node dies; no process grows beyond maxGrowth.
func TestBadInput(t *testing.T) {
	raiseFileLimit(t)
	n := startNetwork(t, "--unthrottled")
	p := &pair{from: dialRaw(t, n.irc, "healthy1", "#healthy"), to: dialRaw(t, n.nodeIRC[1], "healthy2", "#healthy")}
	p.talks(t, "before anything")
	pids := []int{n.cmd.Process.Pid, n.pid(0), n.pid(1), n.pid(2)}
	before := make([]int64, len(pids))
	for i, pid := range pids {
		before[i] = residentMemory(t, pid)
	}
	for _, c := range []struct {
		name string
		run  func(*testing.T, *network, *pair)
	}{
		{"garbage on the IRC ports", sendGarbage},
		{"over-long lines and bytes that are no text", sendOddLines},
		{"hostile HTTP", sendHostileHTTP},
		{"wrong secrets", sendWrongSecrets},
		{"half-open connections", openHalf},
		{"a client that does not read", readNothing},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.run(t, n, p)
			p.talks(t, "after "+c.name)
			for i, pid := range pids {
				if grown := residentMemory(t, pid) - before[i]; grown > maxGrowth {
					t.Errorf("process %d grew by %d MiB", pid, grown>>20)
				} else {
					t.Logf("process %d grew by %d MiB", pid, grown>>20)
				}
			}
		})
	}
	for i := range 3 {
		if n.pid(i) != pids[i+1] {
			t.Errorf("node%d died", i+1)
		}
	}
}

func raiseFileLimit(t *testing.T) {
	t.Helper()
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		t.Fatal(err)
	}
	l.Cur = l.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l); err != nil || l.Cur < halfOpen+1000 {
		t.Fatalf("this test needs %d open files, the limit is %d (%v)", halfOpen+1000, l.Cur, err)
	}
}

func residentMemory(t *testing.T, pid int) int64 {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		t.Errorf("process %d is gone: %v", pid, err)
		return 0
	}
	var size, resident int64
	fmt.Sscan(string(data), &size, &resident)
	return resident * int64(os.Getpagesize())
}

// sendGarbage sends random bytes, with and without line ends, to all IRC ports.
func sendGarbage(t *testing.T, n *network, p *pair) {
	random := rand.NewChaCha8([32]byte{1})
	for i := range 30 {
		conn, err := net.Dial("tcp", append(n.nodeIRC, n.irc)[i%4])
		if err != nil {
			t.Fatal(err)
		}
		garbage := make([]byte, 1<<20)
		random.Read(garbage)
		if i%3 == 0 {
			garbage = bytes.ReplaceAll(garbage, []byte{'\n'}, []byte{0})
		}
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		go io.Copy(io.Discard, conn)
		conn.Write(garbage) // the other side may close at any time
		conn.Close()
		if i%10 == 0 {
			p.talks(t, "under garbage")
		}
	}
}

// sendOddLines sends lines that are too long, and text in no encoding.
func sendOddLines(t *testing.T, n *network, p *pair) {
	for i, addr := range []string{n.irc, n.nodeIRC[0]} {
		c := dialRaw(t, addr, fmt.Sprintf("odd%d", i), "#healthy")
		c.send("PRIVMSG #healthy :" + strings.Repeat("x", 600))
		c.await(" 417 ")
		c.send("PRIVMSG #healthy :nul\x00")
		c.await("NUL")
		c.send(fmt.Sprintf("PRIVMSG #healthy :latin caf\xe9 %d \xff\xfe", i))
		p.to.await(fmt.Sprintf(":latin caf\xe9 %d \xff\xfe", i))
		if got := p.to.arrivals("xxxx"); len(got) > 0 {
			t.Errorf("an over-long line came through: %.80q", got[0].line)
		}
	}
}

// endless is a body that does not end by itself.
type endless struct{ left int }

func (e *endless) Read(b []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := copy(b, bytes.Repeat([]byte(`[`), min(len(b), e.left)))
	e.left -= n
	return n, nil
}

// sendHostileHTTP sends bodies, paths and frames that nobody asked for. Every answer is a refusal, and soon.
func sendHostileHTTP(t *testing.T, n *network, p *pair) {
	create, err := n.post("/robustirc/v1/session", "", nil)
	if err != nil || create.status != http.StatusOK {
		t.Fatalf("creating a session: %v, %v", create, err)
	}
	session := create.body
	sid, auth := field(session, "Sessionid"), field(session, "Sessionauth")
	message := "/robustirc/v1/" + sid + "/message"
	for _, c := range []struct {
		path, auth string
		body       io.Reader
	}{
		{message, auth, strings.NewReader("")},
		{message, auth, strings.NewReader("{")},
		{message, auth, strings.NewReader(`{"Data":17}`)},
		{message, auth, strings.NewReader(`{"Data":"x","ClientMessageId":-1}`)},
		{message, auth, strings.NewReader(`{"Data":"a\r\nQUIT","ClientMessageId":1}`)},
		{message, auth, strings.NewReader(`{"Data":"` + strings.Repeat("x", 1000) + `","ClientMessageId":2}`)},
		{message, auth, &endless{left: 64 << 20}},
		{message, "wrong", strings.NewReader(`{"Data":"PING x","ClientMessageId":3}`)},
		{"/robustirc/v1/0xffffffffffffffff/message", auth, strings.NewReader(`{}`)},
		{"/robustirc/v1/../../etc/passwd", auth, strings.NewReader(`{}`)},
		{"/robustirc/v1/" + strings.Repeat("9", 5000) + "/message", auth, strings.NewReader(`{}`)},
		{"/config", "", &endless{left: 64 << 20}},
	} {
		begin := time.Now()
		got, err := n.post(c.path, c.auth, c.body)
		if err == nil && (got.status < 400 || got.status >= 500) {
			t.Errorf("POST %.60s was answered %d %.100q", c.path, got.status, got.body)
		}
		if d := time.Since(begin); d > maxDelay {
			t.Errorf("POST %.60s took %v", c.path, d)
		}
	}
	for _, preface := range []string{
		"GET /robustirc/v1/mux HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: robustsession-mux/1\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"NICK a\r\nUSER a\r\n",
	} {
		n.sendOverTLS(t, "", preface)
	}
	p.talks(t, "under hostile HTTP")
}

// sendOverTLS opens a TLS connection, sends a preface and random bytes, and waits for the other side to close.
func (n *network) sendOverTLS(t *testing.T, protocol, preface string) {
	t.Helper()
	cfg := n.tls()
	if protocol != "" {
		cfg.NextProtos = []string{protocol}
	}
	conn, err := tls.Dial("tcp", n.servers[0], cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	garbage := make([]byte, 256<<10)
	rand.NewChaCha8([32]byte{2}).Read(garbage)
	io.WriteString(conn, preface)
	go conn.Write(garbage)
	if _, err := io.Copy(io.Discard, conn); err != nil && os.IsTimeout(err) {
		t.Errorf("garbage after %.30q keeps its connection", preface)
	}
}

// sendWrongSecrets tries passwords, session secrets and peer proofs that are wrong.
func sendWrongSecrets(t *testing.T, n *network, p *pair) {
	for i := range 5 {
		req, _ := http.NewRequest(http.MethodGet, "https://"+n.servers[0]+"/status", nil)
		req.SetBasicAuth("robustirc", fmt.Sprintf("guess %d", i))
		resp, err := n.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusUnauthorized && resp.StatusCode != http.StatusTooManyRequests {
			t.Errorf("a wrong password was answered %d", resp.StatusCode)
		}
	}
	for range 3 {
		n.sendOverTLS(t, "robustirc-peer/1", "R")
		n.sendOverTLS(t, "robustirc-peer/1", "C\x00\x00\x00\x05node1")
	}
	p.talks(t, "under wrong secrets")
}

// openHalf opens connections that say nothing: to the IRC port of a node and the bridge, and to the node's TLS port.
func openHalf(t *testing.T, n *network, p *pair) {
	targets := []string{n.nodeIRC[0], n.irc, strings.Replace(n.servers[0], "localhost", "127.0.0.1", 1)}
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for i := range halfOpen {
		conn, err := net.DialTimeout("tcp", targets[i%len(targets)], 5*time.Second)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		conns = append(conns, conn)
	}
	p.talks(t, "under half-open connections")
	for i, addr := range []string{n.nodeIRC[0], n.irc} { // others still get in
		dialRaw(t, addr, fmt.Sprintf("late%d", i), "#healthy")
	}
	if _, err := n.get(0, "/readyz"); err != nil {
		t.Errorf("under half-open connections: %v", err)
	}
}

// readNothing joins a channel and reads no more, while much is said there.
func readNothing(t *testing.T, n *network, p *pair) {
	for i, addr := range []string{n.irc, n.nodeIRC[2]} {
		nick := fmt.Sprintf("slow%d", i)
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "NICK %s\r\nUSER x 0 * :x\r\n", nick)
		answerPing(t, conn)
		fmt.Fprint(conn, "JOIN #loud\r\n")
	}
	loud := dialRaw(t, n.nodeIRC[1], "loud", "#loud")
	waitUntil(t, "both have joined", func() bool {
		loud.send("NAMES #loud")
		return len(loud.arrivals("slow0")) > 0 && len(loud.arrivals("slow1")) > 0
	})
	text := "PRIVMSG #loud :" + strings.Repeat("z", 450) + "\r\n"
	block := strings.Repeat(text, 200)
	gone := func() bool { return len(loud.arrivals("QUIT")) >= 2 }
	for end := time.Now().Add(2 * patience); !gone(); {
		if time.Now().After(end) {
			t.Fatal("clients that do not read are still there")
		}
		io.WriteString(loud.conn, block)
		time.Sleep(50 * time.Millisecond)
	}
	for _, a := range loud.arrivals("QUIT") {
		t.Log(a.line)
	}
}

// answerPing answers the challenge and reads up to the welcome.
func answerPing(t *testing.T, conn net.Conn) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(patience))
	var got []byte
	b := make([]byte, 512)
	for !bytes.Contains(got, []byte(" 001 ")) {
		k, err := conn.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, b[:k]...)
		if i := bytes.Index(got, []byte("PING ")); i >= 0 && bytes.IndexByte(got[i:], '\n') > 0 {
			token, _, _ := strings.Cut(string(got[i+5:]), "\r\n")
			fmt.Fprintf(conn, "PONG %s\r\n", token)
			got = got[:0]
		}
	}
}

// answer is an HTTP answer.
type answer struct {
	status int
	body   string
}

// post sends a request to the first node.
func (n *network) post(path, auth string, body io.Reader) (answer, error) {
	req, err := http.NewRequest(http.MethodPost, "https://"+n.servers[0]+path, body)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("X-Session-Auth", auth)
	resp, err := n.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return answer{resp.StatusCode, string(text)}, err
}

// field is a string field of a flat JSON object.
func field(object, name string) string {
	_, rest, _ := strings.Cut(object, `"`+name+`":"`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}
