package linkgw

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"robustirc/core/irc"
	"robustirc/linkgw/egress"
	"robustirc/linkgw/network"
	"robustirc/s2s"
)

// Observing is who watches channels in capture mode observer.
type Observing struct {
	// Channels are those to be on, by name or mask (* and ?). None is created for it. A mask does not reach channels that
	// are secret, private, by invitation, or have a key: those have to be named.
	Channels []string
	// Nick is "" for the observer's own id where the servers allow that, which nobody else can have; elsewhere Nick is
	// followed by digits when it is taken.
	Nick, Ident, Host, Realname string
	// Chance gives numbers from 0 to n-1.
	Chance func(n int) int
}

// maxIntroductions is how often the observer comes back after it was removed by a kill, over one link.
const maxIntroductions = 1 + 3

// observerUID is the id of the one user that a gateway may have.
func observerUID(sid s2s.SID) s2s.UID { return s2s.UID(sid) + "AAAAAA" }

// observer is a quiet user without status on the chosen channels. It follows the network in a model of its own, so that
// the timestamps that it joins with are those of this moment, and so that it notices when it is alone.
type observer struct {
	cfg   Observing
	id    Identity
	uid   s2s.UID
	guard *egress.Guard
	fold  irc.Casemapping

	model   *network.Network
	waiting []s2s.Event // before the dialect is known

	present    bool
	nick       string
	since      int64 // of the nick, its timestamp
	introduced int   // how often
	banned     bool  // a ban of the network is on it
	out        map[string]string
	on         map[string]string // folded name: name
	dirty      bool
	wanted     map[string]string
	masked     map[string]bool // of wanted, those that a mask has chosen
}

// maxByMask is how many channels the masks of an observer may choose.
const maxByMask = 1000

func newObserver(cfg Observing, id Identity, uid s2s.UID, guard *egress.Guard) *observer {
	return &observer{cfg: cfg, id: id, uid: uid, guard: guard, out: map[string]string{}, on: map[string]string{}, wanted: map[string]string{}, masked: map[string]bool{}, dirty: true}
}

// is reports whether a word names the observer.
func (o *observer) is(s string) bool {
	return s == string(o.uid) || o.nick != "" && strings.EqualFold(s, o.nick)
}

// event follows the network, and obeys what is done to the observer.
func (o *observer) event(now time.Time, dialect string, e s2s.Event) error {
	if o.model == nil {
		if o.waiting = append(o.waiting, e); dialect == "" {
			return nil
		}
		if err := o.begin(now, dialect); err != nil {
			return err
		}
		return nil
	}
	return o.apply(now, e)
}

// begin makes the model once it is known what the peer is.
func (o *observer) begin(now time.Time, dialect string) error {
	model, err := o.id.newModel(dialect)
	if err != nil {
		return err
	}
	o.model, o.fold = model, model.Rules().Casemapping
	for _, c := range o.cfg.Channels {
		if !isMask(c) {
			o.wanted[o.fold.Fold(c)] = c
		}
	}
	waiting := o.waiting
	o.waiting = nil
	for _, e := range waiting {
		if err := o.apply(now, e); err != nil {
			return err
		}
	}
	return nil
}

func (o *observer) apply(now time.Time, e s2s.Event) error {
	for _, c := range o.model.Apply(now.Unix(), e) {
		if err := o.changed(now, c); err != nil {
			return err
		}
	}
	return nil
}

