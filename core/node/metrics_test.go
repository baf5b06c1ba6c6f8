package node

import (
	"strings"
	"testing"

	"github.com/hashicorp/raft"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"robustirc/core/ircserver"
)

func TestReplicaMetrics(t *testing.T) {
	g := newTraffic(t, 40)
	f := newTestFSM(t, g.store)
	f.ApplyBatch([]*raft.Log{threeSessions(g), g.batch(line(1, "privmsg #a :x"), line(1, "FROBNICATE x"), line(1, ":a"), line(5, "PANIC"), ircserver.Input{Kind: ircserver.KindTick})})
	snapshotOf(t, f)
	m := &replicaMetrics{f: f, stores: openTestStores(t, t.TempDir(), failOnStop(t))}
	if problems, err := testutil.CollectAndLint(m, "robustirc_outputs_total", "robustirc_snapshot_write_seconds", "robustirc_log_written_bytes_total"); err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(m)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, fam := range families {
		for _, v := range fam.GetMetric() {
			name := fam.GetName()
			for _, l := range v.GetLabel() {
				name += "{" + l.GetName() + "=" + l.GetValue() + "}"
			}
			got[name] = v.GetGauge().GetValue() + v.GetCounter().GetValue()
		}
	}
	for name, want := range map[string]float64{
		"irc_sessions": 2, "irc_channels": 1, "irc_session_limit": 0, "irc_channel_limit": 0,
		"applied_messages{type=create_session}": 3, "applied_messages{type=irc_from_client}": 13, "applied_messages{type=tick}": 1,
		"applied_messages{type=message_of_death}": 1, "irc_messages_processed{command=PRIVMSG}": 1, "irc_messages_processed{command=JOIN}": 3,
		"irc_messages_processed{command=unknown}": 2, "robustirc_messages_of_death_total": 1, "robustirc_applied_entries_total": 2,
		"robustirc_applied_input": 17, "robustirc_snapshots_total": 1, "robustirc_storage_failed": 0,
	} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s is %v, want %v", name, v, want)
		}
	}
	if got["robustirc_snapshot_bytes"] == 0 || got["robustirc_log_bytes"] == 0 || got["robustirc_outputs_total"] == 0 {
		t.Errorf("sizes are missing: %v", got)
	}
	for name := range got { // FROBNICATE and the like must not make labels
		if strings.Contains(name, "FROB") {
			t.Errorf("%s is not bounded", name)
		}
	}
}
