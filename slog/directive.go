package slog

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
)

// A directive is one conversion of a printf format: %-8.3lx.
type directive struct {
	flags string // of - + # 0 and space
	size  string // width and precision: "8.3"
	long  bool   // ll: the number has two words
	verb  byte
}

// parseDirective reads the directive at the start of s and gives its length, 0
// when it is none that is known.
func parseDirective(s string) (directive, int) {
	var d directive
	rest := s[1:]
	d.flags, rest = span(rest, "-+# 0")
	width, rest := span(rest, "0123456789")
	precision := ""
	if strings.HasPrefix(rest, ".") {
		precision, rest = span(rest[1:], "0123456789")
		precision = "." + precision
	}
	length, rest := span(rest, "hlLjzt")
	if len(width) > 3 || len(precision) > 4 || len(length) > 2 || rest == "" ||
		!strings.Contains("diuxXocps%", rest[:1]) {
		return directive{}, 0
	}
	d.size = limited(width) + limited(precision)
	d.long = length == "ll" || length == "j"
	d.verb = rest[0]
	return d, len(s) - len(rest) + 1
}

// limited keeps a hostile file from asking for millions of blanks.
func limited(n string) string {
	if digits := strings.TrimLeft(n, ".0"); len(digits) == 3 && digits > fmt.Sprint(maxWidth) {
		return n[:len(n)-len(digits)] + fmt.Sprint(maxWidth)
	}
	return n
}

// span splits s after the characters of a set.
func span(s, set string) (in, rest string) {
	rest = strings.TrimLeft(s, set)
	return s[:len(s)-len(rest)], rest
}

// print prints what the directive takes from words, and gives the others.
func (d directive) print(b *strings.Builder, words []uint32) []uint32 {
	switch d.verb {
	case '%':
		b.WriteByte('%')
		return words
	case 's':
		fmt.Fprintf(b, d.format("-", 's'), wordsText(words))
		return nil
	}
	n, signed, words := d.take(words)
	switch d.verb {
	case 'd', 'i':
		fmt.Fprintf(b, d.format("-+ 0", 'd'), signed)
	case 'u':
		fmt.Fprintf(b, d.format("-0", 'd'), n)
	case 'c':
		fmt.Fprintf(b, d.format("-", 's'), string([]byte{byte(n)}))
	case 'p':
		fmt.Fprintf(b, "%#x", n)
	default:
		fmt.Fprintf(b, d.format("-#0", d.verb), n)
	}
	return words
}

// format gives the directive as Go's fmt has it. A flag that C ignores for the
// conversion may mean something else there.
func (d directive) format(allowed string, verb byte) string {
	flags := strings.Map(func(r rune) rune {
		if strings.ContainsRune(allowed, r) {
			return r
		}
		return -1
	}, d.flags)
	return "%" + flags + d.size + string(verb)
}

// take takes a number from words.
func (d directive) take(words []uint32) (unsigned uint64, signed int64, rest []uint32) {
	word := func(i int) uint32 {
		if i < len(words) {
			return words[i]
		}
		return 0
	}
	if !d.long {
		return uint64(word(0)), int64(int32(word(0))), words[min(1, len(words)):]
	}
	var b [8]byte
	binary.NativeEndian.PutUint32(b[:], word(0))
	binary.NativeEndian.PutUint32(b[4:], word(1))
	n := binary.NativeEndian.Uint64(b[:])
	return n, int64(n), words[min(2, len(words)):]
}

// wordsText gives the text that is in words, up to its NUL.
func wordsText(words []uint32) string {
	var b []byte
	for _, w := range words {
		b = binary.NativeEndian.AppendUint32(b, w)
	}
	b, _, _ = bytes.Cut(b, []byte{0})
	return string(b)
}
