package network

import (
	"fmt"

	"robustirc/core/irc"
)

// Rules is all in which the servers differ.
type Rules struct {
	// Dialect is the name that s2s.Link.Dialect gives.
	Dialect string
	// Casemapping is that of nicks and channels.
	Casemapping irc.Casemapping
	// ChanModes and Prefix are the channel modes by class until the peer tells its own (ISUPPORT's forms).
	ChanModes, Prefix string
	// OtherFlags is whether letters that are in neither are modes without parameter, until the peer tells its own: modules
	// add them, and TS6 announces none.
	OtherFlags bool

	// Same tells when two users of one nick are one person, whose older connection loses.
	Same SameUser
	// ZeroTSCollides makes a nick timestamp of 0 count as equal, so that both lose (m_nick.c).
	ZeroTSCollides bool
	// Saves renames the losers of a collision to their UIDs instead of killing them, when both sides can (SAVE).
	Saves bool
	// CaseChangeKeepsTS is whether a nick that changes only in case keeps its timestamp.
	CaseChangeKeepsTS bool
	// NickDropsMode is the user mode that a change of nick takes away ('r' of UnrealIRCd), or 0.
	NickDropsMode byte

	// ZeroTS is what a channel timestamp of 0 does.
	ZeroTS ZeroTS
	// TopicWiped is whether a channel that loses its timestamp loses its topic as well.
	TopicWiped bool
	// EmptyTopicForgets is whether a topic that is cleared leaves no setter and time behind.
	EmptyTopicForgets bool
	// ModeTSLowers is whether a mode change with an older timestamp lowers that of the channel (unreal:mode.c:do_mode).
	ModeTSLowers bool
	// Resyncs is whether a join to an unknown channel is answered with RESYNC instead of creating it (hyb:m_join.c).
	Resyncs bool
	// Permanent is the mode of a channel that stays without members, or 0.
	Permanent byte
	// Exclusive are two modes of which setting one takes away the other, or "" (unreal:chanmodes/secret.c).
	Exclusive string
	// ParamHides are the modes in SJOIN behind which, as in its first place, the server does not see a simple mode
	// (m_join.c:ms_sjoin looks at the letter after the one it is at). Servers write simple modes first.
	ParamHides string
	// Merges tells how two parameters of a mode become one where timestamps are equal.
	Merges map[byte]Merge

	// NickSets is whether who sets a list entry or a topic is kept by nick, not by mask (set::ban-setter and
	// set::topic-setter, which are nick by default in UnrealIRCd 5 and nick-user-host in 6).
	NickSets bool
	// HostModes is whether user modes x and t choose between real host, cloak and virtual host (UnrealIRCd).
	HostModes bool
	// OperModes are the user modes that services take with +o (unreal: Umode.unset_on_deoper).
	OperModes string
	// AnyServes is whether any server may do what services do (set::limit-svscmds of UnrealIRCd).
	AnyServes bool
	// PingEndsBurst is whether a server's first PING says that its burst is over (ts6.md 4; m_pong.c: "emulated EOB").
	PingEndsBurst bool
	// SvskillWaits is whether a user that services remove goes only once its own server says so (hyb:m_svskill.c).
	SvskillWaits bool
	// MergesBans is whether a network ban that is there already is merged with its copy (unreal:tkl.c:cmd_tkl_add).
	MergesBans bool
	// BurstBans is which network bans Burst tells.
	BurstBans BurstBans
	// ListsInSJOIN is whether a channel burst carries the lists (UnrealIRCd), so that Burst puts them there.
	ListsInSJOIN bool
	// TopicBurst is how Burst says a topic.
	TopicBurst TopicBurst
}

// SameUser is what makes two users of one nick the same person.
type SameUser int

// The kinds of SameUser.
const (
	SameVisibleHost SameUser = iota // ident and visible host (m_nick.c)
	SameAddress                     // ident and address (hyb:m_nick.c: sockhost)
	SameRealHost                    // ident and real host (unreal:nick.c)
)

// ZeroTS is what a channel timestamp of 0 does.
type ZeroTS int

// The kinds of ZeroTS.
const (
	ZeroSpreads ZeroTS = iota // 0 on either side makes the channel's 0 and merges (m_join.c)
	ZeroIsOlder               // 0 is as old as a timestamp can be (hyb:m_sjoin.c)
	ZeroIsEqual               // up to 1000000 means the channel's own (unreal:sjoin.c, IsInvalidChannelTS)
)

// Merge is how two parameters become one.
type Merge int

