package compare_test

import (
	"testing"

	"robustirc/canary/compare"
	"robustirc/canary/trace"
	"robustirc/s2s/fakenet"
)

// TestRedacted compares a run whose texts and addresses are tokens, as captures have them: what was equal is equal.
func TestRedacted(t *testing.T) {
	for _, protocol := range []fakenet.Protocol{fakenet.TS6, fakenet.Hybrid, fakenet.Unreal} {
		t.Run(string(protocol), func(t *testing.T) {
			p := newPipeline(t, small(protocol, 3))
			p.run(25)
			p.postLine("STATE s")
			link := "ts6"
			if protocol == fakenet.Unreal {
				link = "unreal"
			}
			redactor, err := trace.NewRedactor(trace.RedactorOptions{Protocol: link, Key: make([]byte, 32)})
			if err != nil {
				t.Fatal(err)
			}
			o := options()
			o.ChannelModes = channelModes
			e := engine(t, o)
			for i := range p.records {
				r := p.records[i]
				switch r.Kind {
				case trace.KindHeader, trace.KindLinkUp:
				default:
					redactor.Record(&r)
				}
				e.Add(&r)
			}
			r := e.Result()
			for _, g := range r.Groups {
				if g.Class != compare.ClassRepaired {
					t.Error(explain(r))
					break
				}
			}
			if r.Deliveries.Match == 0 || r.State.Match == 0 || r.SelfTest.SensitivityPPB != 1_000_000_000 {
				t.Error(explain(r))
			}
		})
	}
}
