package ircserver

import (
	"math/bits"
	"slices"
)

// The first byte of encoded outputs. Version 2 adds Cause, Recipient.Gateway and references to lists of recipients that
// were written before; outputs that have neither cause nor gateway are written as version 1, which nodes with an older
// binary read.
const (
	outputsVersion1 = 1
	outputsVersion2 = 2
)

const (
	outFinal = 1 << iota
	outAccount
	outSkip
	outNewList
	outCause
	outOldList
	outFlags // above all flags
)

// outputsVersion is the version that outs need.
func outputsVersion(outs []Output) byte {
	for i := range outs {
		if outs[i].Cause != 0 || outs[i].To.via != nil {
			return outputsVersion2
		}
	}
	return outputsVersion1
}

// AppendOutputs appends the encoding of outs to dst: a version byte, their number, each output with its number and time
// as the difference to the one before, and a CRC32C. A list of recipients that consecutive outputs share is written
// once; one of more than a few, in version 2, once in all.
func AppendOutputs(dst []byte, outs []Output) []byte {
	start := len(dst)
	version := outputsVersion(outs)
	dst = append(dst, version)
	dst = putUint(dst, len(outs))
	last, known := &Output{}, listTable{}
	for i := range outs {
		dst = appendOutput(dst, &outs[i], last, version, &known)
		last = &outs[i]
	}
	return seal(dst, start)
}

// listTable are the lists of recipients that have been written, by their numbers.
type listTable struct {
	lists   []Audience
	numbers map[uint64]int // by fingerprint
}

// unlisted is how short a list has no number.
const unlisted = 4

// find returns the number of a list.
func (t *listTable) find(a *Audience) (number int, ok bool) {
	number, ok = t.numbers[a.Fingerprint()]
	return number, ok && sameList(t.lists[number].list, a.list)
}

// add gives a list the next number, unless it is short.
func (t *listTable) add(a *Audience) {
	if len(a.list) <= unlisted {
		return
	}
	if t.numbers == nil {
		t.numbers = map[uint64]int{}
	}
	t.numbers[a.Fingerprint()] = len(t.lists)
	t.lists = append(t.lists, *a)
}

// sameList is slices.Equal, quick for lists that are one.
func sameList(a, b []Recipient) bool {
	if len(a) > 0 && len(a) == len(b) && &a[0] == &b[0] {
		return true
	}
	return slices.Equal(a, b)
}