// The kinds of Merge.
const (
	MergeGreater Merge = iota // strcmp-greater
	MergeNumber               // the greater number
	MergeFolded               // greater in the casemapping
	MergePairs                // the greater "a:b", a before b (join throttle)
	MergeHistory              // the greater of each of "lines:time" (unreal:chanmodes/history.c)
	MergeFlood                // the greater limit of each kind (unreal:chanmodes/floodprot.c)
)

// BurstBans is which network bans servers tell when they link.
type BurstBans int

// The kinds of BurstBans.
const (
	BurstLiving BurstBans = iota // those with a lifetime, also when they are removed (m_ban.c, s_serv.c:burst_ban)
	BurstNoBans                  // none (hybrid)
	BurstAll                     // all (unreal:tkl.c:tkl_sync)
)

// TopicBurst is the form of a topic in Burst.
type TopicBurst int

// The kinds of TopicBurst.
const (
	BurstTB     TopicBurst = iota // TB
	BurstTBurst                   // TBURST
	BurstTopic                    // UnrealIRCd's TOPIC
)

// Solanum returns the rules of solanum.
func Solanum() Rules {
	return Rules{
		Dialect: "solanum", Casemapping: irc.RFC1459, ChanModes: "eIbq,k,flj,ACFLMOPQRSTcgimnprstuz", Prefix: "(ov)@+", OtherFlags: true,
		Same: SameVisibleHost, ZeroTSCollides: true, Saves: true, CaseChangeKeepsTS: true,
		ZeroTS: ZeroSpreads, EmptyTopicForgets: true, Permanent: 'P', ParamHides: "fjkl", PingEndsBurst: true,
		Merges: map[byte]Merge{'k': MergeGreater, 'l': MergeNumber, 'j': MergePairs, 'f': MergeFolded},
	}
}

// Charybdis returns the rules of charybdis, which are those of its successor.
func Charybdis() Rules {
	r := Solanum()
	r.Dialect, r.ChanModes = "charybdis", "eIbq,k,flj,CDEFGJKLMOPQTcdgimnprstuz"
	return r
}

// Hybrid returns the rules of ircd-hybrid 8.2.
func Hybrid() Rules {
	return Rules{
		Dialect: "hybrid", Casemapping: irc.ASCII, ChanModes: "Ibe,k,l,CKLMNOQRSTVZcimnprstuz", Prefix: "(qaohv)~&@%+", OtherFlags: true,
		Same: SameAddress, CaseChangeKeepsTS: true, ZeroTS: ZeroIsOlder, TopicWiped: true, Resyncs: true,
		SvskillWaits: true, TopicBurst: BurstTBurst, BurstBans: BurstNoBans,
		Merges: map[byte]Merge{'k': MergeGreater, 'l': MergeNumber},
	}
}

// Unreal6 returns the rules of UnrealIRCd 6.
func Unreal6() Rules {
	return Rules{
		Dialect: "unreal6", Casemapping: irc.ASCII, ChanModes: "beI,fkL,lFH,cdimnprstzCDGKMNOPQRSTVZ", Prefix: "(qaohv)~&@%+",
		Same: SameRealHost, NickDropsMode: 'r', ZeroTS: ZeroIsEqual, ModeTSLowers: true, Permanent: 'P', Exclusive: "ps",
		HostModes: true, OperModes: "HSWq", AnyServes: true, MergesBans: true, ListsInSJOIN: true, TopicBurst: BurstTopic, BurstBans: BurstAll,
		Merges: map[byte]Merge{'k': MergeGreater, 'L': MergeGreater, 'F': MergeGreater, 'l': MergeNumber,
			'H': MergeHistory, 'f': MergeFlood},
	}
}

// Unreal5 returns the rules of UnrealIRCd 5, in which nothing that is modelled differs but the modes there are, and how
// setters are kept.
func Unreal5() Rules {
	r := Unreal6()
	r.NickSets = true
	r.Dialect, r.ChanModes = "unreal5", "beI,fkL,lH,cdimnprstzCDGKMNOPQRSTVZ"
	return r
}

// RulesOf returns the rules of a dialect as s2s.Link.Dialect names it. UnrealIRCd 4 follows those of 5.
func RulesOf(dialect string) (Rules, error) {
	switch dialect {
	case "solanum":
		return Solanum(), nil
	case "charybdis":
		return Charybdis(), nil
	case "hybrid":
		return Hybrid(), nil
	case "unreal6":
		return Unreal6(), nil
	case "unreal5", "unreal4":
		return Unreal5(), nil
	}
	return Rules{}, fmt.Errorf("network: no rules for the dialect %q: it is none of solanum, charybdis, hybrid, unreal5, unreal6", dialect)
}
