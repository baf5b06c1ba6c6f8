package linkgw

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics shows a gateway's status to Prometheus. Labels are bounded: commands (at most 512), and the reasons of this
// package and of translate.
type Metrics struct {
	g     *Gateway
	delay prometheus.Histogram
}

// NewMetrics registers the metrics of a gateway that does not run yet.
func NewMetrics(g *Gateway, r prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{g: g, delay: prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "robustirc_link_gateway_delay_seconds", Help: "Time from a line of the existing network to its commit in the new one, of the oldest line of each batch.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 60, 600},
	})}
	g.counts.lag = m.delay.Observe
	if err := r.Register(m.delay); err != nil {
		return nil, err
	}
	return m, r.Register(m)
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("robustirc_link_"+name, help, labels, nil)
}

var (
	descUp          = desc("up", "Whether the gateway is linked to the existing network and its burst is over.")
	descTarget      = desc("target_up", "Whether the gateway is linked to the new network.")
	descEvents      = desc("events_total", "Events of the existing network by command and outcome.", "command", "outcome")
	descSkipped     = desc("skipped_total", "Events that were not translated, by reason.", "reason")
	descCoverage    = desc("coverage_ratio", "Share of events that were translated, of those that could mean anything to the new network.")
	descBehind      = desc("shadow_behind_seconds", "How long ago what is being handed to the new network happened.")
	descSpool       = desc("spool_bytes", "Bytes that wait for the new network on disk.")
	descRing        = desc("ring_bytes", "Bytes that wait for the new network in memory.")
	descSpoolLimit  = desc("spool_limit_bytes", "Bytes that may wait on disk.")
	descQueued      = desc("queued_lines", "Lines that wait for the new network.")
	descGaps        = desc("gaps_total", "Stretches of time of which the existing network was not followed.")
	descGapSeconds  = desc("gap_seconds_total", "Length of the gaps that have ended.")
	descGapLines    = desc("gap_lines_total", "Lines that are known to be missing.")
	descSent        = desc("egress_sent_total", "Lines sent to the existing network.", "command")
	descBlocked     = desc("egress_blocked_total", "Lines that were about to be sent and that are never said: a fault of the gateway.")
	descRelinks     = desc("relinks_total", "Links after the first.")
	descDowns       = desc("link_ends_total", "Links that ended, by reason.", "reason")
	descSize        = desc("network_entities", "What is known of the existing network.", "kind")
	descPosted      = desc("operations_total", "Lines posted to the new network.")
	descImports     = desc("imports_total", "Times that the new network was made equal to the existing one.")
	descDivergences = desc("divergences_total", "Times that the new network's rules came to something else.", "command", "code")
	descHeard       = desc("last_heard_timestamp_seconds", "When the existing network last said something.")
)

// Describe sends nothing: what there is depends on what was seen.
func (m *Metrics) Describe(chan<- *prometheus.Desc) {}

// Collect sends the status as metrics.
func (m *Metrics) Collect(out chan<- prometheus.Metric) {
	s := m.g.Status()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	gauge(descUp, truth(s.State == StateLinked))
	gauge(descTarget, truth(s.Target.Linked))
	gauge(descBehind, s.Target.Behind)
	gauge(descSpool, float64(s.Spool.DiskBytes))
	gauge(descRing, float64(s.Spool.MemoryBytes))
	gauge(descSpoolLimit, float64(m.g.cfg.Spool.Disk))
	gauge(descQueued, float64(s.Spool.Items))
	gauge(descSize, float64(s.Network.Servers), "server")
	gauge(descSize, float64(s.Network.Users), "user")
	gauge(descSize, float64(s.Network.Channels), "channel")
	if s.Link != nil {
		gauge(descHeard, float64(s.Link.Heard.UnixNano())/float64(time.Second))
	}
	count(descGaps, float64(s.GapCount))
	count(descGapSeconds, m.gapSeconds())
	count(descGapLines, float64(s.GapLines))
	count(descRelinks, float64(max(0, s.Links-1)))
	count(descPosted, float64(s.Target.Posted))
	count(descImports, float64(s.Target.Imports))
	m.collectCoverage(&s, gauge, count)
	m.collectEgress(&s, count)
}

func (m *Metrics) collectCoverage(s *Status, gauge, count func(*prometheus.Desc, float64, ...string)) {
	skipped := map[string]float64{}
	for i := range s.Coverage.Rows {
		r := &s.Coverage.Rows[i]
		all := int64(0)
		for reason, n := range r.Skipped { // order does not matter: sums
			skipped[string(reason)] += float64(n)
			all += n
		}
		count(descEvents, float64(r.Translated), r.Command, "translated")
		count(descEvents, float64(r.EffectOnly), r.Command, "effect_only")
		count(descEvents, float64(all), r.Command, "skipped")
	}
	for reason, n := range skipped { // order does not matter: each is a series
		count(descSkipped, n, reason)
	}
	if done, all := s.Coverage.Eligible(); all > 0 {
		gauge(descCoverage, float64(done)/float64(all))
	}
	for _, d := range s.Divergences {
		count(descDivergences, float64(d.Count), d.Command, d.Code)
	}
}

func (m *Metrics) collectEgress(s *Status, count func(*prometheus.Desc, float64, ...string)) {
	for command, n := range s.Egress.Sent { // order does not matter: each is a series
		count(descSent, float64(n), command)
	}
	blocked := int64(0)
	for _, n := range s.Egress.Blocked { // order does not matter: a sum
		blocked += n
	}
	count(descBlocked, float64(blocked))
	m.g.mu.Lock()
	defer m.g.mu.Unlock()
	for reason, n := range m.g.counts.downs { // order does not matter: each is a series
		count(descDowns, float64(n), reason)
	}
}

func (m *Metrics) gapSeconds() float64 {
	m.g.mu.Lock()
	defer m.g.mu.Unlock()
	return m.g.gaps.seconds
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
