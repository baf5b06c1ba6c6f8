package scenario

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"robustirc/core/irc"
)

// Delivery runs scripts with real connections: it compares what arrives at each client with what the script says is
// for it. What only the machine knows (numbers of outputs) and what depends on the network's past and on the clock
// (session ids in hosts, times, counts) is not compared.
type Delivery struct {
	// Addr is a plain IRC address of the network.
	Addr string
	// ServerName is the network's server name, in the place of the one in the scripts.
	ServerName string
	// Between, when not nil, is called between steps: faults that must not be noticed happen there.
	Between func(step int)
}

// scriptServer is the server name in scripts.
const scriptServer = "robustirc.net"

// deliveryPatience is how long one line may take to arrive.
const deliveryPatience = 20 * time.Second

// CanDeliver reports whether a script consists of what clients alone can do, and of looking at the machine, which is
// left out.
func (s *Script) CanDeliver() bool {
	return !slices.ContainsFunc(s.Steps(), func(st Step) bool {
		plain := func(a string) bool { return !strings.Contains(a, "=") && a != "tls" }
		switch st.Verb {
		case "line", "state", "restart", "digest":
			return false
		case "connect", "register":
			return slices.ContainsFunc(st.Args, func(a string) bool { return !plain(a) })
		}
		return true
	})
}

// Check runs the script in the file.
func (d *Delivery) Check(tb testing.TB, path string) {
	tb.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	s, err := Parse(path, text)
	if err != nil {
		tb.Fatal(err)
	}
	r := &delivery{Delivery: d, clients: map[string]*client{}}
	defer r.close()
	for i, it := range s.items {
		if it.step == nil || it.step.Client == "" {
			continue
		}
		if d.Between != nil {
			d.Between(i)
		}
		if err := r.step(it); err != nil {
			tb.Errorf("%s:%d: %s: %v", path, it.step.Line, it.source, err)
			return
		}
	}
}

// delivery is one run.
type delivery struct {
	*Delivery
	clients map[string]*client
	order   []string // of connecting
	barrier int
}

// client is one connection.
type client struct {
	conn  net.Conn
	r     *bufio.Reader
	ended bool
}

func (r *delivery) close() {
	for _, name := range r.order {
		c := r.clients[name]
		if !c.ended {
			_, _ = c.conn.Write([]byte("QUIT\r\n"))
			_, _ = r.until(c, "") // the nick is free once the connection has ended
		}
		_ = c.conn.Close()
	}
}

// step makes one step happen and compares what every client got.
func (r *delivery) step(it item) error {
	if err := r.act(it.step); err != nil {
		return err
	}
	names := append([]string{it.step.Client}, slices.DeleteFunc(slices.Clone(r.order), func(n string) bool { return n == it.step.Client })...)
	for _, name := range names {
		got, err := r.sync(r.clients[name])
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		want, all := expected(it.expect, name)
		if !all {
			continue
		}
		if got := r.comparable(got); !slices.Equal(got, want) {
			return fmt.Errorf("%s got\n\t%s\nwant\n\t%s", name, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
		}
	}
	return nil
}

// act does what the step's client does.
func (r *delivery) act(st *Step) error {
	switch st.Verb {
	case "line":
		return r.send(st.Client, st.Text)
	case "connect":
		return r.connect(st.Client)
	}
	if err := r.connect(st.Client); err != nil {
		return err
	}
	nick := st.Args[len(st.Args)-1]
	if nick == "verbose" {
		nick = st.Args[len(st.Args)-2]
	}
	if err := r.send(st.Client, "NICK "+nick); err != nil {
		return err
	}
	return r.send(st.Client, "USER "+st.Client+" 0 * :"+st.Client+" of the scenario")
}

func (r *delivery) connect(name string) error {
	if old := r.clients[name]; old != nil {
		_ = old.conn.Close()
	} else {
		r.order = append(r.order, name)
	}
	conn, err := net.DialTimeout("tcp", r.Addr, deliveryPatience)
	if err != nil {
		return err
	}
	r.clients[name] = &client{conn: conn, r: bufio.NewReader(conn)}
	return nil
}

func (r *delivery) send(name, line string) error {
	c := r.clients[name]
	if c == nil {
		return fmt.Errorf("no client %q", name)
	}
	_, err := c.conn.Write([]byte(line + "\r\n"))
	return err
}

// sync returns what c has got, up to the answer to a PING, which stands behind everything that happened before it.
func (r *delivery) sync(c *client) ([]string, error) {
	if c.ended {
		return nil, nil
	}
	r.barrier++
	token := fmt.Sprintf("barrier%d", r.barrier)
	if _, err := c.conn.Write([]byte("PING " + token + "\r\n")); err != nil {
		token = "" // the session has ended; its last lines may still be there
	}
	return r.until(c, token)
}

// until reads lines up to the answer to a PING with the token, or the end. A challenge that comes in between is met,
// and then waited for.
func (r *delivery) until(c *client, token string) ([]string, error) {
	var lines []string
	challenged := false
	if err := c.conn.SetReadDeadline(time.Now().Add(deliveryPatience)); err != nil {
		return nil, err
	}
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			c.ended = true
			if errors.Is(err, os.ErrDeadlineExceeded) {
				return nil, fmt.Errorf("nothing came within %v, after %q", deliveryPatience, lines)
			}
			return lines, nil
		}
		line = strings.TrimRight(line, "\r\n")
		switch challenge, ok := strings.CutPrefix(line, "PING "); {
		case ok:
			challenged = true
			_, _ = c.conn.Write([]byte("PONG " + challenge + "\r\n"))
		case token != "" && strings.HasSuffix(line, " :"+token) && strings.Contains(line, " PONG "):
			if !challenged {
				return lines, nil
			}
			more, err := r.sync(c)
			return append(lines, more...), err
		default:
			lines = append(lines, line)
		}
	}
}

var (
	outputForm  = regexp.MustCompile(`^  [0-9]+\.[0-9]+!?  ([^ ]*)  (.*)$`)
	sessionHost = regexp.MustCompile(`robust/0x[0-9a-f]+`)
	seconds     = regexp.MustCompile(`\b[12][0-9]{9}\b`)
	// varying are the numerics that depend on the network's past: its creation, and the counts and peaks of LUSERS.
	varying = regexp.MustCompile(`^:[^ ]+ (003|25[0-5]|26[56]) `)
)

// expected is what the script says a client gets; all is false when it was left out ("...").
func expected(expect []string, name string) (lines []string, all bool) {
	for _, e := range expect {
		if e == "  ..." {
			return nil, false
		}
		m := outputForm.FindStringSubmatch(e)
		if m != nil && slices.Contains(strings.Split(m[1], ","), name) {
			lines = append(lines, m[2])
		}
	}
	return comparable(lines), true
}

func (r *delivery) comparable(lines []string) []string {
	for i, line := range lines {
		lines[i] = strings.ReplaceAll(line, r.ServerName, scriptServer)
	}
	return comparable(lines)
}

// comparable takes out of lines what may differ between two runs.
func comparable(lines []string) []string {
	var out []string
	for _, line := range lines {
		if varying.MatchString(line) {
			continue
		}
		line = sessionHost.ReplaceAllString(line, "robust/0x_")
		out = append(out, irc.Truncate(seconds.ReplaceAllString(line, "TIME"), irc.MaxLine))
	}
	return out
}
