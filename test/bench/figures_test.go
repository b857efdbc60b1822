package main

import (
	"fmt"
	"regexp"
	"slices"
	"testing"
)

// Each row shows what its name says, in its unit, and has its goal.
func TestRows(t *testing.T) {
	r := result{rate: 800e6, slowest: 300e6, cost: 1.5, carried: 16e3, packets: 12e3, loss: 0.25, rtt: 0.4, within: 7}
	const rates, costs, times = "800 Mb/s, more, ≥ 1.00 met", "1.5 s/GB, less, ≤ 1.20 met", "0.4 ms, less, ≤ 1.25 met"
	compared := [][2]string{
		{"^TCP (out|in|both), [18] flows?$", rates},
		{"^TCP out over 40 ms, [18] flows?$", rates},
		{"^processor, TCP (out|in|both), [18] flows?$", costs},
		{"^round trip, (idle|loaded)$", times},
		{"^round trip within TCP out, [18] flows?$", "7 ms, less"},
	}
	small := [][2]string{
		{"^64 bytes of UDP (out|in)$", "12 1000/s, more"},
		{"^carried of them, (out|in)$", "16 1000/s, more"},
		{"^lost of them, (out|in)$", "25 %, less"},
	}
	scaled := [][2]string{
		{"^TCP (out|in), in sum$", "800 Mb/s, more"},
		{"^TCP (out|in), the slowest$", "300 Mb/s, more"},
		{"^processor, TCP (out|in)$", "1.5 s/GB, less"},
	}
	for _, tt := range []struct {
		part  string
		count int
		want  [][2]string
	}{
		{"compare", 24, slices.Concat(compared, small)},
		{"count", 12, compared},
		{"scale", 6, scaled},
		{"growth", 6, scaled},
		{"slow", 4, [][2]string{{"^TCP out, [18] flows?$", "800 Mb/s, more"}, {"^round trip beside [18] flows?$", times}}},
		{"floor", 7, [][2]string{{"^TCP ", "800 Mb/s, more"}, {"^processor, TCP ", "1.5 s/GB, less"}, {"^round trip$", "0.4 ms, less"}}},
	} {
		t.Run(tt.part, func(t *testing.T) {
			rows := rowsOf(tt.part, []sample{{Speed: "high", Gadgets: 1}})
			if len(rows) != tt.count {
				t.Errorf("%d rows, want %d", len(rows), tt.count)
			}
			for _, row := range rows {
				i := slices.IndexFunc(tt.want, func(w [2]string) bool { return regexp.MustCompile(w[0]).MatchString(row.Name) })
				if i < 0 {
					t.Errorf("nobody expects %q", row.Name)
				} else if got := shown(row, r); got != tt.want[i][1] {
					t.Errorf("%s: got %s, want %s", row.Name, got, tt.want[i][1])
				}
			}
		})
	}
}

// shown is what a row makes of a result, which both drivers have.
func shown(row row, r result) string {
	text := fmt.Sprintf("%g %s, more", row.value(r), row.Unit)
	if row.Less {
		text = fmt.Sprintf("%g %s, less", row.value(r), row.Unit)
	}
	one := newSeries(ours, []float64{1})
	if goal := goal(row.compared(one, one)); goal != "" {
		text += ", " + goal
	}
	return text
}
