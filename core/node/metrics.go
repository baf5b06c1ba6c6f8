package node

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"robustirc/core/irc"
	"robustirc/core/ircserver"
)

// replicaStats are the replica's counters, kept outside of the machine from what goes in and comes out. What is
// replayed after a start counts again, as the counters begin at zero with the process.
type replicaStats struct {
	kinds    [ircserver.KindDead + 1]atomic.Uint64
	commands map[string]*atomic.Uint64 // by name; never changed after init
	unknown  atomic.Uint64             // lines whose command is not in the table
	outputs  atomic.Uint64
	entries  atomic.Uint64
	deaths   atomic.Uint64
	busy     atomic.Int64 // nanoseconds spent applying

	digestMismatches atomic.Uint64
	snapshots        atomic.Uint64
	snapshotFailures atomic.Uint64
	restores         atomic.Uint64
	captureTime      atomic.Int64 // nanoseconds the apply path stood still for the last snapshot
	persistTime      atomic.Int64
	restoreTime      atomic.Int64
	snapshotBytes    atomic.Int64
	stateBytes       atomic.Int64
}

func (s *replicaStats) init() {
	names := ircserver.CommandNames()
	s.commands = make(map[string]*atomic.Uint64, len(names))
	for _, name := range names {
		s.commands[name] = new(atomic.Uint64)
	}
}

// input counts one applied input and its outputs.
func (s *replicaStats) input(in *ircserver.Input, outputs int) {
	s.outputs.Add(uint64(outputs))
	s.kinds[min(in.Kind, ircserver.KindDead)].Add(1)
	if in.Kind != ircserver.KindLine {
		return
	}
	if c := s.commands[commandOf(in.Text)]; c != nil {
		c.Add(1)
	} else {
		s.unknown.Add(1)
	}
}

// commandOf is the line's command in upper case, or "".
func commandOf(line string) string {
	var m irc.Message
	if m.Parse(line) != nil {
		return ""
	}
	return irc.UpperCommand(m.Command)
}

// commandName is the command of a client's line, for the log; "" for anything but a line, "unknown" for what is none.
func (s *replicaStats) commandName(in *ircserver.Input) string {
	if in.Kind != ircserver.KindLine {
		return ""
	}
	if name := commandOf(in.Text); s.commands[name] != nil {
		return name
	}
	return "unknown"
}

func (s *replicaStats) death() {
	s.deaths.Add(1)
	s.kinds[ircserver.KindDead].Add(1)
}

func (s *replicaStats) applied(entries int, took time.Duration) {
	s.entries.Add(uint64(entries))
	s.busy.Add(int64(took))
}

func (s *replicaStats) captured(took time.Duration, bytes int) {
	s.captureTime.Store(int64(took))
	s.stateBytes.Store(int64(bytes))
}

func (s *replicaStats) persisted(took time.Duration, bytes int64) {
	s.snapshots.Add(1)
	s.persistTime.Store(int64(took))
	s.snapshotBytes.Store(bytes)
}

func (s *replicaStats) restored(took time.Duration) {
	s.restores.Add(1)
	s.restoreTime.Store(int64(took))
}

// kindLabels are the values of the label type, as the original calls them where it has the same thing.
var kindLabels = [...]string{
	ircserver.KindInvalid: "invalid", ircserver.KindCreate: "create_session", ircserver.KindDelete: "delete_session",
	ircserver.KindLine: "irc_from_client", ircserver.KindTick: "tick", ircserver.KindConfig: "config",
	ircserver.KindDigest: "digest", ircserver.KindMembers: "members", ircserver.KindDead: "message_of_death",
}

