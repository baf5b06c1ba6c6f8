package main

import (
	"testing"

	"robustirc/canary/compare"
)

// TestBlockedLinesAreNoGo: a gateway that was about to say what it must not is no ground for a GO, whatever was compared.
func TestBlockedLinesAreNoGo(t *testing.T) {
	r := &compare.Result{Verdict: compare.Verdict{Word: compare.Go, Reasons: []compare.Reason{{Gate: "leak", Held: true}}}}
	judgeSafety(r, map[string]int64{})
	if r.Verdict.Word != compare.Go || r.Verdict.Exit != 0 || len(r.Verdict.Reasons) != 2 {
		t.Errorf("nothing blocked: %+v", r.Verdict)
	}
	judgeSafety(r, map[string]int64{"KILL": 1, "MODE": 2})
	if v := r.Verdict; v.Word != compare.NoGo || v.Exit != compare.ExitSafety || v.Reasons[0].Gate != "safety" || v.Reasons[0].Held {
		t.Errorf("three blocked: %+v", v)
	}
}
