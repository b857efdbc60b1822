/*
random, pipe and devc-pty succeed, since Linux does what they do.

# Synopsis

	random [option...]
	pipe [option...]
	devc-pty [option...]

# Description

On QNX these are servers that start-up scripts begin with: random serves
/dev/random and /dev/urandom, pipe serves pipes, devc-pty pseudo terminals. Here
the kernel does, so there is nothing to do for them.

# Options

	--help  alone on the line: show a summary

# Exit status

0.

# Differences from QNX

Nothing keeps running, so pidin and slay do not find them. All options are
accepted, without effect.
*/
package main

import (
	"fmt"
	"io"
	"os"
)

const usage = `usage: random|pipe|devc-pty [option...]
Linux does what these servers do: there is nothing to do for them.
`

func main() { os.Exit(run(os.Args[1:], os.Stdout)) }

// run is the command; it gives the exit status.
func run(args []string, stdout io.Writer) int {
	if len(args) == 1 && args[0] == "--help" {
		fmt.Fprint(stdout, usage)
	}
	return 0
}
