package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// ircLink is a session over plain IRC.
type ircLink struct {
	conn net.Conn
	buf  []byte // unread input is buf[r:w]
	r, w int
	nick string
	out  []byte
}

// DialIRC returns a Config.Dial for plain IRC; addrs are taken in turn.
func DialIRC(addrs []string) func(context.Context, int) (Link, error) {
	return func(ctx context.Context, i int) (Link, error) {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", addrs[i%len(addrs)])
		if err != nil {
			return nil, err
		}
		return &ircLink{conn: conn, buf: make([]byte, 16<<10)}, nil
	}
}

func (l *ircLink) write(text string) error {
	_, err := l.conn.Write([]byte(text))
	return err
}

func (l *ircLink) Register(ctx context.Context, nick string) error {
	l.nick = nick
	if err := l.write(fmt.Sprintf("NICK %s\r\nUSER %s 0 * :bench\r\n", nick, nick)); err != nil {
		return err
	}
	return l.await(ctx, "001")
}

func (l *ircLink) Join(ctx context.Context, channel string) error {
	if err := l.write("JOIN " + channel + "\r\n"); err != nil {
		return err
	}
	return l.await(ctx, "366")
}

// await reads until a numeric comes.
func (l *ircLink) await(ctx context.Context, numeric string) error {
	if deadline, ok := ctx.Deadline(); ok {
		l.conn.SetReadDeadline(deadline)
		defer l.conn.SetReadDeadline(time.Time{})
	}
	for {
		line, err := l.line()
		if err != nil {
			return err
		}
		switch command := string(commandOf(line)); {
		case command == numeric:
			return nil
		case isFailure(command):
			return fmt.Errorf("the server said %q", line)
		}
	}
}

// line returns the next line, which is valid until the next call. PINGs are answered.
func (l *ircLink) line() ([]byte, error) {
	for {
		if i := bytes.IndexByte(l.buf[l.r:l.w], '\n'); i >= 0 {
			line := bytes.TrimRight(l.buf[l.r:l.r+i], "\r")
			l.r += i + 1
			if bytes.HasPrefix(line, []byte("PING ")) {
				if err := l.write("PONG " + string(line[5:]) + "\r\n"); err != nil {
					return nil, err
				}
			}
			return line, nil
		}
		if l.r > 0 {
			l.w = copy(l.buf, l.buf[l.r:l.w])
			l.r = 0
		}
		if l.w == len(l.buf) {
			return nil, errors.New("a line of more than 16 KiB")
		}
		n, err := l.conn.Read(l.buf[l.w:])
		if err != nil {
			return nil, err
		}
		l.w += n
	}
}

// Send writes all lines at once. They are in the network once another session has them.
func (l *ircLink) Send(ctx context.Context, lines [][]byte) (bool, error) {
	l.out = l.out[:0]
	for _, b := range lines {
		l.out = append(l.out, b...)
	}
	_, err := l.conn.Write(l.out)
	return false, err
}

func (l *ircLink) Receive(ctx context.Context, message func([]byte)) error {
	for {
		line, err := l.line()
		if err != nil {
			return err
		}
		if text, ok := privmsgText(line); ok {
			message(text)
		} else if bytes.HasPrefix(line, []byte("ERROR")) {
			return fmt.Errorf("the server said %q", line)
		}
	}
}

func (l *ircLink) Close() {
	l.conn.SetDeadline(time.Now().Add(time.Second))
	_ = l.write("QUIT :done\r\n")
	l.conn.(*net.TCPConn).CloseWrite()
	time.AfterFunc(time.Second, func() { l.conn.Close() })
}

// commandOf is a line's command.
func commandOf(line []byte) []byte {
	if bytes.HasPrefix(line, []byte("@")) {
		_, line, _ = bytes.Cut(line, []byte(" "))
	}
	if bytes.HasPrefix(line, []byte(":")) {
		_, line, _ = bytes.Cut(line, []byte(" "))
	}
	command, _, _ := bytes.Cut(line, []byte(" "))
	return command
}

// privmsgText is the text of a PRIVMSG to a channel.
func privmsgText(line []byte) ([]byte, bool) {
	_, rest, ok := bytes.Cut(line, []byte(" PRIVMSG #"))
	if !ok {
		return nil, false
	}
	_, text, ok := bytes.Cut(rest, []byte(" :"))
	return text, ok
}

// isFailure reports whether a command says that a session could not register or join.
func isFailure(command string) bool {
	return command == "ERROR" || len(command) == 3 && command[0] == '4' && command != "422" // 422: no message of the day
}
