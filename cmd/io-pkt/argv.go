package main

import (
	"fmt"
	"path/filepath"
	"strings"
)

// letters are the options, in getopt(3)'s notation: those of QNX 6.4 to 7.1
// together. A colon follows a letter that takes a value.
const letters = "d:p:i:t:P:U:q:r:u:w:vSDI"

// A module is a driver or protocol with its options: one -d or -p.
type module struct {
	name    string
	options string // one word, "" when there is none
}

// arguments is a command line, taken apart.
type arguments struct {
	program   string // base name of argv[0]
	drivers   []module
	protocols []module
	// values are the options with a value other than -d and -p, the last one of
	// each letter.
	values map[byte]string
	// flags are the options without a value.
	flags map[byte]bool
	// complaints are what getopt says to standard error. Start-up goes on.
	complaints []string
}

// parseArgv takes a command line apart; argv[0] is the program's name. Nothing in
// it is an error: QNX complains about unknown letters and skips stray operands.
//
// It is not getopt's grammar alone (internal/getopt): the word after the argument of -d or -p
// holds the options of that driver or protocol, unless it begins with "-".
func parseArgv(argv []string) arguments {
	a := arguments{values: make(map[byte]string), flags: make(map[byte]bool)}
	if len(argv) == 0 {
		return a
	}
	a.program = filepath.Base(argv[0])
	for words := argv[1:]; len(words) > 0; {
		word := words[0]
		words = words[1:]
		if len(word) < 2 || word[0] != '-' || word == "--" {
			continue // a stray operand
		}
		words = a.cluster(word[1:], words)
	}
	return a
}

// cluster takes one word of options, "vS" or "vdecm", and gives the words that
// are left after it.
func (a *arguments) cluster(cluster string, words []string) []string {
	for i := range len(cluster) {
		letter := cluster[i]
		place := strings.IndexByte(letters, letter)
		switch {
		case letter == ':' || place < 0:
			a.complain("unknown option -- %c", letter)
			continue
		case place+1 == len(letters) || letters[place+1] != ':':
			a.flags[letter] = true
			continue
		}
		// The value is the rest of this word, or the next one whatever it is.
		value := cluster[i+1:]
		if value == "" {
			if len(words) == 0 {
				a.complain("option requires an argument -- %c", letter)
				return nil
			}
			value, words = words[0], words[1:]
		}
		return a.take(letter, value, words)
	}
	return words
}

// take stores an option with a value, and with the options word that -d and -p
// may have after it.
func (a *arguments) take(letter byte, value string, words []string) []string {
	if letter != 'd' && letter != 'p' {
		a.values[letter] = value
		return words
	}
	m := module{name: value}
	if len(words) > 0 && !strings.HasPrefix(words[0], "-") {
		m.options, words = words[0], words[1:]
	}
	if letter == 'd' {
		a.drivers = append(a.drivers, m)
	} else {
		a.protocols = append(a.protocols, m)
	}
	return words
}

func (a *arguments) complain(format string, letter byte) {
	a.complaints = append(a.complaints, fmt.Sprintf("%s: "+format, a.program, letter))
}
