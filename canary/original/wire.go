package original

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is one field of a protobuf message: n is a number of any kind, b the bytes of a string or a message.
type field struct {
	num protowire.Number
	n   uint64
	b   []byte
}

func (f field) str() string { return string(f.b) }

// eachField calls yield for each field of an encoded message, in the order of the bytes. Fields of kinds that the
// original does not use (groups) are passed over.
func eachField(b []byte, yield func(field) error) error {
	for len(b) > 0 {
		num, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return fmt.Errorf("%w: protobuf: %w", ErrFormat, protowire.ParseError(n))
		}
		b = b[n:]
		f := field{num: num}
		if n = f.consume(kind, b); n < 0 {
			return fmt.Errorf("%w: protobuf: field %d: %w", ErrFormat, num, protowire.ParseError(n))
		}
		b = b[n:]
		if err := yield(f); err != nil {
			return err
		}
	}
	return nil
}

// consume reads the value and returns its length, or what protowire.ParseError explains.
func (f *field) consume(kind protowire.Type, b []byte) (n int) {
	switch kind {
	case protowire.VarintType:
		f.n, n = protowire.ConsumeVarint(b)
	case protowire.Fixed64Type:
		f.n, n = protowire.ConsumeFixed64(b)
	case protowire.BytesType:
		f.b, n = protowire.ConsumeBytes(b)
	default:
		n = protowire.ConsumeFieldValue(f.num, kind, b)
	}
	return n
}

// mapEntry reads an entry of a map, of which the key is a string and the value is not looked into.
func mapEntry(b []byte) (key string, value []byte, err error) {
	err = eachField(b, func(f field) error {
		switch f.num {
		case 1:
			key = f.str()
		case 2:
			value = f.b
		}
		return nil
	})
	return key, value, err
}
