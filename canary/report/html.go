package report

import (
	"bytes"
	_ "embed"
	"html/template"
	"io"
	"strings"

	"robustirc/canary/compare"
)

//go:embed report.html.tmpl
var pageSource string

var page = template.Must(template.New("report").Funcs(template.FuncMap{
	"number": func(n int64) string { return number(n) }, "int": func(n int) string { return number(n) }, "uint": func(n uint64) string { return number(n) },
	"ppb": ppb, "duration": duration, "meaning": meaning, "about": about, "status": statusWord, "plural": plural,
	"to":    func(l compare.Line) string { return recipients(&l) },
	"lower": func(w compare.Word) string { return strings.ToLower(string(w)) },
	"mark": func(m compare.Mark) string {
		return map[compare.Mark]string{compare.MarkMissing: "missing", compare.MarkExtra: "extra", compare.MarkChanged: "changed"}[m]
	},
}).Parse(pageSource))

// maxPageGroups is how many groups the page shows; more would not be read, and would make it too large to open.
const maxPageGroups = 200

// pageData is what the page is made of.
type pageData struct {
	*compare.Result
	Charts []*Chart
	Groups []compare.Group
	More   int
}

func writeHTML(w io.Writer, r *compare.Result) error {
	n := min(len(r.Groups), maxPageGroups)
	var b bytes.Buffer
	if err := page.Execute(&b, &pageData{Result: r, Charts: charts(r), Groups: r.Groups[:n], More: len(r.Groups) - n}); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}
