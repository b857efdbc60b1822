package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

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
			if got, kept := whole(tt.samples); got != tt.want || len(kept) != 2*tt.want {
				t.Errorf("got %d whole rounds of %d samples, want %d", got, len(kept), tt.want)
			}
		})
	}
}

// However often a guest dies, each driver has as many runs, and those of one round stand
// at the same place.
func TestInTries(t *testing.T) {
	const rounds = 4
	deaths := []int{5, 3} // after so many samples
	taken := 0.0
	guest := func(p program) ([]sample, error) {
		var samples []sample
		taken++
		for round := range p.rounds {
			for _, driver := range []string{"cdc_ether", ours} {
				if len(deaths) > 0 && len(samples) == deaths[0] {
					deaths = deaths[1:]
					return samples, errors.New("QEMU died")
				}
				samples = append(samples, sample{Driver: driver, Gadgets: 1, Test: "rtt", Direction: "idle", Sent: 1, RTT: []float64{taken*10 + float64(round)}})
			}
		}
		return samples, nil
	}
	b := bench{progress: t.Output()}
	samples, err := b.inTries(t.Context(), program{part: "floor", rounds: rounds}, guest)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]float64{}
	for _, s := range samples {
		got[s.Driver] = append(got[s.Driver], s.RTT...)
	}
	// Two rounds are of the first guest, one is of the second, and the third does the rest.
	want := []float64{10, 11, 20, 30}
	for _, driver := range []string{"cdc_ether", ours} {
		if !slices.Equal(got[driver], want) {
			t.Errorf("%s: runs %v, want %v", driver, got[driver], want)
		}
	}
}

// Each figure of a part is made of what its guest measures.
func TestProgramMeasuresAll(t *testing.T) {
	for _, part := range []string{"compare", "count", "scale", "growth", "slow"} {
		p, ok := new(bench).program(part)
		if !ok {
			t.Fatalf("%s: no guest is for it", part)
		}
		var samples []sample
		for speed := range strings.FieldsSeq(p.speeds) {
			for gadgets := range strings.FieldsSeq(p.gadgets) {
				for _, test := range p.tests {
					samples = append(samples, sampleOf(t, test, speed, gadgets))
				}
			}
		}
		for _, row := range rowsOf(part, samples) {
			if !slices.ContainsFunc(samples, row.of) {
				t.Errorf("%s: nothing is measured for %s, %s", part, row.Group, row.Name)
			}
		}
	}
}

// sampleOf gives what one of measure.sh's tests adds, without its results.
func sampleOf(t *testing.T, test, speed, gadgets string) sample {
	t.Helper()
	words := append(strings.Fields(test), "1")
	s := sample{Driver: ours, Speed: speed, Test: words[0], Direction: words[1]}
	if s.Test == "behind" { // round trips beside so many connections
		s.Test, s.Direction, words = "rtt", "out", []string{"rtt", "out", words[1]}
	}
	for _, n := range []struct {
		word string
		to   *int
	}{{words[2], &s.Flows}, {gadgets, &s.Gadgets}} {
		if _, err := fmt.Sscan(n.word, n.to); err != nil {
			t.Fatalf("%q: %v", test, err)
		}
	}
	return s
}

// What is shown of the queue is of TCP over its long path, and of TCP's own round trip over
// the short one.
func TestQueueRows(t *testing.T) {
	rows := queueRows("high")
	results := map[string]result{"far": {rate: 3e6, within: 44}, "tcp": {rate: 5e6, within: 7}}
	var got []string
	for _, test := range []string{"tcp", "far"} {
		for _, flows := range []int{1, 8} {
			for _, row := range rows {
				if row.of(sample{Speed: "high", Test: test, Direction: "out", Flows: flows}) {
					got = append(got, fmt.Sprint(row.Name, " ", row.value(results[test])))
				}
			}
		}
	}
	want := []string{
		"round trip within TCP out, 1 flow 7", "round trip within TCP out, 8 flows 7",
		"TCP out over 40 ms, 1 flow 3", "TCP out over 40 ms, 8 flows 3",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
