// Package scenario reads and rewrites golden scenarios: scripts of what clients do, with what the server answers
// written under each step. The same script can run at several heights (the bare machine, three nodes in one process,
// real binaries): each is a Target.
//
// # Format
//
// A line that begins with '#' is prose, kept as it is; so are empty lines. A line that begins with two spaces is what
// the step above it gave, one output per line:
//
//	number  recipients  line
//
// The number is input.reply, with '!' behind it when the recipients' sessions end with this line. Recipients are the
// names of clients in the script, sorted, separated by commas. What does not fit this form (the dump of a state) stands
// there as it came. A single "..." stands for output that the step asked to leave out.
//
// Every other line is a step:
//
//	alice> JOIN #a               the client sends a line
//	quiet alice> JOIN #a         the same, its output shown as "..."; works with every step
//	connect alice [remote=192.0.2.1] [tls] [cookie=xyz]
//	register alice [nick] [...]  connect, NICK and USER; options as connect; the greeting is left out unless "verbose"
//	delete alice :reason         the session is deleted from outside
//	send alice id=7 LINE         a line with a client message id, so that it can be repeated
//	grant alice OPER bob         a line whose password the edge has verified
//	die alice LINE               the line is known to make the machine panic
//	clock +30s                   time passes; the next input carries the new time
//	tick                         the machine is told to look at the time
//	config KEY=VALUE...          the network's configuration changes; quote values with spaces
//	members n1=host:port...      the list of nodes
//	restart                      the machine is saved and loaded again
//	state                        the state is shown
//	digest                       the nodes compare digests
package scenario
