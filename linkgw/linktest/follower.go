package linktest

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"robustirc/core/irc"
	"robustirc/linkgw/network"
	"robustirc/s2s"
)

// Follower is a leaf that links to a server and follows the network, as the gateway does: codec, handshake and model
// are those. One goroutine owns them; the others ask it.
type Follower struct {
	Name string
	SID  s2s.SID

	begun time.Time
	t     testing.TB
	kind  Kind
	conn  net.Conn
	lines chan string
	asked chan func()
	done  chan struct{}
	work  sync.WaitGroup

	// The rest is the owner's.
	link    s2s.Link
	model   *network.Network
	waiting []*waiter
	owed    map[string]int // PONGs that servers, by name, have yet to send
	burst   bool           // the peer has ended its burst
	say     []s2s.Event    // our own burst
	answer  func(s2s.Event) []s2s.Event
	recent  []string
	odd     []string
	events  map[string]int
	said    []Said
	err     error
}

// waiter is something that somebody waits for.
type waiter struct {
	holds func() bool
	done  chan struct{}
}

// FollowOptions say how a leaf is to be.
type FollowOptions struct {
	// Name is one of LeafNames, SID its own.
	Name string
	SID  s2s.SID
	TLS  bool
	// Password is what the leaf sends; "" is LinkPassword.
	Password string
	// Burst is what the leaf brings along.
	Burst []s2s.Event
	// OnEvent is given what comes and returns what the leaf says to it. It is called by the follower's goroutine.
	OnEvent func(s2s.Event) []s2s.Event
}

// Follow links a leaf to a server and waits until both bursts are over. It unlinks with the test, or with Close.
func (n *Network) Follow(t testing.TB, o FollowOptions) *Follower {
	t.Helper()
	f, err := n.TryFollow(t, o)
	if err != nil {
		t.Fatalf("%s links to %s: %v", o.Name, n.Hub.Name, err)
	}
	return f
}

// TryFollow is Follow that returns why the server refuses, a *s2s.LinkError where it said so.
func (n *Network) TryFollow(t testing.TB, o FollowOptions) (*Follower, error) {
	t.Helper()
	conn, err := n.connect(n.Hub, "", o.TLS)
	if err != nil {
		return nil, err
	}
	if o.Password == "" {
		o.Password = LinkPassword
	}
	f := &Follower{
		Name: o.Name, SID: o.SID, begun: time.Now(), t: t, kind: n.Kind, conn: conn, say: o.Burst, answer: o.OnEvent,
		lines: make(chan string), asked: make(chan func()), done: make(chan struct{}), owed: map[string]int{}, events: map[string]int{},
		link: n.Kind.software().link(s2s.Identity{Server: o.Name, SID: o.SID, Description: "A leaf", SendPassword: o.Password, AcceptPassword: AcceptPassword, PeerName: n.Hub.Name}),
	}
	f.work.Go(f.read)
	f.work.Go(f.own)
	t.Cleanup(f.Close)
	if err := f.await("both bursts are over", func() bool { return f.burst && f.model.Peer() != nil && f.owed[n.Hub.Name] == 0 }); err != nil {
		return nil, err
	}
	return f, nil
}

// read hands the owner one line after the other.
func (f *Follower) read() {
	defer close(f.lines)
	lines := bufio.NewReader(f.conn)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		select {
		case f.lines <- strings.TrimRight(line, "\r\n"):
		case <-f.done:
			return
		}
	}
}

// own is the goroutine of all that is the follower's, until the link is over. What is asked is answered even then.
func (f *Follower) own() {
	f.send(f.link.Start(time.Now())...)
	lines := f.lines
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				lines = nil
				f.over(errors.New("the server closed the connection"))
			} else if err := f.line(time.Now(), line); err != nil {
				f.over(err)
			}
			f.wake()
		case ask := <-f.asked:
			ask()
		case <-f.done:
			return
		}
	}
}

func (f *Follower) over(err error) {
	if f.err == nil {
		f.err = err
	}
}

func (f *Follower) wake() {
	f.waiting = slices.DeleteFunc(f.waiting, func(w *waiter) bool {
		if f.err == nil && !w.holds() {
			return false
		}
		close(w.done)
		return true
	})
}

// send writes lines; an error shows when reading.
func (f *Follower) send(lines ...string) {
	if len(lines) == 0 {
		return
	}
	for _, line := range lines {
		f.note("> " + line)
	}
	f.conn.Write([]byte(strings.Join(lines, "\r\n") + "\r\n"))
}

