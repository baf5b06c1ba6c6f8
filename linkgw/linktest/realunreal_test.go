//go:build realpeers

package linktest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// unrealNet is two UnrealIRCd servers with clients, and a leaf that follows them.
type unrealNet struct {
	*Network
	t *testing.T
	f *Follower
	// oper is an operator on the hub, who looks at the network; alice and carol are clients there, bob and dave on the
	// leaf. All are operators but carol and dave.
	oper, alice, bob, carol, dave *Client
}

func startUnreal(t *testing.T, tls bool) *unrealNet {
	t.Helper()
	return startUnrealKind(t, Unreal, tls)
}

func startUnrealKind(t *testing.T, k Kind, tls bool) *unrealNet {
	t.Helper()
	n := &unrealNet{Network: Start(t, k, Options{Two: true, TLS: tls}), t: t}
	client := func(s *Server, nick string, secure bool) *Client {
		return n.Dial(t, s, ClientOptions{Nick: nick, Ident: nick, Realname: "Real: " + nick, TLS: secure})
	}
	n.oper, n.alice, n.carol = client(n.Hub, "god", false), client(n.Hub, "alice", true), client(n.Hub, "carol", false)
	n.f = n.Follow(t, FollowOptions{Name: "gateway.example.net", SID: "00G", TLS: tls})
	n.oper.Oper()
	n.Connect(n.f, n.oper)
	n.bob, n.dave = client(n.Leaf, "bob", false), client(n.Leaf, "dave", true)
	n.alice.Oper()
	n.bob.Oper()
	return n
}

// agree compares the model with what the clients see.
func (n *unrealNet) agree(what string, clients ...*Client) {
	n.t.Helper()
	facts := n.Agree(n.t, n.f, DiffOptions{Slack: 2}, append([]*Client{n.oper}, clients...)...)
	if n.t.Failed() {
		n.t.Fatalf("after %s the model is not what clients see", what)
	}
	n.t.Logf("after %s %d facts agree", what, facts)
}

// script has clients do something, one after the other, each when the others have heard of it.
func (n *unrealNet) script(lines ...step) {
	n.t.Helper()
	for _, l := range lines {
		l.who.Must(l.lines...)
		Settle(n.f, n.oper, n.alice, n.bob)
	}
}

type step struct {
	who   *Client
	lines []string
}

func does(who *Client, lines ...string) step { return step{who, lines} }

// TestRealUnreal follows two UnrealIRCd servers over a split.
func TestRealUnreal(t *testing.T) { followUnreal(t, Unreal) }

// TestRealUnreal5 is the same with version 5.2.
func TestRealUnreal5(t *testing.T) { followUnreal(t, Unreal5) }

func followUnreal(t *testing.T, k Kind) {
	for _, tls := range []bool{false, true} {
		t.Run(map[bool]string{false: "plaintext", true: "TLS"}[tls], func(t *testing.T) {
			n := startUnrealKind(t, k, tls)
			all := []*Client{n.alice, n.bob, n.carol, n.dave}
			n.agree("linking", all...)
			n.modes()
			n.agree("changes of modes", all...)
			n.properties()
			n.agree("changes of users", all...)
			n.hosts()
			n.agree("changes of hosts", all...)
			n.texts()
			n.goings()
			n.agree("kicks and parts", all...)
			n.split(all)
		})
	}
}

// profile is a line with +F, which version 5 has not.
func (n *unrealNet) profile(line string) string {
	if n.Kind == Unreal5 {
		return "PING none"
	}
	return line
}

// masks sets lists; version 5 shows its clients extended bans by letters, and so only plain ones are compared.
func (n *unrealNet) masks() []string {
	if n.Kind == Unreal5 {
		return []string{"MODE #one +bb *!*@bad.example troll!*@*", "MODE #one +eI *!*@good.example *!*@friend.example"}
	}
	return []string{"MODE #one +bbb *!*@bad.example ~account:troll ~q:*!*@quiet.example", "MODE #one +eI *!*@good.example ~a:friend",
		"MODE #one +b ~time:600:~quiet:timed!*@*", "MODE #one +b ~t:60:~n:x!*@*", "MODE #one +bbb ~text:censor:*badword* ~forward:#two:*!*@fwd.example ~channel:@#two",
		"MODE #one +b ~operclass:netadmin", "MODE #one +bbb ~r:*spam* ~certfp:0011223344556677889900112233445566778899001122334455667788990011 ~m:censor:*!*@x.example"}
}

// modes sets statuses, lists with extended bans in both spellings, and modes with parameters.
func (n *unrealNet) modes() {
	n.script(does(n.alice, "JOIN #one,#two"), does(n.bob, "JOIN #one"), does(n.carol, "JOIN #one"), does(n.dave, "JOIN #one"),
		does(n.alice, "SAMODE #one +qaohv alice bob carol dave dave", "MODE #one +a alice", "MODE #one +o bob"),
		does(n.alice, n.masks()...),
		does(n.alice, "MODE #one +fHlL [5j#R5,10m#M2]:15 10:1h 50 #two", n.profile("MODE #one +F relaxed"), "MODE #one +CGKMNQRSTVcps", "MODE #one -RMVN"),
		does(n.alice, "MODE #two +ksi sesame", "MODE #two +l 7", "TOPIC #one :Welcome: to \"one\" ünï", "TOPIC #two :second"),
		does(n.bob, "MODE #one -b *!*@bad.example", "MODE #one +b bob2", "MODE #one +bbb a!*@* b!*@* c!*@*", "MODE #one -ov+h bob dave dave"),
		does(n.alice, "MODE #one +p", "MODE #one +m", "JOIN #perm", "MODE #perm +P", "PART #perm :bye"))
}

