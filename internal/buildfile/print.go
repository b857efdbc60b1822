package buildfile

import (
	"fmt"
	"strings"
)

// Print writes a buildfile. Parse reads the same file from it, and Print writes the
// same text again. Comments are not kept.
func (f *File) Print() string {
	var b strings.Builder
	for _, e := range f.Entries {
		b.WriteString(e.text())
		b.WriteByte('\n')
	}
	return b.String()
}

func (e Entry) text() string {
	var words []string
	if len(e.Attributes) > 0 {
		words = append(words, printAttributes(e.Attributes))
	}
	if len(e.Target) > 0 {
		words = append(words, e.Target.quote("="), "=")
	}
	switch {
	case e.Script != nil:
		var b strings.Builder
		b.WriteString("{\n")
		for _, l := range e.Script.Lines {
			fmt.Fprintf(&b, "    %s\n", l)
		}
		words = append(words, b.String()+"}")
	case e.Inline:
		words = append(words, "{\n"+strings.NewReplacer(`\`, `\\`, `}`, `\}`).Replace(e.Text)+"}")
	case len(e.Host) > 0:
		words = append(words, e.Host.quote("="))
	}
	return strings.Join(words, " ")
}

// String gives the line as it stands in a script.
func (l Line) String() string {
	var words []string
	if len(l.Modifiers) > 0 {
		words = append(words, printAttributes(l.Modifiers))
	}
	for _, v := range l.Variables {
		text := v.Name + "="
		if len(v.Value) > 0 {
			text += v.Value.quote("")
		}
		words = append(words, text)
	}
	for i, w := range l.Words {
		if i == 0 {
			words = append(words, w.quote("=")) // it is no variable
		} else {
			words = append(words, w.quote(""))
		}
	}
	if l.Background {
		words = append(words, "&")
	}
	return strings.Join(words, " ")
}

func printAttributes(list []Attribute) string {
	var words []string
	for _, a := range list {
		var b strings.Builder
		if a.Once {
			b.WriteByte('?')
		}
		if a.Sign != 0 {
			b.WriteByte(a.Sign)
		}
		b.WriteString(a.Name)
		if a.Sign == 0 {
			b.WriteByte('=')
			if len(a.Value) > 0 {
				b.WriteString(a.Value.quote(""))
			}
		}
		words = append(words, b.String())
	}
	return "[" + strings.Join(words, " ") + "]"
}

// String gives the word as it stands in a script.
func (w Word) String() string { return w.quote("") }

// plain are the bytes that need no quotes.
const plain = letters + digits + "./:,+-%@^~!*?;'()<>|=`"

// quote gives the word with quotes where it needs them, and for the bytes of special.
func (w Word) quote(special string) string {
	if len(w) == 0 {
		return `""`
	}
	var b strings.Builder
	for _, p := range w {
		switch {
		case p.Variable:
			b.WriteString("${" + p.Text + "}")
		case strings.Trim(p.Text, plain) == "" && !strings.ContainsAny(p.Text, special):
			b.WriteString(p.Text)
		default:
			b.WriteString(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(p.Text) + `"`)
		}
	}
	return b.String()
}
