// Package core_test holds the rules of the house as tests: which room may import which, and what a pure package may do.
package core_test

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "robustirc/"

// rooms lists what each room may import of the others. A room that is not here fails; so does an import that is not.
// "*" is anything. docs/architecture.md shows the picture.
var rooms = map[string][]string{
	// Pure: no I/O, clock, randomness, goroutine, lock, environment or map order.
	"core/irc":         {},
	"core/ircserver":   {"core/irc"},
	"s2s":              {"core/irc"},
	"s2s/ts6":          {"s2s", "core/irc"},
	"s2s/unreal":       {"s2s", "core/irc"},
	"linkgw/network":   {"s2s", "core/irc"},
	"linkgw/translate": {"linkgw/network", "s2s", "core/irc"},
	"canary/trace":     {"core/irc"},
	"canary/compare":   {"canary/trace", "linkgw/network", "s2s", "core/irc"},
	// Effects.
	"core/outputstream":  {"core/ircserver"},
	"core/robustsession": {},
	"core/bridge":        {"core/robustsession", "core/irc"},
	"core/node":          {"core/ircserver", "core/outputstream", "core/irc"},
	// api takes the requests and errors of node's contract; the node itself it sees through an interface of its own.
	"core/api":      {"core/ircserver", "core/outputstream", "core/robustsession", "core/irc", "core/node"},
	"core/scenario": {"core/irc"},
	"s2s/fakenet":   {"s2s", "s2s/ts6", "s2s/unreal", "core/irc"},
	// linktest is test support: real servers, and the gateway's codec and model against what clients see.
	"linkgw/linktest": {"linkgw/network", "s2s", "s2s/ts6", "s2s/unreal", "core/irc"},
	"linkgw":          {"linkgw/network", "linkgw/translate", "s2s", "s2s/ts6", "s2s/unreal", "canary/trace", "core/irc"},
	"canary/report":   {"canary/compare"},
	"canary/replay":   {"canary/compare", "core/scenario", "core/robustsession", "core/ircserver", "core/irc"},
	// original knows another program's data (and a LevelDB), which the rooms of our own formats stay free of.
	"canary/original": {"canary/replay", "core/robustsession", "core/ircserver", "core/irc"},
	"cmd":             {"*"},
}

// pure lists the rooms that the rules of purity hold for.
var pure = []string{"core/irc", "core/ircserver", "s2s", "s2s/ts6", "s2s/unreal", "linkgw/network", "linkgw/translate", "canary/compare"}

// pureImports is all that a pure package may import of the standard library.
var pureImports = []string{
	"bytes", "cmp", "crypto/hmac", "crypto/sha256", "crypto/subtle", "encoding/base64", "encoding/binary", "encoding/hex", "encoding/json", "errors", "fmt", "hash/crc32", "iter",
	"maps", "math", "math/bits", "net/netip", "slices", "strconv", "strings", "time", "unicode", "unicode/utf8",
}

// impureTime is what of package time looks at the clock, waits, or depends on the machine's time zone.
var impureTime = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "Local", "LoadLocation"}

// annotation is what stands beside a range over a map, with the reason behind it.
const annotation = "// order does not matter: "

// source is one Go file of the module that is no test.
type source struct {
	path string // from the module's root
	room string
	file *ast.File
}

func (s *source) String() string { return s.path }

