package egress

import "robustirc/s2s"

// Say is one thing that may be said to the network. The set is closed: the types of this file.
type Say interface{ say() }

// Duty is what the link itself owes the peer, as s2s.Link makes it: the lines of the handshake, PONG, the end of our
// burst, and a goodbye when the link cannot be.
type Duty struct{ Lines []string }

// Goodbye takes us off the network: SQUIT when the link stands, ERROR before.
type Goodbye struct {
	Peer   s2s.Ref // whose link it is; "" before it stands
	Reason string
}

// Probe is a PING by us, to see whether the peer is there.
type Probe struct{ Peer string }

// Answer is one numeric of an answer that a server owes to who asked it something.
type Answer struct {
	To     s2s.Ref
	Code   int
	Params []string
}

// Introduce is the observer, who has no modes but to be invisible.
type Introduce struct {
	UID                         s2s.UID
	Nick, Ident, Host, Realname string
	TS                          int64
}

// Enter is the observer joining a channel, without status, with the timestamp that the channel has.
type Enter struct {
	UID     s2s.UID
	Channel string
	TS      int64
}

// Leave is the observer leaving a channel.
type Leave struct {
	UID             s2s.UID
	Channel, Reason string
}

// Rename is the observer obeying services that gave it another nick.
type Rename struct {
	UID  s2s.UID
	Nick string
	TS   int64
}

// Withdraw is the observer leaving the network.
type Withdraw struct {
	UID    s2s.UID
	Reason string
}

func (Duty) say()      {}
func (Goodbye) say()   {}
func (Probe) say()     {}
func (Answer) say()    {}
func (Introduce) say() {}
func (Enter) say()     {}
func (Leave) say()     {}
func (Rename) say()    {}
func (Withdraw) say()  {}
