package unreal

import "robustirc/s2s"

// CodecOf returns a codec for the lines of a recorded link. Reading needs nothing of the handshake in it; what is
// written is what UnrealIRCd 6 understands.
func CodecOf([]s2s.Recorded) *Codec {
	return NewCodec(Features{Tags: true, BigLines: true, NamedBans: true, Setters: true, SWhois: true, Locks: true})
}
