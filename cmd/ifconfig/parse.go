package main

import (
	"fmt"
	"strings"
)

// maxName is where the original's buffer for an interface name ends.
const maxName = 29

// A line is what stands behind the options, taken apart and not yet judged:
//
//	interface [create] [address_family] [word [argument ...]] ...
type line struct {
	iface  string
	create bool
	family string // empty when left out, which means inet for what changes something
	words  []word
}

// A word is an entry of the table with the words that belong to it. An address's
// own text is its argument.
type word struct {
	*entry
	args []string
}

// families are the address families of the original, and whether they are here.
var families = map[string]bool{"inet": true, "inet6": true, "link": true, "atalk": false, "iso": false}

// parseLine takes the words behind the interface apart. What it gives with an
// error is what stood before the error.
func parseLine(iface string, args []string) (line, error) {
	l := line{iface: iface}
	if len(args) > 0 && args[0] == "create" {
		l.create, args = true, args[1:]
	}
	if len(args) > 0 {
		if _, ok := families[args[0]]; ok {
			l.family, args = args[0], args[1:]
		}
	}
	unknown := source
	for len(args) > 0 {
		name := args[0]
		args = args[1:]
		e := find(name, l.family)
		if e == nil {
			l.words = append(l.words, word{unknown, []string{name}})
			unknown = destination
			continue
		}
		if len(args) < e.args {
			if e.args == 1 {
				return l, fmt.Errorf("'%s' requires argument", name)
			}
			return l, fmt.Errorf("'%s' requires %d arguments", name, e.args)
		}
		l.words = append(l.words, word{e, args[:e.args:e.args]})
		args = args[e.args:]
	}
	return l, nil
}

// String spells the line out again.
func (l line) String() string {
	words := []string{l.iface}
	if l.create {
		words = append(words, "create")
	}
	if l.family != "" {
		words = append(words, l.family)
	}
	for _, w := range l.words {
		if w.entry != source && w.entry != destination {
			words = append(words, w.name)
		}
		words = append(words, w.args...)
	}
	return strings.Join(words, " ")
}
