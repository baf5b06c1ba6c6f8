// Package spool is the queue between the link to an existing network, which must always be read, and the new network,
// which may be slow, stopped or gone: in memory up to a bound, then on disk up to a bound, then closed for what comes.
//
// # How
//
// Items are packed into blocks of about 64 KiB, and the Queue is a list of blocks in order. The oldest stay in memory.
// When all of them together are more than the memory's bound, a goroutine writes the blocks behind that bound into segment
// files, from the oldest on. Push never waits for it. Pop reads a block back when it comes to its head.
//
// # On disk
//
// A segment is a magic line and frames: length, CRC-32C, how many items there are, the times of the first and the last,
// and the items, encrypted with a key that lives in this process only. Lines of a link hold passwords that pass by; none
// of them may be readable on a disk. What a process left behind is therefore not taken up again (the model that its lines
// would change is gone as well): Open says how much it was and of when, which is the gap to state, and removes it.
package spool
