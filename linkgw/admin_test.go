package linkgw

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// TestAdminSocket holds that its owner can look, relink and stop, and that a second gateway does not start.
func TestAdminSocket(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	g, err := New(p.config(NewInmemTarget()))
	if err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewPedanticRegistry()
	if _, err := NewMetrics(g, registry); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "run", "admin.sock")
	ln, err := ListenAdmin(path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: g.AdminHandler()}
	served := make(chan struct{})
	go func() { server.Serve(ln); close(served) }()
	defer func() { server.Close(); <-served }()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	if _, err := ListenAdmin(path); !errors.Is(err, ErrRunning) {
		t.Errorf("a second gateway: %v", err)
	}
	done := make(chan error, 1)
	go func() { done <- g.Run(t.Context()) }()
	p.accept(2)
	c := NewAdminClient(path)
	await(t, "the status says linked", func() bool {
		s, err := c.Status()
		return err == nil && s.State == StateLinked && s.Target.Imports == 1
	})
	health := httptest.NewRecorder()
	g.HealthHandler().ServeHTTP(health, httptest.NewRequest("GET", "/healthz", nil))
	if health.Code != 200 {
		t.Error(health.Code, health.Body)
	}
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
		t.Error(problems, err)
	}
	if n, err := testutil.GatherAndCount(registry); err != nil || n < 20 {
		t.Error(n, err)
	}
	if err := c.Do("relink"); err != nil {
		t.Fatal(err)
	}
	p.await(" SQUIT 00A :Relinking")
	p.accept(2)
	begin := time.Now()
	if err := c.Do("stop"); err != nil {
		t.Fatal(err)
	}
	p.await(" SQUIT 00A :Stopped")
	if d := time.Since(begin); d > time.Second {
		t.Errorf("the goodbye came after %v", d)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := c.Do("dance"); err == nil || !strings.Contains(err.Error(), "refuses") {
		t.Error(err)
	}
}
