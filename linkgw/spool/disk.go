package spool

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"time"
)

// magic begins every segment. Its number is the version of the format.
const magic = "robustirc link spool 1\n"

// suffix is that of segments.
const suffix = ".spool"

// frameHeader is length of what follows the CRC, CRC-32C of that, then items, first and last time in nanoseconds.
const frameHeader = 4 + 4 + 4 + 8 + 8

// maxFrame is the most that a frame may say of its length.
const maxFrame = 16 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// disk is the segments of one process. Writing and reading may happen at once, each by one goroutine.
type disk struct {
	dir     string
	limit   int64 // of a segment
	seal    cipher.AEAD
	frames  uint64 // ever written; the nonce
	current *segment
	number  int
	buf     []byte
}

// segment is one file, which is removed when all that is in it has been read.
type segment struct {
	file *os.File
	size int64
	left chan int // capacity 1: how many need it: blocks that were not read, and the writer
}

// place is where a block is.
type place struct {
	segment *segment
	offset  int64
	length  int
	nonce   uint64
}

func newDisk(dir string, limit int64) (*disk, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("drawing a key: %w", err)
	}
	c, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	seal, err := cipher.NewGCM(c)
	if err != nil {
		return nil, err
	}
	return &disk{dir: dir, limit: limit, seal: seal}, nil
}

// write stores a block, in a new segment where the last is full.
func (d *disk) write(b *block) (*place, int64, error) {
	if d.current == nil || d.current.size >= d.limit {
		if err := d.roll(); err != nil {
			return nil, 0, err
		}
	}
	s := d.current
	d.frames++
	frame := d.frame(b, d.frames)
	if _, err := s.file.WriteAt(frame, s.size); err != nil {
		return nil, 0, fmt.Errorf("writing the spool: %w", err)
	}
	p := &place{segment: s, offset: s.size, length: len(frame), nonce: d.frames}
	s.size += int64(len(frame))
	s.left <- <-s.left + 1
	return p, int64(len(frame)), nil
}

// frame packs a block.
func (d *disk) frame(b *block, nonce uint64) []byte {
	f := append(d.buf[:0], make([]byte, frameHeader)...)
	binary.LittleEndian.PutUint32(f[8:], uint32(b.items))
	binary.LittleEndian.PutUint64(f[12:], uint64(b.first.UnixNano()))
	binary.LittleEndian.PutUint64(f[20:], uint64(b.latest.UnixNano()))
	f = d.seal.Seal(f, d.nonce(nonce), b.data, nil)
	binary.LittleEndian.PutUint32(f, uint32(len(f)-8))
	binary.LittleEndian.PutUint32(f[4:], crc32.Checksum(f[8:], castagnoli))
	d.buf = f
	return f
}

func (d *disk) nonce(n uint64) []byte {
	nonce := make([]byte, d.seal.NonceSize())
	binary.LittleEndian.PutUint64(nonce, n)
	return nonce
}

// roll begins another segment.
func (d *disk) roll() error {
	d.number++
	name := filepath.Join(d.dir, fmt.Sprintf("%d-%06d%s", os.Getpid(), d.number, suffix))
	file, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("a new segment of the spool: %w", err)
	}
	if _, err := file.WriteString(magic); err != nil {
		return errors.Join(fmt.Errorf("a new segment of the spool: %w", err), file.Close(), os.Remove(name))
	}
	old := d.current
	d.current = &segment{file: file, size: int64(len(magic)), left: make(chan int, 1)}
	d.current.left <- 1 // its writer
	if old != nil {
		return old.release()
	}
	return nil
}

// release counts one less who needs the segment, and removes it with the last.
func (s *segment) release() error {
	n := <-s.left - 1
	s.left <- n
	if n > 0 {
		return nil
	}
	return errors.Join(s.file.Close(), os.Remove(s.file.Name()))
}

// read takes a block back.
func (d *disk) read(b *block) (data []byte, err error) {
	p := b.at
	defer func() { err = errors.Join(err, p.segment.release()) }()
	f := make([]byte, p.length)
	if _, err := p.segment.file.ReadAt(f, p.offset); err != nil {
		return nil, fmt.Errorf("reading the spool: %w", err)
	}
	if int(binary.LittleEndian.Uint32(f)) != len(f)-8 || crc32.Checksum(f[8:], castagnoli) != binary.LittleEndian.Uint32(f[4:]) {
		return nil, fmt.Errorf("reading the spool: a frame of %s is damaged", p.segment.file.Name())
	}
	if data, err = d.seal.Open(nil, d.nonce(p.nonce), f[frameHeader:], nil); err != nil {
		return nil, fmt.Errorf("reading the spool: %w", err)
	}
	return data, nil
}

// remove closes and removes all segments of this process.
func (d *disk) remove() error {
	names, err := filepath.Glob(filepath.Join(d.dir, fmt.Sprintf("%d-*%s", os.Getpid(), suffix)))
	if d.current != nil {
		err = errors.Join(err, d.current.file.Close())
	}
	for _, name := range names {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

// sweep looks at the segments of earlier processes, and removes them.
func sweep(dir string) (Leftover, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*"+suffix))
	var sum Leftover
	for _, name := range names {
		data, readErr := os.ReadFile(name)
		if readErr != nil {
			err = errors.Join(err, readErr)
			continue
		}
		sum.merge(Survey(bytes.NewReader(data)))
		err = errors.Join(err, os.Remove(name))
	}
	return sum, err
}

func (l *Leftover) merge(o Leftover) {
	l.Damaged += o.Damaged
	if o.Items == 0 {
		return
	}
	if l.Items == 0 || o.First.Before(l.First) {
		l.First = o.First
	}
	if o.Last.After(l.Last) {
		l.Last = o.Last
	}
	l.Items += o.Items
}

// Survey reads how much a segment holds and of when, up to where it is torn or damaged. What it holds only the process
// that wrote it could read.
func Survey(r io.Reader) (sum Leftover) {
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(r, head); err != nil || string(head) != magic {
		return Leftover{Damaged: 1}
	}
	for {
		one, err := surveyFrame(r)
		if err == io.EOF {
			return sum
		}
		if err != nil {
			sum.Damaged = 1
			return sum
		}
		sum.merge(one)
	}
}

var errDamaged = errors.New("a damaged frame")

func surveyFrame(r io.Reader) (Leftover, error) {
	var lengths [8]byte
	if _, err := io.ReadFull(r, lengths[:]); err != nil {
		return Leftover{}, err
	}
	n := binary.LittleEndian.Uint32(lengths[:])
	if n < frameHeader-8 || n > maxFrame {
		return Leftover{}, errDamaged
	}
	var body bytes.Buffer // grows with what is really there
	if m, err := io.CopyN(&body, r, int64(n)); err != nil || m != int64(n) {
		return Leftover{}, errDamaged
	}
	b := body.Bytes()
	if crc32.Checksum(b, castagnoli) != binary.LittleEndian.Uint32(lengths[4:]) {
		return Leftover{}, errDamaged
	}
	at := func(i int) time.Time { return time.Unix(0, int64(binary.LittleEndian.Uint64(b[i:]))) }
	return Leftover{Items: int64(binary.LittleEndian.Uint32(b)), First: at(4), Last: at(12)}, nil
}
