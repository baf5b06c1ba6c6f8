// Package trace is the record format of a run of the link gateway and the canary: every line of the link in both
// directions, every operation sent to the new network, everything that came back, and what probes saw, in one
// sequence. The gateway writes it; its replay and the comparer read it.
//
// docs/capture.md describes the files, what a crash can lose, and what is never stored.
//
//   - [Record] is one thing that happened, [Header], [LinkUp], [LinkDown], [Gap] and [Checkpoint] are what its Line holds
//     for the kinds of these names.
//   - [Writer] writes records into rotated files. It never makes its caller wait for the disk, and redacts what it
//     writes unless it is told to keep texts; secrets it never keeps.
//   - [Reader] reads a file or a folder of them, past damage as far as it can.
//   - [Redactor] is what takes text, addresses and secrets out of a line.
package trace
