package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"io-pkt/internal/process"
)

// A column is one of a line's.
type column struct {
	title  string
	width  int  // 0 for as long as it is
	left   bool // text begins at the left, and of a long one the end is shown
	thread bool // it is about a thread
	text   func(p process.Process, t process.Thread) string
}

// columns are those of QNX, by their letters, with its widths.
var columns = map[byte]column{
	'a': {"pid", 8, false, false, func(p process.Process, _ process.Thread) string { return strconv.Itoa(p.ID) }},
	'b': {"tid", 3, false, true, func(_ process.Process, t process.Thread) string { return strconv.Itoa(t.ID) }},
	'e': {"ppid", 8, false, false, func(p process.Process, _ process.Thread) string { return strconv.Itoa(p.Parent) }},
	'N': {"name", 18, true, false, func(p process.Process, _ process.Thread) string { return p.Name() }},
	'n': {"name", 18, true, false, func(p process.Process, _ process.Thread) string { return p.Args[0] }},
	'h': {"thread name", 20, true, true, func(_ process.Process, t process.Thread) string { return t.Name }},
	'p': {"prio", 4, false, true, func(_ process.Process, t process.Thread) string { return t.Priority().String() }},
	'J': {"STATE", 11, true, true, func(_ process.Process, t process.Thread) string { s, _ := t.State(); return s }},
	'B': {"Blocked", 0, true, true, func(_ process.Process, t process.Thread) string { _, b := t.State(); return b }},
	'T': {"threads", 7, false, false, func(p process.Process, _ process.Thread) string { return strconv.Itoa(len(p.Threads)) }},
	'A': {"Arguments", 0, true, false, func(p process.Process, _ process.Thread) string { return strings.Join(p.Args, " ") }},
}

// show prints the table.
func show(w io.Writer, list []column, processes []process.Process) {
	titles := make([]string, len(list))
	for i, c := range list {
		titles[i] = c.title
	}
	line(w, list, titles)
	perThread := slices.ContainsFunc(list, func(c column) bool { return c.thread })
	for _, p := range processes {
		threads := p.Threads
		if !perThread {
			threads = make([]process.Thread, 1)
		}
		for _, t := range threads {
			texts := make([]string, len(list))
			for i, c := range list {
				texts[i] = c.text(p, t)
			}
			line(w, list, texts)
		}
	}
}

// line prints texts in their columns.
func line(w io.Writer, list []column, texts []string) {
	var b strings.Builder
	for i, c := range list {
		if i > 0 {
			b.WriteByte(' ')
		}
		text := printable(texts[i])
		switch {
		case c.left && c.width > 0 && len(text) > c.width:
			b.WriteString(text[len(text)-c.width:])
		case c.left && c.width > 0:
			fmt.Fprintf(&b, "%-*s", c.width, text)
		default:
			fmt.Fprintf(&b, "%*s", c.width, text)
		}
	}
	fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
}

// printable keeps a process from writing to the terminal of whoever looks: its
// name and arguments are its own to choose.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}

// info prints the machine.
func info(w io.Writer, list []process.Process) int {
	var (
		name   unix.Utsname
		system unix.Sysinfo_t
	)
	_, _ = unix.Uname(&name), unix.Sysinfo(&system) // neither fails
	const mega = 1 << 20
	unit := uint64(system.Unit)
	threads := 0
	for _, p := range list {
		threads += len(p.Threads)
	}
	up := time.Now().Add(-time.Duration(system.Uptime) * time.Second).UTC()
	fmt.Fprintf(w, "CPU:%s Release:%s  FreeMem:%dMb/%dMb BootTime:%s\n", strings.ToUpper(unix.ByteSliceToString(name.Machine[:])),
		unix.ByteSliceToString(name.Release[:]), system.Freeram*unit/mega, system.Totalram*unit/mega,
		up.Format("Jan 02 15:04:05 MST 2006"))
	fmt.Fprintf(w, "Processes: %d, Threads: %d\n", len(list), threads)
	for n := range runtime.NumCPU() {
		fmt.Fprintf(w, "Processor%d: %s\n", n+1, unix.ByteSliceToString(name.Machine[:]))
	}
	return 0
}
