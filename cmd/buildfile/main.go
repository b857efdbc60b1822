/*
buildfile runs the start-up script of a QNX buildfile on Linux.

# Synopsis

	buildfile run [-c command] [-r root] [-s stubs] [-t file]... [-u options]
	              [-w seconds] file
	buildfile check [-s stubs] file
	buildfile --help

# Description

A buildfile is what QNX's mkifs makes a boot image of. Somewhere in it are start-up
scripts: [+script] .script = { ... }. "buildfile run" runs them here, line by line,
and the console shows what the target's would: the output of the programs, and
"Unable to start" and "Unable to access" when a program or a path is not there.
Then it waits until all programs have ended, as a target stays up; Ctrl-C ends them.

"buildfile check" runs nothing. It says of each line where its command comes from:

	will run        it is one of ours, one of Linux's, or a file of the image
	emulated        the script's own commands, QNX's shells and what is declared
	                harmless
	no counterpart  there is none: the target's console would say "Unable to start"

Commands are looked for by their name among ours, in the directory of buildfile
itself; then where the line says, or in the PATH that the script has set; then in
the PATH of the machine. The shells ksh, esh, fesh and uesh are sh where there is
none. Of the image's own files those count that are written in the buildfile and
that the script, or another such file, names. The variables that a script uses
come from the script, or the environment. The image's scripts find ours where they
find the machine's: in /proc/boot, and, except mount and dhclient, which call the
machine's, in /bin, /sbin, /usr/bin and /usr/sbin.

# What a run can touch

Everything happens in namespaces of its own. Programs see the machine's files, but
cannot write them: /dev, /run, /tmp and /var are directories below root, and so is
what the image's files are written to, replacing what is there. /dev has the
machine's USB bus, terminals and harmless devices in it. What else is below root,
root/etc/hosts for instance, is seen instead of the machine's. The image's
/proc/boot is /.boot. While it runs, SOCK=root lets ifconfig, sloginfo and the like
talk to the run from outside.

The run has processes of its own, which none survives it, however it ends. It has
no network of its own when root runs it: ecm0 is the machine's. For other users it
has, with nothing else in it. It cannot set the clock or reboot.

# Options

	-c command  when the script is through, run this by sh, and end
	-r root     the directory; without it, one that is removed in the end
	-s stubs    a file that declares commands harmless. A line names a command, or
	            several as in devb-*, and paths that it makes: devc-ser* /dev/ser1.
	            Such a command succeeds at once
	-t file     write what started when and how long it took, as text, or as a
	            picture when the name ends in .svg; may be repeated
	-u options  io-usb and io-usb-otg make a simulated bus, whatever drivers they are
	            told, and whoever starts them. The options are those of
	            "io-usb -d sim"; '' for none
	-w seconds  end the run after so long

# Exit status

Of run: that of the command of -c, unless it is 0; else 1 when a line failed: its
program did not start or had a status other than 0, or what it waited for did not
come; else 0. 124 when the time of -w was over, 128 and the number of the signal
that ended the script before it was through. Of check: 0 when all lines have
a counterpart, 1 if not. 2 for a command line or a buildfile that makes no sense, or
when there can be no namespaces: root has them, and whoever may make user namespaces.

# Differences from QNX

Priorities, processors, partitions and +debug are read and have no effect. Links that
procmgr_symlink makes where the machine must not be written are not made; they are for
QNX's libraries. Variables that the bootstrap line sets, before procnto, count.
*/
package main

import (
	"fmt"
	"io"
	"os"

	"io-pkt/internal/boot"
)

const name = "buildfile"

const usage = `usage: buildfile run [-c command] [-r root] [-s stubs] [-t file]... [-u options]
                     [-w seconds] file
       buildfile check [-s stubs] file
`

// The exit statuses; signals make others.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
	exitLate   = 124
)

func main() { os.Exit(run(os.Args, os.Stdout, os.Stderr)) }

// run is the command; it gives the exit status. It is called again in the namespaces
// of a run.
func run(argv []string, stdout, stderr io.Writer) int {
	args := argv[min(1, len(argv)):]
	if len(args) == 1 && args[0] == "--help" {
		fmt.Fprint(stdout, usage)
		return exitOK
	}
	o, err := parseOptions(args)
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n%s", name, err, usage)
		return exitUsage
	}
	var status int
	switch {
	case o.verb == "check":
		status, err = check(o, stdout)
	case boot.Inside(argv):
		status, err = inside(o, stderr)
	default:
		status, err = enclose(o, args)
	}
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", name, err)
	}
	return status
}
