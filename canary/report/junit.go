package report

import (
	"encoding/xml"
	"io"
	"strings"

	"robustirc/canary/compare"
)

// The elements of JUnit's XML that its readers agree on.
type (
	junitSuite struct {
		XMLName  xml.Name    `xml:"testsuite"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure *junitFailure `xml:"failure,omitempty"`
		Skipped *junitSkipped `xml:"skipped,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	junitSkipped struct {
		Message string `xml:"message,attr"`
	}
)

// writeJUnit makes every gate of the verdict and every group of differences a test case. What is noise, accepted or a
// consequence is skipped.
func writeJUnit(w io.Writer, r *compare.Result) error {
	s := junitSuite{Name: "robustirc canary: " + string(r.Verdict.Word)}
	for _, reason := range r.Verdict.Reasons {
		c := junitCase{Class: "gate", Name: reason.Gate}
		if !reason.Held {
			c.Failure = &junitFailure{Message: reason.Text}
		}
		s.add(c)
	}
	for i := range r.Groups {
		g := &r.Groups[i]
		c := junitCase{Class: "difference." + string(g.Class), Name: g.ID + " " + g.Title}
		if g.Status == compare.StatusUnexplained && g.Follows == "" {
			var b strings.Builder
			textGroup(&b, g)
			c.Failure = &junitFailure{Message: plural(g.Count, "delivery"), Text: xmlText(b.String())}
		} else {
			c.Skipped = &junitSkipped{Message: statusWord(g)}
		}
		s.add(c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(&s); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *junitSuite) add(c junitCase) {
	s.Tests++
	if c.Failure != nil {
		s.Failures++
	}
	if c.Skipped != nil {
		s.Skipped++
	}
	s.Cases = append(s.Cases, c)
}

// xmlText replaces control characters, such as those of formatting, which XML cannot hold.
func xmlText(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' && c != '\n' && c != '\t' {
			return '\u00b7'
		}
		return c
	}, s)
}
