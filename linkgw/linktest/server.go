package linktest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Patience is how long anything that must happen may take on a busy machine.
const Patience = 60 * time.Second

// Network is one or two running servers of a kind, the second to be linked behind the first.
type Network struct {
	Kind Kind
	// Hub is the server that leaves link to.
	Hub *Server
	// Leaf is the server behind it, nil where there is only one.
	Leaf *Server
	// Certificate is what both servers have, for 127.0.0.1.
	Certificate *Certificate
}

// Server is one server process.
type Server struct {
	Kind                   Kind
	Name, SID, Description string
	// Port takes clients and servers in plaintext, TLSPort with TLS, both on 127.0.0.1.
	Port, TLSPort int
	// Dir holds its configuration and logs.
	Dir string
	// TLS is whether the two servers speak TLS to each other.
	TLS bool
	// Fingerprint is the SHA-256 of the certificate that both servers have.
	Fingerprint string
	// Other is the network's other server, or nil.
	Other *Server

	t     testing.TB
	place string
	cmd   *exec.Cmd
	log   *os.File
}

// Options say how a network is to be.
type Options struct {
	// Two says that there is a second server, which operators link with Connect.
	Two bool
	// TLS is whether the two servers speak TLS to each other. Both always take TLS and plaintext.
	TLS bool
}

// The names and ids of the servers.
const (
	hubName, hubSID   = "hub.example.net", "00A"
	leafName, leafSID = "leaf.example.net", "00B"
)

// Start runs a network until the test ends. It skips the test, and says how not to, where the software is not given.
func Start(t testing.TB, k Kind, o Options) *Network {
	t.Helper()
	Available(t, k)
	place := k.software().find(t, k)
	cert := newCertificate(t)
	n := &Network{Kind: k, Certificate: cert, Hub: newServer(t, k, place, hubName, hubSID, "The hub: with a colon", cert)}
	n.Hub.TLS = o.TLS
	if o.Two {
		n.Leaf = newServer(t, k, place, leafName, leafSID, "Behind the hub", cert)
		n.Leaf.TLS, n.Leaf.Other, n.Hub.Other = o.TLS, n.Hub, n.Leaf
	}
	for _, s := range n.Servers() {
		s.configure()
		s.Run()
	}
	return n
}

// Servers returns those there are.
func (n *Network) Servers() []*Server {
	if n.Leaf == nil {
		return []*Server{n.Hub}
	}
	return []*Server{n.Hub, n.Leaf}
}

// The ports lie below those that the kernel gives to outgoing connections, one of which could take a server's port while
// it is down. No port is given twice, for the same reason.
const firstPort, lastPort = 20000, 32000

var nextPort atomic.Int32

func freePort(t testing.TB) int {
	nextPort.CompareAndSwap(0, int32(firstPort+os.Getpid()*37%(lastPort-firstPort-1000)))
	for {
		port := int(nextPort.Add(1)) - 1
		if port >= lastPort {
			t.Fatal("no free port")
		}
		if ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			ln.Close()
			return port
		}
	}
}

func newServer(t testing.TB, k Kind, place, name, sid, description string, cert *Certificate) *Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "robustirc-"+string(k)+"-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &Server{Kind: k, Name: name, SID: sid, Description: description, Port: freePort(t), TLSPort: freePort(t), Dir: dir, Fingerprint: cert.Fingerprint, t: t, place: place}
	s.write("cert.pem", string(cert.PEM))
	s.write("key.pem", string(cert.KeyPEM))
	return s
}

// configure writes the kind's files, once all ports are known.
func (s *Server) configure() {
	for name, text := range s.Kind.software().files(s) { // each is a file of its own
		s.write(name, text)
	}
}

func (s *Server) write(name, text string) {
	file := filepath.Join(s.Dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// nobody is the user that servers run as when the test is root, since they refuse to be root.
const nobody = 65534

// Run starts the process and waits until it listens. It is for a server that does not run.
func (s *Server) Run() {
	s.t.Helper()
	cmd := s.Kind.software().command(s.place, s.Dir)
	cmd.Dir = s.Dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
		s.give()
	}
	log, err := os.OpenFile(filepath.Join(s.Dir, "output"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		s.t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	defer s.startAlone()()
	if err := cmd.Start(); err != nil {
		s.t.Fatalf("starting %s: %v", s.Kind, err)
	}
	s.cmd, s.log = cmd, log
	s.t.Cleanup(s.Kill)
	for _, address := range []string{s.Address(false), s.Address(true)} {
		s.listens(address)
	}
	if out := s.Output(); strings.Contains(out, "syntax error") {
		s.t.Fatalf("%s does not understand its configuration:\n%s", s.Kind, out)
	}
}

// startAlone waits until no other server of the installation starts, where that matters, and returns what ends the turn.
func (s *Server) startAlone() func() {
	s.t.Helper()
	name := s.Kind.software().startLock
	if name == "" {
		return func() {}
	}
	f, err := os.Open(filepath.Join(s.place, name))
	if err != nil {
		s.t.Fatal(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		s.t.Fatal(err)
	}
	return func() { f.Close() }
}

// give makes the server's files those of nobody.
func (s *Server) give() {
	err := filepath.WalkDir(s.Dir, func(path string, _ os.DirEntry, err error) error {
		if err == nil {
			err = os.Chown(path, nobody, nobody)
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *Server) listens(address string) {
	s.t.Helper()
	for end := time.Now().Add(Patience); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("%s does not listen: %v\n%s", s.Name, err, s.Output())
		}
	}
}

// Kill ends the process as a crash would, and waits until it is gone.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	s.cmd.Process.Kill()
	s.cmd.Wait()
	s.cmd = nil
	if s.log.Close(); s.t.Failed() {
		s.t.Logf("%s said:\n%s", s.Name, s.Output())
	}
}

// Output is what the server printed and logged, but for its modules and the MOTD that it has not.
func (s *Server) Output() string {
	var all strings.Builder
	for _, name := range []string{"output", "log"} {
		text, _ := os.ReadFile(filepath.Join(s.Dir, name))
		for line := range strings.Lines(string(text)) {
			if !strings.Contains(strings.ToLower(line), "module ") && !strings.Contains(line, "ircd.motd") {
				all.WriteString(line)
			}
		}
	}
	return all.String()
}

// Address is where clients and servers connect to.
func (s *Server) Address(tls bool) string {
	if tls {
		return fmt.Sprintf("127.0.0.1:%d", s.TLSPort)
	}
	return fmt.Sprintf("127.0.0.1:%d", s.Port)
}
