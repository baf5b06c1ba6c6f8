//go:build realpeers

package realpeers

import (
	"context"
	"strings"
	"testing"

	"robustirc/core/robustsession"
)

// TestDevContinues stops a whole network in good order and starts it again: sessions, channels and streams are where
// they were, and nothing is delivered twice.
func TestDevContinues(t *testing.T) {
	n := startNetwork(t)
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	client := robustsession.NewClient(robustsession.ClientConfig{Servers: n.servers, TLS: n.tls(), HTTP1: true})
	defer client.Close()
	from, to := apiSession(t, ctx, client, "from", "#stay"), apiSession(t, ctx, client, "to", "#stay")
	for _, text := range []string{"before", "after", "after again"} {
		if text != "before" {
			n.stop()
			n.launch()
		}
		if err := from.Post(ctx, "PRIVMSG #stay :"+text); err != nil {
			t.Fatal(err)
		}
		if got := nextMessage(t, ctx, to); !strings.HasSuffix(got, " PRIVMSG #stay :"+text) {
			t.Fatalf("got %q, want the message %q", got, text)
		}
	}
}

// nextMessage returns the next PRIVMSG.
func nextMessage(t *testing.T, ctx context.Context, s robustsession.Session) string {
	t.Helper()
	for {
		lines, err := s.Receive(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lines {
			if strings.Contains(l.Text, " PRIVMSG ") {
				return l.Text
			}
		}
	}
}
