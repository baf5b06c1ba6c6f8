package original

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/iterator"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/util"
)

// ErrInUse is returned when a node of the original has its data open.
var ErrInUse = errors.New("the directory is in use: stop this node of the original, or make a copy of its directory while it is stopped, and read that")

// store is raft's log of a node, open for reading. While it is open, the node cannot start.
type store struct {
	dir string
	db  *leveldb.DB
}

// openStore opens RAFTDIR/raftlog without ever changing it.
func openStore(raftDir string) (*store, error) {
	dir := filepath.Join(raftDir, "raftlog")
	// LevelDB would make a file that is missing, which a directory that is one has.
	for _, name := range []string{"CURRENT", "LOCK"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return nil, fmt.Errorf("%s holds no raft log of the original RobustIRC (give what its node has as -raftdir, copied with all files): %w", dir, err)
		}
	}
	db, err := leveldb.OpenFile(dir, &opt.Options{ReadOnly: true, ErrorIfMissing: true, Strict: opt.DefaultStrict, BlockCacheCapacity: opt.MiB, OpenFilesCacheCapacity: 64})
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EACCES) {
		return nil, fmt.Errorf("opening %s: %w (%w)", dir, ErrInUse, err)
	}
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", dir, err)
	}
	return &store{dir: dir, db: db}, nil
}

func (s *store) close() error { return s.db.Close() }

// bounds returns the indexes of the first and the last entry; both are zero when there is none.
func (s *store) bounds() (first, last uint64, err error) {
	it := s.from(0)
	defer it.Release()
	if it.First() {
		first = binary.BigEndian.Uint64(it.Key())
	}
	// Raft's indexes have no gaps, so this ends at once, unless keys of the stable store lie between.
	for ok := it.Last(); ok; ok = it.Prev() {
		if len(it.Key()) == 8 {
			last = binary.BigEndian.Uint64(it.Key())
			break
		}
	}
	return first, last, it.Error()
}

// from iterates over the keys from an index on, up to those of the stable store.
func (s *store) from(index uint64) iterator.Iterator {
	start := binary.BigEndian.AppendUint64(nil, index)
	return s.db.NewIterator(&util.Range{Start: start, Limit: []byte("stablestore-")}, &opt.ReadOptions{DontFillCache: true})
}

// each calls yield for each entry from an index on, in order. The entry's data is valid until yield returns.
func (s *store) each(index uint64, yield func(*entry) error) error {
	it := s.from(index)
	defer it.Release()
	for it.Next() {
		if len(it.Key()) != 8 {
			return fmt.Errorf("%s: %w: a key of %d bytes", s.dir, ErrFormat, len(it.Key()))
		}
		at := binary.BigEndian.Uint64(it.Key())
		if at != index && index > 0 {
			return fmt.Errorf("%s: entry %d follows entry %d: the log is damaged", s.dir, at, index-1)
		}
		e, err := decodeEntry(it.Value())
		if err != nil {
			return fmt.Errorf("%s: entry %d: %w", s.dir, at, err)
		}
		e.Index = at
		if err := yield(&e); err != nil {
			return err
		}
		index = at + 1
	}
	return it.Error()
}
