package ircserver

import (
	"math/bits"
	"slices"
	"strings"

	"robustirc/core/irc"
)

// modeRow is one mode of channels. Parsing, formatting, CHANMODES, PREFIX, 004, HELP and the snapshot derive from it.
type modeRow struct {
	letter byte
	kind   irc.ModeClass
	// need is the lowest status that may change it; services may always.
	need status
	help string

	status status // irc.ModePrefix: the bit
	prefix byte   // irc.ModePrefix: the character before the nick

	list  *listNumerics // irc.ModeList
	param *modeParam    // irc.ModeParam, irc.ModeSetParam

	// excludes is the flag that cannot be set together with this one: setting either takes the other away.
	excludes byte
	// privilege is what a network operator's class must hold to change it; with it, no status is needed. Without it, no
	// status helps.
	privilege string
	// servicesOnly says that only services may change it.
	servicesOnly bool
	// offered says whether the configuration offers the mode; nil is always.
	offered func(*Config) bool
}

// listNumerics are the numerics that show a list mode. quiet lists repeat the letter before the mask (728).
type listNumerics struct {
	entry, end irc.Numeric
	// withLetter says that both numerics name the letter after the channel, as 728 and 729 do.
	withLetter bool
	// opsOnly says that the list is shown to those who may change it only.
	opsOnly bool
	// takesQuiet says that ~quiet: makes sense in it.
	takesQuiet bool
}

// privPermanent is the privilege of operators who may make channels permanent.
const privPermanent = "permanent"

// modeTable is the one mode table, by kind; status modes highest first.
//
// p (private) and s (secret) exclude each other, as in RFC 1459 and UnrealIRCd: a channel is public, private or
// secret, and the NAMES symbol says which.
var modeTable = []modeRow{
	{letter: 'q', kind: irc.ModePrefix, need: statusOwner, status: statusOwner, prefix: '~', offered: func(c *Config) bool { return c.Owner }, help: "owner"},
	{letter: 'a', kind: irc.ModePrefix, need: statusOwner, status: statusAdmin, prefix: '&', offered: func(c *Config) bool { return c.Admin }, help: "admin"},
	{letter: 'o', kind: irc.ModePrefix, need: statusOp, status: statusOp, prefix: '@', help: "operator"},
	{letter: 'h', kind: irc.ModePrefix, need: statusOp, status: statusHalfop, prefix: '%', offered: func(c *Config) bool { return c.Halfop }, help: "half-operator"},
	{letter: 'v', kind: irc.ModePrefix, need: statusHalfop, status: statusVoice, prefix: '+', help: "voice: may speak while +m"},

	{letter: 'b', kind: irc.ModeList, need: statusHalfop, list: &listNumerics{entry: irc.RPL_BANLIST, end: irc.RPL_ENDOFBANLIST, takesQuiet: true}, help: "bans: may not join or speak"},
	{letter: 'e', kind: irc.ModeList, need: statusHalfop, list: &listNumerics{entry: irc.RPL_EXCEPTLIST, end: irc.RPL_ENDOFEXCEPTLIST, opsOnly: true, takesQuiet: true}, help: "exceptions from b and quiet"},
	{letter: 'I', kind: irc.ModeList, need: statusHalfop, list: &listNumerics{entry: irc.RPL_INVEXLIST, end: irc.RPL_ENDOFINVEXLIST, opsOnly: true}, help: "may join without an invitation while +i"},
	{letter: 'q', kind: irc.ModeList, need: statusHalfop, list: &listNumerics{entry: irc.RPL_QUIETLIST, end: irc.RPL_ENDOFQUIETLIST, withLetter: true}, offered: func(c *Config) bool { return !c.Owner }, help: "quiets: may not speak"},

	{letter: 'k', kind: irc.ModeParam, need: statusHalfop, param: &keyParam, help: "key needed to join"},
	{letter: 'f', kind: irc.ModeSetParam, need: statusOp, param: &forwardParam, help: "channel to send those to who cannot join"},
	{letter: 'j', kind: irc.ModeSetParam, need: statusOp, param: &throttleParam, help: "joins:seconds, at most so many joins in so long"},
	{letter: 'l', kind: irc.ModeSetParam, need: statusHalfop, param: &limitParam, help: "most members"},

	{letter: 'C', kind: irc.ModeFlag, need: statusOp, help: "no CTCP except ACTION"},
	{letter: 'K', kind: irc.ModeFlag, need: statusOp, help: "no KNOCK"},
	{letter: 'M', kind: irc.ModeFlag, need: statusHalfop, help: "only those with an account or voice may speak"},
	{letter: 'N', kind: irc.ModeFlag, need: statusOp, help: "members may not change their nicks"},
	{letter: 'P', kind: irc.ModeFlag, need: statusOp, privilege: privPermanent, help: "stays when the last member leaves; for network operators"},
	{letter: 'R', kind: irc.ModeFlag, need: statusHalfop, help: "only those with an account may join"},
	{letter: 'S', kind: irc.ModeFlag, need: statusOp, help: "colours and formatting are stripped"},
	{letter: 'T', kind: irc.ModeFlag, need: statusOp, help: "no notices to the channel"},
	{letter: 'c', kind: irc.ModeFlag, need: statusOp, help: "messages with colours are refused"},
	{letter: 'i', kind: irc.ModeFlag, need: statusHalfop, help: "by invitation only"},
	{letter: 'm', kind: irc.ModeFlag, need: statusHalfop, help: "only voiced members may speak"},
	{letter: 'n', kind: irc.ModeFlag, need: statusHalfop, help: "only members may speak"},
	{letter: 'p', kind: irc.ModeFlag, need: statusOp, excludes: 's', help: "private"},
	{letter: 'r', kind: irc.ModeFlag, need: statusOp, servicesOnly: true, help: "registered with services"},
	{letter: 's', kind: irc.ModeFlag, need: statusOp, excludes: 'p', help: "secret: shown to members only"},
	{letter: 't', kind: irc.ModeFlag, need: statusHalfop, help: "only half-operators and above may change the topic"},
	{letter: 'u', kind: irc.ModeFlag, need: statusOp, help: "auditorium: members without rank are shown to half-operators and above only"},
}

