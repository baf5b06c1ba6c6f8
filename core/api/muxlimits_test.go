package api_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"robustirc/core/robustsession"
)

// TestMuxClientThatDoesNotReadAnswers: one that asks on and on is not listened to before it takes what it was answered,
// so answers cannot pile up; once it does, it gets all of them.
func TestMuxClientThatDoesNotReadAnswers(t *testing.T) {
	const unread = 40 << 20 // far more than what the server keeps and the sockets hold
	n := newNetwork(t, 1, nil)
	m := n.rawMux(t)
	m.send(hello(""))
	ping := robustsession.AppendFrame(nil, &robustsession.Ping{})
	pings := bytes.Repeat(ping, 16<<10)
	sent := 0
	for sent < unread {
		m.SetWriteDeadline(time.Now().Add(time.Second)) // the server gives up a client that does not read much later
		k, err := m.Write(pings)
		if sent += k; err != nil {
			break
		}
	}
	if sent >= unread {
		t.Fatalf("the server has taken %d bytes of pings, and none of its answers was read", sent)
	}
	// A TLS connection cannot write on after a deadline: what the server has read of it must be answered all the same.
	for range min(1<<18, sent/len(ping)) {
		next[*robustsession.Pong](m)
	}
}

// TestMuxRequestsUnderWayAreBounded: while there is no leader requests are held, and what they keep has a bound.
func TestMuxRequestsUnderWayAreBounded(t *testing.T) {
	const kept = 40 << 20
	n := newNetwork(t, 1, nil)
	n.node.Elect(false)
	m := n.rawMux(t)
	m.send(hello(""))
	create := robustsession.AppendFrame(nil, &robustsession.Create{Req: 1, Remote: strings.Repeat("x", 200<<10)})
	sent := 0
	for sent < kept {
		m.SetWriteDeadline(time.Now().Add(time.Second))
		k, err := m.Write(create)
		if sent += k; err != nil {
			break
		}
	}
	if sent >= kept {
		t.Fatalf("the server keeps %d bytes of requests", sent)
	}
	n.node.Elect(true)
	for range sent / len(create) {
		next[*robustsession.Created](m)
	}
}
