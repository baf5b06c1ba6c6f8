package irc

import (
	"errors"
	"strings"
)

// ModeClass says whether a mode letter takes a parameter (ISUPPORT CHANMODES and PREFIX).
type ModeClass uint8

// The classes of modes. The zero ModeClass is that of letters that are no mode.
const (
	ModeUnknown  ModeClass = iota
	ModeList               // A: entries of a list; without a parameter, a query of the list
	ModeParam              // B: a parameter to set and to unset
	ModeSetParam           // C: a parameter to set only
	ModeFlag               // D: no parameter
	ModePrefix             // a status of a member, whose nick is the parameter
)

// ModeSpec tells the class of each mode letter, for channels or for users. The zero value knows no mode; it is a value
// and may be copied and compared.
type ModeSpec struct {
	classes [256]ModeClass
	// rank has the status letters, the highest first, and symbols the sign of each in the same place.
	rank, symbols string
}

// Errors of ParseModeSpec.
var (
	// ErrBadChanModes is returned when CHANMODES has fewer than four lists, or a letter stands twice.
	ErrBadChanModes = errors.New("irc: malformed CHANMODES")
	// ErrBadPrefixes is returned when PREFIX is not "(letters)symbols" with as many of each.
	ErrBadPrefixes = errors.New("irc: malformed PREFIX")
)

// ParseModeSpec reads the values of ISUPPORT CHANMODES ("beI,k,l,imnst"; lists after the fourth are ignored, as the
// specification demands) and PREFIX ("(ov)@+", or "" for none).
func ParseModeSpec(chanmodes, prefix string) (ModeSpec, error) {
	var s ModeSpec
	lists := strings.Split(chanmodes, ",")
	if len(lists) < 4 {
		return s, ErrBadChanModes
	}
	for i, class := range []ModeClass{ModeList, ModeParam, ModeSetParam, ModeFlag} {
		if !s.Add(class, lists[i]) {
			return s, ErrBadChanModes
		}
	}
	return s, s.parsePrefix(prefix)
}

func (s *ModeSpec) parsePrefix(prefix string) error {
	if prefix == "" {
		return nil
	}
	letters, symbols, ok := strings.Cut(strings.TrimPrefix(prefix, "("), ")")
	if !ok || prefix[0] != '(' || len(letters) != len(symbols) {
		return ErrBadPrefixes
	}
	for i := range len(letters) {
		if !s.AddPrefix(letters[i], symbols[i]) {
			return ErrBadPrefixes
		}
	}
	return nil
}

// Add gives letters a class and reports whether all were free and may be modes; '+', '-', ',' and bytes that are no
// visible ASCII may not. Statuses are added with AddPrefix.
func (s *ModeSpec) Add(class ModeClass, letters string) bool {
	for i := range len(letters) {
		if !s.free(letters[i]) {
			return false
		}
		s.classes[letters[i]] = class
	}
	return true
}

// AddPrefix adds a status letter and its symbol below those there are, and reports whether both were free and may be that.
func (s *ModeSpec) AddPrefix(letter, symbol byte) bool {
	if !s.free(letter) || symbol <= ' ' || strings.IndexByte(s.symbols, symbol) >= 0 {
		return false
	}
	s.classes[letter] = ModePrefix
	s.rank += string(rune(letter))
	s.symbols += string([]byte{symbol})
	return true
}

func (s *ModeSpec) free(letter byte) bool {
	return letter > ' ' && letter < 0x7f && strings.IndexByte("+-,", letter) < 0 && s.classes[letter] == ModeUnknown
}

// Class returns the class of a letter.
func (s *ModeSpec) Class(letter byte) ModeClass { return s.classes[letter] }

// takesParam reports whether a change of the letter carries a parameter; list modes need not.
func (s *ModeSpec) takesParam(letter byte, add bool) bool {
	switch s.classes[letter] {
	case ModeList, ModeParam, ModePrefix:
		return true
	case ModeSetParam:
		return add
	}
	return false
}

// Letters returns the letters of a class in the order of the alphabet, capitals first; statuses by rank.
func (s *ModeSpec) Letters(class ModeClass) string {
	if class == ModePrefix {
		return s.rank
	}
	var b []byte
	for c := ' '; c < 0x7f; c++ {
		if class != ModeUnknown && s.classes[c] == class {
			b = append(b, byte(c))
		}
	}
	return string(b)
}

// ChanModes returns the value of ISUPPORT CHANMODES.
func (s *ModeSpec) ChanModes() string {
	return s.Letters(ModeList) + "," + s.Letters(ModeParam) + "," + s.Letters(ModeSetParam) + "," + s.Letters(ModeFlag)
}

// PrefixToken returns the value of ISUPPORT PREFIX, "" when there are no statuses.
func (s *ModeSpec) PrefixToken() string {
	if s.rank == "" {
		return ""
	}
	return "(" + s.rank + ")" + s.symbols
}

// Symbols returns the signs of all statuses, the highest first.
func (s *ModeSpec) Symbols() string { return s.symbols }

// Symbol returns the sign of a status letter, and false when it is none.
func (s *ModeSpec) Symbol(letter byte) (byte, bool) { return counterpart(s.rank, s.symbols, letter) }

// SymbolLetter returns the status letter of a sign, and false when it is none.
func (s *ModeSpec) SymbolLetter(symbol byte) (byte, bool) {
	return counterpart(s.symbols, s.rank, symbol)
}

func counterpart(from, to string, c byte) (byte, bool) {
	if i := strings.IndexByte(from, c); i >= 0 {
		return to[i], true
	}
	return 0, false
}

// CutSymbols parts the signs before a name as they stand in NAMES, SJOIN and status messages from the name.
func (s *ModeSpec) CutSymbols(name string) (symbols, rest string) {
	n := 0
	for n < len(name) && strings.IndexByte(s.symbols, name[n]) >= 0 {
		n++
	}
	return name[:n], name[n:]
}
