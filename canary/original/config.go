package original

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"robustirc/core/ircserver"
)

// configState is a configuration of the original: as its TOML and its snapshots have it.
type configState struct {
	Revision uint64 `toml:"-"`
	IRC      struct {
		Operators []struct{ Name, Password string }
		Services  []struct{ Password string }
	}
	SessionExpiration, PostMessageCooloff duration
	TrustedBridges, Banned                map[string]string
	CaptchaURL, CaptchaHMACSecret         string
	CaptchaRequiredForLogin               bool
	MaxSessions, MaxChannels              uint64
	WhitelistedOrigins                    map[string]bool
}

// duration is a time.Duration that is written as text.
type duration time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = duration(v)
	return err
}

// parseConfig reads a configuration's TOML; unknown are keys that neither program knows.
func parseConfig(text string) (c *configState, unknown []string, err error) {
	c = &configState{}
	meta, err := toml.Decode(text, c)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: a configuration in TOML: %w", ErrFormat, err)
	}
	for _, key := range meta.Undecoded() {
		unknown = append(unknown, key.String())
	}
	return c, unknown, nil
}

// decode reads the configuration of a snapshot (message Snapshot.Config).
func (c *configState) decode(b []byte) error {
	c.TrustedBridges, c.Banned = map[string]string{}, map[string]string{}
	return eachField(b, func(f field) (err error) {
		switch f.num {
		case 1:
			c.Revision = f.n
		case 2:
			return c.decodeIRC(f.b)
		case 3:
			return c.durationField(&c.SessionExpiration, f.b)
		case 4:
			return c.durationField(&c.PostMessageCooloff, f.b)
		case 5, 11:
			into := c.TrustedBridges
			if f.num == 11 {
				into = c.Banned
			}
			key, value, err := mapEntry(f.b)
			into[key] = string(value)
			return err
		case 6:
			c.CaptchaURL = f.str()
		case 7:
			c.CaptchaHMACSecret = f.str()
		case 8:
			c.CaptchaRequiredForLogin = f.n != 0
		case 9:
			c.MaxSessions = f.n
		case 10:
			c.MaxChannels = f.n
		}
		return nil
	})
}

func (c *configState) durationField(d *duration, b []byte) error {
	if err := d.UnmarshalText(b); err != nil {
		return fmt.Errorf("%w: a configuration's duration: %w", ErrFormat, err)
	}
	return nil
}

func (c *configState) decodeIRC(b []byte) error {
	return eachField(b, func(f field) error {
		name, password, err := mapEntry(f.b) // an operator's fields are its name and its password
		switch f.num {
		case 1:
			c.IRC.Operators = append(c.IRC.Operators, struct{ Name, Password string }{name, string(password)})
		case 2:
			c.IRC.Services = append(c.IRC.Services, struct{ Password string }{name})
		}
		return err
	})
}

// unusableHash stands for every password. A replay checks none, and a password in plain text is not to leave the network.
const unusableHash = "$2a$04$......................................................"

// convert makes our configuration of it. lost names what has no equivalent.
func (c *configState) convert(network string) (out ircserver.Config, lost []string) {
	out = ircserver.DefaultConfig()
	out.NetworkName = network
	out.RegistrationTimeout = 0
	// The original has neither statuses but operator, nor user modes to begin with; its hosts are always hidden.
	out.Owner, out.Admin, out.Halfop, out.DefaultUserModes = false, false, false, "x"
	out.SessionExpiration, out.PostMessageCooloff = time.Duration(c.SessionExpiration), time.Duration(c.PostMessageCooloff)
	out.MaxSessions, out.MaxChannels = int(min(c.MaxSessions, 1<<31-1)), int(min(c.MaxChannels, 1<<31-1))
	for _, op := range c.IRC.Operators {
		one := out
		one.Operators = append(slices.Clone(out.Operators), ircserver.Operator{Name: op.Name, PasswordHash: unusableHash})
		if one.Validate() != nil {
			lost = append(lost, "an operator whose name is no word or is there twice")
			continue
		}
		out.Operators = one.Operators
	}
	for range c.IRC.Services {
		out.ServicesPasswords = append(out.ServicesPasswords, unusableHash)
	}
	for _, key := range slices.Sorted(maps.Keys(c.TrustedBridges)) {
		sum := sha256.Sum256([]byte(key))
		out.TrustedBridges = append(out.TrustedBridges, ircserver.NamedValue{Name: hex.EncodeToString(sum[:]), Value: c.TrustedBridges[key]})
	}
	slices.SortFunc(out.TrustedBridges, func(a, b ircserver.NamedValue) int { return strings.Compare(a.Name, b.Name) })
	for _, address := range slices.Sorted(maps.Keys(c.Banned)) {
		out.Banned = append(out.Banned, ircserver.NamedValue{Name: hostOnly(address), Value: c.Banned[address]})
	}
	for _, origin := range slices.Sorted(maps.Keys(c.WhitelistedOrigins)) {
		if c.WhitelistedOrigins[origin] {
			out.AllowedOrigins = append(out.AllowedOrigins, origin)
		}
	}
	return out, append(lost, c.captcha()...)
}

// captcha names what a network with captchas loses.
func (c *configState) captcha() (lost []string) {
	if c.CaptchaURL != "" {
		lost = append(lost, "CaptchaURL")
	}
	if c.CaptchaHMACSecret != "" {
		lost = append(lost, "CaptchaHMACSecret")
	}
	if c.CaptchaRequiredForLogin {
		lost = append(lost, "CaptchaRequiredForLogin")
	}
	return lost
}

// granted is what the edge of our network would have found right of what a line claims.
func (c *configState) granted(claims []ircserver.Claim) (granted []string) {
	for _, claim := range claims {
		if c.holds(claim) && !slices.Contains(granted, claim.Name) {
			granted = append(granted, claim.Name)
		}
	}
	return granted
}

func (c *configState) holds(claim ircserver.Claim) bool {
	if claim.Name == "services" {
		for _, s := range c.IRC.Services {
			if s.Password == claim.Password {
				return true
			}
		}
		return false
	}
	for _, op := range c.IRC.Operators {
		if op.Name == claim.Name && op.Password == claim.Password {
			return true
		}
	}
	return false
}

// defaultConfig is what the original works with before it is configured.
func defaultConfig() *configState {
	return &configState{SessionExpiration: duration(10 * time.Minute), PostMessageCooloff: duration(500 * time.Millisecond)}
}
