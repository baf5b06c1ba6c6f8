// Package ircserver is the replicated IRC machine: a pure function from a log of inputs to outputs.
//
// It is not safe for concurrent use: exactly one goroutine owns a Server (core/node holds the one lock above it).
//
// # One way in
//
// Apply(Input) is the only mutator. An Input is complete: the leader that proposed it stamped the time, drew the
// authentication secret's hash and the challenge cookie, resolved the address and checked passwords; the machine fills
// nothing in. There is no clock, randomness, I/O, goroutine, lock or map order here, so equal logs give equal states
// and equal outputs on every node, for ever. The machine's time is max(seen, input time): a clock that steps back
// hurts nobody.
//
// # Outputs are values
//
// An Output is a canonical line with what is needed to render it (time, account, label) and its Audience: the sorted
// recipients, each with the capabilities it had when the output was made. What a session is shown is rendered from
// both at delivery (Output.AppendFor), so it is the same on whichever node it reads. Its id is (input number, reply
// number); input numbers count inputs in commit order, so one raft entry may carry a batch.
//
// # Where things are
//
//	input.go output.go     the values that go in and come out, with their binary encoding
//	server.go              Server, Apply, dispatch
//	command.go             the command table: one row per command
//	session.go channel.go  the state; modes.go the mode table: one row per mode
//	reply.go               how handlers answer; failures are returned, never written
//	snapshot.go digest.go  canonical encoding of the state
//	gateway*.go ensure.go  users of other networks, brought by gateways: docs/gateway.md
//	one file per command family, with its golden scenario under the same name in testdata
package ircserver
