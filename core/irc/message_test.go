package irc

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestParseErrors(t *testing.T) {
	long := strings.Repeat("x", MaxTags)
	for _, v := range []struct {
		line string
		want error
	}{
		{"", ErrEmpty},
		{"   ", ErrEmpty},
		{":src", ErrEmpty},
		{":src   ", ErrEmpty},
		{"@a=b", ErrEmpty},
		{"@a=b :src ", ErrEmpty},
		{"@ PING", ErrBadTags},
		{"@", ErrBadTags},
		{": PING", ErrBadSource},
		{":", ErrBadSource},
		{":src :PING", ErrBadCommand},
		{":src @PING", ErrBadCommand},
		{"@a @b PING", ErrBadCommand},
		{"PRIVMSG a :b\rc", ErrBadByte},
		{"PRIVMSG a :b\nQUIT", ErrBadByte},
		{"a\x00b", ErrBadByte},
		{"PRIVMSG somebody :something longer \x02bold\x02 and then\r", ErrBadByte},
		{"@" + long[:MaxTags-2] + " PING", nil},
		{"@" + long[:MaxTags-1] + " PING", ErrTooManyTagBytes},
	} {
		m := NewMessage("old", "OLD", "a", "b")
		if err := m.Parse(v.line); !errors.Is(err, v.want) {
			t.Errorf("%.40q: got %v, want %v", v.line, err, v.want)
		} else if err != nil && m != (Message{}) {
			t.Errorf("%.40q: not empty after an error: %+v", v.line, m)
		}
	}
}

func TestCheckClientLine(t *testing.T) {
	x := strings.Repeat("x", MaxTags)
	for _, v := range []struct {
		line string
		want error
	}{
		{"", nil},
		{x[:510], nil},
		{x[:511], ErrTooLong},
		{"@" + x[:4094] + " " + x[:510], nil},
		{"@" + x[:4094] + " " + x[:511], ErrTooLong},
		{"@" + x[:4095] + " PING", ErrTooManyTagBytes},
		{"@" + x[:4095], ErrTooManyTagBytes},
	} {
		if err := CheckClientLine(v.line); !errors.Is(err, v.want) {
			t.Errorf("%d bytes: got %v, want %v", len(v.line), err, v.want)
		}
	}
}

func TestParseForms(t *testing.T) {
	for _, v := range []struct {
		line     string
		params   []string
		trailing bool
		encoded  string
	}{
		{"  PING  a  ", []string{"a"}, false, "PING a"},
		{"PING :a", []string{"a"}, true, "PING :a"},
		{"PING :", []string{""}, true, "PING :"},
		{"PING a :b", []string{"a", "b"}, true, "PING a :b"},
		{"PING a:b c", []string{"a:b", "c"}, false, "PING a:b c"},
		{"X 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15", strings.Fields("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"), false,
			"X 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"},
		{"X 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 :17", append(strings.Fields("1 2 3 4 5 6 7 8 9 10 11 12 13 14"),
			"15 16 :17"), true, "X 1 2 3 4 5 6 7 8 9 10 11 12 13 14 :15 16 :17"},
		{"X 1 2 3 4 5 6 7 8 9 10 11 12 13 14 :15  16", append(strings.Fields("1 2 3 4 5 6 7 8 9 10 11 12 13 14"),
			"15  16"), true, "X 1 2 3 4 5 6 7 8 9 10 11 12 13 14 :15  16"},
		{" @a=b;c  ::src   PING \xff\xfe", []string{"\xff\xfe"}, false, "@a=b;c ::src PING \xff\xfe"},
	} {
		var m, back Message
		if err := m.Parse(v.line); err != nil {
			t.Fatalf("%q: %v", v.line, err)
		}
		if !slices.Equal(m.Params(), v.params) || m.Trailing != v.trailing {
			t.Errorf("%q: got %q, trailing %v", v.line, m.Params(), m.Trailing)
		}
		if got := m.String(); got != v.encoded {
			t.Errorf("%q: encoded %q, want %q", v.line, got, v.encoded)
		}
		if err := back.Parse(m.String()); err != nil || back != m {
			t.Errorf("%q: got %+v back", v.line, back)
		}
	}
}

func TestParseReuse(t *testing.T) {
	var m, fresh Message
	for _, line := range []string{"@a :b C d e f :g h", "PING", "PING 1 2 3", ":x Y :z"} {
		fresh = Message{}
		if m.Parse(line) != nil || fresh.Parse(line) != nil || m != fresh {
			t.Errorf("%q: reused %+v, fresh %+v", line, m, fresh)
		}
	}
}

func TestParams(t *testing.T) {
	m := NewMessage("", "X", "a", "b")
	if m.Param(0) != "a" || m.Param(1) != "b" || m.Param(2) != "" || m.Param(-1) != "" || m.Last() != "b" {
		t.Errorf("%+v", m)
	}
	if m.SetParams(make([]string, MaxParams+1)...) || m.NumParams() != MaxParams {
		t.Errorf("%d parameters", m.NumParams())
	}
	if !m.SetParams() || m.NumParams() != 0 || m.Last() != "" || m != NewMessage("", "X") {
		t.Errorf("%+v", m)
	}
	m = NewMessage("n!u@h", "X")
	if m.Prefix() != (Prefix{"n", "u", "h"}) {
		t.Errorf("%+v", m.Prefix())
	}
}

