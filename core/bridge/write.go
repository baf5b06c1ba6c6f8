package bridge

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// maxWrite is how much is written under one WriteTimeout.
const maxWrite = 64 << 10

// writeBufs holds the buffers of writers that have something to write.
var writeBufs = sync.Pool{New: func() any {
	b := make([]byte, 0, 4<<10)
	return &b
}}

// write delivers the session's output until it ends.
func (c *conn) write() {
	defer close(c.written)
	for {
		lines, err := c.session.Receive(c.ctx)
		if lines != nil && lines.Len() > 0 {
			if werr := c.deliver(lines); werr != nil {
				c.punish("Write error: " + writeError(werr))
				c.nc.Close() // a client that does not read would not see more either
				return
			}
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			c.endOfOutput()
			return
		case errors.Is(err, ErrBehind):
			c.punish("SendQ exceeded")
			return
		default:
			if c.ctx.Err() == nil {
				c.srv.cfg.Log.Warn("cannot read a session's output", "remote", c.addr.String(), "error", err)
				c.kick("The network's output cannot be read")
			}
			return
		}
	}
}

// endOfOutput tells the reader, and the client, that nothing follows.
func (c *conn) endOfOutput() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	if c.reason == "" {
		close(c.kicked)
	}
	c.nc.SetReadDeadline(time.Unix(1, 0))
}

// deliver writes all lines at once.
func (c *conn) deliver(lines Lines) error {
	buf := writeBufs.Get().(*[]byte)
	b := (*buf)[:0]
	var err error
	for i := 0; i < lines.Len() && err == nil; i++ {
		b = append(lines.AppendLine(b, i), '\r', '\n')
		if len(b) >= maxWrite || i == lines.Len()-1 {
			err = c.writeAll(b)
			b = b[:0]
		}
	}
	c.srv.stats.linesOut.Add(uint64(lines.Len()))
	*buf = b
	writeBufs.Put(buf)
	return err
}

// writeAll writes b within WriteTimeout.
func (c *conn) writeAll(b []byte) error {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	c.nc.SetWriteDeadline(time.Now().Add(c.srv.cfg.WriteTimeout))
	n, err := c.nc.Write(b)
	c.srv.stats.bytesOut.Add(uint64(n))
	return err
}

// say sends a line of the bridge's own. Its failure shows when the connection is read.
func (c *conn) say(line string) {
	_ = c.writeAll([]byte(line + "\r\n"))
}

// writeError is the part of a write error that other users may see.
func writeError(err error) string {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return "timed out"
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err.Error()
	}
	return "connection lost"
}
