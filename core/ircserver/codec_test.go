package ircserver

import (
	"bytes"
	"errors"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func sampleBatch() []Input {
	return []Input{
		{Kind: KindCreate, Time: 5, Remote: "2001:db8::1", AuthHash: [32]byte{1, 2}, Cookie: "c", TLS: true},
		{Kind: KindLine, Time: 4, Session: 1, ClientMsgID: 1 << 63, Text: "PRIVMSG #a :b", Remote: "192.0.2.1", Granted: "admin"},
		{Kind: KindDelete, Time: 1 << 62, Session: 1<<64 - 1, Text: "bye"},
		{Kind: KindTick, Time: -1 << 63},
		{Kind: KindConfig, Text: EncodeConfig(new(Config))},
		{Kind: KindDigest}, {Kind: KindMembers, Text: "a b\n"}, {Kind: KindDead, Session: 1, Text: "PANIC"},
	}
}

func TestBatchRoundTrip(t *testing.T) {
	for _, ins := range [][]Input{{}, sampleBatch()} {
		b := EncodeBatch([]byte("before"), ins)
		got, err := DecodeBatch(b[len("before"):])
		if err != nil || !slices.Equal(got, ins) {
			t.Errorf("%+v: %+v, %v", ins, got, err)
		}
	}
}

func TestBatchDamageIsNoticed(t *testing.T) {
	good := EncodeBatch(nil, sampleBatch())
	for i := range good {
		b := bytes.Clone(good)
		b[i] ^= 0x10
		if _, err := DecodeBatch(b); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		if _, err := DecodeBatch(good[:i]); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	if _, err := DecodeBatch(seal([]byte{9, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0)); !errors.Is(err, ErrVersion) {
		t.Errorf("another version: %v", err)
	}
}

// reseal gives fuzzed bytes a right checksum, so that the fuzzer gets past it.
func reseal(b []byte) []byte { return seal(bytes.Clone(b), 0) }

func unsealed(b []byte) []byte { return b[:len(b)-4] }

func FuzzDecodeBatch(f *testing.F) {
	f.Add(unsealed(EncodeBatch(nil, sampleBatch())))
	f.Add(unsealed(EncodeBatch(nil, nil)))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = reseal(b)
		ins, err := DecodeBatch(b)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrVersion) {
				t.Fatal(err)
			}
			return
		}
		again, err := DecodeBatch(EncodeBatch(nil, ins))
		if err != nil || !slices.Equal(again, ins) {
			t.Fatalf("%+v\n%+v, %v", ins, again, err)
		}
	})
}

func sampleOutputs() []Output {
	a := NewAudience([]Recipient{{1, 3, 0}, {7, 0, 0}, {1 << 40, CapMultiPrefix, 0}}, 7)
	return []Output{
		{ID: OutputID{1, 1}, Time: 5, Line: ":a PRIVMSG #b :c", Account: "acc", To: a},
		{ID: OutputID{1, 2}, Time: 5, Line: "ERROR", To: a, Final: true},
		{ID: OutputID{9, 1}, Time: 4, To: NewAudience([]Recipient{{2, 0, 0}}, 0)},
		{ID: OutputID{9, 2}, Time: 4},
	}
}

// gatewayOutputs need version 2.
func gatewayOutputs() []Output {
	a := NewAudience([]Recipient{{1, 3, 0}, {7, 0, 5}, {8, 1, 5}, {9, 0, 6}, {10, 0, 5}}, 9)
	return []Output{
		{ID: OutputID{1, 1}, Time: 5, Line: ":a PRIVMSG #b :c", To: a, Cause: SequentialID | 77},
		{ID: OutputID{1, 2}, Time: 5, Line: "x", To: NewAudience([]Recipient{{7, 0, 5}}, 0)},
		{ID: OutputID{2, 1}, Time: 5, Line: "y", To: NewAudience(slices.Clone(a.list), 7)},
		{ID: OutputID{3, 1}, Time: 5, Line: "x", To: NewAudience([]Recipient{{7, 0, 5}}, 0)},
	}
}

func TestOutputsRoundTrip(t *testing.T) {
	checkOutputCodec(t, nil)
	checkOutputCodec(t, sampleOutputs())
	checkOutputCodec(t, gatewayOutputs())
	if a, b := AppendOutputs(nil, sampleOutputs()), AppendOutputs(nil, gatewayOutputs()); a[0] != 1 || b[0] != 2 {
		t.Errorf("outputs without and with gateways have the versions %d and %d", a[0], b[0])
	}
	one, two := AppendOutputs(nil, sampleOutputs()[:1]), AppendOutputs(nil, sampleOutputs()[:2])
	if len(two)-len(one) > 20 {
		t.Errorf("an output with the same audience takes %d bytes", len(two)-len(one))
	}
	got, _ := DecodeOutputs(two)
	if &got[0].To.list[0] != &got[1].To.list[0] {
		t.Error("the audience is not shared after decoding")
	}
}

