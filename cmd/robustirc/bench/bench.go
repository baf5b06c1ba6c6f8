// Package bench drives an IRC network with many sessions and checks that every message arrives exactly once and in
// order. It is made to be cheap, because it usually shares the machine with the servers it measures.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Mode says what the senders do.
type Mode string

// The modes.
const (
	// Saturate keeps Window messages of every sender in flight.
	Saturate Mode = "saturate"
	// Rate sends Rate messages per second over all senders.
	Rate Mode = "rate"
	// Idle sends nothing.
	Idle Mode = "idle"
)

// Config is one run.
type Config struct {
	// Dial opens session i.
	Dial func(ctx context.Context, i int) (Link, error)
	// Sessions is how many there are, ChannelSize how many share a channel (0: none join), Senders how many talk.
	Sessions, ChannelSize, Senders int
	// Idle is how many sessions there are besides, which join nothing and say nothing.
	Idle int
	Mode Mode
	// Window is how many messages a sender has in flight (Saturate).
	Window int
	// Rate is in messages per second over all senders (Rate).
	Rate float64
	// Size is the length of a message's text in bytes.
	Size int
	// Warmup passes before Duration is measured.
	Warmup, Duration time.Duration
	// Drain is how long to wait without a single delivery before what is missing counts as lost.
	Drain time.Duration
	// Parallel is how many sessions are set up at a time.
	Parallel int
	// PIDs are the processes whose CPU time and memory are reported.
	PIDs []int
	// KillPID, when not zero, is sent Signal after KillAfter of Duration.
	KillPID   int
	Signal    syscall.Signal
	KillAfter time.Duration
	// Progress receives what is being done.
	Progress io.Writer
}

// Link is one session.
type Link interface {
	// Register takes the nick and returns when the session is registered.
	Register(ctx context.Context, nick string) error
	// Join returns when the session is in the channel.
	Join(ctx context.Context, channel string) error
	// Send sends whole lines. acked says that they are in the network when it returns; otherwise they are once
	// another session has received them.
	Send(ctx context.Context, lines [][]byte) (acked bool, err error)
	// Receive calls line for every PRIVMSG's text until the session ends. The text is valid during the call.
	Receive(ctx context.Context, line func(text []byte)) error
	// Close ends the session.
	Close()
}

// run is a run under way.
type run struct {
	cfg      Config
	start    time.Time // what the times in messages count from
	tag      string
	sessions []*session

	measuring  atomic.Bool
	latency    histogram
	posted     atomic.Uint64 // accepted by the network
	sent       atomic.Uint64 // handed to the connection
	delivered  atomic.Uint64
	lost       atomic.Uint64 // skipped: the receiver saw a later one
	doubled    atomic.Uint64
	foreign    atomic.Uint64 // of no run of ours
	gone       atomic.Uint64 // sessions that ended by themselves
	maxGap     atomic.Int64
	firstError atomic.Pointer[error]
}

// Run performs one run.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &run{cfg: cfg, start: time.Now(), tag: runTag()}
	memory0 := memoryOf(cfg.PIDs)
	setup := time.Now()
	var receivers sync.WaitGroup
	defer receivers.Wait()
	defer r.closeAll()
	if err := r.setUp(ctx, &receivers); err != nil {
		return nil, err
	}
	res := &Result{Mode: cfg.Mode, Sessions: cfg.Sessions, Idle: cfg.Idle, ChannelSize: cfg.ChannelSize, Senders: cfg.Senders,
		SetupPerSecond: float64(len(r.sessions)) / time.Since(setup).Seconds()}
	if err := r.measure(ctx, res); err != nil {
		return nil, err
	}
	res.Memory = memoryOf(cfg.PIDs)
	res.RSSPerSession = (total(res.Memory) - total(memory0)) / int64(len(r.sessions))
	return res, nil
}

func (r *run) progress(format string, args ...any) {
	if r.cfg.Progress != nil {
		fmt.Fprintf(r.cfg.Progress, format+"\n", args...)
	}
}

