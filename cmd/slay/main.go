/*
slay ends processes by name, or changes them.

# Synopsis

	slay [-fhpQqSuv] [-s signal | -signal] [-m name|pid] [-t tty] [-C cpu]... [-R runmask]
	     [-P priority[f|r|o]] [-T tid] name|pid ...

# Description

slay sends SIGTERM to the processes of a name, which is the last part of the path
they were started by, as pidin shows it, or of a number. When there is more than
one it asks for each, and leaves it alone unless the answer begins with y.

# Options

	-f           do not ask
	-h, -u       hold the process (SIGSTOP), let it go on (SIGCONT)
	-s signal    send this signal: a name, with or without SIG, or a number
	-signal      the same, a name in capitals: -9, -KILL, -SIGKILL
	-m name|pid  the words are names only, or numbers only
	-t tty       only processes with this controlling terminal
	-p           print the numbers, one a line, and do nothing else
	-q           ask even for a single one
	-Q           no complaint when there is none
	-S           spare processes that have children
	-v           say what is done
	-C cpu       run on this processor, the first of which is 0; may be repeated
	-R runmask   run on these processors: bits of a number
	-P priority  have this priority and policy
	-T tid       with -C, -R and -P: only this thread
	-i           accepted, without effect

	--help  alone on the line: show a summary

With -C, -R or -P no signal is sent unless -s says so.

# Exit status

The number of processes that it was done to, 255 at most; 0 when there was none,
or for a command line that makes no sense.

# Differences from QNX

A user other than root reaches only processes of his own. Processes in containers
are not found from outside. -n, for another node, is refused. A priority without a
letter becomes a nice value, which 10 is the middle of; with f or r, a real-time
priority.
*/
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"

	"io-pkt/internal/process"
)

const usage = `usage: slay [-fhpQqSuv] [-s signal | -signal] [-m name|pid] [-t tty]
            [-C cpu]... [-R runmask] [-P priority[f|r|o]] [-T tid] name|pid ...
`

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// mostStatus is the largest exit status there is.
const mostStatus = 255

// run is the command; it gives the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 1 && args[0] == "--help" {
		fmt.Fprint(stdout, usage)
		return 0
	}
	o, err := parseOptions(args)
	if err != nil {
		fmt.Fprintf(stderr, "slay: %v\n%s", err, usage)
		return 0
	}
	s := slayer{options: o, in: bufio.NewReader(stdin), out: stdout, err: stderr}
	s.all, err = process.List(process.Proc)
	if err != nil {
		fmt.Fprintf(stderr, "slay: %v\n", err)
		return 0
	}
	done := 0
	for _, word := range o.words {
		done += s.slay(word)
	}
	return min(done, mostStatus)
}