// TestListsAreWrittenOnce: outputs of several channels, in turn, share the channels' lists, also over parts.
func TestListsAreWrittenOnce(t *testing.T) {
	var channels [3][]Recipient
	for i := range 300 {
		channels[i%3] = append(channels[i%3], Recipient{Session: SessionID(i*1000 + 1), Gateway: 1 << 30})
	}
	var outs []Output
	for i := range 30 {
		outs = append(outs, Output{ID: OutputID{InputID(i + 1), 1}, To: NewAudience(slices.Clone(channels[i%3]), channels[i%3][i].Session)})
	}
	part := AppendOutputs(nil, outs)
	if three := AppendOutputs(nil, outs[:3]); len(part) > len(three)+27*16 {
		t.Errorf("30 outputs take %d bytes, 3 of them %d", len(part), len(three))
	}
	checkOutputCodec(t, outs)
	var d OutputDecoder
	lists := map[*Recipient]bool{}
	for range 2 {
		got, err := d.Decode(part)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range got {
			lists[&o.To.list[0]] = true
		}
	}
	if len(lists) != 3 {
		t.Errorf("there are %d lists of 3 channels", len(lists))
	}
}

func TestOutputsDamageIsNoticed(t *testing.T) {
	good := AppendOutputs(nil, sampleOutputs())
	for i := range good {
		b := bytes.Clone(good)
		b[i] ^= 0x10
		if _, err := DecodeOutputs(b); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
	}
}

func FuzzDecodeOutputs(f *testing.F) {
	f.Add(unsealed(AppendOutputs(nil, sampleOutputs())))
	f.Add(unsealed(AppendOutputs(nil, gatewayOutputs())))
	f.Fuzz(func(t *testing.T, b []byte) {
		outs, err := DecodeOutputs(reseal(b))
		if err == nil {
			checkOutputCodec(t, outs)
		}
	})
}

// TestConfigRoundTrip fills every field, so that one that the encoding does not know is missed.
func TestConfigRoundTrip(t *testing.T) {
	var c Config
	fill(reflect.ValueOf(&c).Elem(), new(int64))
	got, err := DecodeConfig(EncodeConfig(&c))
	if err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("%+v\n%+v, %v", got, c, err)
	}
	def := DefaultConfig()
	if got, err := DecodeConfig(EncodeConfig(&def)); err != nil || !reflect.DeepEqual(got, def) || got.Validate() != nil {
		t.Errorf("%+v, %v, %v", got, err, got.Validate())
	}
	for text, want := range map[string]error{"": ErrCorrupt, "\x09": ErrVersion, EncodeConfig(&c) + "x": ErrCorrupt, EncodeConfig(&c)[:20]: ErrCorrupt} {
		if _, err := DecodeConfig(text); !errors.Is(err, want) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

// fill sets everything in v to values that differ.
func fill(v reflect.Value, n *int64) {
	*n++
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case reflect.String:
		v.SetString(strings.Repeat("x", int(*n)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(*n)
	default:
		v.SetUint(uint64(*n))
	}
}

func FuzzDecodeConfig(f *testing.F) {
	c := DefaultConfig()
	f.Add(EncodeConfig(&c))
	c = sampleServer().cfg
	f.Add(EncodeConfig(&c))
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := DecodeConfig(text); err == nil && EncodeConfig(&c) != text {
			t.Errorf("%q is not canonical: %q", text, EncodeConfig(&c))
		}
	})
}

// FuzzRestore wants no panic, no more memory than the bytes justify, and that what is accepted is canonical and keeps
// the invariants.
func FuzzRestore(f *testing.F) {
	f.Add(sampleServer().AppendSnapshot(nil))
	s, _ := crowd(f, 12)
	f.Add(s.AppendSnapshot(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = resealSections(b)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s, err := Restore(b)
		runtime.ReadMemStats(&after)
		if got, most := after.TotalAlloc-before.TotalAlloc, uint64(100*len(b)+1<<16); got > most {
			t.Errorf("%d bytes of snapshot made us allocate %d", len(b), got)
		}
		if err != nil {
			return
		}
		checkInvariants(t, s)
		reload(t, s)
		s.Apply(&Input{Kind: KindTick, Time: s.now})
		checkInvariants(t, s)
	})
}

// resealSections gives the sections of a fuzzed snapshot right checksums.
func resealSections(b []byte) []byte {
	start := len(snapshotMagic) + 1
	if len(b) < start {
		return b
	}
	out := bytes.Clone(b[:start])
	for rest := b[start:]; len(rest) >= 9; {
		n := int(rest[1]) | int(rest[2])<<8 | int(rest[3])<<16
		if n > len(rest)-9 {
			return append(out, rest...)
		}
		at := len(out)
		out = seal(append(out, rest[:5+n]...), at)
		rest = rest[9+n:]
	}
	return out
}
