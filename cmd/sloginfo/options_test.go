package main

import (
	"strings"
	"testing"
)

// An event of the worst severity is left out only when that was asked for.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"-chtw\n-m\n0xe\n-s3\nlog", "-s\n-1", "-m14\n--\n-x", "-tx"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		o, err := parse(strings.Split(s, "\n"))
		if err == nil && o.severity < 0 && !strings.Contains(s, "-") {
			t.Errorf("%q: severity %d", s, o.severity)
		}
		if err == nil && o.file != "" && !strings.HasSuffix(s, o.file) {
			t.Errorf("%q: file %q", s, o.file)
		}
	})
}
