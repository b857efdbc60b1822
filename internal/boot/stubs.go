package boot

import (
	"fmt"
	"path"
	"strings"
)

// A Stub is a command that need not be there: it succeeds, and paths appear.
type Stub struct {
	Name  string // of the command, or a pattern: devb-*
	Paths []string
}

// Stubs are all of them.
type Stubs []Stub

// ParseStubs reads a list: on each line a command's name or pattern, and the paths
// that it makes; a # begins a comment. The name is for messages.
func ParseStubs(name, text string) (Stubs, error) {
	var list Stubs
	n := 0
	for line := range strings.Lines(text) {
		n++
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if _, err := path.Match(words[0], ""); err != nil || strings.Contains(words[0], "/") {
			return nil, fmt.Errorf("%s:%d: %s is no command's name", name, n, words[0])
		}
		for _, p := range words[1:] {
			if !path.IsAbs(p) {
				return nil, fmt.Errorf("%s:%d: %s is no path from the root", name, n, p)
			}
		}
		list = append(list, Stub{words[0], words[1:]})
	}
	return list, nil
}

// Find gives the stub of a command. The first that fits counts.
func (s Stubs) Find(command string) (Stub, bool) {
	for _, stub := range s {
		if ok, _ := path.Match(stub.Name, path.Base(command)); ok {
			return stub, true
		}
	}
	return Stub{}, false
}
