package network

// Reason is why an event, or a part of one, changed nothing.
type Reason string

// The reasons in Stats.Ignored.
const (
	IgnoredSource    Reason = "unknown_source"
	IgnoredDirection Reason = "fake_direction" // the source is not behind the link it came over
	IgnoredUser      Reason = "unknown_user"
	IgnoredServer    Reason = "unknown_server"
	IgnoredChannel   Reason = "unknown_channel"
	IgnoredNotMember Reason = "not_a_member"
	IgnoredOlder     Reason = "timestamp" // a timestamp rule says no
	IgnoredTaken     Reason = "id_in_use" // a SID, server name or UID that is there already
	IgnoredCollision Reason = "collision" // a new user who lost its nick
	IgnoredMode      Reason = "mode"      // a mode that is unknown or malformed
	IgnoredName      Reason = "malformed_name"
	IgnoredNotForUs  Reason = "not_for_us"   // for other servers only
	IgnoredKind      Reason = "source_kind"  // a server where a user is needed, or the other way round
	IgnoredNoService Reason = "not_services" // what only services may do
	IgnoredUnknown   Reason = "unknown_line"
	IgnoredMetadata  Reason = "metadata" // of which nothing is kept
	IgnoredHandshake Reason = "handshake"
)

// Stats counts what came and what of it was passed over.
type Stats struct {
	// Events counts by s2s.Body.Name.
	Events map[string]int64
	// Ignored counts events and parts of events that changed nothing, by reason.
	Ignored map[Reason]int64
}

// Stats returns the counts since New; not to be changed.
func (n *Network) Stats() Stats { return n.stats }

func (n *Network) ignore(why Reason) { n.stats.Ignored[why]++ }
