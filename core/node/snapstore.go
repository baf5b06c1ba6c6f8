package node

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/raft"
)

// snapshotStore is a raft.SnapshotStore: one file per snapshot,
//
//	8 bytes   fileMagic
//	section   raft's metadata (index, term, configuration) as JSON
//	rest      the snapshot itself: see snapshot.go
//
// raft.FileSnapshotStore is not used because nothing protects its metadata, and because a damaged snapshot makes raft
// fall back to an older one, or to none: the node would then have forgotten what it acknowledged, and still vote. Here
// a snapshot is read back and checked before it counts, and a damaged one stops the node.
type snapshotStore struct {
	dir     string
	retain  int
	logger  *slog.Logger
	failure *failure
}

const (
	fileMagic   = "RIRCSF01"
	snapSuffix  = ".snapshot"
	tmpSuffix   = ".tmp"
	maxMetaSize = 1 << 20
)

// openSnapshotStore opens a directory of snapshots and removes what an interrupted one left behind.
func openSnapshotStore(dir string, retain int, logger *slog.Logger, f *failure) (*snapshotStore, error) {
	s := &snapshotStore{dir: dir, retain: retain, logger: logger, failure: f}
	left, err := filepath.Glob(filepath.Join(dir, "*"+tmpSuffix))
	if err != nil {
		return nil, err
	}
	for _, path := range left {
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("node: removing an unfinished snapshot: %w", err)
		}
	}
	return s, nil
}

// Create implements raft.SnapshotStore.
func (s *snapshotStore) Create(version raft.SnapshotVersion, index, term uint64, conf raft.Configuration, confIndex uint64, _ raft.Transport) (raft.SnapshotSink, error) {
	meta := raft.SnapshotMeta{
		Version: version, Index: index, Term: term, Configuration: conf, ConfigurationIndex: confIndex,
		ID: fmt.Sprintf("%020d-%020d-%d", term, index, time.Now().UnixMilli()),
	}
	b, err := json.Marshal(&meta)
	if err != nil {
		return nil, fmt.Errorf("node: encoding a snapshot's metadata: %w", err)
	}
	path := s.path(meta.ID)
	f, err := os.OpenFile(path+tmpSuffix, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("node: creating a snapshot: %w", err)
	}
	k := &snapshotSink{store: s, id: meta.ID, path: path, file: f, w: bufio.NewWriterSize(f, 1<<16)}
	k.w.WriteString(fileMagic)
	k.w.Write(appendSection(nil, sectionMeta, b, CompressNone)) // an error comes again from Flush
	return k, nil
}

func (s *snapshotStore) path(id string) string { return filepath.Join(s.dir, id+snapSuffix) }

// List implements raft.SnapshotStore: the retained snapshots, newest first. A snapshot whose head is damaged is an
// error: to raft, less than what this node has acknowledged would look like all there is.
func (s *snapshotStore) List() ([]*raft.SnapshotMeta, error) {
	metas, err := s.all()
	return metas[:min(len(metas), s.retain)], err
}

func (s *snapshotStore) all() ([]*raft.SnapshotMeta, error) {
	paths, err := filepath.Glob(filepath.Join(s.dir, "*"+snapSuffix))
	if err != nil {
		return nil, err
	}
	var metas []*raft.SnapshotMeta
	for _, path := range paths {
		meta, body, err := openSnapshotFile(path)
		if err != nil {
			return nil, s.failure.fail(err)
		}
		body.Close()
		metas = append(metas, meta)
	}
	slices.SortFunc(metas, func(a, b *raft.SnapshotMeta) int {
		return -cmp.Or(cmp.Compare(a.Index, b.Index), cmp.Compare(a.Term, b.Term), strings.Compare(a.ID, b.ID))
	})
	return metas, nil
}

// Open implements raft.SnapshotStore. Everything is checked before anything is returned; a damaged snapshot stops the
// node.
func (s *snapshotStore) Open(id string) (*raft.SnapshotMeta, io.ReadCloser, error) {
	path := s.path(id)
	if err := verifySnapshotFile(path); err != nil {
		return nil, nil, s.failure.fail(err)
	}
	return openSnapshotFile(path)
}

// verifySnapshotFile reads a snapshot file to its end and checks every checksum.
func verifySnapshotFile(path string) error {
	_, body, err := openSnapshotFile(path)
	if err != nil {
		return err
	}
	defer body.Close()
	if err := verifySnapshot(body); err != nil {
		return inFile(path, err)
	}
	return nil
}

