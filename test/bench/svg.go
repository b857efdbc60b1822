package main

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// A canvas is an SVG picture in the making. Coordinates are pixels; what things
// look like is the style sheet's, by class.
type canvas struct{ body strings.Builder }

func (c *canvas) put(format string, args ...any) { fmt.Fprintf(&c.body, format+"\n", args...) }

// text writes a line whose anchor is "start", "middle" or "end".
func (c *canvas) text(x, y float64, anchor, class, s string) {
	c.put(`<text x="%.1f" y="%.1f" text-anchor="%s" class="%s">%s</text>`, x, y, anchor, class, escape(s))
}

func (c *canvas) line(x1, y1, x2, y2 float64, class string) {
	c.put(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="%s"/>`, x1, y1, x2, y2, class)
}

func (c *canvas) rect(x, y, w, h float64, class string) {
	c.put(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="2" class="%s"/>`, x, y, w, h, class)
}

// dot draws a disk that tells more when it is pointed at.
func (c *canvas) dot(x, y, r float64, class, title string) {
	c.put(`<circle cx="%.1f" cy="%.1f" r="%.1f" class="%s"><title>%s</title></circle>`, x, y, r, class, escape(title))
}

// polyline joins points.
func (c *canvas) polyline(points [][2]float64, class string) {
	words := make([]string, len(points))
	for i, p := range points {
		words[i] = fmt.Sprintf("%.1f,%.1f", p[0], p[1])
	}
	c.put(`<polyline points="%s" class="%s"/>`, strings.Join(words, " "), class)
}

// document gives the whole picture, on a page of its own color: it is to be read
// on light and on dark ground.
func (c *canvas) document(width, height float64, title string) string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img">
<title>%s</title>
<style>%s</style>
<rect width="100%%" height="100%%" rx="8" class="page"/>
%s</svg>
`, width, height, width, height, escape(title), style, c.body.String())
}

func escape(s string) string {
	var b strings.Builder
	// A Builder never fails.
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

// style has the colors twice: as they are, and for readers whose screen is dark.
const style = `
text { font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328 }
.h1 { font-size: 22px; font-weight: 600 }
.h2 { font-size: 15px; font-weight: 600 }
.soft { fill: #59636e; font-size: 12px }
.page { fill: #ffffff }
.zone { fill: #eef6f0 }
.grid { stroke: #d8dee4; stroke-width: 1 }
.axis { stroke: #59636e; stroke-width: 1.5 }
.goal { stroke: #59636e; stroke-width: 1.5; stroke-dasharray: 2 2 }
.good { fill: #1a7f37 } .goodline { stroke: #1a7f37 }
.bad { fill: #bc4c00 } .badline { stroke: #bc4c00 }
.plain { fill: #57606a } .plainline { stroke: #57606a }
.ours { fill: #0969da } .oursline { stroke: #0969da }
.base { fill: #9aa4ae } .baseline { stroke: #9aa4ae }
.goodline, .badline, .plainline { stroke-width: 4; stroke-linecap: round; stroke-opacity: .35 }
.oursline, .baseline { stroke-width: 2.5; fill: none }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.soft { fill: #9198a1 }
.page { fill: #0d1117 }
.zone { fill: #12261a }
.grid { stroke: #2a313a }
.axis, .goal { stroke: #9198a1 }
.good { fill: #3fb950 } .goodline { stroke: #3fb950 }
.bad { fill: #f0883e } .badline { stroke: #f0883e }
.plain { fill: #9198a1 } .plainline { stroke: #9198a1 }
.ours { fill: #4493f8 } .oursline { stroke: #4493f8 }
.base { fill: #6e7681 } .baseline { stroke: #6e7681 }
}
`
