//go:build realpeers

package realpeers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"robustirc/core/robustsession"
)

// v1Session is a session over version 1 of the protocol, written for these tests alone: it makes a point of what
// clients rarely do. It posts some lines to two nodes at once with the same id, and its stream moves to another node
// every few seconds. It implements bench.Link.
type v1Session struct {
	servers  []string
	http     *http.Client
	id, auth string
	ctx      context.Context
	cancel   context.CancelFunc
	work     sync.WaitGroup

	mu      sync.Mutex
	history []robustsession.Message // every line of its stream
	grown   chan struct{}           // closed when history grows
	ended   error                   // why the stream is over
}

// v1Timeout is how long one attempt of a request may take; posts are held while there is no leader.
const v1Timeout = 20 * time.Second

// newV1Session creates a session and starts its stream.
func newV1Session(ctx context.Context, n *network) (*v1Session, error) {
	transport := &http.Transport{TLSClientConfig: n.tls(), Protocols: new(http.Protocols)}
	transport.Protocols.SetHTTP1(true)
	s := &v1Session{servers: n.servers, http: &http.Client{Transport: transport}, grown: make(chan struct{})}
	body, err := s.insist(ctx, http.MethodPost, "session", nil)
	if err != nil {
		return nil, err
	}
	var reply robustsession.CreateReply
	if err := json.Unmarshal(body, &reply); err != nil {
		return nil, err
	}
	s.id, s.auth = reply.Sessionid, reply.Sessionauth
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.work.Go(s.follow)
	return s, nil
}

// refused is an answer that repeating the request does not change.
type refused struct{ status, body string }

func (r *refused) Error() string { return r.status + ": " + r.body }

// request makes one request of one server; anything but 200 is an error.
func (s *v1Session) request(ctx context.Context, method, server, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "https://"+server+"/robustirc/v1/"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Session-Auth", s.auth)
	resp, err := s.http.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
	if resp.StatusCode < 500 {
		return nil, &refused{resp.Status, string(text)}
	}
	return nil, errors.New(resp.Status)
}

// insist repeats a request at random servers until one answers it.
func (s *v1Session) insist(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	for {
		reply, err := s.attempt(ctx, method, path, body)
		var final *refused
		if err == nil || errors.As(err, &final) {
			return reply, err
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return nil, fmt.Errorf("%w (%w)", ctx.Err(), err)
		}
	}
}

func (s *v1Session) attempt(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, v1Timeout)
	defer cancel()
	resp, err := s.request(ctx, method, s.anyServer(), path, body)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

func (s *v1Session) anyServer() string { return s.servers[rand.IntN(len(s.servers))] }

// post returns when a line is acknowledged.
func (s *v1Session) post(ctx context.Context, line string) error {
	body, err := json.Marshal(robustsession.PostRequest{Data: line, ClientMessageId: 1 + rand.Uint64N(1<<62)})
	if err != nil {
		return err
	}
	var race sync.WaitGroup
	defer race.Wait()
	if rand.IntN(8) == 0 {
		race.Go(func() { s.attempt(ctx, http.MethodPost, s.id+"/message", body) })
	}
	_, err = s.insist(ctx, http.MethodPost, s.id+"/message", body)
	return err
}

// follow reads the stream until the session is closed, from one node after the other.
func (s *v1Session) follow() {
	for s.ctx.Err() == nil {
		ctx, cancel := context.WithTimeout(s.ctx, time.Second+rand.N(10*time.Second))
		err := s.read(ctx, s.anyServer(), s.lastSeen(), s.note)
		cancel()
		var final *refused
		if errors.As(err, &final) && s.ctx.Err() == nil {
			s.mu.Lock()
			s.ended = err
			close(s.grown)
			s.grown = make(chan struct{})
			s.mu.Unlock()
			return
		}
		time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond) // a client's pause before it tries again
	}
}

// read reads lines from one server until the stream or ctx ends, or line returns false.
func (s *v1Session) read(ctx context.Context, server, lastSeen string, line func(robustsession.Message) bool) error {
	resp, err := s.request(ctx, http.MethodGet, server, s.id+"/messages?lastseen="+lastSeen, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	d := json.NewDecoder(resp.Body)
	for {
		var m robustsession.Message
		if err := d.Decode(&m); err != nil {
			return err
		}
		if m.Type == robustsession.TypeLine && !line(m) {
			return nil
		}
	}
}

func (s *v1Session) lastSeen() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.history) == 0 {
		return "0.0"
	}
	return s.history[len(s.history)-1].Id.String()
}

func (s *v1Session) note(m robustsession.Message) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.history = append(s.history, m)
	close(s.grown)
	s.grown = make(chan struct{})
	return true
}

// since returns what has come after the first n lines, waiting for more if there is nothing.
func (s *v1Session) since(ctx context.Context, n int) ([]robustsession.Message, error) {
	for {
		s.mu.Lock()
		lines, grown, ended := s.history[n:], s.grown, s.ended
		s.mu.Unlock()
		if len(lines) > 0 || ended != nil {
			return lines, ended
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.ctx.Done():
			return nil, s.ctx.Err()
		}
	}
}

// await waits for a line that contains text.
func (s *v1Session) await(ctx context.Context, text string) error {
	for n := 0; ; {
		lines, err := s.since(ctx, n)
		if err != nil {
			return fmt.Errorf("waiting for %q: %w", text, err)
		}
		for _, l := range lines {
			if strings.Contains(l.Data, text) {
				return nil
			}
		}
		n += len(lines)
	}
}

func (s *v1Session) Register(ctx context.Context, nick string) error {
	for _, line := range []string{"NICK " + nick, "USER " + nick + " 0 * :" + nick} {
		if err := s.post(ctx, line); err != nil {
			return err
		}
	}
	return s.await(ctx, " 001 ")
}

func (s *v1Session) Join(ctx context.Context, channel string) error {
	if err := s.post(ctx, "JOIN "+channel); err != nil {
		return err
	}
	return s.await(ctx, " 366 ")
}

func (s *v1Session) Send(ctx context.Context, lines [][]byte) (bool, error) {
	for _, l := range lines {
		if err := s.post(ctx, strings.TrimRight(string(l), "\r\n")); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (s *v1Session) Receive(ctx context.Context, line func(text []byte)) error {
	for n := 0; ; {
		lines, err := s.since(ctx, n)
		if err != nil {
			if s.ctx.Err() != nil {
				return nil
			}
			return err
		}
		for _, l := range lines {
			if _, rest, ok := strings.Cut(l.Data, " PRIVMSG #"); ok {
				_, text, _ := strings.Cut(rest, " :")
				line([]byte(text))
			}
		}
		n += len(lines)
	}
}

// Close stops reading; the session stays.
func (s *v1Session) Close() {
	s.cancel()
	s.work.Wait()
	s.http.CloseIdleConnections()
}
