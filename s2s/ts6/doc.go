// Package ts6 speaks TS6, the server protocol of solanum, charybdis and ircd-hybrid, as a leaf server that links to a
// network and as the hub that a leaf links to.
//
// A Codec turns lines into events of package s2s and back. What it knows is one table (commands_table.go): for every
// command how many parameters it must have, who may say it, and how it is read and written. A Link is the handshake and
// the duties of a link.
//
// # Dialects
//
// solanum and charybdis speak alike; solanum offers more capabilities. ircd-hybrid differs: its SERVER and SID carry the
// SID and flags, its UID the real host and the account, topics are bursted as TBURST, services speak plain SVS commands
// that name the nick timestamp they are for, and every server says EOB when its burst is over. Where two forms differ in
// the number of parameters the number decides, whatever the dialect; only XLINE needs to know it. Writing follows the
// dialect and the capabilities that both sides have.
//
// # The canonical line
//
// Encode writes what the servers themselves write: free text and what hunts for a server comes after a colon, mode
// parameters do not, and ENCAP has a colon before its last parameter, as servers re-send it (m_encap.c:ms_encap). So
// Encode(Decode(line)) is line, except where a server writes the same thing in another way; the test of the recorded
// transcripts lists those lines. Long lists (SJOIN, BMASK, EBMASK) become as many lines as they need; other lines that
// are too long are cut, as the receiver would (section 1 of the reference).
//
// # Secrets
//
// A password (PASS) is read as "*", and the data of a SASL exchange is not read at all, so that no event can leak them.
// Messages are not secrets: who identifies to services with PRIVMSG tells the whole path.
//
// # Sources
//
// Rules are cited as file:function of solanum 1.0-dev, or hyb: for ircd-hybrid 8.2.43. testdata/transcripts are our own
// recordings of these servers.
package ts6
