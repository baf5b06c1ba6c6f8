package robustsession

import (
	"context"
	"fmt"
)

// GapError is returned by Receive when the network no longer retains what the session has not seen: everything after
// After, up to Until. What comes next is received as usual.
type GapError struct{ After, Until ID }

func (e *GapError) Error() string {
	return fmt.Sprintf("robustsession: outputs after %v up to %v are no longer retained: what they changed must be asked for anew", e.After, e.Until)
}

// audiences are the sets of sessions that a connection has named.
type audiences struct {
	slots []([]uint64)
	total int // sessions in all of them
}

// set takes what the server has named. Slices that were handed out are not changed by it.
func (a *audiences) set(f *Audience) error {
	if a.slots == nil {
		a.slots = make([][]uint64, MaxAudiences)
	}
	old := a.slots[f.Slot]
	if !f.More {
		a.total -= len(old)
		old = nil
	}
	if f.More && len(old) > 0 && len(f.Sessions) > 0 && f.Sessions[0] <= old[len(old)-1] {
		return fmt.Errorf("%w: the sessions of an audience are not in ascending order", ErrFrame)
	}
	if a.total += len(f.Sessions); a.total > MaxAudienceSessions {
		return fmt.Errorf("%w: audiences with more than %d sessions", ErrFrame, MaxAudienceSessions)
	}
	if old == nil {
		a.slots[f.Slot] = f.Sessions
	} else {
		a.slots[f.Slot] = append(old, f.Sessions...)
	}
	return nil
}

// resolve gives an output its recipients.
func (a *audiences) resolve(o *SentOutput) error {
	if !o.Shared {
		return nil
	}
	if a.slots == nil || len(a.slots[o.Slot]) == 0 {
		return fmt.Errorf("%w: an output for an audience that was not named", ErrFrame)
	}
	to := a.slots[o.Slot]
	o.To = to[:len(to):len(to)]
	return nil
}

// followed is what a session keeps of outputs; Mux.mu protects it.
type followed struct {
	attached bool    // the server has answered Follow at least once
	queue    []chunk // what Receive has not returned; no empty chunks
}

// chunk is a gap or a run of outputs.
type chunk struct {
	gap     *GapError
	outputs []Output
	bytes   uint64
}

// outputs hands outputs to their session. Needs m.mu.
func (m *Mux) outputs(f *Outputs) error {
	s := m.sessions[f.Session]
	for i := range f.Outputs {
		if err := m.conn.audiences.resolve(&f.Outputs[i]); err != nil {
			return err
		}
	}
	if s == nil || s.follow == nil {
		return nil
	}
	for i := range f.Outputs {
		if o := &f.Outputs[i].Output; s.last.less(o.ID) {
			s.last = o.ID
			s.held += uint64(len(o.Line))
			s.follow.add(o)
		}
	}
	s.signal()
	return nil
}

// add queues an output.
func (f *followed) add(o *Output) {
	n := len(f.queue)
	if n == 0 || f.queue[n-1].gap != nil {
		f.queue = append(f.queue, chunk{})
		n++
	}
	c := &f.queue[n-1]
	c.outputs = append(c.outputs, *o)
	c.bytes += uint64(len(o.Line))
}

// followed notes that the server follows the session, and what was lost.
func (s *muxSession) followed(f *Following) {
	s.follow.attached = true
	if f.Lost && s.last.less(f.Until) {
		s.follow.lose(s.last, f.Until)
		s.last = f.Until
	}
	s.signal()
}

// lose queues a gap. Gaps without outputs in between are one.
func (f *followed) lose(after, until ID) {
	if n := len(f.queue); n > 0 && f.queue[n-1].gap != nil {
		f.queue[n-1].gap.Until = until
		return
	}
	f.queue = append(f.queue, chunk{gap: &GapError{after, until}})
}

// receive waits for outputs and returns them; see Gateway.Receive.
func (s *muxSession) receive(ctx context.Context) ([]Output, error) {
	for {
		if outputs, err := s.takeOutputs(); err != nil || len(outputs) > 0 {
			return outputs, err
		}
		select {
		case <-s.ready:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// takeOutputs returns the first of what has arrived.
func (s *muxSession) takeOutputs() ([]Output, error) {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if len(s.follow.queue) == 0 {
		if s.err != nil {
			s.signal() // for the next call
		}
		return nil, s.err
	}
	c := s.follow.queue[0]
	s.follow.queue = s.follow.queue[1:]
	if len(s.follow.queue) > 0 || s.err != nil {
		s.signal()
	}
	if c.gap != nil {
		return nil, c.gap
	}
	s.consume(c.bytes, FollowWindow)
	return c.outputs, nil
}

// awaitFollowing waits until the server follows the session or has refused to.
func (s *muxSession) awaitFollowing(ctx context.Context) error {
	for {
		s.m.mu.Lock()
		attached, err := s.follow.attached, s.err
		if err != nil {
			err = s.over()
		}
		s.m.mu.Unlock()
		if attached || err != nil {
			s.signal() // whatever else there is
			return err
		}
		select {
		case <-s.ready:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.m.ctx.Done():
			return ErrClosed
		}
	}
}
