package ircserver

// statusRow is one member mode: its bit, mode letter and prefix.
type statusRow struct {
	bit    status
	letter byte
	prefix byte
}

// statusTable lists the member modes, highest first; which are offered is in the config (Server.statuses).
var statusTable = []statusRow{
	{statusOwner, 'q', '~'},
	{statusAdmin, 'a', '&'},
	{statusOp, 'o', '@'},
	{statusHalfop, 'h', '%'},
	{statusVoice, 'v', '+'},
}

// prefixes returns the prefix characters of st, highest first; only the highest unless all is set (multi-prefix).
func (st status) prefixes(all bool) string {
	var b []byte
	for _, row := range statusTable {
		if st&row.bit != 0 {
			b = append(b, row.prefix)
			if !all {
				break
			}
		}
	}
	return string(b)
}

// atLeast reports whether st includes rank bit or a higher one.
func (st status) atLeast(bit status) bool { return st >= bit }
