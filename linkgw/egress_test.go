package linkgw

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"robustirc/linkgw/egress"
	"robustirc/s2s"
)

// randomEvents is how many events of each protocol TestEgressOfRandomEvents has.
var randomEvents = flag.Int("events", 30_000, "random events of each protocol")

// held is where a leaf of a fuzz test writes: every line is held against sayable.
type held struct {
	t        testing.TB
	protocol egress.Protocol
	lines    int
}

func (h *held) Write(p []byte) (int, error) {
	for _, line := range strings.Split(strings.TrimSuffix(string(p), "\r\n"), "\r\n") {
		if h.lines++; !sayable[h.protocol].MatchString(line) {
			h.t.Fatalf("sent and not on the list: %q", line)
		}
	}
	return len(p), nil
}

// recordedLines are what servers said in recorded links: what random lines are made of.
func recordedLines(t testing.TB, p egress.Protocol) (lines []string) {
	t.Helper()
	pattern := map[egress.Protocol]string{egress.TS6: "../s2s/ts6/testdata/transcripts/*/*.txt", egress.Unreal: "../s2s/unreal/testdata/transcripts/*.txt"}[p]
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range s2s.ParseTranscript(string(data)) {
			if len(l.Line) < 2000 {
				lines = append(lines, l.Line) // also what was sent: a peer may say anything
			}
		}
	}
	return lines
}

// openings are handshakes after which the link stands.
var openings = map[egress.Protocol][]string{
	egress.TS6: {"PASS in TS 6 :00A", "CAPAB :QS EX IE ENCAP EUID TB EBMASK CHW SAVE", "SERVER hub.example.net 1 :A hub",
		":00A EUID alice 1 1790000000 +i u h 0 00AAAAAAA * * :x", ":00A SJOIN 1780000000 #chan +nt :@00AAAAAAA", ":00A SJOIN 1780000001 #c +nt :@00AAAAAAA", "PING :00A"},
	egress.Unreal: {"PASS :in", "PROTOCTL EAUTH=hub.example.net,6100,,UnrealIRCd-6", "PROTOCTL SERVERS=*00A", "PROTOCTL NOQUIT MTAGS SID=00A TS=1790000000",
		"PROTOCTL CHANMODES=beI,fkL,lFH,cdimnprstzCDGKMNOPQRSTVZ PREFIX=(qaohv)~&@%+ MLOCK", "SERVER hub.example.net 1 :U6100-F-00A A hub",
		":00A UID alice 1 1790000000 u h 00AAAAAAA 0 +i * * * :x", ":00A SJOIN 1780000000 #chan +nt :@00AAAAAAA", ":00A SJOIN 1780000001 #c :@00AAAAAAA", ":00A EOS"},
}

func fuzzLeaf(t testing.TB, p egress.Protocol, out *held) *leaf {
	t.Helper()
	id := Identity{Protocol: p, Identity: s2s.Identity{Server: "gw.example.net", SID: "9GW", Description: "A test", SendPassword: "out", AcceptPassword: "in"}}
	watch := &Observing{Channels: []string{"#chan", "#a", "#x", "#test", "#c"}, Ident: "watch", Host: "gw.example.net", Realname: "It reads", Chance: func(int) int { return 3 }}
	l, err := newLeaf(id, watch, out, nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_790_000_000, 0)
	if err := l.start(now); err != nil {
		t.Fatal(err)
	}
	for _, line := range openings[p] {
		if err := l.line(now, line); err != nil {
			t.Fatal(line, err)
		}
	}
	if !l.established || !l.observer.present || len(l.observer.on) != 2 {
		t.Fatal("the link does not stand, or the observer is not there")
	}
	return l
}

// scramble makes a line of parts of recorded ones, with our own names in the places of others.
func scramble(r *rand.Rand, lines []string, ours []string) string {
	words := strings.Fields(lines[r.IntN(len(lines))])
	other := strings.Fields(lines[r.IntN(len(lines))])
	for range r.IntN(4) {
		if len(words) == 0 || len(other) == 0 {
			break
		}
		switch i := r.IntN(len(words)); r.IntN(4) {
		case 0:
			words[i] = ours[r.IntN(len(ours))]
		case 1:
			words[i] = other[r.IntN(len(other))]
		case 2:
			words[i] = fmt.Sprint(r.IntN(3) * r.IntN(2_000_000_000))
		case 3:
			words = append(words[:i], words[i+1:]...)
		}
	}
	return strings.Join(words, " ")
}

// ourNames are what a hostile or broken peer could aim at.
var ourNames = []string{"9GW", ":9GW", "gw.example.net", "9GWAAAAAA", ":9GWAAAAAA", "#chan", "#c", "00A", ":00A", "hub.example.net", "*", "watch", ":gw.example.net", "@9GWAAAAAA", "+o"}

// TestEgressOfRandomEvents feeds the link scrambled lines of real networks, over many links: whatever comes, only what is on
// the list is said, nothing is blocked (which would be a fault behind the first gate), and nothing panics. -events says
// how many; docs/link.md tells of ten million.
func TestEgressOfRandomEvents(t *testing.T) {
	for _, p := range []egress.Protocol{egress.TS6, egress.Unreal} {
		lines := recordedLines(t, p)
		r := rand.New(rand.NewPCG(1, uint64(len(p))))
		out := &held{t: t, protocol: p}
		l, links := fuzzLeaf(t, p, out), 1
		now := time.Unix(1_790_000_000, 0)
		for n := range *randomEvents {
			now = now.Add(10 * time.Millisecond)
			line := scramble(r, lines, ourNames)
			if err := l.line(now, line); err != nil {
				if downReason(err) == "egress" || strings.HasPrefix(err.Error(), "saying") {
					t.Fatalf("%s, event %d: %q: %v", p, n, line, err)
				}
				l, links = fuzzLeaf(t, p, out), links+1
			}
			if n%5000 == 4999 { // models grow without end
				l, links = fuzzLeaf(t, p, out), links+1
			}
		}
		t.Logf("%s: %d events over %d links, %d lines said", p, *randomEvents, links, out.lines)
	}
}

// FuzzEgress is the same for lines that the fuzzer finds.
func FuzzEgress(f *testing.F) {
	for _, p := range []egress.Protocol{egress.TS6, egress.Unreal} {
		for i, line := range recordedLines(f, p) {
			if i%50 == 0 {
				f.Add(p == egress.Unreal, []byte(line))
			}
		}
	}
	f.Add(false, []byte(":00A SJOIN 1780000000 #chan +nt :@00AAAAAAA\nPING :00A\n:00AAAAAAA KILL 9GWAAAAAA :x"))
	f.Fuzz(func(t *testing.T, isUnreal bool, data []byte) {
		p := egress.TS6
		if isUnreal {
			p = egress.Unreal
		}
		l := fuzzLeaf(t, p, &held{t: t, protocol: p})
		now := time.Unix(1_790_000_000, 0)
		for _, line := range bytes.Split(data, []byte("\n")) {
			if err := l.line(now, string(bytes.Trim(line, "\r"))); err != nil {
				if downReason(err) == "egress" || strings.HasPrefix(err.Error(), "saying") {
					t.Fatalf("%q: %v", line, err)
				}
				return
			}
		}
	})
}
