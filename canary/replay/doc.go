// Package replay runs a network's log through two versions of the program and says what users would see differently.
//
// Each version is a process of its own: "robustirc canary machine" reads a log stream (core/robustsession, what a node
// serves at /robustirc/v1/log) and writes what the machine of that binary put out for each input (frame.go). That
// protocol is kept by every release, so that any two can be compared. Three processes run side by side: the old version,
// the old version again, and the new one. The old one against itself shows whether a difference means anything.
//
// Outputs are merged by the number of their input, not by position (compare.go): an output that is missing is one
// difference, and not as many as there are outputs behind it. Differences with one fingerprint are one group of a
// compare.Result, which canary/report shows. Every digestEvery inputs the states are compared as well; where they first
// part, the stretch is run again with a digest after each input.
//
// For the first difference the inputs are reduced to those that still show it (minimize.go), and written as a golden
// scenario of the old version's answers (scenario.go): a test that fails in the new one.
package replay
