package original

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"robustirc/core/ircserver"
	"robustirc/core/robustsession"
)

// Bounds of a batch of inputs in the log stream.
const (
	batchInputs = 256
	batchBytes  = 256 << 10
)

// unknownAddress is where sessions come from whose first line has not said it yet: the original does not note it when a
// session is made.
const unknownAddress = "0.0.0.0"

// Count is how often something was met.
type Count struct {
	What string
	N    int64
}

// Summary says what came of an import.
type Summary struct {
	// Inputs, Sessions and Lines are what the log stream holds.
	Inputs, Sessions, Lines uint64
	// First and Last are the indexes of the original's entries that were read.
	First, Last uint64
	// Snapshot says that the log had been cut, and its beginning was made anew from a snapshot.
	Snapshot bool
	// Skipped are entries that made no input, by kind; Lost is what has no equivalent here.
	Skipped, Lost []Count
}

// converter turns messages of the original into inputs. Not safe for concurrent use.
type converter struct {
	network  string
	offset   uint64
	redactor *ircserver.Redactor
	m        *ircserver.Server // runs along; nil after it panicked
	w        *robustsession.LogWriter
	ids      *bufio.Writer // which input is which entry; see idsFile
	err      error         // the first of writing

	sessions *sessions
	remotes  map[ircserver.SessionID]string
	config   *configState
	revision uint64 // of the configuration the machine has
	now      int64
	n        uint64 // inputs so far
	batch    []ircserver.Input
	bytes    int
	buf      []byte

	sum           Summary
	skipped, lost map[string]int64
	refused       ircserver.SessionID // whose error numerics are counted as lost, while a state is made anew
}

func newConverter(o *Options, w *robustsession.LogWriter, ids io.Writer) *converter {
	c := &converter{
		network: o.Network, offset: o.MessageOffset, redactor: o.Redactor, w: w, ids: bufio.NewWriter(ids),
		sessions: newSessions(), remotes: map[ircserver.SessionID]string{}, config: defaultConfig(),
		skipped: map[string]int64{}, lost: map[string]int64{},
	}
	cfg, _ := c.config.convert(o.Network)
	c.m = ircserver.New(cfg)
	return c
}

// summary finishes the import.
func (c *converter) summary() *Summary {
	c.sum.Inputs, c.sum.Skipped, c.sum.Lost = c.n, counts(c.skipped), counts(c.lost)
	return &c.sum
}

func counts(m map[string]int64) (list []Count) {
	for _, what := range slices.Sorted(maps.Keys(m)) {
		list = append(list, Count{what, m[what]})
	}
	slices.SortStableFunc(list, func(a, b Count) int { return cmp.Compare(b.N, a.N) })
	return list
}

// put adds an input and lets the machine apply it. It returns the input's number.
func (c *converter) put(in ircserver.Input) uint64 {
	c.now = max(c.now, in.Time)
	in.Time = c.now
	c.n++
	for _, o := range c.try(&in) {
		c.output(&o)
	}
	if c.redactor != nil {
		c.redactor.Input(&in)
	}
	c.batch = append(c.batch, in)
	if c.bytes += len(in.Text) + 64; len(c.batch) >= batchInputs || c.bytes >= batchBytes {
		c.flush()
	}
	return c.n
}

// try applies an input. A panic is what canary log finds out as well, and shows; here it only means that it is not known
// any more which sessions end.
func (c *converter) try(in *ircserver.Input) (outs []ircserver.Output) {
	if c.m == nil {
		return nil
	}
	defer func() {
		if r := recover(); r != nil {
			c.m, outs = nil, nil
			c.lost[fmt.Sprintf("the machine of this release panics at input %d (canary log shows it)", c.n)]++
		}
	}()
	return c.m.Apply(in)
}

// output looks for sessions that end, and for what is refused while a state is made anew.
func (c *converter) output(o *ircserver.Output) {
	for r := range o.To.All {
		if o.Final {
			c.end(r.Session)
			delete(c.remotes, r.Session)
		}
		if r.Session == c.refused {
			if code := numericOf(o.Line); code >= "400" && code < "600" {
				c.lost["state that was refused: "+code]++
			}
		}
	}
}

// end notes that a session has ended.
func (c *converter) end(our ircserver.SessionID) {
	if c.sessions.end(our) {
		fmt.Fprintf(c.ids, "e %d 0\n", our)
	}
}

// numericOf is a line's command when that is a numeric.
func numericOf(line string) string {
	words := strings.Fields(line)
	if len(words) < 2 || len(words[1]) != 3 || strings.Trim(words[1], "0123456789") != "" {
		return ""
	}
	return words[1]
}

// flush writes the batch.
func (c *converter) flush() {
	if len(c.batch) == 0 {
		return
	}
	c.buf = ircserver.EncodeBatch(c.buf[:0], c.batch)
	if err := c.w.Inputs(c.n-uint64(len(c.batch))+1, c.buf); err != nil {
		c.err = errors.Join(c.err, err)
	}
	c.batch, c.bytes = c.batch[:0], 0
}

