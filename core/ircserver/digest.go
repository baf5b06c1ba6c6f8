package ircserver

import (
	"encoding/binary"
	"hash/crc32"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// hashRecipients is the part of the output chain that an audience contributes; computed once per audience.
func hashRecipients(list []Recipient) uint32 {
	var h uint32
	var b [12]byte
	for _, r := range list {
		binary.LittleEndian.PutUint64(b[:], uint64(r.Session))
		binary.LittleEndian.PutUint32(b[8:], uint32(r.Caps))
		h = crc32.Update(h, castagnoli, b[:])
	}
	return h
}

// chainOutput mixes one output into the rolling hash of all outputs so far (invariant I-4).
func chainOutput(chain uint32, o *Output) uint32 {
	var b [32]byte
	binary.LittleEndian.PutUint64(b[:], uint64(o.ID.Input))
	binary.LittleEndian.PutUint32(b[8:], o.ID.Reply)
	binary.LittleEndian.PutUint32(b[12:], o.To.hash)
	binary.LittleEndian.PutUint64(b[16:], uint64(o.To.skip))
	binary.LittleEndian.PutUint64(b[24:], uint64(o.Time))
	chain = crc32.Update(chain, castagnoli, b[:])
	return crc32.Update(chain, castagnoli, []byte(o.Line))
}
