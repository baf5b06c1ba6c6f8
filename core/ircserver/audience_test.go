package ircserver

import (
	"slices"
	"testing"
)

// TestAudienceOfGateways: users of firehose gateways are filed under their link, once, and everybody else on their own.
func TestAudienceOfGateways(t *testing.T) {
	list := []Recipient{{9, 0, 50}, {1, 0, 0}, {7, 0, 50}, {8, 0, 40}, {2, 0, 0}}
	for _, c := range []struct {
		skip     SessionID
		queued   []SessionID
		gateways []SessionID
		len      int
	}{
		{0, []SessionID{1, 2}, []SessionID{40, 50}, 5},
		{1, []SessionID{2}, []SessionID{40, 50}, 4},
		{8, []SessionID{1, 2}, []SessionID{50}, 4},
		{9, []SessionID{1, 2}, []SessionID{40, 50}, 4},
	} {
		a := NewAudience(slices.Clone(list), c.skip)
		var queued, gateways []SessionID
		for r := range a.Queued {
			queued = append(queued, r.Session)
		}
		for g := range a.Gateways {
			gateways = append(gateways, g.Link)
			if want := map[SessionID][]SessionID{40: {8}, 50: {7, 9}}[g.Link]; !slices.Equal(g.Users, want) {
				t.Errorf("users of gateway %d: %v", g.Link, g.Users)
			}
		}
		if !slices.Equal(queued, c.queued) || !slices.Equal(gateways, c.gateways) || a.Len() != c.len {
			t.Errorf("without %d: queued %v, gateways %v, %d recipients", c.skip, queued, gateways, a.Len())
		}
	}
	plain := NewAudience([]Recipient{{1, 0, 0}}, 0)
	if plain.via != nil || len(slices.Collect(plain.Queued)) != 1 || slices.Collect(plain.Gateways) != nil {
		t.Errorf("an audience without gateways: %+v", plain)
	}
}
