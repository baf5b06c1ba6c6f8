package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"robustirc/canary/compare"
	"robustirc/core/ircserver"
	"robustirc/core/robustsession"
)

// Options say what to compare.
type Options struct {
	// Log is a file with one or more log streams.
	Log string
	// Old and New are the versions.
	Old, New Binary
	// Recorded, when not nil, takes the place of Old.
	Recorded *Recording
	// Progress, when not nil, is called now and then with the number of the input that was compared last.
	Progress func(input uint64)
}

// Outcome is what came of a comparison.
type Outcome struct {
	*compare.Result
	// Scenario is a golden scenario of the first difference, with the old version's answers; nil when there is none.
	Scenario []byte
	// ScenarioNote says in words what the scenario is, or why there is none.
	ScenarioNote string
}

// progressEvery is after how many inputs Progress is called.
const progressEvery = 5000

// Compare runs a log through both versions. An error means that there is no result: the log is damaged, or a version
// cannot read it.
func Compare(ctx context.Context, opts Options) (*Outcome, error) {
	info, err := readInfo(opts.Log)
	if err != nil {
		return nil, err
	}
	if opts.Recorded != nil {
		opts.Old = Binary{Name: opts.Recorded.Name}
	}
	c := newCollector(opts.Old.Name, opts.New.Name)
	c.res.Run = compare.Run{
		Network: info.header.Network, Version: opts.New.Name, Mode: "log", Redacted: info.header.Redacted, Protocol: "robustirc", Started: info.started,
		Dialect: opts.Old.Name, Records: info.inputs,
		Notes: []string{fmt.Sprintf("inputs %d to %d of the network's log, through %s and %s", info.first, info.last, opts.Old.Name, opts.New.Name)},
	}
	next := info.first
	progress := func(input uint64) {
		if opts.Progress != nil && input >= next {
			opts.Progress(input)
			next = input + progressEvery
		}
	}
	if opts.Recorded != nil {
		return c.outcomeOfRecording(ctx, &opts, progress)
	}
	if err := c.compareBinaries(ctx, &opts, progress); err != nil {
		return nil, err
	}
	if err := c.narrow(ctx, &opts); err != nil {
		return nil, err
	}
	o := &Outcome{Result: c.result()}
	if err := explain(opts.Log, o.Result); err != nil {
		return nil, err
	}
	if c.first != "" && c.self == 0 {
		if err := o.reproduce(ctx, &opts, c); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// compareBinaries runs a log through the old version, the old version again, and the new one.
func (c *collector) compareBinaries(ctx context.Context, opts *Options, progress func(input uint64)) error {
	binaries := make([]Binary, versions)
	binaries[oldVersion], binaries[sameVersion], binaries[newVersion] = opts.Old, opts.Old, opts.New
	binaries[sameVersion].Name += " (again)"
	return withLog(opts.Log, func(log io.Reader) error {
		return run(ctx, log, binaries, MachineOptions{}, func(r *round) error {
			c.round(r)
			progress(r.input)
			return nil
		})
	})
}

// outcomeOfRecording is Compare with a recording: what was recorded cannot be run again, neither to see whether it
// differs from itself nor to find a smaller scenario, and has no states.
func (c *collector) outcomeOfRecording(ctx context.Context, opts *Options, progress func(input uint64)) (*Outcome, error) {
	c.isRecorded = true
	if err := c.compareRecorded(ctx, opts, progress); err != nil {
		return nil, err
	}
	c.res.Run.Notes = append(c.res.Run.Notes, opts.Recorded.Notes...)
	o := &Outcome{Result: c.result(), ScenarioNote: "There is no scenario: what was recorded cannot be run again."}
	return o, explain(opts.Log, o.Result)
}

func withLog(path string, use func(io.Reader) error) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	defer f.Close()
	return use(f)
}

// narrow finds the first input after which the states differ: the stretch between two digests is run again, with a
// digest after each input.
func (c *collector) narrow(ctx context.Context, opts *Options) error {
	if c.diverged == 0 {
		return nil
	}
	stretch := MachineOptions{DigestFrom: c.agreed + 1, DigestTo: c.diverged}
	return withLog(opts.Log, func(log io.Reader) error {
		found := false
		return run(ctx, log, []Binary{opts.Old, opts.New}, stretch, func(r *round) error {
			a, b := r.digests[0], r.digests[1]
			switch {
			case a == nil || b == nil || found:
			case a.State == b.State:
				c.agreed = max(c.agreed, r.input)
			case r.input > c.agreed:
				c.diverged, found = r.input, true
			}
			return nil
		})
	})
}

// logInfo is what a log holds.
type logInfo struct {
	header      robustsession.LogHeader
	started     time.Time
	first, last uint64
	inputs      uint64
}

// readInfo reads a log once, to check all of it before anything is compared.
func readInfo(path string) (info logInfo, err error) {
	err = eachInput(path, func(h *robustsession.LogHeader, id uint64, in *ircserver.Input) error {
		if info.inputs == 0 {
			info.header, info.first, info.started = *h, id, time.Unix(0, in.Time).UTC()
		}
		info.last = id
		info.inputs++
		return nil
	})
	if err == nil && info.inputs == 0 {
		err = fmt.Errorf("%s holds no inputs", path)
	}
	return info, err
}

// eachInput calls yield for each input of a log file, in order, each once. The input is valid until yield returns.
func eachInput(path string, yield func(h *robustsession.LogHeader, id uint64, in *ircserver.Input) error) error {
	err := withLog(path, func(log io.Reader) error {
		r := robustsession.NewLogReader(log)
		var header *robustsession.LogHeader
		last := uint64(0)
		for {
			f, err := r.Next()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return fmt.Errorf("%s: at offset %d: %w", path, r.Offset, err)
			}
			if f.Header != nil {
				header = f.Header
			}
			if f.Kind != robustsession.LogFrameInputs {
				continue
			}
			inputs, err := ircserver.DecodeBatch(f.Payload)
			if err != nil {
				return fmt.Errorf("%s: the inputs from number %d on: %w", path, f.First, err)
			}
			for i := range inputs {
				if id := f.First + uint64(i); id > last {
					last = id
					if err := yield(header, id, &inputs[i]); err != nil {
						return err
					}
				}
			}
		}
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// errEnough, returned by what eachInput calls, ends the walk through a log early, which is no error.
var errEnough = errors.New("enough")

// explain adds to each example what the input was.
func explain(path string, res *compare.Result) error {
	wanted := map[uint64][]*compare.Example{}
	for i := range res.Groups {
		for j := range res.Groups[i].Examples {
			e := &res.Groups[i].Examples[j]
			wanted[e.At.Seq] = append(wanted[e.At.Seq], e)
		}
	}
	return eachInput(path, func(_ *robustsession.LogHeader, id uint64, in *ircserver.Input) error {
		for _, e := range wanted[id] {
			e.Note = fmt.Sprintf("input %d, session %#x: %s", id, uint64(in.Session), describe(in))
		}
		delete(wanted, id)
		if len(wanted) == 0 {
			return errEnough
		}
		return nil
	})
}

// describe says in a few words what an input is.
func describe(in *ircserver.Input) string {
	switch in.Kind {
	case ircserver.KindCreate:
		return "a new session"
	case ircserver.KindDelete:
		return "the session is ended: " + in.Text
	case ircserver.KindLine:
		return in.Text
	case ircserver.KindTick:
		return "time passes"
	case ircserver.KindConfig:
		return "another configuration"
	case ircserver.KindMembers:
		return "another list of nodes"
	}
	return fmt.Sprintf("kind %d", in.Kind)
}
