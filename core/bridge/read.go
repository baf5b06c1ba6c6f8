package bridge

import (
	"net"
	"sync"
)

// chunkReader reads what has arrived. The chunk is valid until release.
type chunkReader interface {
	read() ([]byte, error)
	release()
}

// chunks holds read buffers.
var chunks = sync.Pool{New: func() any {
	b := make([]byte, 8<<10)
	return &b
}}

// eagerReader holds a small buffer of its own while it waits: for TLS, where readability of the socket says nothing.
type eagerReader struct {
	conn net.Conn
	buf  [2 << 10]byte
}

func (r *eagerReader) read() ([]byte, error) {
	n, err := r.conn.Read(r.buf[:])
	if n > 0 {
		return r.buf[:n], nil
	}
	return nil, err
}

func (r *eagerReader) release() {}
