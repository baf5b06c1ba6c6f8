package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// maxFile is the most bytes that a configuration may have.
const maxFile = 1 << 20

// Problem is one thing that is wrong, and where.
type Problem struct {
	File      string
	Line, Col int    // from 1
	Text      string // the line
	Message   string
}

// Error is "file:line:col: message", and the line with a mark under it.
func (p *Problem) Error() string {
	s := fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Col, p.Message)
	if p.Text == "" {
		return s
	}
	return s + "\n    " + p.Text + "\n    " + strings.Repeat(" ", p.Col-1) + "^"
}

// Read reads a file. All that is wrong with it is in the error, as *Problem joined. Paths in it that are not absolute count
// from the file's folder.
func Read(path string) (*File, error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > maxFile {
		err = fmt.Errorf("%s has more than %d bytes", path, maxFile)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	f, err := Parse(path, string(data))
	if err != nil {
		return nil, err
	}
	f.resolve(filepath.Dir(path))
	return f, nil
}

// Parse reads the text of a file.
func Parse(name, text string) (*File, error) {
	r := reader{name: name, text: text, lines: strings.Split(text, "\n")}
	var raw map[string]any
	if err := r.decode(&raw); err != nil {
		return nil, err
	}
	r.compare("", raw, reflect.TypeFor[File]())
	f := Default()
	if len(r.problems) == 0 {
		if err := r.decode(&f); err != nil {
			return nil, err
		}
		f.check(&r)
	}
	slices.SortStableFunc(r.problems, func(a, b *Problem) int { return a.Line - b.Line })
	var errs []error
	for _, p := range r.problems {
		errs = append(errs, p)
	}
	return &f, errors.Join(errs...)
}

// reader collects what is wrong.
type reader struct {
	name, text string
	lines      []string
	problems   []*Problem
}

// decode decodes the text. The library panics on some malformed texts; that is an error too.
func (r *reader) decode(into any) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &Problem{File: r.name, Line: 1, Col: 1, Message: fmt.Sprintf("it is not TOML: %v", v)}
		}
	}()
	_, err = toml.Decode(r.text, into)
	var parse toml.ParseError
	if errors.As(err, &parse) {
		line := max(parse.Position.Line, 1)
		col := parse.Position.Start - strings.LastIndex(r.text[:min(max(parse.Position.Start, 0), len(r.text))], "\n")
		return &Problem{File: r.name, Line: line, Col: max(col, 1), Text: r.line(line), Message: parse.Message}
	}
	if err != nil {
		return &Problem{File: r.name, Line: 1, Col: 1, Message: err.Error()}
	}
	return nil
}

func (r *reader) line(n int) string {
	if n < 1 || n > len(r.lines) {
		return ""
	}
	return strings.ReplaceAll(strings.TrimRight(r.lines[n-1], "\r"), "\t", " ")
}

// problem notes what is wrong with a key.
func (r *reader) problem(key, format string, args ...any) {
	line, col := r.find(key)
	r.problems = append(r.problems, &Problem{File: r.name, Line: line, Col: col, Text: r.line(line), Message: fmt.Sprintf(format, args...)})
}

// find returns where a key stands: or its table, or the beginning.
func (r *reader) find(key string) (line, col int) {
	table, line, col := "", 1, 1
	for i, text := range r.lines {
		trimmed := strings.TrimLeft(text, " \t")
		indent := len(text) - len(trimmed)
		if strings.HasPrefix(trimmed, "[") {
			name, _, _ := strings.Cut(strings.Trim(trimmed, "[ \t"), "]")
			table = strings.ReplaceAll(strings.TrimSpace(name), " ", "")
			if key == table || strings.HasPrefix(key, table+".") {
				line, col = i+1, indent+1
			}
			if key == table {
				return line, col
			}
			continue
		}
		name, _, ok := strings.Cut(trimmed, "=")
		name = strings.Trim(strings.TrimSpace(name), `"'`)
		if table != "" {
			name = table + "." + name
		}
		if ok && (name == key || strings.HasPrefix(key, name+".")) {
			return i + 1, indent + 1
		}
	}
	return line, col
}

// compare holds what the file has against what there is: unknown keys and wrong types, all of them.
func (r *reader) compare(path string, have map[string]any, want reflect.Type) {
	fields := map[string]reflect.StructField{}
	for i := range want.NumField() {
		f := want.Field(i)
		fields[f.Tag.Get("toml")] = f
	}
	for _, key := range sortedKeys(have) {
		full := strings.TrimPrefix(path+"."+key, ".")
		f, ok := fields[key]
		if !ok {
			r.problem(full, "there is no setting %q%s", full, didYouMean(key, sortedKeys(fields)))
			continue
		}
		table, isTable := have[key].(map[string]any)
		switch {
		case f.Type.Kind() == reflect.Struct && isTable:
			r.compare(full, table, f.Type)
		case f.Type.Kind() == reflect.Struct:
			r.problem(full, "%s is a table: write [%s]", full, full)
		default:
			if why := mismatch(have[key], f.Type); why != "" {
				r.problem(full, "%s: %s", full, why)
			}
		}
	}
}

// mismatch says why a value is none of a type, or "".
func mismatch(v any, t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[Bytes]():
		if err := new(Bytes).UnmarshalTOML(v); err != nil {
			return err.Error()
		}
		return ""
	case t == reflect.TypeFor[time.Duration]():
		s, ok := v.(string)
		if _, err := time.ParseDuration(s); !ok || err != nil {
			return `a duration is a string like "24h" or "90s"`
		}
		return ""
	case t.Kind() == reflect.Slice:
		list, ok := v.([]any)
		if ok {
			for _, x := range list {
				_, isString := x.(string)
				ok = ok && isString
			}
		}
		if !ok {
			return `it is a list of strings: ["one", "two"]`
		}
		return ""
	case t.Kind() == reflect.Float64:
		_, isInt := v.(int64)
		if _, isFloat := v.(float64); !isInt && !isFloat {
			return "it is a number"
		}
		return ""
	}
	if reflect.TypeOf(v) != t {
		return map[reflect.Kind]string{reflect.String: `it is a string: "text"`, reflect.Bool: "it is true or false"}[t.Kind()]
	}
	return ""
}

// didYouMean names the setting that is meant, when one is near.
func didYouMean(key string, known []string) string {
	best, least := "", 3
	for _, k := range known {
		if d := distance(key, k, least); d < least {
			best, least = k, d
		}
	}
	if best == "" {
		return "; there are " + strings.Join(known, ", ")
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// distance is the Levenshtein distance of two words, or most when it is not below that.
func distance(a, b string, most int) int {
	if len(a) > 64 || len(b) > 64 {
		return most
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := last
			if a[i] != b[j] {
				cost = 1 + min(last, row[j], row[j+1])
			}
			last, row[j+1] = row[j+1], cost
		}
	}
	return min(row[len(b)], most)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
