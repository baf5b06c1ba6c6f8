package ircserver

// AppendSnapshot appends the canonical encoding of the state: equal states give equal bytes.
func (s *Server) AppendSnapshot(dst []byte) []byte { panic("not done") }

// Restore makes a machine from what AppendSnapshot wrote.
func Restore(b []byte) (*Server, error) { return nil, ErrCorrupt }

// Digest is the hash of the state.
func (s *Server) Digest() [32]byte { panic("not done") }

// EncodeConfig returns c's canonical encoding: the text of a KindConfig input.
func EncodeConfig(c *Config) string { panic("not done") }

// DecodeConfig reads what EncodeConfig wrote.
func DecodeConfig(s string) (Config, error) { return Config{}, ErrCorrupt }
