package getopt

import (
	"math"
	"strconv"
	"strings"
	"testing"
)

func TestNumber(t *testing.T) {
	for _, c := range []struct {
		word string
		n    int64
		rest string
	}{
		{"14", 14, ""}, {"0xe", 14, ""}, {"0XE", 14, ""}, {"016", 14, ""}, {"0", 0, ""}, {"-3", -3, ""}, {"+3", 3, ""}, {" 7", 7, ""},
		{"250k", 250, "k"}, {"08", 0, "8"}, {"0x", 0, "x"}, {"0xg", 0, "xg"}, {"12 3", 12, " 3"}, {"1e3", 1, "e3"}, {"0x1g", 1, "g"},
		{"", 0, ""}, {"x", 0, "x"}, {"-", 0, "-"}, {"--1", 0, "--1"}, {" x", 0, " x"},
		{"9223372036854775807", math.MaxInt64, ""}, {"9223372036854775808", math.MaxInt64, ""}, {"99999999999999999999x", math.MaxInt64, "x"},
	} {
		if n, rest := Number(c.word); n != c.n || rest != c.rest {
			t.Errorf("%q: %d and %q, want %d and %q", c.word, n, rest, c.n, c.rest)
		}
	}
}

// What ParseInt takes, Number takes as well; what is left is an end of the word.
func FuzzNumber(f *testing.F) {
	for _, s := range []string{"14", "0xe", "016", "250k", "-0x7fffffffffffffff", "0b1", "1_0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, word string) {
		n, rest := Number(word)
		if !strings.HasSuffix(word, rest) {
			t.Errorf("%q leaves %q", word, rest)
		}
		want, err := strconv.ParseInt(word, 0, 64)
		if goOnly := strings.ContainsAny(word, "_bBoO"); err == nil && !goOnly && want != math.MinInt64 && (n != want || rest != "") {
			t.Errorf("%q: %d and %q, want %d", word, n, rest, want)
		}
	})
}
