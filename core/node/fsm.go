package node

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"robustirc/core/ircserver"
	"robustirc/core/outputstream"
)

// fsm is the replica: raft's finite state machine (raft.BatchingFSM) around the pure machine and the output stream.
//
// Raft's FSM goroutine is the only one that changes anything; it calls ApplyBatch, Snapshot and Restore. Everybody
// else reads, through view, config and the output stream.
type fsm struct {
	logs        raft.LogStore // for rebuilding; see rebuild.go
	out         *outputstream.Stream
	compression Compression
	logger      *slog.Logger
	stop        func(error)
	initial     ircserver.Config
	// apply is (*ircserver.Server).Apply; tests put something worse in its place.
	apply func(*ircserver.Server, *ircserver.Input) []ircserver.Output
	// encode is (*ircserver.Server).AppendSnapshot; likewise.
	encode func(m *ircserver.Server, dst []byte) []byte

	mu      sync.RWMutex // held for writing while the machine changes
	machine *ircserver.Server

	config   atomic.Pointer[ircserver.Config]
	progress progress
	digests  digestLog
	stats    replicaStats

	// The rest belongs to raft's FSM goroutine; at, base and dead change with mu held, for those who read the log.
	at     position
	base   base
	dead   map[ircserver.InputID]death // the inputs since base that were replaced
	outs   []ircserver.Output          // not yet in out
	held   int                         // how many recipients the lists of outs have
	failed error                       // why nothing can be applied any more
}

// fsmConfig is what a replica needs.
type fsmConfig struct {
	// Logs is where raft keeps its entries; a message of death is undone from there.
	Logs raft.LogStore
	// Initial is the configuration before the first KindConfig. It must be the same on every node for ever, so it is
	// no setting.
	Initial     ircserver.Config
	Compression Compression
	Logger      *slog.Logger
	// Stop is called once when this replica cannot go on. It should log the error and end the process.
	Stop func(error)
}

// newFSM returns the replica of a network whose log is empty.
func newFSM(cfg fsmConfig) *fsm {
	f := &fsm{
		logs: cfg.Logs, compression: cfg.Compression, logger: cfg.Logger, stop: cfg.Stop, initial: cfg.Initial,
		machine: ircserver.New(cfg.Initial),
		out:     outputstream.New(outputLimits(&cfg.Initial)),
		apply:   (*ircserver.Server).Apply,
		encode:  (*ircserver.Server).AppendSnapshot,
		dead:    map[ircserver.InputID]death{},
		base:    base{index: 1},
	}
	f.stats.init()
	f.publishConfig()
	return f
}

func outputLimits(c *ircserver.Config) outputstream.Limits {
	return outputstream.Limits{Window: c.OutputWindow, Bytes: c.OutputBytes}
}

// maxInputsPerLock bounds for how many inputs the machine is locked at a time, so that readers get in while a node
// catches up.
const maxInputsPerLock = 4096

// appliedEntry is the result of one raft entry of ours: its inputs have the numbers First, First+1, and so on. It is
// the response of the raft.ApplyFuture, which is an error instead when the entry could not be applied.
type appliedEntry struct {
	First  ircserver.InputID
	Inputs int
}

// errNotApplied is the result of entries behind one that could not be applied.
var errNotApplied = errors.New("node: this replica has stopped")

// Apply implements raft.FSM.
func (f *fsm) Apply(l *raft.Log) any { return f.ApplyBatch([]*raft.Log{l})[0] }

// ApplyBatch implements raft.BatchingFSM.
func (f *fsm) ApplyBatch(logs []*raft.Log) []any {
	results := make([]any, 0, len(logs))
	for len(results) < len(logs) {
		results = f.applyRun(logs[len(results):], results)
	}
	return results
}

// decoded is one raft entry and its inputs.
type decoded struct {
	log    *raft.Log
	inputs []ircserver.Input
}

// applyRun applies the first of these entries, up to about maxInputsPerLock inputs, and appends their results.
func (f *fsm) applyRun(logs []*raft.Log, results []any) []any {
	run, err := decodeRun(logs)
	if err != nil {
		f.fail(err)
	}
	if f.failed != nil {
		return append(results, slices.Repeat([]any{errNotApplied}, len(logs))...)
	}
	start := time.Now()
	f.mu.Lock()
	for i := range run {
		results = append(results, f.applyEntry(&run[i]))
	}
	f.mu.Unlock()
	if f.failed != nil {
		return results
	}
	f.flush()
	f.stats.applied(len(run), time.Since(start))
	f.progress.set(f.at)
	return results
}

