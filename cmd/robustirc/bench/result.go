package bench

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"
)

// Result is what a run has found. Durations are in nanoseconds, memory in bytes.
type Result struct {
	Mode                                 Mode
	Sessions, Idle, ChannelSize, Senders int
	// SetupPerSecond is how many sessions connected, registered and joined per second.
	SetupPerSecond float64
	// Measured is how long was measured.
	Measured time.Duration
	// PostedPerSecond and DeliveredPerSecond are messages that the network accepted and that receivers got.
	PostedPerSecond, DeliveredPerSecond float64
	Posted, Delivered                   uint64
	// Latencies are from sending to receipt.
	P50, P90, P99, P999, Max time.Duration
	// MaxGap is the longest time that a receiver got nothing.
	MaxGap time.Duration
	// Lost, Doubled and Disconnected must be zero.
	Lost, Doubled, Disconnected uint64
	// CPUPerMessage is the CPU time of all given processes per posted message, Cores how many they kept busy.
	CPUPerMessage time.Duration
	Cores         float64
	// Memory is each process's at the end, RSSPerSession the growth of resident memory per session over all of them.
	Memory        map[int]Memory
	RSSPerSession int64
	// Error is the first that a session met.
	Error string `json:",omitempty"`
}

type counts struct{ posted, delivered uint64 }

func (r *run) counts() counts { return counts{r.posted.Load(), r.delivered.Load()} }

func (c counts) minus(d counts) counts { return counts{c.posted - d.posted, c.delivered - d.delivered} }

func (r *run) fill(res *Result, n counts, took, cpu time.Duration) {
	seconds := took.Seconds()
	res.Measured = took
	res.Posted, res.Delivered = n.posted, n.delivered
	res.PostedPerSecond, res.DeliveredPerSecond = float64(n.posted)/seconds, float64(n.delivered)/seconds
	h := &r.latency
	res.P50, res.P90, res.P99, res.P999, res.Max = h.quantile(.5), h.quantile(.9), h.quantile(.99), h.quantile(.999), h.quantile(1)
	res.MaxGap = time.Duration(r.maxGap.Load())
	res.Lost = r.lost.Load() + r.missing(r.senders())
	res.Doubled, res.Disconnected = r.doubled.Load(), r.gone.Load()
	res.Cores = cpu.Seconds() / seconds
	if n.posted > 0 {
		res.CPUPerMessage = cpu / time.Duration(n.posted)
	}
	if err := r.firstError.Load(); err != nil {
		res.Error = (*err).Error()
	}
}

// OK reports whether nothing was lost, doubled or disconnected.
func (r *Result) OK() bool { return r.Lost == 0 && r.Doubled == 0 && r.Disconnected == 0 }

// JSON writes the result as one JSON object.
func (r *Result) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Table writes the result for people.
func (r *Result) Table(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(t, name+"\t"+format+"\n", args...) }
	row("run", "%s, %d sessions and %d idle ones, channels of %d, %d senders, %.1f s", r.Mode, r.Sessions, r.Idle, r.ChannelSize, r.Senders, r.Measured.Seconds())
	row("set up", "%.0f sessions/s", r.SetupPerSecond)
	if r.Mode != Idle {
		row("posted", "%d, %.0f/s", r.Posted, r.PostedPerSecond)
		row("delivered", "%d, %.0f/s", r.Delivered, r.DeliveredPerSecond)
		row("latency", "p50 %s  p90 %s  p99 %s  p99.9 %s  max %s", ms(r.P50), ms(r.P90), ms(r.P99), ms(r.P999), ms(r.Max))
		row("longest gap", "%s", ms(r.MaxGap))
	}
	row("lost / doubled / disconnected", "%d / %d / %d", r.Lost, r.Doubled, r.Disconnected)
	if len(r.Memory) > 0 {
		row("CPU", "%.3f ms per posted message, %.2f cores", float64(r.CPUPerMessage)/1e6, r.Cores)
		for _, pid := range slices.Sorted(maps.Keys(r.Memory)) {
			row(fmt.Sprintf("RSS of %d", pid), "%.1f MiB, %.1f of it mapped files", float64(r.Memory[pid].Resident)/(1<<20), float64(r.Memory[pid].Mapped)/(1<<20))
		}
		row("RSS per session", "%.1f kB over all processes", float64(r.RSSPerSession)/1e3)
	}
	if r.Error != "" {
		row("first error", "%s", r.Error)
	}
	return t.Flush()
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d)/1e6) }

// runTag tells the messages, nicks and channels of one run from those of others.
func runTag() string {
	var b [2]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}