// sources parses all files of the module that are no tests.
func sources(t *testing.T) (*token.FileSet, []source) {
	t.Helper()
	fset := token.NewFileSet()
	var list []source
	err := filepath.WalkDir("..", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && p != ".." && (name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")) {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(fset, p, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel("..", p)
		list = append(list, source{path: filepath.ToSlash(rel), room: roomOf(path.Dir(filepath.ToSlash(rel))), file: f})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return fset, list
}

// roomOf is the room a folder belongs to: itself, or the nearest folder above that is one.
func roomOf(dir string) string {
	for d := dir; d != "."; d = path.Dir(d) {
		if _, ok := rooms[d]; ok {
			return d
		}
	}
	return dir
}

func imports(f *ast.File) []string {
	var list []string
	for _, i := range f.Imports {
		list = append(list, strings.Trim(i.Path.Value, `"`))
	}
	return list
}

func TestRooms(t *testing.T) {
	_, files := sources(t)
	for _, f := range files {
		allowed, ok := rooms[f.room]
		if !ok {
			t.Errorf("%s: %s is no room: give it a row in core/house_test.go, with what it may import", &f, f.room)
			continue
		}
		for _, imp := range imports(f.file) {
			to, own := strings.CutPrefix(imp, module)
			if own && roomOf(to) != f.room && !slices.Contains(allowed, roomOf(to)) && !slices.Contains(allowed, "*") {
				t.Errorf("%s: room %s may not import %s", &f, f.room, to)
			}
		}
	}
}

func TestPureImports(t *testing.T) {
	_, files := sources(t)
	for _, f := range files {
		for _, imp := range imports(f.file) {
			if slices.Contains(pure, f.room) && !strings.HasPrefix(imp, module) && !slices.Contains(pureImports, imp) {
				t.Errorf("%s: a pure package may not import %s", &f, imp)
			}
		}
	}
}

// TestPurity looks for what would make two replicas differ: the clock, goroutines and channels, the order of maps, and
// floating point, whose last bits differ between processors.
func TestPurity(t *testing.T) {
	fset, files := sources(t)
	check := &checker{fset: fset, files: files, std: importer.Default(), done: map[string]*types.Package{}}
	for _, room := range pure {
		info := check.info(t, room)
		for _, f := range files {
			if f.room == room && info != nil {
				for _, what := range impurities(fset, info, f.file) {
					t.Error(what)
				}
			}
		}
	}
}

// checker finds the types of pure packages. It checks the module's own packages from their source, and takes those of
// the standard library as the compiler left them.
type checker struct {
	fset  *token.FileSet
	files []source
	std   types.Importer
	done  map[string]*types.Package
}

func (c *checker) Import(p string) (*types.Package, error) {
	own, ok := strings.CutPrefix(p, module)
	if !ok && strings.Contains(strings.Split(p, "/")[0], ".") {
		// Another module's, which only a package with effects uses: what it says of types does not matter here.
		fake := types.NewPackage(p, path.Base(p))
		fake.MarkComplete()
		return fake, nil
	}
	if !ok {
		return c.std.Import(p)
	}
	if c.done[own] == nil {
		if _, err := c.check(own, nil); err != nil {
			return nil, err
		}
	}
	return c.done[own], nil
}

func (c *checker) check(dir string, info *types.Info) (*types.Package, error) {
	var files []*ast.File
	for _, f := range c.files {
		if path.Dir(f.path) == dir {
			files = append(files, f.file)
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no files in %s", dir)
	}
	conf := types.Config{Importer: c}
	if !slices.Contains(pure, roomOf(dir)) {
		conf.Error = func(error) {} // of what is not known of other modules
	}
	pkg, err := conf.Check(module+dir, c.fset, files, info)
	c.done[dir] = pkg
	if conf.Error != nil {
		err = nil
	}
	return pkg, err
}

// info returns the types of a room, or nil when the room is not there yet.
func (c *checker) info(t *testing.T, room string) *types.Info {
	t.Helper()
	if !slices.ContainsFunc(c.files, func(f source) bool { return path.Dir(f.path) == room }) {
		return nil
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	if _, err := c.check(room, info); err != nil {
		t.Fatalf("%s: %v", room, err)
	}
	return info
}

// annotatedLines are the lines that the annotation excuses: its own, and the one after it when it stands alone.
func annotatedLines(fset *token.FileSet, f *ast.File) map[int]bool {
	lines := map[int]bool{}
	for _, g := range f.Comments {
		for _, c := range g.List {
			if strings.HasPrefix(c.Text, annotation) && len(c.Text) > len(annotation) {
				line := fset.Position(c.Pos()).Line
				lines[line], lines[line+1] = true, true
			}
		}
	}
	return lines
}

// impurities lists what a file of a pure package may not do.
func impurities(fset *token.FileSet, info *types.Info, f *ast.File) []string {
	v := visitor{fset: fset, info: info, notes: annotatedLines(fset, f)}
	ast.Walk(&v, f)
	return v.found
}

// visitor looks at one file of a pure package.
type visitor struct {
	found []string
	fset  *token.FileSet
	info  *types.Info
	notes map[int]bool
	// sorted are calls whose argument may come in any order.
	sorted []ast.Node
}

func (v *visitor) Visit(n ast.Node) ast.Visitor {
	switch n := n.(type) {
	case *ast.GoStmt:
		v.report(n, "a goroutine")
	case *ast.ChanType, *ast.SelectStmt, *ast.SendStmt:
		v.report(n, "a channel")
	case *ast.RangeStmt:
		v.rangeStmt(n)
	case *ast.CallExpr:
		v.call(n)
	case *ast.SelectorExpr:
		v.selector(n)
	case *ast.Ident:
		v.ident(n)
	}
	return v
}

func (v *visitor) report(n ast.Node, what string) {
	v.found = append(v.found, fmt.Sprintf("%s: %s in a pure package", v.fset.Position(n.Pos()), what))
}

func (v *visitor) rangeStmt(n *ast.RangeStmt) {
	if _, ok := v.info.Types[n.X].Type.Underlying().(*types.Map); ok && !v.noted(n) {
		v.report(n, "a range over a map without the comment \""+annotation+"why\"")
	}
}

func (v *visitor) noted(n ast.Node) bool { return v.notes[v.fset.Position(n.Pos()).Line] }

// call notes what is sorted, before its argument is visited.
func (v *visitor) call(n *ast.CallExpr) {
	if name := v.qualified(n.Fun); strings.HasPrefix(name, "slices.Sorted") && len(n.Args) > 0 {
		v.sorted = append(v.sorted, n.Args[0])
	}
	if name := v.qualified(n.Fun); strings.HasPrefix(name, "maps.") && !slices.Contains(v.sorted, ast.Node(n)) && !v.noted(n) &&
		slices.Contains([]string{"maps.Keys", "maps.Values", "maps.All"}, name) {
		v.report(n, name+" that is not sorted at once")
	}
}

// qualified is package.Name of a function that is named so, else "".
func (v *visitor) qualified(e ast.Expr) string {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	id, ok := sel.X.(*ast.Ident)
	if !ok {
		return ""
	}
	if p, ok := v.info.Uses[id].(*types.PkgName); ok {
		return p.Imported().Path() + "." + sel.Sel.Name
	}
	return ""
}

func (v *visitor) selector(n *ast.SelectorExpr) {
	if name, ok := strings.CutPrefix(v.qualified(n), "time."); ok && slices.Contains(impureTime, name) {
		v.report(n, "time."+name)
	}
}

func (v *visitor) ident(n *ast.Ident) {
	if obj, ok := v.info.Uses[n].(*types.TypeName); ok && obj.Pkg() == nil && strings.HasPrefix(obj.Name(), "float") {
		v.report(n, "floating point")
	}
}

// TestFilesAreSmall holds the measures of the house: files of at most 600 lines, functions of at most 80.
func TestFilesAreSmall(t *testing.T) {
	fset, files := sources(t)
	for _, f := range files {
		if n := fset.Position(f.file.End()).Line; n > 600 && !isTable(f.path) {
			t.Errorf("%s has %d lines: at most 600", &f, n)
		}
		for _, d := range f.file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := fset.Position(fn.End()).Line - fset.Position(fn.Pos()).Line + 1; n > 80 {
				t.Errorf("%s: %s has %d lines: at most 80", &f, fn.Name.Name, n)
			}
		}
	}
}

// isTable reports whether a file is one table literal.
func isTable(p string) bool { return strings.HasSuffix(p, "_table.go") }

// TestThisTestCanFail runs the purity rules over code that breaks each of them.
func TestThisTestCanFail(t *testing.T) {
	const code = `package p
import ("maps"; "slices"; "time")
func f(m map[int]int) {
	for range m {} // order does not matter: it is empty
	_ = slices.Sorted(maps.Keys(m))
	for range m {}
	for range maps.Keys(m) {}
	go f(m)
	_ = make(chan int)
	_ = time.Now()
	_ = float64(1)
}`
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "p.go", code, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: importer.Default()}
	if _, err := conf.Check("p", fset, []*ast.File{file}, info); err != nil {
		t.Fatal(err)
	}
	found := impurities(fset, info, file)
	for _, line := range []string{"6", "7", "8", "9", "10", "11"} {
		if !slices.ContainsFunc(found, func(f string) bool { return strings.HasPrefix(f, "p.go:"+line+":") }) {
			t.Errorf("line %s passes: %q", line, found)
		}
	}
	if len(found) != 6 {
		t.Errorf("%d findings, want 6: %q", len(found), found)
	}
}

// TestExportedNamesAreDocumented wants a comment at every exported function, type, constant and variable. Within a
// group the group's comment will do.
func TestExportedNamesAreDocumented(t *testing.T) {
	fset, files := sources(t)
	for _, f := range files {
		if f.room == "cmd" {
			continue // main packages export nothing
		}
		for _, d := range f.file.Decls {
			for _, id := range undocumented(d) {
				t.Errorf("%s: %s is exported and has no comment", fset.Position(id.Pos()), id.Name)
			}
		}
	}
}

// undocumented lists the exported names of a declaration that have no comment.
func undocumented(d ast.Decl) []*ast.Ident {
	var list []*ast.Ident
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && d.Recv == nil {
			list = append(list, d.Name)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && s.Doc == nil && d.Doc == nil {
					list = append(list, s.Name)
				}
			case *ast.ValueSpec:
				for _, n := range s.Names {
					if n.IsExported() && s.Doc == nil && s.Comment == nil && d.Doc == nil {
						list = append(list, n)
					}
				}
			}
		}
	}
	return list
}
