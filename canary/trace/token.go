package trace

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"net/netip"
	"strings"
)

// What stands in a line for what is not stored.
const (
	secretToken = "~x" // a secret; the same for all of them
	keyToken    = "~k" // a channel key; the same for all of them, so that a replayed JOIN fits a replayed MODE +k
	textMark    = "~r1:"
	sizeMark    = "~u:" // and its length in bytes: something whose meaning is not known
	hostSuffix  = ".r1.invalid"
)

// maxCached is how many tokens a run keeps at hand; the addresses of users come again and again.
const maxCached = 1 << 14

// tokens makes the tokens of one key. Equal texts have equal tokens, and without the key nothing says of which text.
type tokens struct {
	mac    hash.Hash
	sum    [sha256.Size]byte
	bytes  []byte
	hosts  map[string]string
	cached map[string]uint64
}

func newTokens(key []byte) *tokens {
	return &tokens{mac: hmac.New(sha256.New, key), hosts: map[string]string{}, cached: map[string]uint64{}}
}

// number is the first 64 bits of the HMAC of s, which is of the kind domain.
func (t *tokens) number(domain byte, s string) uint64 {
	t.mac.Reset()
	t.bytes = append(append(t.bytes[:0], domain, 0), s...)
	_, _ = t.mac.Write(t.bytes)
	return binary.BigEndian.Uint64(t.mac.Sum(t.sum[:0]))
}

// The kinds of what is hashed, so that equal strings of two kinds have nothing in common.
const (
	domainText   = 't'
	domainHost   = 'h'
	domainSuffix = 's'
	domainNet    = 'n'
	domainAddr   = 'a'
	domainMask   = 'm'
)

func appendHex(b []byte, n uint64) []byte {
	var raw [8]byte
	binary.BigEndian.PutUint64(raw[:], n)
	return hex.AppendEncode(b, raw[:])
}

// appendText appends the token of a text that is not empty: ~r1:<hmac>:<length, rounded up>:<shape>.
func (t *tokens) appendText(b []byte, s string) []byte {
	n, ok := t.cached[s]
	if !ok {
		n = t.number(domainText, s)
		if len(s) <= 64 {
			if len(t.cached) >= maxCached {
				clear(t.cached)
			}
			t.cached[strings.Clone(s)] = n
		}
	}
	b = appendHex(append(b, textMark...), n)
	b = append(b, ':')
	b = appendBucket(b, len(s))
	b = append(b, ':')
	return appendShape(b, s)
}

// appendBucket appends a length, rounded up to a power of two, 8 at least.
func appendBucket(b []byte, n int) []byte {
	size := 8
	for size < n {
		size *= 2
	}
	return appendInt(b, size)
}

func appendInt(b []byte, n int) []byte {
	if n >= 10 {
		b = appendInt(b, n/10)
	}
	return append(b, byte('0'+n%10))
}

// maxShape is how many signs a shape has; '+' says that there were more.
const maxShape = 12

// appendShape appends what kinds of words a text has: w a word, d a number, u an address of the web, '.' behind what
// ends a sentence, and c at the start of a text with formatting characters.
func appendShape(b []byte, s string) []byte {
	start := len(b)
	if strings.ContainsAny(s, "\x02\x03\x04\x0f\x11\x16\x1d\x1e\x1f") {
		b = append(b, 'c')
	}
	for word := range strings.FieldsSeq(s) {
		if len(b)-start >= maxShape {
			return append(b, '+')
		}
		b = append(b, kindOfWord(word))
		if strings.IndexByte(".,;:!?", word[len(word)-1]) >= 0 {
			b = append(b, '.')
		}
	}
	return b
}

func kindOfWord(word string) byte {
	switch {
	case strings.HasPrefix(word, "http://"), strings.HasPrefix(word, "https://"):
		return 'u'
	case isNumber(word):
		return 'd'
	}
	return 'w'
}

