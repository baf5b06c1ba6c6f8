package node

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
	"go.etcd.io/bbolt"
)

// boltLog is a raft.LogStore in bbolt: one bucket, one entry per key (the index, big endian), and as value
//
//	4 bytes   CRC-32C of the key and the rest, little endian
//	1 byte    type
//	uvarint   term
//	varint    when it was appended, in nanoseconds since 1970; 0 is not known
//	uvarint   length of the extensions, then the extensions
//	rest      data
//
// raft-boltdb, which keeps the term and the vote (stable.db), encodes entries by reflection and reads each in a
// transaction of its own: 4 us, which raft pays twice per entry at every start and for every entry a follower missed.
// Here a reader that goes through the log in order gets readAhead entries out of one transaction.
//
// StoreLogs returns when the entries are on disk. Any error, and any entry whose checksum is wrong, stops the node.
type boltLog struct {
	db *bbolt.DB
	// update is db.Update, a transaction that is on disk when it returns nil; tests put something worse in its place.
	update  func(func(*bbolt.Tx) error) error
	file    string
	failure *failure
	written atomic.Uint64       // bytes of data stored since the start
	took    func(time.Duration) // told how long each write took, fsync included; may be nil

	mu    sync.Mutex
	ahead []raft.Log // consecutive entries that were read ahead
	last  uint64     // the index read last
}

const (
	crcLen = 4
	// readAhead is how many entries are read at once by who goes through the log.
	readAhead = 256
	// readAheadBytes bounds their size.
	readAheadBytes = 1 << 20
)

var logBucket = []byte("entries")

