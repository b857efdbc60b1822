package main

import (
	"errors"
	"slices"
	"strings"

	"io-pkt/internal/getopt"
)

// letters are the options of QNX's mount.
const letters = "abero:t:T:uvw"

// generic are the words of -o that are for file systems: they are taken out of
// what the driver sees (QNX "mount").
var generic = strings.Fields(`ro rw noexec exec nosuid suid nocreat creat noatime
	atime remount update before after opaque nostat enum enumerate implied`)

// A line is a command line, as far as it concerns io-pkt.
type line struct {
	ours    bool   // it is about io-pkt, and not for the system's mount
	kind    string // the argument of -T: "io-pkt1"
	file    bool   // it was -t: the driver must not be a file
	options string // the driver's, separated by commas
	verbose bool
	driver  string
	point   string // "/" unless one was named
}

var (
	errNoDriver = errors.New("no driver named")
	errTooMany  = errors.New("too many operands")
)

// parse reads a command line. What is wrong with it matters only when it is ours.
func parse(args []string) (line, error) {
	l := line{point: "/"}
	given, operands, err := getopt.Parse(args, letters)
	var words []string
	for _, g := range given {
		switch g.Letter {
		case 't', 'T':
			l.kind, l.file = g.Value, g.Letter == 't'
		case 'o':
			words = append(words, strings.Split(g.Value, ",")...)
		case 'v':
			l.verbose = true
		}
	}
	l.ours = strings.HasPrefix(l.kind, "io-pkt")
	words = slices.DeleteFunc(words, func(w string) bool { return w == "" || slices.Contains(generic, w) })
	l.options = strings.Join(words, ",")
	switch {
	case err != nil:
		return l, err
	case len(operands) == 0:
		return l, errNoDriver
	case len(operands) > 2:
		return l, errTooMany
	}
	l.driver = operands[0]
	if len(operands) == 2 {
		l.point = operands[1]
	}
	return l, nil
}
