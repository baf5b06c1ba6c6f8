package ircserver

import (
	"encoding/binary"
	"hash/crc32"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// hashRecipients is the part of the output chain that an audience contributes; computed once per audience.
func hashRecipients(list []Recipient) uint32 {
	var h uint32
	var b [20]byte
	for _, r := range list {
		n := 12
		binary.LittleEndian.PutUint64(b[:], uint64(r.Session))
		binary.LittleEndian.PutUint32(b[8:], uint32(r.Caps))
		if r.Gateway != 0 { // MachineVersion 2
			n = 20
			binary.LittleEndian.PutUint64(b[12:], uint64(r.Gateway))
		}
		h = crc32.Update(h, castagnoli, b[:n])
	}
	return h
}

// chainOutput mixes one output into the rolling hash of all outputs so far (invariant I-4).
func (s *Server) chainOutput(o *Output) {
	b := s.scratch[:0] // not on the stack: what is given to crc32 escapes
	b = binary.LittleEndian.AppendUint64(b, uint64(o.ID.Input))
	b = binary.LittleEndian.AppendUint32(b, o.ID.Reply)
	b = binary.LittleEndian.AppendUint32(b, o.To.hash)
	b = binary.LittleEndian.AppendUint64(b, uint64(o.To.skip))
	b = binary.LittleEndian.AppendUint64(b, uint64(o.Time))
	b = putBool(b, o.Final)
	if o.Cause != 0 { // MachineVersion 2
		b = binary.LittleEndian.AppendUint64(b, o.Cause)
	}
	b = append(b, o.Account...)
	b = append(append(b, 0), o.Line...)
	s.chain = crc32.Update(s.chain, castagnoli, b)
	s.scratch = b
}
