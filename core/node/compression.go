package node

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// Compression says how stored data (log entries, snapshots) is compressed. What is stored names its own compression,
// so a data directory written with one setting opens with any other, and nodes of one network may differ.
type Compression byte

// The compressions. The numbers are part of the log and snapshot formats and never change.
const (
	CompressNone Compression = 1
	CompressZstd Compression = 2
)

// ParseCompression reads the flag's value: "none" or "zstd".
func ParseCompression(s string) (Compression, error) {
	switch s {
	case "none":
		return CompressNone, nil
	case "zstd":
		return CompressZstd, nil
	}
	return 0, fmt.Errorf("node: compression %q: want none or zstd", s)
}

// String is the flag's value.
func (c Compression) String() string {
	switch c {
	case CompressNone:
		return "none"
	case CompressZstd:
		return "zstd"
	}
	return fmt.Sprintf("unknown(%d)", byte(c))
}

// compressFrom is the size from which compression is tried: below it saves less than it costs.
const compressFrom = 512

// errCompression is returned for data whose compression this binary does not know.
var errCompression = errors.New("unknown compression (written by a newer version?)")

// Both are safe for concurrent use through EncodeAll and DecodeAll.
var (
	zstdEncoder, _ = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2), zstd.WithEncoderCRC(false))
	zstdDecoder, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(maxUnpacked))
)

// maxUnpacked bounds what a damaged or hostile record may unpack to, in bytes.
const maxUnpacked = 1 << 30

// pack appends data to dst, compressed when that is wanted and makes it smaller, and returns the compression used.
func pack(dst, data []byte, want Compression) ([]byte, Compression) {
	if want != CompressZstd || len(data) < compressFrom {
		return append(dst, data...), CompressNone
	}
	start := len(dst)
	dst = binary.AppendUvarint(dst, uint64(len(data)))
	dst = zstdEncoder.EncodeAll(data, dst)
	if len(dst)-start >= len(data) {
		return append(dst[:start], data...), CompressNone
	}
	return dst, CompressZstd
}

// unpack undoes pack. The result may share data's memory. It refuses to unpack more than limit bytes.
func unpack(data []byte, c Compression, limit int) ([]byte, error) {
	switch c {
	case CompressNone:
		if len(data) > limit {
			return nil, fmt.Errorf("%d bytes, more than the limit of %d", len(data), limit)
		}
		return data, nil
	case CompressZstd:
		size, n := binary.Uvarint(data)
		if n <= 0 || size > uint64(limit) {
			return nil, fmt.Errorf("unpacks to %d bytes, more than the limit of %d", size, limit)
		}
		return unzstd(data[n:], int(size))
	}
	return nil, errCompression
}

// unzstd decompresses a frame that must unpack to size bytes. What is allocated beforehand is bounded by what a frame
// of this length can plausibly hold, so that a lying header does not cost memory.
func unzstd(frame []byte, size int) ([]byte, error) {
	var h zstd.Header
	if err := h.Decode(frame); err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	if h.HasFCS && h.FrameContentSize != uint64(size) {
		return nil, fmt.Errorf("zstd: the frame holds %d bytes, want %d", h.FrameContentSize, size)
	}
	out, err := zstdDecoder.DecodeAll(frame, make([]byte, 0, min(size, 256*len(frame))))
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	if len(out) != size {
		return nil, fmt.Errorf("zstd: unpacked %d bytes, want %d", len(out), size)
	}
	return out, nil
}
