package api_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"robustirc/core/api"
	"robustirc/core/api/apitest"
	"robustirc/core/ircserver"
	"robustirc/core/node"
	"robustirc/core/robustsession"
)

const (
	password = "network password"
	patience = 20 * time.Second
)

// network is an in-memory network with one API per server, over TLS.
type network struct {
	t     *testing.T
	node  *apitest.Node
	https []*httptest.Server
	apis  []*api.API

	metrics *prometheus.Registry // of the API that was started last
	timeout time.Duration        // ReadTimeout and WriteTimeout; zero: the defaults
}

func newNetwork(t *testing.T, servers int, change func(*ircserver.Config)) *network {
	t.Helper()
	return newImpatientNetwork(t, servers, 0, change)
}

// newImpatientNetwork is newNetwork with ReadTimeout and WriteTimeout.
func newImpatientNetwork(t *testing.T, servers int, timeout time.Duration, change func(*ircserver.Config)) *network {
	t.Helper()
	cfg := ircserver.DefaultConfig()
	if change != nil {
		change(&cfg)
	}
	n := &network{t: t, node: apitest.New(cfg, "placeholder:1"), timeout: timeout}
	for range servers {
		n.serve("")
	}
	n.node.SetServers(n.addrs()...)
	return n
}

// serve starts an API of the network.
func (n *network) serve(addr string) {
	log := slog.New(slog.DiscardHandler)
	n.metrics = prometheus.NewRegistry()
	a := api.New(api.Options{
		Node: n.node, Password: password, Logger: log, PingInterval: 100 * time.Millisecond,
		Registerer: n.metrics, Gatherer: n.metrics,
		ReadTimeout: n.timeout, WriteTimeout: n.timeout,
	})
	s := httptest.NewUnstartedServer(a)
	s.Config = api.Server(a, log)
	s.EnableHTTP2 = true
	s.StartTLS()
	n.t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
		a.Close()
	})
	n.https, n.apis = append(n.https, s), append(n.apis, a)
}

func (n *network) addrs() (list []string) {
	for _, s := range n.https {
		list = append(list, s.Listener.Addr().String())
	}
	return list
}

// tls is a client's configuration that trusts the servers.
func (n *network) tls() *tls.Config {
	return n.https[0].Client().Transport.(*http.Transport).TLSClientConfig.Clone()
}