// note keeps the last lines for what a failing test shows.
func (f *Follower) note(line string) {
	const kept = 400
	if f.recent = append(f.recent, fmt.Sprintf("%6.3f %s", time.Since(f.begun).Seconds(), line)); len(f.recent) >= 2*kept {
		f.recent = slices.Clone(f.recent[kept:])
	}
}

func (f *Follower) line(now time.Time, line string) error {
	f.note("< " + line)
	stood := f.link.Established()
	step, err := f.link.Line(now, line)
	f.send(step.Replies...)
	if err != nil {
		return err
	}
	if step.Parse != nil {
		f.odd = append(f.odd, line)
	}
	for _, e := range step.Events {
		if err := f.event(now, line, e); err != nil {
			return err
		}
	}
	if !stood && f.link.Established() {
		f.bring(now)
	}
	f.burst = f.burst || step.BurstEnded
	return nil
}

// event gives the model what came, once it is known what software it is of.
func (f *Follower) event(now time.Time, line string, e s2s.Event) error {
	switch b := e.Body.(type) {
	case s2s.Unknown:
		f.odd = append(f.odd, line)
	case s2s.Pong:
		f.owed[f.nameOf(e.Source, b.Origin)]--
	}
	if f.model == nil {
		if err := f.begin(); err != nil {
			return err
		}
	}
	f.events[e.Body.Name()]++
	for _, c := range f.model.Apply(now.Unix(), e) {
		if m, ok := c.(network.MessageSeen); ok && m.Channel != nil {
			f.said = append(f.said, Said{By: m.By.Name(), Kind: m.Kind, Status: m.Status, Channel: m.Channel.Name, Text: m.Text, Tags: m.Tags})
		}
	}
	if f.answer == nil {
		return nil
	}
	for _, said := range f.answer(e) {
		f.tell(now, said)
	}
	return nil
}

// Said is a message to a channel that a follower heard.
type Said struct {
	By      string // nick or server
	Kind    s2s.MessageKind
	Status  string
	Channel string
	Text    string
	Tags    string
}

// Heard returns the messages to channels since it was last called.
func (f *Follower) Heard() (list []Said) {
	f.ask(func() { list, f.said = f.said, nil })
	return list
}

// nameOf is the server that a PONG is of.
func (f *Follower) nameOf(source s2s.Ref, origin string) string {
	if source == "" {
		source = s2s.Ref(origin)
	}
	if f.model != nil {
		if s := f.model.Server(source); s != nil {
			return s.Name
		}
	}
	return string(source)
}

// begin makes the model. The kind is known, so the dialect's rules are known before the first line.
func (f *Follower) begin() error {
	dialect := f.link.Dialect()
	if dialect == "" {
		dialect = string(f.kind)
	}
	rules, err := network.RulesOf(dialect)
	if err != nil {
		return err
	}
	f.model, err = network.New(rules, network.Us{Server: f.Name, SID: f.SID, Description: "A leaf", Services: []string{ServicesName}})
	return err
}

// bring says our burst.
func (f *Follower) bring(now time.Time) {
	for _, e := range f.say {
		f.tell(now, e)
	}
	end := f.link.EndBurst()
	for _, line := range end {
		if strings.HasPrefix(line, "PING ") {
			f.owed[f.model.Peer().Name]++
		}
	}
	f.send(end...)
	f.ping(f.model.Peer())
}

func (f *Follower) ping(s *network.Server) {
	f.owed[s.Name]++
	f.tell(time.Now(), s2s.Event{Source: s2s.Ref(f.SID), Body: s2s.Ping{Origin: f.Name, Target: s.Name}})
}

// tell says an event to the server and to the model.
func (f *Follower) tell(now time.Time, e s2s.Event) {
	lines, err := f.link.Codec().Encode(e)
	if err != nil {
		f.over(fmt.Errorf("%s cannot be said: %w", e.Body.Name(), err))
		return
	}
	f.send(lines...)
	if _, ok := e.Body.(s2s.Ping); !ok {
		f.model.Say(now.Unix(), e)
	}
}

// ask has the owner do something and waits for it.
func (f *Follower) ask(do func()) bool {
	done := make(chan struct{})
	select {
	case f.asked <- func() { do(); close(done) }:
		<-done
		return true
	case <-f.done:
		return false
	}
}

// Do gives the model to a function, which must not keep it.
func (f *Follower) Do(look func(n *network.Network)) {
	f.t.Helper()
	if !f.ask(func() { look(f.model) }) {
		f.t.Fatalf("%s is closed", f.Name)
	}
}

