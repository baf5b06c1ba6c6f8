// Package linktest holds our view of a linked network against real servers. It is test support: it runs one or two real
// servers (ircd-hybrid, solanum, UnrealIRCd) on the loopback, real clients on them, and leaves that link to the first
// server and follow the network with the same codec, handshake and model as the gateway.
//
// Start runs the servers, Dial a client, Follow a leaf. What clients see is collected by Look as a View; ViewOf makes
// the same of a model; Diff tells in which they differ. Settle makes all that was said before come through everywhere,
// so that there is something to compare.
//
// A Client, and everything else but a Follower, belongs to the goroutine of the test. Nothing sleeps to be right: each
// wait is for a condition, at most Patience.
package linktest
