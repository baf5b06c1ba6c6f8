//go:build !unix

package bridge

import "net"

func newReader(conn net.Conn) chunkReader { return &eagerReader{conn: conn} }
