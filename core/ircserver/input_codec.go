package ircserver

import "errors"

// ErrCorrupt is returned by the decoders for bytes that no encoder wrote, or that were damaged since.
var ErrCorrupt = errors.New("ircserver: corrupt encoding")

// EncodeBatch appends the encoding of ins to dst.
func EncodeBatch(dst []byte, ins []Input) []byte { panic("not done") }

// DecodeBatch reads what EncodeBatch wrote.
func DecodeBatch(b []byte) ([]Input, error) { return nil, ErrCorrupt }
