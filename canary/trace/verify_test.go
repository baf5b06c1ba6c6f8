package trace

import (
	"os"
	"testing"
)

func TestVerify(t *testing.T) {
	w, dir := newWriter(t, func(o *Options) { o.FileBytes, o.FlushBytes, o.QueueBytes = 10_000, 2_000, 100_000 })
	for n := range 5000 {
		r := sample(n)
		w.Append(&r)
		if n%500 == 0 {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := Files(dir)
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	v, err := Verify(dir)
	st := w.Stats()
	if err != nil || !v.Whole() || v.Records != st.Written || v.Lost != st.Lost || v.Files != len(files) || v.Runs != 1 || v.ByKind["gap"] != st.Gaps {
		t.Errorf("%+v, %+v, %v", v, st, err)
	}
	// A file that is missing leaves a hole, a torn one a damage and no hole, as nothing follows it.
	if err := os.Remove(files[1]); err != nil {
		t.Fatal(err)
	}
	if v, err = Verify(dir); err != nil || v.Missings != 1 || v.Damages != 0 || v.Missing[0].To <= v.Missing[0].From {
		t.Errorf("%+v, %v", v, err)
	}
	last := files[len(files)-1]
	info, err := os.Stat(last)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(last, info.Size()-5); err != nil {
		t.Fatal(err)
	}
	if v, err = Verify(files[2:]...); err != nil || v.Missings != 0 || v.Damages != 1 || !v.Damage[0].Tail || v.Whole() {
		t.Errorf("%+v, %v", v, err)
	}
}

// TestVerifyTakesGapsTogether holds that gaps that follow each other are no holes.
func TestVerifyTakesGapsTogether(t *testing.T) {
	for _, missing := range []bool{false, true} {
		var v Verification
		v.ByKind = map[string]uint64{}
		seq := sequence{next: 1}
		add := func(s uint64, g *Gap) {
			r := Record{Kind: KindLinkIn, Seq: s}
			if g != nil {
				var err error
				if r, err = NewRecord(KindGap, "", g); err != nil {
					t.Fatal(err)
				}
				r.Seq = s
			}
			v.record(&r, &seq, "run")
		}
		add(1, nil)
		add(8, &Gap{From: 2, To: 3, Lines: 2, Reason: GapQueue})
		if !missing {
			add(9, &Gap{From: 4, To: 7, Lines: 4, Reason: GapDisk})
		}
		add(10, nil)
		add(11, nil)
		if v.Whole() == missing {
			t.Errorf("missing %t: %+v", missing, v)
		}
	}
}
