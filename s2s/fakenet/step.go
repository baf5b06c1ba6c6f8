package fakenet

import (
	"time"
)

// action is one kind of thing that happens. It reports whether it could: nobody may be there to do it.
type action struct {
	name   string
	weight int
	act    func(*Network) bool
}

// catalogue is all that happens, with its weight in the mixed scenario. Weights are of a busy network's recorded lines.
var catalogue = []action{
	{"message", 6200, (*Network).actMessage},
	{"private message", 900, (*Network).actPrivate},
	{"notice", 150, (*Network).actNotice},
	{"status message", 30, (*Network).actStatusMessage},
	{"move", 900, (*Network).actMove},
	{"come or go", 700, (*Network).actComeOrGo},
	{"nick", 200, (*Network).actNick},
	{"away", 300, (*Network).actAway},
	{"status", 150, (*Network).actStatus},
	{"list", 60, (*Network).actList},
	{"flag", 50, (*Network).actFlag},
	{"key or limit", 30, (*Network).actKeyOrLimit},
	{"topic", 50, (*Network).actTopic},
	{"kick", 40, (*Network).actKick},
	{"invite", 20, (*Network).actInvite},
	{"oper", 6, (*Network).actOper},
	{"kill", 3, (*Network).actKill},
	{"wallops", 3, (*Network).actWallops},
	{"network ban", 3, (*Network).actBan},
	{"login", 60, (*Network).actLogin},
	{"host", 20, (*Network).actHost},
	{"services", 40, (*Network).actServices},
	{"collision", 4, (*Network).actCollision},
	{"question", 6, (*Network).actQuestion},
	{"split", 1, (*Network).actSplit},
	{"act on the leaf", 0, (*Network).actOnLeaf},
}

// scenarios are weights that differ from the catalogue's; a nil map is no scenario.
var scenarios = map[string]map[string]int{
	"mixed":  {},
	"chatty": only("message", "private message", "notice"),
	"quiet":  only("come or go", "away", "move"),
	"storm":  only("move", "come or go", "nick", "status", "kick"),
	"splits": {"split": 60, "collision": 60},
	// hostile does to the leaf's own users what operators and services can: kicks, kills, new nicks, forced joins.
	"hostile": {"act on the leaf": 1500, "collision": 60},
}

// only gives all others a weight of 0.
func only(names ...string) map[string]int {
	m := map[string]int{}
	for _, a := range catalogue {
		m[a.name] = 0
	}
	for _, name := range names {
		m[name] = 100
	}
	return m
}

// perLeaf are the actions that only a network that others link to has.
var notOfLeaves = map[string]bool{"oper": true, "kill": true, "wallops": true, "network ban": true, "login": true, "host": true,
	"services": true, "collision": true, "question": true, "split": true, "act on the leaf": true}

// draw chooses an action by weight.
func (n *Network) draw() *action {
	override := scenarios[n.cfg.Scenario]
	weight := func(a *action) int {
		if n.cfg.AsLeaf && notOfLeaves[a.name] {
			return 0
		}
		if w, ok := override[a.name]; ok {
			return w
		}
		return a.weight
	}
	total := 0
	for i := range catalogue {
		total += weight(&catalogue[i])
	}
	x := n.chance.below(total)
	for i := range catalogue {
		if x -= weight(&catalogue[i]); x < 0 {
			return &catalogue[i]
		}
	}
	panic("fakenet: the weights do not add up")
}

// Begin starts the traffic at a time. Before it, Step gives nothing.
func (n *Network) Begin(now time.Time) {
	n.now = now
	n.due = now.Add(n.gap())
}

// Stop ends the traffic.
func (n *Network) Stop() { n.due = time.Time{} }

// Running reports whether there is traffic.
func (n *Network) Running() bool { return !n.due.IsZero() }

// gap is the time to the next happening: between nothing and twice the average.
func (n *Network) gap() time.Duration {
	return time.Duration(n.chance.next() % uint64(2*float64(time.Second)/n.cfg.Rate+1))
}

// Step gives what has happened until now, in order.
func (n *Network) Step(now time.Time) []Happening {
	for n.Running() && !n.due.After(now) {
		n.now = n.due
		n.due = n.due.Add(n.gap())
		n.rejoin()
		n.happen()
	}
	if n.now.Before(now) {
		n.now = now
	}
	return n.take()
}

// Next is when Step will have something; zero when never.
func (n *Network) Next() time.Time { return n.due }

// happen does one thing; when the one that was drawn cannot be done another is drawn.
func (n *Network) happen() {
	const tries = 20
	for range tries {
		a := n.draw()
		if a.act(n) {
			n.stats.Actions[a.name]++
			return
		}
	}
}
