package robustsession

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

var someFrames = []Frame{
	&Hello{Version: 1, Key: "secret"},
	&Create{Req: 1 << 40, Remote: "192.0.2.1:5", TLS: true, Challenge: true},
	&Attach{Session: 7, Auth: "ab", LastSeen: ID{1 << 62, 9}, Held: 100},
	&Post{Session: 7, Seq: 3, Remote: "r", Lines: []PostLine{{1<<64 - 1, "PRIVMSG #a :b"}, {2, ""}}},
	&Delete{Session: 7, Auth: "ab", Quit: "bye"},
	&Detach{Session: 7},
	&Credit{Session: 7, Bytes: 300},
	&Created{Req: 1, Status: StatusOK, Session: 7, Auth: strings.Repeat("a", 256), Prefix: "net"},
	&Posted{Session: 7, Seq: 3, Status: StatusLimit, Text: "flood"},
	&Deleted{Session: 7, Status: StatusOK},
	&Lines{Session: 7, Lines: []Line{{ID{1, 2}, strings.Repeat("x", 512)}, {ID{1, 3}, ""}}},
	&End{Session: 7, Status: StatusConflict, Text: "another connection"},
	&Servers{Leader: "a:1", List: []string{"a:1", "b:2"}},
	&Ping{},
	&Pong{},
	&Follow{Session: 7, Auth: "ab", LastSeen: ID{1 << 62, 9}, Held: 100},
	&Following{Session: 7, Lost: true, Until: ID{12, 3}},
	&Audience{Slot: MaxAudiences - 1, More: true, Sessions: []uint64{1, 2, 1<<64 - 1}},
	&Outputs{Session: 7, Outputs: []SentOutput{
		{Output: Output{ID: ID{5, 1}, Time: 1 << 60, Cause: 1 << 62, To: []uint64{9}, Line: ":a NOTICE b :c"}},
		{Output: Output{ID: ID{6, 2}, Time: 1<<60 - 1, Cause: 3, Skip: 8, Final: true, Line: "ERROR"}, Shared: true, Slot: 4000},
	}},
}

func TestFramesRoundTrip(t *testing.T) {
	var b []byte
	for _, f := range someFrames {
		b = AppendFrame(b, f)
	}
	r := NewFrameReader(bufio.NewReader(iotestOneByte{bytes.NewReader(b)}))
	for _, want := range someFrames {
		got, err := r.Next()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, %v, want %+v", got, err, want)
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Fatalf("at the end: %v", err)
	}
}

// iotestOneByte reads one byte at a time.
type iotestOneByte struct{ r io.Reader }

func (o iotestOneByte) Read(p []byte) (int, error) { return o.r.Read(p[:min(1, len(p))]) }

func TestLinesWriterWritesLines(t *testing.T) {
	want := &Lines{Session: 300, Lines: []Line{{ID{5, 1}, "one"}, {ID{1 << 40, 2}, strings.Repeat("long", 2000)}, {ID{9, 9}, ""}}}
	b := []byte("before")
	var w LinesWriter
	b = w.Begin(b, want.Session)
	for _, l := range want.Lines {
		b = w.BeginLine(b, l.ID)
		b = append(b, l.Text...)
		if n := w.EndLine(b); n != len(l.Text) {
			t.Errorf("EndLine says %d for %d bytes", n, len(l.Text))
		}
	}
	w.End(b)
	got, err := NewFrameReader(bufio.NewReader(bytes.NewReader(b[len("before"):]))).Next()
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, %v", got, err)
	}
}

func TestOutputsWriterWritesOutputs(t *testing.T) {
	want := someFrames[len(someFrames)-1].(*Outputs)
	var w OutputsWriter
	b := w.Begin([]byte("before"), want.Session)
	for i := range want.Outputs {
		b = w.BeginOutput(b, &want.Outputs[i])
		b = append(b, want.Outputs[i].Line...)
		w.EndLine(b)
	}
	w.End(b)
	got, err := NewFrameReader(bufio.NewReader(bytes.NewReader(b[len("before"):]))).Next()
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, %v", got, err)
	}
}

// sessionsOverflow is an Audience whose second session is beyond all numbers.
func sessionsOverflow() []byte {
	b := append(AppendFrame(nil, &Audience{Sessions: []uint64{1<<64 - 1}}), 1)
	putLength(b, len(b)-lengthBytes, lengthBytes)
	return b
}

func TestBadFrames(t *testing.T) {
	for name, b := range map[string][]byte{
		"empty":              {0},
		"too long":           {0xff, 0xff, 0xff, 0xff, 1, kindPing},
		"unknown type":       {1, 0x7f},
		"rest":               {2, kindPing, 0},
		"short text":         {3, kindHello, 1, 5},
		"overlong number":    append([]byte{12, kindDetach}, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1),
		"flag of 2":          {5, kindCreate, 1, 0, 2, 0},
		"status of 1000":     {5, kindDeleted, 1, 0xe8, 7, 0},
		"too many lines":     AppendFrame(nil, &Post{Lines: make([]PostLine, MaxGatewayPostLines+1)}),
		"a slot too high":    AppendFrame(nil, &Audience{Slot: MaxAudiences}),
		"a session twice":    {5, kindAudience, 1, 0, 7, 0},
		"sessions overflow":  sessionsOverflow(),
		"output without end": {9, kindOutputs, 7, 0, 1, 1, 1, 1, 1, 5},
		"length without end": {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80},
	} {
		_, err := NewFrameReader(bufio.NewReader(bytes.NewReader(b))).Next()
		if err == nil || name != "length without end" && !errors.Is(err, ErrFrame) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewFrameReader(bufio.NewReader(bytes.NewReader([]byte{5, kindPing}))).Next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut short: %v", err)
	}
}

// FuzzFrameReader: no input panics or allocates beyond MaxFrame, and what was accepted is written the same again.
func FuzzFrameReader(f *testing.F) {
	for _, fr := range someFrames {
		f.Add(AppendFrame(nil, fr))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewFrameReader(bufio.NewReader(bytes.NewReader(b)))
		for {
			fr, err := r.Next()
			if err != nil {
				return
			}
			again, err := NewFrameReader(bufio.NewReader(bytes.NewReader(AppendFrame(nil, fr)))).Next()
			if err != nil || !reflect.DeepEqual(again, fr) {
				t.Fatalf("%+v came back as %+v, %v", fr, again, err)
			}
		}
	})
}