// decodeRun decodes the first of these entries. When one cannot be decoded, none is applied.
func decodeRun(logs []*raft.Log) (run []decoded, err error) {
	n := 0
	for _, l := range logs {
		inputs, err := entryInputs(l)
		if err != nil {
			return nil, entryError(l.Index, err)
		}
		run = append(run, decoded{l, inputs})
		if n += len(inputs); n >= maxInputsPerLock {
			break
		}
	}
	return run, nil
}

// entryError says which committed entry could not be decoded, and what to do.
func entryError(index uint64, err error) error {
	if errors.Is(err, errCompression) || errors.Is(err, ircserver.ErrVersion) {
		return fmt.Errorf("node: raft log entry %d: %w; upgrade this node", index, err)
	}
	return &CorruptError{File: "the committed log", Index: index, Err: err}
}

// entryInputs returns the inputs that a raft entry stands for: those of the batch it carries, the list of members for a
// configuration, and none for entries that are raft's own.
func entryInputs(l *raft.Log) ([]ircserver.Input, error) {
	switch l.Type {
	case raft.LogCommand:
		return decodeEntry(l.Data)
	case raft.LogConfiguration:
		return []ircserver.Input{membersInput(raft.DecodeConfiguration(l.Data))}, nil
	}
	return nil, nil
}

// membersInput makes the machine's input out of raft's configuration. It has no time of its own: the machine's clock
// stays where it is.
func membersInput(c raft.Configuration) ircserver.Input {
	servers := slices.Clone(c.Servers)
	slices.SortFunc(servers, func(a, b raft.Server) int { return strings.Compare(string(a.ID), string(b.ID)) })
	var text strings.Builder
	for i, s := range servers {
		if i > 0 {
			text.WriteByte('\n')
		}
		fmt.Fprintf(&text, "%s %s", s.ID, s.Address)
	}
	return ircserver.Input{Kind: ircserver.KindMembers, Text: text.String()}
}

// applyEntry applies all inputs of an entry; f.mu is held.
func (f *fsm) applyEntry(d *decoded) any {
	if f.failed != nil {
		return errNotApplied
	}
	first := f.machine.Inputs() + 1
	for pos := range d.inputs {
		if !f.applyInput(d.log.Index, pos, &d.inputs[pos]) {
			return f.failed
		}
	}
	f.at = position{index: d.log.Index, term: d.log.Term, input: f.machine.Inputs()}
	return appliedEntry{First: first, Inputs: len(d.inputs)}
}

// applyInput applies one input; f.mu is held. It reports whether the replica can go on.
func (f *fsm) applyInput(index uint64, pos int, in *ircserver.Input) bool {
	outs, panicked := f.try(f.machine, in)
	if panicked != nil {
		var err error
		if outs, err = f.bury(index, pos, in, panicked); err != nil {
			f.fail(err)
			return false
		}
	}
	f.settle(in, outs)
	return true
}

// settle does what an applied input asks for outside of the machine.
func (f *fsm) settle(in *ircserver.Input, outs []ircserver.Output) {
	f.stats.input(in, len(outs))
	switch in.Kind {
	case ircserver.KindCreate:
		id := ircserver.SessionID(f.machine.Inputs())
		if _, ok := f.machine.Session(id); ok || len(outs) > 0 { // refused sessions are told why
			f.out.CreateSession(id)
		}
	case ircserver.KindLine:
		f.changeStreams()
	case ircserver.KindConfig:
		f.flush() // the new limits must take effect at the same point of the log everywhere
		f.publishConfig()
		f.out.SetLimits(outputLimits(f.config.Load()))
	case ircserver.KindDigest:
		f.digests.add(takeDigest(f.machine))
	}
	f.gather(outs)
}

// maxHeldRecipients bounds the lists of recipients that outputs hold before they are filed, and trimmed: when thousands
// join a channel one after the other, each has a list of its own.
const maxHeldRecipients = 1 << 20

// gather keeps outputs for flush.
func (f *fsm) gather(outs []ircserver.Output) {
	var last *ircserver.Recipient
	for i := range outs {
		if list, _ := outs[i].To.Parts(); len(list) > 0 && &list[0] != last {
			f.held += len(list)
			last = &list[0]
		}
	}
	f.outs = append(f.outs, outs...)
	if f.held > maxHeldRecipients {
		f.flush()
	}
}

// changeStreams makes and ends the streams of gateways' users as the last input demands.
func (f *fsm) changeStreams() {
	opened, closed := f.machine.Streams()
	if len(opened)+len(closed) == 0 {
		return
	}
	f.flush() // what was filed so far belongs to the streams as they were
	for _, id := range closed {
		f.out.CloseSession(id)
	}
	for _, id := range opened {
		f.out.CreateSession(id)
	}
}

