package main

import (
	"strings"
	"testing"
)

func TestUsage(t *testing.T) {
	for _, c := range []struct{ line, err string }{
		{"", "no process is named"},
		{"-f", "no process is named"},
		{"-x a", "unknown option -- x"},
		{"-s", "requires an argument -- s"},
		{"-s FOO a", `unknown signal "FOO"`},
		{"-s 65 a", `unknown signal "65"`},
		{"-0 a", `unknown signal "0"`},
		{"-m both a", "want name or pid"},
		{"-n node a", "there is no other node"},
		{"-P fast a", `bad priority "fast"`},
		{"-C 64 a", "bad processor -C 64"},
		{"-t null-and-void a", "no such file"},
		{"-T 0 a", `bad thread "0"`},
	} {
		_, errs, status := command(t, "", strings.Fields(c.line)...)
		if status != 0 || !strings.HasPrefix(errs, "slay: ") || !strings.Contains(errs, c.err) || !strings.Contains(errs, "usage: slay") {
			t.Errorf("%s: status %d, %q", c.line, status, errs)
		}
	}
}

// A command line that is taken says what to do, and to whom.
func FuzzOptions(f *testing.F) {
	f.Add("-f -s KILL io-usb")
	f.Add("-9 -P 10r -C 1 -- -a")
	f.Add("-Ps -SIG -m pid 1")
	f.Fuzz(func(t *testing.T, line string) {
		o, err := parseOptions(strings.Split(line, " "))
		if err == nil && (len(o.words) == 0 || o.signal == 0 && o.runmask == 0 && o.priority == nil || o.signal < 0 || o.signal > 64) {
			t.Errorf("%q: %+v", line, o)
		}
	})
}
