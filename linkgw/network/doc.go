// Package network is the model of a linked network: what a leaf server knows of it, kept as its servers keep it.
//
// The model is a value that one goroutine owns: not safe for concurrent use. Apply takes one event of the peer and
// returns what really changed once the network's own rules have spoken (timestamps, nick collisions, merges); Say takes
// one of ours, as the peer will take it. Nothing else changes a Network. It reads no clock: its owner passes the time.
//
// The rules differ between servers, so all that differs is data in Rules: solanum, charybdis, ircd-hybrid, UnrealIRCd 5
// and 6. Comments name the source function that a rule comes from: without a prefix solanum's, hyb: ircd-hybrid's
// (8.2.43), unreal: UnrealIRCd's (6.1.8.1).
//
// What the peer says of things that are not there (a user who has just gone, a fake direction, an older timestamp) is
// passed over as the servers pass over it, and counted in Stats with the reason.
//
// Commands that a user's own server must perform (RSFNC, SVSNICK, SVSJOIN, …) change nothing here: they come out as
// Passed, and their effect arrives from that server, or is ours to do and Say.
//
// The model owns its strings: it clones what it keeps of an event, whose strings are slices of the link's buffers.
package network
