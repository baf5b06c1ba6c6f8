package outputstream

import "robustirc/core/ircserver"

// A session that asks for long answers must not push out what others have not read yet. Of what nobody but one session
// gets, 1/shares of Limits.Bytes is retained, or leastShare if that is more; beyond that the session's oldest outputs go
// until it holds 1/shrinkPart less, so that this is done once for many outputs. Services and gateways are exempt.
const (
	shares     = 8
	leastShare = 64 << 10
	shrinkPart = 8
)

// isOwn reports whether an output counts against the share of one session. It looks only at the output, so that it is
// the same on all nodes.
func isOwn(o *ircserver.Output) bool {
	if o.To.HasGateways() {
		return false
	}
	n := 0
	for r := range o.To.Queued {
		if n++; n > 1 || r.Caps&ircserver.CapLink != 0 {
			return false
		}
	}
	return n == 1
}

// shrink takes the oldest outputs out of a queue that holds more than its share. Others keep those that they get, too.
func (s *Stream) shrink(q *queue) {
	share := max(s.limits.Bytes/shares, s.leastShare)
	if s.limits.Bytes == 0 || q.own <= share {
		return
	}
	var copied *segment
	for q.own > share-share/shrinkPart {
		pos := s.position(q.at(q.head))
		i := pos % segmentLen
		seg := &s.segments[(pos-s.base)/segmentLen]
		o := &(*seg).outs[i]
		s.pop(q, o)
		s.bytes -= entryCost
		if (*seg).cost[i] > cost(o, 1) {
			(*seg).cost[i] -= entryCost
			continue // it is in other queues
		}
		s.bytes += s.lists.use(o.To, -1) - cost(o, 0)
		if *seg != copied { // captured tails and readers may hold it
			copied = new(**seg)
			*seg = copied
		}
		copied.outs[i], copied.cost[i] = ircserver.Output{}, 0
		s.holes++
	}
}
