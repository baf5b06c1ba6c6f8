// Package irc is the grammar of IRC: everything that can be said about a line without knowing who sent it. It parses
// and writes messages, tags, prefixes, masks, mode strings and RPL_ISUPPORT, folds and checks names, and lists the
// numerics. It is pure: no input or output, clock, randomness, goroutine, lock or environment, and nothing depends on
// the order of a map, so that every replica of the server that is built on it computes the same bytes. Nothing in it is
// safe for concurrent modification; what is not being changed may be read from anywhere.
//
// # Messages
//
// A [Message] is
//
//	['@' tags SPACE] [':' source SPACE] command *(SPACE parameter) [SPACE ':' text]
//
// as RFC 1459 section 2.3.1 has it, amended by IRCv3 message-tags, with at most [MaxParams] parameters. Where the RFCs
// differ, this is what is done:
//
//   - Runs of spaces separate like one (RFC 1459), also before the command and at the end of the line. RFC 2812 demands
//     single spaces, which no server does.
//   - The fifteenth parameter takes the rest of the line, with or without ':' (RFC 2812).
//   - Only SPACE separates. Tabs and other control characters are ordinary bytes.
//   - The command may be any word, as a server has to be able to name the one it does not know.
//   - A line is bytes. It need not be UTF-8, and comes out as it went in.
//
// [Message.Parse] refuses NUL, CR and LF anywhere, and [Message.Append] never writes them: what passes through this
// package cannot become two lines for somebody else. That holds for messages put together from parts as well. Append
// has no error, because a state machine that is to answer has nobody to report one to; instead it leaves out what
// cannot be written where it stands, by rules that keep the number of parameters.
//
// The colon before the last parameter means nothing, yet clients have been seen to depend on it before free text. It
// is kept as [Message.Trailing], so that a message read and written again stays as it was, apart from runs of spaces.
//
// Parse allocates nothing and its strings are slices of the line. It looks at eight bytes at a time (wide.go), because
// reading lines is what a server does most: a short PRIVMSG takes some 15 ns. bench-sorcix.sh compares that with the
// library that Debian ships.
//
// # Limits
//
//	MaxLine           512   a line without tags, with CR LF         RFC 1459 section 2.3
//	MaxTags           8191  tags with '@' and space                 IRCv3 message-tags
//	MaxClientTagData  4094  tags of a client without '@' and space  IRCv3 message-tags
//	MaxParams         15                                            RFC 2812 section 2.3.1
//	MaxISupportTokens 13    tokens in one RPL_ISUPPORT              draft-brocklesby-irc-isupport
//
// Parse checks only MaxTags, since links between servers use longer lines; [CheckClientLine] checks those of clients.
// In the other direction [Message.AppendLimit] cuts, [SplitWords] makes several lines of a list, and [Truncate] cuts
// text; none of them parts a UTF-8 sequence. Lengths are bytes throughout.
//
// # Names
//
// Nicks and channels are compared by [Casemapping], byte by byte through a table. Its Fold returns its argument when
// there is nothing to fold, as in most cases, and otherwise makes a new string. The predicates ([ValidNick],
// [ValidChannel], [ValidUser], [ValidHostname], [ValidDisplayHost], [IsServerName]) take the limits that are the
// network's as arguments, and are narrower than the RFCs where breadth is used to deceive; each says so.
//
// # Masks
//
// [CompileMask] makes a [Mask] of a glob. Segments between '*' are searched one behind the other and never again, so
// that time does not explode, nor grow with the product of the lengths, as it does when a matcher goes back to the
// last star: n bytes are matched in time proportional to n by masks without '?', and to n*(m/64+1) by those with, for
// segments of m bytes. strings.Index, which does the searching, keeps that promise except that for long segments it may
// fall back to a hash, and input can be made to collide in that.
//
// A backslash makes a wildcard behind it literal and is an ordinary byte elsewhere (RFC 2812 section 2.5), since nicks
// may contain it. Under RFC 1459 rules "|*" matches what begins with a backslash, as the two are one letter.
// [CanonicalMask] completes what people type for bans.
//
// # Modes
//
// Which letters take a parameter is a [ModeSpec], made from a table of modes or from what another server announced.
// [ParseModes] reads a mode string by it, reports each unusable letter, and reads the rest; [FormatModes] writes changes
// in as few lines as the limits allow, such that reading them gives the same changes in the same order.
//
// # Numerics
//
// [Numeric] has a constant for each reply and one table with the name and the text that clients expect. Where servers
// use one number for different things, the name is that of the meaning most clients know.
//
// # Tests
//
// The vectors in testdata/parser-tests are those of the ircdocs parser-tests project, in the public domain (CC0, see
// LICENSE there). Each parser has a fuzz target that holds that what was read and written is read as the same, and the
// masks are held against a table-filling matcher that is slow and obvious.
package irc
