package node_test

import (
	"fmt"
	"io"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"go.etcd.io/bbolt"

	"robustirc/core/node"
	"robustirc/core/node/nodetest"
)

// BenchmarkPost measures posts of one line through the leader, and at a follower, with one and with 1,000 sessions that
// post at once; BenchmarkRawRaft the same number of bare raft entries, one line each, on the same kind of store. What
// counts is their ratio in one run.
func BenchmarkPost(b *testing.B) {
	c := nodetest.Start(b, 3)
	leader, follower := c.Nodes[c.Leader()], c.Nodes[c.Follower()]
	for name, n := range map[string]*node.Node{"leader": leader, "follower": follower} {
		for _, sessions := range []int{1, 1000} {
			b.Run(fmt.Sprintf("%s/%d", name, sessions), func(b *testing.B) {
				benchPosts(b, n, sessions)
			})
		}
	}
}

func benchPosts(b *testing.B, n *node.Node, sessions int) {
	made := make(chan node.Created, sessions)
	for range sessions {
		s, err := n.Create(b.Context(), node.CreateRequest{Remote: "192.0.2.1"})
		if err != nil {
			b.Fatal(err)
		}
		made <- s
	}
	var id atomic.Uint64
	line := "PRIVMSG #nowhere :" + string(make([]byte, 80))
	parallel(b, sessions, func() error {
		s := <-made
		defer func() { made <- s }()
		return n.Post(b.Context(), s.Session, "192.0.2.1", []node.Line{{ID: id.Add(1), Text: line}})
	})
}

// parallel runs op b.N times, with so many goroutines at once.
func parallel(b *testing.B, goroutines int, op func() error) {
	b.ResetTimer()
	var left atomic.Int64
	left.Store(int64(b.N))
	errs := make(chan error, goroutines)
	start := time.Now()
	for range goroutines {
		go func() {
			for left.Add(-1) >= 0 {
				if err := op(); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range goroutines {
		if err := <-errs; err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "lines/s")
}

// noFSM is a state machine without a state.
type noFSM struct{}

func (noFSM) Apply(*raft.Log) any                 { return nil }
func (noFSM) Snapshot() (raft.FSMSnapshot, error) { return nil, fmt.Errorf("no state") }
func (noFSM) Restore(io.ReadCloser) error         { return nil }

func BenchmarkRawRaft(b *testing.B) {
	leader := rawCluster(b)
	data := make([]byte, 100)
	for _, proposers := range []int{1, 1000} {
		b.Run(fmt.Sprint(proposers), func(b *testing.B) {
			parallel(b, proposers, func() error { return leader.Apply(data, time.Minute).Error() })
		})
	}
}

// rawCluster starts three bare raft nodes over plain TCP, with the settings of ours, and returns the leader.
func rawCluster(b *testing.B) *raft.Raft {
	var nodes []*raft.Raft
	var c raft.Configuration
	for i := range 3 {
		trans, err := raft.NewTCPTransport("127.0.0.1:0", nil, 3, time.Second, io.Discard)
		if err != nil {
			b.Fatal(err)
		}
		store, err := raftboltdb.New(raftboltdb.Options{
			Path: filepath.Join(b.TempDir(), "log.db"), BoltOptions: &bbolt.Options{NoFreelistSync: true, FreelistType: bbolt.FreelistMapType},
		})
		if err != nil {
			b.Fatal(err)
		}
		cache, err := raft.NewLogCache(1024, store)
		if err != nil {
			b.Fatal(err)
		}
		conf := raft.DefaultConfig()
		conf.LocalID = raft.ServerID(fmt.Sprint(i))
		conf.MaxAppendEntries, conf.BatchApplyCh, conf.LogOutput = 512, true, io.Discard
		r, err := raft.NewRaft(conf, noFSM{}, cache, raft.NewInmemStore(), raft.NewDiscardSnapshotStore(), trans)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { r.Shutdown().Error(); trans.Close(); store.Close() })
		nodes = append(nodes, r)
		c.Servers = append(c.Servers, raft.Server{ID: conf.LocalID, Address: trans.LocalAddr()})
	}
	for _, r := range nodes {
		r.BootstrapCluster(c).Error()
	}
	for {
		for _, r := range nodes {
			if r.State() == raft.Leader && r.VerifyLeader().Error() == nil {
				return r
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
}
