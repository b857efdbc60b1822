/*
if_up waits until a network interface can be used.

# Synopsis

	if_up [-6ailp] [-r retries] [-s seconds | -m milliseconds] interface ...

# Description

if_up waits until one of the interfaces is there, is up and has an IP address. It
returns as soon as that is so. It keeps waiting while io-pkt is not running, or has
gone, since io-pkt may be about to start.

# Options

	-a    all of the interfaces, not one of them
	-p    it is enough that the interface is there
	-l    the interface's link is up, which shows once the interface is up; it
	      need not have an address
	-6    it has an IPv6 address, not an IPv4 one; one that may be somebody
	      else's does not count
	-i    with -6: link-local addresses do not count
	-r n  how often to try, 5 if not given
	-s n  how many seconds pass between tries, 1 if not given
	-m n  the same in milliseconds; the last of -s and -m counts

	--help  alone on the line: show a summary

With both -p and -l, the link is what counts. The environment variable SOCK holds
the prefix of the io-pkt to talk to.

# Exit status

0 when the interface can be used; 1 when that did not come about in retries times
the pause, with the line "if_up: tries exhausted" on the standard output; 1 for a
command line that makes no sense.

# Differences from QNX

if_up does not look again after each pause: io-pkt tells it of each change, and so
it returns at once. The time that it waits at most is the same. When no io-pkt was
running at the end, a line on the standard error says so.
*/
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"io-pkt/internal/ctl"
)

const name = "if_up"

const usage = "usage: if_up [-6ailp] [-r retries] [-s seconds | -m milliseconds] interface ...\n"

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the command; it gives the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	if len(args) == 1 && args[0] == "--help" {
		fmt.Fprint(stdout, usage)
		return 0
	}
	o, err := parseOptions(args)
	if err != nil {
		if !errors.Is(err, errNoInterface) {
			fmt.Fprintf(stderr, "%s: %v\n", name, err)
		}
		fmt.Fprint(stderr, usage)
		return 1
	}
	err = wait(o.limit(), ctl.Prefix(), o.satisfied)
	e, ran := errors.AsType[exhausted](err)
	switch {
	case err == nil:
		return 0
	case !ran:
		fmt.Fprintf(stderr, "%s: %v\n", name, err)
	default:
		fmt.Fprintf(stdout, "%s: %v\n", name, e) // that is where scripts look for it
		if errors.Is(err, ctl.ErrNotRunning) {
			fmt.Fprintf(stderr, "%s: %v\n", name, e.last)
		}
	}
	return 1
}