// Say says events to the network.
func (f *Follower) Say(events ...s2s.Event) {
	f.t.Helper()
	var err error
	f.ask(func() {
		for _, e := range events {
			f.tell(time.Now(), e)
		}
		err = f.err
	})
	if err != nil {
		f.fail("saying "+events[0].Body.Name(), err)
	}
}

// Await waits until the model is as wanted. The test fails when the link ends before.
func (f *Follower) Await(what string, holds func(n *network.Network) bool) {
	f.t.Helper()
	if err := f.await(what, func() bool { return holds(f.model) }); err != nil {
		f.fail(what, err)
	}
}

func (f *Follower) fail(what string, err error) {
	f.t.Helper()
	f.t.Fatalf("%s: it never came that %s: %v\n%s", f.Name, what, err, f.Recent())
}

// nudgeAfter is how long nothing may come of a wait before the server is asked for a PONG: a busy solanum now and then
// has a line in its queue and sends it only with the next one.
const nudgeAfter = 3 * time.Second

func (f *Follower) await(what string, holds func() bool) error {
	w := &waiter{holds: holds, done: make(chan struct{})}
	f.ask(func() {
		f.waiting = append(f.waiting, w)
		f.wake()
	})
	timer := time.NewTimer(Patience)
	defer timer.Stop()
	nudge := time.NewTicker(nudgeAfter)
	defer nudge.Stop()
	for {
		select {
		case <-w.done:
			var err error
			f.ask(func() {
				if !holds() {
					err = f.err
				}
			})
			return err
		case <-nudge.C:
			f.ask(func() {
				if f.err == nil && f.model != nil && f.model.Peer() != nil && f.link.Established() {
					f.ping(f.model.Peer())
				}
			})
		case <-timer.C:
			return fmt.Errorf("%v is over", Patience)
		case <-f.done:
			return errors.New("the follower is closed")
		}
	}
}

// Fence makes all servers that the model knows answer, twice, and waits for the answers. What any of them said before
// it was asked has come by then, and what they made each other do.
func (f *Follower) Fence() {
	f.t.Helper()
	for range 2 {
		var asked []string
		f.ask(func() {
			for s := range f.servers() {
				asked = append(asked, s.Name)
				f.ping(s)
			}
		})
		for _, name := range asked {
			if err := f.await(name+" answers", func() bool { return f.owed[name] <= 0 }); err != nil {
				f.fail(name+" answers", err)
			}
		}
	}
}

// servers are the network's servers that have an id and so answer, but leaves of ours: these are not asked, because
// only one test runs them.
func (f *Follower) servers() func(yield func(*network.Server) bool) {
	return func(yield func(*network.Server) bool) {
		for _, name := range []string{hubName, leafName} {
			if s := f.model.Server(s2s.Ref(name)); s != nil && !yield(s) {
				return
			}
		}
	}
}

// Odd returns the lines that were not understood.
func (f *Follower) Odd() (list []string) {
	f.ask(func() { list = slices.Clone(f.odd) })
	return list
}

// Events returns how many events of each name the server has sent.
func (f *Follower) Events() (counts map[string]int) {
	f.ask(func() {
		counts = map[string]int{}
		for name, n := range f.events {
			counts[name] = n
		}
	})
	return counts
}

// Recent is the last lines both ways.
func (f *Follower) Recent() (text string) {
	f.ask(func() { text = strings.Join(f.recent, "\n") })
	return text
}

// Err returns why the link is over, or nil.
func (f *Follower) Err() (err error) {
	f.ask(func() { err = f.err })
	return err
}

// Close takes the leaf off the network, waits until the server has closed the connection, and for the follower's
// goroutines.
func (f *Follower) Close() {
	select {
	case <-f.done:
		return
	default:
	}
	if f.t.Failed() {
		f.t.Logf("%s, last lines:\n%s", f.Name, f.Recent())
	}
	var over chan struct{}
	f.ask(func() {
		if f.err == nil && f.link.Established() {
			over = make(chan struct{})
			f.waiting = append(f.waiting, &waiter{holds: func() bool { return false }, done: over})
			f.tell(time.Now(), s2s.Event{Source: s2s.Ref(f.SID), Body: s2s.ServerGone{Server: s2s.Ref(f.model.Peer().SID), Reason: "done"}})
		}
	})
	if over != nil {
		select {
		case <-over:
		case <-time.After(Patience):
			f.t.Errorf("%s: the server does not let go", f.Name)
		}
	}
	close(f.done)
	f.conn.Close()
	f.work.Wait()
}

// Casemapping is how servers of the kind compare names.
func (k Kind) Casemapping() irc.Casemapping { return k.software().casemapping }
