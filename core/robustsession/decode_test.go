package robustsession

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"
)

// decodeAll reads a stream with messageReader.
func decodeAll(r io.Reader) (all []Message, err error) {
	m := messageReader{r: r}
	for {
		var msg Message
		if err := m.next(&msg); err != nil {
			return all, err
		}
		all = append(all, msg)
	}
}

func TestMessageReader(t *testing.T) {
	var ours []byte
	ours = AppendLineMessage(ours, ID{12, 3}, 99, []byte(":a PRIVMSG #x :}{ \"quoted\" \\ \x02 \xff é"))
	ours = AppendPingMessage(ours, []string{"a:1", "b:2"})
	ours = AppendLineMessage(ours, ID{1<<63 - 1, 1 << 32}, 1, []byte(strings.Repeat("long", 5000)))
	foreign := `{"Type":3,"Id":{"Id":4648398125000000012,"Reply":1},"Data":"x\"}","UnixNano":0}{"id":{"id":7},"type":4,"Servers":["a:1"],"New":[{}]} ` + "\n"
	stream := string(ours) + foreign + string(ours)
	var want []Message
	d := json.NewDecoder(strings.NewReader(stream))
	for {
		var msg Message
		if d.Decode(&msg) != nil {
			break
		}
		want = append(want, msg)
	}
	for name, r := range map[string]io.Reader{"whole": strings.NewReader(stream), "bytewise": iotestOneByte{strings.NewReader(stream)}} {
		got, err := decodeAll(r)
		if err != io.EOF || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %d messages and %v, want %d", name, len(got), err, len(want))
		}
	}
	for in, want := range map[string]error{`{"Type":3`: io.ErrUnexpectedEOF, ``: io.EOF, " \n": io.EOF} {
		if _, err := decodeAll(strings.NewReader(in)); err != want {
			t.Errorf("%q: %v, want %v", in, err, want)
		}
	}
	for _, in := range []string{`[]`, `nonsense`, `{"Type":"x"}`, `{]}`, `{"Id":{"Id":-1}}`, `{"x":"` + strings.Repeat("x", 2*maxMessage)} {
		if _, err := decodeAll(strings.NewReader(in)); err == nil || err == io.EOF || err == io.ErrUnexpectedEOF {
			t.Errorf("%.20q: %v", in, err)
		}
	}
}

// FuzzMessageReader compares with encoding/json: what ours takes the short way for must mean the same there.
func FuzzMessageReader(f *testing.F) {
	f.Add(AppendLineMessage(nil, ID{12, 3}, 99, []byte("x \" \\ \x01 \xff")))
	f.Add(AppendPingMessage(nil, []string{"a:1"}))
	f.Add([]byte(`{"Id":{"Id":01,"Reply":0},"Session":{"Id":0,"Reply":0},"Type":3,"Data":"","UnixNano":0}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, _ := decodeAll(bytes.NewReader(b))
		d := json.NewDecoder(bytes.NewReader(b))
		for i := range got {
			var want Message
			if err := d.Decode(&want); err != nil || !reflect.DeepEqual(got[i], want) {
				t.Fatalf("message %d of %q: %+v, encoding/json says %+v, %v", i, b, got[i], want, err)
			}
		}
	})
}

func BenchmarkMessageReader(b *testing.B) {
	line := AppendLineMessage(nil, ID{1 << 40, 1}, 1<<60, []byte(":alice!alice@robust/0x1234 PRIVMSG #channel :a message of usual length, with nothing special in it"))
	stream := bytes.Repeat(line, 100)
	b.ReportAllocs()
	for b.Loop() {
		m := messageReader{r: bytes.NewReader(stream)}
		var msg Message
		for m.next(&msg) == nil {
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/line")
}
