// Package original reads the data of the original RobustIRC (github.com/robustirc/robustirc), so that a network that
// runs it can be checked before it moves to this one: docs/migrating-from-robustirc.md.
//
// What a node of the original keeps (source: its internal/raftstore, internal/raftlog, internal/robust, internal/proto,
// compaction.go and statemachine.go, read at the commit of 2025):
//
//	RAFTDIR/raftlog            LevelDB: raft's log and stable store. Keys of 8 bytes, big endian, are the indexes of
//	                           entries; other keys begin with "stablestore-".
//	RAFTDIR/irclog             LevelDB: a second copy of the entries with commands, those of the last minutes. Not read.
//	RAFTDIR/snapshots/ID/      hashicorp/raft's snapshots, meta.json and state.bin: the state of all that is older than a
//	                           session may live without a word, then the younger entries as they are in irclog.
//
// An entry and the message inside each have two encodings: 'p' and protobuf, or JSON. So has a snapshot: 'p', then
// entries that each have their length in front (8 bytes, big endian), or JSON values one behind the other. Its first entry
// has a message of type state, whose data is, in base64, the protobuf encoding of what the server knew.
//
// Import turns all of it into a log stream (core/robustsession) with inputs of our machine, which canary log reads.
// Everything that has no equivalent is named and counted in the Summary. The machine runs along: it says which sessions
// ended, and whether what was in the snapshot was made anew.
//
// A dump that the original makes of itself (-dump_canary_state) holds what it sent whom for each line. Record turns it
// into what canary/replay takes for an old version.
//
// The package is a room of its own and no part of canary/replay, because that compares releases of this program and
// knows one format; what another program's data means stays here, and a LevelDB with it. It reads untrusted bytes: every
// decoder has a limit and a fuzz target.
package original
