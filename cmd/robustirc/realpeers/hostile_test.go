//go:build realpeers

package realpeers

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"robustirc/core/api"
	"robustirc/core/robustsession"
)

// TestHostileProtocol holds the node's HTTP side and its multiplexed endpoint under attacks that last, while a crowd
// talks: nobody in it loses a line or waits longer than maxDelay for one, what the machine itself stands still not
// counted; no node ends, no process grows beyond maxGrowth.
func TestHostileProtocol(t *testing.T) {
	raiseFileLimit(t)
	c := startCluster(t, "--unthrottled")
	var sessions []*v1Session
	crowd := startCrowd(t, 2, 50*time.Millisecond, c.ways(&sessions)...)
	crowd.must("before anything", 1, true)
	machine := watchStalls(t, c.dir)
	var before [3]int64
	for i, p := range c.nodes {
		before[i] = residentMemory(t, p.cmd.Process.Pid)
	}
	for _, attack := range []struct {
		name string
		run  func(*cluster)
	}{
		{"multiplexed connections that ask and do not read", (*cluster).askWithoutReading},
		{"multiplexed connections that create sessions and do not read", (*cluster).createWithoutReading},
		{"malformed frames", (*cluster).sendMalformedFrames},
		{"streams that nobody reads", (*cluster).streamWithoutReading},
		{"headers and bodies that take their time", (*cluster).sendSlowly},
		{"headers that are too large", (*cluster).sendLargeHeaders},
		{"wrong lastseen and wrong secrets", (*cluster).askWrongly},
	} {
		crowd.takeWorst()
		machine.take()
		attack.run(c)
		crowd.must(attack.name, 1, true)
		worst, stalled := crowd.takeWorst(), machine.take()
		t.Logf("%s: the slowest line took %v, the slowest write of the machine %v", attack.name, worst.Round(time.Millisecond), stalled.Round(time.Millisecond))
		if worst > maxDelay+2*stalled { // the leader's disk and then another's
			t.Errorf("%s: a line took %v, the machine itself stood still for %v", attack.name, worst, stalled)
		}
		for i, p := range c.nodes {
			if grown := residentMemory(t, p.cmd.Process.Pid) - before[i]; grown > maxGrowth {
				t.Errorf("%s: node%d grew by %d MiB", attack.name, i+1, grown>>20)
			} else {
				t.Logf("%s: node%d grew by %d MiB", attack.name, i+1, grown>>20)
			}
		}
	}
	crowd.finish()
	c.digestsAgree()
}

// each runs n attackers of a kind at once, for some seconds at most. What they meet is no matter of theirs.
func each(n int, d time.Duration, attack func(ctx context.Context, i int)) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	var work sync.WaitGroup
	for i := range n {
		work.Go(func() { attack(ctx, i) })
	}
	work.Wait()
}

// dial opens a TLS connection for HTTP/1.1 to one of the nodes, which ends with ctx; nil when it is refused.
func (c *cluster) dial(ctx context.Context, i int) *tls.Conn {
	cfg := c.tls()
	cfg.NextProtos = []string{"http/1.1"}
	d := tls.Dialer{Config: cfg}
	conn, err := d.DialContext(ctx, "tcp", c.servers[i%len(c.servers)])
	if err != nil {
		return nil
	}
	context.AfterFunc(ctx, func() { conn.Close() })
	return conn.(*tls.Conn)
}

// dialMux opens a multiplexed connection and says hello.
func (c *cluster) dialMux(ctx context.Context, i int) *tls.Conn {
	conn := c.dial(ctx, i)
	if conn == nil {
		return nil
	}
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", robustsession.MuxPath, robustsession.MuxProtocol)
	hello := &robustsession.Hello{Version: robustsession.MuxVersion, Key: api.BridgeKey(c.password)} // to be believed about addresses
	conn.Write(robustsession.AppendFrame(nil, hello))
	return conn
}

// repeat writes the same bytes until the other side has had enough.
func repeat(conn io.Writer, b []byte) {
	for {
		if _, err := conn.Write(b); err != nil {
			return
		}
	}
}

func (c *cluster) askWithoutReading() {
	ping := robustsession.AppendFrame(nil, &robustsession.Ping{})
	attach := robustsession.AppendFrame(nil, &robustsession.Attach{Session: 1 << 40, Auth: strings.Repeat("x", 256)})
	each(12, 5*time.Second, func(ctx context.Context, i int) {
		if conn := c.dialMux(ctx, i); conn != nil {
			repeat(conn, bytes.Repeat([][]byte{ping, attach}[i%2], 1000))
		}
	})
}

// createWithoutReading creates sessions for one address, which a node must refuse to go on with before they are many.
func (c *cluster) createWithoutReading() {
	create := robustsession.AppendFrame(nil, &robustsession.Create{Req: 1, Remote: "192.0.2.1:1"})
	each(3, 2*time.Second, func(ctx context.Context, i int) {
		if conn := c.dialMux(ctx, i); conn != nil {
			repeat(conn, bytes.Repeat(create, 100))
		}
	})
	s, err := c.status(0)
	if err != nil || s.Node.Sessions > 3*1200 {
		c.t.Errorf("one address has made %d sessions through three nodes (%v)", s.Node.Sessions, err)
	}
	c.t.Logf("one address has made %d sessions through three nodes", s.Node.Sessions)
}

