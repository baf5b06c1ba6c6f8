package ircserver

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unsafe"
)

// sampleServer has at least one of everything that a snapshot holds.
func sampleServer() *Server {
	s := New(DefaultConfig())
	c := &s.cfg
	c.MOTD = []string{"motd"}
	c.Operators = []Operator{{Name: "o", Hosts: []string{"*@*"}}}
	c.Classes = []OperClass{{Name: "c", Privileges: []string{"p"}}}
	c.ServicesPasswords, c.AllowedOrigins = []string{"s"}, []string{"a"}
	c.Gateways = []Gateway{{Name: "g"}}
	c.TrustedBridges, c.Banned = []NamedValue{{"a", "b"}}, []NamedValue{{"c", "d"}}
	s.inputs, s.start, s.now = 100, 1, 2
	s.nodes = []Node{{ID: "n", Address: "a"}}
	u := &session{id: 1, registered: true, remote: "192.0.2.1", invites: []invitation{{"#i", 1}}, accept: []SessionID{9}, silence: []listEntry{{mask: "m"}}}
	u.setIdentity("alice", "a", "h")
	u.seen(7)
	s.sessions[1], s.nicks["alice"], s.users, s.maxUsers = u, u, 1, 1
	ch := newChannel("#a", 3)
	ch.lists['b'] = []listEntry{{mask: "m", setter: "s", time: 4}}
	s.channels["#a"] = ch
	ch.add(u, statusOp, 5)
	link := &session{id: 2}
	link.gateway = &gateway{name: "canary", link: 2, refused: []string{"1AAA"}, users: map[string]*session{}}
	s.sessions[2], s.gateways[2], s.bridged = link, link.gateway, 1
	guest := &session{id: 3, registered: true, gateway: link.gateway, uid: "0AAA"}
	guest.setIdentity("bob", "b", "h")
	s.sessions[3], s.nicks["bob"], link.gateway.users["0AAA"], s.users, s.maxUsers = guest, guest, guest, 2, 2
	s.bans = []networkBan{{mask: "m"}}
	s.holds = []nickHold{{nick: "n"}}
	s.whowas = []whowasEntry{{nick: "w"}}
	return s
}

// derived are the fields that this test leaves alone: they are not encoded, because they follow from others or serve the
// current input only, or are keys and links that cannot be changed on their own.
var derived = []string{
	"Server.sessions",
	"Server.nicks",
	"Server.channels",
	"Server.headcount",
	"Server.links",
	"Server.gateways",
	"Server.opened",
	"Server.closed",
	"Server.cause",
	"Server.acting",
	"Server.nextDue",
	"Server.out",
	"Server.replies",
	"Server.msg",
	"Server.call",
	"Server.scratch",
	"Server.uses", // commandUses
	"session.id",  // the key
	"session.prefix",
	"session.self",
	"session.suspected",
	"session.channels",
	"session.recent", // putRecent
	"session.nick",
	"session.registered", // without it the session could not be in a channel
	"session.link",
	"session.gateway",
	"session.uid",  // that of a guest, below
	"gateway.link", // the key
	"gateway.users",
	"channel.name",
	"channel.byID",
	"channel.members",
	"channel.audience",
	"channel.hearers",
	"channel.silencers",
	"channel.lists",
	"listEntry.parsed",
	"member.session",
}

// TestEveryFieldIsEncoded changes every field of the state in turn, and wants to see the change in the snapshot and
// again in the snapshot of the machine that was loaded from it. A new field fails here until the encoding knows it.
func TestEveryFieldIsEncoded(t *testing.T) {
	s := sampleServer()
	reload(t, s)
	checkField(t, s, "session.uid", reflect.NewAt(reflect.TypeFor[string](), unsafe.Pointer(&s.sessions[3].uid)).Elem())
	ch, u := s.channels["#a"], s.sessions[1]
	ch.limit, ch.throttle = 1, joinThrottle{joins: 1, seconds: 1, taken: 1, since: 1}
	for _, root := range []any{s, u, s.gateways[2], ch, ch.members[0], &ch.lists['b'][0]} {
		eachField(t, s, reflect.ValueOf(root).Elem())
	}
}

func eachField(t *testing.T, s *Server, v reflect.Value) {
	for i := range v.NumField() {
		name := v.Type().Name() + "." + v.Type().Field(i).Name
		if contains(derived, name) {
			continue
		}
		f := reflect.NewAt(v.Field(i).Type(), unsafe.Pointer(v.Field(i).UnsafeAddr())).Elem()
		checkField(t, s, name, f)
	}
}

func contains(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}

// checkField changes one field, or what is in it, looks, and changes it back.
func checkField(t *testing.T, s *Server, name string, f reflect.Value) {
	old := reflect.New(f.Type()).Elem()
	old.Set(f)
	switch f.Kind() {
	case reflect.Struct:
		eachField(t, s, f)
		return
	case reflect.Slice, reflect.Array:
		if f.Len() == 0 {
			t.Errorf("%s is empty in the sample", name)
			return
		}
		if f.Kind() == reflect.Slice && f.Index(0).Kind() == reflect.Struct {
			eachField(t, s, f.Index(0))
			return
		}
		checkField(t, s, name, f.Index(0))
		return
	case reflect.String:
		f.SetString(f.String() + "x")
	case reflect.Bool:
		f.SetBool(!f.Bool())
	case reflect.Int, reflect.Int64:
		f.SetInt(f.Int() + 1)
	case reflect.Uint8, reflect.Uint32, reflect.Uint64:
		f.SetUint(f.Uint() + 1)
	default:
		t.Fatalf("%s: this test cannot change a %s", name, f.Kind())
	}
	changed := s.AppendSnapshot(nil)
	f.Set(old)
	if bytes.Equal(changed, s.AppendSnapshot(nil)) {
		t.Errorf("%s is not in the snapshot", name)
		return
	}
	again, err := Restore(changed)
	if err != nil || !bytes.Equal(again.AppendSnapshot(nil), changed) {
		t.Errorf("%s does not survive: %v", name, err)
	}
}

// TestDamageIsNoticed flips every byte of a snapshot.
func TestDamageIsNoticed(t *testing.T) {
	good := sampleServer().AppendSnapshot(nil)
	for i := range good {
		b := bytes.Clone(good)
		b[i] ^= 0x41
		if _, err := Restore(b); !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrVersion) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		if _, err := Restore(good[:i]); err == nil {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	b := bytes.Clone(good)
	b[len(b)-1] ^= 1
	if _, err := Restore(b); err == nil || !strings.Contains(err.Error(), "gateways") {
		t.Errorf("the error does not name the section: %v", err)
	}
}
