package buildfile

import "strings"

const (
	blanks  = " \t\r\f\v"
	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
	digits  = "0123456789"
)

// A scanner is a place in the text. What goes wrong it throws, as an *Error, and
// Parse catches.
type scanner struct {
	name string
	text string
	at   int
	line int // of the text at this place
	head int // where that line begins
}

func (s *scanner) pos() Pos { return Pos{s.line, s.at - s.head + 1} }

func (s *scanner) fail(pos Pos, text string) { panic(&Error{s.name, pos, text}) }

// peek gives the byte here, 0 at the end.
func (s *scanner) peek() byte {
	if s.at == len(s.text) {
		return 0
	}
	return s.text[s.at]
}

func (s *scanner) end() bool { return s.at == len(s.text) }

// next takes the byte here.
func (s *scanner) next() byte {
	c := s.text[s.at]
	s.at++
	if c == '\n' {
		s.line, s.head = s.line+1, s.at
	}
	return c
}

// take takes a text if it is here.
func (s *scanner) take(text string) bool {
	if !strings.HasPrefix(s.text[s.at:], text) {
		return false
	}
	for range len(text) {
		s.next()
	}
	return true
}

// span takes all bytes that are in set.
func (s *scanner) span(set string) string {
	from := s.at
	for !s.end() && strings.IndexByte(set, s.peek()) >= 0 {
		s.next()
	}
	return s.text[from:s.at]
}

// blank skips what may stand between two words of a line.
func (s *scanner) blank() {
	for s.span(blanks) != "" || s.take("\\\n") || s.take("\\\r\n") {
	}
}

// lineEnd skips a comment and reports whether the line ends here.
func (s *scanner) lineEnd() bool {
	if s.peek() == '#' {
		for !s.end() && s.peek() != '\n' {
			s.next()
		}
	}
	return s.end() || s.peek() == '\n'
}

// space skips empty lines and comments.
func (s *scanner) space() {
	for {
		s.blank()
		if !s.lineEnd() || s.end() {
			return
		}
		s.next()
	}
}

// word takes a word, up to a blank, the line's end or a byte that is in stop,
// outside quotes. It may be empty.
func (s *scanner) word(stop string) Word {
	w := Word{}
	var text strings.Builder // since the last variable
	flush := func() {
		if text.Len() > 0 {
			w = append(w, Part{Text: text.String()})
			text.Reset()
		}
	}
	for !s.end() {
		switch c := s.peek(); {
		case c == '\n' || strings.IndexByte(blanks, c) >= 0 || strings.IndexByte(stop, c) >= 0:
			flush()
			return w
		case c == '"':
			text.WriteString(s.quoted())
		case c == '$':
			if name := s.variable(); name != "" {
				flush()
				w = append(w, Part{Text: name, Variable: true})
			} else {
				text.WriteByte('$')
			}
		case c == '\\':
			text.WriteString(s.escaped("\\\"$}"))
		case c == 0:
			s.fail(s.pos(), "a zero byte")
		default:
			text.WriteString(s.until("\"$\\\n\x00" + blanks + stop))
		}
	}
	flush()
	return w
}

// until takes all bytes up to one that is in set.
func (s *scanner) until(set string) string {
	from := s.at
	for !s.end() && strings.IndexByte(set, s.peek()) < 0 {
		s.next()
	}
	return s.text[from:s.at]
}

// quoted takes a text between double quotes, in which a dollar sign is one.
func (s *scanner) quoted() string {
	from := s.pos()
	s.next()
	var b strings.Builder
	for {
		switch c := s.peek(); {
		case s.end() || c == '\n' || c == 0:
			s.fail(from, `" without its end`)
		case c == '"':
			s.next()
			return b.String()
		case c == '\\':
			b.WriteString(s.escaped("\\\"$}"))
		default:
			b.WriteByte(s.next())
		}
	}
}

// escaped takes a backslash with what it escapes: a byte of the set, or the line's
// end, which is then nothing. Before other bytes it is just a backslash.
func (s *scanner) escaped(set string) string {
	s.next()
	switch {
	case s.take("\n"), s.take("\r\n"):
		return ""
	case !s.end() && strings.IndexByte(set, s.peek()) >= 0:
		return string(s.next())
	}
	return `\`
}

// variable takes $NAME or ${NAME}. Before something else a dollar sign is one, and
// there is no name.
func (s *scanner) variable() (name string) {
	from := s.pos()
	s.next()
	if !s.take("{") {
		return s.span(letters + digits)
	}
	name = s.span(letters + digits)
	if name == "" || !s.take("}") {
		s.fail(from, "${ wants a name and }")
	}
	return name
}
