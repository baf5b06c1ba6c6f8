package scenario_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"robustirc/core/ircserver"
	"robustirc/core/scenario"
)

// network is a machine behind plain connections.
type network struct {
	mu      sync.Mutex
	machine *ircserver.Server
	conns   map[ircserver.SessionID]net.Conn
	served  sync.WaitGroup
}

func serve(t *testing.T) (addr string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &network{machine: ircserver.New(ircserver.DefaultConfig()), conns: map[ircserver.SessionID]net.Conn{}}
	n.served.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			n.served.Go(func() { n.client(conn) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		n.served.Wait()
	})
	return l.Addr().String()
}

func (n *network) apply(in ircserver.Input) {
	in.Time = time.Now().UnixNano()
	for _, o := range n.machine.Apply(&in) {
		for r := range o.To.All {
			if c := n.conns[r.Session]; c != nil {
				_, _ = c.Write(append(o.AppendFor(nil, r.Caps), "\r\n"...))
				if o.Final {
					_ = c.Close()
				}
			}
		}
	}
}

func (n *network) client(conn net.Conn) {
	n.mu.Lock()
	id := ircserver.SessionID(n.machine.Inputs() + 1)
	n.conns[id] = conn
	n.apply(ircserver.Input{Kind: ircserver.KindCreate, Remote: "127.0.0.1", Cookie: "c00kie"})
	n.mu.Unlock()
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		text, _ := ircserver.Claims(strings.TrimRight(lines.Text(), "\r"))
		n.mu.Lock()
		n.apply(ircserver.Input{Kind: ircserver.KindLine, Session: id, Text: text})
		n.mu.Unlock()
	}
	n.mu.Lock()
	n.apply(ircserver.Input{Kind: ircserver.KindDelete, Session: id})
	n.mu.Unlock()
}

// TestDelivery runs the machine's scenarios over connections, one after the other through one network.
func TestDelivery(t *testing.T) {
	paths, err := filepath.Glob("../ircserver/testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	d := &scenario.Delivery{Addr: serve(t), ServerName: ircserver.DefaultConfig().NetworkName}
	ran := 0
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s, err := scenario.Parse(path, text)
		if err != nil {
			t.Fatal(err)
		}
		if s.CanDeliver() {
			ran++
			t.Run(filepath.Base(path), func(t *testing.T) { d.Check(t, path) })
		}
	}
	if ran < 8 {
		t.Errorf("only %d scenarios consist of what clients can do", ran)
	}
}

// TestDeliveryNotices changes one expected line.
func TestDeliveryNotices(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wrong.txt")
	script := "connect alice\nalice> NICK alice\nalice> PING x\n  3.1  alice  :robustirc.net PONG robustirc.net :y\n"
	if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	var failed failures
	(&scenario.Delivery{Addr: serve(t), ServerName: "robustirc.net"}).Check(&failed, path)
	if len(failed.texts) != 1 || !strings.Contains(failed.texts[0], "alice got") {
		t.Errorf("%q", failed.texts)
	}
}

// failures notes what Check reports.
type failures struct {
	testing.TB
	texts []string
}

func (f *failures) Helper() {}

func (f *failures) Errorf(format string, args ...any) {
	f.texts = append(f.texts, fmt.Sprintf(format, args...))
}
