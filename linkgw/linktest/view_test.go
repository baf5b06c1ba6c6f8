package linktest

import (
	"maps"
	"reflect"
	"strings"
	"testing"

	"robustirc/linkgw/network"
	"robustirc/s2s"
)

// sample is a model with something of everything that is compared.
func sample(t *testing.T) *network.Network {
	t.Helper()
	n, err := network.New(network.Solanum(), network.Us{Server: "gateway.example.net", SID: "00G", Services: []string{ServicesName}})
	if err != nil {
		t.Fatal(err)
	}
	n.SetPeer(s2s.ServerIntroduced{Server: "hub.example.net", SID: "00A"})
	certificate := "abcd"
	for _, e := range []s2s.Event{
		{Source: "00A", Body: s2s.UserIntroduced{UID: "00AAAAAAA", Nick: "Ann", TS: 100, Ident: "a", Host: "h.example", RealHost: "real.example", IP: "192.0.2.1", Account: "acct", Modes: "+io", Realname: "Ann: A"}},
		{Source: "00A", Body: s2s.UserIntroduced{UID: "00AAAAAAB", Nick: "bob", TS: 100, Ident: "b", Host: "b.example", RealHost: "b.example", IP: "192.0.2.2", Modes: "+", Realname: "Bob"}},
		{Source: "00AAAAAAA", Body: s2s.Away{Text: "gone: out"}},
		{Source: "00AAAAAAA", Body: s2s.UserChanged{User: "00AAAAAAA", Certificate: &certificate}},
		{Source: "00A", Body: s2s.ChannelBurst{Channel: "#Chan", TS: 90, HasModes: true, Modes: "+ntkl", Params: []string{"key", "10"}, Members: []s2s.Member{{User: "00AAAAAAA", Status: "ov"}, {User: "00AAAAAAB"}}}},
		{Source: "00A", Body: s2s.ListBurst{Channel: "#chan", TS: 90, Entries: []s2s.ListEntry{{Letter: "b", Mask: "x!*@*", SetBy: "y!y@y", SetAt: 95}, {Letter: "e", Mask: "x!*@*", SetBy: "y!y@y", SetAt: 96}}}},
		{Source: "00A", Body: s2s.Topic{Channel: "#chan", Text: "news", Setter: "y!y@y", SetAt: 97, Rule: s2s.TopicOlder}},
	} {
		n.Apply(200, e)
	}
	return n
}

// full is a view that was shown all there is.
func full() View {
	text := ""
	shown := UserView{RealHost: &text, IP: &text, Modes: &text, Extra: &text}
	return View{Users: map[string]UserView{"ann": shown, "bob": shown}, Channels: map[string]ChannelView{"#chan": {TS: 1, Members: map[string]string{}, ListsSeen: "beIq"}}}
}

// TestDiffSeesEveryField changes one field after the other of what clients saw, and holds that each is told: the comparison
// can fail.
func TestDiffSeesEveryField(t *testing.T) {
	n := sample(t)
	same := ViewOf(Solanum, n, full())
	if diff := Diff(same, ViewOf(Solanum, n, full()), DiffOptions{}); len(diff) > 0 {
		t.Fatalf("equal views differ: %q", diff)
	}
	if same.Facts() != 38 {
		t.Errorf("%d facts", same.Facts())
	}
	changed := spoilt(same)
	for name, other := range changed {
		if len(Diff(other, same, DiffOptions{Slack: 5})) == 0 {
			t.Errorf("nobody notices that %s is different", name)
		}
		if len(Diff(same, other, DiffOptions{Slack: 5})) == 0 {
			t.Errorf("nobody notices that %s of the model is different", name)
		}
	}
	if len(changed) < 25 {
		t.Errorf("only %d fields were tried", len(changed))
	}
}

// spoilt yields copies of a view, each with one field that is different, by its name.
func spoilt(v View) map[string]View {
	all := map[string]View{}
	for key, u := range v.Users {
		for i := range reflect.TypeFor[UserView]().NumField() {
			changed := u
			spoil(reflect.ValueOf(&changed).Elem().Field(i))
			all["user "+key+" "+reflect.TypeFor[UserView]().Field(i).Name] = v.with(key, &changed, nil)
		}
		all["user "+key] = v.without(key)
	}
	for key, c := range v.Channels {
		for i := range reflect.TypeFor[ChannelView]().NumField() {
			name := reflect.TypeFor[ChannelView]().Field(i).Name
			changed := c
			switch name {
			case "ListsSeen", "AskedOn": // only say what to compare
			case "Members":
				for nick := range c.Members {
					changed.Members = maps.Clone(c.Members)
					changed.Members[nick] += "x"
					all["status of "+nick] = v.with(key, nil, &changed)
					changed.Members = maps.Clone(c.Members)
					delete(changed.Members, nick)
					all["member "+nick] = v.with(key, nil, &changed)
				}
			case "Lists":
				for j := range c.Lists {
					for f := range reflect.TypeFor[s2s.ListEntry]().NumField() {
						other := changed
						other.Lists = append([]s2s.ListEntry(nil), c.Lists...)
						spoil(reflect.ValueOf(&other.Lists[j]).Elem().Field(f))
						all[c.Lists[j].Letter+" "+reflect.TypeFor[s2s.ListEntry]().Field(f).Name] = v.with(key, nil, &other)
					}
				}
				changed.Lists = c.Lists[1:]
				all["entry"] = v.with(key, nil, &changed)
			default:
				spoil(reflect.ValueOf(&changed).Elem().Field(i))
				all["channel "+name] = v.with(key, nil, &changed)
			}
		}
		all["channel "+key] = v.without(key)
	}
	return all
}

