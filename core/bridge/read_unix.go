//go:build unix

package bridge

import (
	"errors"
	"io"
	"net"
	"syscall"
)

// lazyReader reads from a TCP connection and takes its buffer only once there is something to read, so that idle
// connections hold none.
type lazyReader struct {
	raw   syscall.RawConn
	buf   *[]byte
	n     int
	errno error
	fn    func(fd uintptr) bool
}

// newReader returns how to read from conn.
func newReader(conn net.Conn) chunkReader {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return &eagerReader{conn: conn}
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return &eagerReader{conn: conn}
	}
	r := &lazyReader{raw: raw}
	r.fn = r.try
	return r
}

// try reads once; false makes the runtime wait until the connection is readable.
func (r *lazyReader) try(fd uintptr) bool {
	r.buf = chunks.Get().(*[]byte)
	for {
		r.n, r.errno = syscall.Read(int(fd), *r.buf)
		if !errors.Is(r.errno, syscall.EINTR) {
			break
		}
	}
	if errors.Is(r.errno, syscall.EAGAIN) {
		r.release()
		return false
	}
	return true
}

func (r *lazyReader) read() ([]byte, error) {
	if err := r.raw.Read(r.fn); err != nil {
		return nil, err
	}
	switch {
	case r.errno != nil:
		return nil, r.errno
	case r.n <= 0:
		return nil, io.EOF
	}
	return (*r.buf)[:r.n], nil
}

func (r *lazyReader) release() {
	if r.buf != nil {
		chunks.Put(r.buf)
		r.buf = nil
	}
}
