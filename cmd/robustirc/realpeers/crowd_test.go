//go:build realpeers

package realpeers

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"robustirc/cmd/robustirc/bench"
)

// crowd is sessions in channels that talk all the time, and check that everything comes once and in order.
type crowd struct {
	t       *testing.T
	members []*member
	ctx     context.Context // of the senders
	hush    context.CancelFunc
	work    sync.WaitGroup

	mu    sync.Mutex
	worst time.Duration // from sending to receipt, since takeWorst
}

// member is one session of a crowd.
type member struct {
	nick, channel string
	link          bench.Link
	slow          bool // it is not waited for while things go wrong

	mu   sync.Mutex
	sent int
	at   []time.Time    // when message 1, 2, 3 … was sent
	seen map[string]int // by nick: the number of the last message
	log  []heard
}

// heard is a message that a member received.
type heard struct {
	nick   string
	number int
}

// dialer opens a session.
type dialer func(ctx context.Context, i int) (bench.Link, error)

// way is a way into the network.
type way struct {
	dial dialer
	slow bool
}

// startCrowd lets a session on each of the ways talk in each of the channels.
func startCrowd(t *testing.T, channels int, pace time.Duration, ways ...way) *crowd {
	t.Helper()
	c := &crowd{t: t}
	for ch := range channels {
		for k, w := range ways {
			m := &member{nick: fmt.Sprintf("m%d-%d", ch, k), channel: fmt.Sprintf("#crowd%d", ch), slow: w.slow, seen: map[string]int{}}
			m.link = openLink(t, w.dial, m.nick, m.channel)
			c.members = append(c.members, m)
		}
	}
	c.ctx, c.hush = context.WithCancel(context.Background())
	receiving := context.Background()
	for _, m := range c.members {
		c.work.Go(func() { c.receive(receiving, m) })
		c.work.Go(func() { c.talk(m, pace) })
	}
	t.Cleanup(c.close)
	return c
}

// openLink registers a session and joins it to a channel.
func openLink(t *testing.T, dial dialer, nick, channel string) bench.Link {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	link, err := dial(ctx, 0)
	if err == nil {
		err = link.Register(ctx, nick)
	}
	if err == nil {
		err = link.Join(ctx, channel)
	}
	if err != nil {
		t.Fatalf("%s: %v", nick, err)
	}
	return link
}

// talk sends numbered messages until the crowd is to hush.
func (c *crowd) talk(m *member, pace time.Duration) {
	for {
		select {
		case <-time.After(pace):
		case <-c.ctx.Done():
			return
		}
		m.mu.Lock()
		m.sent++
		m.at = append(m.at, time.Now())
		line := fmt.Appendf(nil, "PRIVMSG %s :%s %d\r\n", m.channel, m.nick, m.sent)
		m.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		_, err := m.link.Send(ctx, [][]byte{line})
		cancel()
		if err != nil {
			c.t.Errorf("%s: message %d was not accepted: %v", m.nick, m.sent, err)
			return
		}
	}
}

// receive checks every message as it comes.
func (c *crowd) receive(ctx context.Context, m *member) {
	closing := false
	err := m.link.Receive(ctx, func(text []byte) {
		var h heard
		if n, _ := fmt.Sscan(string(text), &h.nick, &h.number); n != 2 {
			return // of somebody else
		}
		c.measure(h)
		m.mu.Lock()
		defer m.mu.Unlock()
		if want := m.seen[h.nick] + 1; h.number != want {
			c.t.Errorf("%s received message %d of %s in place of %d", m.nick, h.number, h.nick, want)
		}
		m.seen[h.nick] = h.number
		m.log = append(m.log, h)
	})
	if closing = c.ctx.Err() != nil; err != nil && !closing {
		c.t.Errorf("%s: receiving: %v", m.nick, err)
	}
}

// measure notes how long a message took.
func (c *crowd) measure(h heard) {
	for _, m := range c.members {
		if m.nick != h.nick {
			continue
		}
		m.mu.Lock()
		sent := m.at[h.number-1]
		m.mu.Unlock()
		c.mu.Lock()
		c.worst = max(c.worst, time.Since(sent))
		c.mu.Unlock()
	}
}

// takeWorst returns the longest that a message has taken since the last call.
func (c *crowd) takeWorst() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	worst := c.worst
	c.worst = 0
	return worst
}

// mates are the other members of a member's channel.
func (c *crowd) mates(m *member) (list []*member) {
	for _, o := range c.members {
		if o != m && o.channel == m.channel {
			list = append(list, o)
		}
	}
	return list
}

func (m *member) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sent
}

func (m *member) has(of string, number int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seen[of] >= number
}

// behind names a message that somebody has not received: one of those counted by goals.
func (c *crowd) behind(goals []int, slow bool) string {
	for i, m := range c.members {
		for _, o := range c.mates(m) {
			if (m.slow || o.slow) && !slow {
				continue
			}
			if !o.has(m.nick, goals[i]) {
				return fmt.Sprintf("%s has not received message %d of %s", o.nick, goals[i], m.nick)
			}
		}
	}
	return ""
}

// progresses waits until everybody has received what everybody has said until now and some messages more, the slow
// ones included or not.
func (c *crowd) progresses(more int, slow bool) error {
	goals := make([]int, len(c.members))
	for i, m := range c.members {
		goals[i] = m.count() + more
	}
	end := time.Now().Add(patience)
	for {
		missing := c.behind(goals, slow)
		switch {
		case missing == "":
			return nil
		case time.Now().After(end):
			return fmt.Errorf("after %v %s", patience, missing)
		case c.t.Failed():
			return fmt.Errorf("a check has failed")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// finish lets the crowd fall silent and checks that everything has arrived, in one order for all.
func (c *crowd) finish() {
	c.t.Helper()
	c.hush()
	time.Sleep(100 * time.Millisecond) // no new message is begun after this
	if err := c.progresses(0, true); err != nil {
		c.t.Errorf("in the end: %v", err)
		return
	}
	for i, a := range c.members {
		for _, b := range c.members[i+1:] {
			if a.channel == b.channel && !slices.Equal(a.heardOfOthers(b), b.heardOfOthers(a)) {
				c.t.Errorf("%s and %s received the messages of others in different orders", a.nick, b.nick)
			}
		}
	}
}

// heardOfOthers is what a member received that b did not say.
func (m *member) heardOfOthers(b *member) (list []heard) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, h := range m.log {
		if h.nick != b.nick {
			list = append(list, h)
		}
	}
	return list
}

func (c *crowd) close() {
	c.hush()
	for _, m := range c.members {
		m.link.Close()
	}
	c.work.Wait()
}
