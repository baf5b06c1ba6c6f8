// Package fakenet plays an existing IRC network: users, channels, services and servers that come, talk, split and go,
// told to whoever links to it in TS6 (as solanum or ircd-hybrid) or in UnrealIRCd's protocol. It is for the demo, for
// tests of the gateway, and for load.
//
// # The simulation
//
// A Network is a pure state machine: Step(now) gives what has happened since, each Happening with the links that are
// told and the users who must have seen it. That is the truth against which a gateway, or a whole canary, is held.
// Everything follows from the Config with its seed, from the times it is asked for and from what leaves say; it looks
// at no clock and has a source of chance of its own, so that the same seed gives the same stream anywhere.
//
// What a link is told is what the real servers tell: everything of users, channels and servers, but the text of a
// channel only where the leaf has a member (UnrealIRCd: or by set::broadcast-channel-messages), and messages between
// users never.
//
// A leaf may introduce users of its own and have them join. Everything else that changes the network or talks to it
// is written down as a Violation and has no effect; timestamps that would win are applied, as real servers would,
// and written down too.
//
// # The runners
//
// Hub owns sockets, time and pacing around a Network, as the server that a leaf dials; Leaf dials a real server and
// brings the Network along as a leaf's users; Replay plays a recording to whoever dials.
package fakenet
