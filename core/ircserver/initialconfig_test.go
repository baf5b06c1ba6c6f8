package ircserver

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
)

// TestInitialConfigIsFrozen: logs of every network that was ever started begin with this configuration.
func TestInitialConfigIsFrozen(t *testing.T) {
	const want = "c759c275964187efcd452fb8616ea586019f6398cd095c8ac4d34f88f1de22c6"
	c := InitialConfig()
	sum := sha256.Sum256([]byte(EncodeConfig(&c)))
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("InitialConfig has another encoding, %s: existing logs would replay differently. Change DefaultConfig instead, "+
			"and this only together with the encoding of configurations", got)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}
