package translate

import (
	"strings"

	"robustirc/core/irc"
)

// Divergence is one way in which the new network's rules came to something else than the linked network's.
type Divergence struct {
	// Command is that of our line; Code the numeric that came of it, REPAIRED, REFUSED, GIVEN (another nick), ENDED (a session that
	// the new network ended) or DRIFT (a state other than we thought).
	Command string `json:"command"`
	Code    string `json:"code"`
	Count   int64  `json:"count"`
	// Examples are the first few, as the network told them.
	Examples []string `json:"examples,omitempty"`
}

// The bounds of what is kept.
const (
	maxDivergences = 256
	maxExamples    = 3
	maxExampleLen  = 200
)

type divergenceKey struct{ command, code string }

type divergences map[divergenceKey]*Divergence

func newDivergences() divergences { return divergences{} }

func (d divergences) add(command, code, example string) {
	key := divergenceKey{wordOr(irc.Truncate(command, maxCommandLen), "*"), wordOr(irc.Truncate(code, maxCommandLen), "*")}
	if d[key] == nil && len(d) >= maxDivergences {
		key = divergenceKey{otherCommands, "*"}
	}
	x := d[key]
	if x == nil {
		x = &Divergence{Command: key.command, Code: key.code}
		d[key] = x
	}
	x.Count++
	if len(x.Examples) < maxExamples {
		x.Examples = append(x.Examples, strings.Clone(irc.Truncate(example, maxExampleLen)))
	}
}

// Divergences returns what is counted, sorted by command and code.
func (t *Translator) Divergences() []Divergence {
	byName := map[string]*Divergence{}
	for key, x := range t.divergences { // order does not matter: they are sorted
		byName[key.command+" "+key.code] = x
	}
	list := make([]Divergence, 0, len(byName))
	for _, name := range sortedKeys(byName) {
		x := *byName[name]
		x.Examples = append([]string(nil), x.Examples...)
		list = append(list, x)
	}
	return list
}
