/*
pidin shows the processes.

# Synopsis

	pidin [-F formats | -f letters] [-p pid|name]... [arguments | info | threads]

# Description

pidin shows each thread with its process, priority and state. "pidin arguments",
of which "pidin ar" is enough, shows each process with its command line; that is
where scripts look for a server's options: pidin ar | grep prefix=/alt. "pidin
info" shows the machine, "pidin threads" the threads by name.

# Options

	-p pid   only this process, by number or name; may be repeated
	-F text  show these columns, each a percent sign, a width if wanted, and a
	         letter: "%a %20N %A"
	-f text  the same, letters only: aNA
	-h       show a summary
	-d, -o, -k, -v  accepted, without effect

The letters are

	a  process             b  thread
	e  parent process      p  priority and policy
	N  name                n  path or whole name
	h  thread's name       J  state of the thread
	A  arguments           B  what blocks it
	T  how many threads

Columns of threads make a line for each thread, else there is one for a process.

# Exit status

0; 1 for a command line that makes no sense, or when -p finds nothing.

# Differences from QNX

Kernel threads are not shown, nor are processes in containers. A thread that waits
in the kernel is shown as REPLY-blocked on process 1, whatever for. Priority 10
and policy o are what Linux gives; others follow from the nice value, real-time
ones are shown as they are. -l, -n, -M and -P, and other formats and
shorthands, are refused.
*/
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"io-pkt/internal/process"
)

const usage = `usage: pidin [-F formats | -f letters] [-p pid|name]...
             [arguments | info | threads]
`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the command; it gives the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	if len(args) == 1 && (args[0] == "--help" || args[0] == "-h") {
		fmt.Fprint(stdout, usage)
		return 0
	}
	fail := func(err error) int {
		fmt.Fprintf(stderr, "pidin: %v\n", err)
		return 1
	}
	o, err := parseOptions(args)
	if err != nil {
		fmt.Fprint(stderr, usage)
		return fail(err)
	}
	list, err := process.List(process.Proc)
	if err != nil {
		return fail(err)
	}
	if o.info {
		return info(stdout, list)
	}
	if len(o.only) > 0 {
		list = slices.DeleteFunc(list, func(p process.Process) bool {
			return !slices.Contains(o.only, p.Name()) && !slices.Contains(o.only, strconv.Itoa(p.ID))
		})
		if len(list) == 0 {
			return fail(fmt.Errorf("couldn't find process %v", o.only[0]))
		}
	}
	w := bufio.NewWriter(stdout)
	show(w, o.columns, list)
	if err := w.Flush(); err != nil {
		return fail(err)
	}
	return 0
}
