package ircserver

import "slices"

// outputsVersion is the first byte of encoded outputs.
const outputsVersion = 1

const (
	outFinal = 1 << iota
	outAccount
	outSkip
	outNewList
	outFlags // above all flags
)

// AppendOutputs appends the encoding of outs to dst: a version byte, their number, each output with its number and time
// as the difference to the one before, and a CRC32C. A list of recipients that consecutive outputs share is written
// once.
func AppendOutputs(dst []byte, outs []Output) []byte {
	start := len(dst)
	dst = append(dst, outputsVersion)
	dst = putUint(dst, len(outs))
	last := &Output{}
	for i := range outs {
		dst = appendOutput(dst, &outs[i], last)
		last = &outs[i]
	}
	return seal(dst, start)
}

func appendOutput(dst []byte, o, last *Output) []byte {
	var flags byte
	if o.Final {
		flags |= outFinal
	}
	if o.Account != "" {
		flags |= outAccount
	}
	if o.To.skip != 0 {
		flags |= outSkip
	}
	if !slices.Equal(o.To.list, last.To.list) {
		flags |= outNewList
	}
	dst = append(dst, flags)
	dst = putUint(dst, uint64(o.ID.Input-last.ID.Input))
	dst = putUint(dst, o.ID.Reply)
	dst = putInt(dst, o.Time-last.Time)
	dst = putString(dst, o.Line)
	if o.Account != "" {
		dst = putString(dst, o.Account)
	}
	if o.To.skip != 0 {
		dst = putUint(dst, o.To.skip)
	}
	if flags&outNewList != 0 {
		dst = appendRecipients(dst, o.To.list)
	}
	return dst
}

func appendRecipients(dst []byte, list []Recipient) []byte {
	dst = putUint(dst, len(list))
	var last SessionID
	for _, r := range list {
		dst = putUint(dst, r.Session-last)
		dst = putUint(dst, uint32(r.Caps))
		last = r.Session
	}
	return dst
}

// DecodeOutputs reads what AppendOutputs wrote. The lines are slices of one copy of b, and audiences are shared as they
// were. The error is ErrCorrupt or ErrVersion.
func DecodeOutputs(b []byte) ([]Output, error) {
	body, ok := unseal(b)
	if !ok {
		return nil, corrupt("checksum of outputs")
	}
	d := decoder{s: string(body)}
	if d.byte() != outputsVersion {
		return nil, ErrVersion
	}
	const least = 5 // flags, input, reply, time, line
	outs := make([]Output, d.count(least))
	last := &Output{}
	for i := range outs {
		readOutput(&d, &outs[i], last)
		last = &outs[i]
	}
	if !d.done() {
		return nil, corrupt("contents of outputs")
	}
	return outs, nil
}

func readOutput(d *decoder, o, last *Output) {
	flags := d.byte()
	if flags >= outFlags {
		d.fail()
	}
	o.ID.Input = last.ID.Input + InputID(d.uint())
	o.ID.Reply = uint32(d.num(1<<32 - 1))
	o.Time = last.Time + d.int()
	o.Line = d.string()
	o.Final = flags&outFinal != 0
	if flags&outAccount != 0 {
		o.Account = d.string()
	}
	var skip SessionID
	if flags&outSkip != 0 {
		skip = SessionID(d.uint())
	}
	o.To = last.To
	if flags&outNewList != 0 {
		o.To = readAudience(d)
	}
	o.To.skip = skip
}

func readAudience(d *decoder) Audience {
	list := make([]Recipient, d.count(2))
	var last SessionID
	for i := range list {
		step := SessionID(d.uint())
		if step == 0 || last+step < last {
			d.fail() // not in ascending order
		}
		last += step
		list[i] = Recipient{Session: last, Caps: Caps(d.num(1<<32 - 1))}
	}
	return Audience{list: list, hash: hashRecipients(list)}
}