// client is an HTTP client of one protocol version.
func (n *network) client(http2 bool) *http.Client {
	tr := &http.Transport{TLSClientConfig: n.tls(), ForceAttemptHTTP2: http2, Protocols: new(http.Protocols)}
	tr.Protocols.SetHTTP1(!http2)
	tr.Protocols.SetHTTP2(http2)
	n.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// request makes a request of the first server; header are pairs.
func (n *network) request(c *http.Client, method, path, body string, header ...string) *http.Response {
	n.t.Helper()
	req, err := http.NewRequestWithContext(n.t.Context(), method, n.https[0].URL+path, strings.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := c.Do(req)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// expect makes a request and checks its status; it returns the body.
func (n *network) expect(c *http.Client, status int, method, path, body string, header ...string) string {
	n.t.Helper()
	resp := n.request(c, method, path, body, header...)
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != status {
		n.t.Fatalf("%s %s: %s %s (%v), want %d", method, path, resp.Status, got, err, status)
	}
	return string(got)
}

func (n *network) create(c *http.Client) robustsession.CreateReply {
	n.t.Helper()
	var r robustsession.CreateReply
	if err := json.Unmarshal([]byte(n.expect(c, 200, "POST", "/robustirc/v1/session", "", "X-Session-Auth", "")), &r); err != nil {
		n.t.Fatal(err)
	}
	return r
}

func (n *network) post(c *http.Client, s robustsession.CreateReply, id uint64, line string) {
	n.t.Helper()
	body, _ := json.Marshal(robustsession.PostRequest{Data: line, ClientMessageId: id})
	n.expect(c, 200, "POST", "/robustirc/v1/"+s.Sessionid+"/message", string(body), "X-Session-Auth", s.Sessionauth)
}

// messages is an open stream.
type messages struct {
	t    *testing.T
	resp *http.Response
	d    *json.Decoder
}

func (n *network) open(c *http.Client, s robustsession.CreateReply, lastseen string) *messages {
	n.t.Helper()
	resp := n.request(c, "GET", "/robustirc/v1/"+s.Sessionid+"/messages?lastseen="+lastseen, "", "X-Session-Auth", s.Sessionauth)
	if resp.StatusCode != 200 {
		n.t.Fatalf("stream: %s", resp.Status)
	}
	return &messages{n.t, resp, json.NewDecoder(resp.Body)}
}

// next returns the next message of a type.
func (m *messages) next(typ int) robustsession.Message {
	m.t.Helper()
	watchdog := time.AfterFunc(patience, func() { m.resp.Body.Close() })
	defer watchdog.Stop()
	for {
		var msg robustsession.Message
		if err := m.d.Decode(&msg); err != nil {
			m.t.Fatalf("stream: %v", err)
		}
		if msg.Type == typ {
			return msg
		}
	}
}

// until returns the next line that contains text.
func (m *messages) until(text string) robustsession.Message {
	m.t.Helper()
	for {
		if msg := m.next(robustsession.TypeLine); strings.Contains(msg.Data, text) {
			return msg
		}
	}
}

// expectEOF skips what the stream still carries, up to its orderly end.
func (m *messages) expectEOF() {
	m.t.Helper()
	watchdog := time.AfterFunc(patience, func() { m.resp.Body.Close() })
	defer watchdog.Stop()
	var msg robustsession.Message
	for err := error(nil); err != io.EOF; err = m.d.Decode(&msg) {
		if err != nil {
			m.t.Fatalf("the stream ends with %v", err)
		}
	}
}

// both runs a test over HTTP/1.1 and HTTP/2.
func both(t *testing.T, test func(t *testing.T, http2 bool)) {
	for _, http2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("http2=%v", http2), func(t *testing.T) { test(t, http2) })
	}
}

func (n *network) register(c *http.Client, nick string) robustsession.CreateReply {
	s := n.create(c)
	n.post(c, s, 1, "NICK "+nick)
	n.post(c, s, 2, "USER "+nick+" 0 * :"+nick)
	return s
}

func TestSessionFromBeginningToEnd(t *testing.T) {
	both(t, func(t *testing.T, http2 bool) {
		n := newNetwork(t, 1, nil)
		c := n.client(http2)
		s := n.create(c)
		if !strings.HasPrefix(s.Sessionid, "0x") || len(s.Sessionauth) != 256 || s.Prefix != "robustirc.net" {
			t.Errorf("created %+v", s)
		}
		m := n.open(c, s, "0.0")
		if want := map[bool]int{false: 1, true: 2}[http2]; m.resp.ProtoMajor != want {
			t.Errorf("protocol is %s", m.resp.Proto)
		}
		if p := m.next(robustsession.TypePing); !slices.Equal(p.Servers, n.addrs()) {
			t.Errorf("first ping: %+v", p)
		}
		n.post(c, s, 1<<63+5, "NICK alice")
		n.post(c, s, 2, "USER alice 0 * :Alice")
		m.until(" 001 alice ")
		n.post(c, s, 3, "PING keepalive")
		if pong := m.until("PONG"); pong.Data != ":robustirc.net PONG keepalive" && pong.Data != ":robustirc.net PONG :keepalive" {
			t.Errorf("the stock bridge would not hide %q", pong.Data)
		}
		n.expect(c, 200, "DELETE", "/robustirc/v1/"+s.Sessionid, `{"Quitmessage":"bye"}`, "X-Session-Auth", s.Sessionauth)
		m.until("ERROR")
		m.next(robustsession.TypePing) // after the DELETE was answered, before the end
		m.expectEOF()
		n.expect(c, 404, "GET", "/robustirc/v1/"+s.Sessionid+"/messages?lastseen=0.0", "", "X-Session-Auth", s.Sessionauth)
	})
}

func TestStreamResumes(t *testing.T) {
	n := newNetwork(t, 2, nil)
	c := n.client(false)
	s := n.register(c, "alice")
	m := n.open(c, s, "0.0")
	var all []robustsession.Message
	for len(all) < 8 {
		all = append(all, m.next(robustsession.TypeLine))
	}
	for i, from := range all[:7] {
		m := n.open(c, s, from.Id.String())
		if got := m.next(robustsession.TypeLine); got.Id != all[i+1].Id || got.Data != all[i+1].Data {
			t.Fatalf("after %v: %+v, want %+v", from.Id, got, all[i+1])
		}
		m.resp.Body.Close()
	}
}

func TestRetryIsNotDoubled(t *testing.T) {
	n := newNetwork(t, 1, nil)
	c := n.client(true)
	s := n.register(c, "alice")
	n.post(c, s, 7, "PING once")
	n.post(c, s, 7, "PING once")
	n.post(c, s, 8, "PING last")
	m := n.open(c, s, "0.0")
	m.until("once")
	if next := m.next(robustsession.TypeLine); !strings.Contains(next.Data, "last") {
		t.Errorf("after the first came %q", next.Data)
	}
}

func TestStatusCodes(t *testing.T) {
	n := newNetwork(t, 1, func(c *ircserver.Config) { c.MaxSessions = 1 })
	c := n.client(false)
	s := n.create(c)
	path, auth := "/robustirc/v1/"+s.Sessionid, s.Sessionauth
	message := `{"Data":"PING x","ClientMessageId":1}`
	for name, r := range map[string]struct {
		status             int
		method, path, body string
		auth               string
	}{
		"session limit":         {429, "POST", "/robustirc/v1/session", "", ""},
		"no auth":               {404, "POST", path + "/message", message, ""},
		"wrong auth":            {404, "POST", path + "/message", message, auth[1:] + "0"},
		"unknown session":       {404, "POST", "/robustirc/v1/0x77/message", message, auth},
		"no session id":         {404, "POST", "/robustirc/v1/xyz/message", message, auth},
		"stream, wrong auth":    {404, "GET", path + "/messages?lastseen=0.0", "", "x"},
		"delete, wrong auth":    {404, "DELETE", path, `{}`, "x"},
		"no JSON":               {400, "POST", path + "/message", "PING x", auth},
		"empty body":            {400, "POST", path + "/message", "", auth},
		"id is no integer":      {400, "POST", path + "/message", `{"Data":"x","ClientMessageId":1.5}`, auth},
		"id is negative":        {400, "POST", path + "/message", `{"Data":"x","ClientMessageId":-1}`, auth},
		"id is too large":       {400, "POST", path + "/message", `{"Data":"x","ClientMessageId":18446744073709551616}`, auth},
		"rest after JSON":       {400, "POST", path + "/message", message + "x", auth},
		"too large":             {400, "POST", path + "/message", `{"Data":"` + strings.Repeat("x", 2048) + `"}`, auth},
		"line too long":         {400, "POST", path + "/message", `{"Data":"` + strings.Repeat("x", 511) + `"}`, auth},
		"CR in line":            {400, "POST", path + "/message", `{"Data":"a\rb"}`, auth},
		"LF in line":            {400, "POST", path + "/message", `{"Data":"a\nb"}`, auth},
		"NUL in line":           {400, "POST", path + "/message", `{"Data":"a\u0000b"}`, auth},
		"bad quit":              {400, "DELETE", path, `{`, auth},
		"bad lastseen":          {400, "GET", path + "/messages?lastseen=x", "", auth},
		"half a lastseen":       {400, "GET", path + "/messages?lastseen=1", "", auth},
		"huge lastseen":         {400, "GET", path + "/messages?lastseen=9223372036854775808.0", "", auth},
		"HEAD of a stream":      {405, "HEAD", path + "/messages?lastseen=0.0", "", auth},
		"other method":          {405, "PUT", path + "/message", message, auth},
		"decimal session id":    {200, "POST", "/robustirc/v1/1/message", message, auth},
		"ids fill an uint64":    {200, "POST", path + "/message", `{"Data":"PING x","ClientMessageId":18446744073709551615}`, auth},
		"510 bytes":             {200, "POST", path + "/message", `{"Data":"` + strings.Repeat("x", 510) + `"}`, auth},
		"Latin-1 by the bridge": {200, "POST", path + "/message", `{"Data":"PRIVMSG x :` + strings.Repeat(`\ufffd`, 300) + `"}`, auth},
		"not HTTP/1.1 Upgrade":  {426, "GET", "/robustirc/v1/mux", "", ""},
		"no such page":          {404, "GET", "/nothing", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			n.t = t
			n.expect(c, r.status, r.method, r.path, r.body, "X-Session-Auth", r.auth)
		})
	}
}

