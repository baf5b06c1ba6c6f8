package robustsession

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ID names a line in a network's log: the input that caused it and the number of the reply. It is what lastseen holds.
type ID struct {
	ID    uint64 `json:"Id"`
	Reply uint64 `json:"Reply"`
}

// String is the form of lastseen: "12.3".
func (id ID) String() string {
	return strconv.FormatUint(id.ID, 10) + "." + strconv.FormatUint(id.Reply, 10)
}

// ParseID parses the form of lastseen. Both numbers must fit an int64, as the stock bridge's do.
func ParseID(s string) (ID, error) {
	input, reply, ok := strings.Cut(s, ".")
	a, err1 := strconv.ParseUint(input, 10, 63)
	b, err2 := strconv.ParseUint(reply, 10, 63)
	if !ok || err1 != nil || err2 != nil {
		return ID{}, fmt.Errorf("lastseen %.40q is not <number>.<number>", s)
	}
	return ID{a, b}, nil
}

// The types of messages on a stream; others are to be skipped.
const (
	// TypeLine is a line for the client in Data.
	TypeLine = 3
	// TypePing keeps the stream alive and carries Servers.
	TypePing = 4
)

// Message is one object of a GetMessages stream.
type Message struct {
	Id      ID
	Session ID
	Type    int
	Data    string
	// UnixNano is the network's time of the line.
	UnixNano int64
	// Servers are all servers of the network as host:port (TypePing only, never empty there).
	Servers         []string `json:",omitempty"`
	ClientMessageId uint64   `json:",omitempty"`
}

// CreateReply answers POST /robustirc/v1/session.
type CreateReply struct {
	Sessionid   string
	Sessionauth string
	Prefix      string
}

// PostRequest is the body of POST /robustirc/v1/<id>/message.
type PostRequest struct {
	Data            string
	ClientMessageId uint64
}

// DeleteRequest is the body of DELETE /robustirc/v1/<id>.
type DeleteRequest struct {
	Quitmessage string
}

// MaxLine is the longest line a session may post, in bytes without line ending and without IRCv3 tags; MaxTags is how
// many bytes '@' and tags may have before it.
const (
	MaxLine = 510
	MaxTags = 4095
)

// MaxBody is the longest body of a v1 request, in bytes.
const MaxBody = 2048

// MaxGatewayLine takes the place of MaxLine for a gateway's link.
const MaxGatewayLine = 4096

// CheckLine says why a line cannot be posted, or nil.
func CheckLine(line string) error { return checkLine(line, MaxLine) }

// CheckGatewayLine is CheckLine for a gateway's link.
func CheckGatewayLine(line string) error { return checkLine(line, MaxGatewayLine) }

func checkLine(line string, limit int) error {
	body := line
	if strings.HasPrefix(line, "@") {
		var tags string
		if tags, body, _ = strings.Cut(line, " "); len(tags) > MaxTags {
			return fmt.Errorf("the tags have %d bytes, at most %d are allowed", len(tags), MaxTags)
		}
	}
	if len(body) > limit {
		return fmt.Errorf("the line has %d bytes, at most %d are allowed", len(body), limit)
	}
	if strings.ContainsAny(line, "\r\n\x00") {
		return fmt.Errorf("the line contains CR, LF or NUL")
	}
	return nil
}

// AppendLineMessage appends the JSON of a TypeLine message and a newline; data is the line without line ending.
func AppendLineMessage(dst []byte, id ID, unixNano int64, data []byte) []byte {
	dst = append(dst, `{"Id":`...)
	dst = appendID(dst, id)
	dst = append(dst, `,"Session":{"Id":0,"Reply":0},"Type":3,"Data":`...)
	dst = AppendString(dst, data)
	dst = append(dst, `,"UnixNano":`...)
	dst = strconv.AppendInt(dst, unixNano, 10)
	return append(dst, "}\n"...)
}

// AppendPingMessage appends the JSON of a TypePing message and a newline.
func AppendPingMessage(dst []byte, servers []string) []byte {
	dst = append(dst, `{"Id":{"Id":0,"Reply":0},"Session":{"Id":0,"Reply":0},"Type":4,"Data":"","UnixNano":0,"Servers":[`...)
	for i, s := range servers {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendString(dst, []byte(s))
	}
	return append(dst, "]}\n"...)
}

func appendID(dst []byte, id ID) []byte {
	dst = append(dst, `{"Id":`...)
	dst = strconv.AppendUint(dst, id.ID, 10)
	dst = append(dst, `,"Reply":`...)
	dst = strconv.AppendUint(dst, id.Reply, 10)
	return append(dst, '}')
}

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string (RFC 8259). Bytes that are not UTF-8 become U+FFFD, one each.
func AppendString(dst, s []byte) []byte {
	dst = append(dst, '"')
	start := 0 // of what was not appended yet
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= 0x20 && c != '"' && c != '\\' {
				i++
				continue
			}
			dst = append(dst, s[start:i]...)
			dst = appendEscaped(dst, c)
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRune(s[i:])
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, s[start:i]...)
			dst = append(dst, "\ufffd"...)
			i++
			start = i
			continue
		}
		i += size
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

func appendEscaped(dst []byte, c byte) []byte {
	if c == '"' || c == '\\' {
		return append(dst, '\\', c)
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}
