package node

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"robustirc/core/ircserver"
)

func sampleInputs() []ircserver.Input {
	inputs := register(1, "alice")
	inputs[0].AuthHash, inputs[0].TLS, inputs[0].Cookie = [32]byte{1, 2}, true, "cookie"
	last := line(1, "PRIVMSG #a :"+strings.Repeat("many words ", 60))
	last.ClientMsgID, last.Granted = 1<<63, "services"
	return append(inputs, last)
}

func TestEntries(t *testing.T) {
	for _, c := range []Compression{CompressNone, CompressZstd} {
		data, err := encodeEntry(sampleInputs(), c)
		if err != nil {
			t.Fatal(err)
		}
		if Compression(data[0]) != c {
			t.Errorf("%v: it says %v", c, Compression(data[0]))
		}
		if got, err := decodeEntry(data); err != nil || !reflect.DeepEqual(got, sampleInputs()) {
			t.Errorf("%v: got %+v, %v", c, got, err)
		}
		for bit := range 8 * len(data) {
			bad := bytes.Clone(data)
			bad[bit/8] ^= 1 << (bit % 8)
			if _, err := decodeEntry(bad); !errors.Is(err, errEntryCRC) {
				t.Errorf("%v: bit %d: %v", c, bit, err)
			}
		}
		for n := range data {
			if _, err := decodeEntry(data[:n]); err == nil {
				t.Errorf("%v: cut to %d bytes: not noticed", c, n)
			}
		}
	}
	short, err := encodeEntry(sampleInputs()[:1], CompressZstd)
	if err != nil || Compression(short[0]) != CompressNone {
		t.Errorf("a short entry was compressed: %v, %v", Compression(short[0]), err)
	}
}

func TestEntriesAreBounded(t *testing.T) {
	huge := line(1, strings.Repeat("x", MaxEntryBytes))
	if _, err := encodeEntry([]ircserver.Input{huge}, CompressNone); err == nil {
		t.Error("an entry over the limit was encoded")
	}
	bomb, _ := pack([]byte{byte(CompressZstd), 0, 0, 0, 0}, make([]byte, MaxEntryBytes+1), CompressZstd)
	copy(bomb[1:], le32(entryCRC(bomb)))
	if _, err := decodeEntry(bomb); err == nil || !strings.Contains(err.Error(), "limit") {
		t.Errorf("a bomb of %d bytes: %v", len(bomb), err)
	}
}

func TestParseCompression(t *testing.T) {
	for _, c := range []Compression{CompressNone, CompressZstd} {
		if got, err := ParseCompression(c.String()); got != c || err != nil {
			t.Errorf("%v: %v, %v", c, got, err)
		}
	}
	if _, err := ParseCompression("gzip"); err == nil {
		t.Error("gzip was accepted")
	}
}

// FuzzDecodeEntry fuzzes what is behind a right checksum.
func FuzzDecodeEntry(f *testing.F) {
	for _, c := range []Compression{CompressNone, CompressZstd} {
		data, err := encodeEntry(sampleInputs(), c)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data[0], data[entryHeader:])
	}
	f.Fuzz(func(t *testing.T, c byte, rest []byte) {
		data := append([]byte{c, 0, 0, 0, 0}, rest...)
		copy(data[1:], le32(entryCRC(data)))
		inputs, err := decodeEntry(data)
		if err != nil {
			return
		}
		again, err := encodeEntry(inputs, CompressNone)
		if err != nil {
			t.Fatal(err)
		}
		if same, err := decodeEntry(again); err != nil || !reflect.DeepEqual(same, inputs) {
			t.Errorf("encoded again it is another: %v", err)
		}
	})
}

// FuzzDecodeLog fuzzes what is behind a right checksum.
func FuzzDecodeLog(f *testing.F) {
	l := testLogs(7, 7)[0]
	l.Extensions = []byte("ext")
	f.Add(encodeLog(logKey(7), l)[crcLen:])
	f.Fuzz(func(t *testing.T, rest []byte) {
		key := logKey(7)
		value := append(make([]byte, crcLen), rest...)
		copy(value, le32(logCRC(key, value)))
		l, err := decodeLog(key, value)
		if err != nil {
			return
		}
		again, err := decodeLog(key, encodeLog(key, &l))
		if err != nil || !sameLog(&l, &again) {
			t.Errorf("encoded again it is another: %v", err)
		}
	})
}
