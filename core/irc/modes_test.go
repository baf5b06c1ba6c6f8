package irc

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var testSpec = func() ModeSpec {
	s, err := ParseModeSpec("beIq,k,jl,imnst", "(ohv)@%+")
	if err != nil {
		panic(err)
	}
	return s
}()

// describe writes the result of ParseModes on one line.
func describe(changes []ModeChange, errs []ModeError) string {
	var out []string
	for _, c := range changes {
		s := string([]byte{sign(c.Add), c.Mode})
		if c.HasParam {
			s += "=" + c.Param
		}
		if c.Query {
			s += "?"
		}
		out = append(out, s)
	}
	for _, e := range errs {
		out = append(out, fmt.Sprintf("%s!%s%s", []byte{sign(e.Add), e.Mode}, e.Param, map[error]string{
			ErrUnknownMode: "unknown", ErrNoModeParam: "missing", ErrBadModeParam: "bad"}[e.Reason]))
	}
	return strings.Join(out, " ")
}

func TestParseModes(t *testing.T) {
	for _, v := range []struct {
		args []string
		want string
	}{
		{nil, ""},
		{[]string{""}, ""},
		{[]string{"+-"}, ""},
		{[]string{"nt"}, "+n +t"},
		{[]string{"+o-v", "a", "b"}, "+o=a -v=b"},
		{[]string{"+o-v+n", "a", "b", "left over"}, "+o=a -v=b +n"},
		{[]string{"b"}, "+b?"},
		{[]string{"-e"}, "-e?"},
		{[]string{"+bb", "x!*@*"}, "+b=x!*@* +b?"},
		{[]string{"+l-l", "10"}, "+l=10 -l"},
		{[]string{"+k-k", "key"}, "+k=key -k=*"},
		{[]string{"-ko", "key", "a"}, "-k=key -o=a"},
		{[]string{"+l"}, "+l!missing"},
		{[]string{"+k"}, "+k!missing"},
		{[]string{"+oz-zZo", "a"}, "+o=a +z!unknown -Z!unknown -o!missing"},
		{[]string{"+ko", "two words", "a"}, "+o=a +k!two wordsbad"},
		{[]string{"+k", ":x"}, "+k!:xbad"},
		{[]string{"+bo", "", "a"}, "+b? +o=a"},
		{[]string{"+n\xff,"}, "+n +\xff!unknown +,!unknown"},
	} {
		if got := describe(ParseModes(testSpec, v.args)); got != v.want {
			t.Errorf("%q: got %q, want %q", v.args, got, v.want)
		}
	}
	_, errs := ParseModes(testSpec, []string{"+z"})
	if !errors.Is(errs[0], ErrUnknownMode) || errs[0].Error() != "irc: unknown mode: z" {
		t.Error(errs[0])
	}
}

func TestFormatModes(t *testing.T) {
	parse := func(args ...string) []ModeChange { c, _ := ParseModes(testSpec, args); return c }
	for _, v := range []struct {
		changes              []ModeChange
		maxParams, maxLength int
		want                 []string
	}{
		{nil, 3, 100, nil},
		{parse("+o-v", "a", "b"), 0, 0, []string{"+o-v a b"}},
		{parse("+o+o-v-v+n", "a", "b", "c", "d"), 3, 0, []string{"+oo-v a b c", "-v+n d"}},
		{parse("+ntbi"), 0, 0, []string{"+ntbi"}},
		{parse("+vbno", "a", "b!*@*", "c"), 0, 0, []string{"+vbno a b!*@* c"}},
		{append(parse("b"), parse("+no", "a")...), 0, 0, []string{"+bn", "+o a"}},
		{parse("+oooo", "aa", "bb", "cc", "dd"), 0, 9, []string{"+oo aa bb", "+oo cc dd"}},
		{parse("+o-o", "aa", "bb"), 0, 9, []string{"+o aa", "-o bb"}},
		{parse("+o-o", "aa", "bb"), 0, 10, []string{"+o-o aa bb"}},
		{parse("+non", "a-long-nick"), 0, 5, []string{"+n", "+o a-long-nick", "+n"}},
		{parse("+k-k", "x"), 1, 0, []string{"+k x", "-k *"}},
	} {
		if got := FormatModes(v.changes, v.maxParams, v.maxLength); !slices.Equal(got, v.want) {
			t.Errorf("%s: got %q, want %q", describe(v.changes, nil), got, v.want)
		}
	}
}

