package report

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"robustirc/canary/compare"
)

// Write writes a result in one of Formats.
func Write(w io.Writer, format string, r *compare.Result) error {
	write, ok := writers[format]
	if !ok {
		return fmt.Errorf("there is no report format %q; there are %v", format, Formats())
	}
	if err := write(w, r); err != nil {
		return fmt.Errorf("writing the report as %s: %w", format, err)
	}
	return nil
}

// Formats lists the formats, sorted.
func Formats() []string { return slices.Sorted(maps.Keys(writers)) }

var writers = map[string]func(io.Writer, *compare.Result) error{
	"html": writeHTML, "json": writeJSON, "junit": writeJUnit, "markdown": writeMarkdown, "text": writeText,
}

func writeJSON(w io.Writer, r *compare.Result) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}
