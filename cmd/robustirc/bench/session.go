package bench

import (
	"bytes"
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// session is one session of a run. Its sender and its receiver are one goroutine each.
type session struct {
	run     *run
	index   int
	link    Link
	channel string
	first   int // index of the first session of its channel
	mates   int // how many sessions its channel has
	acker   int // index of the session whose receipt acknowledges this one's messages

	seq     atomic.Uint64 // messages sent
	credit  atomic.Int64  // messages that may be sent
	wake    chan struct{}
	closing atomic.Bool

	mu       sync.Mutex
	next     []uint64 // per mate: how many of its messages were seen
	lastSeen int64    // when the last message arrived, while measuring
}

// Messages read "<tag> <sender> <seq> <nanoseconds since the run's start> xxx…".

func (s *session) appendMessage(b []byte) []byte {
	b = append(b, "PRIVMSG "...)
	b = append(append(b, s.channel...), " :"...)
	text := len(b)
	b = append(append(b, s.run.tag...), ' ')
	b = append(strconv.AppendUint(b, uint64(s.index), 10), ' ')
	b = append(strconv.AppendUint(b, s.seq.Add(1), 10), ' ')
	b = append(strconv.AppendUint(b, uint64(time.Since(s.run.start)), 10), ' ')
	for len(b)-text < s.run.cfg.Size {
		b = append(b, 'x')
	}
	return append(b, '\r', '\n')
}

// saturate sends whatever the window allows until talk ends.
func (s *session) saturate(ctx, talk context.Context) {
	var lines [][]byte
	for talk.Err() == nil {
		n := s.credit.Load()
		if n <= 0 {
			select {
			case <-s.wake:
			case <-talk.Done():
			}
			continue
		}
		s.credit.Add(-n)
		lines = s.fill(lines, int(n))
		if !s.send(ctx, lines) {
			return
		}
	}
}

// steady sends one message every interval, however long each takes: a late one is sent at once, so that a fault shows
// in the latency of all messages it held up.
func (s *session) steady(ctx, talk context.Context, offset, every time.Duration) {
	var lines [][]byte
	for due := time.Now().Add(offset); ; due = due.Add(every) {
		pause(talk, time.Until(due))
		if talk.Err() != nil {
			return
		}
		lines = s.fill(lines, 1)
		if !s.send(ctx, lines) {
			return
		}
	}
}

func (s *session) fill(lines [][]byte, n int) [][]byte {
	lines = lines[:0]
	for range n {
		if len(lines) < cap(lines) {
			lines = lines[:len(lines)+1]
			lines[len(lines)-1] = s.appendMessage(lines[len(lines)-1][:0])
			continue
		}
		lines = append(lines, s.appendMessage(nil))
	}
	return lines
}

func (s *session) send(ctx context.Context, lines [][]byte) bool {
	acked, err := s.link.Send(ctx, lines)
	if err != nil {
		if ctx.Err() == nil {
			s.run.fail(err)
		}
		return false
	}
	s.run.sent.Add(uint64(len(lines)))
	if acked {
		s.run.posted.Add(uint64(len(lines)))
		s.grant(len(lines))
	}
	return true
}

// grant lets n more messages be sent.
func (s *session) grant(n int) {
	s.credit.Add(int64(n))
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// receive checks what arrives until the session ends.
func (s *session) receive() {
	err := s.link.Receive(context.Background(), s.message)
	if !s.closing.Load() {
		s.run.gone.Add(1)
		if err != nil {
			s.run.fail(err)
		}
	}
}

// message checks one message.
func (s *session) message(text []byte) {
	r := s.run
	now := int64(time.Since(r.start))
	rest, ok := bytes.CutPrefix(text, []byte(r.tag+" "))
	sender, rest, ok1 := cutUint(rest)
	seq, rest, ok2 := cutUint(rest)
	at, _, ok3 := cutUint(rest)
	if !ok || !ok1 || !ok2 || !ok3 || int(sender) < s.first || int(sender) >= s.first+s.mates {
		r.foreign.Add(1)
		return
	}
	if !s.account(int(sender)-s.first, seq, now) {
		return
	}
	r.delivered.Add(1)
	if r.measuring.Load() {
		r.latency.add(now - int64(at))
	}
	if from := r.sessions[sender]; from.acker == s.index && !from.acksItself() {
		r.posted.Add(1)
		from.grant(1)
	}
}

func (s *session) acksItself() bool {
	a, ok := s.link.(interface{ Acks() bool })
	return ok && a.Acks()
}

// account notes message seq of a mate, and reports whether it is new.
func (s *session) account(mate int, seq uint64, now int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	expected := s.next[mate] + 1
	if seq < expected {
		s.run.doubled.Add(1)
		return false
	}
	s.run.lost.Add(seq - expected)
	s.next[mate] = seq
	if s.run.measuring.Load() {
		if s.lastSeen != 0 {
			storeMax(&s.run.maxGap, now-s.lastSeen)
		}
		s.lastSeen = now
	}
	return true
}

// seen is how far s has got with another session's messages.
func (s *session) seen(from *session) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next[from.index-s.first]
}

func storeMax(p *atomic.Int64, v int64) {
	for old := p.Load(); v > old && !p.CompareAndSwap(old, v); old = p.Load() {
	}
}

// cutUint reads a decimal number and the space after it.
func cutUint(b []byte) (v uint64, rest []byte, ok bool) {
	for i, c := range b {
		if c == ' ' {
			return v, b[i+1:], i > 0
		}
		if c < '0' || c > '9' || i > 18 {
			return 0, nil, false
		}
		v = v*10 + uint64(c-'0')
	}
	return v, nil, len(b) > 0
}
