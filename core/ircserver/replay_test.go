package ircserver

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
)

// checkReplay holds what every log must fulfil: machines that apply it give the same outputs and digests, however
// often (map order would show), saving and loading the machine before any input changes nothing, and no string of an
// input is kept.
func checkReplay(t testing.TB, cfg Config, log []Input) {
	t.Helper()
	log = throughCodec(t, log)
	first := replay(t, cfg, log, false)
	for range 19 {
		comparePaths(t, "two machines with the same inputs", first, replay(t, cfg, log, false))
	}
	comparePaths(t, "a machine that was saved and loaded before every input", first, replay(t, cfg, log, true))
}

// throughCodec is the log as a node reads it.
func throughCodec(t testing.TB, log []Input) []Input {
	t.Helper()
	got, err := DecodeBatch(EncodeBatch(nil, log))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, log) {
		t.Fatal("the log is another one when it comes out of the codec")
	}
	return got
}

// replay applies a log to a new machine and returns what can be seen of it, one line per input and output.
func replay(t testing.TB, cfg Config, log []Input, restart bool) []string {
	t.Helper()
	s := New(cfg)
	var seen []string
	for i := range log {
		if restart {
			s = reload(t, s)
		}
		seen = append(seen, fmt.Sprintf("input %d: %+v", i+1, log[i]))
		outs := applyAndScribble(s, log[i])
		checkOutputCodec(t, outs)
		for _, o := range outs {
			seen = append(seen, showOutput(o))
		}
		if restart {
			checkInvariants(t, s)
			checkModeInvariants(t, s)
		}
	}
	return append(seen, fmt.Sprintf("chain %08x, digest %x", s.Chain(), s.Digest()))
}

// reload saves and loads a machine.
func reload(t testing.TB, s *Server) *Server {
	t.Helper()
	b := s.AppendSnapshot(nil)
	again, err := Restore(b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.AppendSnapshot(nil), b) {
		t.Fatal("a snapshot is another one when it is loaded and saved again")
	}
	return again
}

func checkOutputCodec(t testing.TB, outs []Output) {
	t.Helper()
	b := AppendOutputs(nil, outs)
	got, err := DecodeOutputs(b)
	if err != nil || len(got) != len(outs) {
		t.Fatalf("%d outputs come out of the codec as %d: %v", len(outs), len(got), err)
	}
	for i := range outs {
		if a, b := showOutput(outs[i]), showOutput(got[i]); a != b {
			t.Fatalf("an output comes out of the codec as\n%s, was\n%s", b, a)
		}
	}
}

// showOutput is all that there is to an output.
func showOutput(o Output) string {
	gateways := slices.Collect(o.To.Gateways)
	queued := slices.Collect(o.To.Queued)
	o.To.via = nil // an address
	return fmt.Sprintf("%+v gateways %v queued %v", o, gateways, queued)
}

func comparePaths(t testing.TB, what string, a, b []string) {
	t.Helper()
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			t.Fatalf("%s differ:\n%s\n%s", what, a[i], b[min(i, len(b)-1)])
		}
	}
}