// changed notes what concerns the observer.
func (o *observer) changed(now time.Time, c network.Change) error {
	switch c := c.(type) {
	case network.UserRemoved:
		o.dirty = true
		if c.User.UID == o.uid {
			o.present, o.nick = false, ""
			clear(o.on)
		}
	case network.Kicked:
		o.dirty = true
		if c.User.UID == o.uid {
			o.leftFor(c.Channel.Name, "kicked by "+c.By.Name())
		}
	case network.NickChanged:
		if c.User.UID == o.uid {
			o.nick, o.since = c.User.Nick, c.User.TS
		}
	case network.BanAdded:
		o.banned = o.banned || o.hit(c.Ban)
		o.dirty = true
	case network.ChannelCreated:
		o.choose(c.Channel.Name)
	case network.ChannelDestroyed:
		o.dirty = true
		if key := o.fold.Fold(c.Channel.Name); o.masked[key] {
			delete(o.masked, key)
			delete(o.wanted, key)
			delete(o.on, key)
		}
	case network.Joined, network.Parted, network.Split, network.ModesChanged, network.ChannelAged:
		o.dirty = true
	case network.Passed:
		if f, ok := c.Body.(s2s.Force); ok && c.User != nil && c.User.UID == o.uid {
			return o.forced(f)
		}
	}
	return nil
}

// isMask reports whether a channel of the configuration stands for several.
func isMask(name string) bool { return strings.ContainsAny(name, "*?") }

// choose has the observer want a new channel that a mask matches.
func (o *observer) choose(name string) {
	key := o.fold.Fold(name)
	if o.wanted[key] != "" || len(o.masked) >= maxByMask {
		return
	}
	for _, mask := range o.cfg.Channels {
		if isMask(mask) && irc.MatchMask(o.fold, mask, name) {
			o.wanted[key], o.masked[key], o.dirty = name, true, true
			return
		}
	}
}

// open reports whether a mask may choose a channel.
func open(c *network.Channel) bool {
	f := c.Flags()
	_, keyed := c.Param('k')
	return !keyed && !f.Has('s') && !f.Has('p') && !f.Has('i')
}

// leftFor keeps the observer out of a channel for the rest of the link.
func (o *observer) leftFor(name, why string) {
	key := o.fold.Fold(name)
	delete(o.on, key)
	o.out[key] = why
}

// hit reports whether a ban of the network is on the observer. Servers leave it to us to enforce that.
func (o *observer) hit(b *network.Ban) bool {
	switch b.Kind {
	case "kline", "gline", "zline", "gzline", "dline", "shun":
	default:
		return false
	}
	user := b.User
	if user == "" {
		user = "*"
	}
	return irc.MatchMask(irc.ASCII, user, o.cfg.Ident) && irc.MatchMask(irc.ASCII, b.Host, o.cfg.Host)
}

