package ircserver

// AppendOutputs appends the encoding of outs to dst; audiences that consecutive outputs share are written once.
func AppendOutputs(dst []byte, outs []Output) []byte { panic("not done") }

// DecodeOutputs reads what AppendOutputs wrote.
func DecodeOutputs(b []byte) ([]Output, error) { return nil, ErrCorrupt }
