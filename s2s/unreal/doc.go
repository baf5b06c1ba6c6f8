// Package unreal speaks the server protocol of UnrealIRCd 6 (UnrealProtocol 6000 and later) and of its 5 and 4 eras, as
// a leaf server that links to a network and as the hub that a leaf links to.
//
// A Codec turns lines into events of package s2s and back. What it knows is one table (commands_table.go): for every
// command how many parameters it must have, who may say it, and how it is read and written. A Link is the handshake and
// the duties of a link.
//
// # The canonical line
//
// Encode writes what UnrealIRCd itself writes, without its quirks: single spaces (it writes two where a mode change has
// no parameters), no space at the end of a line or of a list, "0" for every account that is none, and for a line that
// may be said in several ways the one that UnrealIRCd prefers (UMODE2 instead of MODE nick, SVSLOGIN to "*"). So
// Encode(Decode(line)) is line but for these; the test of the recorded transcripts lists all that differ.
//
// Free text that is too long is cut, as the receiver would (parse.c:parse2). Names that are too long are an error. Long
// lists become several lines: SJOIN at 510 bytes, and only the first has the modes (server.c:send_channel_modes_sjoin3);
// MODE at 12 parameters; PROTOCTL at 14 tokens, as the receiver takes a fifteenth together with the rest of the line.
// Our tag section never exceeds 4094 bytes: UnrealIRCd 6.1 writes tags into buffers without looking at their end
// (message-tags.c:_parse_message_tags) and was seen to crash.
//
// # Extended bans
//
// A mask such as "~a:name" (letters, up to 5 and to peers without NEXTBANS) is "~account:name" in events, as version 6
// writes it, and is written as the peer knows it.
//
// # Secrets
//
// A password (PASS) is read as "*", and what a client and a SASL mechanism say to each other is not read at all, so that
// no event can leak them: UnrealIRCd sends SASL to every server of the network. Messages are not secrets.
//
// # Sources
//
// Rules are cited as file:function of UnrealIRCd 6.1.8.1. testdata/transcripts are our own recordings of that version;
// what is said of versions 4 and 5 comes from release notes and was not recorded.
package unreal
