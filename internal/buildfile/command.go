package buildfile

import (
	"fmt"
	"slices"
)

// A Command is a line of a start-up script, as it is to be run.
type Command struct {
	File       string
	Pos        Pos
	Text       string // the line, as it stands there
	Modifiers  Modifiers
	Set        []Setting // for this command; or, without Args, for all that follow
	Args       []string
	Background bool
	Bootstrap  bool // it is the image's first program, and has run
}

// A Setting is a variable of the environment.
type Setting struct{ Name, Value string }

func (s Setting) String() string { return s.Name + "=" + s.Value }

// Modifiers are what stands in brackets before a command; empty ones are not given.
type Modifiers struct {
	Name      string // argv0
	CPU       string
	Priority  string // pri: "10r"
	Partition string // sched_aps
	Session   bool
	Debug     bool
	External  bool // a program, though it is called like an internal command
}

// internal are the commands that a start-up script has itself, and how many
// arguments they take; -1 is any number.
var internal = map[string]struct{ least, most int }{
	"display_msg":     {0, -1},
	"procmgr_symlink": {2, 2},
	"reopen":          {0, 2},
	"sched_aps":       {2, 3},
	"waitfor":         {1, 2},
}

// Internal reports whether the command is none of a program, but of the script.
func (c Command) Internal() bool {
	if len(c.Args) == 0 || c.Modifiers.External {
		return false
	}
	_, ok := internal[c.Args[0]]
	return ok
}

// A Source is where Program finds what is not in the file itself.
type Source struct {
	// Lookup gives variables that no script has set: those of the environment.
	Lookup func(name string) (string, bool)
	// Read gives the text of a file by the name it has in the buildfile.
	Read func(name string) (string, error)
}

// Program gives the lines of all start-up scripts, in order, and before them those
// of the bootstrap, wherever that stands. An error about a line is an *Error.
func (f *File) Program(from Source) ([]Command, error) {
	r := resolver{file: f.Name, from: from, vars: make(map[string]string)}
	standing := false
	for _, e := range f.Entries {
		script, _ := scripts(e.Attributes, standing)
		if len(e.Target)+len(e.Host) == 0 {
			standing = script
			continue
		}
		var err error
		switch {
		case e.Script != nil:
			err = r.script(e.Script)
		case script && !e.Inline:
			err = r.read(e)
		}
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(r.program, func(a, b Command) int {
		switch {
		case a.Bootstrap == b.Bootstrap:
			return 0
		case a.Bootstrap:
			return -1
		}
		return 1
	})
	return r.program, nil
}

// A resolver goes through scripts, and remembers what holds for the lines that
// follow.
type resolver struct {
	file      string
	from      Source
	vars      map[string]string
	modifiers Modifiers
	program   []Command
}

func (r *resolver) lookup(name string) (string, bool) {
	if value, ok := r.vars[name]; ok {
		return value, true
	}
	if r.from.Lookup == nil {
		return "", false
	}
	return r.from.Lookup(name)
}

// read goes through a script that is in a file of its own.
func (r *resolver) read(e Entry) error {
	name := e.Host.Expand(r.lookup)
	if r.from.Read == nil {
		return &Error{r.file, e.Pos, "the script " + name + " is in another file"}
	}
	text, err := r.from.Read(name)
	if err != nil {
		return fmt.Errorf("%s:%v: %w", r.file, e.Pos, err)
	}
	s, err := ParseScript(name, text)
	if err != nil {
		return err
	}
	file := r.file
	r.file = name
	defer func() { r.file = file }()
	return r.script(s)
}

func (r *resolver) script(s *Script) error {
	for _, l := range s.Lines {
		if s.Bootstrap {
			l.Modifiers = nil // they are attributes, for mkifs
		}
		c, err := r.line(l)
		if err != nil {
			return err
		}
		c.Bootstrap = s.Bootstrap
		r.program = append(r.program, c)
	}
	return nil
}

func (r *resolver) line(l Line) (Command, error) {
	c := Command{File: r.file, Pos: l.Pos, Text: l.String(), Modifiers: r.modifiers, Background: l.Background}
	for _, a := range l.Modifiers {
		if !c.Modifiers.set(a, r.lookup) {
			return c, &Error{r.file, l.Pos, "unknown modifier " + a.Name}
		}
	}
	for _, v := range l.Variables {
		c.Set = append(c.Set, Setting{v.Name, v.Value.Expand(r.lookup)})
	}
	for _, w := range l.Words {
		text := w.Expand(r.lookup)
		if text == "" && len(w) > 0 {
			continue // a variable that is not set
		}
		c.Args = append(c.Args, text)
	}
	switch {
	case len(l.Words) > 0 && len(c.Args) == 0:
		return c, &Error{r.file, l.Pos, "no command is left, as variables are not set"}
	case len(c.Args) > 0:
		return c, r.check(c)
	}
	for _, s := range c.Set {
		r.vars[s.Name] = s.Value
	}
	r.modifiers = c.Modifiers
	return c, nil
}

// check finds what mkifs does not take.
func (r *resolver) check(c Command) error {
	if !c.Internal() {
		return nil
	}
	n, limits := len(c.Args)-1, internal[c.Args[0]]
	switch {
	case n < limits.least:
		return &Error{r.file, c.Pos, c.Args[0] + " wants more words"}
	case limits.most >= 0 && n > limits.most:
		return &Error{r.file, c.Pos, c.Args[0] + " does not take so many words"}
	}
	return nil
}

// set takes one modifier; false when there is none of this name. One may also be
// meant for mkifs, as attributes are.
func (m *Modifiers) set(a Attribute, lookup func(string) (string, bool)) bool {
	value := a.Value.Expand(lookup)
	if value == "*" {
		value = "" // as if nothing were given
	}
	switch {
	case a.Sign == 0:
		switch a.Name {
		case "argv0":
			m.Name = value
		case "cpu":
			m.CPU = value
		case "pri":
			m.Priority = value
		case "sched_aps":
			m.Partition = value
		default:
			return false
		}
	case a.Name == "session":
		m.Session = a.Sign == '+'
	case a.Name == "debug":
		m.Debug = a.Sign == '+'
	case a.Name == "external":
		m.External = a.Sign == '+'
	default:
		return false
	}
	return true
}
