package buildfile

import "strings"

// Parse reads a buildfile; the name is for messages. An error is an *Error.
func Parse(name, text string) (f *File, err error) {
	p := newParser(name, text)
	defer p.caught(&err)
	f = &File{Name: name}
	for p.space(); !p.end(); p.space() {
		if e := p.entry(); len(e.Attributes)+len(e.Target)+len(e.Host) > 0 {
			f.Entries = append(f.Entries, e)
		}
	}
	return f, nil
}

// ParseScript reads a script that is in a file of its own.
func ParseScript(name, text string) (s *Script, err error) {
	p := newParser(name, text)
	defer p.caught(&err)
	s = &Script{Lines: p.lines()}
	p.noBrace()
	return s, nil
}

// A parser knows, beside its place, what holds for the entries that follow.
type parser struct {
	*scanner
	script bool // [+script] stood alone on a line
}

func newParser(name, text string) *parser {
	return &parser{scanner: &scanner{name: name, text: text, line: 1}}
}

// caught catches the *Error that the scanner throws.
func (p *parser) caught(err *error) {
	switch thrown := recover().(type) {
	case nil:
	case *Error:
		*err = thrown
	default:
		panic(thrown)
	}
}

func (p *parser) entry() Entry {
	e := Entry{Pos: p.pos(), Attributes: p.attributes()}
	script, bootstrap := scripts(e.Attributes, p.script)
	if p.lineEnd() {
		p.script = script
		return e
	}
	name := p.pos()
	p.noBrace()
	e.Target = p.word("={}")
	if p.blank(); p.take("=") {
		p.blank()
		p.content(&e, script, bootstrap)
	} else {
		e.Target, e.Host = nil, e.Target
	}
	if len(e.Target)+len(e.Host) == 0 || !e.Inline && len(e.Host) == 0 {
		p.fail(name, "a file without a name")
	}
	p.blank()
	p.noBrace()
	switch {
	case p.lineEnd():
	case e.Inline:
		p.fail(p.pos(), `unexpected text behind a file; a brace in it is written \}`)
	default:
		p.fail(p.pos(), "unexpected text behind a file")
	}
	return e
}

// noBrace fails where a file ended too early.
func (p *parser) noBrace() {
	if p.peek() == '}' {
		p.fail(p.pos(), `} that ends nothing; in a file it is written \}`)
	}
}

// content takes what stands behind the equals sign of an entry.
func (p *parser) content(e *Entry, script, bootstrap bool) {
	if len(e.Target) == 0 {
		p.fail(e.Pos, "a file without a name")
	}
	from := p.pos()
	if !p.take("{") {
		e.Host = p.word("{}")
		return
	}
	e.Inline = true
	if script || bootstrap {
		e.Script = p.scriptLines(from, bootstrap)
	} else {
		e.Text = p.text(from)
	}
}

// scripts tells from attributes whether a file is a start-up script, or the
// bootstrap, and which of them is not.
func scripts(list []Attribute, script bool) (isScript, isBootstrap bool) {
	for _, a := range list {
		switch {
		case a.Name == "script" && a.Sign != 0:
			script = a.Sign == '+'
		case (a.Name == "virtual" || a.Name == "physical") && a.Sign == 0:
			isBootstrap = true
		}
	}
	return script, isBootstrap
}

// text takes a file that is written here, as it is.
func (p *parser) text(from Pos) string {
	p.firstLine()
	var b strings.Builder
	for {
		switch {
		case p.end():
			p.fail(from, "{ without its }")
		case p.take("}"):
			return b.String()
		case p.take(`\}`):
			b.WriteByte('}')
		case p.take(`\\`):
			b.WriteByte('\\')
		default:
			b.WriteByte(p.next())
		}
	}
}

// firstLine skips the rest of the line with the brace, if nothing is there.
func (p *parser) firstLine() {
	rest := strings.TrimLeft(p.scanner.text[p.at:], blanks)
	if strings.HasPrefix(rest, "\n") {
		p.span(blanks)
		p.next()
	}
}

// attributes takes all that are here, in one pair of brackets or several.
func (p *parser) attributes() (list []Attribute) {
	for p.peek() == '[' {
		from := p.pos()
		p.next()
		for {
			p.space()
			if p.end() {
				p.fail(from, "[ without its ]")
			}
			if p.take("]") {
				break
			}
			list = append(list, p.attribute())
		}
		p.blank()
	}
	return list
}

func (p *parser) attribute() (a Attribute) {
	from := p.pos()
	a.Once = p.take("?")
	if c := p.peek(); c == '+' || c == '-' {
		a.Sign = p.next()
	}
	a.Name = p.span(letters + digits + "-")
	if a.Name == "" {
		p.fail(from, "an attribute without a name")
	}
	if a.Sign == 0 && !p.take("=") {
		p.fail(from, "attribute "+a.Name+" wants + or - in front, or = and a value")
	}
	if a.Sign == 0 {
		a.Value = p.word("]")
	}
	if c := p.peek(); c != ']' && c != '\n' && strings.IndexByte(blanks, c) < 0 && !p.end() {
		p.fail(from, "attribute "+a.Name+" has no value")
	}
	return a
}
