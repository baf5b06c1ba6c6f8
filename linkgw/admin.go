package linkgw

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// ErrRunning is returned when another gateway answers at the admin socket.
var ErrRunning = errors.New("another gateway runs at this admin socket; two of one name would throw each other off the network")

// ListenAdmin opens the admin socket for its owner only. A socket that a dead process left is replaced.
func ListenAdmin(path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("the admin socket: %w", err)
	}
	if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
		c.Close()
		return nil, fmt.Errorf("%s: %w", path, ErrRunning)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("the admin socket: %w", err)
	}
	ln, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("the admin socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("the admin socket: %w", err), ln.Close())
	}
	return ln, nil
}

// AdminHandler answers robustirc link status, stop and relink.
func (g *Gateway) AdminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(g.Status()); err != nil {
			g.log.Debug("the status was not sent", "error", err)
		}
	})
	mux.HandleFunc("POST /stop", func(w http.ResponseWriter, _ *http.Request) {
		g.log.Warn("stopping: asked over the admin socket")
		g.Stop()
		w.WriteHeader(http.StatusAccepted)
	})
	mux.HandleFunc("POST /relink", func(w http.ResponseWriter, _ *http.Request) {
		g.log.Warn("making a new link: asked over the admin socket")
		g.Relink()
		w.WriteHeader(http.StatusAccepted)
	})
	return mux
}

// HealthHandler answers 200 while the gateway is linked on both sides and nothing is wrong, else 503 with the reason.
func (g *Gateway) HealthHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s := g.Status()
		if why := s.Unhealthy(); why != "" {
			http.Error(w, why, http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
}

// Unhealthy says what is wrong, or "".
func (s *Status) Unhealthy() string {
	switch {
	case s.State != StateLinked:
		return "not linked: " + string(s.State)
	case !s.Target.Linked:
		return "no link to the new network"
	case s.CoverageBad != "":
		return "internal error: " + s.CoverageBad
	case len(s.Egress.Blocked) > 0:
		return "a line was about to be sent that we never say"
	}
	return ""
}

// AdminClient speaks to the gateway at an admin socket.
type AdminClient struct{ http http.Client }

// NewAdminClient returns a client; it connects when needed.
func NewAdminClient(path string) *AdminClient {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
	return &AdminClient{http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}, Timeout: 5 * time.Second}}
}

// Status asks how things are.
func (c *AdminClient) Status() (s Status, err error) {
	resp, err := c.http.Get("http://link/status")
	if err != nil {
		return s, fmt.Errorf("asking the gateway (does it run?): %w", err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		return s, fmt.Errorf("the gateway's status: %w", err)
	}
	return s, nil
}

// Do asks for "stop" or "relink".
func (c *AdminClient) Do(what string) error {
	resp, err := c.http.Post("http://link/"+what, "", nil)
	if err != nil {
		return fmt.Errorf("asking the gateway (does it run?): %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		return fmt.Errorf("the gateway refuses to %s: %s", what, resp.Status)
	}
	return nil
}
