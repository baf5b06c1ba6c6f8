package translate

import (
	"strings"

	"robustirc/linkgw/network"
	"robustirc/s2s"
)

// Translator translates one linked network.
type Translator struct {
	cfg    Config
	filter filter
	net    *network.Network
	limits Limits
	mirror *Mirror
	// bound finds channels of the mirror by the folded name on the linked network.
	bound   map[string]*channel
	dialect string
	cmodes  *modeIndex
	umodes  *modeIndex
	// live is whether the model is whole: from the first Reconcile after a burst to the end of the link.
	live bool
	// behind is whether the new network gets what happened noticeably later (SetLag).
	behind bool
	// refused are users that the network would not have.
	refused map[string]bool
	loading *loader
	// founded is a channel that a user has just made and of which no modes are known yet; see Flush.
	founded *network.Channel

	ops  []Op
	root string
	buf  []byte
	// words holds the few strings that many users share.
	words map[string]string

	coverage    coverage
	ruleCounts  [numRules]int64
	unmapped    map[string]int64
	divergences divergences
}

// New returns a translator of the network that a model follows, with an empty mirror.
func New(cfg Config, net *network.Network) (*Translator, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	dialect := canonicalDialect(net.Rules().Dialect)
	return &Translator{
		cfg: cfg, filter: newFilter(cfg), net: net, limits: DefaultLimits(), mirror: newMirror(), bound: map[string]*channel{},
		dialect: dialect, cmodes: newModeIndex(channelModes[dialect]), umodes: newModeIndex(userModes[dialect]),
		refused: map[string]bool{}, words: map[string]string{}, unmapped: map[string]int64{},
		coverage: newCoverage(), divergences: newDivergences(),
	}, nil
}

// Limits returns what the new network has said that it can hold.
func (t *Translator) Limits() Limits { return t.limits }

// Mirror returns what the new network holds as far as we know; for reading, until the next call.
func (t *Translator) Mirror() *Mirror { return t.mirror }

// Live reports whether events are translated: from the first Reconcile after a burst to the end of the link.
func (t *Translator) Live() bool { return t.live }

// SetLag says how many seconds after it happened the new network gets what is translated next. Where that is noticeable,
// the times of topics and list entries that users set are mended by effects.
func (t *Translator) SetLag(seconds int64) { t.behind = seconds > 1 || seconds < -1 }

// Translate returns what is to be posted because of an event, which the model has taken already, with what it changed;
// command is the event's on the wire, for the coverage. The slice is valid until the next call.
//
// Until the first Reconcile of a link, and after the link has ended, nothing is: what is missed is made up for by the
// next Reconcile. While an import is under way, Translate may be called between its batches.
func (t *Translator) Translate(command string, e s2s.Event, changes []network.Change) []Op {
	t.begin(command)
	t.coverage.seen(command)
	t.settleFounded(changes)
	why := Void
	for _, c := range changes {
		if w := t.change(c); w.weight() > why.weight() {
			why = w
		}
	}
	if _, unknown := e.Body.(s2s.Unknown); unknown {
		why = ParseError
	}
	t.coverage.file(command, t.ops, why)
	return t.ops
}

// Changed returns what is to be posted because of changes that no event of the peer told: of what we say (network.Say), of
// bans that are over (network.Expire), of the link's end (network.End). root names it in Op.Root. They are no events of the
// coverage. The slice is valid until the next call.
func (t *Translator) Changed(root string, changes []network.Change) []Op {
	t.begin(root)
	t.settleFounded(changes)
	for _, c := range changes {
		t.change(c)
	}
	return t.ops
}

// Flush returns what is to be posted if no event comes soon. UnrealIRCd tells of a new channel first without modes, and in
// the next line with those that the new network gives a new channel by itself; taking them away and setting them again in
// between would be seen by everybody, so the modes of such a channel wait for the next event, or for Flush. The slice is
// valid until the next call.
func (t *Translator) Flush() []Op {
	t.begin("SJOIN")
	t.settleFounded(nil)
	return t.ops
}

// settleFounded settles the channel that waits, unless the changes are of its modes.
func (t *Translator) settleFounded(changes []network.Change) {
	c := t.founded
	if c == nil {
		return
	}
	t.founded = nil
	for _, change := range changes {
		if m, ok := change.(network.ModesChanged); ok && m.Channel == c {
			return
		}
	}
	if ch := t.bound[t.liveKey(c.Name)]; ch != nil && t.net.Channel(c.Name) == c {
		t.settleChannel(ch, c, "*")
	}
}

