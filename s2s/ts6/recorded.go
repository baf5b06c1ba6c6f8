package ts6

import (
	"robustirc/core/irc"
	"robustirc/s2s"
)

// CodecOf returns a codec for the lines of a recorded link: its dialect and capabilities are read from the handshake in
// it. Without one, solanum is assumed, with everything it knows.
func CodecOf(lines []s2s.Recorded) *Codec {
	var theirs, ours side
	var m irc.Message
	for _, l := range lines {
		if m.Parse(l.Line) != nil {
			continue
		}
		if l.Received {
			theirs.read(&m)
		} else {
			ours.read(&m)
		}
	}
	server := theirs.server
	if server == nil {
		server = ours.server
	}
	if server == nil {
		return NewCodec(Solanum, offers[Solanum]...)
	}
	return NewCodec(dialectOf(server, theirs.capabilities), common(ours.capabilities, theirs.capabilities)...)
}

// side is what one side of a recorded link said of itself.
type side struct{ capabilities, server []string }

func (s *side) read(m *irc.Message) {
	switch {
	case m.Command == "CAPAB":
		s.capabilities = capabilities(m.Params())
	case m.Command == "SERVER" && m.Source == "" && s.server == nil:
		s.server = append(s.server, m.Params()...)
	}
}
