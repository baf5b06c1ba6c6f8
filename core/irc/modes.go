package irc

import "errors"

// ModeChange is one letter of a mode string with its direction and parameter.
type ModeChange struct {
	// Add is true behind '+', false behind '-'.
	Add bool
	// Mode is the letter.
	Mode byte
	// Param is the parameter, if HasParam.
	Param    string
	HasParam bool
	// Query is set for a list mode without a parameter, which asks for the list and changes nothing.
	Query bool
}

// Reasons of a ModeError.
var (
	// ErrUnknownMode is the reason when the letter is no mode; ERR_UNKNOWNMODE or ERR_UMODEUNKNOWNFLAG is the answer.
	ErrUnknownMode = errors.New("irc: unknown mode")
	// ErrNoModeParam is the reason when the letter needs a parameter and none was left.
	ErrNoModeParam = errors.New("irc: mode without parameter")
	// ErrBadModeParam is the reason when the parameter is not one word, so that it could not be passed on;
	// ERR_INVALIDMODEPARAM is the answer.
	ErrBadModeParam = errors.New("irc: malformed mode parameter")
)

// ModeError tells why a letter of a mode string was passed over.
type ModeError struct {
	// Add and Mode are as in ModeChange.
	Add  bool
	Mode byte
	// Param is what was refused, with ErrBadModeParam only.
	Param string
	// Reason is ErrUnknownMode, ErrNoModeParam or ErrBadModeParam.
	Reason error
}

// Error returns the reason with the letter.
func (e ModeError) Error() string { return e.Reason.Error() + ": " + string([]byte{e.Mode}) }

// Unwrap returns Reason.
func (e ModeError) Unwrap() error { return e.Reason }

// anyKey stands for the parameter where unsetting a mode needs one and what it is does not matter.
const anyKey = "*"

// ParseModes reads a mode string, args[0], with its parameters, the other args (RFC 2812 sections 3.1.5 and 3.2.3).
// Letters before any sign are set. Parameters go to the letters that take one, in order; those left over are ignored.
//
// An empty parameter is none. A list mode without a parameter is a query, and "-k" of a ModeParam without one gets the
// parameter "*", because clients leave it out. What cannot be used is reported, each letter once for each reason, and
// the rest is read all the same. How many changes one line may make is the caller's to limit.
func ParseModes(spec ModeSpec, args []string) ([]ModeChange, []ModeError) {
	if len(args) == 0 {
		return nil, nil
	}
	p := modeParser{spec: &spec, params: args[1:], add: true}
	for i := range len(args[0]) {
		switch c := args[0][i]; c {
		case '+', '-':
			p.add = c == '+'
		default:
			p.letter(c)
		}
	}
	return p.changes, p.errs
}

// modeParser is the state of ParseModes.
type modeParser struct {
	spec    *ModeSpec
	params  []string
	add     bool
	changes []ModeChange
	errs    []ModeError
}

func (p *modeParser) letter(c byte) {
	class := p.spec.Class(c)
	if class == ModeUnknown {
		p.fail(c, "", ErrUnknownMode)
		return
	}
	change := ModeChange{Add: p.add, Mode: c}
	if p.spec.takesParam(c, p.add) {
		change.Param = p.nextParam()
		change.HasParam = change.Param != ""
		switch {
		case change.HasParam && !isMiddle(change.Param):
			p.fail(c, change.Param, ErrBadModeParam)
			return
		case change.HasParam:
		case class == ModeList:
			change.Query = true
		case class == ModeParam && !p.add:
			change.Param, change.HasParam = anyKey, true
		default:
			p.fail(c, "", ErrNoModeParam)
			return
		}
	}
	p.changes = append(p.changes, change)
}

func (p *modeParser) nextParam() (s string) {
	if len(p.params) > 0 {
		s, p.params = p.params[0], p.params[1:]
	}
	return s
}

func (p *modeParser) fail(c byte, param string, reason error) {
	for _, e := range p.errs {
		if e.Mode == c && e.Reason == reason {
			return
		}
	}
	p.errs = append(p.errs, ModeError{Add: p.add, Mode: c, Param: param, Reason: reason})
}

// isMiddle reports whether s can be a parameter that is not the last: one word without ':' before it.
func isMiddle(s string) bool {
	return !needsColon(s) && !holdsForbidden(s)
}

// FormatModes writes changes as mode strings with their parameters, "+o-v a b", which ParseModes reads back as the same
// changes in the same order. A sign is written only where the direction changes.
//
// There is more than one line when one would have more than maxParams parameters (ISUPPORT MODES) or exceed maxBytes,
// and behind a query of a list, which would otherwise take the parameter of the next change. 0 means no limit. A change
// that is longer than maxBytes alone stands alone.
func FormatModes(changes []ModeChange, maxParams, maxBytes int) []string {
	f := modeFormatter{maxParams: maxParams, maxBytes: maxBytes}
	for _, c := range changes {
		if !f.fits(c) {
			f.flush()
		}
		f.put(c)
	}
	f.flush()
	return f.lines
}

// modeFormatter is the state of FormatModes: the lines that are done, and the letters and parameters of the next one.
type modeFormatter struct {
	maxParams, maxBytes int
	lines               []string
	letters, params     []byte
	n                   int  // parameters in params
	add                 bool // the direction at the end of letters
	query               bool // letters holds a query
}

// fits reports whether c can follow what is on the line.
func (f *modeFormatter) fits(c ModeChange) bool {
	if f.query && c.HasParam {
		return false
	}
	size := len(f.letters) + len(f.params) + 1
	if c.Add != f.add {
		size++
	}
	n := f.n
	if c.HasParam {
		size += 1 + len(c.Param)
		n++
	}
	return (f.maxBytes <= 0 || size <= f.maxBytes) && (f.maxParams <= 0 || n <= f.maxParams)
}

func (f *modeFormatter) put(c ModeChange) {
	if len(f.letters) == 0 || f.add != c.Add {
		f.letters = append(f.letters, sign(c.Add))
		f.add = c.Add
	}
	f.letters = append(f.letters, c.Mode)
	f.query = f.query || c.Query
	if c.HasParam {
		f.params = append(append(f.params, ' '), c.Param...)
		f.n++
	}
}

func (f *modeFormatter) flush() {
	if len(f.letters) == 0 {
		return
	}
	f.lines = append(f.lines, string(f.letters)+string(f.params))
	f.letters, f.params, f.n, f.query = f.letters[:0], f.params[:0], 0, false
}

func sign(add bool) byte {
	if add {
		return '+'
	}
	return '-'
}
