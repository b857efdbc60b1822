/*
The bench command measures io-pkt against what it wants to be compared with, and
shows what came out as a table and a chart.

# Synopsis

	go run ./test/bench [-quick] [-only part,...] [-bin dir] [-o dir]
	go run ./test/bench -from file [-o dir]

# Description

"make bench" runs it after it has installed and built what it needs. It runs at the
top of the repository, in less than an hour, and as root: the parts that need no
guest run in namespaces of their own. The parts are

	compare  the kernel's cdc_ether and io-pkt in turns, on the same gadget in one
	         boot of the guest of scripts/vm, at high and super speed: TCP, small
	         packets, round-trip times, processor time
	count    the same in a guest whose one processor counts instructions: less of it,
	         and next to no noise
	scale    both drivers with 1, 2, 4 and 8 gadgets at once
	growth   the same in the guest that counts instructions
	slow     both drivers and a simulated device that takes a frame each 5 ms, or each
	         ms, as a modem with a slow uplink does
	floor    a simulated device over USB/IP, and two TAPs with a loop that copies
	         frames between them
	start    how long the commands take, and the ifconfig of net-tools
	idle     memory and wake-ups with 1, 8 and 32 interfaces

What is compared is always measured in turns, A B A B, so that a machine which gets
slower or faster meanwhile does the same to both. No figure makes it fail: it fails
when something could not be measured.

# Options

	-quick      a few minutes: fewer and shorter runs
	-only LIST  these parts only
	-bin DIR    the commands to be measured; the default is bin
	-o DIR      where to write bench.json and bench.svg, and the tables in bench.md,
	            between its two marks. The default is doc for a whole run, and
	            nowhere for one with -quick, -only or -from
	-from FILE  measure nothing: show the bench.json of an earlier run

It ends at SIGINT and SIGTERM; whichever way it ends, nothing is left behind but
what it wrote.

# Exit status

	0  everything was measured
	1  something was not: standard error says what
*/
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the command; it gives the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	o, err := parseOptions(args, stderr)
	if err != nil {
		return 1
	}
	b := bench{options: o, progress: stderr}
	if o.inside != "" {
		err = b.insideSandbox(ctx, stdout)
	} else {
		err = b.all(ctx, stdout)
	}
	if err != nil {
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return 1
	}
	return 0
}

// The parts, in the order in which they run and are shown.
var parts = []string{"compare", "count", "scale", "growth", "slow", "floor", "start", "idle"}

// options are the command line's.
type options struct {
	quick  bool
	only   []string
	bin    string
	out    string
	from   string
	inside string // the directory of the bench that started this one in a sandbox
}

func parseOptions(args []string, stderr io.Writer) (options, error) {
	var o options
	var only string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.BoolVar(&o.quick, "quick", false, "fewer and shorter runs")
	flags.StringVar(&only, "only", strings.Join(parts, ","), "measure these `parts` only")
	flags.StringVar(&o.bin, "bin", "bin", "the `directory` of the commands")
	flags.StringVar(&o.out, "o", "", "the `directory` to write to")
	flags.StringVar(&o.from, "from", "", "show this `file`, measure nothing")
	flags.StringVar(&o.inside, "inside", "", "for its own use")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.only = strings.Split(only, ",")
	for _, part := range o.only {
		if !slices.Contains(parts, part) {
			fmt.Fprintf(stderr, "bench: there is no part %q; the parts are %s\n", part, strings.Join(parts, ", "))
			return o, errors.ErrUnsupported
		}
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "bench: %q is too much\n", flags.Arg(0))
		return o, errors.ErrUnsupported
	}
	if o.out == "" && !o.quick && o.from == "" && len(o.only) == len(parts) {
		o.out = "doc"
	}
	return o, nil
}

// A bench is one run of this command.
type bench struct {
	options
	progress io.Writer
	kernel   string   // the guest's
	failures []string // what could not be measured
}

// say tells whoever waits what is going on.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.progress, format+"\n", args...)
}

// fail notes that something could not be measured, and goes on. What is said may
// have many lines, of which the report has two.
func (b *bench) fail(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	first, rest, _ := strings.Cut(text, "\n")
	second, _, _ := strings.Cut(rest, "\n")
	b.failures = append(b.failures, strings.TrimSpace(first+" "+second))
	b.say("%s", text)
}

// pick is one number for a quick run and another for a whole one.
func (b *bench) pick(quick, whole int) int {
	if b.quick {
		return quick
	}
	return whole
}

// all measures, or reads what was measured, and shows it.
func (b *bench) all(ctx context.Context, stdout io.Writer) error {
	var r Report
	var err error
	if b.from != "" {
		r, err = readReport(b.from)
	} else {
		r, err = b.measure(ctx)
	}
	if err != nil {
		return err
	}
	if err := writeTables(stdout, r); err != nil {
		return err
	}
	if b.out != "" {
		if err := r.write(b.out); err != nil {
			return err
		}
		b.say("written to %s", filepath.Join(b.out, "bench.*"))
	}
	if len(r.Failures) > 0 {
		return fmt.Errorf("not everything was measured:\n\t%s", strings.Join(r.Failures, "\n\t"))
	}
	return nil
}

// measure runs the parts. That one fails does not keep the others from running.
func (b *bench) measure(ctx context.Context) (Report, error) {
	begin := time.Now()
	dir, err := os.MkdirTemp("", "io-pkt-bench")
	if err != nil {
		return Report{}, err
	}
	defer os.RemoveAll(dir)
	r := newReport(ctx, begin, b.quick)
	for _, part := range b.only {
		var figures []Figure
		var err error
		if p, ok := b.program(part); ok {
			figures, err = b.guest(ctx, dir, p)
		} else {
			figures, err = b.sandbox(ctx, dir, part)
		}
		if ctx.Err() != nil {
			return Report{}, errors.New("interrupted")
		}
		if err != nil {
			b.fail("%s: %v", part, err)
		}
		r.Figures = append(r.Figures, figures...)
	}
	r.Failures, r.Machine.Guest = b.failures, b.kernel
	r.Seconds = int(time.Since(begin).Seconds())
	return r, nil
}
