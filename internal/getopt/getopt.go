// Package getopt splits a command line as getopt(3) does on QNX: single letters,
// in clusters (-bdu), values glued (-r2) or in the next word (-alr 10), up to the
// first operand or "--". It keeps the order and the repeats, on which the
// originals' meaning sometimes depends, and it stops at the first operand, since
// what follows it may begin with a dash and be no option: ifconfig ecm0 -alias.
package getopt

import (
	"fmt"
	"strings"
)

// An Option is one option in its place on the command line.
type Option struct {
	Letter rune
	Value  string // empty for an option that takes none
}

// An Error is an option that cannot be used.
type Error struct {
	Letter  rune
	Missing bool // its value is missing; else it is unknown
}

func (e *Error) Error() string {
	if e.Missing {
		return fmt.Sprintf("option requires an argument -- %c", e.Letter)
	}
	return fmt.Sprintf("unknown option -- %c", e.Letter)
}

// Parse splits args, which do not include the command's name. In letters, each
// option that takes a value is followed by a colon: "lpr:s:". The error is an
// *Error; the options before it are returned too.
func Parse(args []string, letters string) (options []Option, operands []string, err error) {
	for len(args) > 0 {
		word := args[0]
		if word == "--" {
			return options, args[1:], nil
		}
		if len(word) < 2 || word[0] != '-' {
			break
		}
		args = args[1:]
		for i, c := range word[1:] {
			known, valued := find(letters, c)
			if !known {
				return options, nil, &Error{Letter: c}
			}
			if !valued {
				options = append(options, Option{Letter: c})
				continue
			}
			value := word[1+i+len(string(c)):]
			if value == "" {
				if len(args) == 0 {
					return options, nil, &Error{Letter: c, Missing: true}
				}
				value, args = args[0], args[1:]
			}
			options = append(options, Option{c, value})
			break
		}
	}
	return options, args, nil
}

// find looks a letter up.
func find(letters string, c rune) (known, valued bool) {
	i := strings.IndexRune(letters, c)
	if i < 0 || c == ':' || c >= 0x80 {
		return false, false
	}
	return true, strings.HasPrefix(letters[i+1:], ":")
}
