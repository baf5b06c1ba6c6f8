package node

import (
	"context"
	"runtime"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"robustirc/core/ircserver"
)

// claimServices is the name of the claim to be a services link.
const claimServices = "services"

// claimGateway is the name of the claim to be a gateway, and with the gateway's name what it is granted.
const claimGateway = "gateway:"

// newClaimSlots bounds how many passwords are checked at once: bcrypt is meant to be slow, and must not take the
// processors from everybody else.
func newClaimSlots() chan struct{} { return make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)) }

// verifyClaims takes the passwords out of a line and checks them against the replicated configuration. An address that
// gets them wrong waits longer and longer, as with the network password; what is not looked at does not hold. It returns what
// may enter the log and the names of the claims that hold, separated by spaces.
func (n *Node) verifyClaims(ctx context.Context, remote, line string) (redacted, granted string, err error) {
	redacted, claims := ircserver.Claims(line)
	var names []string
	for _, c := range claims {
		granted, err := n.verifyClaim(ctx, remote, c)
		if err != nil {
			return "", "", err
		}
		if granted != "" {
			names = append(names, granted)
		}
	}
	return redacted, strings.Join(names, " "), nil
}

// verifyClaim returns what a claim is granted, "" when it does not hold.
func (n *Node) verifyClaim(ctx context.Context, remote string, c ircserver.Claim) (granted string, err error) {
	if n.claimGate.attempt(ctx, remote, func() bool { granted = n.grant(ctx, c); return granted != "" }) != nil {
		granted = ""
	}
	return granted, ctx.Err()
}

// grant compares a claim's password, once it is its turn; ctx ends the wait.
func (n *Node) grant(ctx context.Context, c ircserver.Claim) string {
	select {
	case n.claimSlots <- struct{}{}:
	case <-ctx.Done():
		return ""
	}
	defer func() { <-n.claimSlots }()
	for _, p := range proofs(n.fsm.networkConfig(), c.Name) {
		if bcrypt.CompareHashAndPassword([]byte(p.hash), []byte(c.Password)) == nil {
			return p.grant
		}
	}
	return ""
}

// proof is a hash that proves a claim, and what it is granted for.
type proof struct{ hash, grant string }

// proofs are those of a claim.
func proofs(cfg *ircserver.Config, name string) (list []proof) {
	switch name {
	case claimServices:
		for _, hash := range cfg.ServicesPasswords {
			list = append(list, proof{hash, claimServices})
		}
	case claimGateway:
		for _, g := range cfg.Gateways {
			list = append(list, proof{g.PasswordHash, claimGateway + g.Name})
		}
	default:
		for _, o := range cfg.Operators {
			if o.Name == name {
				list = append(list, proof{o.PasswordHash, o.Name})
			}
		}
	}
	return list
}
