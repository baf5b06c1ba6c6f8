package irc

import "fmt"

// Numeric is a reply code, 1 to 999, sent as three digits.
type Numeric uint16

// maxNumeric is the largest number three digits hold.
const maxNumeric = 999

// Code returns the three digits of n as they stand in a line, without allocating; "000" when n exceeds 999.
func (n Numeric) Code() string {
	if n > maxNumeric {
		n = 0
	}
	return numericDigits[3*n : 3*n+3]
}

// Name returns the constant's name, such as "RPL_WELCOME", and "" for a code that is not in the table.
func (n Numeric) Name() string { return n.row().name }

// Text returns the trailing text that clients expect with n. It is a format for Textf where the text varies, and empty
// where the numeric has no trailing text or consists of the sender's words alone (a topic, a real name).
func (n Numeric) Text() string { return n.row().text }

// Textf returns Text with args in the places of its verbs.
func (n Numeric) Textf(args ...any) string { return fmt.Sprintf(n.Text(), args...) }

// String returns Code.
func (n Numeric) String() string { return n.Code() }

// IsError reports whether n tells of a failure, which the numbers 400-599 and the names ERR_ do.
func (n Numeric) IsError() bool {
	name := n.Name()
	return len(name) > 4 && name[:4] == "ERR_" || name == "" && 400 <= n && n <= 599
}

// ParseNumeric returns the numeric of a command that is exactly three digits (RFC 2812 section 2.3.1).
func ParseNumeric(command string) (n Numeric, ok bool) {
	if len(command) != 3 {
		return 0, false
	}
	for i := range 3 {
		d := command[i] - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + Numeric(d)
	}
	return n, true
}

func (n Numeric) row() *numericRow {
	if n > maxNumeric {
		n = 0
	}
	return &numericRows[n]
}

// numericDigits is "000001002...", so that Code is a slice of it.
var numericDigits = func() string {
	b := make([]byte, 0, 3*(maxNumeric+1))
	for n := range maxNumeric + 1 {
		b = append(b, byte('0'+n/100), byte('0'+n/10%10), byte('0'+n%10))
	}
	return string(b)
}()

// numericRows is numericTable by code; codes without a row have an empty one.
var numericRows = func() (rows [maxNumeric + 1]numericRow) {
	for _, r := range numericTable {
		rows[r.code] = r
	}
	return rows
}()
