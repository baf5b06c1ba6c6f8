package replay

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"robustirc/core/ircserver"
	"robustirc/core/scenario"
)

// scenario writes the inputs as a golden scenario with the old version's answers (core/scenario's format).
func (r *reproducer) scenario(list []numbered) ([]byte, error) {
	steps := newSteps(renumber(list))
	log, err := r.log(steps.inputs)
	if err != nil {
		return nil, err
	}
	answers := map[uint64][]Output{}
	err = run(r.ctx, bytes.NewReader(log), []Binary{r.opts.Old}, MachineOptions{}, func(x *round) error {
		answers[x.input] = x.outputs[0]
		return nil
	})
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Written by robustirc canary log: the answers of %s, which %s does not give.\n", r.opts.Old.Name, r.opts.New.Name)
	for i, source := range steps.source {
		b.WriteString(steps.clocks[i])
		if len(answers[uint64(i)+1]) > maxAnswers && i < len(steps.source)-1 { // a greeting
			b.WriteString("quiet " + source + "  ...\n")
			continue
		}
		b.WriteString(source)
		for j, o := range answers[uint64(i)+1] {
			out := scenario.Output{ID: fmt.Sprintf("%d.%d", i+1, j+1), Final: o.Final, Line: o.Line}
			for _, id := range o.To {
				out.To = append(out.To, steps.names[id])
			}
			b.WriteString("  " + out.String() + "\n")
		}
	}
	return b.Bytes(), nil
}

// maxAnswers is how many answers of a step before the last are shown.
const maxAnswers = 8

// steps are inputs as steps of a script.
type steps struct {
	inputs []ircserver.Input
	clocks []string // what goes before each
	source []string
	names  map[ircserver.SessionID]string
}

func newSteps(inputs []ircserver.Input) *steps {
	s := &steps{names: map[ircserver.SessionID]string{}}
	now, from := scenarioStart, int64(0)
	for i := range inputs {
		in := inputs[i]
		clock := ""
		if from == 0 {
			from = in.Time
		}
		if d := (in.Time - from) / int64(time.Second) * int64(time.Second); d > 0 {
			clock = "clock +" + time.Duration(d).String() + "\n"
			now, from = now+d, from+d
		}
		in.Time, in.ClientMsgID, in.AuthHash = now, 0, [32]byte{}
		if in.Kind == ircserver.KindCreate {
			s.names[ircserver.SessionID(i+1)] = fmt.Sprintf("c%d", len(s.names)+1)
		}
		s.inputs = append(s.inputs, in)
		s.clocks = append(s.clocks, clock)
		s.source = append(s.source, s.step(i, &in)+"\n")
	}
	return s
}

// step is one input's line in a script.
func (s *steps) step(i int, in *ircserver.Input) string {
	name := s.names[in.Session]
	switch in.Kind {
	case ircserver.KindCreate:
		line := "connect " + s.names[ircserver.SessionID(i+1)] + " remote=" + in.Remote
		if in.TLS {
			line += " tls"
		}
		if in.Cookie != "" {
			line += " cookie=" + in.Cookie
		}
		return line
	case ircserver.KindDelete:
		return "delete " + name + " :" + in.Text
	case ircserver.KindTick:
		return "tick"
	case ircserver.KindDead:
		return "die " + name + " " + in.Text
	}
	if in.Granted != "" {
		return "grant " + name + " " + strings.TrimSuffix(in.Text, " *")
	}
	return name + "> " + in.Text
}
