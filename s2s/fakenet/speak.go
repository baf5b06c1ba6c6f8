package fakenet

import (
	"fmt"
	"time"

	"robustirc/s2s"
	"robustirc/s2s/ts6"
	"robustirc/s2s/unreal"
)

// newLink makes the link of a protocol, for who accepts or who dials.
func newLink(cfg Config, id s2s.Identity, accept bool, peerAddress string, behind []s2s.SID, users int) s2s.Link {
	if cfg.Protocol == Unreal {
		return unreal.NewLink(id, unreal.Options{Accept: accept, Software: "UnrealIRCd-6.1.8.1-fakenet", Network: cfg.Network, Behind: behind,
			MaxUsers: int64(users), Booted: cfg.Start.Add(-24 * time.Hour), ChanModes: unrealChanModes, UserModes: unrealUserModes,
			Prefix: unrealPrefix, PeerAddress: peerAddress})
	}
	return ts6.NewLink(id, ts6.Options{Dialect: dialects[cfg.Protocol], Accept: accept})
}

var dialects = map[Protocol]ts6.Dialect{TS6: ts6.Solanum, Hybrid: ts6.Hybrid}

// peerOf is the peer's name and id, as far as it has told them.
func peerOf(l s2s.Link) (string, s2s.SID) {
	switch l := l.(type) {
	case *ts6.Link:
		p := l.Peer()
		return p.Name, p.SID
	case *unreal.Link:
		p := l.Peer()
		return p.Name, p.SID
	}
	return "", ""
}

// Sayable fits an event to what a link negotiated, as the servers do (section 3 of the reference of TS6). It reports
// whether there is anything to say.
func Sayable(c s2s.Codec, e s2s.Event) (s2s.Event, bool) {
	switch c := c.(type) {
	case *ts6.Codec:
		return sayableTS6(c, e)
	case *unreal.Codec:
		if lock, ok := e.Body.(s2s.ModeLock); ok {
			return e, c.Features().Locks && lock.Letters != ""
		}
		if w, ok := e.Body.(s2s.SWhois); ok {
			return e, c.Features().SWhois || w.Text != ""
		}
	}
	return e, true
}

func sayableTS6(c *ts6.Codec, e s2s.Event) (s2s.Event, bool) {
	hybrid := c.Dialect() == ts6.Hybrid
	switch b := e.Body.(type) {
	case s2s.Topic:
		return sayableTopic(c, e, b)
	case s2s.NetworkBan:
		return e, hybrid || c.Has("BAN")
	case s2s.ModeLock:
		return e, c.Has("MLOCK")
	case s2s.Knock:
		return e, c.Has("KNOCK")
	case s2s.Message:
		return e, b.TargetKind != s2s.TargetStatus || hybrid || c.Has("CHW")
	case s2s.UserSaved:
		if !c.Has("SAVE") {
			e.Body = s2s.UserKilled{User: s2s.Ref(b.User), Path: "hub.example.net", Reason: "Nick collision"}
		}
	}
	return e, true
}

// sayableTopic leaves out bursted topics for links without TB, and says what services set as a server's TOPIC to links
// without ETB.
func sayableTopic(c *ts6.Codec, e s2s.Event, b s2s.Topic) (s2s.Event, bool) {
	if c.Dialect() == ts6.Hybrid || b.Rule == s2s.TopicAlways {
		return e, true
	}
	if b.Rule == s2s.TopicETB && !c.Has("EOPMOD") {
		if len(e.Source) >= 3 {
			e.Source = e.Source[:3]
		}
		b.Rule = s2s.TopicAlways
		e.Body = b
		return e, true
	}
	return e, c.Has("TB") || b.Rule != s2s.TopicOlder
}

// encode appends the lines of an event, with line endings, and returns how many they are. What cannot be said is an
// error, and a fault of fakenet.
func encode(dst []byte, c s2s.Codec, e s2s.Event) ([]byte, int, error) {
	e, ok := Sayable(c, e)
	if !ok {
		return dst, 0, nil
	}
	lines, err := c.Encode(e)
	if err != nil {
		return dst, 0, fmt.Errorf("fakenet: saying %s: %w", e.Body.Name(), err)
	}
	for _, l := range lines {
		dst = append(append(dst, l...), "\r\n"...)
	}
	return dst, len(lines), nil
}
