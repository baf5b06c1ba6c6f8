package ircserver

import (
	"fmt"
	"strings"
)

// State redacts a state in its canonical encoding. The digest of what it returns is not that of the network, and neither
// is the chain of outputs that follow. The error is Restore's.
func (r *Redactor) State(state []byte) ([]byte, error) {
	s, err := Restore(state)
	if err != nil {
		return nil, fmt.Errorf("redacting a state: %w", err)
	}
	r.config(&s.cfg)
	for _, u := range s.sessions { // order does not matter: each is changed on its own
		r.session(u)
	}
	for _, ch := range s.channels { // order does not matter: each is changed on its own
		ch.topic, ch.key = r.text(ch.topic), r.keys(ch.key)
		for _, list := range ch.lists { // order does not matter: each is changed on its own
			r.entries(list)
		}
	}
	for link := range s.gateways { // order does not matter: a set is filled
		r.gateways[link] = true
	}
	for i := range s.bans {
		b := &s.bans[i]
		b.mask, b.reason, b.setter = r.mask(b.mask), r.text(b.reason), r.mask(b.setter)
	}
	for i := range s.holds {
		s.holds[i].reason = r.text(s.holds[i].reason)
	}
	for i := range s.whowas {
		e := &s.whowas[i]
		e.host, e.realname, e.remote = r.host(e.host), r.text(e.realname), r.remote(e.remote)
	}
	return s.AppendSnapshot(nil), nil
}

func (r *Redactor) session(u *session) {
	u.authHash = [32]byte{}
	u.remote, u.cookie, u.pass = r.remote(u.remote), r.token("key", u.cookie), r.token("key", u.pass)
	u.realname, u.host, u.away = r.text(u.realname), r.host(u.host), r.text(u.away)
	r.entries(u.silence)
}

func (r *Redactor) entries(list []listEntry) {
	for i := range list {
		e := &list[i]
		e.mask, e.remote = r.mask(e.mask), r.remote(e.remote)
		e.setter = r.mask(e.setter)
	}
}

// redactedHash stands for every password of a configuration. It is the hash of nothing that anybody can give.
const redactedHash = "$2a$04$......................................................"

// config redacts a configuration: passwords, keys and addresses. It stays valid when it was.
func (r *Redactor) config(c *Config) {
	for i := range c.Operators {
		c.Operators[i].PasswordHash = redactedHash
		for j, host := range c.Operators[i].Hosts {
			c.Operators[i].Hosts[j] = r.mask(host)
		}
	}
	for i := range c.ServicesPasswords {
		c.ServicesPasswords[i] = redactedHash
	}
	for i := range c.Gateways {
		c.Gateways[i].PasswordHash = redactedHash
	}
	for i := range c.TrustedBridges {
		c.TrustedBridges[i].Name = strings.Repeat("0", 64-tokenLen+1) + r.token("key", c.TrustedBridges[i].Name)[1:]
	}
	for i := range c.Banned {
		c.Banned[i] = NamedValue{r.maskWords(c.Banned[i].Name), r.text(c.Banned[i].Value)}
	}
}
