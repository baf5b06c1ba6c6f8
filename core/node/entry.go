package node

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"robustirc/core/ircserver"
)

// A raft entry of ours is
//
//	1 byte   Compression
//	4 bytes  CRC-32C of everything else, little endian
//	rest     the batch of inputs, packed
//
// The checksum is made by the leader that proposes the entry and checked by every node that applies it. The store has
// one of its own (logstore.go), which also covers raft's entries and the index.
const entryHeader = 5

// MaxEntryBytes bounds one raft entry's unpacked batch of inputs.
const MaxEntryBytes = 8 << 20

var errEntryCRC = errors.New("checksum mismatch")

// encodeEntry makes a raft entry's data out of a batch of inputs. It is for the proposer.
func encodeEntry(inputs []ircserver.Input, c Compression) ([]byte, error) {
	batch := ircserver.EncodeBatch(nil, inputs)
	if len(batch) > MaxEntryBytes {
		return nil, fmt.Errorf("node: a batch of %d inputs is %d bytes, more than the limit of %d", len(inputs), len(batch), MaxEntryBytes)
	}
	data := make([]byte, entryHeader, entryHeader+len(batch))
	data, c = pack(data, batch, c)
	data[0] = byte(c)
	binary.LittleEndian.PutUint32(data[1:], entryCRC(data))
	return data, nil
}

// decodeEntry undoes encodeEntry. The inputs' strings share one copy of the batch.
func decodeEntry(data []byte) ([]ircserver.Input, error) {
	if len(data) < entryHeader {
		return nil, fmt.Errorf("entry of %d bytes is too short", len(data))
	}
	if binary.LittleEndian.Uint32(data[1:]) != entryCRC(data) {
		return nil, errEntryCRC
	}
	batch, err := unpack(data[entryHeader:], Compression(data[0]), MaxEntryBytes)
	if err != nil {
		return nil, err
	}
	return ircserver.DecodeBatch(batch)
}

func entryCRC(data []byte) uint32 {
	return crc32.Update(crc32.Checksum(data[:1], castagnoli), castagnoli, data[entryHeader:])
}
