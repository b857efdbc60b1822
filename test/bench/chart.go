package main

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// The chart's measures, in pixels.
const (
	chartWidth = 1000.0
	margin     = 32.0
	rowHeight  = 22.0
)

// writeChart draws a report as an SVG picture: how io-pkt stands to cdc_ether, row
// by row, and below what else was measured. Parts that are not in the report are
// left out.
func writeChart(w io.Writer, r Report) error {
	c := new(canvas)
	title := "io-pkt, measured against the kernel's cdc_ether"
	c.text(margin, 46, "start", "h1", title)
	c.text(margin, 68, "start", "soft", r.subtitle())
	y := 92.0
	y = c.comparison(y, r.part("compare"))
	y = c.scaling(y, r.part("scale"))
	y = c.bars(y, r)
	_, err := io.WriteString(w, c.document(chartWidth, y+8, title))
	return err
}

// subtitle says in one line where the figures come from.
func (r Report) subtitle() string {
	words := []string{r.Taken.Format("2 January 2006"), r.Commit, fmt.Sprintf("%d × %s", r.Machine.Processors, r.Machine.Processor)}
	if r.Quick {
		words = append(words, "a quick run: not to be relied upon")
	}
	return strings.Join(words, " · ")
}

// part gives a part's figures.
func (r Report) part(name string) []Figure {
	var figures []Figure
	for _, f := range r.Figures {
		if f.Part == name {
			figures = append(figures, f)
		}
	}
	return figures
}

// inGroup gives the figures of a group, and groups the groups in their order.
func inGroup(figures []Figure, group string) []Figure {
	var some []Figure
	for _, f := range figures {
		if f.Group == group {
			some = append(some, f)
		}
	}
	return some
}

func groups(figures []Figure) []string {
	var names []string
	for _, f := range figures {
		if len(names) == 0 || names[len(names)-1] != f.Group {
			names = append(names, f.Group)
		}
	}
	return names
}

// The comparison's axis: how many times as good, from a third to three times.
const axisEnd = 3.0

var axisMarks = []struct {
	at   float64
	text string
}{{1.0 / 3, "⅓"}, {0.5, "½"}, {1, "as good"}, {2, "2×"}, {3, "3×"}}

// along gives where a number stands on the axis, 0 to 1. What is beyond the axis
// stands at its end.
func along(good float64) float64 {
	if !(good > 1/axisEnd) { // also when it is not a number
		return 0
	}
	return math.Log(min(good, axisEnd)*axisEnd) / (2 * math.Log(axisEnd))
}

// good turns a ratio so that more is better.
func (f Figure) good(ratio float64) float64 {
	if f.Less {
		return 1 / ratio
	}
	return ratio
}

// comparison draws a column for each group, and gives where to go on below.
func (c *canvas) comparison(y float64, figures []Figure) float64 {
	const labels, values, gap = 200.0, 124.0, 24.0
	names := groups(figures)
	if len(names) == 0 {
		return y
	}
	width := (chartWidth - 2*margin - labels) / float64(len(names))
	bottom := y
	for i, name := range names {
		left := margin + labels + float64(i)*width + gap
		plot := width - values - gap
		c.text(left, y+14, "start", "h2", upperFirst(name))
		c.text(left+plot+values, y+14, "end", "soft", "io-pkt : cdc_ether")
		row := y + 28
		rows := inGroup(figures, name)
		c.frame(left, row, plot, float64(len(rows)+1)*rowHeight)
		for n, f := range rows {
			row += rowHeight
			if i == 0 {
				c.text(margin, row+4, "start", "label", f.Name)
			}
			if n > 0 && f.Unit != rows[n-1].Unit {
				c.line(margin, row-rowHeight/2, left+plot+values, row-rowHeight/2, "grid")
			}
			c.comparisonRow(left, row, plot, f)
			c.text(left+plot+values, row+4, "end", "soft",
				fmt.Sprintf("%s : %s %s", number(f.Ours.Median), number(f.Base.Median), f.Unit))
		}
		bottom = max(bottom, row+rowHeight)
	}
	c.text(margin, bottom+34, "start", "soft",
		"To the right is better for io-pkt. A bar goes from the worst to the best round; a dashed line is the goal, and orange what misses it.")
	return bottom + 64
}

// frame draws the axis, and the zone in which io-pkt is the better.
func (c *canvas) frame(left, top, width, height float64) {
	middle := left + width*along(1)
	c.rect(middle, top, left+width-middle, height, "zone")
	for _, mark := range axisMarks {
		x := left + width*along(mark.at)
		class := "grid"
		if mark.at == 1 {
			class = "axis"
		}
		c.line(x, top, x, top+height, class)
		c.text(x, top+height+16, "middle", "soft", mark.text)
	}
}

// comparisonRow draws one figure: its range, its goal and its median.
func (c *canvas) comparisonRow(left, y, width float64, f Figure) {
	if f.Ratio == 0 {
		return // nothing to divide by: the numbers say it
	}
	at := func(ratio float64) float64 { return left + width*along(f.good(ratio)) }
	class := "plain"
	if f.Goal != 0 {
		class = "good"
		if !f.Met() {
			class = "bad"
		}
		c.line(at(f.Goal), y-rowHeight/2+2, at(f.Goal), y+rowHeight/2-2, "goal")
	}
	low, high := f.ratios()
	c.line(at(low), y, at(high), y, class+"line")
	c.dot(at(f.Ratio), y, 5, class, fmt.Sprintf("%s: %s times cdc_ether (%.2f … %.2f)", f.Name, ratio(f), low, high))
}
