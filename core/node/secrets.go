package node

import (
	"context"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"robustirc/core/ircserver"
)

// claimServices is the name of the claim to be a services link.
const claimServices = "services"

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
		holds, err := n.verifyClaim(ctx, remote, c)
		if err != nil {
			return "", "", err
		}
		if holds {
			names = append(names, c.Name)
		}
	}
	return redacted, strings.Join(names, " "), nil
}

func (n *Node) verifyClaim(ctx context.Context, remote string, c ircserver.Claim) (bool, error) {
	err := n.claimGate.attempt(ctx, remote, func() bool { return n.holds(ctx, c) })
	return err == nil, ctx.Err()
}

// holds compares a claim's password, once it is its turn; ctx ends the wait.
func (n *Node) holds(ctx context.Context, c ircserver.Claim) bool {
	select {
	case n.claimSlots <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	defer func() { <-n.claimSlots }()
	return slices.ContainsFunc(passwordHashes(n.fsm.networkConfig(), c.Name), func(hash string) bool {
		return bcrypt.CompareHashAndPassword([]byte(hash), []byte(c.Password)) == nil
	})
}

// passwordHashes are the hashes one of which proves a claim.
func passwordHashes(cfg *ircserver.Config, name string) []string {
	if name == claimServices {
		return cfg.ServicesPasswords
	}
	var hashes []string
	for _, o := range cfg.Operators {
		if o.Name == name {
			hashes = append(hashes, o.PasswordHash)
		}
	}
	return hashes
}
