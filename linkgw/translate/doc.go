// Package translate turns what happens on a linked network into lines of the gateway API (docs/gateway.md), which keep a
// RobustIRC network in step with it.
//
// A Translator is a value that one goroutine owns: not safe for concurrent use. It reads no clock and does no I/O: its
// owner (package linkgw) gives it the model of the linked network (linkgw/network) with each event that the model has
// taken, and what the new network says on the gateway's link; it returns lines to post, in order.
//
// # The mirror, and one way to settle
//
// The Mirror is what the new network holds as far as we know. For every user and channel of the linked network it is
// plain what the new network should hold: want.go says so, with a named rule for all that it cannot hold as it is. Where the
// two differ, an effect makes it so (settle.go). That is all there is to an import: Reconcile walks the model and
// settles everything. The first import, reconnecting after a gap and the gateway's restart, after which the mirror is
// filled from what the network says it has, are the same walk; when nothing differs, it yields nothing.
//
// A live event first becomes what its user did, as that user's client command, and the mirror follows as the network's
// rules will have it; the network makes itself so where a rule of its own refuses (REPAIRED). Then whatever the event
// touched is settled like in an import. So a command whose outcome differs here, a mode that has no equivalent, a rule that
// nobody thought of: none of them can grow, because the next settling ends it.
//
// What servers, services and operators did, and what happens while a server bursts, is settled or told as an effect
// straight away.
//
// # Where things are
//
//	translate.go          Translator, New, Translate: one event in, operations out
//	users.go channels.go  the changes of users and channels; messages.go what was said; passed.go all else
//	reconcile.go          the walk over everything; settle.go one user, one channel
//	want.go names.go      what the new network should hold, and under which names; masks.go modetable.go lists and modes
//	mirror.go state.go    what it holds; state.go reads what the network says it has
//	feedback.go           what comes back on the link; divergence.go where the two networks' rules differ
//	op.go                 how a line is written; limits.go what fits
//	rules.go coverage.go  what is counted
package translate
