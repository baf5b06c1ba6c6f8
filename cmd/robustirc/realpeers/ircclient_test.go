//go:build realpeers

package realpeers

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// arrival is a line and when it came.
type arrival struct {
	line string
	at   time.Time
}

// rawClient is an IRC client that remembers everything.
type rawClient struct {
	t    *testing.T
	conn net.Conn
	nick string

	mu    sync.Mutex
	lines []arrival
}

// dialRaw registers a client and joins a channel.
func dialRaw(t *testing.T, addr, nick, channel string) *rawClient {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	c := &rawClient{t: t, conn: conn, nick: nick}
	t.Cleanup(func() { conn.Close() })
	go c.read()
	c.send("NICK " + nick)
	c.send("USER " + nick + " 0 * :" + nick)
	c.await(" 001 ")
	c.send("JOIN " + channel)
	c.await(" 366 ")
	return c
}

func (c *rawClient) read() {
	r := bufio.NewReader(c.conn)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		if rest, ok := strings.CutPrefix(line, "PING "); ok {
			fmt.Fprintf(c.conn, "PONG %s\r\n", rest)
			continue
		}
		c.mu.Lock()
		c.lines = append(c.lines, arrival{line, time.Now()})
		c.mu.Unlock()
	}
}

func (c *rawClient) send(line string) {
	c.t.Helper()
	if _, err := fmt.Fprintf(c.conn, "%s\r\n", line); err != nil {
		c.t.Fatalf("%s: %v", c.nick, err)
	}
}

// arrivals returns what has come that contains text.
func (c *rawClient) arrivals(text string) (found []arrival) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range c.lines {
		if strings.Contains(a.line, text) {
			found = append(found, a)
		}
	}
	return found
}

func (c *rawClient) await(text string) {
	c.t.Helper()
	waitUntil(c.t, c.nick+" receives "+text, func() bool { return len(c.arrivals(text)) > 0 })
}
