package modem

import (
	"strconv"
	"strings"
)

// A kind is what is asked of a command (V.250, 5.4).
type kind int

const (
	do   kind = iota // +CSQ, E0
	set              // +CMEE=1
	read             // +CMEE?
	test             // +CMEE=?
)

// A command is one command of a line.
type command struct {
	name string // in upper case: "E", "&F", "D", "+CSQ"
	kind kind
	args []string // without their quotes
}

// extended are the characters that extended commands begin with. V.250 has "+";
// the others are manufacturers'.
const extended = "+^#$%*"

// nextCommand cuts the first command off a line that has lost its AT. found is
// false at the end of the line.
func nextCommand(line string) (c command, rest string, found bool) {
	line = strings.TrimLeft(line, " ;")
	if line == "" {
		return c, "", false
	}
	if strings.IndexByte(extended, line[0]) >= 0 {
		c, rest = extendedCommand(line)
	} else {
		c, rest = basicCommand(line)
	}
	return c, rest, true
}

// extendedCommand takes a name, what is asked of it, and values up to ";".
func extendedCommand(line string) (c command, rest string) {
	end := endOfCommand(line)
	text, rest := strings.TrimRight(line[:end], " "), line[end:]
	name, values, hasValues := strings.Cut(text, "=")
	switch {
	case hasValues && values == "?":
		c.kind = test
	case hasValues:
		c.kind, c.args = set, arguments(values)
	case strings.HasSuffix(name, "?"):
		c.kind, name = read, name[:len(name)-1]
	}
	c.name = strings.ToUpper(strings.TrimSpace(name))
	return c, rest
}

// endOfCommand finds the ";" that ends a command, or the end of the line. Those
// within quotes do not count.
func endOfCommand(line string) int {
	quoted := false
	for i := range len(line) {
		switch {
		case line[i] == '"':
			quoted = !quoted
		case line[i] == ';' && !quoted:
			return i
		}
	}
	return len(line)
}

// arguments takes values apart at their commas.
func arguments(values string) (args []string) {
	quoted, begin := false, 0
	for i := range len(values) {
		switch {
		case values[i] == '"':
			quoted = !quoted
		case values[i] == ',' && !quoted:
			args = append(args, unquote(values[begin:i]))
			begin = i + 1
		}
	}
	return append(args, unquote(values[begin:]))
}

func unquote(s string) string { return strings.Trim(strings.TrimSpace(s), `"`) }

// basicCommand takes a letter, perhaps with & before it, and a number (V.250,
// 5.3.1). Dialing takes the rest of the line.
func basicCommand(line string) (c command, rest string) {
	n := 1
	if line[0] == '&' && len(line) > 1 {
		n = 2
	}
	c.name = strings.ToUpper(line[:n])
	if c.name == "D" {
		c.args = []string{strings.TrimSpace(line[n:])}
		return c, ""
	}
	end := n
	for end < len(line) && line[end] >= '0' && line[end] <= '9' {
		end++
	}
	if end > n {
		c.kind, c.args = set, []string{line[n:end]}
	}
	return c, line[end:]
}

// arg gives an argument, "" when it is not there.
func (c command) arg(i int) string {
	if i >= len(c.args) {
		return ""
	}
	return c.args[i]
}

// number gives an argument as a number, def when it is empty.
func (c command) number(i, def, low, high int) (n int, good bool) {
	s := c.arg(i)
	if s == "" {
		return def, def >= low && def <= high
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= low && n <= high
}
