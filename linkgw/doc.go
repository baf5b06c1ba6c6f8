// Package linkgw is the link gateway: it links to an existing network as a leaf server, and keeps a RobustIRC network in
// step with it. docs/link.md is for its operators.
//
// # What runs
//
//   - The leaf goroutine owns the link: handshake, clock, PONG, end of burst, the observer, answers to questions. It waits for
//     nobody: what the peer says goes into the queue (package spool), which takes it or does not.
//   - The mirror goroutine takes lines from the queue, decodes them with a link of its own that only listens, applies them
//     to the model (package network) and has them translated (package translate).
//   - The poster hands what came of it to the Target, one batch at a time; the receiver takes what the Target answers.
//   - The runner dials, counts links, holds the rules for linking again, and owns all of the above.
//
// All that is said to the existing network passes package egress.
//
// # What is injected
//
// [Dialer] is the existing network, [Target] the new one, [Capture] what a run is recorded with, [Clock] time and chance.
// Each has a twin in memory for tests, beside its definition.
package linkgw