// properties changes what users are.
func (n *unrealNet) properties() {
	n.script(does(n.carol, "AWAY :gone: fishing", "MODE carol -x+B", "NICK carol2", "SETNAME :New name"),
		does(n.alice, "CHGHOST dave dave.vhost.example", "CHGIDENT dave newid", "CHGNAME dave :renamed by oper", "SETHOST alice.set.example", "SETIDENT alid"),
		does(n.bob, "MODE bob +iRTD", "AWAY :x", "AWAY", "VHOST "+VHostLogin+" "+VHostPassword),
		does(n.dave, "NICK DAVE", "NICK dave"),
		does(n.alice, "SAJOIN bob #sa", "SAJOIN carol2 #sa", "SAPART bob #sa :out", "SAMODE #sa +mo carol2", "SAMODE #sa +k x"))
}

// hosts turns cloaks and virtual hosts on and off.
func (n *unrealNet) hosts() {
	n.script(does(n.carol, "MODE carol2 +x", "MODE carol2 -x", "MODE carol2 +x"), does(n.dave, "MODE dave -t"),
		does(n.bob, "MODE bob -x"), does(n.alice, "MODE alice -t", "MODE alice +q"), does(n.bob, "MODE bob -o"))
	n.bob.Oper()
}

// texts has both sides talk, and holds that the leaf, which has no member, hears all of it, since the servers' setting is
// to broadcast.
func (n *unrealNet) texts() {
	n.t.Helper()
	n.script(does(n.alice, "MODE #one -mcGCST"))
	n.f.Heard()
	var said []string
	for i, c := range []*Client{n.alice, n.bob, n.alice, n.bob} {
		for _, kind := range []string{"PRIVMSG", "NOTICE"} {
			text := fmt.Sprintf("text %d: of %s", i, c.Nick)
			c.Must(kind + " #one :" + text)
			said = append(said, fmt.Sprintf("%s %s #one %s", c.Nick, kind, text))
			Settle(n.f, n.alice, n.bob)
		}
	}
	var heard []string
	bare := 0
	for _, m := range n.f.Heard() {
		heard = append(heard, fmt.Sprintf("%s %s %s %s", m.By, m.Kind, m.Channel, m.Text))
		if !strings.Contains(m.Tags, "msgid=") || !strings.Contains(m.Tags, "time=") {
			bare++
		}
	}
	n.t.Logf("%d messages were heard without a member, %d of them without msgid and time (send.c:linecache_usertype)", len(heard), bare)
	if !slices.Equal(said, heard) {
		n.t.Errorf("said was %q, heard %q", said, heard)
	}
}

// goings ends memberships, modes and a user.
func (n *unrealNet) goings() {
	n.script(does(n.alice, "INVITE dave #two", "KICK #one carol2 :out: now", "MODE #one -l+l 5", "MODE #one -f x", "MODE #one -H", "MODE #one +H 5:2h", "MODE #one -L #two"),
		does(n.carol, "KNOCK #two :please", "JOIN #three", "JOIN 0"), does(n.dave, "PART #one"))
	victim := n.Dial(n.t, n.Leaf, ClientOptions{Nick: "victim", Ident: "v", Realname: "v"})
	victim.Must("JOIN #one")
	Settle(n.f, n.alice, victim)
	n.alice.Must("KILL victim :because")
	victim.Ended()
	other := n.Dial(n.t, n.Leaf, ClientOptions{Nick: "victim", Ident: "v", Realname: "v"})
	other.Must("JOIN #one")
	other.Send("QUIT :done")
	other.Ended()
}

// split parts the servers, has both sides change the same things, and links them again.
func (n *unrealNet) split(all []*Client) {
	n.t.Helper()
	for _, c := range all {
		c.Must("JOIN #a,#b,#c,#d,#e,#f")
		Settle(n.f, all...)
	}
	n.script(does(n.alice, "SAMODE #a +o bob", "MODE #b +b a!*@*", "TOPIC #a :before", "MODE #c +k abc", "MODE #f +o bob"))
	n.agree("joining again", all...)
	n.Split(n.f, n.oper)
	n.agree("the split", n.alice, n.carol)
	n.alice.Must("MODE #a +lk 5 hubkey", "MODE #a +b hub!*@*", "TOPIC #a :hub side", "MODE #b +e x!*@*", "MODE #b +fH [5j#R5]:15 10:1h", "MODE #c +k zzz",
		"JOIN #new", "MODE #new +L #a", "MODE #a +i", "MODE #d +s", n.profile("MODE #f +F normal"))
	n.bob.Must("SAMODE #a +o bob", "MODE #a +lk 9 leafkey", "MODE #a +b leaf!*@*", "TOPIC #a :leaf side", "SAMODE #b +I y!*@*", "SAMODE #b +fH [3j#i9,7t#b]:20 5:2h", "SAMODE #c +k aaa",
		"JOIN #new", "SAMODE #new +sm", "SAMODE #new +b n!*@*", "TOPIC #new :newer", "SAMODE #d +p", n.profile("SAMODE #f +F relaxed"), "SAMODE #f +v dave")
	n.carol.Must("PART #e", "NICK both")
	n.dave.Must("PART #e", "NICK both")
	n.bob.Must("PART #f", "JOIN #f")
	n.Connect(n.f, n.oper)
	Settle(n.f, n.oper, n.alice, n.bob)
	n.agree("the rejoin", n.alice, n.bob)
}
