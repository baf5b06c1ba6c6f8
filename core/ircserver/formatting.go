package ircserver

import "strings"

// The formatting characters of IRC clients (modern.ircdocs.horse/formatting).
const (
	fmtBold          = 0x02
	fmtColour        = 0x03
	fmtHexColour     = 0x04
	fmtReset         = 0x0f
	fmtMonospace     = 0x11
	fmtReverse       = 0x16
	fmtItalic        = 0x1d
	fmtStrikethrough = 0x1e
	fmtUnderline     = 0x1f
)

// formatting holds every formatting character.
const formatting = "\x02\x03\x04\x0f\x11\x16\x1d\x1e\x1f"

// stripFormatting returns text without formatting characters and the colour numbers that belong to them.
func stripFormatting(text string) string {
	if !strings.ContainsAny(text, formatting) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	for text != "" {
		c := text[0]
		text = text[1:]
		switch c {
		case fmtColour:
			text = skipColours(text, 2, isDigit)
		case fmtHexColour:
			text = skipColours(text, 6, isHexDigit)
		case fmtBold, fmtReset, fmtMonospace, fmtReverse, fmtItalic, fmtStrikethrough, fmtUnderline:
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// skipColours skips "fg" or "fg,bg", each of up to width digits.
func skipColours(text string, width int, digit func(byte) bool) string {
	rest := skipDigits(text, width, digit)
	if len(rest) == len(text) || len(rest) < 2 || rest[0] != ',' || !digit(rest[1]) {
		return rest
	}
	return skipDigits(rest[1:], width, digit)
}

func skipDigits(text string, most int, digit func(byte) bool) string {
	n := 0
	for n < most && n < len(text) && digit(text[n]) {
		n++
	}
	return text[n:]
}

func isDigit(c byte) bool    { return '0' <= c && c <= '9' }
func isHexDigit(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }
