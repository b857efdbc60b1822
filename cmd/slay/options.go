package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"io-pkt/internal/getopt"
	"io-pkt/internal/process"
)

// options are what the command line asks for.
type options struct {
	force, query, quiet, spare, print, verbose bool

	signal   syscall.Signal // 0 for none
	names    bool           // the words may be names
	numbers  bool           // the words may be numbers
	tty      uint64         // device number; 0 for any
	runmask  process.Runmask
	priority *process.Priority
	thread   int // 0 for all
	words    []string
}

// letters are the options, as getopt has them: a colon follows one that takes a value.
const letters = "fhpQqSuviC:m:n:P:R:s:T:t:"

func parseOptions(args []string) (options, error) {
	o := options{names: true, numbers: true}
	given, words, err := getopt.Parse(signalOption(args), letters)
	if err != nil {
		return o, err
	}
	for _, g := range given {
		if err := o.set(g); err != nil {
			return o, err
		}
	}
	if len(words) == 0 {
		return o, errors.New("no process is named")
	}
	if o.signal == 0 && o.runmask == 0 && o.priority == nil {
		o.signal = unix.SIGTERM
	}
	o.words = words
	return o, nil
}

// signalOption turns -9, -KILL and -SIGKILL into what getopt takes: -s 9. Names are in
// capitals: -hup is three options.
func signalOption(args []string) []string {
	var out []string
	for i, word := range args {
		if word == "--" || len(word) < 2 || word[0] != '-' {
			return append(out, args[i:]...)
		}
		name := word[1:]
		if _, err := strconv.Atoi(name); err == nil || strings.HasPrefix(name, "SIG") || unix.SignalNum("SIG"+name) != 0 {
			out = append(out, "-s", name)
			continue
		}
		out = append(out, word)
		if wantsNext(name) && i+1 < len(args) {
			return append(append(out, args[i+1]), signalOption(args[i+2:])...)
		}
	}
	return out
}

// wantsNext reports whether the last of a word's letters is an option whose value is the
// next word. It is not where a value has begun before it: -sINT.
func wantsNext(word string) bool {
	valued := func(c rune) bool { return strings.Contains(letters, string(c)+":") }
	return strings.IndexFunc(word, valued) == len(word)-1
}

func (o *options) set(g getopt.Option) (err error) {
	switch g.Letter {
	case 'f':
		o.force = true
	case 'q':
		o.query = true
	case 'Q':
		o.quiet = true
	case 'S':
		o.spare = true
	case 'p':
		o.print = true
	case 'v':
		o.verbose = true
	case 'h':
		o.signal = unix.SIGSTOP
	case 'u':
		o.signal = unix.SIGCONT
	case 's':
		o.signal, err = signal(g.Value)
	case 'C', 'R':
		err = o.runmask.Add(g.Letter, g.Value)
	case 'P':
		var p process.Priority
		p, err = process.ParsePriority(g.Value)
		o.priority = &p
	case 'T':
		if o.thread, err = strconv.Atoi(g.Value); err != nil || o.thread < 1 {
			err = fmt.Errorf("bad thread %q", g.Value)
		}
	case 'm':
		o.names, o.numbers = g.Value == "name", g.Value == "pid"
		if o.names == o.numbers {
			err = fmt.Errorf("-m %s: want name or pid", g.Value)
		}
	case 't':
		o.tty, err = terminal(g.Value)
	case 'n':
		err = fmt.Errorf("node %s: there is no other node", g.Value)
	}
	return err
}

// signal reads a signal's name or number.
func signal(word string) (syscall.Signal, error) {
	if n, err := strconv.Atoi(word); err == nil && n > 0 && n <= 64 {
		return syscall.Signal(n), nil
	}
	name := "SIG" + strings.TrimPrefix(strings.ToUpper(word), "SIG")
	if s := unix.SignalNum(name); s != 0 {
		return s, nil
	}
	return 0, fmt.Errorf("unknown signal %q", word)
}

// terminal gives the device number of a terminal, whose /dev/ may be left out.
func terminal(name string) (uint64, error) {
	if !strings.HasPrefix(name, "/") {
		name = "/dev/" + name
	}
	info, err := os.Stat(name)
	if err != nil {
		return 0, err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || info.Mode()&os.ModeCharDevice == 0 {
		return 0, fmt.Errorf("%s is not a terminal", name)
	}
	return st.Rdev, nil
}