func spoil(field reflect.Value) {
	switch field.Kind() {
	case reflect.String:
		field.SetString(field.String() + "x")
	case reflect.Bool:
		field.SetBool(!field.Bool())
	case reflect.Int64:
		field.SetInt(field.Int() + 6)
	case reflect.Pointer:
		text := field.Elem().String() + "x"
		field.Set(reflect.ValueOf(&text))
	default:
		panic(field.Kind())
	}
}

func (v View) with(key string, u *UserView, c *ChannelView) View {
	v.Users, v.Channels = maps.Clone(v.Users), maps.Clone(v.Channels)
	if u != nil {
		v.Users[key] = *u
	}
	if c != nil {
		v.Channels[key] = *c
	}
	return v
}

func (v View) without(key string) View {
	v = v.with("", nil, nil)
	delete(v.Users, key)
	delete(v.Channels, key)
	return v
}

// TestModelMutationsAreSeen does to a model what the network did not, and holds that the comparison says which.
func TestModelMutationsAreSeen(t *testing.T) {
	name := "x"
	for what, e := range map[string]s2s.Event{
		"user bob":               {Source: "00AAAAAAB", Body: s2s.UserQuit{}},
		"user ann away":          {Source: "00AAAAAAA", Body: s2s.Away{}},
		"user ann oper":          {Source: "00AAAAAAA", Body: s2s.UserModes{User: "00AAAAAAA", Modes: "-o"}},
		"user ann host":          {Source: "00A", Body: s2s.UserChanged{User: "00AAAAAAA", Host: &name}},
		"user ann nick":          {Source: "00AAAAAAA", Body: s2s.NickChanged{Nick: "aNN", TS: 100}},
		"channel #chan member":   {Source: "00AAAAAAB", Body: s2s.Part{Channels: []string{"#chan"}}},
		"channel #chan modes":    {Source: "00A", Body: s2s.ChannelModes{Channel: "#chan", TS: 90, HasTS: true, Modes: "+m"}},
		"channel #chan list b x": {Source: "00A", Body: s2s.ChannelModes{Channel: "#chan", TS: 90, HasTS: true, Modes: "-b", Params: []string{"x!*@*"}}},
		"channel #chan list q":   {Source: "00A", Body: s2s.ChannelModes{Channel: "#chan", TS: 90, HasTS: true, Modes: "+q", Params: []string{"x!*@*"}}},
		"channel #chan topic":    {Source: "00AAAAAAA", Body: s2s.Topic{Channel: "#chan", Text: "more", Rule: s2s.TopicAlways}},
	} {
		n := sample(t)
		before := ViewOf(Solanum, n, full())
		n.Apply(300, e)
		diff := Diff(before, ViewOf(Solanum, n, full()), DiffOptions{})
		if len(diff) == 0 || !strings.Contains(strings.Join(diff, "\n"), what) {
			t.Errorf("%s: %q", what, diff)
		}
	}
}

func TestSlackAndSetters(t *testing.T) {
	n := sample(t)
	a, b := ViewOf(Solanum, n, full()), ViewOf(Solanum, n, full())
	c := b.Channels["#chan"]
	c.TopicAt += 5
	b = b.with("#chan", nil, &c)
	if diff := Diff(a, b, DiffOptions{Slack: 5}); len(diff) > 0 {
		t.Errorf("%q", diff)
	}
	if diff := Diff(a, b, DiffOptions{Slack: 4}); len(diff) != 1 {
		t.Errorf("%q", diff)
	}
	c.TopicAt = 0
	if diff := Diff(a, b.with("#chan", nil, &c), DiffOptions{Slack: 500}); len(diff) != 1 {
		t.Errorf("a topic without a time passes: %q", diff)
	}
	c.TopicAt = a.Channels["#chan"].TopicAt
	c.Lists = []s2s.ListEntry{{Letter: "b", Mask: "x!*@*", SetBy: "z"}, {Letter: "e", Mask: "x!*@*"}}
	if diff := Diff(a, b.with("#chan", nil, &c), DiffOptions{NoListSetters: func(ChannelView) bool { return true }}); len(diff) > 0 {
		t.Errorf("%q", diff)
	}
	if diff := Diff(a, b.with("#chan", nil, &c), DiffOptions{NoListSetters: func(c ChannelView) bool { return c.Name != "#Chan" }}); len(diff) == 0 {
		t.Error("setters of another channel are left out")
	}
	c.Lists = c.Lists[1:]
	if diff := Diff(a, b.with("#chan", nil, &c), DiffOptions{NoListSetters: func(ChannelView) bool { return true }}); len(diff) == 0 {
		t.Error("an entry that is missing passes")
	}
}
