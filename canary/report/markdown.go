package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"robustirc/canary/compare"
)

// writeMarkdown writes a summary for a ticket.
func writeMarkdown(out io.Writer, r *compare.Result) error {
	w := bufio.NewWriter(out)
	fmt.Fprintf(w, "# %s\n\n%s\n\n%s\n\n", r.Verdict.Word, meaning(r.Verdict.Word), escapeMarkdown(about(r)))
	for _, reason := range r.Verdict.Reasons {
		mark := "x"
		if !reason.Held {
			mark = " "
		}
		fmt.Fprintf(w, "- [%s] %s\n", mark, escapeMarkdown(reason.Text))
	}
	for _, need := range r.Verdict.Needed {
		fmt.Fprintf(w, "- still needed: %s\n", escapeMarkdown(need))
	}
	d := &r.Deliveries
	fmt.Fprintf(w, "\n| compared | match | ignored | noise | unexplained |\n|---:|---:|---:|---:|---:|\n| %s | %s | %s | %s | %s |\n",
		number(d.Compared()), number(d.Match), number(d.Ignored), number(d.Noise), number(d.Unexplained))
	if len(r.Groups) > 0 {
		fmt.Fprint(w, "\n| group | class | what | deliveries | status |\n|---|---|---|---:|---|\n")
	}
	for i := range r.Groups {
		g := &r.Groups[i]
		if i == maxTextGroups {
			fmt.Fprintf(w, "\n… and %s.\n", plural(int64(len(r.Groups)-i), "more group"))
			break
		}
		fmt.Fprintf(w, "| `%s` | %s | %s | %s | %s |\n", g.ID, g.Class, escapeMarkdown(g.Title), number(g.Count), escapeMarkdown(statusWord(g)))
	}
	return w.Flush()
}

// escapeMarkdown keeps a text from being markup or from ending a table's cell.
func escapeMarkdown(s string) string {
	s = strings.NewReplacer("\n", " ", "\r", " ").Replace(s)
	var b strings.Builder
	for _, c := range s {
		if strings.ContainsRune("\\`*_{}[]<>#|~!", c) {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}
