package core_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestLimitsPageNamesTests wants every test and scenario that docs/limits.md relies on to exist.
func TestLimitsPageNamesTests(t *testing.T) {
	page, err := os.ReadFile("../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := testNames(t)
	names := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z]+|[a-z-]+\\.txt)`").FindAllStringSubmatch(string(page), -1)
	if len(names) < 30 {
		t.Fatalf("only %d names were found on the page", len(names))
	}
	for _, m := range names {
		name := m[1]
		if strings.HasSuffix(name, ".txt") {
			if _, err := os.Stat(filepath.Join("ircserver/testdata", name)); err != nil {
				t.Errorf("docs/limits.md: there is no scenario %s", name)
			}
		} else if !tests[name] {
			t.Errorf("docs/limits.md: there is no %s", name)
		}
	}
}

// testNames are the names of all tests and fuzz targets of the module.
func testNames(t *testing.T) map[string]bool {
	names := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range f.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil {
				names[fn.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