// openBoltLog opens or makes the log.
func openBoltLog(path string, o *bbolt.Options, f *failure) (*boltLog, error) {
	db, err := bbolt.Open(path, 0o600, o)
	if err != nil {
		return nil, err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(logBucket)
		return err
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &boltLog{db: db, update: db.Update, file: path, failure: f}, nil
}

// Close closes the file.
func (s *boltLog) Close() error { return s.db.Close() }

func logKey(index uint64) []byte { return binary.BigEndian.AppendUint64(nil, index) }

// FirstIndex implements raft.LogStore.
func (s *boltLog) FirstIndex() (uint64, error) {
	return s.edge("reading the first index", (*bbolt.Cursor).First)
}

// LastIndex implements raft.LogStore.
func (s *boltLog) LastIndex() (uint64, error) {
	return s.edge("reading the last index", (*bbolt.Cursor).Last)
}

func (s *boltLog) edge(doing string, move func(*bbolt.Cursor) (key, value []byte)) (index uint64, err error) {
	err = s.failure.guard(s.file, doing, func() error {
		return s.db.View(func(tx *bbolt.Tx) error {
			if key, _ := move(tx.Bucket(logBucket).Cursor()); len(key) == 8 {
				index = binary.BigEndian.Uint64(key)
			}
			return nil
		})
	})
	return index, err
}

// GetLog implements raft.LogStore.
func (s *boltLog) GetLog(index uint64, l *raft.Log) error {
	*l = raft.Log{}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.failure.err(); err != nil {
		return err
	}
	if !s.inAhead(index) {
		n := 1
		if index == s.last+1 {
			n = readAhead
		}
		if err := s.fetch(index, n); err != nil {
			return err
		}
	}
	*l = s.ahead[index-s.ahead[0].Index]
	s.last = index
	return nil
}

func (s *boltLog) inAhead(index uint64) bool {
	return len(s.ahead) > 0 && index >= s.ahead[0].Index && index-s.ahead[0].Index < uint64(len(s.ahead))
}

// fetch reads n entries, or as many as there are, from index on.
func (s *boltLog) fetch(index uint64, n int) error {
	s.ahead = nil
	bad := index
	err := faultless(func() error {
		return s.db.View(func(tx *bbolt.Tx) error {
			c := tx.Bucket(logBucket).Cursor()
			size := 0
			for key, value := c.Seek(logKey(index)); n > 0 && size < readAheadBytes; key, value = c.Next() {
				if len(key) != 8 || binary.BigEndian.Uint64(key) != bad {
					return nil // the end, or a gap
				}
				l, err := decodeLog(key, value)
				if err != nil {
					return err
				}
				s.ahead = append(s.ahead, l)
				size += len(value)
				bad++
				n--
			}
			return nil
		})
	})
	switch {
	case len(s.ahead) > 0: // a damaged entry further on is reported when it is asked for
		return nil
	case err != nil:
		return s.failure.fail(&CorruptError{File: s.file, Index: bad, Err: err})
	}
	return raft.ErrLogNotFound
}

// StoreLog implements raft.LogStore.
func (s *boltLog) StoreLog(l *raft.Log) error { return s.StoreLogs([]*raft.Log{l}) }

// StoreLogs implements raft.LogStore.
func (s *boltLog) StoreLogs(logs []*raft.Log) error {
	size, start := 0, time.Now()
	err := s.change("storing log entries", func(b *bbolt.Bucket) error {
		b.FillPercent = 0.9 // entries come in order, so no page is written to again
		for _, l := range logs {
			key := logKey(l.Index)
			if err := b.Put(key, encodeLog(key, l)); err != nil {
				return fmt.Errorf("entry %d: %w", l.Index, err)
			}
			size += len(l.Data)
		}
		return nil
	})
	if s.took != nil {
		s.took(time.Since(start))
	}
	if err == nil {
		s.written.Add(uint64(size))
	}
	return err
}

// DeleteRange implements raft.LogStore.
func (s *boltLog) DeleteRange(first, last uint64) error {
	return s.change("deleting log entries", func(b *bbolt.Bucket) error {
		c := b.Cursor()
		for key, _ := c.Seek(logKey(first)); len(key) == 8 && binary.BigEndian.Uint64(key) <= last; key, _ = c.Next() {
			if err := c.Delete(); err != nil {
				return err
			}
		}
		return nil
	})
}

// change runs one transaction and drops what was read ahead, which may be from before it.
func (s *boltLog) change(doing string, change func(*bbolt.Bucket) error) error {
	err := s.failure.guard(s.file, doing, func() error {
		return s.update(func(tx *bbolt.Tx) error { return change(tx.Bucket(logBucket)) })
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead, s.last = nil, 0
	return err
}

// encodeLog makes the value of an entry.
func encodeLog(key []byte, l *raft.Log) []byte {
	b := make([]byte, crcLen, crcLen+1+3*binary.MaxVarintLen64+len(l.Extensions)+len(l.Data))
	b = append(b, byte(l.Type))
	b = binary.AppendUvarint(b, l.Term)
	var at int64
	if !l.AppendedAt.IsZero() {
		at = l.AppendedAt.UnixNano()
	}
	b = binary.AppendVarint(b, at)
	b = binary.AppendUvarint(b, uint64(len(l.Extensions)))
	b = append(b, l.Extensions...)
	b = append(b, l.Data...)
	binary.LittleEndian.PutUint32(b, logCRC(key, b))
	return b
}

func logCRC(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value[crcLen:])
}

var errLogEntry = errors.New("it is not what was written there")

// decodeLog undoes encodeLog. The entry does not share memory with the transaction.
func decodeLog(key, value []byte) (l raft.Log, err error) {
	if len(value) <= crcLen || binary.LittleEndian.Uint32(value) != logCRC(key, value) {
		return l, errEntryCRC
	}
	b := append([]byte(nil), value[crcLen:]...)
	l.Index, l.Type = binary.BigEndian.Uint64(key), raft.LogType(b[0])
	u := uvarints{b: b[1:]}
	l.Term = u.next()
	if at := u.varint(); at != 0 {
		l.AppendedAt = time.Unix(0, at)
	}
	n := u.next()
	if u.bad || n > uint64(len(u.b)) {
		return raft.Log{}, errLogEntry
	}
	if n > 0 {
		l.Extensions = u.b[:n:n]
	}
	l.Data = u.b[n:]
	return l, nil
}
