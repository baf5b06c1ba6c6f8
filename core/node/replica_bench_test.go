package node

import (
	"fmt"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"robustirc/core/ircserver"
)

// crowd returns the entries of a network of so many registered sessions, ten to a channel.
func crowd(t testing.TB, first ircserver.InputID, sessions int) (batches [][]ircserver.Input, ids []ircserver.SessionID) {
	id := first
	var batch []ircserver.Input
	for i := range sessions {
		s := ircserver.SessionID(id)
		ids = append(ids, s)
		batch = append(batch,
			ircserver.Input{Kind: ircserver.KindCreate, Time: 1, Remote: fmt.Sprintf("192.0.%d.%d", i>>8&255, i&255), AuthHash: [32]byte{1, byte(i), byte(i >> 8)}},
			line(s, fmt.Sprintf("NICK user%d", i)), line(s, fmt.Sprintf("USER u%d 0 * :Real Name of %d", i, i)), line(s, fmt.Sprintf("JOIN #channel%d", i/10)))
		id += 4
		if len(batch) >= 256 {
			batches, batch = append(batches, batch), nil
		}
	}
	return append(batches, batch), ids
}

// chat is one message to a channel of ten.
func chat(ids []ircserver.SessionID, n int) ircserver.Input {
	i := n * 7919 % len(ids)
	in := line(ids[i], fmt.Sprintf("PRIVMSG #channel%d :message number %d, of about the length that people write", i/10, n))
	in.Time, in.ClientMsgID = int64(n)*int64(time.Millisecond), uint64(n)+1
	return in
}

// loaded returns a replica with so many sessions and retained outputs.
func loaded(b *testing.B, sessions, outputs int, c Compression) *fsm {
	f := newTestFSM(b, raft.NewInmemStore())
	f.compression = c
	f.initial.OutputBytes, f.initial.OutputWindow = 0, 0
	f.out.SetLimits(outputLimits(&f.initial))
	batches, ids := crowd(b, 1, sessions)
	index := uint64(0)
	apply := func(inputs []ircserver.Input) {
		data, err := encodeEntry(inputs, CompressNone)
		if err != nil {
			b.Fatal(err)
		}
		index++
		if _, ok := f.Apply(&raft.Log{Index: index, Term: 1, Type: raft.LogCommand, Data: data}).(appliedEntry); !ok {
			b.Fatal("not applied")
		}
	}
	for _, batch := range batches {
		apply(batch)
	}
	for n := 0; f.out.Tail().Len() < outputs; n += 4096 {
		var batch []ircserver.Input
		for i := range min(4096, outputs-f.out.Tail().Len()) {
			batch = append(batch, chat(ids, n+i))
		}
		apply(batch)
	}
	return f
}

// BenchmarkSnapshot takes, writes and restores a snapshot of 10,000 sessions and 1,000,000 retained outputs, each for
// nine recipients.
func BenchmarkSnapshot(b *testing.B) {
	for _, c := range []Compression{CompressNone, CompressZstd} {
		f := loaded(b, 10_000, 1_000_000, c)
		dir := b.TempDir()
		store, err := openSnapshotStore(dir, 2, quiet(), &failure{stop: func(err error) { b.Error(err) }})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.String(), func(b *testing.B) {
			var capture, write, read time.Duration
			var size int64
			for b.Loop() {
				start := time.Now()
				s, err := f.Snapshot()
				if err != nil {
					b.Fatal(err)
				}
				capture += time.Since(start)
				start = time.Now()
				sink, err := store.Create(1, f.at.index, 1, testConf, 1, nil)
				if err != nil {
					b.Fatal(err)
				}
				if err := s.Persist(sink); err != nil {
					b.Fatal(err)
				}
				write += time.Since(start)
				start = time.Now()
				meta, r, err := store.Open(sink.ID())
				if err != nil {
					b.Fatal(err)
				}
				size = meta.Size
				g := newTestFSM(b, f.logs)
				if err := g.Restore(r); err != nil {
					b.Fatal(err)
				}
				r.Close()
				read += time.Since(start)
			}
			report := func(d time.Duration, unit string) { b.ReportMetric(d.Seconds()*1000/float64(b.N), unit) }
			report(capture, "ms-stall")
			report(write, "ms-write")
			report(read, "ms-restore")
			b.ReportMetric(float64(size)/1e6, "MB")
			b.ReportMetric(float64(f.stats.stateBytes.Load())/1e6, "MB-state")
		})
	}
}

// BenchmarkRestart starts raft on a data directory with a log of 1,000,000 messages of 1,000 sessions, in entries of so
// many, and waits until all are applied.
func BenchmarkRestart(b *testing.B) {
	for _, perEntry := range []int{1, 256} {
		b.Run(fmt.Sprintf("log/%d-per-entry", perEntry), func(b *testing.B) {
			dir := b.TempDir()
			fillLog(b, dir, 1_000_000, perEntry)
			for b.Loop() {
				restart(b, dir, 1_000_000)
			}
		})
	}
	b.Run("snapshot", func(b *testing.B) {
		dir := b.TempDir()
		fillLog(b, dir, 1_000_000, 256)
		snapshotAll(b, dir, 1_000_000)
		for b.Loop() {
			restart(b, dir, 1_000_000)
		}
	})
}

