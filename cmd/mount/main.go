/*
mount loads a network driver into a running io-pkt.

# Synopsis

	mount [-v] -T io-pkt[N] [-o options] driver [mountpoint]
	mount ...

# Description

mount asks io-pkt to load a driver, as "io-pkt -d" does at its start, and waits
until the driver has its interfaces or has failed. The driver is the name of its
file, with or without a directory: devnp-ecm.so, /lib/dll/devnp-ecm.so. Nothing is
put before or behind it. A mount point may follow, and means nothing.

Interrupted, mount leaves the driver where it is: io-pkt goes on loading it.

Every other command line is for the mount that comes next in PATH, the system's
own, and is handed over as it is.

# Options

	-T io-pkt[N]  load a driver into io-pkt, into the one that was started with -i N.
	              -t is the same, unless the driver is a file that exists, when it
	              is refused
	-o options    the driver's options, separated by commas; several -o add up.
	              Words that are for file systems are taken out: ro rw noexec exec
	              nosuid suid nocreat creat noatime atime remount update before
	              after opaque nostat enum enumerate implied
	-v            show how the line was understood
	-a -b -e -r -u -w  nothing, with -T io-pkt

With N, and without the environment variable SOCK, the stack is looked up at
/dev/io-pktN. Otherwise SOCK holds the prefix of the io-pkt to talk to, which
must have been started with -i N; without N, without -i or with -i 0.

# Exit status

0 when the driver has been loaded. 1 when not, and two lines on the standard error
say why. The system's mount has its own.

# Differences from QNX

A helper program mount_io-pkt is not looked for. When no io-pkt runs, a third line
says so.
*/
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"io-pkt/internal/ctl"
	"io-pkt/internal/qnx"
)

const name = "mount"

const usage = `usage: mount [-v] -T io-pkt[N] [-o options] driver [mountpoint]
       mount ...                  (the system's own)
`

func main() { os.Exit(run(os.Args, os.Stdout, os.Stderr)) }

// run is the command; it gives the exit status, unless the system's mount takes
// its place.
func run(argv []string, stdout, stderr io.Writer) int {
	if len(argv) == 2 && argv[1] == "--help" {
		fmt.Fprint(stdout, usage)
		return 0
	}
	l, err := parse(argv[min(1, len(argv)):])
	switch {
	case !l.ours:
		fmt.Fprintf(stderr, "%s: %v\n", name, handOver(argv))
		return 1
	case err != nil:
		fmt.Fprintf(stderr, "%s: %v\n%s", name, err, usage)
		return 1
	}
	if l.verbose {
		// The blank at the end is QNX's, as are those of tell.
		fmt.Fprintf(stdout, "Parsed: mount from [%s] mount on [%s] type [%s] \n", l.driver, l.point, l.kind)
	}
	if err := l.mount(context.Background(), "/dev"); err != nil {
		tell(stderr, l, err)
		return 1
	}
	return 0
}

// tell says why there is no driver, in QNX's way.
func tell(w io.Writer, l line, err error) {
	notRunning := errors.Is(err, ctl.ErrNotRunning)
	e := qnx.Errno(err)
	switch {
	case e == syscall.EPERM:
		e = syscall.EACCES // what QNX says to those who may not
	case notRunning:
		e = syscall.ENODEV
	}
	fmt.Fprintf(w, "%s: Can't mount %s (type %s) \n", name, l.point, l.kind)
	fmt.Fprintf(w, "%s: Possible reason: %s \n", name, qnx.ErrnoText(e))
	if notRunning {
		fmt.Fprintf(w, "%s: %v\n", name, err)
	}
}
