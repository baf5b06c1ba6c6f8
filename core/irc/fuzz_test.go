package irc

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// Each target holds what must be true of any input; the seeds are one of each kind. Run one with
//
//	go test ./core/irc -run '^$' -fuzz '^FuzzParse$' -fuzztime 30s -fuzzminimizetime 10x -parallel 1
//
// (without that limit, go spends most of the time on making new inputs smaller).

// FuzzParse holds that what was parsed is written as one line that is parsed as the same message.
func FuzzParse(f *testing.F) {
	for _, line := range append(benchLines, "", ":", "@", "@a", ": b", "  @a=b;c  ::d  e  :f ", "a b : c", "a\x00", "a \r",
		"X 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 :17", "X 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15  ", ":a :b", "\xff\xfe \x80") {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		var m, back Message
		m.SetParams("left", "over", "from", "before")
		if m.Parse(line) != nil {
			if m != (Message{}) {
				t.Fatalf("%q: not empty after an error: %+v", line, m)
			}
			return
		}
		out := m.String()
		if len(out) > len(line)+1 || strings.ContainsAny(out, "\r\n\x00") {
			t.Fatalf("%q is written as %q", line, out)
		}
		if err := back.Parse(out); err != nil || back != m {
			t.Fatalf("%q is written as %q, which is read as %+v, %v", line, out, back, err)
		}
		checkTags(t, &m)
	})
}

// checkTags holds that the ways to read tags agree, and that tags written from what was read are read as the same.
func checkTags(t *testing.T, m *Message) {
	var again Message
	for key, value := range m.AllTags() {
		if got, ok := m.Tag(key); !ok || got != value && strings.Count(m.Tags, key) < 2 {
			t.Fatalf("%q: Tag(%q) = %q, %v; AllTags has %q", m.Tags, key, got, ok, value)
		}
		again.AddTag(key, value)
	}
	for key := range m.RawTags() {
		value, _ := m.Tag(key)
		if got, ok := again.Tag(key); !ok || got != value {
			t.Fatalf("%q is written as %q", m.Tags, again.Tags)
		}
	}
}

// FuzzAppend holds that any fields whatever make one line with as many parameters, and that writing is stable.
func FuzzAppend(f *testing.F) {
	f.Add("a=b", "nick!u@h", "PRIVMSG", "#c", "hello world", true)
	f.Add("", "", "PING", "", "", false)
	f.Add("a b\n", " : ", ":@ \x00", "\r:\x00: x", "\nQUIT\r", false)
	f.Fuzz(func(t *testing.T, tags, source, command, p1, p2 string, trailing bool) {
		if len(tags) > MaxTags-2 {
			return
		}
		m := NewMessage(source, command, p1, p2)
		m.Tags, m.Trailing = tags, trailing
		out := m.String()
		var back Message
		if err := back.Parse(out); err != nil {
			t.Fatalf("%+v is written as %q: %v", m, out, err)
		}
		if back.NumParams() != 2 || back.String() != out {
			t.Fatalf("%+v is written as %q, and that as %q", m, out, back.String())
		}
		if back.Source == "" != (source == "") || back.Tags == "" != (tags == "") || back.Last() != stripForbidden(p2) {
			t.Fatalf("%+v is written as %q", m, out)
		}
	})
}