// flush files the outputs that were collected.
func (f *fsm) flush() {
	if len(f.outs) == 0 {
		return
	}
	f.out.Append(f.outs)
	clear(f.outs)
	f.outs, f.held = f.outs[:0], 0
}

// publishConfig makes a copy of the machine's configuration for readers.
func (f *fsm) publishConfig() {
	c := *f.machine.Config()
	f.config.Store(&c)
}

// fail stops the replica: nothing is applied any more.
func (f *fsm) fail(err error) {
	if f.failed == nil {
		f.failed = err
		f.stop(err)
	}
}

// view lets read look at the machine. read must be quick, change nothing and keep nothing.
func (f *fsm) view(read func(m *ircserver.Server)) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	read(f.machine)
}

// session returns what is known of a session, and whether it exists.
func (f *fsm) session(id ircserver.SessionID) (info ircserver.SessionInfo, ok bool) {
	f.view(func(m *ircserver.Server) { info, ok = m.Session(id) })
	return info, ok
}

// networkConfig returns the configuration as of the last applied entry; it must not be changed.
func (f *fsm) networkConfig() *ircserver.Config { return f.config.Load() }

// Snapshot implements raft.FSM. It captures the state; Persist writes it while inputs are applied.
func (f *fsm) Snapshot() (raft.FSMSnapshot, error) {
	if f.failed != nil {
		return nil, f.failed
	}
	start := time.Now()
	state, err := f.encodeState()
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.setBase(state, f.at.index+1, 0)
	f.mu.Unlock()
	f.stats.captured(time.Since(start), len(state))
	return &fsmSnapshot{f: f, data: snapshotData{at: f.at, state: state, tail: f.out.Tail()}}, nil
}

// encodeState is the machine's canonical encoding. A bug in it must not end the process: the log can still be kept.
func (f *fsm) encodeState() (state []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("node: encoding the machine's state panicked: %v", r)
		}
	}()
	return f.encode(f.machine, nil), nil
}

// Restore implements raft.FSM. Everything is read, checked and built before anything of this replica is replaced.
func (f *fsm) Restore(r io.ReadCloser) error {
	start := time.Now()
	d, err := readSnapshot(r)
	if err != nil {
		return err
	}
	machine, err := ircserver.Restore(d.state)
	if errors.Is(err, ircserver.ErrVersion) {
		return fmt.Errorf("node: restoring a snapshot: %w; upgrade this node", err)
	}
	if err == nil && machine.Inputs() != d.at.input {
		err = fmt.Errorf("it was taken after input %d, but the header says %d", machine.Inputs(), d.at.input)
	}
	if err != nil {
		return &CorruptError{File: "snapshot", Part: "section " + sectionName(sectionState), Err: err}
	}
	f.mu.Lock()
	f.machine, f.at = machine, d.at
	f.setBase(d.state, d.at.index+1, 0)
	f.publishConfig()
	f.out.SetLimits(outputLimits(f.config.Load()))
	f.out.Restore(d.tail)
	f.outs, f.held = nil, 0
	f.mu.Unlock()
	f.stats.restored(time.Since(start))
	f.progress.set(f.at)
	f.logger.Info("restored a snapshot", "index", d.at.index, "inputs", d.at.input, "outputs", d.tail.Len(), "took", time.Since(start))
	return nil
}

// fsmSnapshot is a captured state (raft.FSMSnapshot). It is immutable and shares its memory with the replica.
type fsmSnapshot struct {
	f    *fsm
	data snapshotData
}

// Persist implements raft.FSMSnapshot. It runs beside ApplyBatch and takes no locks.
func (s *fsmSnapshot) Persist(sink raft.SnapshotSink) error {
	start := time.Now()
	w := &countingWriter{w: sink}
	if err := writeSnapshot(w, &s.data, s.f.compression); err != nil {
		s.f.stats.snapshotFailures.Add(1)
		return errors.Join(fmt.Errorf("node: writing a snapshot: %w", err), sink.Cancel())
	}
	if err := sink.Close(); err != nil {
		s.f.stats.snapshotFailures.Add(1)
		return err
	}
	s.f.stats.persisted(time.Since(start), w.n)
	return nil
}

// Release implements raft.FSMSnapshot.
func (s *fsmSnapshot) Release() {}

// countingWriter counts the bytes written.
type countingWriter struct {
	w io.Writer
	n int64
}

// Write implements io.Writer.
func (c *countingWriter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}