// forced obeys services that rename the observer or take it off a channel; they can not put it on one.
func (o *observer) forced(f s2s.Force) error {
	switch {
	case f.Action == "nick" && len(f.Params) > 0:
		if err := o.say(time.Unix(f.TS, 0), egress.Rename{UID: o.uid, Nick: strings.Clone(f.Params[0]), TS: f.TS}); err != nil {
			return err
		}
		o.nick, o.since = strings.Clone(f.Params[0]), f.TS
	case f.Action == "part" && len(f.Params) > 0:
		for _, name := range strings.Split(f.Params[0], ",") {
			if c := o.on[o.fold.Fold(name)]; c != "" {
				o.leftFor(c, "services made it leave")
				if err := o.say(time.Unix(f.TS, 0), egress.Leave{UID: o.uid, Channel: c, Reason: "Services"}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// say says a thing to the network and to the model.
func (o *observer) say(now time.Time, s egress.Say) error {
	if err := o.guard.Say(s); err != nil {
		return err
	}
	o.model.Say(now.Unix(), o.guard.Event(s))
	return nil
}

// settle introduces the observer, and has it on the channels where it should be: those that are wanted, that somebody else is
// on, and that do not ban it.
func (o *observer) settle(now time.Time) error {
	if !o.dirty || o.model == nil {
		return nil
	}
	o.dirty = false
	if o.banned {
		return o.withdraw(now)
	}
	if !o.present {
		if done, err := o.introduce(now); done || err != nil {
			return err
		}
	}
	for _, key := range sortedKeys(o.wanted) {
		if err := o.settleChannel(now, key); err != nil {
			return err
		}
	}
	return nil
}

func (o *observer) withdraw(now time.Time) error {
	if !o.present {
		return nil
	}
	o.present, o.nick = false, ""
	clear(o.on)
	return o.say(now, egress.Withdraw{UID: o.uid, Reason: "Banned"})
}

// introduce reports whether there is to be no observer.
func (o *observer) introduce(now time.Time) (none bool, err error) {
	if o.introduced >= maxIntroductions {
		return true, nil
	}
	nick, err := o.freeNick()
	if err != nil {
		return true, err
	}
	o.introduced++
	i := egress.Introduce{UID: o.uid, Nick: nick, Ident: o.cfg.Ident, Host: o.cfg.Host, Realname: o.cfg.Realname, TS: now.Unix()}
	if err := o.say(now, i); err != nil {
		return true, err
	}
	o.present, o.nick, o.since = true, nick, now.Unix()
	return false, nil
}

var errNoNick = errors.New("no nick is free for the observer: give it another in the configuration")

// freeNick is the observer's own id where servers take that for a nick, or a nick that nobody has.
func (o *observer) freeNick() (string, error) {
	base := o.cfg.Nick
	if base == "" {
		if o.model.Rules().Dialect != "hybrid" {
			return string(o.uid), nil
		}
		base = "watch" + strconv.Itoa(1000+o.cfg.Chance(9000))
	}
	for nick, try := base, 0; try < 10; try++ {
		if o.model.Nick(nick) == nil {
			return nick, nil
		}
		nick = fmt.Sprintf("%s%d", base, o.cfg.Chance(10000))
	}
	return "", errNoNick
}

func (o *observer) settleChannel(now time.Time, key string) error {
	c := o.model.Channel(o.wanted[key])
	name, is := o.on[key]
	should := c != nil && o.out[key] == "" && o.others(c) > 0 && c.TS > 0 && !o.bannedFrom(c) && (!o.masked[key] || open(c))
	switch {
	case should && !is:
		o.on[key] = c.Name
		return o.say(now, egress.Enter{UID: o.uid, Channel: c.Name, TS: c.TS})
	case !should && is && c == nil:
		delete(o.on, key)
	case !should && is:
		delete(o.on, key)
		return o.say(now, egress.Leave{UID: o.uid, Channel: name, Reason: "Nobody else is here"})
	}
	return nil
}

// others is how many members there are but the observer.
func (o *observer) others(c *network.Channel) int {
	n := len(c.Members())
	if u := o.model.User(o.uid); u != nil && o.model.Member(u, c) != nil {
		n--
	}
	return n
}

// bannedFrom reports whether a plain ban of a channel is on the observer, and no exception is.
func (o *observer) bannedFrom(c *network.Channel) bool {
	mask := o.nick + "!" + o.cfg.Ident + "@" + o.cfg.Host
	matches := func(letter string) bool {
		return slices.ContainsFunc(c.Lists(), func(e s2s.ListEntry) bool {
			return e.Letter == letter && irc.MatchMask(o.fold, e.Mask, mask)
		})
	}
	return matches("b") && !matches("e")
}

// ObserverStatus is how the observer is.
type ObserverStatus struct {
	Present  bool              `json:"present"`
	Nick     string            `json:"nick,omitempty"`
	Channels []string          `json:"channels"`
	KeptOut  map[string]string `json:"kept_out,omitempty"`
	Missing  []string          `json:"missing,omitempty"`
	Banned   bool              `json:"banned,omitempty"`
	Returns  int               `json:"returns"` // after kills
}

func (o *observer) status() *ObserverStatus {
	s := &ObserverStatus{Present: o.present, Nick: o.nick, Channels: []string{}, Banned: o.banned, KeptOut: map[string]string{}, Returns: max(0, o.introduced-1)}
	for _, key := range sortedKeys(o.wanted) {
		switch {
		case o.on[key] != "":
			s.Channels = append(s.Channels, o.on[key])
		case o.out[key] != "":
			s.KeptOut[o.wanted[key]] = o.out[key]
		default:
			s.Missing = append(s.Missing, o.wanted[key])
		}
	}
	return s
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
