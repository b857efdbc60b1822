package main

import (
	"math"
	"slices"
)

// A Series is what one of the two sides of a comparison gave, run by run.
type Series struct {
	Of     string    `json:"of"` // what was measured: "io-pkt", "cdc_ether"
	Values []float64 `json:"values"`
	Median float64   `json:"median"`
	Min    float64   `json:"min"`
	Max    float64   `json:"max"`
}

// newSeries makes a series of at least one value. More than five digits of one say
// nothing.
func newSeries(of string, values []float64) Series {
	rounded := make([]float64, len(values))
	for i, v := range values {
		rounded[i] = round(v)
	}
	return Series{of, rounded, round(median(rounded)), slices.Min(rounded), slices.Max(rounded)}
}

// round leaves five digits. What is next to nothing is nothing.
func round(v float64) float64 {
	if math.Abs(v) < 1e-100 {
		return 0
	}
	unit := math.Pow(10, 4-math.Floor(math.Log10(math.Abs(v))))
	return math.Round(v*unit) / unit
}

// A Figure is one row of the table: something that was measured in turns for
// io-pkt and for what it is compared with.
type Figure struct {
	Part  string `json:"part"`
	Group string `json:"group"` // what stands above its rows: "high speed"
	Name  string `json:"name"`
	Unit  string `json:"unit"`
	// Less says that less is better.
	Less bool   `json:"less,omitempty"`
	Ours Series `json:"ours"`
	// Base is nil when there is nothing to compare with.
	Base *Series `json:"base,omitempty"`
	// Ratio is io-pkt's median divided by the other's; 0 when that is nothing, too.
	Ratio float64 `json:"ratio,omitempty"`
	// Goal is the ratio that the project wants: at most that when less is better,
	// else at least. 0 is no goal.
	Goal float64 `json:"goal,omitempty"`
}

// compared completes a figure of two series; it is not to be shown when one of
// them has no values.
func (f Figure) compared(ours, base Series) Figure {
	f.Ours, f.Base = ours, &base
	if base.Median != 0 {
		f.Ratio = round(ours.Median / base.Median)
	}
	return f
}

// Met reports whether the goal is met; a figure without one meets it.
func (f Figure) Met() bool {
	switch {
	case f.Goal == 0 || f.Ratio == 0:
		return true
	case f.Less:
		return f.Ratio <= f.Goal
	}
	return f.Ratio >= f.Goal
}

// ratios gives the lowest and the highest ratio of runs that followed each other.
func (f Figure) ratios() (low, high float64) {
	low, high = f.Ratio, f.Ratio
	if f.Base == nil {
		return low, high
	}
	for i := range min(len(f.Ours.Values), len(f.Base.Values)) {
		if b := f.Base.Values[i]; b != 0 {
			low, high = min(low, f.Ours.Values[i]/b), max(high, f.Ours.Values[i]/b)
		}
	}
	return low, high
}

// median gives the middle of some values, in any order; of an even number, the
// middle between the two in the middle. It is NaN for none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}
