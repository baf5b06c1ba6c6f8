package linktest

import (
	"crypto/tls"
	"net"
	"syscall"
	"testing"
)

// DialHub connects to the hub for a link that somebody else drives, and closes the connection with the test.
func (n *Network) DialHub(t testing.TB, secure bool) net.Conn {
	t.Helper()
	conn, err := n.connect(n.Hub, "", secure)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// connect connects to a server, from an address of the loopback ("" is any), with a certificate or without one.
func (n *Network) connect(s *Server, from string, secure bool, own ...tls.Certificate) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: Patience, Control: smallSegments}
	if from != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	conn, err := dialer.Dial("tcp", s.Address(secure))
	if err != nil {
		return nil, err
	}
	conn = promptConn{conn.(*net.TCPConn)}
	if secure {
		config := n.Certificate.client()
		config.ServerName, config.Certificates = "127.0.0.1", own
		conn = tls.Client(conn, config)
	}
	return conn, nil
}

// smallSegments makes the loopback like a real network. solanum takes 16 KiB at a time (s_serv.c), with which the 64 KiB
// segments of the loopback stall for seconds.
func smallSegments(_, _ string, c syscall.RawConn) error {
	var err error
	if e := c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_MAXSEG, 1400) }); e != nil {
		return e
	}
	return err
}

// promptConn acknowledges at once. These servers leave Nagle's algorithm on, so that a reply in two writes would wait
// for the 40 ms of a delayed acknowledgement.
type promptConn struct{ *net.TCPConn }

func (c promptConn) Read(p []byte) (int, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	// It holds until the kernel thinks otherwise. Where it cannot be set, the test is only slower.
	if err := raw.Control(func(fd uintptr) { syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1) }); err != nil {
		return 0, err
	}
	return c.TCPConn.Read(p)
}