func TestPostsAreHeldDuringElections(t *testing.T) {
	n := newNetwork(t, 1, nil)
	c := n.client(true)
	s := n.register(c, "alice")
	m := n.open(c, s, "0.0")
	n.node.Elect(false)
	answered := make(chan int, 1)
	go func() {
		resp := n.request(c, "POST", "/robustirc/v1/"+s.Sessionid+"/message", `{"Data":"PING held","ClientMessageId":9}`, "X-Session-Auth", s.Sessionauth)
		answered <- resp.StatusCode
	}()
	m.next(robustsession.TypePing) // streams go on
	select {
	case status := <-answered:
		t.Fatalf("answered %d without a leader", status)
	default:
	}
	n.node.Elect(true)
	if status := <-answered; status != 200 {
		t.Errorf("after the election: %d", status)
	}
	m.until("held")
}

func TestOutOfServiceIs503(t *testing.T) {
	n := newNetwork(t, 1, nil)
	c := n.client(false)
	s := n.create(c)
	n.node.SetReady(fmt.Errorf("replaying: %w", node.ErrOutOfService))
	n.expect(c, 503, "POST", "/robustirc/v1/session", "")
	n.expect(c, 503, "GET", "/robustirc/v1/"+s.Sessionid+"/messages?lastseen=0.0", "", "X-Session-Auth", s.Sessionauth)
	n.expect(c, 503, "GET", "/readyz", "")
	n.expect(c, 200, "GET", "/healthz", "")
	n.node.SetReady(nil)
	n.expect(c, 200, "GET", "/readyz", "")
}

