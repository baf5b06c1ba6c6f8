package bench

import (
	"context"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// relay is the smallest IRC server that a run works with: every line to a channel goes to its other members. fault may
// change what a member gets.
type relay struct {
	mu      sync.Mutex
	members map[string][]net.Conn
	fault   func(line string) []string
}

func (s *relay) serve(conn net.Conn) {
	l := &ircLink{conn: conn, buf: make([]byte, 16<<10)}
	defer conn.Close()
	for {
		b, err := l.line()
		if err != nil {
			return
		}
		line := string(b)
		verb, rest, _ := strings.Cut(line, " ")
		switch verb {
		case "USER":
			_ = l.write("PING :x\r\n:s 001 x :hello\r\n")
		case "JOIN":
			s.join(rest, conn)
			_ = l.write(":s 366 x " + rest + " :end\r\n")
		case "PRIVMSG":
			s.relay(line, conn)
		case "QUIT":
			return
		}
	}
}

func (s *relay) join(channel string, conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.members[channel] = append(s.members[channel], conn)
}

func (s *relay) relay(line string, from net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	channel := strings.Fields(line)[1]
	for _, m := range s.members[channel] {
		if m == from {
			continue
		}
		for _, l := range s.fault(line) {
			m.Write([]byte(":x!x@x " + l + "\r\n"))
		}
	}
}

func runAgainst(t *testing.T, fault func(string) []string, cfg Config) *Result {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	s := &relay{members: make(map[string][]net.Conn), fault: fault}
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	cfg.Dial = DialIRC([]string{ln.Addr().String()})
	cfg.Sessions, cfg.ChannelSize, cfg.Senders, cfg.Parallel = 6, 3, 4, 3
	cfg.Window, cfg.Rate, cfg.Size, cfg.PIDs = 4, 200, 100, []int{os.Getpid()}
	cfg.Warmup, cfg.Duration, cfg.Drain = 20*time.Millisecond, 200*time.Millisecond, 200*time.Millisecond
	res, err := Run(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestRunsCount(t *testing.T) {
	for _, mode := range []Mode{Saturate, Rate} {
		res := runAgainst(t, func(l string) []string { return []string{l} }, Config{Mode: mode})
		if !res.OK() || res.Error != "" || res.Posted == 0 || res.Delivered < res.Posted || res.P50 <= 0 {
			t.Errorf("%s: %+v", mode, res)
		}
		if mode == Rate && (res.Posted < 20 || res.Posted > 60) {
			t.Errorf("200 messages/s gave %d in 0.2 s", res.Posted)
		}
	}
}

// The check is worth something only if it sees what goes wrong.
func TestFaultsAreSeen(t *testing.T) {
	var seen int
	doubling := func(l string) []string { return []string{l, l} }
	if res := runAgainst(t, doubling, Config{Mode: Rate}); res.Doubled == 0 || res.Lost != 0 {
		t.Errorf("doubled lines: %+v", res)
	}
	losing := func(l string) []string {
		if seen++; seen%7 == 0 {
			return nil
		}
		return []string{l}
	}
	if res := runAgainst(t, losing, Config{Mode: Rate}); res.Lost == 0 {
		t.Errorf("lost lines: %+v", res)
	}
}

func TestHistogramQuantiles(t *testing.T) {
	var h histogram
	values := make([]int64, 10_000)
	for i := range values {
		values[i] = rand.Int64N(1 << rand.IntN(40))
		h.add(values[i])
	}
	slices.Sort(values)
	for _, q := range []float64{0.01, 0.5, 0.9, 0.99, 1} {
		want := float64(values[max(int(q*float64(len(values))+0.5)-1, 0)])
		if got := float64(h.quantile(q)); got < want || got > want*(1+1./32)+1 {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
}
