package irc

import (
	"strings"
	"testing"
)

func TestFold(t *testing.T) {
	for _, v := range []struct {
		c        Casemapping
		in, want string
	}{
		{RFC1459, `AZaz09[]\~{}|^_-`, `azaz09{}|^{}|^_-`},
		{RFC1459Strict, `AZaz09[]\~{}|^_-`, `azaz09{}|~{}|^_-`},
		{ASCII, `AZaz09[]\~{}|^_-`, `azaz09[]\~{}|^_-`},
		{Casemapping(77), `A[`, `a[`},
		{RFC1459, "\xff\xc3A\xe4Ä", "\xff\xc3a\xe4Ä"},
		{RFC1459, "", ""},
	} {
		got := v.c.Fold(v.in)
		if got != v.want || string(v.c.AppendFold(nil, v.in)) != v.want {
			t.Errorf("%v: %q: got %q, want %q", v.c, v.in, got, v.want)
		}
		if !v.c.IsFolded(got) || v.c.IsFolded(v.in) != (v.in == got) {
			t.Errorf("%v: IsFolded of %q or %q", v.c, v.in, got)
		}
	}
}

func TestFoldEqual(t *testing.T) {
	for _, c := range []Casemapping{RFC1459, RFC1459Strict, ASCII} {
		for i := range 256 {
			for j := range 256 {
				a, b := "x"+string([]byte{byte(i)}), "X"+string([]byte{byte(j)})
				if c.Equal(a, b) != (c.Fold(a) == c.Fold(b)) {
					t.Fatalf("%v: Equal(%q, %q) = %v", c, a, b, c.Equal(a, b))
				}
			}
		}
		if c.Equal("a", "ab") || !c.Equal("", "") {
			t.Error("length")
		}
		if back, ok := ParseCasemapping(c.String()); !ok || back != c {
			t.Errorf("%v is read as %v", c, back)
		}
	}
	if _, ok := ParseCasemapping("utf-8"); ok {
		t.Error("unknown casemapping was accepted")
	}
}

func TestFoldAllocs(t *testing.T) {
	folded, upper, other := strings.Repeat("abc{}", 20), strings.Repeat("ABC[]", 20), strings.Repeat("Abc[}", 20)
	var equal bool
	if got := testing.AllocsPerRun(100, func() { sink, equal = RFC1459.Fold(folded), RFC1459.Equal(upper, other) }); got != 0 || !equal {
		t.Errorf("%v allocations, equal %v", got, equal)
	}
	if got := testing.AllocsPerRun(100, func() { sink = RFC1459.Fold(upper) }); got > 2 {
		t.Errorf("%v allocations", got)
	}
}
