// Package api is a node's HTTP side: RobustSession version 1, the multiplexed protocol, the operators' pages.
//
// # RobustSession version 1
//
// Stock bridges decide failover by status codes: every status but 200 and every stream that ends puts the server into a
// backoff of up to 64 s for all sessions of the bridge. So a POST is held while the network elects a leader, instead of
// being refused; a stream ends only when its session ends or this node goes away; and after a session's last line one
// more ping is written before the stream closes, which is what a bridge that has just deleted its session waits for.
//
//	200  done; no other success exists in the protocol
//	400  the request is malformed: JSON, lastseen, a line that is too long or holds CR, LF or NUL
//	403  the address is banned
//	404  the session never existed, has ended, or its secret is wrong or missing
//	410  lines after lastseen are no longer retained: the session cannot be resumed
//	429  the session limit is reached, or a session flooded
//	503  this node is out of service; try another
//
// # The proof that a client is there
//
// On plain IRC a session enters the network only after its client has returned the random cookie of a PING, which a
// blind sender cannot know. Over HTTP the returned session auth is that proof: whoever posts has received the answer to
// its CreateSession. Nothing here ever depends on a client's PONG, which the stock bridge swallows; a session is alive
// as long as it posts.
//
// # Streams
//
// One goroutine, the request's own, serves a stream: it waits for the session's reader, writes all that is pending in
// one go, and flushes. Buffers are borrowed while something is written, so an idle stream holds none. A client that
// does not read is cut off by the write deadline; what it missed stays retained, and it resumes by lastseen.
//
// # Imports
//
// The house's table keeps this room from seeing core/node. It imports it all the same, for the types and errors of
// core/node/contract.go; whoever serves is seen through the interfaces Network and Cluster only, and api/apitest is an
// in-memory twin.
package api
