package main

import (
	"strings"
	"syscall"
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
		{"-fs -9 a", `unknown signal "-9"`},
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

// A number behind a name is no signal, whichever way a value stands before it.
func TestWords(t *testing.T) {
	for _, c := range []struct {
		line   string
		signal syscall.Signal
		words  string
	}{
		{"-p -s INT foo -1", syscall.SIGINT, "foo -1"},
		{"-p -sINT foo -1", syscall.SIGINT, "foo -1"},
		{"-psINT foo -1", syscall.SIGINT, "foo -1"},
		{"-fs INT foo -1", syscall.SIGINT, "foo -1"},
		{"-sINT -1 foo", syscall.SIGHUP, "foo"},
		{"-s 2 -- -1", syscall.SIGINT, "-1"},
	} {
		o, err := parseOptions(strings.Fields(c.line))
		if got := strings.Join(o.words, " "); got != c.words || o.signal != c.signal || err != nil {
			t.Errorf("%s: signal %v to %q, %v; want %v to %q", c.line, o.signal, got, err, c.signal, c.words)
		}
	}
}

// A command line that is taken says what to do, and to whom: that is its end.
func FuzzOptions(f *testing.F) {
	f.Add("-f -s KILL io-usb")
	f.Add("-9 -P 10r -C 1 -- -a")
	f.Add("-Ps -SIG -m pid 1")
	f.Add("-p -sINT foo -1")
	f.Fuzz(func(t *testing.T, line string) {
		o, err := parseOptions(strings.Split(line, " "))
		if err == nil && (len(o.words) == 0 || o.signal == 0 && o.runmask == 0 && o.priority == nil || o.signal < 0 || o.signal > 64 ||
			!strings.HasSuffix(line, strings.Join(o.words, " "))) {
			t.Errorf("%q: %+v", line, o)
		}
	})
}
