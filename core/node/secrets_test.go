package node

import (
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"robustirc/core/ircserver"
)

// TestWrongPasswordsOfOperatorsSlowDown: whoever guesses waits longer and longer, others do not, and no password is in
// what may be logged.
func TestWrongPasswordsOfOperatorsSlowDown(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("right"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	f := newTestFSM(t, newTraffic(t, 1).store)
	f.config.Store(&ircserver.Config{Operators: []ircserver.Operator{{Name: "root", PasswordHash: string(hash)}}})
	gate, waits := newTestGate()
	n := &Node{fsm: f, claimGate: gate, claimSlots: newClaimSlots()}
	verify := func(remote, password, want string) {
		t.Helper()
		redacted, granted, err := n.verifyClaims(t.Context(), remote, "OPER root "+password)
		if err != nil || granted != want || redacted != "OPER root *" {
			t.Errorf("%s with %q: %q granted, %q to be logged, %v", remote, password, granted, redacted, err)
		}
	}
	for range 3 {
		verify("192.0.2.1", "wrong", "")
	}
	if len(*waits) != 2 || (*waits)[1] != 2*gateFirstDelay {
		t.Errorf("three wrong passwords: waits %v", *waits)
	}
	verify("192.0.2.2", "right", "root")
	if len(*waits) != 2 {
		t.Error("somebody else had to wait")
	}
	verify("192.0.2.1", "right", "root")
	verify("192.0.2.1", "right", "root")
	if len(*waits) != 3 {
		t.Errorf("after the right password: waits %v", *waits)
	}
}

// TestGatewaysAreToldApartByPassword: what is granted names the gateway, and the password is in nothing that is logged.
func TestGatewaysAreToldApartByPassword(t *testing.T) {
	cfg := ircserver.DefaultConfig()
	for _, name := range []string{"canary", "other"} {
		hash, err := bcrypt.GenerateFromPassword([]byte("of "+name), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Gateways = append(cfg.Gateways, ircserver.Gateway{Name: name, PasswordHash: string(hash)})
	}
	f := newTestFSM(t, newTraffic(t, 1).store)
	f.config.Store(&cfg)
	gate, _ := newTestGate()
	n := &Node{fsm: f, claimGate: gate, claimSlots: newClaimSlots()}
	for line, want := range map[string]string{
		"PASS :gateway=of other":        "gateway:other",
		"PASS gateway=of canary":        "gateway:canary",
		"PASS :gateway=of nobody":       "",
		"PASS :oper=gateway:other of":   "",
		"PASS :services=of other":       "",
		"OPER gateway:canary of canary": "",
	} {
		redacted, granted, err := n.verifyClaims(t.Context(), "192.0.2.1", line)
		if err != nil || granted != want || strings.Contains(redacted, "of") {
			t.Errorf("%s: %q granted, %q to be logged, %v", line, granted, redacted, err)
		}
	}
}
