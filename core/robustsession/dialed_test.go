package robustsession

import (
	"errors"
	"io"
	"net"
	"testing"
)

// TestConnectionsAreClosed has connections that a transport forgets closed with the client, one that comes later too.
func TestConnectionsAreClosed(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	d := &dialed{}
	kept, err := d.dial(t.Context(), "tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	gone, err := d.dial(t.Context(), "tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if gone.Close(); len(d.conns) != 1 {
		t.Errorf("%d connections are known", len(d.conns))
	}
	server, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	d.close()
	if _, err := server.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the server's end: %v", err)
	}
	if kept.Close(); len(d.conns) != 0 {
		t.Errorf("%d connections are known", len(d.conns))
	}
	if _, err := d.dial(t.Context(), "tcp", ln.Addr().String()); !errors.Is(err, ErrClosed) {
		t.Errorf("behind the end: %v", err)
	}
}
