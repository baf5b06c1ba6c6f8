package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// httpLink is a session over RobustSession version 1, as the stock bridge speaks it: one endless GET, and one POST at a
// time. A failed request is tried on the next server, with the same message id.
type httpLink struct {
	client  *http.Client
	servers []string
	server  int // of POSTs
	path    string
	auth    string
	prefix  string
	cancel  context.CancelFunc
	ctx     context.Context

	lines chan string // before Receive: what the GET delivered
	ended chan struct{}
}

// DialHTTP returns a Config.Dial for RobustSession version 1 over HTTP/1.1; every session begins at another server.
func DialHTTP(servers []string, client *http.Client) func(context.Context, int) (Link, error) {
	return func(ctx context.Context, i int) (Link, error) {
		l := &httpLink{client: client, servers: servers, server: i % len(servers), lines: make(chan string, 64), ended: make(chan struct{})}
		l.ctx, l.cancel = context.WithCancel(context.Background())
		body, err := l.retry(ctx, http.MethodPost, "/robustirc/v1/session", nil)
		if err != nil {
			return nil, err
		}
		var created struct{ Sessionid, Sessionauth, Prefix string }
		if err := json.Unmarshal(body, &created); err != nil {
			return nil, fmt.Errorf("the reply to CreateSession: %w", err)
		}
		l.path, l.auth, l.prefix = "/robustirc/v1/"+created.Sessionid, created.Sessionauth, created.Prefix
		go l.stream()
		return l, nil
	}
}

// errGone is a 404: the session has ended.
var errGone = errors.New("the session has ended")

// retry sends a request until a server answers 200.
func (l *httpLink) retry(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	for {
		reply, err := l.do(ctx, method, path, body)
		if err == nil || errors.Is(err, errGone) || ctx.Err() != nil {
			return reply, err
		}
		l.server = (l.server + 1) % len(l.servers)
		pause(ctx, 20*time.Millisecond)
	}
}

func (l *httpLink) do(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	resp, err := l.open(ctx, l.servers[l.server], method, path, body)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

func (l *httpLink) open(ctx context.Context, server, method, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "https://"+server+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Session-Auth", l.auth)
	req.Header.Set("Content-Type", "application/json")
	resp, err := l.client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 200))
	resp.Body.Close()
	if resp.StatusCode == http.StatusNotFound {
		return nil, errGone
	}
	return nil, fmt.Errorf("%s %s: %s %s", method, path, resp.Status, text)
}

// stream reads messages until the session ends.
func (l *httpLink) stream() {
	defer close(l.ended)
	lastSeen := "0.0"
	for i := l.server; l.ctx.Err() == nil; i++ {
		resp, err := l.open(l.ctx, l.servers[i%len(l.servers)], http.MethodGet, l.path+"/messages?lastseen="+lastSeen, nil)
		if errors.Is(err, errGone) {
			return
		}
		if err == nil {
			l.readStream(resp.Body, &lastSeen)
			resp.Body.Close()
		}
		pause(l.ctx, 20*time.Millisecond)
	}
}

func (l *httpLink) readStream(body io.Reader, lastSeen *string) {
	r := bufio.NewReaderSize(body, 4<<10)
	for {
		object, err := r.ReadSlice('\n')
		if err != nil {
			return
		}
		var m struct {
			ID struct {
				ID    int64 `json:"Id"`
				Reply int64
			} `json:"Id"`
			Type int
			Data string
		}
		if json.Unmarshal(object, &m) != nil {
			return
		}
		if m.Type == 3 {
			l.deliver(m.Data)
			*lastSeen = strconv.FormatInt(m.ID.ID, 10) + "." + strconv.FormatInt(m.ID.Reply, 10)
		}
	}
}

func (l *httpLink) deliver(line string) {
	select {
	case l.lines <- line:
	case <-l.ctx.Done():
	}
}

func (l *httpLink) post(ctx context.Context, line string) error {
	body, err := json.Marshal(struct {
		Data            string
		ClientMessageId uint64
	}{line, rand.Uint64() | 1})
	if err != nil {
		return err
	}
	_, err = l.retry(ctx, http.MethodPost, l.path+"/message", body)
	return err
}

func (l *httpLink) Register(ctx context.Context, nick string) error {
	for _, line := range []string{"NICK " + nick, "USER " + nick + " 0 * :bench"} {
		if err := l.post(ctx, line); err != nil {
			return err
		}
	}
	return l.await(ctx, "001")
}

func (l *httpLink) Join(ctx context.Context, channel string) error {
	if err := l.post(ctx, "JOIN "+channel); err != nil {
		return err
	}
	return l.await(ctx, "366")
}

func (l *httpLink) await(ctx context.Context, numeric string) error {
	for {
		select {
		case line := <-l.lines:
			if string(commandOf([]byte(line))) == numeric {
				return nil
			}
		case <-l.ended:
			return errGone
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Acks says that a Send that returned is in the network.
func (l *httpLink) Acks() bool { return true }

func (l *httpLink) Send(ctx context.Context, lines [][]byte) (bool, error) {
	for _, b := range lines {
		if err := l.post(ctx, strings.TrimRight(string(b), "\r\n")); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (l *httpLink) Receive(ctx context.Context, message func([]byte)) error {
	for {
		select {
		case line := <-l.lines:
			if text, ok := privmsgText([]byte(line)); ok {
				message(text)
			}
		case <-l.ended:
			return errGone
		case <-l.ctx.Done():
			return nil
		}
	}
}

func (l *httpLink) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, _ = l.retry(ctx, http.MethodDelete, l.path, []byte(`{"Quitmessage":"done"}`)) // what stays behind expires
	l.cancel()
	<-l.ended
}
