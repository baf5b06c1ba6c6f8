package robustsession

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// script is a version 1 network of several servers that misbehave as told: each posted line is echoed to its session.
type script struct {
	mu      sync.Mutex
	lines   []string
	ids     map[uint64]bool
	changed chan struct{}
	ended   bool

	// requests counts all but streams; fail says whether one is answered 500 instead of, or after, being done.
	requests int
	fail     func(n int) (before, after bool)
	// streams counts streams; cut is after how many messages one is cut, in the middle of an object.
	streams int
	cut     int
}

func newScript() *script {
	return &script{ids: map[uint64]bool{}, changed: make(chan struct{}), fail: func(int) (bool, bool) { return false, false }, cut: 1 << 30}
}

func (s *script) add(line string, id uint64) {
	if id == 0 || !s.ids[id] {
		s.ids[id] = true
		s.lines = append(s.lines, line)
		close(s.changed)
		s.changed = make(chan struct{})
	}
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		s.stream(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	before, after := s.fail(s.requests)
	if before {
		http.Error(w, "no leader", http.StatusInternalServerError)
		return
	}
	if s.ended {
		http.Error(w, "No such session", http.StatusNotFound)
		return
	}
	switch {
	case r.Method == http.MethodDelete:
		s.add("ERROR :bye", 0)
		s.ended = true
	case strings.HasSuffix(r.URL.Path, "/message"):
		var p PostRequest
		json.Unmarshal(body, &p)
		s.add(p.Data, p.ClientMessageId)
	default:
		json.NewEncoder(w).Encode(CreateReply{"0x1", "secret", "srv"})
	}
	if after {
		panic(http.ErrAbortHandler) // done, but the answer is lost
	}
}

func (s *script) stream(w http.ResponseWriter, r *http.Request) {
	id, err := ParseID(r.URL.Query().Get("lastseen"))
	s.mu.Lock()
	s.streams++
	gone := s.ended && int(id.ID) >= len(s.lines)
	s.mu.Unlock()
	if err != nil || gone || r.Header.Get("X-Session-Auth") != "secret" {
		http.Error(w, "No such session", http.StatusNotFound)
		return
	}
	w.Write(AppendPingMessage(nil, []string{r.Host}))
	http.NewResponseController(w).Flush()
	for n := int(id.ID); ; n++ {
		s.mu.Lock()
		for n >= len(s.lines) && !s.ended {
			changed := s.changed
			s.mu.Unlock()
			select {
			case <-changed:
			case <-r.Context().Done():
				return
			}
			s.mu.Lock()
		}
		if n >= len(s.lines) {
			s.mu.Unlock()
			return
		}
		m := AppendLineMessage(nil, ID{uint64(n + 1), 1}, 0, []byte(s.lines[n]))
		cut := n-int(id.ID) >= s.cut
		s.mu.Unlock()
		if cut {
			w.Write(m[:len(m)/2])
			return
		}
		w.Write(m)
		http.NewResponseController(w).Flush()
	}
}

// client starts two servers of s and a client of them.
func (s *script) client(t *testing.T) *Client {
	pool := x509.NewCertPool()
	var servers []string
	for range 2 {
		srv := httptest.NewTLSServer(s)
		t.Cleanup(func() {
			srv.CloseClientConnections()
			srv.Close()
		})
		pool.AddCert(srv.Certificate())
		servers = append(servers, srv.Listener.Addr().String())
	}
	c := NewClient(ClientConfig{Servers: servers, TLS: &tls.Config{RootCAs: pool}, HTTP1: true})
	t.Cleanup(c.Close)
	return c
}

// TestClientRetriesAndResumes: half of the requests fail, before or after they were done, and streams are cut in the
// middle of an object; every line arrives once and in order.
func TestClientRetriesAndResumes(t *testing.T) {
	s := newScript()
	s.fail = func(n int) (bool, bool) { return n%4 == 1, n%4 == 3 }
	s.cut = 3
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	session, err := s.client(t).Create(ctx, Options{})
	if err != nil {
		t.Fatal(err)
	}
	const lines = 20
	for i := range lines {
		if err := session.Post(ctx, fmt.Sprintf("line %d", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := session.Delete(ctx, "bye"); err != nil {
		t.Fatal(err)
	}
	var got []Line
	for {
		more, err := session.Receive(ctx)
		got = append(got, more...)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, l := range got {
		want := fmt.Sprintf("line %d", i)
		if i >= lines {
			want = "ERROR :bye" // a DELETE whose answer was lost may be done twice
		}
		if l.Text != want || l.ID.ID != uint64(i+1) {
			t.Fatalf("line %d is %v", i, l)
		}
	}
	if len(got) <= lines || s.streams < 4 || s.requests < lines*3/2 {
		t.Errorf("%d lines, %d streams, %d requests: nothing was tested", len(got), s.streams, s.requests)
	}
}

func TestClientIsRefused(t *testing.T) {
	s := newScript()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	session, err := s.client(t).Create(ctx, Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	s.ended = true
	close(s.changed)
	s.mu.Unlock()
	var refused *Error
	if err := session.Post(ctx, "x"); !errors.As(err, &refused) || refused.Status != StatusNoSession {
		t.Errorf("post: %v", err)
	}
	if err := session.Delete(ctx, "x"); err != nil {
		t.Errorf("delete of a session that is gone: %v", err)
	}
	if _, err := session.Receive(ctx); err != io.EOF {
		t.Errorf("receive: %v", err)
	}
}

func TestClosedClient(t *testing.T) {
	c := newScript().client(t)
	session, err := c.Create(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	session.Close()
	if _, err := session.Receive(t.Context()); err != ErrClosed {
		t.Errorf("receive: %v", err)
	}
	if err := session.Post(t.Context(), "x"); err != ErrClosed {
		t.Errorf("post: %v", err)
	}
}
