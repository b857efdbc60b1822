package main

import (
	"errors"

	"io-pkt/internal/getopt"
)

// options are what the command line says.
type options struct {
	clear    bool   // -c
	hex      bool   // -h
	major    *int64 // -m, nil for all
	severity int64  // -s
	millis   bool   // -t
	wait     bool   // -w
	file     string // the operand
}

const usage = `usage: sloginfo [-chtw] [-m major] [-s severity] [file]
  -c           clear the log of all that was there; a file is removed
  -h           print numbers in hexadecimal
  -m major     print only events with this major code
  -s severity  print only events of this severity (0 to 7) or a worse one
  -t           print times with milliseconds
  -w           print what is there and then wait for more
`

var errTooMany = errors.New("more than one file")

// parse reads the arguments. Of an option that is repeated the last one counts.
func parse(args []string) (options, error) {
	o := options{severity: 7}
	given, operands, err := getopt.Parse(args, "chm:s:tw")
	if err != nil {
		return o, err
	}
	for _, g := range given {
		n, _ := getopt.Number(g.Value)
		switch g.Letter {
		case 'c':
			o.clear = true
		case 'h':
			o.hex = true
		case 'm':
			o.major = &n
		case 's':
			o.severity = n
		case 't':
			o.millis = true
		case 'w':
			o.wait = true
		}
	}
	switch len(operands) {
	case 0:
	case 1:
		o.file = operands[0]
	default:
		return o, errTooMany
	}
	return o, nil
}
