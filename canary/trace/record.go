package trace

import (
	"encoding/json"
	"fmt"
	"time"
)

// Kind says what a Record is of. The numbers are part of the file format.
type Kind uint8

// The kinds of records.
const (
	KindHeader     Kind = 1  // what run this is; Line is a Header
	KindLinkUp     Kind = 2  // the link to the existing network is established; Name is the peer, Line a LinkUp
	KindLinkDown   Kind = 3  // it ended; Name is the peer, Line a LinkDown
	KindLinkIn     Kind = 4  // a line that the peer sent
	KindLinkOut    Kind = 5  // a line that we sent to the peer
	KindOp         Kind = 6  // a gateway line (docs/gateway.md) posted to the new network; ID is its id
	KindAcked      Kind = 7  // the new network has committed the gateway's lines up to ID
	KindOutput     Kind = 8  // a line of the new network with its recipients; ID is the gateway line that caused it (0: none)
	KindGap        Kind = 9  // records that were not stored; Line is a Gap
	KindProbe      Kind = 10 // a line that a probe client received; Name is the probe
	KindProbeSent  Kind = 11 // a line that a probe client sent; Name is the probe
	KindCheckpoint Kind = 12 // state is compared here; Line is a Checkpoint
	KindNote       Kind = 13 // what else a reader should know; Name says what, Line is "key=value" words (see Redactor.Note)

	lastKind = KindNote
)

var kindNames = [...]string{
	KindHeader: "header", KindLinkUp: "link-up", KindLinkDown: "link-down", KindLinkIn: "link-in", KindLinkOut: "link-out",
	KindOp: "op", KindAcked: "acked", KindOutput: "output", KindGap: "gap", KindProbe: "probe", KindProbeSent: "probe-sent",
	KindCheckpoint: "checkpoint", KindNote: "note",
}

// String is the kind's name in texts and JSON.
func (k Kind) String() string {
	if k < KindHeader || k > lastKind {
		return fmt.Sprintf("kind-%d", uint8(k))
	}
	return kindNames[k]
}

// MarshalText is String.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Record is one thing that happened in a run. A Reader fills the same Record again and again: Line, Name and To are
// valid until its next record and have to be copied by who keeps them.
type Record struct {
	// Seq numbers what happened in the run, from 1, in the order in which Writer.Append was called. Numbers are missing
	// where a Gap says so. It is 0 in the Header that is repeated at the start of each file.
	Seq uint64
	// Mono is when it happened, on the monotonic clock since the run began.
	Mono time.Duration
	// Wall is the wall clock in nanoseconds since 1970 where it matters (KindHeader, KindLinkUp), else 0.
	Wall int64
	Kind Kind
	// Final says that this was the last output for its recipients: their sessions have ended (KindOutput).
	Final bool
	// ID is the gateway's line id (KindOp, KindAcked), or of the line that was the cause (KindOutput).
	ID uint64
	// Input and Reply are an output's id in the new network, Time its time there in nanoseconds since 1970.
	Input uint64
	Reply uint32
	Time  int64
	// To is an output's recipients, ids of sessions of the new network, ascending.
	To []uint64
	// Name is the peer (KindLinkUp, KindLinkDown), the probe (KindProbe, KindProbeSent), or what is noted (KindNote).
	Name string
	// Line is the raw line without its line ending, redacted, or JSON, as the Kind says.
	Line string
}

// Mode says how much of the existing network a run could see (docs/link.md).
type Mode string

// The capture modes.
const (
	ModeReadOnly  Mode = "strict-readonly" // state only on TS6
	ModeBroadcast Mode = "broadcast"       // all channel text (UnrealIRCd with broadcast-channel-messages always)
	ModeObserver  Mode = "observer"        // text of the channels that the observer is on
)

// Style says how the new network delivered its outputs (docs/gateway.md).
type Style string

// The styles of delivery.
const (
	StyleFirehose Style = "firehose" // one stream with recipients
	StyleSessions Style = "sessions" // a stream per user
)

