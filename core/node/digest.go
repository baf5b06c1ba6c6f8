package node

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"robustirc/core/ircserver"
)

// Digest is what a node's state hashed to at a point of the log. Nodes exchange them: see compareDigests.
type Digest struct {
	// Input is the number of the KindDigest input at which it was taken.
	Input ircserver.InputID
	// State is the digest of the machine's canonical encoding.
	State [32]byte
	// Chain is the rolling hash of all outputs so far.
	Chain uint32
}

func takeDigest(m *ircserver.Server) Digest {
	return Digest{Input: m.Inputs(), State: m.Digest(), Chain: m.Chain()}
}

// maxDigests is how many digests a node keeps to compare with peers that are behind or ahead.
const maxDigests = 32

// digestLog is the newest digests of a replica, oldest first. It is safe for concurrent use.
type digestLog struct {
	mu   sync.Mutex
	list []Digest
}

func (l *digestLog) add(d Digest) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.list) == maxDigests {
		l.list = slices.Delete(l.list, 0, 1)
	}
	l.list = append(l.list, d)
}

// all returns a copy of the kept digests, oldest first.
func (l *digestLog) all() []Digest {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.list)
}

// last returns the newest digest; zero when there is none.
func (l *digestLog) last() Digest {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.list) == 0 {
		return Digest{}
	}
	return l.list[len(l.list)-1]
}

// verdict is what comparing digests says about this node.
type verdict struct {
	// Leave says that this node must take itself out of service: more than half of the voters have one and the same
	// digest where this node has another.
	Leave bool
	// Differ are the nodes whose digest differs from this node's at some common input, in ascending order, also when no
	// majority says who is wrong.
	Differ []string
	// Reason says all this for the log, the status page and the operator; empty when no digest differs.
	Reason string
}

// compareDigests compares a node's digests with its peers', by node id. Only voters count towards the majority: a
// majority that agrees is what the network goes on with, so whoever differs from it is wrong by definition.
func compareDigests(self string, mine []Digest, theirs map[string][]Digest, voters []string) verdict {
	var v verdict
	for _, d := range mine {
		agree := map[Digest][]string{}
		for _, id := range voters {
			if id == self {
				continue
			}
			for _, t := range theirs[id] {
				if t.Input == d.Input && t != d {
					agree[t] = append(agree[t], id)
				}
			}
		}
		v.judge(self, d, agree, len(voters)/2+1)
	}
	slices.Sort(v.Differ)
	v.Differ = slices.Compact(v.Differ)
	return v
}

// judge weighs those who differ from d at its input.
func (v *verdict) judge(self string, d Digest, agree map[Digest][]string, majority int) {
	for t, ids := range agree {
		v.Differ = append(v.Differ, ids...)
		slices.Sort(ids)
		who := strings.Join(ids, ", ")
		if len(ids) >= majority {
			v.Leave = true
			v.Reason = fmt.Sprintf("at input %d the state of %s is %s, but a majority (%s) has %s", d.Input, self, d, who, t)
		}
	}
	if len(agree) > 0 && !v.Leave {
		slices.Sort(v.Differ)
		v.Reason = fmt.Sprintf("at input %d the state of %s is %s, and that of %s differs; there is no majority to say who is wrong",
			d.Input, self, d, strings.Join(slices.Compact(slices.Clone(v.Differ)), ", "))
	}
}

// String is the digest's beginning, enough to tell two apart.
func (d Digest) String() string { return fmt.Sprintf("%x/%08x", d.State[:6], d.Chain) }
