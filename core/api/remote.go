package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// BridgeKey is the key of the network's own bridges: whoever knows the network password can report the addresses of
// its clients without an entry in the configuration.
func BridgeKey(password string) string {
	m := hmac.New(sha256.New, []byte(password))
	m.Write([]byte("robustirc bridge key"))
	return hex.EncodeToString(m.Sum(nil))
}

func hashKey(key string) [32]byte { return sha256.Sum256([]byte(key)) }

// trusted reports whether key is a trusted bridge's. Hashes are compared in constant time, and all of them.
func (a *API) trusted(key string) bool {
	if key == "" {
		return false
	}
	hash := hashKey(key)
	found := subtle.ConstantTimeCompare(hash[:], a.bridgeKey[:])
	for _, b := range a.node.NetworkConfig().TrustedBridges {
		if want, err := hex.DecodeString(b.Name); err == nil {
			found |= subtle.ConstantTimeCompare(hash[:], want)
		}
	}
	return found == 1
}

// remote is the client's IP address: the peer's, or the first that a trusted bridge forwards.
func (a *API) remote(r *http.Request) string {
	if f := r.Header.Get("X-Forwarded-For"); f != "" && a.trusted(r.Header.Get("X-Bridge-Auth")) {
		first, _, _ := strings.Cut(f, ",")
		if ip := hostOnly(first); ip != "" {
			return ip
		}
	}
	return hostOnly(r.RemoteAddr)
}

// hostOnly is the canonical IP address in "ip", "ip:port" or "[ip]:port", or "" when there is none.
func hostOnly(addr string) string {
	addr = strings.TrimSpace(addr)
	if host, _, err := net.SplitHostPort(addr); err == nil {
		addr = host
	}
	ip, err := netip.ParseAddr(strings.Trim(addr, "[]"))
	if err != nil {
		return ""
	}
	return ip.Unmap().WithZone("").String()
}
