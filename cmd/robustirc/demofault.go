package main

import (
	"slices"
	"strings"
	"sync"
	"time"

	"robustirc/canary/trace"
	"robustirc/linkgw"
)

// demoFaults are what --fault does to what the new network says, as if that were at fault: one output in some is spoiled
// on its way to the judge.
var demoFaults = map[string]func(*judge) linkgw.Capture{
	"drop": spoiler(func(r *trace.Record) []*trace.Record { return nil }),
	"duplicate": spoiler(func(r *trace.Record) []*trace.Record {
		again := *r
		return []*trace.Record{r, &again}
	}),
	"text": spoiler(func(r *trace.Record) []*trace.Record {
		r.Line += "!"
		return []*trace.Record{r}
	}),
	"source": spoiler(func(r *trace.Record) []*trace.Record {
		r.Line = ":nobody!no@body.example" + r.Line[strings.IndexByte(r.Line, ' '):]
		return []*trace.Record{r}
	}),
	"loss": spoiler(func(r *trace.Record) []*trace.Record {
		r.To = slices.Clone(r.To)[1:]
		return []*trace.Record{r}
	}),
	"leak": func(j *judge) linkgw.Capture { return &leaker{judge: j} },
	"late": func(j *judge) linkgw.Capture { return &delayer{judge: j} },
}

// spoilEvery is how many messages come between two that are spoiled.
const spoilEvery = 50

// isText reports whether a record is a message to a channel that several see.
func isText(r *trace.Record) bool {
	return r.Kind == trace.KindOutput && len(r.To) > 2 && strings.Contains(r.Line, " PRIVMSG #")
}

// spoiler makes a Capture that hands a judge every spoilEvery-th message as change makes it.
func spoiler(change func(*trace.Record) []*trace.Record) func(*judge) linkgw.Capture {
	return func(j *judge) linkgw.Capture { return &spoiled{judge: j, change: change} }
}

type spoiled struct {
	judge  *judge
	change func(*trace.Record) []*trace.Record

	mu sync.Mutex
	n  int
}

// Append implements linkgw.Capture.
func (s *spoiled) Append(r *trace.Record) (seq uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !isText(r) {
		return s.judge.Append(r)
	}
	if s.n++; s.n%spoilEvery != 0 {
		return s.judge.Append(r)
	}
	c := *r
	for _, x := range s.change(&c) {
		seq = s.judge.Append(x)
	}
	return seq
}

// leaker shows messages to somebody who was told of another channel's before.
type leaker struct {
	judge *judge

	mu    sync.Mutex
	n     int
	other []uint64
}

// Append implements linkgw.Capture.
func (s *leaker) Append(r *trace.Record) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !isText(r) {
		return s.judge.Append(r)
	}
	c := *r
	if s.n++; s.n%spoilEvery == 0 {
		for _, id := range s.other {
			if at, found := slices.BinarySearch(c.To, id); !found {
				c.To = slices.Insert(slices.Clone(c.To), at, id)
				break
			}
		}
	}
	s.other = r.To
	return s.judge.Append(&c)
}

// delayer shows messages after everybody has stopped waiting for them.
type delayer struct {
	judge *judge

	mu   sync.Mutex
	n    int
	held []delayed
}

type delayed struct {
	record trace.Record
	at     time.Time
}

// Append implements linkgw.Capture.
func (s *delayer) Append(r *trace.Record) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.held) > 0 && time.Since(s.held[0].at) > demoWindow+time.Second {
		s.judge.Append(&s.held[0].record)
		s.held = s.held[1:]
	}
	if isText(r) {
		if s.n++; s.n%spoilEvery == 0 {
			s.held = append(s.held, delayed{*r, time.Now()})
			return 0
		}
	}
	return s.judge.Append(r)
}
