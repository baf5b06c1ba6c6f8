package irc

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
)

// declaredNumerics reads the constants out of numerics.go, because Go cannot list them at run time.
func declaredNumerics(t *testing.T) map[string]Numeric {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "numerics.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	consts := map[string]Numeric{}
	ast.Inspect(f, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			code, err := strconv.Atoi(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			consts[spec.Names[0].Name] = Numeric(code)
		}
		return true
	})
	return consts
}

func TestNumericTable(t *testing.T) {
	consts := declaredNumerics(t)
	if len(consts) != len(numericTable) {
		t.Errorf("%d constants, %d rows", len(consts), len(numericTable))
	}
	last := Numeric(0)
	for _, r := range numericTable {
		if r.code <= last {
			t.Errorf("%s: code %d is a duplicate or out of order", r.name, r.code)
		}
		last = r.code
		if code, ok := consts[r.name]; !ok || code != r.code {
			t.Errorf("row %d %s does not fit its constant %d", r.code, r.name, code)
		}
		if !strings.HasPrefix(r.name, "RPL_") && !strings.HasPrefix(r.name, "ERR_") {
			t.Errorf("%s: neither RPL_ nor ERR_", r.name)
		}
		if strings.ContainsAny(r.text, "\r\n\x00") {
			t.Errorf("%s: text %q does not fit a line", r.name, r.text)
		}
	}
}

func TestNumericCode(t *testing.T) {
	for n := Numeric(0); n <= 999; n++ {
		if got, want := n.Code(), fmt.Sprintf("%03d", int(n)); got != want {
			t.Fatalf("Code(%d) = %q", n, got)
		}
		if got, ok := ParseNumeric(n.Code()); !ok || got != n {
			t.Fatalf("ParseNumeric(%q) = %d, %v", n.Code(), got, ok)
		}
	}
	if got := Numeric(1000).Code(); got != "000" {
		t.Errorf("Code(1000) = %q", got)
	}
	for _, s := range []string{"", "1", "01", "0001", "a01", "01a", "0 1", "-01", "/00", ":00"} {
		if n, ok := ParseNumeric(s); ok {
			t.Errorf("ParseNumeric(%q) = %d", s, n)
		}
	}
}

func TestNumericLookup(t *testing.T) {
	if got := ERR_NICKNAMEINUSE.Name() + " " + ERR_NICKNAMEINUSE.Text(); got != "ERR_NICKNAMEINUSE Nickname is already in use" {
		t.Error(got)
	}
	if got := RPL_LUSERCLIENT.Textf(3, 1, 2); got != "There are 3 users and 1 invisible on 2 servers" {
		t.Error(got)
	}
	if Numeric(999).Name() != "" || Numeric(60000).Text() != "" {
		t.Error("an unknown numeric has a row")
	}
	if !ERR_SASLFAIL.IsError() || RPL_KNOCK.IsError() || !Numeric(596).IsError() {
		t.Error("IsError")
	}
}

func TestNumericAllocs(t *testing.T) {
	n := ERR_NOSUCHNICK
	if got := testing.AllocsPerRun(100, func() { sink = n.Code() + ""; sink = n.Text() }); got != 0 {
		t.Errorf("%v allocations", got)
	}
}

var sink string
