// Package node runs one RobustIRC node: hashicorp/raft around the pure machine of core/ircserver.
//
// # Two halves
//
// The replica (fsm.go, rebuild.go, stores.go, boltlog.go, snapshot.go, digest.go) applies the log to the machine, files what comes
// out, and keeps both on disk. The cluster half is everything that brings inputs into the log: who is who (listener.go,
// peerauth.go, tls.go), how nodes talk (transport.go, peerrpc.go, peerserver.go, peers.go), how an input becomes an
// entry (post.go, secrets.go, propose.go, throttle.go, proposer.go, netclock.go), how followers learn of it (notice.go),
// and when a node serves (readindex.go, status.go, ticker.go, membership.go, shutdown.go).
//
// # The way of a line
//
//	Post         at the node the client talks to: one post of a session at a time, at most 32 lines on their way, since
//	             that is what the machine remembers of message ids; passwords are checked and taken out
//	propose      finds the leader, here or over the peer connection, and tries again until the line is committed
//	admit        at the leader: throttled lines wait in the timer heap, the others go on at once
//	proposer     everything that waits goes into one entry; up to two entries are on their way
//	raft         commit and fsync on a majority
//	fsm          on every node; at the leader the entry's future resolves, and with it the posts
//	notices      followers are told the commit index at once
//
// Why a retry is safe: the outcome of an attempt is unknown when the leader goes away, so the same inputs are handed in
// again with the same message ids, and the machine drops what it has seen. The window is enough because no more than 32
// lines of a session are ever unacknowledged at one node.
//
// # Goroutines
//
// Each node has: the listener's accept loop, one goroutine per handshake (bounded) and per peer connection; the
// proposer and its resolver; the throttle's timer; the notices' loop and one sender per follower at work; the leader
// watch; the ticker, which also pings; and raft's own. All end with Shutdown, which waits for them. What is shared
// between them says in its comment who owns it.
package node
