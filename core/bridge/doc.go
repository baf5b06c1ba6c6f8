// Package bridge serves plain IRC, with or without TLS, in front of a Network: a remote one over RobustSession, or the
// node it runs in.
//
// # A connection
//
//	client ── bytes ──> reader ── lines ──> recvq ── batches of at most MaxBatch ──> poster ── Session.Post (ack)
//	client <── one write per wake-up ── writer <── Session.Receive
//
// The reader owns the receiving half of the connection: it splits lines, refuses what is no line (417 for an over-long
// one), and keeps the client alive with PING after PingInterval of silence. The poster exists only while lines wait: it
// posts everything that has arrived as one batch, waits until the network has made it durable, and takes the next.
// The writer renders everything that is pending in one write. Nothing is written by two goroutines at a time: what the
// bridge itself says goes through the same lock.
//
// # Limits
//
// A reader that is ahead of the network by MaxQueuedLines or MaxQueuedBytes stops reading, and TCP slows the client
// down. Where the network throttles (Config.Throttled), such a client is flooding, and is closed with "Excess Flood". A client
// that does not read for WriteTimeout is closed; how much output waits for it is bounded by the network's retention.
// A connection holds a session only once it has sent a line; before that it is pending, costs one small goroutine, and
// the oldest pending one gives way when there are more than MaxPending.
//
// # Idle clients
//
// An idle plain connection holds two goroutines and no buffers: the reader waits for readability before it takes a
// buffer, the writer takes one when there is something to write.
package bridge
