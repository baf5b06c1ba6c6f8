package compare

import (
	"strings"
	"time"
)

// actor is who did something: a user (ID > 0), a server (ID 0), or a name that belongs to nobody we know (ID -1).
type actor struct {
	ID   int32
	Name string `json:",omitempty"` // when ID is -1
}

var server = actor{}

// key is what makes two observations the same. Equal keys are matched in the order in which they came.
type key struct {
	Cmd     string // as users see it; "MODE +o" for one change of a mode
	Source  actor
	Target  string // folded channel; "" for what is of no channel; a user's id in "="
	Subject int32  // whom it is done to: KICK, INVITE, MODE +o
	Text    string // the text or parameter
}

// loose returns the key with one part left out, for pairing what is left over.
func (k key) loose(part byte) key {
	switch part {
	case looseText:
		k.Text = ""
	case looseSource:
		k.Source = actor{ID: -2}
	case looseTarget:
		k.Target, k.Subject = "", 0
	case looseMode:
		k.Cmd, _, _ = strings.Cut(k.Cmd, " ")
	}
	k.Cmd = string([]byte{part}) + k.Cmd
	return k
}

const (
	looseText   = 't'
	looseSource = 's'
	looseTarget = 'r'
	looseMode   = 'm' // which mode it is, of MODE
)

// looseParts are the parts in the order in which they are left out.
var looseParts = []byte{looseText, looseSource, looseTarget, looseMode}

// event is one observation of the live side, or one of the new network that nothing live was found for.
type event struct {
	Key  key
	Seq  uint64        // of the record
	Ord  uint64        // of the live event, counted
	At   time.Duration // it arrived
	Due  time.Duration // it is judged
	Line string        // as a client would see it
	Room string        `json:",omitempty"` // folded channel, "" when there is none
	// Aud is who must see it, but for Except.
	Aud    *audience `json:"-"`
	Except int32     `json:",omitempty"`
	// Optional says that it need not be shown (statuses and modes that come with a join).
	Optional bool `json:",omitempty"`
	// Loose says that its text is the server's own wording (kills, splits).
	Loose bool `json:",omitempty"`
	// Storm says that a server tells it that links: those on its own side see nothing new.
	Storm bool `json:",omitempty"`
	// Alone says of an extra that it was shown to the only member of its channel.
	Alone bool `json:",omitempty"`
	// LinkLine counts the lines of the link.
	LinkLine uint64 `json:",omitempty"`
	// OpAt and Op are of the gateway's line.
	OpAt time.Duration `json:",omitempty"`
	Op   uint64        `json:",omitempty"`

	// What the new network showed.
	State    matchState    `json:",omitempty"`
	ShownAt  time.Duration `json:",omitempty"`
	ShownSeq uint64        `json:",omitempty"`
	Shown    string        `json:",omitempty"` // its line
	Input    uint64        `json:",omitempty"`
	Reply    uint32        `json:",omitempty"`
	Part     int           `json:",omitempty"`
	Cause    uint64        `json:",omitempty"`
	Got      []int32       `json:",omitempty"` // who saw it; unknown sessions are negative
	GotSum   uint64        `json:",omitempty"`
	// Early are those who were shown it before they were shown their own joining.
	Early []int32 `json:",omitempty"`
	// ShownOrd counts what was shown.
	ShownOrd uint64 `json:",omitempty"`
	// Host is of the source, as it was shown; LiveHost as it was on the live side.
	Host     string `json:",omitempty"`
	LiveHost string `json:",omitempty"`

	next *event // of the same key
	pair *event // the extra that an entry of a loose key stands for
	// Pair of an extra that was taken for a changed live event.
	Taken bool `json:",omitempty"`
	// Group is where it was counted as a difference, with so many deliveries.
	Group string `json:",omitempty"`
	Units int64  `json:",omitempty"`
}

func (ev *event) out() output { return output{ev.Input, ev.Reply, ev.Part} }

type matchState uint8

const (
	waiting matchState = iota // for the new network to show it
	partial                   // shown, but not to exactly those who must see it
	done
)

// fifo is events of one key, the oldest first.
type fifo struct{ head, tail *event }

func (f *fifo) push(ev *event) {
	if f.tail == nil {
		f.head = ev
	} else {
		f.tail.next = ev
	}
	f.tail = ev
	ev.next = nil
}

// remove takes an event out.
func (f *fifo) remove(ev *event) {
	var before *event
	for x := f.head; x != nil; before, x = x, x.next {
		if x != ev {
			continue
		}
		if before == nil {
			f.head = x.next
		} else {
			before.next = x.next
		}
		if f.tail == x {
			f.tail = before
		}
		x.next = nil
		return
	}
}

// index finds events by key.
type index map[key]*fifo

func (x index) add(k key, ev *event) {
	f := x[k]
	if f == nil {
		f = &fifo{}
		x[k] = f
	}
	f.push(ev)
}

func (x index) head(k key) *event {
	if f := x[k]; f != nil {
		return f.head
	}
	return nil
}

func (x index) remove(k key, ev *event) {
	f := x[k]
	if f == nil {
		return
	}
	f.remove(ev)
	if f.head == nil {
		delete(x, k)
	}
}

// queue holds events in the order in which they are due. Those that were matched are taken out when they are many.
type queue struct {
	list []dueEvent
	head int
	idle int // matched events in list
}

type dueEvent struct {
	due time.Duration
	ev  *event
}

// push files an event, whose Due is not before those that were filed.
func (q *queue) push(ev *event) { q.list = append(q.list, dueEvent{ev.Due, ev}) }

func (q *queue) len() int { return len(q.list) - q.head - q.idle }

// matched notes that an event needs no judging any more.
func (q *queue) matched() {
	q.idle++
	if q.idle < 4096 || q.idle*2 < len(q.list)-q.head {
		return
	}
	kept := q.list[:0]
	for _, d := range q.list[q.head:] {
		if d.stands() {
			kept = append(kept, d)
		}
	}
	clear(q.list[len(kept):])
	q.list, q.head, q.idle = kept, 0, 0
}

// stands reports whether the event is still to be judged then: one that was shown in part was filed again for later.
func (d dueEvent) stands() bool { return d.ev.State != done && d.ev.Due == d.due }

// pop returns the next event that is due, or nil.
func (q *queue) pop(now time.Duration) *event {
	for q.head < len(q.list) && q.list[q.head].due <= now {
		d := q.list[q.head]
		q.list[q.head] = dueEvent{}
		q.head++
		if q.head > 4096 && q.head*2 > len(q.list) {
			q.list = append(q.list[:0], q.list[q.head:]...)
			q.head = 0
		}
		if d.stands() {
			return d.ev
		}
		q.idle = max(0, q.idle-1)
	}
	return nil
}