// replicaMetrics is the replica's prometheus.Collector. The names that the original RobustIRC has, and dashboards use,
// are applied_messages, irc_messages_processed, irc_sessions, irc_session_limit, irc_channels and irc_channel_limit.
type replicaMetrics struct {
	f      *fsm
	stores *stores // nil: without the metrics of the disk
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	descApplied    = desc("applied_messages", "Inputs applied to the machine, by type.", "type")
	descCommands   = desc("irc_messages_processed", "Lines from clients applied to the machine, by command; unknown commands share one label.", "command")
	descSessions   = desc("irc_sessions", "Sessions, registered or not.")
	descSessionMax = desc("irc_session_limit", "Highest number of sessions; 0 is unlimited.")
	descChannels   = desc("irc_channels", "Channels.")
	descChannelMax = desc("irc_channel_limit", "Highest number of channels; 0 is unlimited.")

	descOutputs    = desc("robustirc_outputs_total", "Lines the machine put out, each counted once however many receive it.")
	descEntries    = desc("robustirc_applied_entries_total", "Raft entries applied: batches of inputs, and lists of members.")
	descBusy       = desc("robustirc_apply_seconds_total", "Time spent applying inputs.")
	descInput      = desc("robustirc_applied_input", "Number of the last input applied.")
	descDeaths     = desc("robustirc_messages_of_death_total", "Inputs that made the machine panic; their sessions were closed.")
	descMismatches = desc("robustirc_digest_mismatches_total", "Comparisons in which another node's state differed from this node's.")

	descSnapshots     = desc("robustirc_snapshots_total", "Snapshots written.")
	descSnapFailures  = desc("robustirc_snapshot_failures_total", "Snapshots that could not be written.")
	descRestores      = desc("robustirc_snapshot_restores_total", "Snapshots restored.")
	descSnapBytes     = desc("robustirc_snapshot_bytes", "Size of the last snapshot written.")
	descStateBytes    = desc("robustirc_state_bytes", "Size of the machine's state in the last snapshot, before compression.")
	descCaptureTime   = desc("robustirc_snapshot_capture_seconds", "How long applying stood still for the last snapshot.")
	descPersistTime   = desc("robustirc_snapshot_write_seconds", "How long writing the last snapshot took, beside applying.")
	descRestoreTime   = desc("robustirc_snapshot_restore_seconds", "How long restoring the last snapshot took.")
	descLogBytes      = desc("robustirc_log_bytes", "Size of the raft log's file.")
	descLogWritten    = desc("robustirc_log_written_bytes_total", "Bytes of entries written to the raft log.")
	descStorageFailed = desc("robustirc_storage_failed", "1 once the disk has failed or was found damaged: the node is stopping.")
	allReplicaMetrics = []*prometheus.Desc{
		descApplied, descCommands, descSessions, descSessionMax, descChannels, descChannelMax, descOutputs, descEntries,
		descBusy, descInput, descDeaths, descMismatches, descSnapshots, descSnapFailures, descRestores, descSnapBytes,
		descStateBytes, descCaptureTime, descPersistTime, descRestoreTime, descLogBytes, descLogWritten, descStorageFailed,
	}
)

// Describe implements prometheus.Collector.
func (r *replicaMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range allReplicaMetrics {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (r *replicaMetrics) Collect(ch chan<- prometheus.Metric) {
	r.collectCounts(ch)
	r.collectState(ch)
	r.collectSnapshots(ch)
	if r.stores != nil {
		r.collectDisk(ch)
	}
}

func gauge(ch chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func counter(ch chan<- prometheus.Metric, d *prometheus.Desc, v uint64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
}

func seconds(n *atomic.Int64) float64 { return time.Duration(n.Load()).Seconds() }

func (r *replicaMetrics) collectCounts(ch chan<- prometheus.Metric) {
	s := &r.f.stats
	for kind := range s.kinds {
		counter(ch, descApplied, s.kinds[kind].Load(), kindLabels[kind])
	}
	for name, n := range s.commands {
		counter(ch, descCommands, n.Load(), name)
	}
	counter(ch, descCommands, s.unknown.Load(), "unknown")
	counter(ch, descOutputs, s.outputs.Load())
	counter(ch, descEntries, s.entries.Load())
	ch <- prometheus.MustNewConstMetric(descBusy, prometheus.CounterValue, seconds(&s.busy))
	counter(ch, descDeaths, s.deaths.Load())
	counter(ch, descMismatches, s.digestMismatches.Load())
}

func (r *replicaMetrics) collectState(ch chan<- prometheus.Metric) {
	var sessions, channels int
	r.f.view(func(m *ircserver.Server) { sessions, channels = m.Counts() })
	cfg := r.f.networkConfig()
	gauge(ch, descSessions, float64(sessions))
	gauge(ch, descSessionMax, float64(cfg.MaxSessions))
	gauge(ch, descChannels, float64(channels))
	gauge(ch, descChannelMax, float64(cfg.MaxChannels))
	_, _, input := r.f.applied()
	gauge(ch, descInput, float64(input))
}

func (r *replicaMetrics) collectSnapshots(ch chan<- prometheus.Metric) {
	s := &r.f.stats
	counter(ch, descSnapshots, s.snapshots.Load())
	counter(ch, descSnapFailures, s.snapshotFailures.Load())
	counter(ch, descRestores, s.restores.Load())
	gauge(ch, descSnapBytes, float64(s.snapshotBytes.Load()))
	gauge(ch, descStateBytes, float64(s.stateBytes.Load()))
	gauge(ch, descCaptureTime, seconds(&s.captureTime))
	gauge(ch, descPersistTime, seconds(&s.persistTime))
	gauge(ch, descRestoreTime, seconds(&s.restoreTime))
}

func (r *replicaMetrics) collectDisk(ch chan<- prometheus.Metric) {
	gauge(ch, descLogBytes, float64(r.stores.logBytes()))
	counter(ch, descLogWritten, r.stores.entries.written.Load())
	failed := 0.0
	if r.stores.failure.err() != nil {
		failed = 1
	}
	gauge(ch, descStorageFailed, failed)
}
