package api_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"robustirc/core/ircserver"
	"robustirc/core/node"
)

// TestStuckBodyIsRefused is about a client that announces a body and does not send it.
func TestStuckBodyIsRefused(t *testing.T) {
	n := newImpatientNetwork(t, 1, time.Second, nil)
	s := n.create(n.client(false))
	conn := n.dial(t)
	fmt.Fprintf(conn, "POST /robustirc/v1/%s/message HTTP/1.1\r\nHost: x\r\nX-Session-Auth: %s\r\nContent-Length: 100\r\n\r\n{", s.Sessionid, s.Sessionauth)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || resp.StatusCode != http.StatusBadRequest {
		t.Errorf("%v, %v", resp, err)
	}
}

// TestHeldPostOutlivesTheReadTimeout: the deadline is for the body only.
func TestHeldPostOutlivesTheReadTimeout(t *testing.T) {
	both(t, func(t *testing.T, http2 bool) {
		n := newImpatientNetwork(t, 1, time.Second, nil)
		c := n.client(http2)
		s := n.create(c)
		n.node.Elect(false)
		time.AfterFunc(1300*time.Millisecond, func() { n.node.Elect(true) })
		n.post(c, s, 1, "PING x")
	})
}

// dial opens a bare connection to the first server.
func (n *network) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := tls.Dial("tcp", n.addrs()[0], n.tls())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// gauge is the sum of a metric's values.
func (n *network) gauge(name string) (sum float64) {
	n.t.Helper()
	families, err := n.metrics.Gather()
	if err != nil {
		n.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			for _, m := range f.GetMetric() {
				sum += m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	return sum
}

func (n *network) until(what string, ok func() bool) {
	n.t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			n.t.Fatal("timed out waiting until " + what)
		}
	}
}

// TestStuckReaderIsCutOff: a client that does not read its stream loses it, and can resume.
func TestStuckReaderIsCutOff(t *testing.T) {
	both(t, func(t *testing.T, http2 bool) {
		n := newImpatientNetwork(t, 1, time.Second, func(c *ircserver.Config) { c.PostMessageCooloff, c.OutputBytes = 0, 1<<30 })
		s := n.register(n.client(true), "alice")
		m := n.open(n.client(http2), s, "0.0")
		sid, err := strconv.ParseUint(s.Sessionid, 0, 64)
		if err != nil {
			t.Fatal(err)
		}
		line := node.Line{Text: "PING " + strings.Repeat("x", 480)}
		n.until("the stuck stream was cut off", func() bool {
			n.node.Post(t.Context(), ircserver.SessionID(sid), "", slices.Repeat([]node.Line{line}, 32))
			return n.gauge("robustirc_http_streams") == 0
		})
		m.resp.Body.Close()
		n.open(n.client(http2), s, "0.0").until(" 001 ")
	})
}

func TestLongHeadersAreRefused(t *testing.T) {
	n := newNetwork(t, 1, nil)
	conn := n.dial(t)
	go fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nX-Long: %s\r\n\r\n", strings.Repeat("x", 64<<10))
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%v, %v", resp, err)
	}
}
