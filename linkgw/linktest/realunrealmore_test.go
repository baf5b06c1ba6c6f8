//go:build realpeers

package linktest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"robustirc/linkgw/network"
	"robustirc/s2s"
)

// TestRealUnrealLogins holds that accounts and certificates that users bring from before they were registered are known.
func TestRealUnrealLogins(t *testing.T) {
	n := startUnreal(t, true)
	services := n.Follow(t, FollowOptions{Name: ServicesName, SID: "00S", OnEvent: letIn,
		Burst: []s2s.Event{says("00S", s2s.Metadata{Kind: "client", Target: "00S", Key: "saslmechlist", Value: "PLAIN,EXTERNAL"})}})
	Settle(services, n.oper)
	mona := n.Dial(t, n.Hub, ClientOptions{Nick: "mona", Ident: "mona", Realname: "Mona", SASL: true})
	nina := n.Dial(t, n.Leaf, ClientOptions{Nick: "nina", Ident: "nina", Realname: "Nina", SASL: true, TLS: true, Certificate: true})
	otto := n.Dial(t, n.Hub, ClientOptions{Nick: "otto", Ident: "otto", Realname: "Otto", TLS: true, Certificate: true})
	Settle(services, n.oper, mona, nina, otto)
	all := []*Client{n.alice, n.bob, mona, nina, otto}
	n.agree("logins", all...)
	n.f.Do(func(m *network.Network) {
		if a, b, c := m.Nick("mona"), m.Nick("nina"), m.Nick("otto"); a.Account != "sasl.account" || b.Account != "sasl.account" || b.Certificate() == "" || c.Certificate() != b.Certificate() {
			t.Errorf("%+v\n%+v\n%+v", a, b, c)
		}
	})
	late := n.Follow(t, FollowOptions{Name: "second.example.net", SID: "00H"})
	n.f = late
	n.agree("a burst with logins", all...)
}

// letIn is the services' side of an authentication: everybody may log in (sasl.c).
func letIn(e s2s.Event) []s2s.Event {
	b, ok := e.Body.(s2s.SASL)
	if !ok || b.Step != "S" {
		return nil
	}
	account := "sasl.account"
	return []s2s.Event{
		says("00S", s2s.UserChanged{User: b.From, Account: &account}),
		says("00S", s2s.SASL{From: b.From, To: s2s.Ref(s2s.UID(b.From).Server()), Step: "D", Params: []string{"S"}}),
	}
}

// TestRealUnrealMessages holds that what is said to a channel with a member of ours, by status, and to our user comes, and
// that what our user says is heard.
func TestRealUnrealMessages(t *testing.T) {
	n := startUnreal(t, false)
	now := time.Now().Unix()
	own := n.Follow(t, FollowOptions{Name: "second.example.net", SID: "00H", Burst: ours(now)})
	n.script(does(n.alice, "JOIN #talk", "MODE #talk -n"), does(n.bob, "JOIN #talk"))
	own.Say(says("00H", s2s.ChannelBurst{Channel: "#talk", TS: channelTS(own, "#talk"), Members: []s2s.Member{{User: "00HAAAAAA"}}}))
	Settle(own, n.oper)
	own.Heard()
	before := own.Events()["message"]
	n.alice.Must("MODE #talk +v gina", "PRIVMSG #talk :to all", "PRIVMSG +#talk :to voices", "NOTICE @#talk :to operators")
	n.bob.Must("PRIVMSG #talk :from the leaf", "PRIVMSG gina :for you")
	Settle(own, n.alice, n.bob)
	want := []string{"alice PRIVMSG #talk to all", "alice PRIVMSG +#talk to voices", "alice NOTICE @#talk to operators", "bob PRIVMSG #talk from the leaf"}
	var got []string
	for _, m := range own.Heard() {
		got = append(got, m.By+" "+string(m.Kind)+" "+m.Status+m.Channel+" "+m.Text)
	}
	if !slices.Equal(got, want) { // the servers broadcast also what is for operators, of whom gina is none
		t.Errorf("heard %q", got)
	}
	if came := own.Events()["message"] - before; came != 5 {
		t.Errorf("%d messages came, not 5", came)
	}
	own.Say(
		says("00HAAAAAA", s2s.Message{Kind: s2s.Privmsg, TargetKind: s2s.TargetChannel, Target: "#talk", Text: "hello: all"}),
		says("00HAAAAAA", s2s.Message{Kind: s2s.Notice, TargetKind: s2s.TargetStatus, Status: "@", Target: "#talk", Text: "operators"}),
		says("00HAAAAAA", s2s.Message{Kind: s2s.Privmsg, TargetKind: s2s.TargetUser, Target: string(own.uid("bob")), Text: "just you"}),
	)
	n.alice.Await("PRIVMSG", "#talk :hello: all")
	n.alice.Await("NOTICE", "@#talk")
	n.bob.Await("PRIVMSG", "just you")
	n.agree("messages", n.alice, n.bob)
}

// channelTS is a channel's timestamp in a follower's model.
func channelTS(f *Follower, name string) (ts int64) {
	f.t.Helper()
	f.Await(name+" is there", func(n *network.Network) bool {
		c := n.Channel(name)
		if c != nil {
			ts = c.TS
		}
		return c != nil
	})
	return ts
}

// TestRealUnrealRefusals holds that we understand why a real UnrealIRCd refuses a link, or puts it out.
func TestRealUnrealRefusals(t *testing.T) {
	n := Start(t, Unreal, Options{})
	first := n.Follow(t, FollowOptions{Name: "gateway.example.net", SID: "00G"})
	for _, c := range []struct {
		name  string
		o     FollowOptions
		cause s2s.Cause
	}{
		{"password", FollowOptions{Name: "second.example.net", SID: "00H", Password: "no"}, s2s.CausePassword},
		{"no block", FollowOptions{Name: "other.example.net", SID: "00H"}, s2s.CauseUnknown},
		{"the hub's SID", FollowOptions{Name: "second.example.net", SID: "00A"}, s2s.CauseSIDInUse},
		{"another leaf's SID", FollowOptions{Name: "second.example.net", SID: "00G"}, s2s.CauseSIDInUse},
	} {
		_, err := n.TryFollow(t, c.o)
		var link *s2s.LinkError
		if !errors.As(err, &link) || link.Cause != c.cause || link.Advice == "" {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	n.Follow(t, FollowOptions{Name: "gateway.example.net", SID: "00G"}) // the newer link of a name takes the place of the older
	err := first.await("it is put out", func() bool { return false })
	var link *s2s.LinkError
	if !errors.As(err, &link) || link.Advice == "" {
		t.Errorf("the older link: %v", err)
	}
	t.Logf("the older link: %v", err)
}
