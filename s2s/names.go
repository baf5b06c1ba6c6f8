package s2s

import "encoding/json"

// The names of the events, as JSON and counters show them.
func (ServerIntroduced) Name() string { return "server_introduced" }
func (ServerGone) Name() string       { return "server_gone" }
func (ServerInfo) Name() string       { return "server_info" }
func (EndOfBurst) Name() string       { return "end_of_burst" }
func (Ping) Name() string             { return "ping" }
func (Pong) Name() string             { return "pong" }
func (Closing) Name() string          { return "closing" }
func (Handshake) Name() string        { return "handshake" }
func (UserIntroduced) Name() string   { return "user_introduced" }
func (NickChanged) Name() string      { return "nick_changed" }
func (UserChanged) Name() string      { return "user_changed" }
func (UserModes) Name() string        { return "user_modes" }
func (Away) Name() string             { return "away" }
func (Oper) Name() string             { return "oper" }
func (UserQuit) Name() string         { return "user_quit" }
func (UserKilled) Name() string       { return "user_killed" }
func (UserSaved) Name() string        { return "user_saved" }
func (ChannelBurst) Name() string     { return "channel_burst" }
func (Join) Name() string             { return "join" }
func (PartAll) Name() string          { return "part_all" }
func (Part) Name() string             { return "part" }
func (Kick) Name() string             { return "kick" }
func (ChannelModes) Name() string     { return "channel_modes" }
func (Topic) Name() string            { return "topic" }
func (ListBurst) Name() string        { return "list_burst" }
func (ModeLock) Name() string         { return "mode_lock" }
func (Invite) Name() string           { return "invite" }
func (Knock) Name() string            { return "knock" }
func (Resync) Name() string           { return "resync" }
func (Message) Name() string          { return "message" }
func (OperMessage) Name() string      { return "oper_message" }
func (Numeric) Name() string          { return "numeric" }
func (StandardReply) Name() string    { return "standard_reply" }
func (Query) Name() string            { return "query" }
func (Force) Name() string            { return "force" }
func (SASL) Name() string             { return "sasl" }
func (NickHold) Name() string         { return "nick_hold" }
func (SWhois) Name() string           { return "swhois" }
func (NetworkBan) Name() string       { return "network_ban" }
func (Metadata) Name() string         { return "metadata" }
func (Housekeeping) Name() string     { return "housekeeping" }
func (Unknown) Name() string          { return "unknown" }

// MarshalJSON writes {"event": name, "source": …, "tags": …, "server_mask": …, "body": {…}}.
func (e Event) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Event      string `json:"event"`
		Source     Ref    `json:"source,omitempty"`
		Tags       string `json:"tags,omitempty"`
		ServerMask string `json:"server_mask,omitempty"`
		Body       Body   `json:"body"`
	}{e.Body.Name(), e.Source, e.Tags, e.ServerMask, e.Body})
}
