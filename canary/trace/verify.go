package trace

import (
	"errors"
	"fmt"
	"io"
)

// Verification is what was found when captures were read from end to end.
type Verification struct {
	Files   int               `json:"files"`
	Runs    int               `json:"runs"`
	Records uint64            `json:"records"` // that were read, headers aside
	ByKind  map[string]uint64 `json:"by_kind"` // of them
	Lost    uint64            `json:"lost"`    // records that a Gap tells of
	Gaps    []Gap             `json:"gaps"`    // at most maxListed of them
	Damage  []*Damage         `json:"damage"`  // at most maxListed
	Missing []Missing         `json:"missing"` // at most maxListed
	// Damages and Missings count what the lists may have too few of.
	Damages  int `json:"damages"`
	Missings int `json:"missings"`
}

// Missing is a stretch of numbers of which there is neither a record nor a gap: of a frame that is damaged, of a file
// that was removed, or that could not be written before the process ended.
type Missing struct {
	RunID string `json:"run_id"`
	From  uint64 `json:"from"`
	To    uint64 `json:"to"`
}

// maxListed is how many of each thing a Verification lists.
const maxListed = 100

// Whole reports whether everything is there that should be.
func (v *Verification) Whole() bool { return v.Damages == 0 && v.Missings == 0 }

// Verify reads files and folders from end to end. The error is of the system; what is wrong with the files is in the
// Verification.
func Verify(paths ...string) (Verification, error) {
	v := Verification{ByKind: map[string]uint64{}}
	files, err := Files(paths...)
	if err != nil {
		return v, err
	}
	v.Files = len(files)
	r, err := Open(files...)
	if err != nil {
		return v, err
	}
	defer r.Close()
	var seq sequence
	for {
		var rec Record
		var d *Damage
		switch err := r.Next(&rec); {
		case err == io.EOF:
			return v, nil
		case errors.As(err, &d):
			v.Damages++
			v.Damage = appendListed(v.Damage, d)
		case err != nil:
			return v, fmt.Errorf("verifying: %w", err)
		case rec.Kind == KindHeader && rec.Seq == 0:
			v.Runs++
			seq = sequence{next: r.Header().FirstSeq}
		default:
			v.record(&rec, &seq, r.Header().RunID)
		}
	}
}

// record counts a record.
func (v *Verification) record(rec *Record, seq *sequence, run string) {
	v.Records++
	v.ByKind[rec.Kind.String()]++
	var g Gap
	if rec.Kind == KindGap && rec.Body(&g) == nil && g.Reason != GapSource {
		v.Lost += g.Lines
		v.Gaps = appendListed(v.Gaps, g)
		seq.cover(g.From, g.To)
		// What lies between the gap and its record is told by further gaps, whose records follow.
		seq.ahead = append(seq.ahead, rec.Seq)
		seq.catchUp()
		return
	}
	if to := seq.reach(rec.Seq); to != 0 {
		v.Missings++
		v.Missing = appendListed(v.Missing, Missing{RunID: run, From: to, To: rec.Seq - 1})
	}
}

// sequence follows the numbers of a run.
type sequence struct {
	next  uint64   // the lowest number that has not come
	ahead []uint64 // of records of gaps, which come in one piece, that have come
}

// cover takes in a stretch of lost numbers.
func (s *sequence) cover(from, to uint64) {
	if from <= s.next && to >= s.next {
		s.next = to + 1
	}
}

func (s *sequence) catchUp() {
	for len(s.ahead) > 0 && s.ahead[0] <= s.next {
		s.next = max(s.next, s.ahead[0]+1)
		s.ahead = s.ahead[1:]
	}
}

// reach takes in a record and returns the first number that is missing before it, or 0.
func (s *sequence) reach(seq uint64) (missing uint64) {
	s.ahead = s.ahead[:0]
	if seq > s.next {
		missing = s.next
	}
	s.next = seq + 1
	return missing
}

func appendListed[T any](list []T, item T) []T {
	if len(list) == maxListed {
		return list
	}
	return append(list, item)
}
