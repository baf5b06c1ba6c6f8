package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"robustirc/core/ircserver"
	"robustirc/core/outputstream"
	"robustirc/core/robustsession"
)

// gatewayNetwork is a network with two gateways, whose passwords are their names, and no throttling.
func gatewayNetwork(t *testing.T, servers int, change func(*ircserver.Config)) *network {
	return newNetwork(t, servers, func(c *ircserver.Config) {
		c.PostMessageCooloff = 0
		c.Gateways = []ircserver.Gateway{{Name: "canary"}, {Name: "other"}}
		if change != nil {
			change(c)
		}
	})
}

// testGateway is a gateway's client that numbers its lines.
type testGateway struct {
	*robustsession.Gateway
	t    testing.TB
	ctx  context.Context
	last uint64
	rest []robustsession.Output // received, and not asked for
}

func openGateway(ctx context.Context, t testing.TB, m *robustsession.Mux, style robustsession.Style, resume *robustsession.GatewayState) *testGateway {
	t.Helper()
	g, err := m.OpenGateway(ctx, robustsession.GatewayConfig{Name: "canary", Password: "canary", Style: style, Resume: resume})
	if err != nil {
		t.Fatal(err)
	}
	return &testGateway{Gateway: g, t: t, ctx: ctx, last: robustsession.FirstGatewayLine}
}

// post posts lines and returns the id of the first.
func (g *testGateway) post(lines ...string) uint64 {
	g.t.Helper()
	ids := make([]uint64, len(lines))
	for i := range ids {
		g.last++
		ids[i] = g.last
	}
	if err := g.Post(g.ctx, ids, lines); err != nil {
		g.t.Fatal(err)
	}
	return g.last - uint64(len(lines)) + 1
}

// next returns the next output.
func (g *testGateway) next() robustsession.Output {
	g.t.Helper()
	for len(g.rest) == 0 {
		var err error
		if g.rest, err = g.Receive(g.ctx); err != nil {
			g.t.Fatal(err)
		}
	}
	o := g.rest[0]
	g.rest = g.rest[1:]
	return o
}

// until returns the next output that contains text, and all before it.
func (g *testGateway) until(text string) (o robustsession.Output, before []robustsession.Output) {
	g.t.Helper()
	for {
		o = g.next()
		before = append(before, o)
		if strings.Contains(o.Line, text) {
			return o, before
		}
	}
}

// uid names users 1A, 1B … 1Z, 1BA …
func uid(i int) string {
	letters := ""
	for first := true; first || i > 0; first, i = false, i/26 {
		letters = string(rune('A'+i%26)) + letters
	}
	return "1" + letters
}

// users makes users 1A, 1B … on #x and returns their sessions, in the order of their names.
func (g *testGateway) users(n int) []uint64 {
	g.t.Helper()
	var lines []string
	for i := range n {
		lines = append(lines, fmt.Sprintf("USER %s user%d u user.example 192.0.2.7 1700000000 * * +i :User", uid(i), i))
	}
	for i := range n {
		lines = append(lines, "MEMBERS #x 1 ,"+uid(i))
	}
	g.post(lines...)
	ids := make([]uint64, n)
	for i := range ids {
		o, _ := g.until(" USER " + uid(i) + " ")
		if _, err := fmt.Sscanf(o.Line[strings.LastIndexByte(o.Line, ' '):], " 0x%x", &ids[i]); err != nil {
			g.t.Fatal(o.Line, err)
		}
	}
	return ids
}

