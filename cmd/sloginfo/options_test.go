package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// spell writes a command line that means the same.
func spell(o options) []string {
	words := []string{"-s", fmt.Sprint(o.severity)}
	for word, on := range map[string]bool{"-c": o.clear, "-h": o.hex, "-t": o.millis, "-w": o.wait} {
		if on {
			words = append(words, word)
		}
	}
	if o.major != nil {
		words = append(words, "-m", fmt.Sprint(*o.major))
	}
	if o.file != "" {
		words = append(words, "--", o.file)
	}
	return words
}

// An event of the worst severity is left out only when that was asked for. What is
// understood can be written in one way, and means the same then.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"-chtw\n-m\n0xe\n-s3\nlog", "-s\n-1", "-m14\n--\n-x", "-tx"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		o, err := parse(strings.Split(s, "\n"))
		if err != nil {
			return
		}
		if o.severity < 0 && !strings.Contains(s, "-") {
			t.Errorf("%q: severity %d", s, o.severity)
		}
		if o.file != "" && !strings.HasSuffix(s, o.file) {
			t.Errorf("%q: file %q", s, o.file)
		}
		again, err := parse(spell(o))
		if d := cmp.Diff(o, again, cmp.AllowUnexported(options{})); err != nil || d != "" {
			t.Errorf("%q, written as %q: %v, -first +again\n%s", s, spell(o), err, d)
		}
	})
}
