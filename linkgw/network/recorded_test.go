package network_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"robustirc/linkgw/network"
	"robustirc/s2s"
	"robustirc/s2s/ts6"
	"robustirc/s2s/unreal"
)

var update = flag.Bool("update", false, "rewrite testdata/golden")

// recording is one transcript with the model that follows it.
type recording struct {
	name    string // dialect/file
	dialect string
	text    string
	lines   []s2s.Recorded
	codec   s2s.Codec
	start   int64
}

// recordings returns all transcripts of both codecs.
func recordings(t testing.TB) []recording {
	t.Helper()
	var all []recording
	add := func(pattern string, dialectOf func(path string) string) {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d transcripts, %v", pattern, len(files), err)
		}
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			r := recording{dialect: dialectOf(f), text: string(data)}
			r.name = strings.TrimSuffix(r.dialect+"/"+filepath.Base(f), ".txt")
			r.lines = s2s.ParseTranscript(r.text)
			if r.dialect == "unreal6" {
				r.codec = unreal.CodecOf(r.lines)
			} else {
				r.codec = ts6.CodecOf(r.lines)
			}
			r.start = startOf(r.text)
			all = append(all, r)
		}
	}
	add("../../s2s/ts6/testdata/transcripts/*/*.txt", func(p string) string { return filepath.Base(filepath.Dir(p)) })
	add("../../s2s/unreal/testdata/transcripts/*.txt", func(string) string { return "unreal6" })
	return all
}

// startOf reads when the recording began, from its "# start" line.
func startOf(text string) int64 {
	if _, rest, ok := strings.Cut(text, "# start "); ok && len(rest) > 20 {
		if at, err := time.Parse(time.RFC3339, rest[:20]); err == nil {
			return at.Unix()
		}
	}
	return 1795486000
}

// us finds our SID and name in what we sent.
func (r recording) us() network.Us {
	us := network.Us{Server: "gateway.example.net", SID: "00G", Services: []string{"services.example.net"}}
	if r.dialect == "hybrid" {
		us.SID = "1GW"
	}
	for _, l := range r.lines {
		if f := strings.Fields(l.Line); !l.Received && len(f) > 1 && f[0] == "SERVER" {
			us.Server = f[1]
			break
		}
	}
	return us
}

// network returns an empty model for the recording.
func (r recording) network(t testing.TB) *network.Network {
	t.Helper()
	rules, err := network.RulesOf(r.dialect)
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := r.codec.(*ts6.Codec); ok {
		rules.Saves = rules.Saves && c.Has("SAVE")
		rules.Resyncs = rules.Resyncs && c.Has("RESYNC")
	}
	n, err := network.New(rules, r.us())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// replay applies all lines and calls after with the changes of each.
func (r recording) replay(t testing.TB, n *network.Network, after func(s2s.Recorded, []network.Change)) {
	t.Helper()
	for _, l := range r.lines {
		e, err := r.codec.Decode(l.Line)
		if err != nil {
			continue // the codecs' own tests list these
		}
		now := r.start + l.Millis/1000
		var changes []network.Change
		if l.Received {
			changes = n.Apply(now, e)
		} else {
			changes = n.Say(now, e)
		}
		if after != nil {
			after(l, changes)
		}
	}
}

// TestGolden holds the model of each transcript against testdata/golden: where there was most of it, at the end, and what
// was passed over.
func TestGolden(t *testing.T) {
	for _, r := range recordings(t) {
		n := r.network(t)
		fullest, at := "", 0
		r.replay(t, n, func(l s2s.Recorded, _ []network.Change) {
			if err := n.CheckInvariants(); err != nil {
				t.Fatalf("%s:%d: %v", r.name, l.Number, err)
			}
			if dump := n.Dump(); len(dump) >= len(fullest) {
				fullest, at = dump, l.Number
			}
		})
		got := fmt.Sprintf("# after line %d\n%s# at the end\n%s%s", at, fullest, n.Dump(), ignored(n))
		compareGolden(t, r.name+".txt", got)
	}
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata/golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s differs\n%s", path, got)
	}
}
