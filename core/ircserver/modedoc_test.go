package ircserver

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestModeDocument holds docs/modes.md, which is made from the tables; -update rewrites it.
func TestModeDocument(t *testing.T) {
	const path = "../../docs/modes.md"
	got := modeDocument()
	want, err := os.ReadFile(path)
	switch {
	case *update:
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	case err != nil:
		t.Fatal(err)
	case got != string(want):
		t.Error(path + " does not say what the tables say; go test -run TestModeDocument -update rewrites it")
	}
}

func modeDocument() string {
	var b strings.Builder
	b.WriteString("# Modes\n\nMade from the tables in core/ircserver (modes.go, usermode.go, ban.go) by its tests; do not edit.\n")
	b.WriteString("\n## Channels\n\n| Mode | Parameter | Meaning | Who may change it |\n|---|---|---|---|\n")
	params := []string{"", "a mask, or none to see the list", "a word", "a value to set", "", "a nick"}
	for i := range modeTable {
		row := &modeTable[i]
		help := row.help
		if row.offered != nil {
			help += map[byte]string{
				'q': "; while `Owner` is on in the configuration", 'a': "; while `Admin` is on", 'h': "; while `Halfop` is on",
			}[row.letter]
			if row.list != nil {
				help = row.help + "; while `Owner` is off (otherwise `+b ~quiet:mask`)"
			}
		}
		fmt.Fprintf(&b, "| %c | %s | %s | %s |\n", row.letter, params[row.kind], help, row.who())
	}
	b.WriteString(channelModeNotes)
	b.WriteString("\n## Users\n\n| Mode | Meaning | Who |\n|---|---|---|\n")
	for i := range userModeTable {
		line := userModeTable[i].describe()
		at := strings.LastIndex(line, " (")
		fmt.Fprintf(&b, "| %s | %s | %s |\n", line[1:2], line[4:at], line[at+2:len(line)-1])
	}
	b.WriteString(userModeNotes)
	b.WriteString("\n## Masks\n\n")
	b.WriteString(maskNotes)
	b.WriteString("\n| Extended ban | Solanum's spelling | UnrealIRCd's spelling |\n|---|---|---|\n")
	for _, x := range extbans {
		fmt.Fprintf(&b, "| %s | `$%c:mask` | `~%s:mask`, `~%c:mask` |\n", x.long, x.letter, x.long, x.letter)
	}
	b.WriteString("| quiet | | `~quiet:mask`, `~q:mask`, around any other mask, in b and e |\n")
	return b.String()
}

const channelModeNotes = `
- A status can be given up by its holder, and is never taken by somebody of a lower rank.
- Who founds a channel becomes its operator; owners and admins are made by services, and by owners.
- p and s exclude each other: setting one takes the other away, which is shown.
- An invitation by a member gets its receiver past a ban, i and l, not past a key, R or j.
- Who cannot join a channel with f is sent to the other channel, through up to five forwards; the setter of f must be an
  operator of the channel it names.
- Those with any status speak in spite of m, M, bans and quiets. c, C, S and T hold for everybody but services.
- In an auditorium (u), members below half-operator are shown to themselves and to half-operators and above only. Who
  gets a rank joins the view of the others, who loses it leaves it. Setting or clearing u itself shows nothing; NAMES does.
`

const userModeNotes = `
- x decides from now on which host others are shown; no QUIT and JOIN are made up. Bans match every host the user has.
- A session begins with the modes of DefaultUserModes in the configuration ("ix"), and Z when it uses TLS.
- NOTICE is never answered, neither with errors nor with 301 (away).
`

const maskNotes = `Host masks are completed to nick!user@host and compared as a whole, without regard to case, with the shown host, the
cloaked one and the address alike; a host may be a range of addresses (10.0.0.0/8). A mask that names a cloaked host holds
for the address behind it, also when a new session has another cloak. Masks have at most 200 bytes.

` + "`$~x:mask`" + ` matches everybody else, ` + "`$a`" + ` everybody with an account, ` + "`~account:0`" + ` everybody without. In masks of real names ` + "`_`" + ` stands for a
space. Channels that are hidden (p, s) match nobody. Two spellings of one ban are one entry.
`