// setUp connects, registers and joins all sessions.
func (r *run) setUp(ctx context.Context, receivers *sync.WaitGroup) error {
	r.sessions = make([]*session, r.cfg.Sessions+r.cfg.Idle)
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	errs := make([]error, len(r.sessions))
	slots := make(chan struct{}, max(r.cfg.Parallel, 1))
	var wg sync.WaitGroup
	for i := range r.sessions {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			r.sessions[i], errs[i] = r.open(ctx, i)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	r.introduce()
	for _, s := range r.sessions {
		receivers.Go(s.receive)
	}
	r.progress("%d sessions are ready", len(r.sessions))
	return nil
}

func (r *run) open(ctx context.Context, i int) (*session, error) {
	link, err := r.cfg.Dial(ctx, i)
	if err != nil {
		return nil, fmt.Errorf("connecting session %d: %w", i, err)
	}
	s := &session{run: r, index: i, link: link, wake: make(chan struct{}, 1)}
	if err := link.Register(ctx, fmt.Sprintf("b%s%d", r.tag, i)); err != nil {
		return s, fmt.Errorf("registering session %d: %w", i, err)
	}
	if r.cfg.ChannelSize > 0 && i < r.cfg.Sessions {
		s.channel = fmt.Sprintf("#b%s-%d", r.tag, i/r.cfg.ChannelSize)
		if err := link.Join(ctx, s.channel); err != nil {
			return s, fmt.Errorf("session %d joining %s: %w", i, s.channel, err)
		}
	}
	return s, nil
}

// introduce tells the sessions of a channel about each other.
func (r *run) introduce() {
	size := r.cfg.ChannelSize
	for i, s := range r.sessions[:r.cfg.Sessions] {
		if size < 2 {
			continue
		}
		first := i / size * size
		s.first, s.mates = first, min(size, r.cfg.Sessions-first)
		s.next = make([]uint64, s.mates)
		next := first + (i-first+1)%s.mates
		s.acker = next
	}
}

func (r *run) closeAll() {
	var wg sync.WaitGroup
	for _, s := range r.sessions {
		if s != nil {
			s.closing.Store(true)
			wg.Go(s.link.Close)
		}
	}
	wg.Wait()
}

// senders are the sessions that talk, spread over the channels.
func (r *run) senders() []*session {
	var list []*session
	n := min(r.cfg.Senders, r.cfg.Sessions)
	for k := range n {
		if s := r.sessions[k*r.cfg.Sessions/n]; s.mates > 1 {
			list = append(list, s)
		}
	}
	return list
}

var errNoSenders = errors.New("nobody can talk: channels need at least two sessions, and there must be senders")

func (r *run) measure(ctx context.Context, res *Result) error {
	senders := r.senders()
	if r.cfg.Mode != Idle && len(senders) == 0 {
		return errNoSenders
	}
	res.Senders = len(senders)
	sendCtx, stop := context.WithCancel(ctx)
	defer stop()
	talk, hush := context.WithCancel(sendCtx)
	defer hush()
	var wg sync.WaitGroup
	r.launch(sendCtx, talk, senders, &wg)
	pause(ctx, r.cfg.Warmup)
	before, cpu0, t0 := r.counts(), cpuOf(r.cfg.PIDs), time.Now()
	r.measuring.Store(true)
	killed := r.scheduleKill(sendCtx, &wg)
	pause(ctx, r.cfg.Duration)
	r.measuring.Store(false)
	after, cpu1, took := r.counts(), cpuOf(r.cfg.PIDs), time.Since(t0)
	hush()
	cut := time.AfterFunc(r.cfg.Drain, stop) // a network that has stopped taking messages
	wg.Wait()
	cut.Stop()
	r.drain(ctx, senders)
	r.fill(res, after.minus(before), took, cpu1-cpu0)
	if killed != nil {
		return killed()
	}
	return ctx.Err()
}

func (r *run) launch(ctx, talk context.Context, senders []*session, wg *sync.WaitGroup) {
	switch r.cfg.Mode {
	case Saturate:
		for _, s := range senders {
			s.credit.Store(int64(r.cfg.Window))
			wg.Go(func() { s.saturate(ctx, talk) })
		}
	case Rate:
		every := time.Duration(float64(time.Second) * float64(len(senders)) / r.cfg.Rate)
		for k, s := range senders {
			offset := time.Duration(k) * every / time.Duration(len(senders))
			wg.Go(func() { s.steady(ctx, talk, offset, every) })
		}
	}
}

// scheduleKill arranges the kill, and returns how to learn whether it could be sent.
func (r *run) scheduleKill(ctx context.Context, wg *sync.WaitGroup) func() error {
	if r.cfg.KillPID == 0 {
		return nil
	}
	result := make(chan error, 1)
	wg.Go(func() {
		pause(ctx, r.cfg.KillAfter)
		result <- syscall.Kill(r.cfg.KillPID, r.cfg.Signal)
	})
	return func() error {
		if err := <-result; err != nil {
			return fmt.Errorf("sending %v to process %d: %w", r.cfg.Signal, r.cfg.KillPID, err)
		}
		return nil
	}
}

// drain waits until everything sent has arrived, or nothing has for the Drain time.
func (r *run) drain(ctx context.Context, senders []*session) {
	last, since := uint64(0), time.Now()
	for ctx.Err() == nil && r.missing(senders) > 0 {
		if d := r.delivered.Load(); d != last {
			last, since = d, time.Now()
		} else if time.Since(since) > r.cfg.Drain {
			return
		}
		pause(ctx, 10*time.Millisecond)
	}
}

// missing counts deliveries that have not happened.
func (r *run) missing(senders []*session) (n uint64) {
	for _, s := range senders {
		sent := s.seq.Load()
		for _, m := range r.sessions[s.first : s.first+s.mates] {
			if got := m.seen(s); m != s && got < sent {
				n += sent - got
			}
		}
	}
	return n
}

func (r *run) fail(err error) {
	r.firstError.CompareAndSwap(nil, &err)
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
