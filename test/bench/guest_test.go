package main

import "testing"

// A round that was broken off is to be done again.
func TestWhole(t *testing.T) {
	high, super := sample{Driver: "cdc_ether", Speed: "high"}, sample{Driver: "cdc_ether", Speed: "super"}
	for _, tt := range []struct {
		name    string
		samples []sample
		want    int
	}{
		{"nothing yet", nil, 0},
		{"in the first", []sample{high, super}, 0},
		{"in the second", []sample{high, super, high}, 1},
		{"in the third", []sample{high, super, high, super, high, super}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := whole(tt.samples); got != tt.want {
				t.Errorf("got %d whole rounds, want %d", got, tt.want)
			}
		})
	}
}
