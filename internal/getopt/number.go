package getopt

import (
	"math"
	"strings"
)

// Number reads the number at the start of a word as strtol(3) does with base 0,
// which is how the originals read theirs: 14, 0xe and 016 are the same, what
// follows the number is the rest, and a word without one is 0. A number that is
// too large is the largest.
func Number(word string) (n int64, rest string) {
	s := strings.TrimLeft(word, " \t\n\v\f\r")
	negative := strings.HasPrefix(s, "-")
	if negative || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	base, some := int64(10), false
	switch {
	case len(s) > 2 && (s[:2] == "0x" || s[:2] == "0X") && digit(s[2]) < 16:
		base, s = 16, s[2:]
	case strings.HasPrefix(s, "0"):
		base = 8
	}
	for ; s != "" && digit(s[0]) < base; s = s[1:] {
		some = true
		d := digit(s[0])
		if n > (math.MaxInt64-d)/base {
			n = math.MaxInt64
			continue
		}
		n = n*base + d
	}
	if !some {
		return 0, word
	}
	if negative {
		n = -n
	}
	return n, s
}

// digit gives the value of a digit, 99 for what is none.
func digit(c byte) int64 {
	switch {
	case '0' <= c && c <= '9':
		return int64(c - '0')
	case 'a' <= c && c <= 'f':
		return int64(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int64(c-'A') + 10
	}
	return 99
}
