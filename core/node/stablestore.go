package node

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/hashicorp/raft"
)

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
