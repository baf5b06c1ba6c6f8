package robustsession

import (
	"iter"
	"slices"
)

// Limits of the frames for gateways.
const (
	// MaxGatewayPostLines is how many lines one Post of a followed gateway link may carry.
	MaxGatewayPostLines = 512
	// MaxAudiences is how many audiences a connection can name at a time, and MaxAudienceSessions how many sessions are in
	// all of them together.
	MaxAudiences        = 4096
	MaxAudienceSessions = 1 << 20
	// FollowWindow takes the place of SessionWindow for sessions that are followed.
	FollowWindow = 1 << 20
)

// Output is one line that the network sent to one or more sessions.
type Output struct {
	ID ID
	// Time is the network's time of the line, in nanoseconds since 1970.
	Time int64
	// Cause is the id of the gateway's line that this came of, or zero.
	Cause uint64
	// Final says that the recipients' sessions end with this line.
	Final bool
	// To are sessions in ascending order. The slice is shared between outputs and must not be changed. All of them but
	// Skip are recipients.
	To   []uint64
	Skip uint64
	Line string // without line ending
}

// Recipients calls yield for the session of each recipient, in ascending order.
func (o *Output) Recipients() iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for _, id := range o.To {
			if id != o.Skip && !yield(id) {
				return
			}
		}
	}
}

// IsFor reports whether a session is a recipient.
func (o *Output) IsFor(session uint64) bool {
	_, ok := slices.BinarySearch(o.To, session)
	return ok && session != o.Skip
}

// Frames for gateways.
type (
	// Follow attaches a gateway's link, or a user of a gateway in style sessions (Auth is then the link's), in such a way
	// that what it gets comes as Outputs. Following answers it, or End.
	Follow struct {
		Session  uint64
		Auth     string
		LastSeen ID
		Held     uint64
	}
	// Following answers Follow, and comes again whenever outputs were lost: with Lost, those after the last one sent (or
	// LastSeen) up to Until are no longer retained.
	Following struct {
		Session uint64
		Lost    bool
		Until   ID
	}
	// Audience names a set of sessions by a slot, below MaxAudiences, for the Outputs that follow on this connection. With
	// More, the sessions are added to those that the slot has already.
	Audience struct {
		Slot     uint64
		More     bool
		Sessions []uint64 // ascending
	}
	// Outputs are outputs for a followed session.
	Outputs struct {
		Session uint64
		Outputs []SentOutput
	}
	// SentOutput is an output whose To is either one session or, with Shared, the audience in a slot.
	SentOutput struct {
		Output
		Shared bool
		Slot   uint64
	}
)

const kindFollow = kindCredit + 1

const (
	kindFollowing byte = kindPong + 1 + iota
	kindAudience
	kindOutputs
)

func (*Follow) kind() byte { return kindFollow }
func (f *Follow) append(b []byte) []byte {
	return (*Attach)(f).append(b)
}
func (f *Follow) parse(p *payload) { (*Attach)(f).parse(p) }

func (*Following) kind() byte { return kindFollowing }
func (f *Following) append(b []byte) []byte {
	return num(num(flag(num(b, f.Session), f.Lost), f.Until.ID), f.Until.Reply)
}
func (f *Following) parse(p *payload) {
	f.Session, f.Lost, f.Until = p.num(), p.flag(), ID{p.num(), p.num()}
}

func (*Audience) kind() byte { return kindAudience }
func (f *Audience) append(b []byte) []byte {
	b = flag(num(b, f.Slot), f.More)
	last := uint64(0)
	for _, id := range f.Sessions {
		b = num(b, id-last)
		last = id
	}
	return b
}
func (f *Audience) parse(p *payload) {
	f.Slot, f.More = p.num(), p.flag()
	if f.Slot >= MaxAudiences {
		p.fail()
	}
	last := uint64(0)
	for p.rest != "" {
		step := p.num()
		if last+step <= last {
			p.fail() // not in ascending order
			return
		}
		last += step
		f.Sessions = append(f.Sessions, last)
	}
}

// The flags of an output.
const (
	outputFinal = 1 << iota
	outputSkip
	outputShared
	outputFlags // above all flags
)

func (*Outputs) kind() byte { return kindOutputs }
func (f *Outputs) append(b []byte) []byte {
	b = num(b, f.Session)
	last := &Output{}
	for i := range f.Outputs {
		o := &f.Outputs[i]
		b = text(o.appendHead(b, last), o.Line)
		last = &o.Output
	}
	return b
}
func (f *Outputs) parse(p *payload) {
	f.Session = p.num()
	last := &Output{}
	for p.rest != "" {
		var o SentOutput
		o.parseHead(p, last)
		o.Line = p.text()
		f.Outputs = append(f.Outputs, o)
		last = &f.Outputs[len(f.Outputs)-1].Output
	}
}

// appendHead appends everything but the line. Numbers that differ little from those of the output before are written as
// the difference.
func (o *SentOutput) appendHead(b []byte, last *Output) []byte {
	flags := uint64(0)
	if o.Final {
		flags |= outputFinal
	}
	if o.Skip != 0 {
		flags |= outputSkip
	}
	to := o.Slot
	if o.Shared {
		flags |= outputShared
	} else if len(o.To) > 0 {
		to = o.To[0]
	}
	b = num(num(num(b, flags), o.ID.ID-last.ID.ID), o.ID.Reply)
	b = num(num(num(b, uint64(o.Time-last.Time)), o.Cause-last.Cause), to)
	if o.Skip != 0 {
		b = num(b, o.Skip)
	}
	return b
}

func (o *SentOutput) parseHead(p *payload, last *Output) {
	flags := p.num()
	if flags >= outputFlags {
		p.fail()
	}
	o.Final, o.Shared = flags&outputFinal != 0, flags&outputShared != 0
	o.ID = ID{last.ID.ID + p.num(), p.num()}
	o.Time = last.Time + int64(p.num())
	o.Cause = last.Cause + p.num()
	to := p.num()
	switch {
	case !o.Shared:
		o.To = []uint64{to}
	case to < MaxAudiences:
		o.Slot = to
	default:
		p.fail()
	}
	if flags&outputSkip != 0 {
		if o.Skip = p.num(); o.Skip == 0 {
			p.fail()
		}
	}
}

// OutputsWriter appends Outputs frames without a value per line.
type OutputsWriter struct {
	LinesWriter
	last Output
}

// Begin starts a frame in dst.
func (w *OutputsWriter) Begin(dst []byte, session uint64) []byte {
	w.last = Output{}
	return w.begin(dst, kindOutputs, session)
}

// BeginOutput starts an output, all but its line; append that, at most 16,383 bytes, and call EndLine.
func (w *OutputsWriter) BeginOutput(dst []byte, o *SentOutput) []byte {
	dst = o.appendHead(dst, &w.last)
	w.last = o.Output
	return w.beginText(dst)
}
