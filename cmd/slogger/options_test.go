package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"io-pkt/slog"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		line string
		want options
	}{
		{"", options{filter: 7, kilobytes: 16}},
		{"-cmv -f 3 -l log,0x10 -s250k -U 33:33 -u 100", options{
			sync: true, monotonic: true, verbose: true, filter: 3, log: logFile{"log", 16 << 10}, kilobytes: 250, user: "33:33"}},
		{"--foreground -vvs 1 -s128 -f2 -f1x", options{foreground: true, verbose: true, filter: 1, kilobytes: 128}},
		{"-l a,b -l c", options{filter: 7, kilobytes: 16, log: logFile{name: "c"}}},
	} {
		t.Run(c.line, func(t *testing.T) {
			got, err := parse(strings.Fields(c.line))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got, cmp.AllowUnexported(options{}, logFile{})); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	var out, errs bytes.Buffer
	if status := run([]string{"slogger", "--help"}, &out, &errs); status != exitOK || out.String() != usage || errs.Len() > 0 {
		t.Errorf("status %d, %q, %q", status, out.String(), errs.String())
	}
}

// spell writes a command line that means the same.
func spell(o options) (words []string) {
	if o.foreground {
		words = append(words, "--foreground")
	}
	for word, on := range map[string]bool{"-c": o.sync, "-m": o.monotonic, "-v": o.verbose} {
		if on {
			words = append(words, word)
		}
	}
	words = append(words, "-f", fmt.Sprint(o.filter), "-s", fmt.Sprint(o.kilobytes), "-U", o.user)
	if o.log.name != "" {
		words = append(words, "-l", fmt.Sprintf("%s,%d", o.log.name, o.log.size>>10))
	}
	return words
}

// Whatever is typed, no size is too large for the memory or the disk. What is
// understood can be written in one way, and means the same then.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"-cmv\n-f\n3\n-l\nlog,0x10\n-s250k", "-U\n33:33,1\n-u\n100", "--foreground\n-s\n-5", "-l,\n--"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		args := strings.Split(s, "\n")
		before := slices.Clone(args)
		o, err := parse(args)
		if err == nil && (o.size() < slog.MinSize || o.size() > slog.MaxSize || o.log.size < 0 || o.log.size > slog.MaxSize) {
			t.Errorf("%q: %+v", s, o)
		}
		if !slices.Equal(args, before) {
			t.Errorf("%q became %q", before, args)
		}
		if err != nil {
			return
		}
		again, err := parse(spell(o))
		if d := cmp.Diff(o, again, cmp.AllowUnexported(options{}, logFile{})); err != nil || d != "" {
			t.Errorf("%q, written as %q: %v, -first +again\n%s", s, spell(o), err, d)
		}
	})
}
