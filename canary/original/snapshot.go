package original

import (
	"bufio"
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxSnapshotEntry bounds one entry of a snapshot, in bytes: the state is the largest. maxMeta bounds meta.json.
const (
	maxSnapshotEntry = 256 << 20
	maxMeta          = 1 << 20
)

// snapshotMeta is what is read of hashicorp/raft's meta.json.
type snapshotMeta struct {
	Index, Term uint64
	CRC         []byte
	dir         string
}

// newestSnapshot finds the newest whole snapshot of a node; nil when there is none.
func newestSnapshot(raftDir string) (*snapshotMeta, error) {
	dirs, err := filepath.Glob(filepath.Join(raftDir, "snapshots", "*", "meta.json"))
	if err != nil {
		return nil, err
	}
	var newest *snapshotMeta
	for _, path := range dirs {
		if strings.HasSuffix(filepath.Dir(path), ".tmp") {
			continue // raft was stopped while it wrote it
		}
		m, err := readMeta(path)
		if err != nil {
			return nil, err
		}
		if newest == nil || cmp.Or(cmp.Compare(m.Term, newest.Term), cmp.Compare(m.Index, newest.Index)) > 0 {
			newest = m
		}
	}
	return newest, nil
}

func readMeta(path string) (*snapshotMeta, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxMeta))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	m := &snapshotMeta{dir: filepath.Dir(path)}
	if err := json.Unmarshal(b, m); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, ErrFormat, err)
	}
	return m, nil
}

// each checks a snapshot and calls yield for each of its entries, in order; the state is not one of them but returned
// before, nil when there is none.
func (m *snapshotMeta) each(begin func(*serverState) error, yield func(*entry) error) error {
	f, err := os.Open(filepath.Join(m.dir, "state.bin"))
	if err != nil {
		return err
	}
	defer f.Close()
	sum := crc64.New(crc64.MakeTable(crc64.ECMA))
	if _, err := io.Copy(sum, f); err != nil {
		return fmt.Errorf("reading %s: %w", f.Name(), err)
	}
	if len(m.CRC) > 0 && string(sum.Sum(nil)) != string(m.CRC) {
		return fmt.Errorf("%s: the checksum is not that of meta.json: the snapshot is damaged; remove its directory from the copy to use an older one", f.Name())
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := readSnapshot(f, begin, yield); err != nil {
		return fmt.Errorf("%s: %w", f.Name(), err)
	}
	return nil
}

// readSnapshot reads a snapshot in either encoding.
func readSnapshot(r io.Reader, begin func(*serverState) error, yield func(*entry) error) error {
	br := bufio.NewReaderSize(r, 64<<10)
	first, err := br.Peek(1)
	if err != nil {
		return fmt.Errorf("%w: an empty snapshot", ErrFormat)
	}
	next := jsonEntries(br)
	if first[0] == protobufMark {
		br.Discard(1) // was peeked
		next = framedEntries(br)
	}
	s, held, err := readState(next)
	if err != nil {
		return err
	}
	if err := begin(s); err != nil {
		return err
	}
	for e := held; ; {
		if e != nil {
			if err := yield(e); err != nil {
				return err
			}
		}
		if e, err = next(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// readState reads the state that a snapshot begins with. held is the first entry when that is none.
func readState(next func() (*entry, error)) (s *serverState, held *entry, err error) {
	e, err := next()
	if err == io.EOF {
		return nil, nil, fmt.Errorf("%w: a snapshot without entries", ErrFormat)
	}
	if err != nil {
		return nil, nil, err
	}
	m, err := decodeMessage(e.Data)
	if err != nil {
		return nil, nil, err
	}
	if m.Type != state {
		return nil, e, nil
	}
	b, err := base64.StdEncoding.DecodeString(m.Data)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: the state: %w", ErrFormat, err)
	}
	s, err = decodeState(b)
	return s, nil, err
}

// framedEntries reads entries that have their length in front.
func framedEntries(r io.Reader) func() (*entry, error) {
	return func() (*entry, error) {
		var head [8]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			if err == io.ErrUnexpectedEOF {
				err = fmt.Errorf("%w: a snapshot that was cut off", ErrFormat)
			}
			return nil, err
		}
		b, err := readSized(r, binary.BigEndian.Uint64(head[:]))
		if err != nil {
			return nil, err
		}
		e, err := decodeEntry(b)
		return &e, err
	}
}

// readSized takes memory as bytes arrive.
func readSized(r io.Reader, n uint64) ([]byte, error) {
	if n > maxSnapshotEntry {
		return nil, fmt.Errorf("%w: an entry of %d bytes", ErrFormat, n)
	}
	var b []byte
	for uint64(len(b)) < n {
		at := len(b)
		b = slices.Grow(b, int(min(n-uint64(at), 1<<20)))
		b = b[:min(uint64(cap(b)), n)]
		if _, err := io.ReadFull(r, b[at:]); err != nil {
			return nil, fmt.Errorf("%w: a snapshot that was cut off", ErrFormat)
		}
	}
	return b, nil
}

// jsonEntries reads entries that are JSON values one behind the other.
func jsonEntries(r io.Reader) func() (*entry, error) {
	limited := &io.LimitedReader{R: r, N: maxSnapshotEntry}
	d := json.NewDecoder(limited)
	return func() (*entry, error) {
		limited.N = maxSnapshotEntry // for each entry
		e := &entry{}
		err := d.Decode(e)
		if errors.Is(err, io.EOF) && limited.N > 0 {
			return nil, io.EOF
		}
		if err != nil {
			return nil, fmt.Errorf("%w: an entry of a snapshot in JSON: %w", ErrFormat, err)
		}
		return e, nil
	}
}
