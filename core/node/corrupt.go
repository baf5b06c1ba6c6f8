package node

import (
	"fmt"
	"hash/crc32"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// repair is what an operator is told to do with a node whose data is damaged. Wiping alone is not enough: a voter that
// forgot what it acknowledged could help to elect a leader that lacks it, so it has to leave the network first.
const repair = "this node must not serve or vote with it: stop it, remove it from the network, delete its data directory and join it again"

// CorruptError says that stored data is damaged. It is returned when a checksum, a length or an encoding is wrong;
// what it names was neither applied nor served to a peer.
type CorruptError struct {
	File  string // the file concerned
	Index uint64 // the raft index concerned; zero when it is not about a log entry
	Part  string // the part of the file concerned, such as a snapshot's section
	Err   error  // what is wrong
}

// Error names file, index and part, and says what to do.
func (e *CorruptError) Error() string {
	at := e.File
	if e.Index != 0 {
		at += fmt.Sprintf(": raft log entry %d", e.Index)
	}
	if e.Part != "" {
		at += ": " + e.Part
	}
	return fmt.Sprintf("node: %s is damaged: %v; %s", at, e.Err, repair)
}

// Unwrap returns what is wrong.
func (e *CorruptError) Unwrap() error { return e.Err }
