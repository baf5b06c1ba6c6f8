//go:build realpeers

package realpeers

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"robustirc/core/scenario"
)

// stepsPerKill is how many steps pass between two kills.
const stepsPerKill = 40

// TestScenariosOverTCP plays the machine's golden scenarios through the plain IRC port of a real network, and kills a
// node, every other time the leader, between steps. What reaches each client must be what the scenario says.
func TestScenariosOverTCP(t *testing.T) {
	n := startNetwork(t, "--unthrottled", "--network-name", "robustirc.net") // the name in the scenarios
	steps, kills := 0, 0
	d := &scenario.Delivery{Addr: n.irc, ServerName: "robustirc.net", Between: func(int) {
		steps++
		if steps%stepsPerKill != 0 {
			return
		}
		n.allReady()
		victim := n.leader()
		if kills++; kills%2 == 0 {
			victim = (victim + 1) % len(n.servers)
		}
		n.signal(victim, syscall.SIGKILL)
	}}
	paths, err := filepath.Glob("../../../core/ircserver/testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s, err := scenario.Parse(path, text)
		if err != nil {
			t.Fatal(err)
		}
		if s.CanDeliver() {
			t.Run(filepath.Base(path), func(t *testing.T) { d.Check(t, path) })
		}
	}
	if steps < 100 || kills < 2 {
		t.Errorf("%d steps and %d kills are not enough to say anything", steps, kills)
	}
}
