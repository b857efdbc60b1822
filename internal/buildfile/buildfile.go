// Package buildfile reads the buildfiles of QNX's mkifs: the list of what goes into
// an image, and in it the start-up scripts.
//
//	Parse    the text becomes a File: entries, attributes, scripts, with positions
//	Print    and a text again, of one certain shape
//	Program  the lines of all start-up scripts, in order, as they are to be run
//
// It is pure, but for what Program is given to look variables up and to read
// scripts that are in files of their own. Nothing here is started, and nothing is
// kept.
package buildfile

import (
	"fmt"
	"strings"
)

// A File is a buildfile.
type File struct {
	Name    string // for messages
	Entries []Entry
}

// An Entry is a line of it, or several for a file that is written right there.
type Entry struct {
	Pos        Pos
	Attributes []Attribute // alone, they are for all entries that follow
	Target     Word        // the name in the image; none: that of Host
	Host       Word        // the file on the machine that makes the image
	Inline     bool        // the file is written here, as Text or Script
	Text       string
	Script     *Script
}

// A Script is one that the image's first program runs, or the line that starts
// that program.
type Script struct {
	Bootstrap bool
	Lines     []Line
}

// A Line is a line of a script. Without words, its modifiers and variables are for
// all lines that follow.
type Line struct {
	Pos        Pos
	Modifiers  []Attribute
	Variables  []Variable
	Words      []Word
	Background bool // it ends in &
}

// A Variable is NAME=value.
type Variable struct {
	Name  string
	Value Word
}

// An Attribute is a word in brackets: +script, perms=0755. Modifiers of a script's
// lines look the same.
type Attribute struct {
	Once  bool // a question mark in front: unless it was set before
	Sign  byte // '+', '-', or 0 for one with a value
	Name  string
	Value Word
}

// A Word is made of parts; that is, of one, unless it has variables in it.
type Word []Part

// A Part is text, or the name of a variable.
type Part struct {
	Text     string
	Variable bool
}

// A Pos is a place in a file, counted from 1, in bytes.
type Pos struct{ Line, Column int }

func (p Pos) String() string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }

// An Error is what is wrong with a file, and where.
type Error struct {
	File string
	Pos  Pos
	Text string
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%v: %s", e.File, e.Pos, e.Text) }

// Expand gives the word's text, with what lookup says of its variables. A variable
// that is not set is nothing.
func (w Word) Expand(lookup func(name string) (string, bool)) string {
	var b strings.Builder
	for _, p := range w {
		if !p.Variable {
			b.WriteString(p.Text)
		} else if value, ok := lookup(p.Text); ok {
			b.WriteString(value)
		}
	}
	return b.String()
}
