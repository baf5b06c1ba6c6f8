package node

import (
	"context"
	"fmt"

	"robustirc/core/ircserver"
)

// maxConfig is the largest network configuration, in bytes of its canonical encoding.
const maxConfig = 1 << 20

// NetworkConfig returns the network configuration as of the last applied entry. It must not be changed.
func (n *Node) NetworkConfig() *ircserver.Config { return n.fsm.networkConfig() }

// SetNetworkConfig replaces the network configuration; ErrRevision when its revision is no longer basedOn. The machine
// decides: it takes a configuration only when its revision is the next one.
func (n *Node) SetNetworkConfig(ctx context.Context, basedOn uint64, cfg ircserver.Config) error {
	if err := n.enter(); err != nil {
		return err
	}
	defer n.leave()
	if err := cfg.Validate(); err != nil {
		return fmt.Errorf("the configuration was not changed: %w", err)
	}
	if err := n.catchUp(ctx); err != nil {
		return err
	}
	if n.NetworkConfig().Revision != basedOn {
		return ErrRevision
	}
	cfg.Revision = basedOn + 1
	text := ircserver.EncodeConfig(&cfg)
	if len(text) > maxConfig {
		return fmt.Errorf("the configuration was not changed: it takes %d bytes, the limit is %d", len(text), maxConfig)
	}
	done, err := n.propose(ctx, []ircserver.Input{{Kind: ircserver.KindConfig, Text: text}})
	if err == nil {
		err = n.waitOwn(ctx, done.index)
	}
	if err != nil {
		return fmt.Errorf("changing the network configuration: %w", err)
	}
	// Compared by content, not by what became of this one entry: an attempt before it, whose outcome was unknown, may
	// have been what changed it.
	if ircserver.EncodeConfig(n.NetworkConfig()) != text {
		return ErrRevision
	}
	return nil
}
