package buildfile

import (
	"regexp"
	"strings"
)

// assignment is what begins a variable's setting.
var assignment = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)

// scriptLines takes the lines of a script, and its closing brace.
func (p *parser) scriptLines(from Pos, bootstrap bool) *Script {
	s := &Script{Bootstrap: bootstrap, Lines: p.lines()}
	if !p.take("}") {
		p.fail(from, "{ without its }")
	}
	return s
}

// lines takes lines up to a brace, or the end.
func (p *parser) lines() (list []Line) {
	for {
		p.space()
		if p.end() || p.peek() == '}' {
			return list
		}
		if l := p.scriptLine(); len(l.Modifiers)+len(l.Variables)+len(l.Words) > 0 {
			list = append(list, l)
		}
	}
}

// scriptLine takes one line: modifiers and variables, a command and its words.
func (p *parser) scriptLine() Line {
	l := Line{Pos: p.pos()}
	for !p.commandEnd() {
		if name := assignment.FindString(p.scanner.text[p.at:]); name != "" && len(l.Words) == 0 {
			p.take(name)
			l.Variables = append(l.Variables, Variable{strings.TrimSuffix(name, "="), p.word("}")})
		} else if p.peek() == '[' && len(l.Words) == 0 {
			l.Modifiers = append(l.Modifiers, p.attributes()...)
		} else if p.ampersand() {
			l.Background = true
			break
		} else {
			l.Words = append(l.Words, p.word("}"))
		}
		p.blank()
	}
	if l.Background && len(l.Words) == 0 {
		p.fail(l.Pos, "& without a command")
	}
	return l
}

// commandEnd reports whether no more words follow.
func (p *parser) commandEnd() bool { return p.lineEnd() || p.peek() == '}' }

// ampersand takes an & that ends its line. Elsewhere it is a word like others.
func (p *parser) ampersand() bool {
	before := *p.scanner
	if p.take("&") {
		if p.blank(); p.commandEnd() {
			// & and a comment, without a blank between them, are one word.
			if !strings.HasPrefix(before.text[before.at:], "&#") {
				return true
			}
		}
	}
	*p.scanner = before
	return false
}
