package main

import (
	"errors"
	"fmt"
	"time"

	"io-pkt/internal/getopt"
	"io-pkt/internal/waitfor"
)

// options are what the command line asks for.
type options struct {
	verb      string // run, check
	file      string
	root      string
	stubs     string
	timelines []string
	simulate  *string
	command   string
	limit     time.Duration // 0: none
}

// letters are the options of each verb.
var letters = map[string]string{"run": "c:r:s:t:u:w:", "check": "s:"}

func parseOptions(args []string) (o options, err error) {
	if len(args) == 0 {
		return o, errors.New("no command named")
	}
	o.verb = args[0]
	if letters[o.verb] == "" {
		return o, fmt.Errorf("unknown command %s", o.verb)
	}
	given, operands, err := getopt.Parse(args[1:], letters[o.verb])
	if err != nil {
		return o, err
	}
	for _, g := range given {
		switch g.Letter {
		case 'c':
			o.command = g.Value
		case 'r':
			o.root = g.Value
		case 's':
			o.stubs = g.Value
		case 't':
			o.timelines = append(o.timelines, g.Value)
		case 'u':
			o.simulate = &g.Value
		case 'w':
			if o.limit = waitfor.Seconds(g.Value); o.limit == 0 {
				return o, fmt.Errorf("-w %s: bad value", g.Value)
			}
		}
	}
	if len(operands) != 1 {
		return o, errors.New("one file, please")
	}
	o.file = operands[0]
	return o, nil
}
