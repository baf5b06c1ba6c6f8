package api_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"robustirc/core/api"
	"robustirc/core/api/apitest"
	"robustirc/core/ircserver"
	"robustirc/core/node"
)

// FuzzRequest: whatever the request, the answer is one of the statuses the protocol knows, and the session lives on.
func FuzzRequest(f *testing.F) {
	n := apitest.New(ircserver.DefaultConfig(), "a:1")
	a := api.New(api.Options{Node: n, Password: password, Logger: slog.New(slog.DiscardHandler)})
	f.Cleanup(a.Close)
	s, err := n.Create(f.Context(), node.CreateRequest{Remote: "192.0.2.1"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("POST", "/robustirc/v1/1/message", `{"Data":"PING x","ClientMessageId":18446744073709551615}`, true)
	f.Add("POST", "/robustirc/v1/0x1/message", `{"Data":"\u0000"}`, true)
	f.Add("DELETE", "/robustirc/v1/2", `{"Quitmessage":"x"}`, true)
	f.Add("GET", "/robustirc/v1/1/messages?lastseen=1.x", "", true)
	f.Add("GET", "/robustirc/v1/1/messages?lastseen=0.0", "", false)
	f.Add("OPTIONS", "/robustirc/v1/1/message", "", false)
	f.Add("POST", "/config", "x = 1", false)
	f.Fuzz(func(t *testing.T, method, target, body string, auth bool) {
		u, err := url.ParseRequestURI(target)
		if err != nil || !strings.HasPrefix(target, "/") {
			return
		}
		if strings.HasSuffix(u.Path, "/messages") && auth || method == http.MethodDelete {
			return // an endless stream, and the end of the session
		}
		r, err := http.NewRequest(method, "https://x/", strings.NewReader(body))
		if err != nil {
			return
		}
		r.URL.Path, r.URL.RawQuery, r.RemoteAddr = u.Path, u.RawQuery, "192.0.2.1:5"
		if auth {
			r.Header.Set("X-Session-Auth", s.Auth)
		}
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		known := []int{200, 204, 301, 307, 400, 401, 403, 404, 405, 410, 426, 429}
		if !slices.Contains(known, w.Code) {
			t.Fatalf("%s %q: %d %s", method, target, w.Code, w.Body)
		}
		if err := n.Authenticate(t.Context(), s.Session, s.Auth); err != nil && !strings.Contains(strings.ToUpper(body), "QUIT") {
			t.Fatalf("%s %q %q ended the session", method, target, body)
		}
	})
}
