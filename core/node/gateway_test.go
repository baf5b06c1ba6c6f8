package node_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"robustirc/core/ircserver"
	"robustirc/core/node"
	"robustirc/core/node/nodetest"
)

// gatewayPassword is that of the gateway of startGatewayCluster.
const gatewayPassword = "S3cret of the canary"

// startGatewayCluster starts three nodes of a network that names a gateway.
func startGatewayCluster(t *testing.T) *nodetest.Cluster {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(gatewayPassword), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return nodetest.Start(t, 3, func(_ int, cfg *node.Config) {
		cfg.InitialConfig.Gateways = []ircserver.Gateway{{Name: "canary", PasswordHash: string(hash)}}
		cfg.InitialConfig.PostMessageCooloff = 1 << 40 // of which gateways are exempt
	})
}

// gatewayLink is the link of a gateway. Its lines have sequential ids.
type gatewayLink struct {
	client
	last uint64
}

func openGateway(t *testing.T, c *nodetest.Cluster, at int) *gatewayLink {
	t.Helper()
	made, err := c.Nodes[at].Create(t.Context(), node.CreateRequest{Remote: "192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	l := &gatewayLink{client: client{t: t, c: c, made: made}}
	for _, text := range []string{"PASS :gateway=" + gatewayPassword, "GATEWAY canary firehose"} {
		if err := c.Nodes[at].Post(t.Context(), made.Session, "", l.next(text)); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func (l *gatewayLink) next(texts ...string) (lines []node.Line) {
	for _, text := range texts {
		l.last++
		lines = append(lines, node.Line{ID: ircserver.SequentialID | l.last, Text: text})
	}
	return lines
}

// postEverywhere posts lines until they are acknowledged, through one running node after another, each with the same ids.
func (l *gatewayLink) postEverywhere(mu *sync.Mutex, lines []node.Line) error {
	for try := 0; ; try++ {
		mu.Lock()
		n := l.c.Nodes[try%len(l.c.Nodes)]
		mu.Unlock()
		if n == nil {
			continue
		}
		ctx, cancel := context.WithTimeout(l.t.Context(), nodetest.Timeout)
		err := n.Post(ctx, l.made.Session, "", lines)
		cancel()
		if err == nil || errors.Is(err, node.ErrNoSession) || try > 1000 {
			return err
		}
	}
}

// What a gateway posts happens once and in order, although leaders are killed and everything is posted again; when the
// gateway comes back with another link it is told what there is. Its password is in no log.
func TestGatewayLinesActOnce(t *testing.T) {
	t.Parallel()
	c := startGatewayCluster(t)
	reader := connect(t, c, 0, "reader")
	reader.post(0, "JOIN #load")
	link := openGateway(t, c, c.Follower())
	const users, size = 3, 20
	var mu sync.Mutex // held to change c.Nodes, and by the poster to read it
	for u := range users {
		uid := fmt.Sprintf("0AA%d", u)
		lines := link.next("USER "+uid+" bob b host.example 192.0.2.7 1700000000 * * +i :Bob", "MEMBERS #load 1 v,"+uid)
		if err := link.postEverywhere(&mu, lines); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	stop, acked := make(chan struct{}), 0
	wg.Go(func() {
		for ; ; acked += size {
			select {
			case <-stop:
				return
			default:
			}
			var texts []string
			for i := range size {
				texts = append(texts, fmt.Sprintf(":0AA%d PRIVMSG #load :n %d", i%users, acked+i))
			}
			if err := link.postEverywhere(&mu, link.next(texts...)); err != nil {
				t.Errorf("after %d lines: %v", acked, err)
				return
			}
		}
	})
	for range 2 {
		stopUnderLoad(c, &mu, c.Leader(), false)
	}
	close(stop)
	wg.Wait()
	again := openGateway(t, c, 0)
	for i := range c.Nodes {
		c.Ready(i)
	}
	told := again.lines(c.Nodes[0], fmt.Sprintf("READY %d", link.last))
	if joined := strings.Join(told, "\n"); !strings.Contains(joined, "USER 0AA2 bob_1 b host.example 192.0.2.7") || !strings.Contains(joined, "MEMBERS #load v,0AA0 v,0AA1 v,0AA2") {
		t.Errorf("the link that took over is told\n%s", joined)
	}
	if err := again.postEverywhere(&mu, again.next(":0AA0 PRIVMSG #load :the end")); err != nil {
		t.Fatal(err)
	}
	checkGatewayStream(t, c, reader, acked)
	checkSameState(t, c)
	checkNotInLog(t, c, gatewayPassword)
}

// checkGatewayStream checks that the reader has got each numbered message once, in order, at every node.
func checkGatewayStream(t *testing.T, c *nodetest.Cluster, reader *client, want int) {
	t.Helper()
	first := reader.lines(c.Nodes[0], ":the end")
	next := 0
	for _, l := range first {
		_, text, _ := strings.Cut(l, "PRIVMSG #load :")
		var i int
		if n, _ := fmt.Sscanf(text, "n %d", &i); n != 1 {
			continue
		}
		if i != next {
			t.Fatalf("message %d where %d was due", i, next)
		}
		next++
	}
	t.Logf("%d messages", next)
	if next != want {
		t.Errorf("%d messages arrived, %d were acknowledged", next, want)
	}
	for i, n := range c.Nodes[1:] {
		if got := reader.lines(n, ":the end"); !slices.Equal(got, first) {
			t.Errorf("node %d shows another stream than node 0", i+1)
		}
	}
}

func checkNotInLog(t *testing.T, c *nodetest.Cluster, secret string) {
	t.Helper()
	inputs, _, err := c.Nodes[0].Log()
	if err != nil {
		t.Fatal(err)
	}
	granted := false
	for _, in := range inputs {
		granted = granted || in.Granted == "gateway:canary"
		if strings.Contains(in.Text, secret) {
			t.Errorf("the log holds %q", in.Text)
		}
	}
	if !granted {
		t.Error("no input was granted to the gateway")
	}
}
