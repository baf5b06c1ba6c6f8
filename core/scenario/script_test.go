package scenario

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// echo is a target that answers every step with one output.
type echo struct{ steps []Step }

func (e *echo) Do(st Step) (Result, error) {
	e.steps = append(e.steps, st)
	if st.Verb == "fail" {
		return Result{}, errors.New("as asked")
	}
	return Result{Outputs: []Output{{ID: "1.1", To: []string{"bob", "alice"}, Final: st.Verb == "delete", Line: st.Text}}}, nil
}

func TestRunRewrites(t *testing.T) {
	in := "# prose\n\nalice> PRIVMSG #a :a > b\n  old\n  older\nquiet register alice nick=\"a b\"\ndelete alice :bye\n"
	want := "# prose\n\nalice> PRIVMSG #a :a > b\n  1.1  alice,bob  PRIVMSG #a :a > b\nquiet register alice nick=\"a b\"\n  ...\ndelete alice :bye\n  1.1!  alice,bob  :bye\n"
	s, err := Parse("x", []byte(in))
	if err != nil {
		t.Fatal(err)
	}
	var e echo
	got, err := s.Run(&e)
	if err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
	if want := []string{"alice", "nick=a b"}; !reflect.DeepEqual(e.steps[1].Args, want) {
		t.Errorf("args %q", e.steps[1].Args)
	}
}

func TestErrorsNameTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"  out":         "x:1: output that belongs",
		"\nconfig a=\"": "x:2: a quote",
	} {
		if _, err := Parse("x", []byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	s, _ := Parse("x", []byte("# a\nfail alice"))
	if _, err := s.Run(&echo{}); err == nil || !strings.HasPrefix(err.Error(), "x:2: fail alice: as asked") {
		t.Error(err)
	}
}

func TestDifferenceNamesTheStep(t *testing.T) {
	d := difference("x", "alice> A\n  1\n", "alice> A\n  2\n")
	if !strings.Contains(d, "after step alice> A") || !strings.Contains(d, "  1") || !strings.Contains(d, "  2") {
		t.Error(d)
	}
}