// Header says what run a file is of. It is the first record of every file.
type Header struct {
	RunID    string    `json:"run_id"`             // letters, digits and '-', unique
	File     int       `json:"file"`               // 1 for the first file of the run; set by the Writer
	FirstSeq uint64    `json:"first_seq"`          // of the records that follow; set by the Writer
	Version  string    `json:"version"`            // of the program that wrote it
	Started  time.Time `json:"started"`            // of the run
	Protocol string    `json:"protocol"`           // of the link: "ts6" or "unreal"; "" when there is none
	Dialect  string    `json:"dialect,omitempty"`  // "solanum", "charybdis", "hybrid", "" when it is not known yet
	Us       string    `json:"us,omitempty"`       // our server name on the link
	SID      string    `json:"sid,omitempty"`      // our server id on the link
	Network  string    `json:"network,omitempty"`  // name of the new network
	Mode     Mode      `json:"mode,omitempty"`     // how much of the existing network could be seen
	Style    Style     `json:"style,omitempty"`    // how the new network delivered
	Redacted bool      `json:"redacted"`           // false: texts and addresses are stored as they are; set by the Writer
	Services []string  `json:"services,omitempty"` // nicks of services, beside those that end in Serv, and names of their servers
	// LeavesHidden and LeavesChannels are what is not mirrored: channels that are secret or private, and those whose
	// names match; stored as they are.
	LeavesHidden   bool     `json:"leaves_hidden,omitempty"`
	LeavesChannels []string `json:"leaves_channels,omitempty"`

	Notes []string `json:"notes,omitempty"` // by the operator, for the report; stored as they are
}

// LinkUp is a link that was established.
type LinkUp struct {
	Peer         string   `json:"peer"` // its server name
	SID          string   `json:"sid,omitempty"`
	Protocol     string   `json:"protocol"`
	Dialect      string   `json:"dialect,omitempty"`
	Software     string   `json:"software,omitempty"`
	Capabilities []string `json:"capabilities,omitempty"` // that both sides have
	CaseMapping  string   `json:"case_mapping,omitempty"`
	TLS          bool     `json:"tls,omitempty"`
	Number       int      `json:"number"` // of this link within the run, from 1
}

// LinkDown is a link that ended.
type LinkDown struct {
	Peer   string `json:"peer"`
	Reason string `json:"reason"`           // a word of the gateway's: "stopped", "closed", "timeout", "refused", …
	Detail string `json:"detail,omitempty"` // what the peer or the system said; redacted as text
	Clean  bool   `json:"clean,omitempty"`  // we said SQUIT
}

// Gap is a stretch of records that were not stored.
type Gap struct {
	From   uint64    `json:"from"`  // first missing Seq
	To     uint64    `json:"to"`    // last missing Seq
	Lines  uint64    `json:"lines"` // how many records are missing
	Reason GapReason `json:"reason"`
}

// GapReason says why records are missing.
type GapReason string

// The reasons for gaps. A caller that leaves out what it has seen itself (C-28) writes its own Gap with GapSource.
const (
	GapQueue   GapReason = "queue"    // the disk was slower than the run for longer than the queue could hold
	GapDisk    GapReason = "disk"     // the disk did not take them
	GapTooLong GapReason = "too-long" // a record over the limits of the format
	GapSource  GapReason = "source"   // they did not reach the Writer: the gateway's own spool was full
)

// Checkpoint is a moment at which states are compared: what probes ask between its begin and its end is of one state.
type Checkpoint struct {
	Name   string            `json:"name"`             // a word
	Phase  string            `json:"phase,omitempty"`  // "begin", "end"
	Digest string            `json:"digest,omitempty"` // hexadecimal
	Counts map[string]uint64 `json:"counts,omitempty"` // by words
}

// NewRecord returns a record of a kind whose Line is the JSON of body: a LinkUp, LinkDown, Gap or Checkpoint.
func NewRecord(kind Kind, name string, body any) (Record, error) {
	line, err := json.Marshal(body)
	if err != nil {
		return Record{}, fmt.Errorf("encoding the body of a %s record: %w", kind, err)
	}
	return Record{Kind: kind, Name: name, Line: string(line)}, nil
}

// Body decodes a record's Line into body, a pointer to the type that its Kind names.
func (r *Record) Body(body any) error {
	if err := json.Unmarshal([]byte(r.Line), body); err != nil {
		return fmt.Errorf("the body of %s record %d: %w", r.Kind, r.Seq, err)
	}
	return nil
}