func appendOutput(dst []byte, o, last *Output, version byte, known *listTable) []byte {
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
	list := -1
	if !sameList(o.To.list, last.To.list) {
		flags |= outNewList
		if number, ok := known.find(&o.To); ok && version == outputsVersion2 {
			flags ^= outNewList | outOldList
			list = number
		}
	}
	if o.Cause != 0 {
		flags |= outCause
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
	if o.Cause != 0 {
		dst = putUint(dst, bits.RotateLeft64(o.Cause, 1)) // ids of gateways have the top bit and are small otherwise
	}
	if flags&outNewList != 0 {
		dst = appendRecipients(dst, o.To.list, version)
		known.add(&o.To)
	}
	if flags&outOldList != 0 {
		dst = putUint(dst, list)
	}
	return dst
}

// How version 2 writes Recipient.Gateway, in the lowest bits of the capabilities.
const (
	_            = iota // noGateway: it is zero
	sameGateway         // it is the one that was written last in this list
	otherGateway        // it follows
	gatewayForms
)

func appendRecipients(dst []byte, list []Recipient, version byte) []byte {
	dst = putUint(dst, len(list))
	var last, gateway SessionID
	for _, r := range list {
		dst = putUint(dst, r.Session-last)
		last = r.Session
		switch {
		case version == outputsVersion1:
			dst = putUint(dst, uint32(r.Caps))
		case r.Gateway == 0:
			dst = putUint(dst, uint64(r.Caps)<<2) // noGateway
		case r.Gateway == gateway:
			dst = putUint(dst, uint64(r.Caps)<<2|sameGateway)
		default:
			gateway = r.Gateway
			dst = putUint(putUint(dst, uint64(r.Caps)<<2|otherGateway), gateway)
		}
	}
	return dst
}

// DecodeOutputs reads what AppendOutputs wrote. The lines are slices of one copy of b, and audiences are shared as they
// were. The error is ErrCorrupt or ErrVersion.
func DecodeOutputs(b []byte) ([]Output, error) { return new(OutputDecoder).Decode(b) }

// OutputDecoder decodes outputs that were encoded in parts, so that they share their lists of recipients over all parts.
type OutputDecoder struct{ shared listTable }

// Decode is DecodeOutputs for the next part.
func (od *OutputDecoder) Decode(b []byte) ([]Output, error) {
	body, ok := unseal(b)
	if !ok {
		return nil, corrupt("checksum of outputs")
	}
	d := decoder{s: string(body)}
	version := d.byte()
	if version != outputsVersion1 && version != outputsVersion2 {
		return nil, ErrVersion
	}
	const least = 5 // flags, input, reply, time, line
	outs := make([]Output, d.count(least))
	last := &Output{}
	r := outputReader{decoder: &d, version: version, shared: &od.shared}
	for i := range outs {
		r.read(&outs[i], last)
		last = &outs[i]
	}
	if !d.done() || outputsVersion(outs) != version {
		return nil, corrupt("contents of outputs")
	}
	return outs, nil
}

// outputReader reads outputs one after the other.
type outputReader struct {
	*decoder
	version byte
	known   listTable  // of this part
	shared  *listTable // of all parts
}

func (d *outputReader) read(o, last *Output) {
	flags := d.byte()
	if flags >= outFlags || flags&(outCause|outOldList) != 0 && d.version == outputsVersion1 {
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
	if flags&outCause != 0 {
		if o.Cause = bits.RotateLeft64(d.uint(), -1); o.Cause == 0 {
			d.fail()
		}
	}
	o.To = d.audience(flags&(outNewList|outOldList), last)
	o.To.skip = skip
}

// audience reads whom an output is for.
func (d *outputReader) audience(flags byte, last *Output) (to Audience) {
	switch flags {
	case 0:
		return last.To
	case outNewList:
		to = d.newList()
		if _, ok := d.known.find(&to); ok && d.version == outputsVersion2 {
			d.fail() // it has a number
		}
		d.known.add(&to)
	case outOldList:
		if len(d.known.lists) == 0 {
			d.fail()
			return Audience{}
		}
		to = d.known.lists[d.num(len(d.known.lists)-1)]
	default:
		d.fail()
	}
	if sameList(to.list, last.To.list) {
		d.fail() // that is said by neither flag
	}
	return to
}

// newList reads a list of recipients; one that is known already is shared.
func (d *outputReader) newList() Audience {
	to := readAudience(d.decoder, d.version)
	if number, ok := d.shared.find(&to); ok {
		return d.shared.lists[number]
	}
	d.shared.add(&to)
	return to
}

func readAudience(d *decoder, version byte) Audience {
	list := make([]Recipient, d.count(2))
	var last, gateway SessionID
	for i := range list {
		step := SessionID(d.uint())
		if step == 0 || last+step < last {
			d.fail() // not in ascending order
		}
		last += step
		list[i] = Recipient{Session: last}
		if version == outputsVersion1 {
			list[i].Caps = Caps(d.num(1<<32 - 1))
			continue
		}
		list[i].readGateway(d, &gateway)
	}
	return newAudience(list)
}

// readGateway reads capabilities and gateway of version 2; last is the gateway that was read last.
func (r *Recipient) readGateway(d *decoder, last *SessionID) {
	v := d.num(1<<34 - 1)
	r.Caps = Caps(v >> 2)
	switch v & 3 {
	case sameGateway:
		r.Gateway = *last
		if *last == 0 {
			d.fail()
		}
	case otherGateway:
		r.Gateway = SessionID(d.uint())
		if r.Gateway == 0 || r.Gateway == *last {
			d.fail()
		}
		*last = r.Gateway
	case gatewayForms:
		d.fail()
	}
}
