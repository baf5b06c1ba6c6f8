package ircserver

import "testing"

func TestRetriesOfRandomIDs(t *testing.T) {
	u := &session{}
	for id := uint64(1); id <= 100; id++ {
		if u.seen(id * 7919 % 101) {
			t.Fatalf("id %d was taken for a retry", id)
		}
	}
	for id := uint64(100 - dedupWindow + 1); id <= 100; id++ {
		if !u.seen(id * 7919 % 101) {
			t.Errorf("a retry of the %d. line was not recognised", id)
		}
	}
	for range 2 {
		if u.seen(0) {
			t.Error("zero was taken for a retry")
		}
	}
}

func TestRetriesOfSequentialIDs(t *testing.T) {
	u := &session{}
	for id := uint64(1); id <= 100; id += 3 {
		if u.seen(id | SequentialID) {
			t.Fatalf("line %d was taken for a retry", id)
		}
		if u.seen(1000 + id) { // ids of both kinds in one session, as after a change of the protocol
			t.Fatalf("a random id after line %d was taken for a retry", id)
		}
	}
	for id := uint64(1); id <= 100; id++ {
		if !u.seen(id | SequentialID) {
			t.Errorf("line %d, which is late, was not recognised", id)
		}
	}
	if u.seen(101 | SequentialID) {
		t.Error("the next line was taken for a retry")
	}
}
