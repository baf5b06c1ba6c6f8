//go:build realpeers

package realpeers

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	canary "robustirc/canary/compare"
)

// TestDemo runs the README's first command, shorter: the mirror of a network is found equal to it, and with a fault that
// is planted it is that fault that is named first. A machine that stands still for long may make it see too little; then
// it is asked once more.
func TestDemo(t *testing.T) {
	demo := func(args ...string) *canary.Result {
		t.Helper()
		file := filepath.Join(t.TempDir(), "result.json")
		args = append([]string{"demo", "--for", "15s", "--users", "400", "--channels", "40", "--rate", "150", "--report", file}, args...)
		cmd := exec.Command(binary, args...)
		out, _ := cmd.CombinedOutput()
		text, err := os.ReadFile(file)
		var r canary.Result
		if err == nil {
			err = json.Unmarshal(text, &r)
		}
		if err != nil || cmd.ProcessState.ExitCode() != r.Verdict.Exit {
			t.Fatalf("%v: %v, exit code %d\n%s", args, err, cmd.ProcessState.ExitCode(), out)
		}
		t.Logf("%v: %s, %d deliveries compared, %d unexplained", args, r.Verdict.Word, r.Deliveries.Compared(), r.Deliveries.Unexplained)
		return &r
	}
	for _, protocol := range []string{"ts6", "unreal"} {
		r := demo("--protocol", protocol)
		if r.Verdict.Word != canary.Go {
			t.Logf("%+v", r.Verdict)
			r = demo("--protocol", protocol)
		}
		if r.Verdict.Word != canary.Go || r.Deliveries.Compared() < 30_000 {
			t.Errorf("%s: %+v\n%s", protocol, r.Verdict, groups(r))
		}
	}
	r := demo("--fault", "leak")
	if r.Verdict.Word != canary.NoGo || len(r.Groups) == 0 || r.Groups[0].Class != canary.ClassLeak {
		t.Errorf("with a leak: %+v\n%s", r.Verdict, groups(r))
	}
}

// groups says what was found, in a line each.
func groups(r *canary.Result) (text string) {
	for i := range r.Groups {
		g := &r.Groups[i]
		text += fmt.Sprintf("%s %s: %s, %d deliveries\n", g.ID, g.Class, g.Title, g.Count)
	}
	return text
}
