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

// newClaimSlots bounds how many passwords are checked at once: bcrypt is meant to be slow, and must not take the
// processors from everybody else.
func newClaimSlots() chan struct{} { return make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)) }

// verifyClaims takes the passwords out of a line and checks them against the replicated configuration. It returns what
// may enter the log and the names of the claims that hold, separated by spaces.
func (n *Node) verifyClaims(ctx context.Context, line string) (redacted, granted string, err error) {
	redacted, claims := ircserver.Claims(line)
	var names []string
	for _, c := range claims {
		holds, err := n.verifyClaim(ctx, c)
		if err != nil {
			return "", "", err
		}
		if holds {
			names = append(names, c.Name)
		}
	}
	return redacted, strings.Join(names, " "), nil
}

func (n *Node) verifyClaim(ctx context.Context, c ircserver.Claim) (bool, error) {
	select {
	case n.claimSlots <- struct{}{}:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	defer func() { <-n.claimSlots }()
	for _, hash := range passwordHashes(n.fsm.networkConfig(), c.Name) {
		if bcrypt.CompareHashAndPassword([]byte(hash), []byte(c.Password)) == nil {
			return true, nil
		}
	}
	return false, nil
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
