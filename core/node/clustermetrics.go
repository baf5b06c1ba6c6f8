package node

import "github.com/prometheus/client_golang/prometheus"

// metrics are the node's counters and histograms. What raft or the replica knows at any moment is read by collectors
// when it is asked for.
type metrics struct {
	commitSeconds   prometheus.Histogram
	batchSize       prometheus.Histogram
	fsyncSeconds    prometheus.Histogram
	elections       prometheus.Counter
	forwarded       prometheus.Counter
	proposalRetries prometheus.Counter
	delayed         prometheus.Gauge
	floods          prometheus.Counter
	halfOpenDropped prometheus.Counter
	peerRefused     prometheus.Counter
	transportErrors *prometheus.CounterVec
	peerSeconds     *prometheus.GaugeVec
	noticesSent     prometheus.Counter
}

// newMetrics registers the metrics and the gauges that are read from n.
func newMetrics(n *Node) (*metrics, error) {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	buckets := prometheus.ExponentialBuckets(0.0001, 2, 16) // 0.1 ms to 3.3 s
	m := &metrics{
		commitSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "robustirc_commit_seconds", Buckets: buckets,
			Help: "Time from proposing a batch of inputs until it was committed and applied on this node."}),
		batchSize: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "robustirc_batch_inputs", Buckets: prometheus.ExponentialBuckets(1, 2, 11),
			Help: "Inputs per proposed raft entry."}),
		fsyncSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "robustirc_log_store_seconds", Buckets: buckets,
			Help: "Time to write entries to the log and have them on disk."}),
		elections:       counter("robustirc_elections_started_total", "How often this node stood for election."),
		forwarded:       counter("robustirc_forwarded_inputs_total", "Inputs sent on to the leader."),
		proposalRetries: counter("robustirc_proposal_retries_total", "How often inputs were handed in again because there was no leader or it went away."),
		delayed:         prometheus.NewGauge(prometheus.GaugeOpts{Name: "robustirc_throttled_sessions", Help: "Sessions with lines that wait for their throttle."}),
		floods:          counter("robustirc_floods_total", "Sessions closed because their backlog overflowed."),
		halfOpenDropped: counter("robustirc_half_open_dropped_total", "Connections dropped during their handshake because there were too many."),
		peerRefused:     counter("robustirc_peers_refused_total", "Connections that claimed to be a peer's and did not prove it."),
		noticesSent:     counter("robustirc_commit_notices_total", "Commit notices sent to followers."),
		transportErrors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "robustirc_transport_errors_total", Help: "Failed requests to a peer."}, []string{"peer", "kind"}),
		peerSeconds: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "robustirc_peer_latency_seconds", Help: "Round trip of the last ping to a peer."}, []string{"peer"}),
	}
	return m, m.register(n)
}

func (m *metrics) register(n *Node) error {
	all := []prometheus.Collector{
		m.commitSeconds, m.batchSize, m.fsyncSeconds, m.elections, m.forwarded, m.proposalRetries, m.delayed, m.floods,
		m.halfOpenDropped, m.peerRefused, m.transportErrors, m.peerSeconds, m.noticesSent, &statusCollector{n},
	}
	for _, c := range all {
		if err := n.cfg.Registerer.Register(c); err != nil {
			return err
		}
	}
	return nil
}

// statusCollector shows what Status says.
type statusCollector struct{ n *Node }

var (
	descLeader      = prometheus.NewDesc("raft_isleader", "Whether this node leads.", nil, nil)
	descState       = prometheus.NewDesc("raft_state", "1 for the raft state this node is in.", []string{"state"}, nil)
	descTerm        = prometheus.NewDesc("raft_term", "The current term.", nil, nil)
	descLast        = prometheus.NewDesc("raft_last_log_index", "Index of the last log entry.", nil, nil)
	descCommit      = prometheus.NewDesc("raft_commit_index", "Index of the last entry known to be committed.", nil, nil)
	descRaftApplied = prometheus.NewDesc("raft_applied_index", "Index of the last applied entry.", nil, nil)
	descReady       = prometheus.NewDesc("robustirc_ready", "Whether this node serves.", nil, nil)
	descRevision    = prometheus.NewDesc("robustirc_config_revision", "Revision of the network configuration.", nil, nil)
	descPeerUp      = prometheus.NewDesc("robustirc_peer_up", "Whether a peer answered the last ping.", []string{"peer"}, nil)
)

// Describe implements prometheus.Collector.
func (c *statusCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descLeader, descState, descTerm, descLast, descCommit, descRaftApplied, descReady, descRevision, descPeerUp} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *statusCollector) Collect(ch chan<- prometheus.Metric) {
	if !c.n.started.Load() {
		return
	}
	s := c.n.Status()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(descLeader, bit(s.State == "Leader"))
	for _, state := range []string{"Follower", "Candidate", "Leader", "Shutdown"} {
		gauge(descState, bit(s.State == state), state)
	}
	gauge(descTerm, float64(s.Term))
	gauge(descLast, float64(s.LastLog))
	gauge(descCommit, float64(s.Commit))
	gauge(descRaftApplied, float64(s.Applied))
	gauge(descReady, bit(s.NotReady == ""))
	gauge(descRevision, float64(s.Revision))
	for _, p := range s.Peers {
		if !p.Self {
			gauge(descPeerUp, bit(p.Healthy), p.ID)
		}
	}
}

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
