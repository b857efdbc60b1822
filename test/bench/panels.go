package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Three panels stand side by side in what is below the comparison.
const (
	panelGap    = 40.0
	panelWidth  = (chartWidth - 2*margin - 2*panelGap) / 3
	panelHeight = 150.0
)

func panelLeft(i int) float64 { return margin + float64(i)*(panelWidth+panelGap) }

// scaling draws what the number of gadgets does, and gives where to go on below.
func (c *canvas) scaling(y float64, figures []Figure) float64 {
	if len(figures) == 0 {
		return y
	}
	c.text(margin, y+14, "start", "h2", "Gadgets at once")
	c.legend(margin+180, y+14)
	for i, name := range []string{"TCP out, in sum", "TCP in, in sum", "processor, TCP out"} {
		var rows []Figure
		for _, f := range figures {
			if f.Name == name {
				rows = append(rows, f)
			}
		}
		c.curves(panelLeft(i), y+44, rows)
	}
	return y + panelHeight + 100
}

func (c *canvas) legend(x, y float64) {
	c.rect(x, y-10, 12, 12, "ours")
	c.text(x+18, y, "start", "soft", "io-pkt")
	c.rect(x+80, y-10, 12, 12, "base")
	c.text(x+98, y, "start", "soft", "cdc_ether")
}

// curves draws one panel: a line for io-pkt and one for the other, from left to
// right over the groups, with zero at the bottom.
func (c *canvas) curves(left, top float64, rows []Figure) {
	if len(rows) == 0 {
		return
	}
	highest := 0.0
	for _, f := range rows {
		highest = max(highest, f.Ours.Median, f.Base.Median)
	}
	highest = roundUp(highest)
	c.text(left, top, "start", "label", rows[0].Name+" ("+rows[0].Unit+")")
	top += 12
	x := func(i int) float64 { return left + 16 + float64(i)*(panelWidth-52)/float64(max(len(rows)-1, 1)) }
	y := func(v float64) float64 { return top + panelHeight*(1-v/highest) }
	c.line(left, top, left+panelWidth, top, "grid")
	c.line(left, top+panelHeight/2, left+panelWidth, top+panelHeight/2, "grid")
	c.line(left, top+panelHeight, left+panelWidth, top+panelHeight, "axis")
	c.text(left+panelWidth, top+12, "end", "soft", number(highest))
	c.text(left+panelWidth, top+panelHeight/2+12, "end", "soft", number(highest/2))
	var ours, base [][2]float64
	for i, f := range rows {
		ours = append(ours, [2]float64{x(i), y(f.Ours.Median)})
		base = append(base, [2]float64{x(i), y(f.Base.Median)})
		count, _, _ := strings.Cut(f.Group, " ")
		c.text(x(i), top+panelHeight+16, "middle", "soft", count)
	}
	c.polyline(base, "baseline")
	c.polyline(ours, "oursline")
	for i, f := range rows {
		c.dot(x(i), base[i][1], 3.5, "base", fmt.Sprintf("%s: %s %s", f.Base.Of, spread(*f.Base), f.Unit))
		c.dot(x(i), ours[i][1], 4.5, "ours", fmt.Sprintf("%s: %s %s", f.Ours.Of, spread(f.Ours), f.Unit))
	}
}

// roundUp gives the next number that an axis may end with; its half is round, too.
func roundUp(v float64) float64 {
	if v <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, digit := range []float64{1, 2, 3, 4, 6, 8} {
		if v <= digit*power {
			return digit * power
		}
	}
	return 10 * power
}

// A bar is a number with a name.
type bar struct {
	name  string
	value float64
	unit  string
	class string
}

// bars draws what was measured without a guest, and gives where to go on below.
func (c *canvas) bars(y float64, r Report) float64 {
	panels := []struct {
		title string
		bars  []bar
	}{
		{"Frames without USB hardware", floorBars(r.part("floor"))},
		{"How long a command takes", startBars(r.part("start"))},
		{"Memory of idle interfaces", idleBars(r.part("idle"))},
	}
	bottom := y
	column := 0
	for _, p := range panels {
		if len(p.bars) == 0 {
			continue
		}
		left := panelLeft(column)
		column++
		c.text(left, y+14, "start", "h2", p.title)
		bottom = max(bottom, c.barPanel(left, y+30, p.bars))
	}
	return bottom
}

// barPanel draws bars from the left, as long as their values are compared with
// others of the same unit.
func (c *canvas) barPanel(left, y float64, bars []bar) float64 {
	const labels = 126.0
	longest := make(map[string]float64)
	for _, b := range bars {
		longest[b.unit] = max(longest[b.unit], b.value)
	}
	for _, b := range bars {
		c.text(left, y+11, "start", "label", b.name)
		width := (panelWidth - labels - 76) * b.value / max(longest[b.unit], 1e-9)
		c.rect(left+labels, y, max(width, 1), 14, b.class)
		c.text(left+labels+width+6, y+11, "start", "soft", number(b.value)+" "+b.unit)
		y += rowHeight
	}
	return y + 16
}

func floorBars(figures []Figure) []bar {
	var bars []bar
	for _, f := range figures {
		if strings.HasPrefix(f.Name, "TCP") {
			bars = append(bars,
				bar{f.Name + ", io-pkt", f.Ours.Median, f.Unit, "ours"},
				bar{"copy loop", f.Base.Median, f.Unit, "base"})
		}
	}
	return bars
}

func startBars(figures []Figure) []bar {
	var bars []bar
	for _, f := range figures {
		bars = append(bars, bar{f.Name, f.Ours.Median, f.Unit, "ours"})
	}
	if len(figures) > 0 {
		bars = append(bars, bar{"net-tools' ifconfig", figures[0].Base.Median, figures[0].Unit, "base"})
	}
	return bars
}

func idleBars(figures []Figure) []bar {
	var bars []bar
	for _, f := range figures {
		name, what, _ := strings.Cut(f.Name, ": ")
		switch {
		case strings.HasPrefix(what, "memory (RSS)"):
			bars = append(bars, bar{name, f.Ours.Median, f.Unit, "ours"})
		case strings.HasPrefix(what, "memory for each"):
			if count, _, _ := strings.Cut(name, " "); count != strconv.Itoa(1) {
				bars = append(bars, bar{"each of " + count, f.Ours.Median, f.Unit, "plain"})
			}
		}
	}
	return bars
}
