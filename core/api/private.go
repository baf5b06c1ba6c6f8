package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/pprof"
	"strconv"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"robustirc/core/ircserver"
	"robustirc/core/node"
	"robustirc/core/robustsession"
)

// user is the user name of the operators' pages; the password is the network's.
const user = "robustirc"

// maxForm is the largest form or configuration that an operator may send, in bytes.
const maxForm = 1 << 20

// private adds what operators use, behind the network password.
func (a *API) private(mux *http.ServeMux) {
	handle := func(pattern, name string, h func(http.ResponseWriter, *http.Request) error) {
		mux.Handle(pattern, a.authenticated(a.endpoint(name, h)))
	}
	handle("GET /{$}", "status", a.getStatus)
	handle("GET /status", "status", a.getStatus)
	handle("GET /leader", "leader", a.getLeader)
	handle("GET /config", "config", a.getConfig)
	handle("POST /config", "set_config", a.postConfig)
	handle("GET /snapshot", "snapshot", a.snapshot) // as in the original; it does no harm
	handle("POST /snapshot", "snapshot", a.snapshot)
	handle("POST /join", "join", a.postJoin)
	handle("POST /part", "part", a.postPart)
	handle("POST /kill", "kill", a.postKill)
	handle("GET "+robustsession.LogPath, "log", a.getLog)
	handle("GET /status/sessions", "sessions", a.getSessions)
	if a.opts.Quit != nil {
		handle("POST /quit", "quit", a.postQuit)
	}
	if a.opts.Gatherer != nil {
		mux.Handle("GET /metrics", a.authenticated(promhttp.HandlerFor(a.opts.Gatherer, promhttp.HandlerOpts{})))
	}
	mux.Handle("/debug/pprof/", a.authenticated(http.HandlerFunc(pprof.Index)))
	mux.Handle("/debug/pprof/cmdline", a.authenticated(http.HandlerFunc(pprof.Cmdline)))
	mux.Handle("/debug/pprof/profile", a.authenticated(http.HandlerFunc(pprof.Profile)))
	mux.Handle("/debug/pprof/symbol", a.authenticated(http.HandlerFunc(pprof.Symbol)))
	mux.Handle("/debug/pprof/trace", a.authenticated(http.HandlerFunc(pprof.Trace)))
}

// authenticated lets only those in who know the network password, and no browser on behalf of another site.
func (a *API) authenticated(h http.Handler) http.Handler {
	h = http.NewCrossOriginProtection().Handler(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, password, ok := r.BasicAuth()
		if !ok {
			unauthorized(w, "Authentication required: user robustirc, network password")
			return
		}
		if name != user {
			password += "\x00" // wrong, whatever it is
		}
		err := a.opts.Gate.Check(r.Context(), hostOnly(r.RemoteAddr), password)
		switch {
		case err == nil:
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
			h.ServeHTTP(w, r)
		case errors.Is(err, node.ErrTooManyAttempts):
			a.metrics.passwords.Inc()
			http.Error(w, err.Error(), http.StatusTooManyRequests)
		case errors.Is(err, node.ErrWrongPassword):
			a.metrics.passwords.Inc()
			a.log.Warn("wrong network password", "peer", r.RemoteAddr, "path", r.URL.Path)
			unauthorized(w, "Wrong user or password")
		}
	})
}

func unauthorized(w http.ResponseWriter, text string) {
	w.Header().Set("WWW-Authenticate", `Basic realm="RobustIRC", charset="UTF-8"`)
	http.Error(w, text, http.StatusUnauthorized)
}

func (a *API) getLeader(w http.ResponseWriter, r *http.Request) error {
	_, err := fmt.Fprint(w, a.node.LeaderAddr())
	return err
}

func (a *API) snapshot(w http.ResponseWriter, r *http.Request) error {
	if err := a.node.Snapshot(r.Context()); err != nil {
		return fmt.Errorf("taking a snapshot: %w", err)
	}
	return nil
}

// peer is the body of /join and /part: the original's has Addr only, which then is the ID as well.
type peer struct{ ID, Addr string }

func readPeer(w http.ResponseWriter, r *http.Request) (peer, error) {
	var p peer
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxForm)).Decode(&p); err != nil {
		return p, refuse(http.StatusBadRequest, `The body must be JSON like {"ID":"node3","Addr":"host:port"}: %v`, err)
	}
	if p.ID == "" {
		p.ID = p.Addr
	}
	if p.ID == "" {
		return p, refuse(http.StatusBadRequest, "The body names neither ID nor Addr")
	}
	return p, nil
}

func (a *API) postJoin(w http.ResponseWriter, r *http.Request) error {
	p, err := readPeer(w, r)
	if err != nil {
		return err
	}
	if p.Addr == "" {
		return refuse(http.StatusBadRequest, "The body lacks Addr, the member's host:port")
	}
	return a.node.AddPeer(r.Context(), p.ID, p.Addr)
}

// postPart removes a member, by its ID or its address.
func (a *API) postPart(w http.ResponseWriter, r *http.Request) error {
	p, err := readPeer(w, r)
	if err != nil {
		return err
	}
	for _, m := range a.node.Status().Peers {
		if m.ID == p.ID || m.Addr == p.Addr {
			return a.node.RemovePeer(r.Context(), m.ID)
		}
	}
	return refuse(http.StatusNotFound, "There is no member %s", p.ID)
}

// postKill ends the sessions that the form names in its fields "session".
func (a *API) postKill(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return refuse(http.StatusBadRequest, "The form cannot be read: %v", err)
	}
	reason := r.PostForm.Get("reason")
	if reason == "" {
		reason = "Killed by the network's operators"
	}
	for _, s := range r.PostForm["session"] {
		sid, err := strconv.ParseUint(s, 0, 64)
		if err != nil {
			return refuse(http.StatusBadRequest, "%.40q is no session id", s)
		}
		if err := a.node.Kill(r.Context(), ircserver.SessionID(sid), quitMessage(reason)); err != nil {
			return fmt.Errorf("killing session %#x: %w", sid, err)
		}
	}
	_, err := fmt.Fprintf(w, "Killed %d sessions\n", len(r.PostForm["session"]))
	return err
}

func (a *API) postQuit(w http.ResponseWriter, r *http.Request) error {
	a.log.Info("asked to quit", "peer", r.RemoteAddr)
	fmt.Fprintln(w, "Quitting")
	a.opts.Quit()
	return nil
}
