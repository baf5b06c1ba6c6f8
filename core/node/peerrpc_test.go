package node

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"sync"
	"testing"
)

func FuzzReadFrame(f *testing.F) {
	f.Add(appendFrame(nil, 1, 2, []byte("payload")))
	f.Add(appendFrame(nil, 1<<60, statusOther, nil))
	f.Add([]byte{0xff, 0xff, 0xff, 0x07, 1, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		fr, err := readFrame(bufio.NewReader(bytes.NewReader(b)))
		if err != nil {
			return
		}
		again, err := readFrame(bufio.NewReader(bytes.NewReader(appendFrame(nil, fr.id, fr.kind, fr.payload))))
		if err != nil || again.id != fr.id || again.kind != fr.kind || !bytes.Equal(again.payload, fr.payload) {
			t.Fatalf("%v became %v (%v)", fr, again, err)
		}
	})
}

func FuzzPeerPayloads(f *testing.F) {
	f.Add(encodePeer("node1", "localhost:1"))
	f.Add(encodeDigests([]Digest{{Input: 7, Chain: 8}}))
	f.Add((&pingReply{clock: 1, applied: 2, isMember: true, isLed: true, version: "v"}).encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if id, addr, err := decodePeer(b); err == nil {
			if id2, addr2, err := decodePeer(encodePeer(id, addr)); err != nil || id2 != id || addr2 != addr {
				t.Fatal("peer does not survive its encoding")
			}
		}
		if d, err := decodeDigests(b); err == nil && !bytes.Equal(encodeDigests(d), b) {
			t.Fatal("digests do not survive their encoding")
		}
		if r, err := decodePingReply(b); err == nil {
			if r2, err := decodePingReply(r.encode()); err != nil || r2 != r {
				t.Fatal("ping reply does not survive its encoding")
			}
		}
		_, _ = decodeCommitted(b, 3)
	})
}

func TestErrorsKeepTheirIdentityAcrossNodes(t *testing.T) {
	for _, err := range append(wireErrors[1:], errors.New("another")) {
		status, text := errorStatus(err)
		got := statusError(status, []byte(text))
		if got.Error() != err.Error() || status != statusOther && !errors.Is(got, err) {
			t.Errorf("%v became %v", err, got)
		}
	}
}

// echoPeer answers every request with its own payload, the second request of each pair first.
func echoPeer(conn net.Conn) {
	r := bufio.NewReader(conn)
	var held []frame
	for {
		f, err := readFrame(r)
		if err != nil {
			return
		}
		held = append(held, f)
		if len(held) == 2 {
			for _, f := range []frame{held[1], held[0]} {
				if _, err := conn.Write(appendFrame(nil, f.id, statusOK, f.payload)); err != nil {
					return
				}
			}
			held = nil
		}
	}
}

func TestPeerClientPipelines(t *testing.T) {
	var wg sync.WaitGroup
	here, there := net.Pipe()
	p := &peerClient{wg: &wg, dial: func(context.Context) (net.Conn, error) { return here, nil }}
	go echoPeer(there)
	var callers sync.WaitGroup
	for i := range 10 {
		callers.Go(func() {
			got, err := p.call(t.Context(), nil, methodPing, []byte{byte(i)})
			if err != nil || len(got) != 1 || got[0] != byte(i) {
				t.Errorf("call %d: %v, %v", i, got, err)
			}
		})
	}
	callers.Wait()
	abort := make(chan struct{})
	close(abort)
	if _, err := p.call(t.Context(), abort, methodPing, nil); !errors.Is(err, errPeerGone) {
		t.Errorf("an aborted call: %v", err)
	}
	there.Close()
	if _, err := p.call(t.Context(), nil, methodPing, nil); err == nil {
		t.Error("a call on a connection that has ended: no error")
	}
	p.close()
	wg.Wait()
	if _, err := p.call(t.Context(), nil, methodPing, nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a call after close: %v", err)
	}
}