// modeOffer is what one configuration offers of the table.
type modeOffer struct {
	spec irc.ModeSpec
	rows [128]*modeRow // by letter
}

// modeOffers are the offers by the bits that switch modes (Config.modeSwitches).
var modeOffers [8]modeOffer

func init() { // not an initialiser: the table's functions use it
	for i := range modeOffers {
		cfg := Config{Owner: i&1 != 0, Admin: i&2 != 0, Halfop: i&4 != 0}
		modeOffers[cfg.modeSwitches()] = newModeOffer(&cfg)
	}
}

// modeSwitches are the parts of the configuration that the table's offered columns look at, as bits.
func (c *Config) modeSwitches() int { return btoi(c.Owner) | btoi(c.Admin)<<1 | btoi(c.Halfop)<<2 }

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func newModeOffer(cfg *Config) (o modeOffer) {
	for i := range modeTable {
		row := &modeTable[i]
		if row.offered != nil && !row.offered(cfg) {
			continue
		}
		ok := false
		if row.kind == irc.ModePrefix {
			ok = o.spec.AddPrefix(row.letter, row.prefix)
		} else {
			ok = o.spec.Add(row.kind, string(rune(row.letter)))
		}
		if !ok {
			panic("ircserver: two modes have the letter " + string(rune(row.letter)))
		}
		o.rows[row.letter] = row
	}
	return o
}

// modeOffer is what the network's configuration offers.
func (s *Server) modeOffer() *modeOffer { return &modeOffers[s.cfg.modeSwitches()] }

// row returns the row of a letter, or nil.
func (o *modeOffer) row(letter byte) *modeRow {
	if letter >= 128 {
		return nil
	}
	return o.rows[letter]
}

// chanModesToken is the value of ISUPPORT CHANMODES: the letters by group A,B,C,D.
func (s *Server) chanModesToken() string { return s.modeOffer().spec.ChanModes() }

// prefixToken is the value of ISUPPORT PREFIX, highest status first.
func (s *Server) prefixToken() string { return s.modeOffer().spec.PrefixToken() }

// statusmsgToken is the value of ISUPPORT STATUSMSG: the prefixes that may stand before a channel in PRIVMSG.
func (s *Server) statusmsgToken() string { return s.modeOffer().spec.Symbols() }

// maxListToken is the value of ISUPPORT MAXLIST: each list holds so many entries.
func (s *Server) maxListToken() string {
	var lists []string
	for _, letter := range s.modeOffer().spec.Letters(irc.ModeList) {
		lists = append(lists, string(letter)+":"+itoa(s.cfg.Limits.ListEntries))
	}
	return strings.Join(lists, ",")
}

// channelModeLetters are the channel modes of 004, in ASCII order.
func (s *Server) channelModeLetters() string {
	return s.lettersOf(irc.ModePrefix, irc.ModeList, irc.ModeParam, irc.ModeSetParam, irc.ModeFlag)
}

// channelParamLetters are those of them that take a parameter (the last field of 004).
func (s *Server) channelParamLetters() string {
	return s.lettersOf(irc.ModePrefix, irc.ModeList, irc.ModeParam, irc.ModeSetParam)
}

func (s *Server) lettersOf(classes ...irc.ModeClass) string {
	var b []byte
	for _, class := range classes {
		b = append(b, s.modeOffer().spec.Letters(class)...)
	}
	slices.Sort(b)
	return string(b)
}

// statusOf returns the bit of a prefix character that is offered, or 0.
func (s *Server) statusOf(prefix byte) status {
	o := s.modeOffer()
	if letter, ok := o.spec.SymbolLetter(prefix); ok {
		return o.row(letter).status
	}
	return 0
}

// prefixes returns the prefix characters of st, highest first; only the highest unless all is set (multi-prefix).
func (st status) prefixes(all bool) string {
	var b []byte
	for i := range modeTable {
		if row := &modeTable[i]; row.kind == irc.ModePrefix && st&row.status != 0 {
			b = append(b, row.prefix)
			if !all {
				break
			}
		}
	}
	return string(b)
}

// outranks reports whether st's highest status is above that of other.
func (st status) outranks(other status) bool { return bits.Len8(uint8(st)) > bits.Len8(uint8(other)) }

// atLeast reports whether st includes rank bit or a higher one.
func (st status) atLeast(bit status) bool { return st >= bit }
