package node

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// A node's data directory:
//
//	log.db          the raft log, see boltlog.go
//	stable.db       term and vote, in raft-boltdb; apart, so that an election does not wait for the log's transaction
//	snapshots/      one file per snapshot, see snapstore.go
//	OUT-OF-SERVICE  why the node has taken itself out of service; while it is there, the node does not start
const (
	logFile      = "log.db"
	stableFile   = "stable.db"
	snapshotDir  = "snapshots"
	outOfService = "OUT-OF-SERVICE"
)

const (
	// logCacheLen is how many of the newest entries (batches) are kept in memory for replication and apply.
	logCacheLen = 512
	// retainSnapshots is how many snapshots are kept.
	retainSnapshots = 2
	// boltMmap is the size of the memory map that bbolt starts with: address space, not memory. Growing it later would
	// make a write wait for all readers.
	boltMmap = 1 << 30
	// lockTimeout is how long opening waits for another process that has the directory open.
	lockTimeout = time.Second
)

// stores are what a node keeps on its disk.
type stores struct {
	log       *raft.LogCache
	stable    *stableStore
	snapshots *snapshotStore
	entries   *boltLog // below log

	failure *failure
	dir     string
	opened  []io.Closer
}

// openStores opens (or makes) the stores in dir. stop is called once, from any goroutine, when the disk cannot be
// trusted any more: it should log the error and end the process at once, because raft itself would go on or panic.
func openStores(dir string, logger *slog.Logger, stop func(error)) (*stores, error) {
	if err := os.MkdirAll(filepath.Join(dir, snapshotDir), 0o700); err != nil {
		return nil, fmt.Errorf("node: making the data directory: %w", err)
	}
	if err := checkInService(dir); err != nil {
		return nil, err
	}
	s := &stores{dir: dir, failure: &failure{stop: stop}}
	err := errors.Join(s.open(logger), syncDir(dir), syncDir(filepath.Dir(dir))) // files that were made must not vanish
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *stores) open(logger *slog.Logger) error {
	if s.exists(stableFile) && !s.exists(logFile) {
		return s.missing(logFile, stableFile)
	}
	err := s.openFile(logFile, func(path string, o *bbolt.Options) (err error) {
		s.entries, err = openBoltLog(path, o, s.failure)
		return keep(s, s.entries, err)
	})
	if err != nil {
		return err
	}
	if last, err := s.entries.LastIndex(); err != nil || last > 0 && !s.exists(stableFile) {
		return errors.Join(err, s.missing(stableFile, logFile))
	}
	err = s.openFile(stableFile, func(path string, o *bbolt.Options) error {
		b, err := raftboltdb.New(raftboltdb.Options{Path: path, BoltOptions: o})
		s.stable = &stableStore{store: b, file: path, failure: s.failure}
		return keep(s, b, err)
	})
	if err != nil {
		return err
	}
	if s.log, err = raft.NewLogCache(logCacheLen, s.entries); err != nil {
		return err
	}
	s.snapshots, err = openSnapshotStore(s.path(snapshotDir), retainSnapshots, logger, s.failure)
	return err
}

func (s *stores) exists(name string) bool {
	_, err := os.Stat(s.path(name))
	return err == nil
}

// missing is the error for a file that must have been there once: the log is made before term and vote, and these
// before anything is in the log.
func (s *stores) missing(name, other string) error {
	return &CorruptError{File: s.path(name), Err: fmt.Errorf("it is missing, although %s is there", other)}
}

// keep remembers what was opened, to close it.
func keep[C io.Closer](s *stores, c C, err error) error {
	if err == nil {
		s.opened = append(s.opened, c)
	}
	return err
}

// openFile opens one bbolt file and says what an error means. Every commit is two fsyncs; the free list is not part of
// it, it is found again when the file is opened.
func (s *stores) openFile(name string, open func(path string, o *bbolt.Options) error) error {
	path := s.path(name)
	err := faultless(func() error {
		return open(path, &bbolt.Options{
			Timeout: lockTimeout, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, InitialMmapSize: boltMmap,
		})
	})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("node: %s is in use: is another node running with this data directory?", path)
	case errors.Is(err, os.ErrPermission), errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("node: opening the store: %w", err)
	}
	return &CorruptError{File: path, Err: err}
}

func (s *stores) path(name string) string { return filepath.Join(s.dir, name) }

// logBytes is the size of the log's file.
func (s *stores) logBytes() int64 {
	fi, err := os.Stat(s.path(logFile))
	if err != nil {
		return 0
	}
	return fi.Size()
}

// Close closes the stores; raft must have been shut down.
func (s *stores) Close() error {
	s.failure.closing.Store(true)
	var errs []error
	for _, c := range s.opened {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// leaveService writes down why the node must not serve any more, so that it stays out of service when it is started
// again: its state is wrong, and with it perhaps its next snapshot.
func leaveService(dir, reason string) error {
	path := filepath.Join(dir, outOfService)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("node: writing down that it is out of service: %w", err)
	}
	_, err = fmt.Fprintln(f, reason)
	if err := errors.Join(err, f.Sync(), f.Close(), syncDir(dir)); err != nil {
		return fmt.Errorf("node: writing down that it is out of service: %w", err)
	}
	return nil
}

// checkInService returns why the node in dir has taken itself out of service.
func checkInService(dir string) error {
	path := filepath.Join(dir, outOfService)
	reason, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("node: looking whether it is out of service: %w", err)
	}
	return fmt.Errorf("%w: %s: %s: %s", ErrOutOfService, path, reason, repair)
}
