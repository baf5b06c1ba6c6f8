package api

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestSilentConnectionsAreBounded: connections without a request give way to new ones, busy ones do not.
func TestSilentConnectionsAreBounded(t *testing.T) {
	const limit = 4
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") }))
	s.Config.ConnState = newSilentConns(limit).change
	s.Start()
	defer s.Close()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(10 * time.Second))
		return c
	}
	ask := func(c net.Conn) error {
		fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		_, err := http.ReadResponse(bufio.NewReader(c), nil)
		return err
	}
	busy := dial()
	if err := ask(busy); err != nil {
		t.Fatal(err)
	}
	var silent []net.Conn
	for range 3 * limit {
		silent = append(silent, dial())
	}
	for i, c := range silent[:2*limit] {
		if _, err := c.Read(make([]byte, 1)); err == nil {
			t.Errorf("silent connection %d is still open", i)
		}
	}
	for i, c := range append(silent[2*limit:], busy) {
		if err := ask(c); err != nil {
			t.Errorf("connection %d behind them: %v", i, err)
		}
	}
}
