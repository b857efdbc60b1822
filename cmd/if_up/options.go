package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"io-pkt/internal/getopt"
)

// options are what the command line asks for.
type options struct {
	all, present, link bool
	inet6, global      bool // an inet6 address counts, and no link-local one
	retries            int
	pause              time.Duration
	interfaces         []string
}

var errNoInterface = errors.New("no interface named")

// parseOptions reads the command line. It is split by hand, not by kong, because
// of -s and -m the last one counts.
func parseOptions(args []string) (options, error) {
	o := options{retries: 5, pause: time.Second}
	given, operands, err := getopt.Parse(args, "6ailpr:s:m:")
	if err != nil {
		return o, err
	}
	for _, g := range given {
		switch g.Letter {
		case 'a':
			o.all = true
		case 'p':
			o.present = true
		case 'l':
			o.link = true
		case '6':
			o.inet6 = true
		case 'i':
			o.global = true
		default:
			n, err := strconv.ParseInt(g.Value, 0, 32)
			if err != nil || n < 0 {
				return o, fmt.Errorf("-%c %s: bad value", g.Letter, g.Value)
			}
			o.number(g.Letter, int(n))
		}
	}
	switch {
	case len(operands) == 0:
		return o, errNoInterface
	case o.global && !o.inet6:
		return o, errors.New("-i needs -6")
	}
	o.interfaces = operands
	return o, nil
}

func (o *options) number(letter rune, n int) {
	switch letter {
	case 'r':
		o.retries = n
	case 's':
		o.pause = time.Duration(n) * time.Second
	case 'm':
		o.pause = time.Duration(n) * time.Millisecond
	}
}

// limit is how long to wait at most.
func (o options) limit() time.Duration {
	if o.retries > 0 && o.pause > math.MaxInt64/time.Duration(o.retries) {
		return math.MaxInt64
	}
	return time.Duration(o.retries) * o.pause
}
