package robustsession

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// TestAppendStringIsJSON compares with encoding/json on random bytes, UTF-8 and not.
func TestAppendStringIsJSON(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"\"", "\\", "\x00", "\x1f", "\x7f", "\n", "é", "\u2028", "😀", "\xff", "\xc3", "\xed\xa0\x80", "\xf0\x9f", "<", "&", "x"}
	for range 20_000 {
		var in strings.Builder
		for range rng.IntN(12) {
			if rng.IntN(3) == 0 {
				in.WriteByte(byte(rng.IntN(256)))
			} else {
				in.WriteString(pieces[rng.IntN(len(pieces))])
			}
		}
		std, err := json.Marshal(in.String())
		if err != nil {
			t.Fatal(err)
		}
		var got, want string
		ours := AppendString(nil, []byte(in.String()))
		if err := json.Unmarshal(ours, &got); err != nil {
			t.Fatalf("%q: %s: %v", in.String(), ours, err)
		}
		if json.Unmarshal(std, &want); got != want {
			t.Fatalf("%q: %q, encoding/json says %q", in.String(), got, want)
		}
	}
}

func TestMessages(t *testing.T) {
	line := AppendLineMessage(nil, ID{12, 3}, 99, []byte("\x02b\"\\\xff"))
	ping := AppendPingMessage(nil, []string{"a:1", "b:2"})
	var m Message
	if err := json.Unmarshal(line, &m); err != nil {
		t.Fatal(err)
	}
	if want := (Message{Id: ID{12, 3}, Type: TypeLine, Data: "\x02b\"\\\ufffd", UnixNano: 99}); !reflect.DeepEqual(m, want) {
		t.Errorf("line: %+v", m)
	}
	m = Message{}
	if err := json.Unmarshal(ping, &m); err != nil {
		t.Fatal(err)
	}
	if want := (Message{Type: TypePing, Servers: []string{"a:1", "b:2"}}); !reflect.DeepEqual(m, want) {
		t.Errorf("ping: %+v", m)
	}
}

func TestParseID(t *testing.T) {
	for in, want := range map[string]ID{"0.0": {}, "12.3": {12, 3}, "9223372036854775807.1": {1<<63 - 1, 1}} {
		if got, err := ParseID(in); err != nil || got != want {
			t.Errorf("%s: %v %v", in, got, err)
		}
	}
	for _, in := range []string{"", "1", "1.", ".1", "1.2.3", "-1.0", "+1.0", "9223372036854775808.0", "a.b", "1.0 "} {
		if id, err := ParseID(in); err == nil {
			t.Errorf("%q is %v", in, id)
		}
	}
}

func FuzzParseID(f *testing.F) {
	f.Add("12.3")
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := ParseID(s); err == nil {
			if again, err := ParseID(id.String()); err != nil || again != id {
				t.Fatalf("%q: %v, then %v %v", s, id, again, err)
			}
		}
	})
}

func BenchmarkAppendLineMessage(b *testing.B) {
	data := []byte(":alice!alice@robust/0x1234 PRIVMSG #channel :a message of usual length, with nothing special in it")
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendLineMessage(buf[:0], ID{1 << 40, 1}, 1<<60, data)
	}
}
