package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// titles say what a part is about, in the words of a heading.
var titles = map[string]string{
	"compare": "io-pkt and the kernel's cdc_ether on the same gadget",
	"count":   "The same gadget, in a guest that counts instructions",
	"scale":   "1, 2, 4 and 8 gadgets at once",
	"growth":  "The same gadgets, in a guest that counts instructions",
	"slow":    "A device that is slow to take frames",
	"floor":   "A simulated device over USB/IP, and a loop that copies frames",
	"start":   "How long a command takes",
	"idle":    "Interfaces that are up and have nothing to do",
}

// writeTables writes a report as text that is Markdown as well: one table for
// each group of figures.
func writeTables(w io.Writer, r Report) error {
	_, err := fmt.Fprintln(w, r.caption())
	part, group := "", ""
	var table [][]string
	flush := func() {
		if err == nil && table != nil {
			_, err = io.WriteString(w, layOut(table))
		}
		table = nil
	}
	for _, f := range r.Figures {
		if f.Part != part {
			flush()
			fmt.Fprintf(w, "\n### %s\n", titles[f.Part])
		}
		if f.Part != part || f.Group != group {
			flush()
			fmt.Fprintln(w)
			if f.Group != "" {
				fmt.Fprintf(w, "%s:\n\n", upperFirst(f.Group))
			}
			table = [][]string{heading(f)}
		}
		part, group = f.Part, f.Group
		table = append(table, cells(f))
	}
	flush()
	return err
}

// caption says where the figures come from.
func (r Report) caption() string {
	kind := "A whole run"
	measured := slices.DeleteFunc(slices.Clone(parts), func(p string) bool { return len(r.part(p)) == 0 })
	if len(measured) < len(parts) {
		kind = fmt.Sprintf("A run (%s)", strings.Join(measured, ", "))
	}
	if r.Quick {
		kind = "A quick run, which is not to be relied upon,"
	}
	took := time.Duration(r.Seconds) * time.Second
	text := fmt.Sprintf("%s of %s at %s, in %s, on %d × %s, Linux %s", kind, r.Taken.Format("2006-01-02 15:04"),
		r.Commit, took, r.Machine.Processors, r.Machine.Processor, r.Machine.Kernel)
	if r.Machine.Guest != "" {
		text += ", in the guest " + r.Machine.Guest
	}
	text += fmt.Sprintf(", %s.", r.Machine.Go)
	if n := len(r.Failures); n > 0 {
		text += fmt.Sprintf(" **%s could not be measured.**", plural(n, "thing"))
	}
	return text + "\nMedians, and in brackets the lowest and the highest of the runs."
}

func heading(f Figure) []string {
	if f.Base == nil {
		return []string{"", "", f.Ours.Of}
	}
	return []string{"", "", f.Ours.Of, f.Base.Of, "ratio", "goal"}
}

func cells(f Figure) []string {
	row := []string{f.Name, f.Unit, spread(f.Ours)}
	if f.Base == nil {
		return row
	}
	return append(row, spread(*f.Base), ratio(f), goal(f))
}

// ratio shows two digits behind the point, and more where these would be the goal's
// that is missed.
func ratio(f Figure) string {
	if f.Ratio == 0 {
		return "–"
	}
	const all = 5 // of a Figure's
	digits := 2
	for digits < all && !f.Met() && decimal(f.Ratio, digits) == decimal(f.Goal, digits) {
		digits++
	}
	return decimal(f.Ratio, digits)
}

func decimal(v float64, digits int) string { return strconv.FormatFloat(v, 'f', digits, 64) }

// goal shows a figure's goal, and whether it is met.
func goal(f Figure) string {
	if f.Goal == 0 {
		return ""
	}
	sign, word := "≥", "met"
	if f.Less {
		sign = "≤"
	}
	if !f.Met() {
		word = "**missed**"
	}
	return fmt.Sprintf("%s %.2f %s", sign, f.Goal, word)
}

// spread shows a series: its median, and how far the runs were apart.
func spread(s Series) string {
	if len(s.Values) == 1 {
		return number(s.Median)
	}
	return fmt.Sprintf("%s (%s … %s)", number(s.Median), number(s.Min), number(s.Max))
}

// number shows three digits, or all of those before the point.
func number(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v < 1:
		return fmt.Sprintf("%.3f", v)
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// layOut aligns a Markdown table's columns, numbers to the right.
func layOut(table [][]string) string {
	widths := make([]int, len(table[0]))
	for _, row := range table {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell), 3)
		}
	}
	var text strings.Builder
	line := func(row []string) {
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i < 2 || i == 5 {
				fmt.Fprintf(&text, "| %s%s ", cell, pad)
			} else {
				fmt.Fprintf(&text, "| %s%s ", pad, cell)
			}
		}
		text.WriteString("|\n")
	}
	line(table[0])
	for i, width := range widths {
		if i < 2 || i == 5 {
			fmt.Fprintf(&text, "|%s", strings.Repeat("-", width+2))
		} else {
			fmt.Fprintf(&text, "|%s:", strings.Repeat("-", width+1))
		}
	}
	text.WriteString("|\n")
	for _, row := range table[1:] {
		line(row)
	}
	return text.String()
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
