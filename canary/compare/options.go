package compare

import (
	"errors"
	"time"

	"robustirc/s2s"
)

// Options is how a run is compared. The zero value of a field is its default.
type Options struct {
	// Codec makes the codec of a link: protocol is "ts6" or "unreal", dialect as in s2s.Link. It is needed.
	Codec func(protocol, dialect string) s2s.Codec
	// ChannelModes returns what the gateway makes of the channel modes of a dialect, without lists and statuses; what is
	// not in it has no equivalent. nil is: the same letter of the same class.
	ChannelModes func(dialect string) map[byte]byte
	// Rules are those of DefaultRules when nil.
	Rules []Rule
	// Today expires rules; the zero time expires none.
	Today time.Time
	// Window is how long a counterpart is waited for at least (C-7); 30 s.
	Window time.Duration
	// Gates are the thresholds of the verdict (C-20).
	Gates Gates
	// Seed is of the bootstrap and of the self-test's places.
	Seed uint64
	// MaxExamples is per group; 3.
	MaxExamples int
	// MaxGroups bounds the groups; what is beyond is counted together by class; 1,000.
	MaxGroups int
	// MaxPending bounds what waits for a counterpart, on both sides; 1,000,000. What is beyond is not compared, which
	// makes the verdict INCONCLUSIVE.
	MaxPending int
	// KeepLines is how many lines of each side are kept for context; 65,536.
	KeepLines int
	// SampleOutputs is the size of the self-test's sample; 2,000. Less than 0 is no self-test, without which there is no GO.
	SampleOutputs int
	// Probes tells the side of each probe, "live" or "new"; one that is not named is "new" when its name begins so.
	Probes map[string]string
}

// Gates are the thresholds of the verdict (C-20).
type Gates struct {
	UpperPPB    int64         // of unexplained differences per delivery, its 95 % upper bound; 10,000 (1e-5)
	CoveragePPB int64         // of eligible events at least; 999,000,000 (99.9 %)
	Commands    int           // so many of the most frequent commands are seen often enough; 30
	CommandSeen int64         // how often; 30
	Soak        time.Duration // 7 days
	P99         time.Duration // of the difference in lag; 250 ms
	P999        time.Duration // 2 s
}

// DefaultGates are those of C-20.
func DefaultGates() Gates {
	return Gates{UpperPPB: 10_000, CoveragePPB: 999_000_000, Commands: 30, CommandSeen: 30, Soak: 7 * 24 * time.Hour,
		P99: 250 * time.Millisecond, P999: 2 * time.Second}
}

// withDefaults fills what is not said.
func (o Options) withDefaults() (Options, error) {
	if o.Codec == nil {
		return o, errors.New("compare: Options.Codec is needed: without it no line of the link can be read")
	}
	if o.Rules == nil {
		o.Rules = DefaultRules()
	}
	if o.Gates == (Gates{}) {
		o.Gates = DefaultGates()
	}
	setDefault(&o.Window, 30*time.Second)
	setDefault(&o.MaxExamples, 3)
	setDefault(&o.MaxGroups, 1000)
	setDefault(&o.MaxPending, 1_000_000)
	setDefault(&o.KeepLines, 1<<16)
	setDefault(&o.SampleOutputs, 2000)
	return o, nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