// TestGatewayFirehose: one stream has the lines of all users, once and in order, whatever happens to connections, with
// their recipients and what caused them.
func TestGatewayFirehose(t *testing.T) {
	n := gatewayNetwork(t, 2, nil)
	m, cut := n.mux(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	g := openGateway(ctx, t, m, robustsession.Firehose, nil)
	if o := g.next(); !strings.Contains(o.Line, " GATEWAY canary ") || !slices.Equal(o.To, []uint64{g.Session()}) {
		t.Errorf("the first output is %+v", o)
	}
	ids := g.users(3)
	alice := join(ctx, t, m, "alice")
	if o, _ := g.until(":alice!"); !strings.Contains(o.Line, "JOIN #x") || !slices.Equal(slices.Collect(o.Recipients()), ids) || o.Cause != 0 {
		t.Errorf("alice's JOIN: %+v, want it for %v", o, ids)
	}
	posted := make(chan error, 1)
	const posts = 100
	go func() {
		for i := range posts {
			lines := []string{fmt.Sprintf(":1A PRIVMSG #x :%d.a", i), fmt.Sprintf(":1B PRIVMSG #x :%d.b", i)}
			first := 1000 + 10*uint64(i)
			if err := g.Post(ctx, []uint64{first, first + 3}, lines); err != nil {
				posted <- err
				return
			}
			if err := alice.Post(ctx, fmt.Sprintf("PRIVMSG #x :%d.alice", i)); err != nil {
				posted <- err
				return
			}
		}
		posted <- nil
	}()
	want := map[string][]uint64{"a": {ids[1], ids[2]}, "b": {ids[0], ids[2]}, "alice": ids}
	count := map[string]int{}
	var seen []robustsession.ID
	for count["a"]+count["b"]+count["alice"] < 3*posts {
		o := g.next()
		seen = append(seen, o.ID)
		_, text, ok := strings.Cut(o.Line, "PRIVMSG #x :")
		if !ok {
			continue
		}
		number, who, _ := strings.Cut(text, ".")
		cause := map[string]uint64{"a": 1000 + 10*uint64(count[who]), "b": 1003 + 10*uint64(count[who])}[who]
		if number != fmt.Sprint(count[who]) || o.Cause != cause || !slices.Equal(slices.Collect(o.Recipients()), want[who]) {
			t.Fatalf("got %+v, want number %d of %s, cause %d, for %v", o, count[who], who, cause, want[who])
		}
		if count[who]++; len(seen)%20 == 0 {
			cut.cut()
		}
	}
	if err := <-posted; err != nil {
		t.Fatal(err)
	}
	if n := cut.cut(); n < 5 {
		t.Fatalf("there were only %d connections: nothing was tested", n)
	}
	checkSeen(t, n.node.Out, g.Session(), seen)
}

// checkSeen holds ids that were received in a row against what a node retains for the session.
func checkSeen(t *testing.T, s *outputstream.Stream, link uint64, seen []robustsession.ID) {
	t.Helper()
	r, err := s.Open(ircserver.SessionID(link), ircserver.OutputID{Input: ircserver.InputID(seen[0].ID), Reply: uint32(seen[0].Reply) - 1})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var all []robustsession.ID
	for {
		items, err := r.Take(nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(items) == 0 {
			break
		}
		for _, it := range items {
			all = append(all, robustsession.ID{ID: uint64(it.ID.Input), Reply: uint64(it.ID.Reply)})
		}
	}
	if len(all) < len(seen) || !slices.Equal(all[:len(seen)], seen) {
		t.Fatalf("received %v, retained are %v", seen, all)
	}
}

// TestGatewaySessions: in style sessions every user has a stream of its own, and the link has only what is for it.
func TestGatewaySessions(t *testing.T) {
	n := gatewayNetwork(t, 1, nil)
	m, cut := n.mux(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	g := openGateway(ctx, t, m, robustsession.Sessions, nil)
	ids := g.users(2)
	u, err := g.Attach(ctx, ids[1], robustsession.ID{})
	if err != nil {
		t.Fatal(err)
	}
	user := &testGateway{Gateway: nil, t: t, ctx: ctx}
	receive := func(text string) robustsession.Output {
		t.Helper()
		for {
			for len(user.rest) == 0 {
				if user.rest, err = u.Receive(ctx); err != nil {
					t.Fatal(err)
				}
			}
			o := user.rest[0]
			user.rest = user.rest[1:]
			if strings.Contains(o.Line, text) {
				return o
			}
		}
	}
	receive("user1!u@user.example JOIN #x")
	for i := range 20 {
		id := g.post(fmt.Sprintf(":1A PRIVMSG #x :number %d", i))
		if o := receive(fmt.Sprintf("number %d", i)); o.Cause != id || !slices.Equal(o.To, []uint64{ids[1]}) {
			t.Errorf("got %+v, want the cause %d", o, id)
		}
		if i%5 == 0 {
			cut.cut()
		}
	}
	g.post(":1B QUIT :bye", "PING :over")
	if o := receive("ERROR"); !o.Final {
		t.Errorf("the last line is %+v", o)
	}
	if _, err := u.Receive(ctx); err != io.EOF {
		t.Errorf("after the last line: %v", err)
	}
	if _, before := g.until(" PONG "); slices.ContainsFunc(before, func(o robustsession.Output) bool { return !slices.Equal(o.To, []uint64{g.Session()}) }) {
		t.Errorf("the link has lines of its users: %+v", before)
	}
	var refused *robustsession.Error
	if _, err := g.Attach(ctx, ids[1], robustsession.ID{}); !errors.As(err, &refused) || refused.Status != robustsession.StatusNoSession {
		t.Errorf("attaching a user who is gone: %v", err)
	}
}

// TestGatewayResumes: another process goes on with the link; when the link has ended, it gets a new one.
func TestGatewayResumes(t *testing.T) {
	n := gatewayNetwork(t, 1, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	m1, _ := n.mux(t)
	g := openGateway(ctx, t, m1, robustsession.Firehose, nil)
	g.users(2)
	g.post("PING :one", "PING :two")
	one, _ := g.until("one")
	state := g.State()
	state.LastSeen = one.ID
	m1.Close()
	m2, _ := n.mux(t)
	again := openGateway(ctx, t, m2, robustsession.Firehose, &state)
	if !again.Resumed() || again.Session() != g.Session() {
		t.Fatalf("resumed: %v, session %#x instead of %#x", again.Resumed(), again.Session(), g.Session())
	}
	if o := again.next(); !strings.HasSuffix(o.Line, "two") {
		t.Errorf("it goes on with %+v", o)
	}
	again.last = g.last
	if err := again.Post(ctx, []uint64{g.last}, []string{"PING :two"}); err != nil { // a repetition
		t.Fatal(err)
	}
	if err := again.KeepAlive(ctx); err != nil {
		t.Fatal(err)
	}
	if o := again.next(); !strings.Contains(o.Line, "keep-alive") || o.Cause != 0 {
		t.Errorf("after a repetition and a sign of life: %+v", o)
	}
	if err := again.Quit(ctx, "over"); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := again.Receive(ctx); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	state = again.State()
	third := openGateway(ctx, t, m2, robustsession.Firehose, &state)
	if third.Resumed() || third.Session() == g.Session() {
		t.Error("a link that has ended was resumed")
	}
	if _, before := third.until(" READY "); slices.ContainsFunc(before, func(o robustsession.Output) bool { return strings.Contains(o.Line, " USER ") }) {
		t.Errorf("users outlive their link: %+v", before)
	}
}

// TestGatewayTakeover: a second process without the first one's state gets the users; the first is told.
func TestGatewayTakeover(t *testing.T) {
	n := gatewayNetwork(t, 1, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	m1, _ := n.mux(t)
	m2, _ := n.mux(t)
	first := openGateway(ctx, t, m1, robustsession.Firehose, nil)
	ids := first.users(2)
	second := openGateway(ctx, t, m2, robustsession.Sessions, nil)
	second.until(" READY ")
	if o, _ := first.until("ERROR"); !o.Final {
		t.Errorf("the first link ends with %+v", o)
	}
	if _, err := first.Receive(ctx); err != io.EOF {
		t.Errorf("the first link: %v", err)
	}
	if err := first.Post(ctx, []uint64{1 << 40}, []string{":1A PRIVMSG #x :late"}); err == nil {
		t.Error("the first link may still post")
	}
	u, err := second.Attach(ctx, ids[0], robustsession.ID{})
	if err != nil {
		t.Fatal(err)
	}
	second.last = 1 << 30
	second.post(":1B PRIVMSG #x :hello")
	if outs, err := u.Receive(ctx); err != nil || !strings.Contains(outs[0].Line, "hello") {
		t.Errorf("a user's stream in the new style: %+v, %v", outs, err)
	}
	third := openGateway(ctx, t, m1, robustsession.Firehose, nil)
	for err == nil {
		_, err = u.Receive(ctx)
	}
	if err != io.EOF {
		t.Errorf("a user's stream when its lines go to the link's: %v", err)
	}
	third.last = 1 << 40
	third.post(":1B PRIVMSG #x :again")
	if o, _ := third.until("again"); !slices.Equal(slices.Collect(o.Recipients()), ids[:1]) {
		t.Errorf("in the third link: %+v", o)
	}
}

// TestGatewayThatDoesNotRead: it holds nobody up; when it reads on, it is told what it has lost and goes on behind that.
func TestGatewayThatDoesNotRead(t *testing.T) {
	n := gatewayNetwork(t, 1, func(c *ircserver.Config) { c.OutputBytes = 1 << 20 })
	m, _ := n.mux(t)
	other, _ := n.mux(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	g := openGateway(ctx, t, m, robustsession.Firehose, nil)
	g.users(2)
	alice := join(ctx, t, other, "alice")
	lines := slices.Repeat([]string{":1A PRIVMSG #x :" + strings.Repeat("x", 400)}, 500)
	for range 20 {
		g.post(lines...)
	}
	if err := alice.Post(ctx, "PRIVMSG #x :the end"); err != nil {
		t.Fatal(err)
	}
	var last robustsession.ID
	gaps, got := 0, 0
	for done := false; !done; {
		outs, err := g.Receive(ctx)
		var gap *robustsession.GapError
		if errors.As(err, &gap) {
			gaps++
			if got > 0 && gap.After != last {
				t.Errorf("a gap after %v; the last output was %v", gap.After, last)
			}
			last = gap.Until
		} else if err != nil {
			t.Fatal(err)
		}
		for _, o := range outs {
			if o.ID.ID < last.ID || o.ID.ID == last.ID && o.ID.Reply <= last.Reply {
				t.Fatalf("output %v after %v", o.ID, last)
			}
			last = o.ID
			got++
			done = done || strings.HasSuffix(o.Line, "the end")
		}
	}
	if gaps == 0 || got < 1000 || got > 9000 {
		t.Errorf("%d gaps, %d outputs", gaps, got)
	}
}

// TestMuxFollowRefusals: what only gateways may do is refused to others, and to gateways what is not theirs.
func TestMuxFollowRefusals(t *testing.T) {
	n := gatewayNetwork(t, 1, nil)
	mux, _ := n.mux(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	g := openGateway(ctx, t, mux, robustsession.Sessions, nil)
	ids := g.users(1)
	link := g.State()
	m := n.rawMux(t)
	m.send(hello(""), &robustsession.Create{Req: 1})
	s := next[*robustsession.Created](m)
	for _, c := range []struct {
		what string
		f    robustsession.Follow
		want robustsession.Status
	}{
		{"a session that is no gateway's", robustsession.Follow{Session: s.Session, Auth: s.Auth}, robustsession.StatusForbidden},
		{"a wrong secret", robustsession.Follow{Session: link.Session, Auth: s.Auth}, robustsession.StatusNoSession},
		{"somebody else's user", robustsession.Follow{Session: ids[0], Auth: s.Auth}, robustsession.StatusNoSession},
		{"a user without secret", robustsession.Follow{Session: ids[0]}, robustsession.StatusNoSession},
		{"no session at all", robustsession.Follow{Session: 1 << 60, Auth: link.Auth}, robustsession.StatusNoSession},
	} {
		m.send(&c.f)
		if f := next[*robustsession.End](m); f.Session != c.f.Session || f.Status != c.want {
			t.Errorf("%s: %+v, want %d", c.what, f, c.want)
		}
	}
	post := &robustsession.Post{Session: ids[0], Seq: 1, Lines: []robustsession.PostLine{{ID: 1, Text: "QUIT"}}}
	m.send(&robustsession.Follow{Session: ids[0], Auth: link.Auth}, post)
	if f := next[*robustsession.Following](m); f.Session != ids[0] || f.Lost {
		t.Errorf("the gateway's user: %+v", f)
	}
	if f := next[*robustsession.Posted](m); f.Status != robustsession.StatusForbidden {
		t.Errorf("a post for a user: %+v", f)
	}
	m.send(&robustsession.Attach{Session: ids[0], Auth: link.Auth}, post)
	if f := next[*robustsession.Posted](m); f.Status != robustsession.StatusForbidden {
		t.Errorf("a post for a user that is attached: %+v", f)
	}
	m.send(&robustsession.Delete{Session: ids[0], Auth: link.Auth})
	if f := next[*robustsession.Deleted](m); f.Status != robustsession.StatusNoSession {
		t.Errorf("the deletion of a user: %+v", f)
	}
	n.expect(n.client(true), http.StatusNotFound, "POST", fmt.Sprintf("/robustirc/v1/%#x/message", ids[0]), `{"Data":"QUIT","ClientMessageId":7}`, "X-Session-Auth", link.Auth)
	many := &robustsession.Post{Session: s.Session, Lines: make([]robustsession.PostLine, robustsession.MaxPostLines+1)}
	m.send(&robustsession.Follow{Session: s.Session, Auth: s.Auth}, many)
	if f := next[*robustsession.End](m); f.Status != robustsession.StatusForbidden {
		t.Errorf("following anyway: %+v", f)
	}
	if f := next[*robustsession.Posted](m); f.Status == robustsession.StatusOK {
		t.Errorf("a long post of a session that is no gateway's: %+v", f)
	}
}

// TestGatewayIsRefused: without the password of a gateway that the configuration names there is none.
func TestGatewayIsRefused(t *testing.T) {
	n := gatewayNetwork(t, 1, nil)
	m, _ := n.mux(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, cfg := range []robustsession.GatewayConfig{
		{Name: "canary", Password: "other", Style: robustsession.Firehose},
		{Name: "nobody", Password: "nobody", Style: robustsession.Firehose},
		{Name: "canary", Password: "canary", Style: "drip"},
	} {
		var refused *robustsession.Error
		if _, err := m.OpenGateway(ctx, cfg); !errors.As(err, &refused) || refused.Status != robustsession.StatusForbidden {
			t.Errorf("%v: %v", cfg, err)
		}
	}
	if left := n.node.Sessions(); len(left) > 0 {
		t.Errorf("%d sessions are left", len(left))
	}
}
