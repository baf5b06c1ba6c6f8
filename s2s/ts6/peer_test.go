package ts6

import (
	"testing"

	"robustirc/core/irc"
	"robustirc/s2s"
)

func TestParseDialect(t *testing.T) {
	for s, ok := range map[string]bool{"": true, "solanum": true, "charybdis": true, "hybrid": true, "ircd-hybrid": false, "unreal": false} {
		if d, err := ParseDialect(s); (err == nil) != ok || ok && string(d) != s {
			t.Errorf("%q: %q, %v", s, d, err)
		}
	}
}

// TestChanModes holds that the modes of every burst and change in the recordings use up their parameters.
func TestChanModes(t *testing.T) {
	n := 0
	for _, rec := range recordings(t, "") {
		c, spec := rec.codec(), ChanModes(rec.dialect)
		for _, l := range rec.lines {
			e, err := c.Decode(l.Line)
			if err != nil {
				continue
			}
			var args []string
			switch b := e.Body.(type) {
			case s2s.ChannelBurst:
				args = append([]string{b.Modes}, b.Params...)
			case s2s.ChannelModes:
				args = append([]string{b.Modes}, b.Params...)
			default:
				continue
			}
			n++
			changes, errs := irc.ParseModes(spec, args)
			used := 0
			for _, ch := range changes {
				if ch.Param != "" {
					used++
				}
			}
			if len(errs) > 0 || used != len(args)-1 {
				t.Errorf("%s:%d: %v, %d parameters used: %s", rec.name, l.Number, errs, used, l.Line)
			}
		}
	}
	if n < 200 {
		t.Errorf("%d mode strings", n)
	}
}

func TestCasemapping(t *testing.T) {
	if CasemappingOf(Hybrid).Equal("{", "[") || !CasemappingOf(Solanum).Equal("{", "[") {
		t.Error("hybrid compares as ASCII, solanum as RFC 1459")
	}
}
