package original

import (
	"bytes"
	"encoding/base64"
	"io"
	"strings"
	"testing"

	"robustirc/core/ircserver"
	"robustirc/core/robustsession"
)

type sessionID = ircserver.SessionID

func FuzzEntry(f *testing.F) {
	for _, e := range encodings {
		n := chat(e)
		for _, b := range n.entries {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := decodeEntry(b)
		if err != nil {
			return
		}
		_ = e.Type.String()
		if m, err := decodeMessage(e.Data); err == nil {
			_ = m.Type.String()
			if m.time(&e) < 0 {
				t.Errorf("%+v is of a negative time", m)
			}
		}
	})
}

func FuzzMessage(f *testing.F) {
	f.Add([]byte(`{"Id":{"Id":1},"Type":2,"Data":"NICK a"}`), uint64(7))
	f.Add(encodings[1].message(&message{Type: configuration, Data: config}), uint64(7))
	f.Fuzz(func(t *testing.T, b []byte, index uint64) {
		w, err := robustsession.NewLogWriter(io.Discard, &robustsession.LogHeader{})
		if err != nil {
			t.Fatal(err)
		}
		c := newConverter(&Options{Network: "irc.example.net", MessageOffset: 5}, w, io.Discard)
		for range 2 {
			c.entry(&entry{Index: index, Data: b}) // an error is fine
		}
		c.flush()
		if c.m == nil || c.err != nil {
			t.Errorf("the machine panicked, or writing failed: %v", c.err)
		}
	})
}

// FuzzState makes a network anew of any state.
func FuzzState(f *testing.F) {
	f.Add([]byte(snapshotState(20)))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := decodeState(b)
		if err != nil {
			return
		}
		w, err := robustsession.NewLogWriter(io.Discard, &robustsession.LogHeader{})
		if err != nil {
			t.Fatal(err)
		}
		c := newConverter(&Options{Network: "irc.example.net"}, w, io.Discard)
		if err := c.seed(s); err != nil || c.m == nil {
			t.Errorf("the machine panicked, or writing failed: %v", err)
		}
	})
}

func FuzzSnapshot(f *testing.F) {
	for _, e := range encodings {
		b := e.entry(0, entryCommand, e.message(&message{Type: state, Data: base64.StdEncoding.EncodeToString(snapshotState(20))}))
		if e.protobuf {
			b = append([]byte{'p', 0, 0, 0, 0, 0, 0, byte(len(b) >> 8), byte(len(b))}, b...)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		readSnapshot(bytes.NewReader(b), func(*serverState) error { return nil }, func(*entry) error { n++; return nil }) // an error is fine
		if n > len(b) {
			t.Errorf("%d entries in %d bytes", n, len(b))
		}
	})
}

func FuzzRecord(f *testing.F) {
	f.Add(`{"Id":5,"Output":[{"Text":":a!b@robust/0x64 PRIVMSG #c :x","InterestingFor":{"0x64":true}}]}`, "s 1 100\ne 1 0\ni 2 5\n")
	f.Fuzz(func(t *testing.T, dump, ids string) {
		var out bytes.Buffer
		if _, err := Record(strings.NewReader(dump), strings.NewReader(ids), 1<<40, &out); err == nil && out.Len() < 10 {
			t.Errorf("nothing was written: %q", out.String())
		}
	})
}
