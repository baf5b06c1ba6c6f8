package irc

import "testing"

// benchLines are eight lines as a server sees them, in about the order of how often it does.
var benchLines = [...]string{
	":alice!alice@robust/0x13b5aa0a2bcfb8ad PRIVMSG #robustirc :I think the election took 400 ms this time",
	"PRIVMSG #robustirc :hello world",
	"PING :1764021600",
	"@time=2026-01-02T03:04:05.678Z;msgid=0xf00.1;account=alice :alice!a@robust/0x1 PRIVMSG #c :tagged",
	":robustirc.net 353 alice = #robustirc :@alice +bob carol dave erin frank grace heidi ivan judy",
	":bob!bob@example.org JOIN #robustirc",
	":ChanServ!services@services. MODE #robustirc +ovb alice bob *!*@spam.example",
	":robustirc.net 005 alice CHANTYPES=# CHANMODES=beI,k,l,imnst PREFIX=(ov)@+ NICKLEN=30 :are supported by this server",
}

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
	messages := parsedBenchLines(b)
	buf := make([]byte, 0, MaxLine)
	for b.Loop() {
		for i := range messages {
			buf = messages[i].Append(buf[:0])
		}
	}
	perLine(b)
}

func parsedBenchLines(b *testing.B) (messages [len(benchLines)]Message) {
	for i, line := range benchLines {
		if err := messages[i].Parse(line); err != nil {
			b.Fatal(err)
		}
	}
	return messages
}

// perLine reports the time of one line of benchLines.
func perLine(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(benchLines)), "ns/line")
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
