package trace

import (
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// benchRecords are what a run of 20,000 users on 5,000 channels writes for a message of a channel: the line of the link,
// the gateway's line, and the output with 40 recipients.
func benchRecords(n int) []Record {
	records := make([]Record, 0, n)
	words := []string{"so", "what", "about", "the", "release", "it", "works", "here", "again", "today", "never", "mind"}
	var text, user, channel string
	rng := rand.New(rand.NewPCG(7, 8))
	for i := range n {
		if i%3 == 0 { // one message makes three records
			text = words[rng.IntN(12)]
			for range rng.IntN(12) {
				text += " " + words[rng.IntN(12)]
			}
			text += " " + strconv.Itoa(i)
			user = string([]byte{'A' + byte(rng.IntN(26)), 'A' + byte(rng.IntN(26))})
			channel = string([]byte{'a' + byte(rng.IntN(26)), 'b' + byte(rng.IntN(20))})
		}
		r := Record{Mono: time.Duration(i+1) * 3000}
		switch i % 3 {
		case 0:
			r.Kind, r.Line = KindLinkIn, ":00AAAAA"+user+" PRIVMSG #"+channel+" :"+text
		case 1:
			r.Kind, r.ID, r.Line = KindOp, 1<<63+uint64(i), ":00AAAAA"+user+" PRIVMSG #"+channel+" :"+text
		case 2:
			r.Kind, r.ID, r.Input, r.Reply, r.Time = KindOutput, 1<<63+uint64(i-1), uint64(i), 1, 1_700_000_000_000_000_000+int64(i)*1_000_000
			r.Line = ":user" + user + "!ident@host" + user + ".example.net PRIVMSG #" + channel + " :" + text
			for k := range 40 {
				r.To = append(r.To, uint64(1000+int(channel[0])*977+int(channel[1])+k*13+k%3))
			}
		}
		records = append(records, r)
	}
	return records
}

// processorTime is what this process has used up, which says more than the clock on a machine with other work.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkWrite appends records and waits until all are in the file: queue, redaction, compression and writing.
func BenchmarkWrite(b *testing.B) {
	for name, keep := range map[string]bool{"redacted": false, "text": true} {
		b.Run(name, func(b *testing.B) {
			records := benchRecords(300_000)
			w, _ := newWriter(b, func(o *Options) { o.KeepText = keep })
			b.ReportAllocs()
			before := processorTime(b)
			for i := 0; b.Loop(); i++ {
				r := records[i%len(records)]
				w.Append(&r)
				if i%20_000 == 0 {
					if err := w.Flush(); err != nil {
						b.Fatal(err)
					}
				}
			}
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
			st := w.Stats()
			b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op")
			b.ReportMetric(float64(st.Bytes)/float64(st.Written), "B/record")
			if st.Lost > 0 {
				b.Errorf("%+v", st)
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	w, dir := newWriter(b, nil)
	for i, r := range benchRecords(300_000) {
		w.Append(&r)
		if i%20_000 == 0 {
			if err := w.Flush(); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	files, err := Files(dir)
	if err != nil {
		b.Fatal(err)
	}
	if info, err := os.Stat(files[0]); err == nil {
		b.ReportMetric(float64(info.Size())/float64(w.Stats().Written), "B/record")
	}
	var r *Reader
	b.ReportAllocs()
	before := processorTime(b)
	for b.Loop() {
		var rec Record
		if r == nil {
			if r, err = Open(dir); err != nil {
				b.Fatal(err)
			}
		}
		if err := r.Next(&rec); err == io.EOF {
			r = nil
		} else if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op")
}
