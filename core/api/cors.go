package api

import (
	"net/http"
	"slices"
)

// cors lets the web origins in the network's configuration use an endpoint from a browser.
func (a *API) cors(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.allowOrigin(w, r)
		h.ServeHTTP(w, r)
	})
}

// allowOrigin adds the response headers for an allowed origin and reports whether it is one.
func (a *API) allowOrigin(w http.ResponseWriter, r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	w.Header().Add("Vary", "Origin")
	if !slices.Contains(a.node.NetworkConfig().AllowedOrigins, origin) {
		return false
	}
	w.Header().Set("Access-Control-Allow-Origin", origin)
	return true
}

// preflight answers the OPTIONS request that a browser sends before the real one.
func (a *API) preflight(w http.ResponseWriter, r *http.Request) {
	if a.allowOrigin(w, r) {
		w.Header().Set("Access-Control-Allow-Methods", "GET, POST, DELETE")
		w.Header().Set("Access-Control-Allow-Headers", "X-Session-Auth, Accept, Content-Type")
		w.Header().Set("Access-Control-Max-Age", "86400")
	}
	w.WriteHeader(http.StatusNoContent)
}