// checkFormatModes holds that lines keep the limits and are read back as the same changes.
func checkFormatModes(t *testing.T, changes []ModeChange, maxParams, maxBytes int) {
	t.Helper()
	var back []ModeChange
	for _, line := range FormatModes(changes, maxParams, maxBytes) {
		got, errs := ParseModes(testSpec, strings.Split(line, " "))
		if len(errs) > 0 {
			t.Fatalf("%q: %v", line, errs)
		}
		if maxBytes > 0 && len(line) > maxBytes && len(got) > 1 || maxParams > 0 && strings.Count(line, " ") > maxParams {
			t.Fatalf("%q exceeds %d bytes or %d parameters", line, maxBytes, maxParams)
		}
		back = append(back, got...)
	}
	if !slices.Equal(back, changes) {
		t.Fatalf("%s came back as %s", describe(changes, nil), describe(back, nil))
	}
}

func TestFormatModesRandom(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const letters = "+-bkjlimnstohvz"
	for range 5000 {
		args := []string{""}
		for range rng.IntN(20) {
			args[0] += string(letters[rng.IntN(len(letters))])
			args = append(args, strings.Repeat("p", rng.IntN(5)))
		}
		changes, _ := ParseModes(testSpec, args[:1+rng.IntN(len(args))])
		checkFormatModes(t, changes, rng.IntN(5), rng.IntN(40))
	}
}

func TestModeSpec(t *testing.T) {
	s := testSpec
	if s.ChanModes() != "Ibeq,k,jl,imnst" || s.PrefixToken() != "(ohv)@%+" || s.Symbols() != "@%+" {
		t.Error(s.ChanModes(), s.PrefixToken(), s.Symbols())
	}
	if again, err := ParseModeSpec(s.ChanModes(), s.PrefixToken()); err != nil || again != s {
		t.Error("the spec is not read back")
	}
	if c, ok := s.Symbol('h'); c != '%' || !ok {
		t.Errorf("symbol of h: %c", c)
	}
	if c, ok := s.SymbolLetter('@'); c != 'o' || !ok {
		t.Errorf("letter of @: %c", c)
	}
	if _, ok := s.Symbol('b'); ok {
		t.Error("b has a symbol")
	}
	if signs, name := s.CutSymbols("@+%x@"); signs != "@+%" || name != "x@" {
		t.Error(signs, name)
	}
	if signs, name := s.CutSymbols("@"); signs != "@" || name != "" {
		t.Error(signs, name)
	}
	if s.Class('b') != ModeList || s.Class('o') != ModePrefix || s.Class('z') != ModeUnknown || s.Letters(ModeUnknown) != "" {
		t.Error("classes")
	}
	if (&ModeSpec{}).PrefixToken() != "" {
		t.Error("prefix of nothing")
	}
}

func TestParseModeSpecErrors(t *testing.T) {
	for _, v := range []struct {
		chanmodes, prefix string
		want              error
	}{
		{"b,k,l,n", "", nil},
		{",,,", "(o)@", nil},
		{"b,k,l,n,x", "(o)@", nil},
		{"b,k,l", "", ErrBadChanModes},
		{"", "", ErrBadChanModes},
		{"bb,k,l,n", "", ErrBadChanModes},
		{"b,k,l,b", "", ErrBadChanModes},
		{"b,k,l,+", "", ErrBadChanModes},
		{"b,k,l,\xff", "", ErrBadChanModes},
		{"b,k,l,n", "(o", ErrBadPrefixes},
		{"b,k,l,n", "o)@", ErrBadPrefixes},
		{"b,k,l,n", "(ov)@", ErrBadPrefixes},
		{"b,k,l,n", "(ov)@@", ErrBadPrefixes},
		{"b,k,l,n", "(oo)@+", ErrBadPrefixes},
		{"b,k,l,n", "(n)@", ErrBadPrefixes},
	} {
		if _, err := ParseModeSpec(v.chanmodes, v.prefix); !errors.Is(err, v.want) {
			t.Errorf("%q %q: %v", v.chanmodes, v.prefix, err)
		}
	}
}