// begin forgets the last operations. What one split needed is not kept for ever.
func (t *Translator) begin(root string) {
	clear(t.ops)
	if cap(t.ops) > maxKeptOps {
		t.ops = nil
	}
	t.ops, t.root = t.ops[:0], root
}

const maxKeptOps = 4096

// change translates one change. It returns why there was nothing to do, or "" when it is done, or is so already.
func (t *Translator) change(c network.Change) Reason {
	if split, ok := c.(network.Split); ok {
		return t.split(split)
	}
	if !t.live {
		return t.early(c)
	}
	if why, ok := t.userChange(c); ok {
		return why
	}
	if why, ok := t.channelChange(c); ok {
		return why
	}
	switch c := c.(type) {
	case network.MessageSeen:
		return t.message(c)
	case network.Invited:
		return t.invited(c)
	case network.Knocked:
		return t.knocked(c)
	case network.BanAdded:
		return t.banAdded(c)
	case network.BanRemoved:
		return t.banRemoved(c)
	case network.Passed:
		return t.passed(c)
	}
	return OutOfScope // servers, which a network that is one server does not show
}

// early is what comes while the peer bursts, or nobody looks: state comes with the import, all else is missed.
func (t *Translator) early(c network.Change) Reason {
	switch c := c.(type) {
	case network.MessageSeen, network.Invited, network.Knocked:
		return Gap
	case network.Passed:
		return passedReason(c.Body)
	case network.ServerAdded, network.ServerChanged, network.ServerSynced, network.ResyncNeeded:
		return OutOfScope
	case network.LockChanged:
		return NoEquivalent
	}
	return ""
}

// word returns a string of its own that equals s, each kept once up to a bound.
func (t *Translator) word(s string) string {
	if s == "" {
		return ""
	}
	if w, ok := t.words[s]; ok {
		return w
	}
	w := strings.Clone(s)
	if len(t.words) < maxWords {
		t.words[w] = w
	}
	return w
}

const maxWords = 4096

// isServer reports whether a server is services'.
func (t *Translator) isServices(s *network.Server) bool {
	return s != nil && t.filter.services[foldName(s.Name)]
}

// isService reports whether a user is services'.
func (t *Translator) isService(u *network.User) bool {
	return t.isServices(u.Server) || serviceModes[t.dialect] != 0 && u.HasMode(serviceModes[t.dialect])
}

// leftOut says why a user is not mirrored, or "".
func (t *Translator) leftOut(u *network.User) Reason {
	switch {
	case u.Server == nil || u.Server.Ours:
		return OutOfScope
	case t.cfg.LeaveOutServices && t.isService(u):
		return Services
	case anyMatches(t.filter.users, u.Mask()):
		return OutOfScope
	case !validUID(string(u.UID)):
		return NoEquivalent
	case t.refused[string(u.UID)]:
		return NoEquivalent
	}
	return ""
}

// isLeftOut reports whether a channel is not mirrored.
func (t *Translator) isLeftOut(c *network.Channel) bool {
	if t.cfg.LeaveOutHidden && (c.Flags().Has('s') || c.Flags().Has('p')) {
		return true
	}
	return anyMatches(t.filter.channels, c.Name)
}

// acts reports whether what a user does is done by the user itself: who is mirrored and no service.
func (t *Translator) acts(u *network.User) bool {
	return u != nil && t.mirror.users[string(u.UID)] != nil && !t.isService(u)
}

// by names a source as clients of the new network see it.
func (t *Translator) by(s network.Source) string {
	switch {
	case s.User != nil:
		if u := t.mirror.users[string(s.User.UID)]; u != nil {
			return u.mask()
		}
		if t.isService(s.User) {
			return s.User.Mask()
		}
	case s.Server != nil && !s.Server.Ours && s.Server.Name != "":
		return s.Server.Name
	}
	return "*"
}

// validUID reports whether s can name a user on the gateway's link.
func validUID(s string) bool {
	if len(s) < 1 || len(s) > 12 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z') {
			return false
		}
	}
	return true
}