// sendMalformedFrames sends what is no frame or not for servers. Each must end its connection.
func (c *cluster) sendMalformedFrames() {
	for _, b := range [][]byte{
		{0},
		{0xff, 0xff, 0xff, 0xff, 0x7f, 1},
		{1, 0xee},
		{5, 4, 1, 1, 0xff, 0xff},
		bytes.Repeat([]byte{0x80}, 64),
		robustsession.AppendFrame(nil, &robustsession.Hello{Version: robustsession.MuxVersion}),
		robustsession.AppendFrame(nil, &robustsession.Servers{Leader: "me"}),
	} {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		conn := c.dialMux(ctx, 0)
		if conn == nil {
			c.t.Error("no connection")
			cancel()
			continue
		}
		conn.Write(b)
		if _, err := io.Copy(io.Discard, conn); ctx.Err() != nil {
			c.t.Errorf("the frame %x does not end its connection: %v", b[:min(len(b), 16)], err)
		}
		cancel()
	}
}

// streamWithoutReading opens the streams of sessions in a channel where much is said, and reads none of them.
func (c *cluster) streamWithoutReading() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var streams []*v1Session
	for i := range 20 {
		s, err := newV1Session(ctx, c.network)
		if err == nil {
			err = s.Register(ctx, fmt.Sprintf("deaf%d", i))
		}
		if err == nil {
			err = s.Join(ctx, "#deaf")
		}
		if err != nil {
			c.t.Fatal(err)
		}
		s.Close()
		if conn := c.dial(ctx, i); conn != nil {
			fmt.Fprintf(conn, "GET /robustirc/v1/%s/messages?lastseen=0.0 HTTP/1.1\r\nHost: x\r\nX-Session-Auth: %s\r\n\r\n", s.id, s.auth)
		}
		streams = append(streams, s)
	}
	line := "PRIVMSG #deaf :" + strings.Repeat("z", 400)
	each(len(streams), 5*time.Second, func(ctx context.Context, i int) {
		for ctx.Err() == nil {
			streams[i].post(ctx, line)
		}
	})
}

// sendSlowly opens connections that send their headers, or a body, one byte a second.
func (c *cluster) sendSlowly() {
	begins := []string{
		"POST /robustirc/v1/session HTTP/1.1\r\nHost: x\r\nX-Slow: ",
		"POST /robustirc/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n",
	}
	var closed sync.Map
	each(300, 20*time.Second, func(ctx context.Context, i int) {
		conn := c.dial(ctx, i)
		if conn == nil {
			return
		}
		go io.Copy(io.Discard, conn)
		io.WriteString(conn, begins[i%2])
		for {
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				return
			}
			if _, err := conn.Write([]byte("x")); err != nil && ctx.Err() == nil {
				closed.Store(i, true)
				return
			}
		}
	})
	ended := 0
	closed.Range(func(any, any) bool { ended++; return true })
	if ended < 300 {
		c.t.Errorf("only %d of 300 slow connections were closed", ended)
	}
}

func (c *cluster) sendLargeHeaders() {
	each(20, 10*time.Second, func(ctx context.Context, i int) {
		conn := c.dial(ctx, i)
		if conn == nil {
			return
		}
		io.WriteString(conn, "GET /robustirc/v1/0x1/messages HTTP/1.1\r\nHost: x\r\n")
		answered := make(chan string, 1)
		go func() {
			b, _ := io.ReadAll(io.LimitReader(conn, 100))
			answered <- string(b)
		}()
		repeat(conn, []byte("X-Large: "+strings.Repeat("y", 4000)+"\r\n"))
		if got := <-answered; got != "" && !strings.HasPrefix(got, "HTTP/1.1 431 ") {
			c.t.Errorf("large headers were answered %q", got)
		}
	})
}

// askWrongly asks for streams that nobody may have.
func (c *cluster) askWrongly() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s, err := newV1Session(ctx, c.network)
	if err != nil {
		c.t.Fatal(err)
	}
	s.Close()
	for lastSeen, want := range map[string]int{
		"": http.StatusOK, "0.0": http.StatusOK, "9223372036854775807.9223372036854775807": http.StatusOK,
		"x": http.StatusBadRequest, "1": http.StatusBadRequest, "-1.0": http.StatusBadRequest, "1.2.3": http.StatusBadRequest,
		"18446744073709551616.0": http.StatusBadRequest, strings.Repeat("1", 5000) + ".1": http.StatusBadRequest,
	} {
		if got := c.streamStatus(s.id, s.auth, lastSeen); got != want {
			c.t.Errorf("lastseen=%.30s is answered %d, want %d", lastSeen, got, want)
		}
	}
	for _, wrong := range [][2]string{{s.id, "x"}, {s.id, s.auth[1:]}, {"0x0", s.auth}, {"-1", s.auth}, {"0xffffffffffffffff", s.auth}, {"nonsense", s.auth}} {
		if got := c.streamStatus(wrong[0], wrong[1], "0.0"); got != http.StatusNotFound {
			c.t.Errorf("session %s with the secret of another is answered %d", wrong[0], got)
		}
	}
}

// streamStatus is how a request for a stream is answered.
func (c *cluster) streamStatus(sid, auth, lastSeen string) int {
	c.t.Helper()
	req, err := http.NewRequest(http.MethodGet, "https://"+c.servers[0]+"/robustirc/v1/"+sid+"/messages?lastseen="+lastSeen, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("X-Session-Auth", auth)
	resp, err := c.http.Do(req)
	if err != nil {
		c.t.Error(err)
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}