// host returns the token of a host name or an address. A name becomes <hmac>.<hmac of the domain>.r1.invalid, so that
// bans of its domain can be told from others; an address becomes an IPv6 address of which the first half is of its
// network (/24, or /48 for IPv6) and the second of the whole address.
func (t *tokens) host(s string) string {
	if token, ok := t.hosts[s]; ok {
		return token
	}
	var b []byte
	if addr, err := netip.ParseAddr(s); err == nil {
		b = t.addr(addr).AppendTo(nil)
	} else {
		b = t.appendName(nil, strings.ToLower(s))
	}
	if len(t.hosts) >= maxCached {
		clear(t.hosts)
	}
	token := string(b)
	t.hosts[strings.Clone(s)] = token
	return token
}

func (t *tokens) appendName(b []byte, s string) []byte {
	b = appendHex(b, t.number(domainHost, s))
	if _, rest, ok := strings.Cut(s, "."); ok && rest != "" {
		b = t.appendSuffix(append(b, '.'), rest)
	} else {
		b = append(b, hostSuffix...)
	}
	return b
}

// appendSuffix appends the token of a domain.
func (t *tokens) appendSuffix(b []byte, domain string) []byte {
	var raw [4]byte
	binary.BigEndian.PutUint32(raw[:], uint32(t.number(domainSuffix, strings.ToLower(domain))>>32))
	return append(hex.AppendEncode(b, raw[:]), hostSuffix...)
}

// addr returns the address that stands for another: fd04 or fd06 for the version, 45 bits of the network, 60 of the
// address. Each group has its highest bit set, so that the text of it never has "::" in it.
func (t *tokens) addr(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	bits, version := 48, byte(0x06)
	if a.Is4() {
		bits, version = 24, 0x04
	}
	network, err := a.Prefix(bits)
	if err != nil {
		network = netip.Prefix{} // cannot be: both lengths fit
	}
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], t.number(domainNet, network.String()))
	binary.BigEndian.PutUint64(raw[8:], t.number(domainAddr, a.String()))
	for i := 2; i < 16; i += 2 {
		raw[i] |= 0x80
	}
	raw[0], raw[1] = 0xfd, version
	return netip.AddrFrom16(raw)
}

// hostMask returns what stands for the host of a ban: a token that is the host's own where there are no wildcards, the
// token of its domain or network for "*.domain", "192.0.2.*" and "192.0.2.0/24", and else one that fits no host.
func (t *tokens) hostMask(s string) string {
	if strings.Trim(s, "*?") == "" {
		return s
	}
	domain, ok := strings.CutPrefix(s, "*.")
	if ok && !strings.ContainsAny(domain, "*?/") && domain != "" {
		return string(t.appendSuffix([]byte("*."), domain))
	}
	if network, ok := strings.CutSuffix(s, ".*"); ok {
		if a, err := netip.ParseAddr(network + ".0"); err == nil {
			return t.network(a) + ":*"
		}
	}
	if p, err := netip.ParsePrefix(s); err == nil {
		return t.prefix(p, s)
	}
	if strings.ContainsAny(s, "*?") {
		return string(append(appendHex(nil, t.number(domainMask, strings.ToLower(s))), (".mask" + hostSuffix)...))
	}
	return t.host(s)
}

// network is the first half of the address that stands for a.
func (t *tokens) network(a netip.Addr) string {
	text := t.addr(a).String()
	return text[:len("fd04:8000:8000:8000")]
}

func (t *tokens) prefix(p netip.Prefix, s string) string {
	switch {
	case p.IsSingleIP():
		return t.addr(p.Addr()).String()
	case p.Bits() == 24 && p.Addr().Is4(), p.Bits() == 48 && p.Addr().Is6():
		return t.network(p.Addr()) + "::/64"
	}
	return string(append(appendHex(nil, t.number(domainMask, s)), (".mask" + hostSuffix)...))
}