// entry takes one entry of the original's log.
func (c *converter) entry(e *entry) error {
	if c.sum.First == 0 {
		c.sum.First = e.Index
	}
	c.sum.Last = e.Index
	if e.Type != entryCommand {
		c.skipped["raft: "+e.Type.String()]++
		return c.err
	}
	m, err := decodeMessage(e.Data)
	if err != nil {
		return fmt.Errorf("entry %d: %w", e.Index, err)
	}
	if m.Id.Id == 0 {
		m.Id.Id = c.offset + e.Index
	} else {
		m.UnixNano = m.time(e)
	}
	if m.UnixNano == 0 {
		m.UnixNano = (&message{}).time(e)
	}
	c.message(e.Index, &m)
	return c.err
}

func (c *converter) message(index uint64, m *message) {
	switch m.Type {
	case createSession:
		c.create(m)
	case deleteSession:
		if our, ok := c.session(m); ok {
			c.put(ircserver.Input{Kind: ircserver.KindDelete, Time: m.UnixNano, Session: our, Text: c.text(m.Data)})
			if c.m == nil {
				c.end(our)
			}
		}
	case ircFromClient:
		c.fromClient(index, m)
	case configuration:
		c.configure(m)
	default:
		// The original passes over a message of death, which is a line it panicked at, and so does this.
		c.skipped["message: "+m.Type.String()]++
	}
}

// session finds the session that a message is about.
func (c *converter) session(m *message) (ircserver.SessionID, bool) {
	our, ok := c.sessions.ours[m.Session.Id]
	if !ok || m.Session.Reply != 0 {
		c.skipped["message: "+m.Type.String()+" of a session that is gone"]++
		return 0, false
	}
	return our, true
}

func (c *converter) create(m *message) ircserver.SessionID {
	our := ircserver.SessionID(c.n + 1)
	c.sessions.add(m.Id.Id, our)
	remote := hostOnly(cmp.Or(m.RemoteAddr, unknownAddress))
	c.remotes[our] = remote
	c.sum.Sessions++
	fmt.Fprintf(c.ids, "s %d %d\n", our, m.Id.Id)
	c.put(ircserver.Input{Kind: ircserver.KindCreate, Time: m.UnixNano, Remote: remote, AuthHash: sha256.Sum256([]byte(m.Data))})
	return our
}

func (c *converter) fromClient(index uint64, m *message) {
	our, ok := c.session(m)
	if !ok {
		return
	}
	in := ircserver.Input{Kind: ircserver.KindLine, Time: m.UnixNano, Session: our, ClientMsgID: m.ClientMessageId}
	if remote := hostOnly(m.RemoteAddr); remote != "" && remote != c.remotes[our] {
		in.Remote, c.remotes[our] = remote, remote
	}
	c.line(&in, m.Data)
	fmt.Fprintf(c.ids, "i %d %d\n", c.n, index)
}

// line puts a line, without the secrets in it.
func (c *converter) line(in *ircserver.Input, line string) {
	line, claims := ircserver.Claims(c.text(line))
	in.Text, in.Granted = line, strings.Join(c.config.granted(claims), " ")
	c.sum.Lines++
	c.put(*in)
}

// text makes a line of what a client of the original posted, which may be longer than one, or more than one.
func (c *converter) text(s string) string {
	s = strings.Trim(s, "\r\n")
	if i := strings.IndexAny(s, "\r\n\x00"); i >= 0 {
		c.lost["what follows a line break or a NUL within a line"]++
		s = s[:i]
	}
	if len(s) > robustsession.MaxLine {
		c.lost[fmt.Sprintf("what follows byte %d of a line", robustsession.MaxLine)]++
		s = s[:robustsession.MaxLine]
	}
	s, unknown := c.sessions.rewrite(s)
	if unknown > 0 {
		c.lost["hosts of sessions that are not known any more (kept as they were)"] += int64(unknown)
	}
	return s
}

func (c *converter) configure(m *message) {
	cfg, unknown, err := parseConfig(m.Data)
	if err != nil {
		c.skipped["message: config that is no valid TOML"]++
		return
	}
	for _, key := range unknown {
		c.lost["configuration key "+key]++
	}
	cfg.Revision = m.Revision
	c.setConfig(cfg, m.UnixNano)
}

// setConfig makes a configuration the network's.
func (c *converter) setConfig(cfg *configState, at int64) {
	out, lost := cfg.convert(c.network)
	out.Revision = c.revision + 1 // the machine takes no other; the original's own counts from another beginning
	for _, key := range lost {
		c.lost["configuration: "+key]++
	}
	if err := out.Validate(); err != nil {
		c.lost["a configuration that is not valid here: "+strings.ReplaceAll(err.Error(), "\n", "; ")]++
		return
	}
	c.config, c.revision = cfg, out.Revision
	c.put(ircserver.Input{Kind: ircserver.KindConfig, Time: at, Text: ircserver.EncodeConfig(&out)})
}
