package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"io-pkt/internal/getopt"
)

// options are what the command line asks for.
type options struct {
	columns []column
	only    []string // processes, by name or number
	info    bool
}

// shorthands stand for formats ("pidin", 7.0). The beginning of one is enough.
var shorthands = []struct{ name, format string }{
	{"arguments", "%a %A"},
	{"info", ""},
	{"threads", "%a %b %N %h %p %J %B"},
}

// ordinary is what is shown when the command line does not say.
const ordinary = "%a %b %N %p %J %B"

func parseOptions(args []string) (options, error) {
	var o options
	format := ordinary
	for len(args) > 0 {
		given, words, err := getopt.Parse(args, "F:f:p:d:o:kv")
		if err != nil {
			return o, err
		}
		for _, g := range given {
			switch g.Letter {
			case 'p':
				o.only = append(o.only, g.Value)
			case 'F':
				format = g.Value
			case 'f':
				format = "%" + strings.Join(strings.Split(g.Value, ""), " %")
			}
		}
		if args = words; len(args) > 0 { // options may follow a shorthand
			i, err := shorthand(args[0])
			if err != nil {
				return o, err
			}
			format, o.info = shorthands[i].format, shorthands[i].name == "info"
			args = args[1:]
		}
	}
	if o.info {
		return o, nil
	}
	var err error
	o.columns, err = parseFormat(format)
	return o, err
}

// shorthand finds the one that begins with the word.
func shorthand(word string) (int, error) {
	for i, s := range shorthands {
		if word != "" && strings.HasPrefix(s.name, word) {
			return i, nil
		}
	}
	return 0, fmt.Errorf("unknown shorthand %q", word)
}

// widest bounds a column.
const widest = 1000

// parseFormat reads "%a %20N".
func parseFormat(format string) ([]column, error) {
	var list []column
	for word := range strings.FieldsFuncSeq(format, func(r rune) bool { return r == ' ' || r == '%' }) {
		letter := word[len(word)-1]
		c, ok := columns[letter]
		if !ok {
			return nil, fmt.Errorf("unknown format %q", word)
		}
		if digits := word[:len(word)-1]; digits != "" {
			n, err := strconv.ParseUint(digits, 10, 16)
			if err != nil || n == 0 || n > widest {
				return nil, fmt.Errorf("bad width in %q", word)
			}
			c.width = int(n)
		}
		list = append(list, c)
	}
	if list == nil {
		return nil, errors.New("the format is empty")
	}
	return list, nil
}
