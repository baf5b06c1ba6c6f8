package node

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
)

// A failure is what all stores of a node share: the first error that says the disk cannot be trusted any more. From
// then on they refuse everything, so that nothing is acknowledged after it: an fsync that failed once may succeed when
// it is tried again although the data is lost.
type failure struct {
	first atomic.Pointer[error]
	// stop is called once, with the first error. It ends the process; in tests it may return.
	stop func(error)
	// closing is set before the stores are closed: errors are then no news.
	closing atomic.Bool
}

// fail records err and stops the node; it returns err.
func (f *failure) fail(err error) error {
	if !f.closing.Load() && f.first.CompareAndSwap(nil, &err) {
		f.stop(err)
	}
	return err
}

// err returns the first error, or nil.
func (f *failure) err() error {
	if e := f.first.Load(); e != nil {
		return *e
	}
	return nil
}

// crcStore is a raft.LogStore that appends a CRC-32C over index, term, type, data and extensions to every entry's
// extensions, and checks and removes it when the entry is read.
type crcStore struct {
	store   raft.LogStore
	file    string
	failure *failure
	written atomic.Uint64       // bytes of data stored since the start
	took    func(time.Duration) // told how long each write took, fsync included; may be nil
}

const crcLen = 4

func logCRC(l *raft.Log, extensions []byte) uint32 {
	var b [17]byte
	binary.LittleEndian.PutUint64(b[:], l.Index)
	binary.LittleEndian.PutUint64(b[8:], l.Term)
	b[16] = byte(l.Type)
	crc := crc32.Update(0, castagnoli, b[:])
	crc = crc32.Update(crc, castagnoli, l.Data)
	return crc32.Update(crc, castagnoli, extensions)
}

// FirstIndex implements raft.LogStore.
func (s *crcStore) FirstIndex() (i uint64, err error) {
	err = s.guard("reading the first index", func() (err error) { i, err = s.store.FirstIndex(); return err })
	return i, err
}

// LastIndex implements raft.LogStore.
func (s *crcStore) LastIndex() (i uint64, err error) {
	err = s.guard("reading the last index", func() (err error) { i, err = s.store.LastIndex(); return err })
	return i, err
}

// GetLog implements raft.LogStore. A damaged entry stops the node.
func (s *crcStore) GetLog(index uint64, l *raft.Log) error {
	if err := s.failure.err(); err != nil {
		return err
	}
	err := faultless(func() error { return s.get(index, l) })
	if err == nil || errors.Is(err, raft.ErrLogNotFound) {
		return err
	}
	*l = raft.Log{}
	return s.failure.fail(&CorruptError{File: s.file, Index: index, Err: err})
}

// get reads and checks one entry.
func (s *crcStore) get(index uint64, l *raft.Log) error {
	if err := s.store.GetLog(index, l); err != nil {
		return err
	}
	n := len(l.Extensions) - crcLen
	if n < 0 {
		return errors.New("it has no checksum")
	}
	ext := l.Extensions[:n]
	if l.Index != index {
		return fmt.Errorf("it says to be entry %d", l.Index)
	}
	if binary.LittleEndian.Uint32(l.Extensions[n:]) != logCRC(l, ext) {
		return errEntryCRC
	}
	l.Extensions = nil
	if n > 0 {
		l.Extensions = ext
	}
	return nil
}

// StoreLog implements raft.LogStore.
func (s *crcStore) StoreLog(l *raft.Log) error { return s.StoreLogs([]*raft.Log{l}) }

// StoreLogs implements raft.LogStore: the entries are on disk when it returns nil. An error stops the node.
func (s *crcStore) StoreLogs(logs []*raft.Log) error {
	stamped := make([]raft.Log, len(logs))
	refs := make([]*raft.Log, len(logs))
	size := 0
	for i, l := range logs {
		stamped[i], refs[i] = *l, &stamped[i]
		ext := append(make([]byte, 0, len(l.Extensions)+crcLen), l.Extensions...)
		stamped[i].Extensions = binary.LittleEndian.AppendUint32(ext, logCRC(l, ext))
		size += len(l.Data)
	}
	start := time.Now()
	err := s.guard("storing log entries", func() error { return s.store.StoreLogs(refs) })
	if s.took != nil {
		s.took(time.Since(start))
	}
	if err == nil {
		s.written.Add(uint64(size))
	}
	return err
}

// DeleteRange implements raft.LogStore. An error stops the node.
func (s *crcStore) DeleteRange(first, last uint64) error {
	return s.guard("deleting old log entries", func() error { return s.store.DeleteRange(first, last) })
}

// guard runs one operation of the store; when it fails, the node stops.
func (s *crcStore) guard(doing string, op func() error) error {
	return s.failure.guard(s.file, doing, op)
}

func (f *failure) guard(file, doing string, op func() error) error {
	if err := f.err(); err != nil {
		return err
	}
	if err := faultless(op); err != nil {
		return f.fail(fmt.Errorf("node: %s: %s: %w; nothing is acknowledged any more: check the disk, then start this node again", file, doing, err))
	}
	return nil
}

// faultless turns a panic of the store (which a damaged page can cause) into an error.
func faultless(op func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // a page that cannot be read panics instead of ending the process
	defer catchFault(&err)
	return op()
}

// catchFault, deferred, turns a panic into *err.
func catchFault(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("the store panicked: %v", r)
	}
}

// stableStore is a raft.StableStore (term and vote) whose values end with a CRC-32C over key and value.
type stableStore struct {
	store   raft.StableStore
	file    string
	failure *failure
}

func stableCRC(key, val []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, val)
}

// Set implements raft.StableStore. An error stops the node.
func (s *stableStore) Set(key, val []byte) error {
	b := append(make([]byte, 0, len(val)+crcLen), val...)
	b = binary.LittleEndian.AppendUint32(b, stableCRC(key, val))
	return s.failure.guard(s.file, "storing "+string(key), func() error { return s.store.Set(key, b) })
}

// Get implements raft.StableStore. For an unknown key the error's text is "not found", as raft wants it.
func (s *stableStore) Get(key []byte) ([]byte, error) {
	b, err := s.store.Get(key)
	if err != nil {
		return nil, err
	}
	n := len(b) - crcLen
	if n < 0 || binary.LittleEndian.Uint32(b[n:]) != stableCRC(key, b[:n]) {
		return nil, s.failure.fail(&CorruptError{File: s.file, Part: string(key), Err: errEntryCRC})
	}
	return b[:n:n], nil
}

// SetUint64 implements raft.StableStore.
func (s *stableStore) SetUint64(key []byte, val uint64) error {
	return s.Set(key, binary.BigEndian.AppendUint64(nil, val))
}

// GetUint64 implements raft.StableStore.
func (s *stableStore) GetUint64(key []byte) (uint64, error) {
	b, err := s.Get(key)
	if err != nil {
		return 0, err
	}
	if len(b) != 8 {
		return 0, s.failure.fail(&CorruptError{File: s.file, Part: string(key), Err: fmt.Errorf("%d bytes, want 8", len(b))})
	}
	return binary.BigEndian.Uint64(b), nil
}
