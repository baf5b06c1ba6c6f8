package robustsession

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

func writeLog(t testing.TB) []byte {
	var b bytes.Buffer
	for range 2 {
		w, err := NewLogWriter(&b, &LogHeader{Network: "example.net", HasState: true, State: 7, Last: 9})
		if err == nil {
			err = errors.Join(w.State(make([]byte, 3<<20/2)), w.Inputs(8, []byte("two inputs")), w.End(LogEnd{Last: 9, Chain: 1}))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func TestLogStream(t *testing.T) {
	b := writeLog(t)
	r := NewLogReader(bytes.NewReader(b))
	var kinds []byte
	for {
		f, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, byte(f.Kind))
		if f.Kind == LogFrameInputs && (f.First != 8 || string(f.Payload) != "two inputs") {
			t.Errorf("inputs %d %q", f.First, f.Payload)
		}
	}
	if string(kinds) != "HSSIEHSSIE" || r.Offset != int64(len(b)) {
		t.Errorf("frames %s, %d of %d bytes", kinds, r.Offset, len(b))
	}
}

// TestLogStreamCutAnywhere has a stream that was cut off give its whole frames and say so; one that was damaged, too.
func TestLogStreamCutAnywhere(t *testing.T) {
	b := writeLog(t)
	for at := 0; at < len(b); at += 1 + len(b)/67 {
		r := NewLogReader(bytes.NewReader(b[:at]))
		var err error
		for err == nil {
			_, err = r.Next()
		}
		if err != io.ErrUnexpectedEOF && !(err == io.EOF && r.Offset == int64(at)) {
			t.Fatalf("cut at %d: %v", at, err)
		}
		damaged := bytes.Clone(b)
		damaged[at] ^= 0x10
		r = NewLogReader(bytes.NewReader(damaged))
		for err = nil; err == nil; {
			_, err = r.Next()
		}
		if err == io.EOF {
			t.Fatalf("damage at %d was not noticed", at)
		}
	}
}

// TestLogStreamGoesOn has a stream that was cut off behind a frame be followed by another.
func TestLogStreamGoesOn(t *testing.T) {
	b := writeLog(t)
	r := NewLogReader(bytes.NewReader(b))
	for range 4 { // H S S I
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}
	r = NewLogReader(bytes.NewReader(append(bytes.Clone(b[:r.Offset]), b...)))
	for n := 0; ; n++ {
		if _, err := r.Next(); err == io.EOF && n == 14 {
			return
		} else if err != nil {
			t.Fatal(n, err)
		}
	}
}

func FuzzLogStream(f *testing.F) {
	var b bytes.Buffer
	w, _ := NewLogWriter(&b, &LogHeader{Last: 9})
	w.Inputs(8, []byte("x"))
	w.End(LogEnd{})
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		r := NewLogReader(bytes.NewReader(data))
		for {
			if _, err := r.Next(); err != nil {
				if r.Offset > int64(len(data)) {
					t.Fatalf("read %d of %d bytes", r.Offset, len(data))
				}
				return
			}
		}
	})
}
