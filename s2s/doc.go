// Package s2s is the vocabulary that the server protocols of existing IRC networks share: what a line from a linked
// server means, whichever protocol said it.
//
// A codec (s2s/ts6, s2s/unreal) turns one line into exactly one outcome: an Event, or a ParseError with its reason.
// Nothing is dropped silently: a command the codec does not know is an Event with an Unknown body that carries the
// line. Codecs hold no network state, so names stay as they were written (Ref): whether ":alice" is a nick or a server
// is for the model of the network (linkgw/network) to resolve, in its casemapping.
//
// A Link is the handshake and the obligations of a link (PING, end of burst) as a pure state machine: lines in, events
// and replies out. It never dials, sleeps or reads a clock; its owner passes the time in.
//
// Everything here is pure: no I/O, clock, randomness, goroutine, lock or map order.
package s2s
