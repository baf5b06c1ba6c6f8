package trace

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// AppendText appends the record as people read it, in one line: number, time since the run began, kind, what belongs to
// the kind, and the line.
func (r *Record) AppendText(b []byte) []byte {
	b = fmt.Appendf(b, "%8d %12s %-10s", r.Seq, seconds(r.Mono), r.Kind)
	if r.Name != "" {
		b = append(append(b, ' '), r.Name...)
	}
	if r.Wall != 0 {
		b = append(b, " at "...)
		b = time.Unix(0, r.Wall).UTC().AppendFormat(b, time.RFC3339Nano)
	}
	if r.ID != 0 {
		b = append(b, " id="...)
		b = strconv.AppendUint(b, r.ID, 16)
	}
	if r.Input != 0 || r.Reply != 0 {
		b = fmt.Appendf(b, " %d.%d", r.Input, r.Reply)
	}
	if r.Time != 0 {
		b = append(b, ' ')
		b = time.Unix(0, r.Time).UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	}
	if len(r.To) != 0 {
		b = append(b, " to "...)
		b = appendRecipients(b, r.To)
	}
	if r.Final {
		b = append(b, " final"...)
	}
	if r.Line != "" {
		b = append(append(b, "  "...), printable(r.Line)...)
	}
	return b
}

// maxShown is how many recipients a text names.
const maxShown = 8

func appendRecipients(b []byte, to []uint64) []byte {
	for i, id := range to {
		if i == maxShown {
			return fmt.Appendf(b, ",… (%d)", len(to))
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, id, 16)
	}
	return b
}

// seconds is a duration with a fixed unit, so that columns can be compared.
func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', 6, 64)
}

// printable shows control characters, so that a line cannot do anything to a terminal.
func printable(s string) string {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			q := strconv.QuoteToGraphic(s)
			return q[1 : len(q)-1]
		}
	}
	return s
}

// recordJSON is a record as JSON has it. Numbers that may be over 2^53 are strings.
type recordJSON struct {
	Seq   uint64          `json:"seq"`
	Mono  int64           `json:"mono_ns"`
	Wall  int64           `json:"wall_ns,omitempty,string"`
	Kind  Kind            `json:"kind"`
	Name  string          `json:"name,omitempty"`
	ID    uint64          `json:"id,omitempty,string"`
	Input uint64          `json:"input,omitempty"`
	Reply uint32          `json:"reply,omitempty"`
	Time  int64           `json:"time_ns,omitempty,string"`
	Final bool            `json:"final,omitempty"`
	To    []string        `json:"to,omitempty"` // hexadecimal
	Line  string          `json:"line,omitempty"`
	Body  json.RawMessage `json:"body,omitempty"`
}

// MarshalJSON writes the record for other programs: kinds by name, ids of sessions in hexadecimal, and the JSON of those
// kinds that have some as body.
func (r *Record) MarshalJSON() ([]byte, error) {
	j := recordJSON{
		Seq: r.Seq, Mono: int64(r.Mono), Wall: r.Wall, Kind: r.Kind, Name: r.Name, ID: r.ID, Input: r.Input, Reply: r.Reply,
		Time: r.Time, Final: r.Final, Line: r.Line,
	}
	for _, id := range r.To {
		j.To = append(j.To, strconv.FormatUint(id, 16))
	}
	switch r.Kind {
	case KindHeader, KindLinkUp, KindLinkDown, KindGap, KindCheckpoint:
		if json.Valid([]byte(r.Line)) {
			j.Body, j.Line = json.RawMessage(r.Line), ""
		}
	}
	return json.Marshal(&j)
}
