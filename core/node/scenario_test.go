package node_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"robustirc/core/ircserver"
	"robustirc/core/node"
	"robustirc/core/node/nodetest"
	"robustirc/core/scenario"
)

// The golden scenarios of the machine run through three nodes, each few steps through another, with the leader killed
// between some of them. In the end the nodes agree on the state and on every output (the chain covers lines and
// recipients), and so does a bare machine that is given the same log.
func TestScenariosOnACluster(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../ircserver/testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	c := nodetest.Start(t, 3, func(_ int, cfg *node.Config) {
		cfg.InitialConfig.Classes = []ircserver.OperClass{{Name: "all", Privileges: []string{"*"}}}
		cfg.InitialConfig.Operators = []ircserver.Operator{{Name: "root", Class: "all", PasswordHash: unusable}}
		cfg.InitialConfig.Gateways = []ircserver.Gateway{{Name: "canary", PasswordHash: unusable}, {Name: "other", PasswordHash: unusable}}
	})
	for i, path := range files {
		run := &clusterRun{t: t, c: c, ids: map[string]ircserver.SessionID{}, turn: i}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		script, err := scenario.Parse(path, text)
		if err != nil {
			t.Fatal(err)
		}
		for _, st := range script.Steps() {
			run.do(st)
		}
		if i%12 == 5 {
			leader := c.Leader()
			c.Kill(leader)
			c.Leader()
			c.Restart(leader)
		}
		run.end()
	}
	c.Settle()
	checkStates(t, c)
}

// unusable is a bcrypt hash that no password has: scenarios grant what they need.
const unusable = "$2a$10$7EqJtq98hPqEX7fNZaFWoOePaWxn96p36WQoeG6Lruj3vjPGga31l"

func checkStates(t *testing.T, c *nodetest.Cluster) {
	t.Helper()
	for i, n := range c.Nodes {
		inputs, state, err := n.Log()
		if err != nil {
			t.Fatal(err)
		}
		if bare := node.Replay(inputs); bare != state {
			t.Errorf("node %d is at %v, a bare machine after the same %d inputs at %v", i, state, len(inputs), bare)
		}
		_, first, err := c.Nodes[0].Log()
		if err != nil || first != state {
			t.Errorf("node %d is at %v, node 0 at %v (%v)", i, state, first, err)
		}
	}
}

// clusterRun plays one script.
type clusterRun struct {
	t    *testing.T
	c    *nodetest.Cluster
	ids  map[string]ircserver.SessionID
	turn int
	next []ircserver.Input // not yet proposed
}

// propose queues an input, to be handed in with those around it.
func (r *clusterRun) propose(in ircserver.Input) {
	r.t.Helper()
	if r.next = append(r.next, in); len(r.next) == 8 {
		r.flush()
	}
}

// flush hands what is queued to the next node and returns the number of the last input.
func (r *clusterRun) flush() ircserver.InputID {
	r.t.Helper()
	r.turn++
	ids, err := r.c.Nodes[r.turn%len(r.c.Nodes)].Propose(r.t.Context(), r.next...)
	if err != nil {
		r.t.Fatal(err)
	}
	r.next = nil
	return ids[len(ids)-1]
}

func (r *clusterRun) line(client, text string) {
	r.t.Helper()
	text, _ = ircserver.Claims(text)
	r.propose(ircserver.Input{Kind: ircserver.KindLine, Session: r.ids[client], Text: text})
}

func (r *clusterRun) connect(st scenario.Step) {
	r.t.Helper()
	in := ircserver.Input{Kind: ircserver.KindCreate, Remote: "192.0.2.1"}
	for _, a := range st.Args[1:] {
		if cookie, ok := strings.CutPrefix(a, "cookie="); ok {
			in.Cookie = cookie
		}
		in.TLS = in.TLS || a == "tls"
	}
	r.next = append(r.next, in)
	r.ids[st.Client] = ircserver.SessionID(r.flush())
}

// do makes a step happen. What changes the surroundings (clock, config, members) is not played: it would be the same.
func (r *clusterRun) do(st scenario.Step) {
	r.t.Helper()
	switch st.Verb {
	case "line":
		r.line(st.Client, st.Text)
	case "connect":
		r.connect(st)
	case "register":
		r.connect(st)
		nick := st.Args[len(st.Args)-1]
		if strings.Contains(nick, "=") || nick == "verbose" || nick == "tls" {
			nick = st.Client
		}
		r.line(st.Client, "NICK "+nick)
		r.line(st.Client, "USER "+st.Client+" 0 * :"+st.Client)
	case "grant":
		r.propose(ircserver.Input{Kind: ircserver.KindLine, Session: r.ids[st.Client], Text: st.Text, Granted: "root services gateway:canary gateway:other"})
	case "delete":
		r.propose(ircserver.Input{Kind: ircserver.KindDelete, Session: r.ids[st.Client], Text: st.Text})
	case "die":
		r.propose(ircserver.Input{Kind: ircserver.KindDead, Session: r.ids[st.Client], Text: st.Text})
	case "tick":
		r.propose(ircserver.Input{Kind: ircserver.KindTick})
	}
}

// end deletes the script's sessions, so that the next one finds its nicks free.
func (r *clusterRun) end() {
	for _, id := range r.ids {
		r.propose(ircserver.Input{Kind: ircserver.KindDelete, Session: id, Text: "end"})
	}
	r.next = append(r.next, ircserver.Input{Kind: ircserver.KindTick})
	r.flush()
}
