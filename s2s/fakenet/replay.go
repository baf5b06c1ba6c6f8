package fakenet

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"robustirc/s2s"
)

// Replay plays what the network said in a recorded link to whoever dials, as the hub.
type Replay struct {
	Lines []s2s.Recorded
	// Speed is how many times as fast as it was recorded; 0 is at once.
	Speed float64
	Now   func() time.Time
}

// Replayed is what a replay came to.
type Replayed struct {
	Sent  int `json:"lines_sent"`
	Heard int `json:"lines_heard"`
}

// Run plays the recording once over a connection, and then stays silent, but for PONG, until the peer goes or the
// context ends. It begins when the peer has said something, if in the recording it was the peer who began. Times of the
// handshake are those of now, or the peer would see a clock that is off.
func (r *Replay) Run(ctx context.Context, conn net.Conn) (Replayed, error) {
	ctx, cancel := context.WithCancel(ctx)
	inbox := make(chan arrival)
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	const sendQ = 1 << 30
	w := newWire(ctx, conn, sendQ, inbox, &work)
	defer w.finish()
	p := replaying{Replay: r, wire: w}
	if p.begins() {
		p.start(r.Now())
	}
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return p.result, nil
		case a := <-inbox:
			p.arrived(a)
			if a.err != nil {
				return p.result, nil
			}
		case <-tick.C:
		}
		p.play(r.Now())
		if !w.flush() {
			return p.result, fmt.Errorf("fakenet: the peer reads too slowly")
		}
	}
}

// replaying is how far a recording has been played.
type replaying struct {
	*Replay
	wire    *wire
	started time.Time
	first   int64 // milliseconds of the first line
	next    int
	result  Replayed
}

func (p *replaying) begins() bool { return len(p.Lines) > 0 && p.Lines[0].Received }

func (p *replaying) start(now time.Time) {
	p.started = now
	if len(p.Lines) > 0 {
		p.first = p.Lines[0].Millis
	}
}

func (p *replaying) arrived(a arrival) {
	p.result.Heard += len(a.lines)
	if len(a.lines) > 0 && p.started.IsZero() {
		p.start(p.Now())
	}
	for _, line := range a.lines {
		if pong := p.pong(line); pong != "" {
			p.wire.say(pong)
		}
	}
}

// pong answers a keepalive that the recording knows nothing of: when it has been played.
func (p *replaying) pong(line string) string {
	if p.next < len(p.Lines) {
		return ""
	}
	rest, ok := strings.CutPrefix(line, "PING ")
	if !ok {
		return ""
	}
	return "PONG " + strings.TrimPrefix(rest, ":")
}

// play says what is due.
func (p *replaying) play(now time.Time) {
	if p.started.IsZero() {
		return
	}
	for p.next < len(p.Lines) {
		line := p.Lines[p.next]
		if p.Speed > 0 && now.Sub(p.started) < time.Duration(float64(line.Millis-p.first)*float64(time.Millisecond)/p.Speed) {
			return
		}
		p.next++
		if line.Received {
			p.wire.say(freshTime(line.Line, now))
			p.result.Sent++
		}
	}
}

// freshTime gives the lines of the handshake that tell the peer's clock the time of now.
func freshTime(line string, now time.Time) string {
	ts := strconv.FormatInt(now.Unix(), 10)
	words := strings.Split(line, " ")
	switch {
	case words[0] == "SVINFO" || len(words) > 1 && words[1] == "SVINFO":
		words[len(words)-1] = ":" + ts
	case words[0] == "PROTOCTL":
		for i, w := range words {
			if strings.HasPrefix(w, "TS=") {
				words[i] = "TS=" + ts
			}
		}
	default:
		return line
	}
	return strings.Join(words, " ")
}
