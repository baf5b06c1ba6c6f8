package api_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

func sha256hex(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// operator makes a request with the network password.
func (n *network) operator(c *http.Client, status int, method, path, body string, header ...string) (string, http.Header) {
	n.t.Helper()
	req, err := http.NewRequestWithContext(n.t.Context(), method, n.https[0].URL+path, strings.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	req.SetBasicAuth("robustirc", password)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := c.Do(req)
	if err != nil {
		n.t.Fatal(err)
	}
	defer resp.Body.Close()
	var b strings.Builder
	if _, err := io.Copy(&b, resp.Body); err != nil || resp.StatusCode != status {
		n.t.Fatalf("%s %s: %s %s, want %d", method, path, resp.Status, b.String(), status)
	}
	return b.String(), resp.Header
}

func TestOperatorsNeedThePassword(t *testing.T) {
	n := newNetwork(t, 1, nil)
	c := n.client(true)
	for _, path := range []string{"/", "/status", "/status/sessions", "/leader", "/config", "/debug/pprof/", "/debug/pprof/cmdline"} {
		if resp := n.request(c, "GET", path, ""); resp.StatusCode != 401 || resp.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("GET %s: %s", path, resp.Status)
		}
		n.operator(c, 200, "GET", path, "")
	}
	for _, path := range []string{"/config", "/snapshot", "/join", "/part", "/kill"} {
		if resp := n.request(c, "POST", path, ""); resp.StatusCode != 401 {
			t.Errorf("POST %s: %s", path, resp.Status)
		}
	}
	req, _ := http.NewRequest("GET", n.https[0].URL+"/status", nil)
	req.SetBasicAuth("robustirc", "wrong")
	if resp, err := c.Do(req); err != nil || resp.StatusCode != 401 {
		t.Errorf("wrong password: %v %v", resp, err)
	}
	req.SetBasicAuth("root", password)
	if resp, err := c.Do(req); err != nil || resp.StatusCode != 401 {
		t.Errorf("wrong user: %v %v", resp, err)
	}
}

func TestOtherSitesCannotActThroughABrowser(t *testing.T) {
	n := newNetwork(t, 1, nil)
	n.operator(n.client(false), 403, "POST", "/kill", "session=1", "Sec-Fetch-Site", "cross-site", "Content-Type", "application/x-www-form-urlencoded")
}

func TestStatusForPrograms(t *testing.T) {
	n := newNetwork(t, 1, nil)
	body, _ := n.operator(n.client(false), 200, "GET", "/", "", "Accept", "application/json")
	var st map[string]any
	if err := json.Unmarshal([]byte(body), &st); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"State", "Leader", "Peers", "AppliedIndex", "CommitIndex", "LastContact", "ExecutableHash", "CurrentTime"} {
		if _, ok := st[key]; !ok {
			t.Errorf("%s is missing in %s", key, body)
		}
	}
	if hash := st["ExecutableHash"].(string); len(hash) != 32 {
		t.Errorf("ExecutableHash is %q", hash)
	}
}

func TestKill(t *testing.T) {
	n := newNetwork(t, 1, nil)
	c := n.client(true)
	s := n.register(c, "alice")
	m := n.open(c, s, "0.0")
	page, _ := n.operator(c, 200, "GET", "/status/sessions", "")
	if !strings.Contains(page, `value="`+s.Sessionid+`"`) {
		t.Errorf("the page does not offer to kill %s: %s", s.Sessionid, page)
	}
	n.operator(c, 200, "POST", "/kill", "session="+s.Sessionid+"&reason=spam", "Content-Type", "application/x-www-form-urlencoded")
	if last := m.until("ERROR"); !strings.Contains(last.Data, "spam") {
		t.Errorf("told %q", last.Data)
	}
	n.operator(c, 400, "POST", "/kill", "session=x", "Content-Type", "application/x-www-form-urlencoded")
}

func TestMembers(t *testing.T) {
	n := newNetwork(t, 1, nil)
	c := n.client(false)
	n.operator(c, 200, "POST", "/join", `{"Addr":"other:1"}`)
	if got := n.node.Servers(); len(got) != 2 || got[1] != "other:1" {
		t.Errorf("servers %v", got)
	}
	n.operator(c, 400, "POST", "/join", `{"ID":"x"}`)
	n.operator(c, 400, "POST", "/join", `nonsense`)
	n.operator(c, 404, "POST", "/part", `{"Addr":"unknown:1"}`)
	n.operator(c, 200, "POST", "/part", `{"Addr":"other:1"}`)
	n.operator(c, 409, "POST", "/part", `{"Addr":"`+n.node.Servers()[0]+`"}`)
	n.operator(c, 200, "POST", "/snapshot", "")
	n.operator(c, 200, "GET", "/snapshot", "")
	if leader, _ := n.operator(c, 200, "GET", "/leader", ""); leader != n.node.Servers()[0] {
		t.Errorf("leader %q", leader)
	}
}

func TestConfigIsReadAndChanged(t *testing.T) {
	n := newNetwork(t, 1, nil)
	c := n.client(true)
	text, h := n.operator(c, 200, "GET", "/config", "")
	revision := h.Get("X-RobustIRC-Config-Revision")
	changed := strings.Replace(text, "MaxChannels = 0", "MaxChannels = 77", 1)
	n.operator(c, 400, "POST", "/config", changed)
	n.operator(c, 400, "POST", "/config", "NoSuchKey = 1\n", "X-RobustIRC-Config-Revision", revision)
	n.operator(c, 400, "POST", "/config", "MaxChannels = \n", "X-RobustIRC-Config-Revision", revision)
	n.operator(c, 409, "POST", "/config", changed, "X-RobustIRC-Config-Revision", "99")
	n.operator(c, 200, "POST", "/config", changed, "X-RobustIRC-Config-Revision", revision)
	if got := n.node.NetworkConfig(); got.MaxChannels != 77 || got.Revision != 1 {
		t.Errorf("config is %+v", got)
	}
	n.operator(c, 409, "POST", "/config", changed, "X-RobustIRC-Config-Revision", revision)
}
