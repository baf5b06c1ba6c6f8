package linktest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"robustirc/core/irc"
	"robustirc/s2s"
	"robustirc/s2s/ts6"
)

// Kind is a server software.
type Kind string

// The kinds of servers.
const (
	Hybrid  Kind = "hybrid"  // Debian's ircd-hybrid, or what ROBUSTIRC_IRCD_HYBRID names
	Solanum Kind = "solanum" // what ROBUSTIRC_SOLANUM names
	Unreal  Kind = "unreal6" // UnrealIRCd 6, what ROBUSTIRC_UNREALIRCD names
	Unreal5 Kind = "unreal5" // UnrealIRCd 5.2, what ROBUSTIRC_UNREALIRCD5 names
)

// software is all in which the kinds differ for this package.
type software struct {
	// env names the environment variable that holds where the software is: fallback without it, and when that is "" too,
	// the test is skipped, and says how not to.
	env, fallback string
	// binary is what must be there below that place, "" when the place is the binary itself.
	binary string
	// advice tells how to get the software.
	advice string
	// files are the configuration files by name; the first argument of command is the place, the second their directory.
	files   func(s *Server) map[string]string
	command func(place, dir string) *exec.Cmd
	// link is a new link to such a server. As services, where that makes a difference.
	link func(id s2s.Identity) s2s.Link
	// casemapping is how it compares nicks and channels.
	casemapping irc.Casemapping
	// lists are the letters of the list modes that MODE is asked for.
	lists string
	// localUmodes are user modes that the server tells its client, but no other server.
	localUmodes string
	// localModes are channel modes that each server works out for itself (UnrealIRCd's +Z and +d).
	localModes string
	// whoisLines is whether WHOIS has extra lines (320) that the servers tell each other.
	whoisLines bool
	// startLock is a file below the place of which each server that starts holds the lock until it listens, "" where
	// servers may start side by side. UnrealIRCd's empty the installation's tmp before they put their modules there
	// (modules.c:DeleteTempModules).
	startLock string
}

var kinds = map[Kind]*software{
	Hybrid:  &hybrid,
	Solanum: &solanum,
	Unreal:  &unreal6,
	Unreal5: &unreal5,
}

// find returns where the software is. It skips or fails the test when it is not there.
func (s *software) find(t testing.TB, k Kind) string {
	t.Helper()
	place := os.Getenv(s.env)
	if place == "" {
		place = s.fallback
	}
	if place == "" {
		t.Skipf("SKIPPED: %s is not given: %s", k, s.advice)
	}
	if _, err := os.Stat(filepath.Join(place, s.binary)); err != nil {
		t.Fatalf("%v: %s", err, s.advice)
	}
	return place
}

// isUnreal reports whether a kind is an UnrealIRCd.
func (k Kind) isUnreal() bool { return k == Unreal || k == Unreal5 }

func ts6Link(d ts6.Dialect) func(s2s.Identity) s2s.Link {
	return func(id s2s.Identity) s2s.Link { return ts6.NewLink(id, ts6.Options{Dialect: d}) }
}

// Available skips or fails the test where a kind's software is not there.
func Available(t testing.TB, k Kind) {
	t.Helper()
	s := kinds[k]
	if s == nil {
		t.Fatalf("there is no kind %q", k)
	}
	s.find(t, k)
}

func (k Kind) software() *software {
	s := kinds[k]
	if s == nil {
		panic(fmt.Sprintf("linktest: there is no kind %q", k))
	}
	return s
}