// fillLog writes the log of a network of one node.
func fillLog(b *testing.B, dir string, messages, perEntry int) {
	disk, err := openStores(dir, quiet(), func(err error) { b.Error(err) })
	if err != nil {
		b.Fatal(err)
	}
	defer disk.Close()
	_, trans := raft.NewInmemTransport("a")
	conf := raft.Configuration{Servers: []raft.Server{{ID: "a", Address: "a"}}}
	if err := raft.BootstrapCluster(testRaftConfig("a"), disk.log, disk.stable, disk.snapshots, trans, conf); err != nil {
		b.Fatal(err)
	}
	batches, ids := crowd(b, 2, 1000)
	for n := 0; n < messages; n += perEntry {
		var batch []ircserver.Input
		for i := range perEntry {
			batch = append(batch, chat(ids, n+i))
		}
		batches = append(batches, batch)
	}
	var logs []*raft.Log
	for i, batch := range batches {
		data, err := encodeEntry(batch, CompressNone)
		if err != nil {
			b.Fatal(err)
		}
		logs = append(logs, &raft.Log{Index: uint64(i) + 2, Term: 1, Type: raft.LogCommand, Data: data, AppendedAt: time.Now()})
		if len(logs) == 4096 || i == len(batches)-1 {
			if err := disk.log.StoreLogs(logs); err != nil {
				b.Fatal(err)
			}
			logs = logs[:0:0]
		}
	}
}

// running starts a node's raft on dir and waits until it has applied so many inputs.
func running(b *testing.B, dir string, inputs int, then func(*raft.Raft, *fsm)) {
	disk, err := openStores(dir, quiet(), func(err error) { b.Error(err) })
	if err != nil {
		b.Fatal(err)
	}
	defer disk.Close()
	f := newFSM(fsmConfig{Logs: disk.log, Initial: ircserver.DefaultConfig(), Logger: quiet(), Compression: CompressNone, Stop: func(err error) { b.Error(err) }})
	_, trans := raft.NewInmemTransport("a")
	conf := testRaftConfig("a")
	conf.MaxAppendEntries = 512
	r, err := openRaft(conf, f, disk, trans)
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := r.Shutdown().Error(); err != nil {
			b.Error(err)
		}
	}()
	eventually(b, "the log is applied", func() bool { _, _, n := f.applied(); return int(n) >= inputs })
	if then != nil {
		then(r, f)
	}
}

func restart(b *testing.B, dir string, inputs int) { running(b, dir, inputs, nil) }

func snapshotAll(b *testing.B, dir string, inputs int) {
	running(b, dir, inputs, func(r *raft.Raft, _ *fsm) {
		if err := r.Snapshot().Error(); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkApply is the whole replica: decode, machine, output stream.
func BenchmarkApply(b *testing.B) {
	for _, sessions := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprintf("%d-sessions", sessions), func(b *testing.B) {
			f := newTestFSM(b, raft.NewInmemStore())
			batches, ids := crowd(b, 1, sessions)
			for i, batch := range batches {
				data, _ := encodeEntry(batch, CompressNone)
				f.Apply(&raft.Log{Index: uint64(i + 1), Type: raft.LogCommand, Data: data})
			}
			var batch []ircserver.Input
			for i := range 256 {
				batch = append(batch, chat(ids[:100], i))
			}
			index := uint64(len(batches))
			b.ReportAllocs()
			for b.Loop() {
				for i := range batch {
					batch[i].ClientMsgID += 1000
				}
				data, err := encodeEntry(batch, CompressNone)
				if err != nil {
					b.Fatal(err)
				}
				index++
				f.Apply(&raft.Log{Index: index, Type: raft.LogCommand, Data: data})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(batch)), "ns/msg")
		})
	}
}

// BenchmarkMessageOfDeath is how long one stops a network of so many sessions.
func BenchmarkMessageOfDeath(b *testing.B) {
	for _, sessions := range []int{1000, 10_000} {
		b.Run(fmt.Sprintf("%d-sessions", sessions), func(b *testing.B) {
			logs := raft.NewInmemStore()
			f := newTestFSM(b, logs)
			index := uint64(0)
			apply := func(inputs ...ircserver.Input) {
				data, err := encodeEntry(inputs, CompressNone)
				if err != nil {
					b.Fatal(err)
				}
				index++
				l := &raft.Log{Index: index, Term: 1, Type: raft.LogCommand, Data: data}
				if err := logs.StoreLog(l); err != nil {
					b.Fatal(err)
				}
				f.Apply(l)
			}
			batches, _ := crowd(b, 1, sessions)
			for _, batch := range batches {
				apply(batch...)
			}
			if _, err := f.Snapshot(); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				b.StopTimer()
				victim := ircserver.SessionID(f.machine.Inputs() + 1)
				apply(register(victim, "victim")...)
				b.StartTimer()
				apply(line(victim, "PANIC"))
			}
			if got := f.stats.deaths.Load(); got != uint64(b.N) {
				b.Errorf("%d died, want %d", got, b.N)
			}
		})
	}
}
