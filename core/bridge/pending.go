package bridge

import "container/list"

// pendingQueue holds connections that have not sent a line yet, oldest first.
type pendingQueue struct {
	order list.List
	at    map[*conn]*list.Element
}

func (q *pendingQueue) len() int { return q.order.Len() }

func (q *pendingQueue) push(c *conn) {
	if q.at == nil {
		q.at = make(map[*conn]*list.Element)
	}
	q.at[c] = q.order.PushBack(c)
}

// pop removes the oldest.
func (q *pendingQueue) pop() *conn {
	c := q.order.Front().Value.(*conn)
	q.remove(c)
	return c
}

func (q *pendingQueue) remove(c *conn) {
	if e := q.at[c]; e != nil {
		q.order.Remove(e)
		delete(q.at, c)
	}
}
