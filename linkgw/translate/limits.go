package translate

import (
	"fmt"
	"strconv"
	"strings"

	"robustirc/core/irc"
)

// Limits is what the new network can hold, as its line GATEWAY tells. Lengths are in bytes.
type Limits struct {
	NickLen, UserLen, HostLen, RealLen, ChannelLen, TopicLen, KickLen, AwayLen, KeyLen int
	// ListEntries is how many entries each list of a channel may have.
	ListEntries int
	// LineLen is the length of a line of ours without its ending.
	LineLen int
	// ChanModes and Prefix are the channel modes by class in ISUPPORT's forms.
	ChanModes, Prefix string
	// UserModes are the letters of user modes.
	UserModes string

	modes irc.ModeSpec
}

// DefaultLimits are those of a new RobustIRC network, until it tells its own.
func DefaultLimits() Limits {
	l := Limits{
		NickLen: 30, UserLen: 16, HostLen: 63, RealLen: 150, ChannelLen: 50, TopicLen: 390, KickLen: 300, AwayLen: 300, KeyLen: 24,
		ListEntries: 100, LineLen: 510, ChanModes: "Ibe,k,fjl,CKMNPRSTcimnprstu", Prefix: "(qaohv)~&@%+", UserModes: "BDGRZgiorswx",
	}
	l.modes, _ = irc.ParseModeSpec(l.ChanModes, l.Prefix)
	return l
}

// Bounds of a limit: below, names could not be told apart; above, lines could not be read.
const (
	minNickLen, minChannelLen = 12, 20
	minLineLen, maxLineLen    = 400, 1 << 16
)

// ParseLimits reads the words "key=value" of a line GATEWAY. Keys that are not known are passed over, and those that are
// not there keep their defaults.
func ParseLimits(words []string) (Limits, error) {
	l := DefaultLimits()
	numbers := map[string]*int{
		"NICKLEN": &l.NickLen, "USERLEN": &l.UserLen, "HOSTLEN": &l.HostLen, "REALLEN": &l.RealLen, "CHANNELLEN": &l.ChannelLen,
		"TOPICLEN": &l.TopicLen, "KICKLEN": &l.KickLen, "AWAYLEN": &l.AwayLen, "KEYLEN": &l.KeyLen,
		"LISTENTRIES": &l.ListEntries, "LINELEN": &l.LineLen,
	}
	texts := map[string]*string{"CHANMODES": &l.ChanModes, "PREFIX": &l.Prefix, "USERMODES": &l.UserModes}
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		if p := texts[key]; p != nil {
			*p = strings.Clone(value)
		}
		if p := numbers[key]; p != nil {
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 {
				return l, fmt.Errorf("translate: the network says %q, of which the value is no number above 0", w)
			}
			*p = n
		}
	}
	return l, l.check()
}

func (l *Limits) check() (err error) {
	switch {
	case l.NickLen < minNickLen:
		return fmt.Errorf("translate: the network's NICKLEN is %d; a gateway needs at least %d, so that nicks that it must make up stay apart", l.NickLen, minNickLen)
	case l.ChannelLen < minChannelLen:
		return fmt.Errorf("translate: the network's CHANNELLEN is %d; a gateway needs at least %d, so that names that it must make up stay apart", l.ChannelLen, minChannelLen)
	case l.LineLen < minLineLen || l.LineLen > maxLineLen:
		return fmt.Errorf("translate: the network's LINELEN is %d; it must be from %d to %d", l.LineLen, minLineLen, maxLineLen)
	}
	if l.modes, err = irc.ParseModeSpec(l.ChanModes, l.Prefix); err != nil {
		return fmt.Errorf("translate: the network's CHANMODES=%s PREFIX=%s: %w", l.ChanModes, l.Prefix, err)
	}
	return nil
}
