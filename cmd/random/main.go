/*
random, pipe and devc-pty succeed, since Linux does what they do.

# Synopsis

	random [option...]
	pipe [option...]
	devc-pty [option...]

# Description

On QNX these are servers that start-up scripts begin with: random serves
/dev/random and /dev/urandom, pipe serves pipes, devc-pty pseudo terminals. Here
the kernel does, so there is next to nothing to do for them: devc-pty makes
/dev/ptyp0, if it may, which scripts wait for. It is a link to /dev/ptmx.

# Options

	--help  alone on the line: show a summary

# Exit status

0.

# Differences from QNX

Nothing keeps running, so pidin and slay do not find them. All options are
accepted, without effect. A terminal's other end is /dev/pts/N, not /dev/ttyp0.
*/
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const usage = `usage: random|pipe|devc-pty [option...]
Linux does what these servers do: there is nothing to do for them.
`

func main() { os.Exit(run(os.Args, "/dev", os.Stdout)) }

// run is the command; it gives the exit status.
func run(args []string, dev string, stdout io.Writer) int {
	switch {
	case len(args) == 2 && args[1] == "--help":
		fmt.Fprint(stdout, usage)
	case filepath.Base(args[0]) == "devc-pty":
		// Whoever may not make it, or has it, goes without.
		_ = os.Symlink("ptmx", filepath.Join(dev, "ptyp0"))
	}
	return 0
}
