package main

import (
	"math"
	"strings"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, tt := range []struct {
		name   string
		values []float64
		want   float64
	}{
		{"one", []float64{3}, 3},
		{"odd", []float64{9, 1, 5}, 5},
		{"even", []float64{4, 1, 2, 100}, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			first := tt.values[0]
			if got := median(tt.values); got != tt.want {
				t.Errorf("got %g, want %g", got, tt.want)
			}
			if tt.values[0] != first {
				t.Error("the values have been sorted where they are")
			}
		})
	}
	if got := median(nil); !math.IsNaN(got) {
		t.Errorf("of nothing: got %g, want NaN", got)
	}
}

func TestRound(t *testing.T) {
	for v, want := range map[float64]float64{0: 0, 80.49802903094499: 80.498, 123456: 123460, 0.00012345678: 0.00012346, -2.000001: -2, 5e-324: 0} {
		if got := round(v); got != want {
			t.Errorf("round(%g) = %g, want %g", v, got, want)
		}
	}
}

func TestMet(t *testing.T) {
	base := newSeries("cdc_ether", []float64{100})
	for _, tt := range []struct {
		name string
		goal float64
		less bool
		ours float64
		want bool
	}{
		{"fast enough", 1, false, 100, true},
		{"too slow", 1, false, 99, false},
		{"cheap enough", 1.2, true, 120, true},
		{"too dear", 1.2, true, 121, false},
		{"no goal", 0, true, 1000, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := Figure{Goal: tt.goal, Less: tt.less}.compared(newSeries(ours, []float64{tt.ours}), base)
			if got := f.Met(); got != tt.want {
				t.Errorf("ratio %g, goal %g: met %v, want %v", f.Ratio, f.Goal, got, tt.want)
			}
		})
	}
}

func TestRatios(t *testing.T) {
	f := Figure{}.compared(newSeries(ours, []float64{10, 30, 20}), newSeries("cdc_ether", []float64{10, 20, 0}))
	if low, high := f.ratios(); low != 1 || high != 2 || f.Ratio != 2 {
		t.Errorf("got %g … %g, median %g; want 1 … 2, 2", low, high, f.Ratio)
	}
	zero := Figure{}.compared(newSeries(ours, []float64{10}), newSeries("cdc_ether", []float64{0}))
	if zero.Ratio != 0 {
		t.Errorf("ratio to nothing: got %g, want none", zero.Ratio)
	}
}

// What a script has written comes out as figures, in turns, and what is missing is
// told.
func TestFigures(t *testing.T) {
	var samples []sample
	for _, line := range []string{
		tcp("cdc_ether", 1, 2), tcp(ours, 1, 1), tcp("cdc_ether", 1, 2), tcp(ours, 1, 3),
		tcp("cdc_ether", 2, 1), tcp(ours, 2, 1),
	} {
		s, err := parseSample([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		samples = append(samples, s)
	}
	b := bench{progress: t.Output()}
	figures := b.figures("scale", samples)
	if len(figures) != 6 {
		t.Fatalf("got %d figures, want 3 each of 1 and of 2 gadgets: %+v", len(figures), figures)
	}
	f := figures[2]
	if f.Part != "scale" || f.Group != "1 gadget" || f.Name != "processor, TCP out" || f.Base.Of != "cdc_ether" {
		t.Errorf("got %+v", f)
	}
	if f.Ours.Median != 2000 || f.Ours.Min != 1000 || f.Ours.Max != 3000 || f.Ratio != 1 {
		t.Errorf("got %+v, ratio %g; want 2000 (1000 … 3000), 1", f.Ours, f.Ratio)
	}
	if len(b.failures) != 6 || !strings.Contains(b.failures[0], "TCP in, in sum") {
		t.Errorf("got the failures %q; want six about what was not measured", b.failures)
	}
}
