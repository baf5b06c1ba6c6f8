package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/spf13/pflag"

	"robustirc/core/robustsession"
)

// revisionHeader carries the revision that a configuration has or is based on.
const revisionHeader = "X-RobustIRC-Config-Revision"

// adminClient speaks to the operators' pages of a network.
type adminClient struct {
	servers  []string
	password string
	http     *http.Client
}

func newAdminClient(servers []string, caFile, password string) (*adminClient, error) {
	tlsConfig, err := clientTLS(caFile)
	if err != nil {
		return nil, err
	}
	return &adminClient{servers, password, &http.Client{Transport: &http.Transport{
		TLSClientConfig:     tlsConfig,
		DialContext:         (&net.Dialer{Timeout: 3 * time.Second}).DialContext,
		TLSHandshakeTimeout: 3 * time.Second,
	}}}, nil
}

// adminFlags are the flags that say which network an operator's command is for.
type adminFlags struct{ network, ca, passwordFile string }

func (a *adminFlags) bind(f *pflag.FlagSet) {
	f.StringVar(&a.network, "network", "", "nodes as host:port,host:port, or a domain with SRV records _robustirc._tcp (required)")
	f.StringVar(&a.ca, "tls-ca", "", "file with the authorities that signed the nodes' certificates (default: the system's)")
	f.StringVar(&a.passwordFile, "password-file", "", "file with the network password (default: $"+passwordVariable+")")
}

func (a *adminFlags) client(ctx context.Context) (*adminClient, error) {
	servers, err := discover(ctx, a.network)
	if err != nil {
		return nil, err
	}
	password, err := networkPassword(a.passwordFile)
	if err != nil {
		return nil, err
	}
	return newAdminClient(servers, a.ca, password)
}

// discover finds the servers of a network.
func discover(ctx context.Context, network string) ([]string, error) {
	if network == "" {
		return nil, usageError{errors.New("--network is missing: host:port,host:port or a domain with SRV records")}
	}
	return robustsession.Discover(ctx, network)
}

// do sends a request to one server.
func (c *adminClient) do(ctx context.Context, server, method, path string, header http.Header, body []byte) ([]byte, http.Header, error) {
	resp, err := c.open(ctx, server, method, path, header, body)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(io.LimitReader(resp.Body, maxReply))
	return reply, resp.Header, err
}

// maxReply bounds what is read of an answer at once.
const maxReply = 64 << 20

// open sends a request to one server; the answer, which is 200, is read as it comes, and closed by the caller.
func (c *adminClient) open(ctx context.Context, server, method, path string, header http.Header, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "https://"+server+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if header != nil {
		req.Header = header.Clone()
	}
	req.SetBasicAuth("robustirc", c.password)
	resp, err := c.http.Do(req)
	if err != nil || resp.StatusCode == http.StatusOK {
		return resp, err
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(io.LimitReader(resp.Body, maxReply))
	if err != nil {
		return nil, err
	}
	err = fmt.Errorf("%s %s at %s: %s: %s", method, path, server, resp.Status, strings.TrimSpace(string(reply)))
	if resp.StatusCode < 500 && resp.StatusCode != http.StatusTooManyRequests {
		err = refusal{err}
	}
	return nil, err
}

// refusal is what every server of the network would answer.
type refusal struct{ error }

// any sends a request to the first server that answers it.
func (c *adminClient) any(ctx context.Context, method, path string, header http.Header, body []byte) ([]byte, http.Header, error) {
	var errs []error
	for _, server := range c.servers {
		reply, h, err := c.do(ctx, server, method, path, header, body)
		if err == nil || errors.As(err, new(refusal)) {
			return reply, h, err
		}
		errs = append(errs, err)
	}
	return nil, nil, errors.Join(errs...)
}

// leader returns the leader's address.
func (c *adminClient) leader(ctx context.Context) (string, error) {
	reply, _, err := c.any(ctx, http.MethodGet, "/leader", nil, nil)
	if err == nil && len(reply) == 0 {
		err = errors.New("the network has no leader at the moment")
	}
	return strings.TrimSpace(string(reply)), err
}

// awaitReady waits until every node serves and there is a leader.
func (c *adminClient) awaitReady(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		err := c.ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

func (c *adminClient) ready(ctx context.Context) error {
	for _, server := range c.servers {
		if _, _, err := c.do(ctx, server, http.MethodGet, "/readyz", nil, nil); err != nil {
			return err
		}
	}
	_, err := c.leader(ctx)
	return err
}

// config returns the network configuration and its revision.
func (c *adminClient) config(ctx context.Context) (text, revision string, err error) {
	reply, header, err := c.any(ctx, http.MethodGet, "/config", nil, nil)
	if err != nil {
		return "", "", fmt.Errorf("reading the network configuration: %w", err)
	}
	return string(reply), header.Get(revisionHeader), nil
}

// setConfig replaces the network configuration, unless it has changed since the revision.
func (c *adminClient) setConfig(ctx context.Context, text, revision string) error {
	_, _, err := c.any(ctx, http.MethodPost, "/config", http.Header{revisionHeader: {revision}}, []byte(text))
	if err != nil {
		return fmt.Errorf("changing the network configuration: %w", err)
	}
	return nil
}

// editConfig sets some keys of the network configuration; a dot separates tables.
func (c *adminClient) editConfig(ctx context.Context, values map[string]any) error {
	text, revision, err := c.config(ctx)
	if err != nil {
		return err
	}
	var doc map[string]any
	if _, err := toml.Decode(text, &doc); err != nil {
		return fmt.Errorf("reading the network configuration: %w", err)
	}
	for key, value := range values {
		if err := setKey(doc, strings.Split(key, "."), value); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	if err := toml.NewEncoder(&b).Encode(doc); err != nil {
		return fmt.Errorf("writing the network configuration: %w", err)
	}
	return c.setConfig(ctx, b.String(), revision)
}

func setKey(doc map[string]any, path []string, value any) error {
	for len(path) > 1 {
		table, ok := doc[path[0]].(map[string]any)
		if !ok {
			return usageError{fmt.Errorf("%s is no table of the network configuration", path[0])}
		}
		doc, path = table, path[1:]
	}
	doc[path[0]] = value
	return nil
}

// lookUp finds a key.
func lookUp(doc map[string]any, path []string) (any, bool) {
	for len(path) > 1 {
		table, ok := doc[path[0]].(map[string]any)
		if !ok {
			return nil, false
		}
		doc, path = table, path[1:]
	}
	v, ok := doc[path[0]]
	return v, ok
}