// FuzzTagValue holds that escaping is undone by unescaping and leaves nothing that would end the tag.
func FuzzTagValue(f *testing.F) {
	for _, s := range []string{"", "plain", `a;b\c d` + "\r\n", `\\\:\s\r\n\x\`, "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		escaped := EscapeTagValue(s)
		if strings.ContainsAny(escaped, "; \r\n\x00") {
			t.Fatalf("%q is escaped as %q", s, escaped)
		}
		if got := UnescapeTagValue(escaped); got != strings.ReplaceAll(s, "\x00", "") {
			t.Fatalf("%q is escaped as %q and comes back as %q", s, escaped, got)
		}
		if got := UnescapeTagValue(s); len(got) > len(s) {
			t.Fatalf("%q is unescaped as %q", s, got)
		}
	})
}

// FuzzPrefix holds that the parts of a prefix make it up.
func FuzzPrefix(f *testing.F) {
	for _, s := range []string{"", "nick", "irc.example.org", "n!u@h", "n!u", "n@h", "!@", "a@b!c@d", "a!b!c@@d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p := ParsePrefix(s)
		if got := p.String(); got != s && p.User != "" && p.Host != "" {
			t.Fatalf("%q: %+v, %q", s, p, got)
		}
		if strings.Contains(p.Name, "!") || strings.Contains(p.User, "@") {
			t.Fatalf("%q: %+v", s, p)
		}
		if again := ParsePrefix(p.String()); p.User != "" && p.Host != "" && again != p {
			t.Fatalf("%q: %+v, then %+v", s, p, again)
		}
	})
}

// FuzzMask holds the matcher against the definition.
func FuzzMask(f *testing.F) {
	f.Add("*!*@*.example", "n!u@a.example", uint8(0))
	f.Add(`a\*?*b??c*`, "A*xyyyb12c", uint8(1))
	f.Add("*a?a*", "aaab", uint8(2))
	f.Add("*"+strings.Repeat("a?", 40)+"*b", strings.Repeat("a", 90)+"b", uint8(0))
	f.Fuzz(func(t *testing.T, mask, s string, mapping uint8) {
		if len(mask)*len(s) > 1<<16 {
			return
		}
		c := Casemapping(mapping % 4)
		want := naiveMatch(c, mask, s)
		if got := MatchMask(c, mask, s); got != want {
			t.Fatalf("%v: %q against %q: %v", c, mask, s, got)
		}
		if got := MatchMask(c, collapseStars(mask), s); got != want {
			t.Fatalf("%v: %q collapsed is %q", c, mask, collapseStars(mask))
		}
		if !HasWildcard(mask) && want && len(s) > len(mask) {
			t.Fatalf("%q without wildcards matches %q", mask, s)
		}
	})
}

// FuzzCanonicalMask holds that a canonical mask has three parts and is its own canonical mask.
func FuzzCanonicalMask(f *testing.F) {
	for _, s := range []string{"", "nick", "u@h", "n!u@h", "a.b", "!@", "**!\\**@", "@!@!"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := CanonicalMask(s)
		if CanonicalMask(got) != got {
			t.Fatalf("%q becomes %q and then %q", s, got, CanonicalMask(got))
		}
		if nick, user, host := splitMask(got); nick == "" || user == "" || host == "" {
			t.Fatalf("%q becomes %q", s, got)
		}
	})
}

// FuzzModes holds that what was read from any mode string is written as lines within limits that are read as the same.
func FuzzModes(f *testing.F) {
	f.Add("+o-v", "a b", 3, 100)
	f.Add("b+k-k", "", 0, 0)
	f.Add("+-+lolz", "10 x ", 1, 7)
	f.Fuzz(func(t *testing.T, letters, params string, maxParams, maxBytes int) {
		args := append([]string{letters}, strings.Split(params, " ")...)
		changes, errs := ParseModes(testSpec, args)
		if len(errs) > 3*256 || len(changes) > len(letters) {
			t.Fatalf("%q: %d errors, %d changes", args, len(errs), len(changes))
		}
		checkFormatModes(t, changes, maxParams, maxBytes)
	})
}

// FuzzModeSpec holds that a spec that was read is written as one that is read as the same.
func FuzzModeSpec(f *testing.F) {
	f.Add("beI,k,l,imnst", "(ov)@+")
	f.Add(",,,,,x", "()")
	f.Fuzz(func(t *testing.T, chanmodes, prefix string) {
		s, err := ParseModeSpec(chanmodes, prefix)
		if err != nil {
			return
		}
		if again, err := ParseModeSpec(s.ChanModes(), s.PrefixToken()); err != nil || again != s {
			t.Fatalf("%q %q is written as %q %q: %v", chanmodes, prefix, s.ChanModes(), s.PrefixToken(), err)
		}
	})
}

// FuzzISupport holds that what was read from a line is written as lines within limits that are read as the same.
func FuzzISupport(f *testing.F) {
	f.Add("005 me A=1 -B C=a\\x20b -A :are supported")
	f.Add(`005 me =x A B= C== D=\x D=\x4 -`)
	f.Add("005")
	f.Fuzz(func(t *testing.T, line string) {
		var m Message
		var s, back ISupport
		if m.Parse(line) != nil {
			return
		}
		_ = s.AddLine(&m)
		for _, tokens := range s.Lines(400) {
			if len(tokens) > MaxISupportTokens || len(tokens) > 1 && len(strings.Join(tokens, " ")) > 400 {
				t.Fatalf("%q: %q", line, tokens)
			}
			out := NewMessage("s", "005", append([]string{"me"}, append(tokens, "x")...)...).WithTrailing()
			if err := m.Parse(out.String()); err != nil {
				t.Fatalf("%q: %v", out.String(), err)
			}
			if err := back.AddLine(&m); err != nil {
				t.Fatalf("%q: %v", out.String(), err)
			}
		}
		if !slices.Equal(s.Tokens(), back.Tokens()) {
			t.Fatalf("%q: %v, then %v", line, s.Tokens(), back.Tokens())
		}
	})
}

// FuzzSplit holds that no word is lost and no line too long, and that nothing valid is cut within a character.
func FuzzSplit(f *testing.F) {
	f.Add("some words and ä long-word", 3, 12)
	f.Add("", 0, 0)
	f.Add("€€ €", 0, 4)
	f.Fuzz(func(t *testing.T, text string, prefix, limit int) {
		if limit < 0 || limit > 1<<20 || prefix < 0 || prefix > limit {
			return
		}
		words := strings.Fields(text)
		var got []string
		for line := range SplitWords(prefix, slices.Values(words), limit) {
			if len(line) > limit-prefix || utf8.ValidString(text) && !utf8.ValidString(line) {
				t.Fatalf("%q to %d: %q", text, limit-prefix, line)
			}
			got = append(got, strings.Split(line, " ")...)
		}
		if len(got) != len(words) {
			t.Fatalf("%q to %d: %q", text, limit-prefix, got)
		}
		for i := range got {
			if got[i] != Truncate(words[i], limit-prefix) {
				t.Fatalf("%q to %d: %q", words[i], limit-prefix, got[i])
			}
		}
	})
}

// FuzzFold holds that folding is idempotent, keeps the length, and agrees with Equal.
func FuzzFold(f *testing.F) {
	f.Add(`Nick[]\~`, "nick{}|^", uint8(0))
	f.Add("\xff\xc3A", "ä", uint8(1))
	f.Fuzz(func(t *testing.T, a, b string, mapping uint8) {
		c := Casemapping(mapping % 4)
		fa, fb := c.Fold(a), c.Fold(b)
		if len(fa) != len(a) || c.Fold(fa) != fa || !c.IsFolded(fa) || !c.Equal(a, fa) || c.Equal(a, b) != (fa == fb) {
			t.Fatalf("%v: %q folds to %q, %q to %q, equal %v", c, a, fa, b, fb, c.Equal(a, b))
		}
		if upper := UpperCommand(a); !ASCII.Equal(upper, a) || UpperCommand(upper) != upper {
			t.Fatalf("%q in upper case is %q", a, upper)
		}
	})
}