// inFile names the file in a CorruptError, and makes one of the other errors that reading a snapshot can give.
func inFile(path string, err error) error {
	var c *CorruptError
	if errors.As(err, &c) {
		return &CorruptError{File: path, Part: c.Part, Err: c.Err}
	}
	return &CorruptError{File: path, Err: err}
}

// openSnapshotFile reads a snapshot file's head and returns the rest.
func openSnapshotFile(path string) (*raft.SnapshotMeta, io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("node: opening a snapshot: %w", err)
	}
	meta, err := readSnapshotHead(f)
	if err != nil {
		f.Close()
		return nil, nil, inFile(path, err)
	}
	return meta, &bufferedFile{bufio.NewReaderSize(f, 1<<16), f}, nil
}

// readSnapshotHead reads the magic and the metadata, and leaves f at the beginning of the snapshot itself.
func readSnapshotHead(f *os.File) (*raft.SnapshotMeta, error) {
	magic := make([]byte, len(fileMagic))
	if _, err := io.ReadFull(f, magic); err != nil || string(magic) != fileMagic {
		return nil, &CorruptError{Part: "beginning of the file", Err: errors.New("this is no snapshot file of a version that this program knows")}
	}
	sec, err := readSection(f, maxMetaSize)
	if err != nil {
		return nil, err
	}
	var meta raft.SnapshotMeta
	if sec.kind != sectionMeta {
		err = fmt.Errorf("found a section %q", sec.kind)
	} else {
		err = json.Unmarshal(sec.data, &meta)
	}
	if err != nil {
		return nil, &CorruptError{Part: "metadata", Err: err}
	}
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	at, err := f.Seek(0, io.SeekCurrent)
	meta.Size = fi.Size() - at
	return &meta, err
}

// bufferedFile is a file that is read through a buffer.
type bufferedFile struct {
	*bufio.Reader
	file *os.File
}

// Close implements io.Closer.
func (b *bufferedFile) Close() error { return b.file.Close() }

// reap removes all but the retained snapshots.
func (s *snapshotStore) reap() error {
	metas, err := s.all()
	if err != nil {
		return err
	}
	for i := s.retain; i < len(metas); i++ {
		if err := os.Remove(s.path(metas[i].ID)); err != nil {
			return fmt.Errorf("node: removing an old snapshot: %w", err)
		}
	}
	return nil
}

// snapshotSink is a snapshot being written, by this node's machine or from the leader.
type snapshotSink struct {
	store  *snapshotStore
	id     string
	path   string
	file   *os.File
	w      *bufio.Writer
	closed bool

	unsynced int // bytes written since the last sync
}

// ID implements raft.SnapshotSink.
func (k *snapshotSink) ID() string { return k.id }

// syncEvery is how much of a snapshot is written before it is synced: the log's own syncs, on the same file system, have
// to wait for no more than that.
const syncEvery = 4 << 20

// Write implements io.Writer.
func (k *snapshotSink) Write(b []byte) (int, error) {
	n, err := k.w.Write(b)
	if k.unsynced += n; err == nil && k.unsynced >= syncEvery {
		k.unsynced = 0
		err = errors.Join(k.w.Flush(), k.file.Sync())
	}
	return n, err
}

// Cancel implements raft.SnapshotSink: it removes what was written.
func (k *snapshotSink) Cancel() error {
	if k.closed {
		return nil
	}
	k.closed = true
	return errors.Join(k.file.Close(), os.Remove(k.path+tmpSuffix))
}

// Close implements raft.SnapshotSink: the snapshot is on disk, read back and checked when it returns nil; otherwise
// it is gone.
func (k *snapshotSink) Close() error {
	if k.closed {
		return nil
	}
	k.closed = true
	if err := k.finish(); err != nil {
		os.Remove(k.path + tmpSuffix)
		k.store.logger.Error("a snapshot was not kept", "path", k.path, "error", err)
		return err
	}
	return k.store.reap()
}

func (k *snapshotSink) finish() error {
	if err := errors.Join(k.w.Flush(), k.file.Sync(), k.file.Close()); err != nil {
		return fmt.Errorf("node: writing a snapshot: %w", err)
	}
	if err := verifySnapshotFile(k.path + tmpSuffix); err != nil {
		return err
	}
	if err := os.Rename(k.path+tmpSuffix, k.path); err != nil {
		return fmt.Errorf("node: putting a snapshot in its place: %w", err)
	}
	return syncDir(k.store.dir)
}

// syncDir makes a rename in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("node: syncing a directory: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}
