package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"robustirc/canary/compare"
)

// maxTextGroups is how many groups the short formats show; the others are counted.
const maxTextGroups = 20

// writeText writes what fits a terminal.
func writeText(out io.Writer, r *compare.Result) error {
	w := bufio.NewWriter(out)
	fmt.Fprintf(w, "%s\n%s\n%s\n\n", r.Verdict.Word, meaning(r.Verdict.Word), about(r))
	for _, reason := range r.Verdict.Reasons {
		mark := "ok "
		if !reason.Held {
			mark = "NOT"
		}
		fmt.Fprintf(w, "  %s  %s\n", mark, reason.Text)
	}
	for _, need := range r.Verdict.Needed {
		fmt.Fprintf(w, "  still needed: %s\n", need)
	}
	d := &r.Deliveries
	fmt.Fprintf(w, "\ndeliveries compared %s: match %s, ignored by rules %s, noise %s, unexplained %s\n",
		number(d.Compared()), number(d.Match), number(d.Ignored), number(d.Noise), number(d.Unexplained))
	if r.Bound.GoalPPB > 0 {
		fmt.Fprintf(w, "unexplained per delivery: at most %s with 95 %% confidence, goal %s\n", ppb(r.Bound.UpperPPB), ppb(r.Bound.GoalPPB))
	}
	for i := range r.Groups {
		if i == maxTextGroups {
			fmt.Fprintf(w, "\n… and %s\n", plural(int64(len(r.Groups)-i), "more group"))
			break
		}
		textGroup(w, &r.Groups[i])
	}
	return w.Flush()
}

func textGroup(w io.Writer, g *compare.Group) {
	fmt.Fprintf(w, "\n%s  %s: %s\n", g.ID, g.Class, g.Title)
	fmt.Fprintf(w, "  %s, %s; %s\n", plural(g.Count, "delivery"), plural(g.Events, "event"), statusWord(g))
	if g.Follows != "" {
		fmt.Fprintf(w, "  follows %s\n", g.Follows)
	}
	if len(g.Examples) == 0 {
		return
	}
	e := &g.Examples[0]
	if e.Note != "" {
		fmt.Fprintf(w, "  %s\n", e.Note)
	}
	textSide(w, "now", e.Live)
	textSide(w, "new", e.Shadow)
}

// textSide shows the lines of an example that differ.
func textSide(w io.Writer, side string, lines []compare.Line) {
	for i := range lines {
		l := &lines[i]
		if l.Mark != compare.MarkContext {
			fmt.Fprintf(w, "  %s %s %s%s\n", side, l.Mark, l.Text, recipients(l))
		}
	}
}

// recipients names whom a line was for.
func recipients(l *compare.Line) string {
	if len(l.To) == 0 {
		return ""
	}
	s := "  (to " + strings.Join(l.To, ", ")
	if l.More > 0 {
		s += fmt.Sprintf(" and %d more", l.More)
	}
	return s + ")"
}
