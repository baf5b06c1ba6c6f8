package api_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"robustirc/core/api"
	"robustirc/core/ircserver"
	"robustirc/core/node"
	"robustirc/core/node/nodetest"
	"robustirc/core/robustsession"
)

// readLog reads the log that a node serves and applies it.
func readLog(t *testing.T, url, query string) (h *robustsession.LogHeader, m *ircserver.Server, inputs []ircserver.Input, end *robustsession.LogEnd) {
	t.Helper()
	req, _ := http.NewRequest("GET", url+robustsession.LogPath+query, nil)
	req.SetBasicAuth("robustirc", nodetest.Password)
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	defer resp.Body.Close()
	r := robustsession.NewLogReader(resp.Body)
	var state []byte
	for {
		f, err := r.Next()
		if err == io.EOF {
			return h, m, inputs, end
		}
		if err != nil {
			t.Fatal(err)
		}
		switch f.Kind {
		case robustsession.LogFrameHeader:
			h = f.Header
		case robustsession.LogFrameState:
			state = append(state, f.Payload...)
		case robustsession.LogFrameInputs:
			batch, err := ircserver.DecodeBatch(f.Payload)
			if err != nil {
				t.Fatal(err)
			}
			inputs = append(inputs, batch...)
		case robustsession.LogFrameEnd:
			end = f.End
		}
		if f.Kind != robustsession.LogFrameState && state != nil && m == nil && f.Kind != robustsession.LogFrameHeader {
			if m, err = ircserver.Restore(state); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestLogIsServed has whoever reads a node's log come to the node's outputs, and read on; without text=1 nothing of what
// was said leaves the node.
func TestLogIsServed(t *testing.T) {
	c := nodetest.Start(t, 1)
	n := c.Nodes[c.Leader()]
	a := api.New(api.Options{Node: n, Password: nodetest.Password})
	t.Cleanup(a.Close)
	srv := httptest.NewServer(a)
	t.Cleanup(srv.Close)
	if resp, err := http.Get(srv.URL + robustsession.LogPath); err != nil || resp.StatusCode != 401 {
		t.Errorf("without password: %v %v", resp, err)
	}
	made, err := n.Create(t.Context(), node.CreateRequest{Remote: "192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	post := func(lines ...string) {
		t.Helper()
		for _, l := range lines {
			if err := n.Post(t.Context(), made.Session, "192.0.2.1", []node.Line{{Text: l}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	post("NICK alice", "USER a 0 * :S3cret one", "JOIN #a", "TOPIC #a :S3cret two")
	h, m, inputs, end := readLog(t, srv.URL, "?text=1")
	for i := range inputs {
		m.Apply(&inputs[i])
	}
	if h.Redacted || !h.HasState || uint64(m.Inputs()) != end.Last || m.Chain() != end.Chain {
		t.Errorf("header %+v, end %+v; the inputs lead to input %d and %08x", h, end, m.Inputs(), m.Chain())
	}
	if err := n.Snapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	post("PRIVMSG #a :S3cret three", "AWAY :S3cret four")
	h, m, inputs, _ = readLog(t, srv.URL, "")
	seen := string(m.AppendSnapshot(nil))
	for i := range inputs {
		seen += inputs[i].Text + inputs[i].Remote
		for _, o := range m.Apply(&inputs[i]) {
			seen += o.Line
		}
	}
	if !h.Redacted || strings.Contains(seen, "S3cret") || strings.Contains(seen, "192.0.2") || !strings.Contains(seen, "#a") {
		t.Errorf("redacted: %v; secrets are left, or everything is gone: %q", h.Redacted, seen)
	}
	post("PART #a")
	h, m, _, _ = readLog(t, srv.URL, "?text=1&after="+"1")
	if h.HasState == (m == nil) {
		t.Errorf("header %+v", h)
	}
	h, m, inputs, _ = readLog(t, srv.URL, "?text=1&after="+strconv.FormatUint(end.Last+2, 10))
	if h.HasState || m != nil || len(inputs) == 0 || inputs[len(inputs)-1].Text != "PART #a" {
		t.Errorf("going on: header %+v, inputs %+v", h, inputs)
	}
}