func TestAppendRepairs(t *testing.T) {
	for _, v := range []struct {
		m    Message
		want string
	}{
		{NewMessage("a\r\n b", "PRI\x00V", "x\ny", "t\r\nQUIT :z"), ":ab PRIV xy :tQUIT :z"},
		{NewMessage("", ": :@PING", "::a", "", "a b", "\r\n", "b"), "PING a * ab * b"},
		{NewMessage(" ", "", "x"), ":* * x"},
		{NewMessage("", "\n:\n@", "\n:\n:", "\r"), "* * :"},
		{NewMessage("", "X", "\n:y"), "X ::y"},
		{Message{Tags: "a=b c\n", Command: "X"}, "@a=bc X"},
		{Message{Tags: " ", Command: "X"}, "@* X"},
		{NewMessage("s", "X", "y").WithTrailing(), ":s X :y"},
		{NewMessage("s", "X").WithTrailing(), ":s X"},
	} {
		if got := v.m.String(); got != v.want {
			t.Errorf("got %q, want %q", got, v.want)
		}
	}
}

func TestAppendLimit(t *testing.T) {
	m := NewMessage("s", "PRIVMSG", "#c", "aäöü")
	m.AddTag("time", "x")
	full := m.String()
	for limit := range 40 {
		got := string(m.AppendLimit(nil, limit))
		body := strings.TrimPrefix(got, "@time=x ")
		if len(body) > limit || !strings.HasPrefix(full, got) || strings.ToValidUTF8(got, "") != got {
			t.Errorf("limit %d: %q", limit, got)
		}
		if len(body) < min(limit-1, len(full)-len("@time=x ")) {
			t.Errorf("limit %d: %q is too short", limit, got)
		}
	}
}

func TestMessageAllocs(t *testing.T) {
	const line = "@time=2026-01-02T03:04:05.678Z;msgid=abc :nick!user@host PRIVMSG #channel :hello \x02world\x02"
	var m Message
	buf := make([]byte, 0, 1024)
	for name, f := range map[string]func(){
		"Parse":  func() { _ = m.Parse(line) },
		"Append": func() { buf = m.Append(buf[:0]) },
		"Tag":    func() { sink, _ = m.Tag("msgid") },
		"AllTags": func() {
			for k, v := range m.AllTags() {
				sink = k
				sink = v
			}
		},
		"New":          func() { m2 := NewMessage("a", "B", "c", sink); buf = m2.Append(buf[:0]) },
		"UpperCommand": func() { sink = UpperCommand("PRIVMSG") },
		"Prefix":       func() { sink = m.Prefix().Host },
	} {
		if got := testing.AllocsPerRun(100, f); got != 0 {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
}

func TestTags(t *testing.T) {
	m := Message{Tags: "a=1;;=x;b;a=2\\s;+c/d="}
	var got []string
	for k, v := range m.AllTags() {
		got = append(got, k+"="+v)
	}
	if want := []string{"a=1", "b=", "a=2 ", "+c/d="}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	for k, v := range m.RawTags() {
		if k == "a" && v == "1" {
			break
		}
		t.Errorf("went on to %q=%q", k, v)
	}
	m.AddTag("+x", "y z")
	if got := string(m.AppendClientTags([]byte("time=0"))); got != `time=0;+c/d;+x=y\sz` {
		t.Errorf("client tags: %q", got)
	}
	if v, ok := m.Tag("a"); v != "2 " || !ok {
		t.Errorf("a = %q, %v", v, ok)
	}
	if v, ok := m.Tag("c"); v != "" || ok {
		t.Errorf("c = %q, %v", v, ok)
	}
}

func TestTagValues(t *testing.T) {
	for _, v := range []string{"", "plain", `a;b\c d` + "\r\n", "ä;ö", `\\`, ";"} {
		esc := EscapeTagValue(v)
		if strings.ContainsAny(esc, "; \r\n") || UnescapeTagValue(esc) != v {
			t.Errorf("%q: escaped %q, back %q", v, esc, UnescapeTagValue(esc))
		}
	}
	if got := EscapeTagValue("a\x00b"); got != "ab" {
		t.Errorf("NUL: %q", got)
	}
	if got := UnescapeTagValue(`\a\:\`); got != "a;" {
		t.Errorf("got %q", got)
	}
}

func TestValidTagKey(t *testing.T) {
	for _, k := range []string{"a", "time", "+typing", "+draft/react", "example.com/x-1", "+a/b", "7"} {
		if !ValidTagKey(k) {
			t.Errorf("%q is not valid", k)
		}
	}
	for _, k := range []string{"", "+", "a/", "/a", "+/a", "a/b/c", "a b", "a_b", "++a", "a;b", "ä", "a.b"} {
		if ValidTagKey(k) {
			t.Errorf("%q is valid", k)
		}
	}
	if !IsClientTag("+a") || IsClientTag("a") {
		t.Error("IsClientTag")
	}
}

func TestUpperCommand(t *testing.T) {
	for in, want := range map[string]string{"privmsg": "PRIVMSG", "PrivMsg": "PRIVMSG", "001": "001", "": "", "{|ä": "{|ä", "zA": "ZA"} {
		if got := UpperCommand(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}
