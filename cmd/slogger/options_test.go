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
		{"slogger", options{filter: 7, bytes: 16 << 10}},
		{"slogger -cmv -f 3 -l log,0x10 -s250k -U 33:33 -u 100", options{
			sync: true, monotonic: true, verbose: true, filter: 3, log: logFile{"log", 16 << 10}, bytes: 250 << 10, user: "33:33"}},
		{"slogger --foreground -vvs 1 -s128 -f2 -f1x", options{foreground: true, verbose: true, filter: 1, bytes: 128 << 10}},
		{"slogger -l a,b -l c", options{filter: 7, bytes: 16 << 10, log: logFile{name: "c"}}},
		{"logger -s1", options{filter: 7, bytes: 1 << 10}},
		{"slogger2", options{slog2: true, filter: 7, bytes: 16 << 10}},
		{"slogger2 -U 21:21 -P /pps/slogger2", options{slog2: true, filter: 7, bytes: 16 << 10, user: "21:21"}},
		{"slogger2 -s 4096", options{slog2: true, filter: 7, bytes: 4096}},
		{"slogger2 -s2048k", options{slog2: true, filter: 7, bytes: 2 << 20}},
		{"slogger2 -s268435456 -s 262144k", options{slog2: true, filter: 7, bytes: slog.MaxSize}},
		{"slogger2 --foreground -Svvs0x1001x -C 0 -c 64k,32k -D a:b -d a -g 5,6 -l /var/log -p 7", options{
			slog2: true, filter: 7, bytes: 0x1001, foreground: true, verbose: true}},
	} {
		t.Run(c.line, func(t *testing.T) {
			args := strings.Fields(c.line)
			c.want.name = args[0]
			got, err := parse(args[0], args[1:])
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
	for name, want := range map[string]string{"slogger": usage, "slogger2": usage2} {
		var out, errs bytes.Buffer
		if status := run([]string{name, "--help"}, &out, &errs); status != exitOK || out.String() != want || errs.Len() > 0 {
			t.Errorf("%s: status %d, %q, %q", name, status, out.String(), errs.String())
		}
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
	words = append(words, "-s", fmt.Sprint(o.bytes/variantOf(o.name).unit.bytes), "-U", o.user)
	if o.slog2 {
		return words
	}
	words = append(words, "-f", fmt.Sprint(o.filter))
	if o.log.name != "" {
		words = append(words, "-l", fmt.Sprintf("%s,%d", o.log.name, o.log.size>>10))
	}
	return words
}

// Whatever is typed, no size is too large for the memory or the disk. What is
// understood can be written in one way, and means the same then.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"-cmv\n-f\n3\n-l\nlog,0x10\n-s250k", "-U\n33:33,1\n-u\n100", "--foreground\n-s\n-5", "-l,\n--", "-SP\n/pps\n-s2048k"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, name := range []string{"slogger", "slogger2"} {
			args := strings.Split(s, "\n")
			before := slices.Clone(args)
			o, err := parse(name, args)
			if err == nil && (o.size() < slog.MinSize || o.size() > slog.MaxSize || o.log.size < 0 || o.log.size > slog.MaxSize) {
				t.Errorf("%s %q: %+v", name, s, o)
			}
			if !slices.Equal(args, before) {
				t.Errorf("%q became %q", before, args)
			}
			if err != nil {
				continue
			}
			again, err := parse(name, spell(o))
			if d := cmp.Diff(o, again, cmp.AllowUnexported(options{}, logFile{})); err != nil || d != "" {
				t.Errorf("%s %q, written as %q: %v, -first +again\n%s", name, s, spell(o), err, d)
			}
		}
	})
}
