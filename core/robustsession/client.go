package robustsession

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// ClientConfig says how to reach a network with version 1 of the protocol.
type ClientConfig struct {
	// Servers are some of the network's servers as host:port (see Discover); the network names the others.
	Servers []string
	// BridgeKey is the key that makes the network believe the addresses this client reports; may be empty.
	BridgeKey string
	// TLS is used for the connections; nil verifies against the system's certificate authorities.
	TLS *tls.Config
	// HTTP1 uses HTTP/1.1, with a connection for every request under way, as the stock bridge does. The default is
	// HTTP/2 where the network speaks it.
	HTTP1 bool
	// Transport, when not nil, takes the place of the HTTP transport that the fields above describe.
	Transport http.RoundTripper
	// UserAgent names the client; empty is RobustIRC's own.
	UserAgent string
	// Logger takes failures of servers (default slog.Default()).
	Logger *slog.Logger
}

// Times of the version 1 client.
const (
	// attemptTimeout is how long one server has to answer a POST or DELETE, or to begin a stream.
	attemptTimeout = 5 * time.Second
	// silence is how long a stream may carry nothing; the network pings every 20 s.
	silence = 30 * time.Second
)

// maxQueued is how many lines a session holds that Receive has not returned; then its stream is not read on.
const maxQueued = 4096

// Client speaks version 1 of the protocol. It is safe for concurrent use.
type Client struct {
	cfg    ClientConfig
	pool   *pool
	http   *http.Client
	conns  *dialed // of http
	ctx    context.Context
	cancel context.CancelFunc
	done   sync.WaitGroup // the streams
}

// NewClient returns a client; it connects when needed.
func NewClient(cfg ClientConfig) *Client {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.UserAgent == "" {
		cfg.UserAgent = "RobustIRC"
	}
	conns := &dialed{}
	if cfg.Transport == nil {
		cfg.Transport = transport(cfg, conns)
	}
	c := &Client{cfg: cfg, pool: newPool(cfg.Servers), http: &http.Client{Transport: cfg.Transport}, conns: conns}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

func transport(cfg ClientConfig, conns *dialed) *http.Transport {
	t := &http.Transport{
		DialContext:         conns.dial,
		Proxy:               http.ProxyFromEnvironment,
		TLSClientConfig:     cfg.TLS.Clone(),
		TLSHandshakeTimeout: 5 * time.Second,
		MaxIdleConnsPerHost: 1 << 16,
		IdleConnTimeout:     90 * time.Second,
		ForceAttemptHTTP2:   !cfg.HTTP1,
		HTTP2:               &http.HTTP2Config{SendPingTimeout: 3 * time.Second, PingTimeout: 3 * time.Second},
	}
	if cfg.HTTP1 {
		t.Protocols = new(http.Protocols)
		t.Protocols.SetHTTP1(true)
	}
	return t
}

// Close lets go of all sessions without ending them.
func (c *Client) Close() {
	c.cancel()
	c.done.Wait()
	c.http.CloseIdleConnections()
	c.conns.close()
}

// Create makes a session. It retries until ctx is done or the network refuses (*Error).
func (c *Client) Create(ctx context.Context, opts Options) (Session, error) {
	body, err := c.do(ctx, &call{method: http.MethodPost, path: "session", remote: opts.Remote})
	if err != nil {
		return nil, fmt.Errorf("creating a session: %w", err)
	}
	var r CreateReply
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, fmt.Errorf("creating a session: the server's reply is no JSON: %w", err)
	}
	if r.Sessionid == "" || r.Sessionauth == "" || r.Prefix == "" {
		return nil, fmt.Errorf("creating a session: the server's reply lacks a field: %.200s", body)
	}
	return newHTTPSession(c, &r, opts.Remote), nil
}

// call is one request of the protocol.
type call struct {
	method, path string // the path after /robustirc/v1/
	auth, remote string
	body         []byte
}

// do makes the request of one server after the other until one answers 200 or refuses for good.
func (c *Client) do(ctx context.Context, r *call) ([]byte, error) {
	for {
		server, err := c.pool.pick(ctx, preferLeader)
		if err != nil {
			return nil, err
		}
		body, err := c.attempt(ctx, server, r)
		if e, refused := err.(*Error); refused && e.Status < 500 {
			return nil, err
		}
		if err == nil {
			c.pool.worked(server)
			return body, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		c.pool.failed(server)
		c.cfg.Logger.Debug("a server failed; trying another", "server", server, "request", r.method+" "+r.path, "cause", err)
	}
}

// attempt makes a request of one server within attemptTimeout.
func (c *Client) attempt(ctx context.Context, server string, r *call) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	resp, err := c.request(ctx, server, r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return nil, fmt.Errorf("reading the reply: %w", err)
	}
	return body, nil
}

// request sends a request; a status other than 200 is an *Error.
func (c *Client) request(ctx context.Context, server string, r *call) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, "https://"+server+"/robustirc/v1/"+r.path, bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", c.cfg.UserAgent)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Session-Auth", r.auth)
	if c.cfg.BridgeKey != "" && r.remote != "" {
		req.Header.Set("X-Bridge-Auth", c.cfg.BridgeKey)
		req.Header.Set("X-Forwarded-For", r.remote)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 200))
		resp.Body.Close()
		return nil, &Error{Status(resp.StatusCode), string(bytes.TrimSpace(text))}
	}
	c.hint(resp)
	return resp, nil
}

// hint remembers the server that Content-Location names: it can answer without forwarding.
func (c *Client) hint(resp *http.Response) {
	if loc := resp.Header.Get("Content-Location"); loc != "" {
		if u, err := url.Parse(loc); err == nil && u.Host != "" {
			c.pool.update(nil, u.Host)
		}
	}
}
