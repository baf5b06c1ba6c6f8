package ircserver

// departing is a session that leaves, and where it was.
type departing struct {
	*session
	from []leftChannel
}

// leftChannel is a channel that a session has left, and whether everybody there could see it.
type leftChannel struct {
	*channel
	shown bool
}

// depart ends sessions that leave at once, as in a netsplit: those who stay see each of them QUIT, and none of those who
// leave sees another go. So it costs what there is to be seen, and not the square of how many leave.
func (s *Server) depart(users []*session, reason string) {
	leaving := make([]departing, len(users))
	for i, u := range users {
		leaving[i].session = u
		for _, ch := range u.channels {
			leaving[i].from = append(leaving[i].from, leftChannel{ch, ch.isShown(ch.byID[u.id])})
		}
	}
	for _, d := range leaving {
		for _, ch := range d.from {
			ch.remove(d.session)
		}
	}
	for _, d := range leaving {
		s.remember(d.session)
		s.sendText(s.stayers(&d), d.prefix, "QUIT", reason)
		s.forget(d.session)
		s.close(d.session, reason)
	}
	for _, d := range leaving {
		for _, ch := range d.from {
			s.dropIfEmpty(ch.channel)
		}
	}
}

// stayers are those who stay in the channels that d has left and saw it there, and the services links.
func (s *Server) stayers(d *departing) Audience {
	if len(d.from) == 1 && d.from[0].shown {
		return s.withLinks(d.from[0].all()) // shared by all who were in this channel only
	}
	var list []Recipient
	for _, ch := range d.from {
		to := ch.all()
		if !ch.shown {
			to = selected(ch.members, ch.isShown)
		}
		list = append(list, to.list...)
	}
	return s.withLinks(newAudience(list))
}
