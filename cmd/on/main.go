/*
on runs a command with another priority, processor, user, terminal or environment.

# Synopsis

	on [-cdEhIPs] [-A ability] [-ad|-ae] [-C cpu]... [-e NAME=value]... [-L limit] [-l user]
	   [-n|-f node] [-p priority[policy]] [-R runmask] [-S path] [-T type] [-t tty]
	   [-u user] [-W seconds[:ms]] [-w path]... [-X scheduler] [command [argument...]]

# Description

on becomes the command, with what the options ask for. Without a command,
priority and processors are set for the process that called it. qon is another name
of it.

# Options

	-C cpu        run on this processor, the first of which is 0; may be repeated
	-R runmask    run on these processors: bits of a number
	-p priority   with this priority, 0 to 255, of which 10 is what others have; a
	              letter behind it is the policy: f, r or o
	-d            do not wait for the command: on ends at once
	-h            be held before the command begins, until SIGCONT comes
	-s            in a session of its own
	-t tty        in a session of its own on this terminal
	-e NAME=value  with this in the environment; may be repeated
	-E            with nothing in the environment but what -e says
	-u user       as this user: uid[:gid[,gid]...] or name
	-l user       the same, with the user's HOME, SHELL, LOGNAME and directory
	-w path       wait for the path before; may be repeated
	-W seconds    how long each -w waits, 5 if not given
	-L limit      with this limit of a resource, name:soft[:hard]: nofile:1024
	-n, -f node   on another node, of which there is none: refused

	--help  alone on the line: show a summary

-A, -a, -c, -I, -P, -S, -T and -X, such as -X aps=partition, are accepted, without
effect.

# Exit status

That of the command; 1 when it cannot be run, or a path does not come.

# Differences from QNX

A priority without a letter, or with o, becomes a nice value; with f or r, a
real-time priority of 99 at most. Where Linux does not permit the priority, or has
no such processor, a line on the standard error says so and the command runs
without it: buildfiles for other boards run here, too.
*/
package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
)

const usage = `usage: on [-cdEhIPs] [-C cpu]... [-R runmask] [-p priority[policy]]
          [-e NAME=value]... [-u user] [-l user] [-t tty] [-L limit]
          [-W seconds] [-w path]... [-X scheduler] [command [argument...]]
`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the command; it gives the exit status, and does not come back when on
// becomes the command.
func run(args []string, stdout, stderr io.Writer) int {
	if len(args) == 1 && args[0] == "--help" {
		fmt.Fprint(stdout, usage)
		return 0
	}
	fail := func(err error) int {
		fmt.Fprintf(stderr, "on: %v\n", err)
		return 1
	}
	o, err := parseOptions(args)
	if err != nil {
		fmt.Fprint(stderr, usage)
		return fail(err)
	}
	if path, err := o.wait(); err != nil {
		fmt.Fprintf(stderr, "Unable to access %s\n", path)
		return 1
	}
	// Priority and processors are a thread's, and pass to what it starts.
	runtime.LockOSThread()
	for _, err := range o.schedule() {
		fmt.Fprintf(stderr, "on: %v\n", err)
	}
	if len(o.command) == 0 {
		return 0
	}
	status, err := o.start()
	if err != nil {
		return fail(err)
	}
	return status
}
