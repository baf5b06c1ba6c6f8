package linktest

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"robustirc/core/irc"
)

// Client is a real IRC client on a server. It reads only when it is asked to.
type Client struct {
	Server *Server
	// Nick is what the server calls it.
	Nick string

	t       testing.TB
	ident   string
	conn    net.Conn
	lines   *bufio.Reader
	support irc.ISupport
	tokens  int
	// heard are the lines that came and that nobody has looked for.
	heard []irc.Message
	ended bool
}

// ClientOptions say how a client is to be.
type ClientOptions struct {
	Nick, Ident, Realname string
	// From is the loopback address it connects from; "" is 127.0.0.1.
	From string
	TLS  bool
	// Certificate has it show the network's certificate as its own, with TLS.
	Certificate bool
	// Caps are demanded with CAP REQ, besides multi-prefix.
	Caps []string
	// Password is given with PASS.
	Password string
	// SASL has it authenticate with the mechanism PLAIN before it is registered; whoever plays the services says as whom.
	SASL bool
}

// Dial connects a client, waits until it is registered, and ends it with the test.
func (n *Network) Dial(t testing.TB, s *Server, o ClientOptions) *Client {
	t.Helper()
	var own []tls.Certificate
	if o.Certificate {
		own = append(own, n.Certificate.pair(t))
	}
	conn, err := n.connect(s, o.From, o.TLS, own...)
	if err != nil {
		t.Fatal(err)
	}
	return register(t, conn, s, o)
}

// DialOther is Dial to a server that is not of a Network: in plaintext, of no kind.
func DialOther(t testing.TB, name, address string, o ClientOptions) *Client {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, Patience)
	if err != nil {
		t.Fatal(err)
	}
	return register(t, conn, &Server{Name: name}, o)
}

// register makes a client of a connection, waits until it is registered, and ends it with the test.
func register(t testing.TB, conn net.Conn, s *Server, o ClientOptions) *Client {
	t.Helper()
	t.Cleanup(func() { conn.Close() })
	c := &Client{Server: s, Nick: o.Nick, t: t, ident: o.Ident, conn: conn, lines: bufio.NewReader(conn)}
	if o.Password != "" {
		c.Send("PASS " + o.Password)
	}
	caps := append([]string{"multi-prefix"}, o.Caps...)
	if o.SASL {
		caps = append(caps, "sasl")
	}
	c.Send("CAP REQ :"+strings.Join(caps, " "), "NICK "+o.Nick, fmt.Sprintf("USER %s 0 * :%s", o.Ident, o.Realname))
	if o.SASL {
		c.Send("AUTHENTICATE PLAIN")
		c.Await("903", "")
	}
	c.Send("CAP END")
	for _, m := range c.Until("the welcome", func(m *irc.Message) bool { return m.Command == "376" || m.Command == "422" }) {
		if m.Command == "005" {
			if err := c.support.AddLine(&m); err != nil {
				t.Fatal(err)
			}
		}
	}
	return c
}

// Send sends lines; a connection that is broken shows when reading.
func (c *Client) Send(lines ...string) {
	c.conn.Write([]byte(strings.Join(lines, "\r\n") + "\r\n"))
}

// Until reads until a line is as wanted and returns all that were read since the last call, that one included. The test
// fails when the server closes the connection before.
func (c *Client) Until(what string, wanted func(*irc.Message) bool) []irc.Message {
	c.t.Helper()
	for i := range c.heard {
		if wanted(&c.heard[i]) {
			return c.take(i + 1)
		}
	}
	c.conn.SetReadDeadline(time.Now().Add(Patience))
	for {
		m, err := c.read()
		if err != nil {
			c.t.Fatalf("%s waits for %s: %v; it heard\n%s", c.Nick, what, err, show(c.heard))
		}
		if m != nil && wanted(m) {
			return c.take(len(c.heard))
		}
	}
}

func (c *Client) take(n int) []irc.Message {
	taken := c.heard[:n:n]
	c.heard = c.heard[n:]
	return taken
}

// read reads a line and keeps it, and does what each client does: it answers PING, and knows its nick.
func (c *Client) read() (*irc.Message, error) {
	line, err := c.lines.ReadString('\n')
	if err != nil {
		c.ended = true
		return nil, err
	}
	var m irc.Message
	if err := m.Parse(strings.TrimRight(line, "\r\n")); err != nil {
		return nil, fmt.Errorf("%q: %w", line, err)
	}
	switch nick, _, _ := strings.Cut(m.Source, "!"); {
	case m.Command == "PING":
		c.Send("PONG :" + m.Last())
		return nil, nil
	case m.Command == "001":
		c.Nick = m.Param(0)
	case m.Command == "NICK" && nick == c.Nick:
		c.Nick = m.Param(0)
	}
	c.heard = append(c.heard, m)
	return &c.heard[len(c.heard)-1], nil
}

func show(list []irc.Message) string {
	var b strings.Builder
	for i := range list {
		fmt.Fprintf(&b, "\t%s\n", &list[i])
	}
	return b.String()
}

// Do sends lines and returns what came until the server had performed all of them, and what came before.
func (c *Client) Do(lines ...string) []irc.Message {
	c.t.Helper()
	c.tokens++
	token := fmt.Sprintf("sync-%d", c.tokens)
	c.Send(append(slices.Clone(lines), "PING :"+token)...)
	list := c.Until("the answer to "+token, func(m *irc.Message) bool { return m.Command == "PONG" && m.Last() == token })
	return list[:len(list)-1]
}

// Must is Do for lines that the server must not refuse: with an error reply, other than those named, the test fails.
func (c *Client) Must(lines ...string) []irc.Message {
	c.t.Helper()
	list := c.Do(lines...)
	for i := range list {
		if n, ok := irc.ParseNumeric(list[i].Command); ok && (n.IsError() && n != 422 || list[i].Command == "742") {
			c.t.Fatalf("%s: %q is refused: %s", c.Nick, lines, &list[i])
		}
	}
	return list
}

// Await reads until a line of a command holds a text, wherever, and returns it. It looks at what came before as well.
func (c *Client) Await(command, text string) irc.Message {
	c.t.Helper()
	list := c.Until(command+" "+text, func(m *irc.Message) bool {
		return m.Command == command && strings.Contains(m.String(), text)
	})
	return list[len(list)-1]
}

// Ended waits until the server has closed the connection, and returns what it said before.
func (c *Client) Ended() []irc.Message {
	c.t.Helper()
	c.conn.SetReadDeadline(time.Now().Add(Patience))
	for !c.ended {
		if _, err := c.read(); err != nil && !c.ended {
			c.t.Fatal(err)
		}
	}
	c.conn.Close()
	return c.take(len(c.heard))
}

// Gone reports whether the server has closed the connection, or is about to: it does not answer any more.
func (c *Client) Gone() bool {
	if c.ended {
		return true
	}
	c.tokens++
	token := fmt.Sprintf("sync-%d", c.tokens)
	c.Send("PING :" + token)
	c.conn.SetReadDeadline(time.Now().Add(Patience))
	for {
		m, err := c.read()
		if err != nil {
			return true
		}
		if m != nil && m.Command == "PONG" && m.Last() == token {
			return false
		}
	}
}

// Oper makes the client an operator.
func (c *Client) Oper() {
	c.t.Helper()
	list := c.Do("OPER " + OperName + " " + OperPassword)
	if !slices.ContainsFunc(list, func(m irc.Message) bool { return m.Command == "381" }) {
		c.t.Fatalf("%s is no operator:\n%s", c.Nick, show(list))
	}
}
