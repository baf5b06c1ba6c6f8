// Package report shows a compare.Result: as one HTML file that needs nothing else, as JSON (schema.json), as JUnit, as
// Markdown for a ticket, and as text for a terminal.
//
// Everything is a function of the Result alone: equal results give equal bytes, and no report looks at a clock. The HTML
// has no script and loads nothing (its content security policy forbids both), works in light and dark, on paper and on a
// phone, and folds what is long with <details>. Charts are SVG, drawn here (chart.go), each with its numbers beside it in
// words for those who cannot see it.
package report
