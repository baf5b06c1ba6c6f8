// Package outputstream keeps what the machine put out, in order, filed under the recipients, so that any node can show
// any session everything it has not seen yet.
//
// # Filing
//
// Append takes the outputs of one applied batch. Each output is kept once, in a list of segments; each recipient's
// queue gets an 8-byte entry that points at it. Only sessions that receive are touched, and only those with an open
// Reader are woken, once per batch. A session without traffic costs its empty queue.
//
// # Reading
//
// Open gives a Reader that starts after a given OutputID: the client's lastseen. It returns every line of the session
// once and in order; when something it should have returned has been trimmed, it fails with ErrGap and never skips in
// silence. There is one reader per session: a newer one supersedes the older. A Group lets one goroutine wait for many
// readers.
//
// # Retention
//
// Outputs are trimmed, oldest first, when they are older than Limits.Window against the newest output or when more
// than Limits.Bytes are kept. Both look only at the outputs themselves, so every node trims at the same point of the
// log and keeps the same tail, whatever its clock or readers do. For each session the id of the last trimmed output is
// kept, which is how a gap is told from a quiet session. An ended session's queue stays until its last line is trimmed,
// so that a client can fetch its ERROR from another node.
//
// # Snapshots
//
// Tail captures what is retained without copying lines; Restore replaces everything by such a tail, and open readers
// go on where they were.
package outputstream
