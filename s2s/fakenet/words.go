package fakenet

import (
	"strconv"
	"strings"
)

var syllables = strings.Fields("al an ar ba be bo da de di do el en fa fi ga go ha ho in ja jo ka ki ko la le li lo ma me mi mo na ne ni no or pa pe ra re ri ro sa se si so ta te ti to ul va vi wa xe ya yo za zi")

var nickTails = []string{"", "", "", "", "", "_", "`", "|away", "[m]", "-x", "^", "42", "_work", "{o}"}

var words = strings.Fields(`the a and of to is it that in for you on this be have with as but not so what just if all
	about like can get one up out when know time how more some now from good think who see no way make only server link
	kernel patch build broke again works compile release bug coffee lunch anyone tried update config log crash restart
	thanks yes nope maybe later tomorrow really http channel topic question answer read docs wiki please help`)

var topics = []string{"Welcome to %s | be nice", "%s: next release on Friday", "%s || logs are public || paste at paste.example",
	"Topic of %s with \"quotes\", ünïcode and \x02bold\x02", "::%s begins with colons", "%s"}

var quitReasons = []string{"Client closed connection", "Ping timeout: 252 seconds", "Read error: Connection reset by peer", "bye", "", "Quit: leaving", "Remote host closed the connection"}

var partReasons = []string{"", "", "bbl", "see you", "wrong window: sorry"}

var awayTexts = []string{"gone fishing", "lunch", "Auto away: idle", "brb", "à demain"}

var kickReasons = []string{"be nice", "flooding", "read the topic", "spam: not here"}

// nick makes a nick that nobody has.
func (n *Network) freshNick() string {
	for {
		c := &n.chance
		s := pick(c, syllables) + pick(c, syllables)
		if c.oneIn(2) {
			s += pick(c, syllables)
		}
		if c.oneIn(4) {
			s = strings.ToUpper(s[:1]) + s[1:]
		}
		s = n.cfg.NickPrefix + s + pick(c, nickTails)
		if n.nick(s) != nil {
			s += strconv.Itoa(c.below(100_000))
		}
		if n.nick(s) == nil {
			return s
		}
	}
}

// colour begins red text.
const colour = "\x0304"

// sentence makes a message's text: sometimes to somebody, sometimes an action, coloured, or long.
func (n *Network) sentence(to string) string {
	c := &n.chance
	length := 1 + c.below(12)
	if c.oneIn(40) {
		length += 50
	}
	var b strings.Builder
	if to != "" && c.oneIn(5) {
		b.WriteString(to)
		b.WriteString(": ")
	}
	for i := range length {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(pick(c, words))
	}
	switch c.below(40) {
	case 0:
		return "\x01ACTION " + b.String() + "\x01"
	case 1:
		return colour + b.String() + " ☺"
	case 2:
		return ":" + b.String()
	case 3:
		b.WriteString("?  ünïcode ")
	}
	return b.String()
}

// address makes an IP address of the documentation networks, or one of IPv6.
func (c *chance) address() string {
	switch c.below(4) {
	case 0:
		return "198.51.100." + strconv.Itoa(1+c.below(254))
	case 1:
		return "203.0.113." + strconv.Itoa(1+c.below(254))
	case 2:
		return "2001:db8:" + strconv.FormatInt(int64(1+c.below(65535)), 16) + "::" + strconv.FormatInt(int64(1+c.below(65535)), 16)
	}
	return "192.0.2." + strconv.Itoa(1+c.below(254))
}

const uidLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// uidOf is the i-th id of a server: AAAAAA, AAAAAB, and so on.
func uidOf(sid string, i int) string {
	var b [6]byte
	for k := 5; k >= 0; k-- {
		b[k] = uidLetters[i%len(uidLetters)]
		i /= len(uidLetters)
	}
	return sid + string(b[:])
}
