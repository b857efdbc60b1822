package main

import (
	"bytes"
	"fmt"
	"go/doc/comment"
	"regexp"
	"strings"
	"time"
)

// Page makes the manual page of a command from its package comment: the headings
// become sections, the first sentence what stands under NAME.
func Page(name, text string, day time.Time) []byte {
	var p comment.Parser
	blocks := p.Parse(text).Content
	var b bytes.Buffer
	fmt.Fprintf(&b, ".Dd %s\n.Dt %s 8\n.Os io-pkt\n", day.Format("January 2, 2006"), strings.ToUpper(name))
	summary := ""
	if len(blocks) > 0 {
		if first, ok := blocks[0].(*comment.Paragraph); ok {
			summary, blocks = plain(first.Text), blocks[1:]
		}
	}
	fmt.Fprintf(&b, ".Sh NAME\n.Nm %s\n.Nd %s\n", name, line(oneLine(name, summary)))
	begun := true // a section has just begun: no space before what follows
	for _, block := range blocks {
		switch block := block.(type) {
		case *comment.Heading:
			fmt.Fprintf(&b, ".Sh %s\n", strings.ToUpper(plain(block.Text)))
			begun = true
			continue
		case *comment.Paragraph:
			if !begun {
				b.WriteString(".Pp\n")
			}
			sentences(&b, block)
		case *comment.Code:
			b.WriteString(".Bd -literal\n")
			for l := range strings.SplitSeq(strings.TrimSuffix(block.Text, "\n"), "\n") {
				fmt.Fprintln(&b, line(l))
			}
			b.WriteString(".Ed\n")
		case *comment.List:
			b.WriteString(".Bl -bullet\n")
			for _, item := range block.Items {
				b.WriteString(".It\n")
				for _, content := range item.Content {
					if paragraph, ok := content.(*comment.Paragraph); ok {
						sentences(&b, paragraph)
					}
				}
			}
			b.WriteString(".El\n")
		}
		begun = false
	}
	return b.Bytes()
}

// sentenceEnd is where mdoc(7) wants a new line.
var sentenceEnd = regexp.MustCompile(`([.!?]["')]*) +`)

// sentences writes a paragraph, each sentence on a line of its own.
func sentences(b *bytes.Buffer, p *comment.Paragraph) {
	text := strings.ReplaceAll(plain(p.Text), "\n", " ")
	for l := range strings.SplitSeq(sentenceEnd.ReplaceAllString(text, "$1\n"), "\n") {
		fmt.Fprintln(b, line(l))
	}
}

// oneLine gives what a command does, without its own name and the full stop.
func oneLine(name, summary string) string {
	summary = strings.ReplaceAll(summary, "\n", " ")
	summary, _, _ = strings.Cut(summary, ". ")
	subject := regexp.MustCompile(`^(?i:the )?(?i:` + regexp.QuoteMeta(name) + `)( command)?( is)? `)
	return strings.TrimSuffix(subject.ReplaceAllString(summary, ""), ".")
}

// plain gives a comment's text without its marks.
func plain(text []comment.Text) string {
	var b strings.Builder
	for _, t := range text {
		switch t := t.(type) {
		case comment.Plain:
			b.WriteString(string(t))
		case comment.Italic:
			b.WriteString(string(t))
		case *comment.Link:
			b.WriteString(plain(t.Text))
		case *comment.DocLink:
			b.WriteString(plain(t.Text))
		}
	}
	return b.String()
}

// line makes a line of text safe from roff(7): a backslash escapes, a dot or quote
// at the beginning commands. A minus is not to be a hyphen, for whoever copies it.
func line(s string) string {
	s = strings.NewReplacer(`\`, `\e`, `-`, `\-`).Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return s
}
