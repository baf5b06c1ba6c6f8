package irc

import (
	_ "embed"
	"strings"
	"testing"
)

// benchText has eight lines as a server sees them, in about the order of how often it does.
//
//go:embed testdata/bench-lines.txt
var benchText string

var benchLines = strings.Split(strings.TrimSpace(benchText), "\n")

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	var m Message
	for b.Loop() {
		for _, line := range benchLines {
			if err := m.Parse(line); err != nil {
				b.Fatal(err)
			}
		}
	}
	perLine(b)
}

// BenchmarkParsePrivmsg is the line a client sends most.
func BenchmarkParsePrivmsg(b *testing.B) { benchParse(b, benchLines[1]) }

// BenchmarkParsePrivmsgSource is the same on its way to a client.
func BenchmarkParsePrivmsgSource(b *testing.B) { benchParse(b, benchLines[0]) }

func benchParse(b *testing.B, line string) {
	b.ReportAllocs()
	var m Message
	for b.Loop() {
		if err := m.Parse(line); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	b.ReportAllocs()
	messages := make([]Message, len(benchLines))
	for i, line := range benchLines {
		if err := messages[i].Parse(line); err != nil {
			b.Fatal(err)
		}
	}
	buf := make([]byte, 0, MaxLine)
	for b.Loop() {
		for i := range messages {
			buf = messages[i].Append(buf[:0])
		}
	}
	perLine(b)
}

// perLine reports the time of one line of benchLines.
func perLine(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(benchLines)), "ns/line")
}

func BenchmarkTag(b *testing.B) {
	b.ReportAllocs()
	m := Message{Tags: "time=2026-01-02T03:04:05.678Z;msgid=0xf00.1;account=alice"}
	for b.Loop() {
		sink, _ = m.Tag("account")
	}
}

func BenchmarkFold(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sink = RFC1459.Fold("#robustirc-developers")
	}
}

func BenchmarkMaskMatch(b *testing.B) {
	for _, mask := range []string{"*!*@host.example.org", "spam*!*@*", "*!*bad?word*@*"} {
		b.Run(mask, func(b *testing.B) {
			b.ReportAllocs()
			m := CompileMask(RFC1459, mask)
			for b.Loop() {
				m.Match("alice!alice@robust/0x13b5aa0a2bcfb8ad")
			}
		})
	}
}

func BenchmarkParseModes(b *testing.B) {
	b.ReportAllocs()
	args := []string{"+o-v+b", "alice", "bob", "*!*@spam.example"}
	for b.Loop() {
		if changes, _ := ParseModes(testSpec, args); len(changes) != 3 {
			b.Fatal(changes)
		}
	}
}