func TestStreamEndsWhenTheNodeGoes(t *testing.T) {
	n := newNetwork(t, 1, nil)
	c := n.client(true)
	m := n.open(c, n.create(c), "0.0")
	n.node.Stop()
	m.expectEOF()
}

// TestStreamEndsWhenTheNodeIsCutOff: a node that has known no leader for longer than any election sends clients away.
func TestStreamEndsWhenTheNodeIsCutOff(t *testing.T) {
	n := newNetwork(t, 1, nil)
	c := n.client(false)
	m := n.open(c, n.create(c), "0.0")
	n.node.Elect(false)
	m.expectEOF()
}

func TestGapIsGone(t *testing.T) {
	n := newNetwork(t, 1, func(c *ircserver.Config) { c.OutputBytes = 1000 })
	c := n.client(false)
	s := n.register(c, "alice")
	n.expect(c, 410, "GET", "/robustirc/v1/"+s.Sessionid+"/messages?lastseen=0.0", "", "X-Session-Auth", s.Sessionauth)
}

func TestForwardedAddress(t *testing.T) {
	const key = "a bridge's key of at least 32 bytes"
	n := newNetwork(t, 1, func(c *ircserver.Config) {
		c.TrustedBridges = []ircserver.NamedValue{{Name: sha256hex(key), Value: "bridge"}}
	})
	c := n.client(false)
	remote := func() string { return n.node.Sessions()[0].Remote }
	s := n.register(c, "alice")
	for _, r := range []struct{ key, forwarded, want string }{
		{"wrong", "192.0.2.1:5", "127.0.0.1"},
		{"", "192.0.2.1:5", "127.0.0.1"},
		{key, "192.0.2.1:5", "192.0.2.1"},
		{key, "[2001:db8::1]:5, 10.0.0.1", "2001:db8::1"},
		{key, "garbage", "127.0.0.1"},
		{api.BridgeKey(password), "192.0.2.7", "192.0.2.7"},
	} {
		n.expect(c, 200, "POST", "/robustirc/v1/"+s.Sessionid+"/message", `{"Data":"PING x"}`,
			"X-Session-Auth", s.Sessionauth, "X-Bridge-Auth", r.key, "X-Forwarded-For", r.forwarded)
		if got := remote(); got != r.want {
			t.Errorf("%+v: %s", r, got)
		}
	}
}

