package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"robustirc/canary/compare"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// filled sets every field of a value, so that every part of a report has something to show. Texts have what must be
// escaped.
func filled(v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 11, 25, 1, 2, 3, 0, time.UTC)))
			return
		}
		for i := range v.NumField() {
			filled(v.Field(i), depth+1)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		for i := range 3 {
			filled(v.Index(i), depth+1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		filled(k, depth+1)
		filled(e, depth+1)
		v.SetMapIndex(k, e)
	case reflect.String:
		v.SetString(`<b>"x" & |_*` + "`\x02")
	case reflect.Int, reflect.Int64:
		v.SetInt(1234567)
	case reflect.Uint64, reflect.Uint32:
		v.SetUint(7654321)
	case reflect.Bool:
		v.SetBool(true)
	}
}

// results are what reports are made of in tests.
func results() map[string]*compare.Result {
	full := &compare.Result{}
	filled(reflect.ValueOf(full).Elem(), 0)
	full.Verdict.Word = compare.NoGo
	full.Groups[1].Status, full.Groups[2].Status, full.Groups[0].Status = compare.StatusNoise, compare.StatusAccepted, compare.StatusUnexplained
	for i := range full.Groups {
		full.Groups[i].Follows = ""
	}
	for _, d := range []*compare.Distribution{&full.Latency.Shadow, &full.Latency.Gateway} {
		d.Count = 100
		d.Buckets = []compare.Bucket{{Up: time.Millisecond, Count: 10}, {Up: 10 * time.Millisecond, Count: 90}, {Up: time.Second, Count: 100}}
	}
	for i := range 3 {
		at := time.Duration(i) * time.Minute
		full.Rates[i].At, full.Rates[i].Width = at, time.Minute
		full.Latency.OverTime[i] = compare.LagBucket{At: at, N: 10, P50: time.Millisecond, P99: time.Duration(i+1) * 10 * time.Millisecond, Max: time.Second}
	}
	return map[string]*compare.Result{"full": full, "empty": {Verdict: compare.Verdict{Word: compare.Inconclusive}}}
}

// TestGolden has the reports as they are in testdata, the same every time.
func TestGolden(t *testing.T) {
	for name, r := range results() {
		for _, format := range Formats() {
			var b, again bytes.Buffer
			if err := Write(&b, format, r); err != nil {
				t.Fatalf("%s %s: %v", name, format, err)
			}
			if err := Write(&again, format, r); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
				t.Errorf("%s %s: not the same again", name, format)
			}
			path := filepath.Join("testdata", name+"."+format)
			if *update {
				if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(b.Bytes(), want) {
				t.Errorf("%s differs (%v); go test ./canary/report -update rewrites it", path, err)
			}
		}
	}
	if err := Write(&bytes.Buffer{}, "pdf", &compare.Result{}); err == nil {
		t.Error("a format that does not exist is written")
	}
}

// TestHTMLIsOneSafeFile: nothing is loaded, nothing runs, and what people wrote is no markup.
func TestHTMLIsOneSafeFile(t *testing.T) {
	for name, r := range results() {
		var b bytes.Buffer
		if err := Write(&b, "html", r); err != nil {
			t.Fatal(err)
		}
		page := b.String()
		for _, bad := range []string{"<script", "src=", "http:", "https:", "url(", "@import", "<b>\"x\"", "onload", "<link"} {
			if strings.Contains(page, bad) {
				t.Errorf("%s: the page has %q", name, bad)
			}
		}
		if !strings.Contains(page, "default-src 'none'") || !strings.Contains(page, "<!doctype html>") {
			t.Errorf("%s: no policy, or no document", name)
		}
	}
}

// TestHTMLStaysSmall however many differences there are.
func TestHTMLStaysSmall(t *testing.T) {
	r := results()["full"]
	for range 1000 {
		r.Groups = append(r.Groups, r.Groups[0])
	}
	var b bytes.Buffer
	if err := Write(&b, "html", r); err != nil || b.Len() > 5<<20 || !strings.Contains(b.String(), "more groups") {
		t.Errorf("%d bytes: %v", b.Len(), err)
	}
}

func TestJUnitIsXML(t *testing.T) {
	r := results()["full"]
	var b bytes.Buffer
	if err := Write(&b, "junit", r); err != nil {
		t.Fatal(err)
	}
	var s junitSuite
	if err := xml.Unmarshal(b.Bytes(), &s); err != nil || s.Tests != 6 || s.Failures != 1 || s.Skipped != 2 || len(s.Cases) != 6 {
		t.Errorf("%v: %+v", err, s)
	}
}

// schemaOf is the JSON Schema of what encoding/json makes of a type.
func schemaOf(t reflect.Type) map[string]any {
	switch t.Kind() {
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return map[string]any{"type": "string", "format": "date-time"}
		}
		properties, required := map[string]any{}, []string{}
		addFields(t, properties, &required)
		slices.Sort(required)
		return map[string]any{"type": "object", "additionalProperties": false, "properties": properties, "required": required}
	case reflect.Slice:
		return map[string]any{"type": []string{"array", "null"}, "items": schemaOf(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	}
	return map[string]any{"type": "integer"}
}

func addFields(t reflect.Type, properties map[string]any, required *[]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			addFields(f.Type, properties, required)
			continue
		}
		properties[name] = schemaOf(f.Type)
		if !strings.Contains(options, "omitempty") {
			*required = append(*required, name)
		}
	}
}

// TestSchema: schema.json is that of compare.Result, it is a schema, and reports follow it.
func TestSchema(t *testing.T) {
	schema := schemaOf(reflect.TypeFor[compare.Result]())
	schema["$schema"], schema["title"] = "https://json-schema.org/draft/2020-12/schema", "Result of a RobustIRC canary"
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *update {
		if err := os.WriteFile("schema.json", text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile("schema.json"); err != nil || !bytes.Equal(text, want) {
		t.Errorf("schema.json differs (%v): a change of compare.Result is a new compare.SchemaVersion; -update rewrites it", err)
	}
	compiled, err := jsonschema.NewCompiler().Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range results() {
		var b bytes.Buffer
		if err := Write(&b, "json", r); err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(&b)
		if err != nil {
			t.Fatal(err)
		}
		if err := compiled.Validate(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	v, _ := jsonschema.UnmarshalJSON(strings.NewReader(`{"schema_version": "one"}`))
	if compiled.Validate(v) == nil {
		t.Error("the schema holds for anything")
	}
}
