package boot

import (
	"fmt"
	"html"
	"math"
	"strings"
	"time"
)

// Measures of the picture, in pixels.
const (
	svgRow    = 22  // height of a line
	svgText   = 400 // where the bars begin
	svgBars   = 720 // and how wide they are together
	svgTop    = 64
	svgMargin = 16
	svgChars  = 52 // that fit into the text's width
)

// svgStyle has a color for each kind, for screens that are bright or dark.
const svgStyle = `<style>
svg { background: #fff; font: 12px ui-monospace, "DejaVu Sans Mono", Consolas, monospace }
text { fill: #24292f } .dim { fill: #6e7781 } .grid { stroke: #d8dee4 } .zebra { fill: #f6f8fa }
.internal { fill: #8c959f } .wait { fill: #d4a72c } .program { fill: #0969da } .background { fill: #2da44e } .stub { fill: #a475f9 }
.failed { fill: #cf222e } .left { opacity: .35 }
@media (prefers-color-scheme: dark) {
svg { background: #0d1117 } text { fill: #e6edf3 } .dim { fill: #8d96a0 } .grid { stroke: #30363d } .zebra { fill: #151b23 } }
</style>
`

// SVG gives the timeline as a picture: a row for each line, with a bar from its
// start to its end. What ran until the end of the run fades there.
func (t Timeline) SVG() string {
	var b strings.Builder
	total := max(t.Total, time.Millisecond)
	height := svgTop + len(t.Events)*svgRow + svgMargin
	bottom := height - svgMargin
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%[1]d\" height=\"%[2]d\" viewBox=\"0 0 %[1]d %[2]d\">\n",
		svgText+svgBars+6*svgMargin, height)
	b.WriteString(svgStyle)
	svgLegend(&b)
	step := svgStep(total)
	for at := time.Duration(0); at <= total; at += step {
		x := svgX(at, total)
		fmt.Fprintf(&b, "<path class=\"grid\" d=\"M%.1f %dV%d\"/>", x, svgTop-6, bottom)
		fmt.Fprintf(&b, "<text class=\"dim\" text-anchor=\"middle\" x=\"%.1f\" y=\"%d\">%s</text>\n", x, svgTop-10, at)
	}
	for i, e := range t.Events {
		e.svg(&b, i, total)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// svgLegend tells which color is what.
func svgLegend(b *strings.Builder) {
	x := svgText
	for _, name := range []string{"internal", "wait", "program", "background", "stub", "failed"} {
		fmt.Fprintf(b, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"10\" height=\"10\" rx=\"2\"/>", name, x, svgMargin)
		fmt.Fprintf(b, "<text class=\"dim\" x=\"%d\" y=\"%d\">%s</text>\n", x+15, svgMargin+9, name)
		x += 15 + 8*len(name) + 20
	}
}

// svg draws one row.
func (e Event) svg(b *strings.Builder, row int, total time.Duration) {
	y := svgTop + row*svgRow
	class, note := e.Kind.String(), svgTook(e.End-e.Start)
	if e.Failure != "" {
		class, note = "failed", note+"  "+e.Failure
	}
	if e.Left {
		class, note = class+" left", "→"
	}
	if row%2 == 0 {
		fmt.Fprintf(b, "<rect class=\"zebra\" x=\"0\" y=\"%d\" width=\"%d\" height=\"%d\"/>", y, svgText+svgBars+6*svgMargin, svgRow)
	}
	text := e.Text
	if r := []rune(text); len(r) > svgChars {
		text = string(r[:svgChars-1]) + "…"
	}
	fmt.Fprintf(b, "<g><title>line %d: %s\n%s, from %s to %s</title>", e.Line, svgEscape(e.Text), e.Kind, e.Start, e.End)
	fmt.Fprintf(b, "<text x=\"%d\" y=\"%d\">%s</text>", svgMargin, y+15, svgEscape(text))
	from, to := svgX(e.Start, total), svgX(e.End, total)
	width := max(to-from, 2)
	fmt.Fprintf(b, "<rect class=\"%s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"3\"/>", class, from, y+5, width, svgRow-10)
	x, anchor := from+width+6, "start"
	if x > svgText+svgBars*2/3 {
		x, anchor = from-6, "end" // else it may leave the picture
	}
	fmt.Fprintf(b, "<text class=\"dim\" text-anchor=\"%s\" x=\"%.1f\" y=\"%d\">%s</text></g>\n", anchor, x, y+15, svgEscape(note))
}

func svgX(at, total time.Duration) float64 {
	return svgText + svgBars*at.Seconds()/total.Seconds()
}

func svgTook(d time.Duration) string {
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= 10*time.Millisecond:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}

// svgStep gives the distance of grid lines, 1, 2 or 5 of a power of ten, so that
// there are some eight of them.
func svgStep(total time.Duration) time.Duration {
	raw := float64(total) / 8
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= raw {
			return time.Duration(m * power)
		}
	}
	return time.Duration(10 * power)
}

// svgEscape makes a text harmless, and one that XML can have.
func svgEscape(s string) string {
	return html.EscapeString(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0xfffe || r == 0xffff {
			return '?'
		}
		return r
	}, s))
}