func TestOrigins(t *testing.T) {
	n := newNetwork(t, 1, func(c *ircserver.Config) { c.AllowedOrigins = []string{"https://chat.example"} })
	c := n.client(true)
	for origin, allowed := range map[string]string{"https://chat.example": "https://chat.example", "https://evil.example": ""} {
		resp := n.request(c, "OPTIONS", "/robustirc/v1/session", "", "Origin", origin, "Access-Control-Request-Method", "POST")
		if got := resp.Header.Get("Access-Control-Allow-Origin"); got != allowed || resp.StatusCode != 204 {
			t.Errorf("preflight from %s: %s %q", origin, resp.Status, got)
		}
		if allowed != "" && (!strings.Contains(resp.Header.Get("Access-Control-Allow-Headers"), "X-Session-Auth") ||
			!strings.Contains(resp.Header.Get("Access-Control-Allow-Methods"), "DELETE")) {
			t.Errorf("preflight: %v", resp.Header)
		}
		resp = n.request(c, "POST", "/robustirc/v1/session", "", "Origin", origin)
		if got := resp.Header.Get("Access-Control-Allow-Origin"); got != allowed || resp.Header.Get("Vary") != "Origin" {
			t.Errorf("request from %s: %v", origin, resp.Header)
		}
	}
}

func TestNewerStreamSupersedes(t *testing.T) {
	n := newNetwork(t, 1, nil)
	c := n.client(true)
	s := n.register(c, "alice")
	older := n.open(c, s, "0.0")
	n.open(c, s, "0.0").until(" 001 ")
	older.expectEOF()
}

// TestSessionsThroughBothClients runs the clients of core/robustsession against the API.
func TestSessionsThroughBothClients(t *testing.T) {
	n := newNetwork(t, 2, nil)
	httpClient := robustsession.NewClient(robustsession.ClientConfig{Servers: n.addrs(), TLS: n.tls()})
	defer httpClient.Close()
	mux := robustsession.NewMux(robustsession.MuxConfig{Servers: n.addrs(), TLS: n.tls(), BridgeKey: api.BridgeKey(password)})
	defer mux.Close()
	for name, c := range map[string]interface {
		Create(context.Context, robustsession.Options) (robustsession.Session, error)
	}{"http": httpClient, "mux": mux} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			s, err := c.Create(ctx, robustsession.Options{Remote: "192.0.2.9:77"})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Post(ctx, "NICK "+name, "USER u 0 * :r", "PING done"); err != nil {
				t.Fatal(err)
			}
			receiveUntil(ctx, t, s, "done")
			var refused *robustsession.Error
			if err := s.Post(ctx, strings.Repeat("x", 511)); !errors.As(err, &refused) || refused.Status != robustsession.StatusBadRequest {
				t.Errorf("long line: %v", err)
			}
			if err := s.Delete(ctx, "bye"); err != nil {
				t.Fatal(err)
			}
			receiveUntil(ctx, t, s, "ERROR")
			for {
				if _, err := s.Receive(ctx); err == io.EOF {
					break
				} else if err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Post(ctx, "PING x"); !errors.As(err, &refused) || refused.Status != robustsession.StatusNoSession {
				t.Errorf("after the end: %v", err)
			}
		})
	}
	if got := n.node.Status().Sessions; got != 0 {
		t.Errorf("%d sessions are left", got)
	}
}

func receiveUntil(ctx context.Context, t *testing.T, s robustsession.Session, text string) (all []robustsession.Line) {
	t.Helper()
	for {
		lines, err := s.Receive(ctx)
		if err != nil {
			t.Fatalf("waiting for %q: %v", text, err)
		}
		all = append(all, lines...)
		for _, l := range lines {
			if strings.Contains(l.Text, text) {
				return all
			}
		}
	}
}
