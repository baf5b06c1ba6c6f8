package trace

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/klauspost/compress/zstd"
)

// fileMagic begins every file; its last byte is the version of the format.
const fileMagic = "RBTRACE\x01"

// frameMagic begins every frame, so that a reader finds the next one after damage.
const frameMagic = "\xf5TF\x1a"

// frameHeaderLen is the size of a frame's header: magic, count of records, length of the records, length of the payload
// (four bytes each), Seq of the first record (eight), CRC-32C of the payload and of the header up to here (four each).
const frameHeaderLen = 32

// maxPayload is the most bytes that a frame's records take compressed: zstd adds little to what it cannot compress.
const maxPayload = maxFrame + maxFrame/64

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frameHeader is what stands before a frame's payload.
type frameHeader struct {
	count   uint32 // records
	raw     uint32 // bytes of the records
	payload uint32 // bytes of the records, compressed
	first   uint64 // Seq of the first record
	crc     uint32 // CRC-32C of the payload
}

func (h *frameHeader) append(b []byte) []byte {
	start := len(b)
	b = append(b, frameMagic...)
	b = binary.LittleEndian.AppendUint32(b, h.count)
	b = binary.LittleEndian.AppendUint32(b, h.raw)
	b = binary.LittleEndian.AppendUint32(b, h.payload)
	b = binary.LittleEndian.AppendUint64(b, h.first)
	b = binary.LittleEndian.AppendUint32(b, h.crc)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
}

// parseFrameHeader reads a header and reports whether it is one.
func parseFrameHeader(b []byte) (h frameHeader, ok bool) {
	if len(b) < frameHeaderLen || string(b[:4]) != frameMagic {
		return h, false
	}
	if crc32.Checksum(b[:28], castagnoli) != binary.LittleEndian.Uint32(b[28:]) {
		return h, false
	}
	h = frameHeader{
		count:   binary.LittleEndian.Uint32(b[4:]),
		raw:     binary.LittleEndian.Uint32(b[8:]),
		payload: binary.LittleEndian.Uint32(b[12:]),
		first:   binary.LittleEndian.Uint64(b[16:]),
		crc:     binary.LittleEndian.Uint32(b[24:]),
	}
	return h, h.raw <= maxFrame && h.payload <= maxPayload && h.count <= h.raw
}

// packer makes frames. It is not safe for concurrent use.
type packer struct {
	zstd    *zstd.Encoder
	payload []byte
}

func newPacker() (*packer, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithWindowSize(1<<20), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, fmt.Errorf("preparing compression: %w", err)
	}
	return &packer{zstd: enc}, nil
}

// append appends the frame of what e has collected.
func (p *packer) append(b []byte, e *encoder) []byte {
	p.payload = p.zstd.EncodeAll(e.body, p.payload[:0])
	h := frameHeader{
		count: uint32(e.count), raw: uint32(len(e.body)), payload: uint32(len(p.payload)), first: e.first,
		crc: crc32.Checksum(p.payload, castagnoli),
	}
	return append(h.append(b), p.payload...)
}

// unpacker reads the payloads of frames. It is not safe for concurrent use.
type unpacker struct {
	zstd *zstd.Decoder
	raw  []byte
}

func newUnpacker() (*unpacker, error) {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxFrame),
		zstd.WithDecoderMaxWindow(maxFrame), zstd.WithDecoderLowmem(true), zstd.IgnoreChecksum(false))
	if err != nil {
		return nil, fmt.Errorf("preparing decompression: %w", err)
	}
	return &unpacker{zstd: dec}, nil
}

// What is wrong with a payload.
var (
	errPayloadCRC  = errors.New("the checksum of a frame does not match")
	errPayloadZstd = errors.New("a frame cannot be decompressed")
)

// unpack returns the records of a frame.
func (u *unpacker) unpack(h frameHeader, payload []byte) (string, error) {
	if crc32.Checksum(payload, castagnoli) != h.crc {
		return "", errPayloadCRC
	}
	var err error
	if u.raw, err = u.zstd.DecodeAll(payload, u.raw[:0]); err != nil || len(u.raw) != int(h.raw) {
		return "", errPayloadZstd
	}
	return string(u.raw), nil
}
